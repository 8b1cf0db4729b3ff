#include "score/code_choice.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay {
namespace {

const WantedCode kDouble{.names = {"double"}};
const std::string kCode = "def double(x):\n    return 2 * x";

// Answers that hold the function, and something else behind or before it.
TEST(CodeChoice, TheBlockThatDefinesTheFunction) {
  const std::string block = "```python\n" + kCode + "\n```\n";
  for (const std::string& text : std::vector<std::string>{
           block, block + "Example:\n```python\nprint(double(3))  # 6\n```\n",
           block + "Output:\n```\n6\n```", block + "Run it:\n```bash\npython double.py\n```\n",
           "Install:\n```sh\npip install x\n```\n" + block,
           "A first idea:\n```python\ndef double(x):\n    return x\n```\nBetter:\n" + block,
           "1. Write:\n   ```python\n   def double(x):\n       return 2 * x\n   ```\n",
           block + "A test:\n```python\ndef test_double():\n    assert double(2) == 4\n```\n",
           "~~~py\n" + kCode + "\n~~~\n", block + "Let me show more:\n```python\ndouble("}) {
    const CodeExtraction found = extract_wanted_code(text, kDouble);
    EXPECT_EQ(found.code, kCode) << text;
    EXPECT_EQ(found.rule, "defining block") << text;
  }
}

TEST(CodeChoice, OpenBlocksAndBareCode) {
  EXPECT_EQ(extract_wanted_code("Here:\n```python\n" + kCode, kDouble).code, kCode);
  EXPECT_EQ(extract_wanted_code("Here:\n```python\n" + kCode, kDouble).rule, "open block");
  for (const std::string& text : std::vector<std::string>{
           kCode, kCode + "\n\nThis function doubles its input.",
           "Here is the function:\n\n" + kCode + "\n\n**Note** it works.",
           kCode + "\n\n1. It doubles.\n", kCode + "\n\nExplanation:\nit doubles."}) {
    const CodeExtraction found = extract_wanted_code(text, kDouble);
    EXPECT_EQ(found.code, kCode) << text;
    EXPECT_EQ(found.rule, "bare code") << text;
  }
  const std::string with_text =
      "def double(x):\n    \"\"\"\nThis text stands in the code.\n    \"\"\"\n    return 2 * x\n\n"
      "y = double(2)\nif y in (4,): print(y)";
  EXPECT_EQ(extract_wanted_code(with_text + "\nDone as asked.", kDouble).code, with_text);
}

TEST(CodeChoice, DressOfCode) {
  for (const std::string& text : std::vector<std::string>{
           "<code>\n" + kCode + "\n</code>", "[PYTHON]\n" + kCode + "\n[/PYTHON]",
           "\\begin{lstlisting}\n" + kCode + "\n\\end{lstlisting}", "<|python_tag|>" + kCode,
           kCode + "\n\nExplanation: doubles.", kCode + "\n\nNote: it doubles its input",
           "Answer:\n\n    def double(x):\n        return 2 * x\n\nDone."}) {
    EXPECT_EQ(std::string(extract_wanted_code(text, kDouble).code).substr(0, kCode.size()), kCode)
        << text;
    EXPECT_EQ(extract_wanted_code(text, kDouble).rule, "bare code") << text;
    EXPECT_EQ(extract_wanted_code(text, kDouble).code.find("Done"), std::string::npos);
    EXPECT_EQ(extract_wanted_code(text, kDouble).code.find("oubles"), std::string::npos);
  }
  EXPECT_EQ(extract_wanted_code("```python\n" + kCode + "\n``", kDouble).code, kCode + "\n");
  EXPECT_EQ(extract_wanted_code("`def double(x): return 2 * x`", kDouble).code,
            "def double(x): return 2 * x");
}

// "total: int = 0" is code, "Note: it is" is not.
TEST(CodeChoice, AnnotationsAreNoProse) {
  const std::string code = kCode + "\n\ntotal: int = 0\nnames: list[str] = []\nx: int";
  EXPECT_EQ(extract_wanted_code(code + "\n\nDone as asked.", kDouble).code, code);
}

// A signature that is said again defines nothing.
TEST(CodeChoice, StubsAreNoDefinitions) {
  const std::string block = "```python\n" + kCode + "\n```\n";
  for (const std::string stub :
       {"def double(x):\n    ...", "def double(x):\n    pass", "def double(x): ...",
        "def double(x):\n    \"\"\"Twice x.\n\n    Always.\"\"\"\n    raise NotImplementedError()",
        "def double(x):\n    # to be written"}) {
    EXPECT_EQ(extract_wanted_code(block + "As:\n```python\n" + stub + "\n```", kDouble).code, kCode)
        << stub;
  }
  EXPECT_EQ(extract_wanted_code("```python\ndef double(x): return 2 * x\n```", kDouble).code,
            "def double(x): return 2 * x");
}

// Helpers in blocks of their own come with the function; examples do not.
TEST(CodeChoice, HelpersInOtherBlocks) {
  const std::string helper = "def twice(x):\n    return x + x";
  const std::string wanted = "def double(x):\n    return twice(x)";
  const auto found = [](const std::string& first, const std::string& then) {
    return extract_wanted_code("```python\n" + first + "\n```\nand\n```python\n" + then + "\n```",
                               kDouble)
        .code;
  };
  EXPECT_EQ(found(helper, wanted), helper + "\n\n" + wanted);
  EXPECT_EQ(found("import math", "def double(x):\n    return math.ceil(2 * x)"),
            "import math\n\ndef double(x):\n    return math.ceil(2 * x)");
  EXPECT_EQ(found(helper + "\nprint(twice(2))", wanted), wanted);  // it prints
  EXPECT_EQ(found(helper, kCode), kCode);                          // it is not used
  EXPECT_EQ(found(helper, helper + "\n\n" + wanted), helper + "\n\n" + wanted);
}

TEST(CodeChoice, NothingThatIsNotWanted) {
  EXPECT_EQ(extract_wanted_code("```python\ndef triple(x):\n    return 3 * x\n```", kDouble).rule,
            "");
  EXPECT_EQ(extract_wanted_code("```java\n" + kCode + "\n```", kDouble).rule, "");
  EXPECT_EQ(extract_wanted_code("To define double (x) one multiplies.", kDouble).rule, "");
  const std::string method = "class Solution:\n    def double(self, x):\n        return 2 * x";
  EXPECT_EQ(extract_wanted_code("```python\n" + method + "\n```", kDouble).rule, "");
  EXPECT_EQ(
      extract_wanted_code("```python\n" + method + "\n```", {.names = {"double"}, .in_class = true})
          .code,
      method);
}

TEST(CodeChoice, TheProgramThatReadsStdin) {
  const std::string program = "n = int(input())\nprint(10 ** n)";
  const std::string block = "```python\n" + program + "\n```\n";
  for (const std::string& text : std::vector<std::string>{
           block, block + "Sample input:\n```\n3\n```\nOutput:\n```\n1000\n```\n",
           block + "It can be run as\n```bash\necho 3 | python a.py\n```\n",
           block + "The heart of it is\n```python\n10 ** n\n```\n"}) {
    EXPECT_EQ(extract_wanted_code(text, {}).code, program) << text;
  }
  EXPECT_EQ(extract_wanted_code("```python\n" + program, {}).rule, "open block");
  EXPECT_EQ(
      extract_wanted_code("```python\nimport sys\nsys.stdout.write(sys.stdin.read())\n```", {})
          .rule,
      "defining block");
  EXPECT_EQ(extract_wanted_code("```python\nprint(3)\n```", {}).rule, "");
}

}  // namespace
}  // namespace assay
