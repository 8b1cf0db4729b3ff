#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "score/boxed.h"
#include "score/choice.h"
#include "score/code_block.h"
#include "score/hle.h"
#include "score/soundness.h"
#include "score/think.h"

namespace assay {
namespace {

std::string times(std::size_t n, std::string_view part) {
  std::string text;
  text.reserve(n * part.size());
  for (std::size_t i = 0; i < n; ++i) text += part;
  return text;
}

TEST(Thinking, BlocksAreRemoved) {
  const Thinking t = strip_thinking("<think>a < b</think>\n\n42");
  EXPECT_EQ(t.answer, "\n\n42");
  EXPECT_TRUE(t.present);
  EXPECT_TRUE(t.closed);
}

TEST(Thinking, ALoneClosingTagEndsThoughtsOpenedInThePrompt) {
  const Thinking t = strip_thinking("so it is 41, no\n</think>\n42");
  EXPECT_EQ(t.answer, "\n42");
  EXPECT_TRUE(t.present);
  EXPECT_TRUE(t.closed);
}

TEST(Thinking, NeverClosedLeavesNoAnswer) {
  const Thinking t = strip_thinking("<think>\\boxed{1} but wait");
  EXPECT_EQ(t.answer, "");
  EXPECT_TRUE(t.present);
  EXPECT_FALSE(t.closed);
  EXPECT_FALSE(strip_thinking("still thinking", "<think>").closed);
  EXPECT_EQ(strip_thinking("still thinking", "<think>").answer, "");
  EXPECT_EQ(strip_thinking("thought</think>1", "<think>").answer, "1");
}

TEST(Thinking, PlainOutputStaysAsItIs) {
  const Thinking t = strip_thinking("1 < 2 <b>x</b>");
  EXPECT_EQ(t.answer, "1 < 2 <b>x</b>");
  EXPECT_FALSE(t.present);
  EXPECT_TRUE(t.closed);
}

// One line a family of models: how its output looks, and how it looks when the limit cuts it.
TEST(Thinking, Families) {
  struct Family {
    const char* whole;
    const char* cut;
  };
  for (const Family& family : std::vector<Family>{
           {"<think>A?</think>B", "<think>A?"},
           {"[THINK]A?[/THINK]B", "[THINK]A?"},
           {"<seed:think>A?</seed:think>B", "<seed:think>A?"},
           {"<reasoning>A?</reasoning>B", "<reasoning>A?"},
           {"<thinking>A?</thinking>B", "<thinking>A?"},
           {"<thought>A?</thought>B", "<thought>A?"},
           {"<|START_THINKING|>A?<|END_THINKING|>B", "<|START_THINKING|>A?"},
           {"<|begin_of_thought|>A?<|end_of_thought|>B", "<|begin_of_thought|>A?"},
           {"\u25c1think\u25b7A?\u25c1/think\u25b7B", "\u25c1think\u25b7A?"},
           {"<|inner_prefix|>A?<|inner_suffix|>B", "<|inner_prefix|>A?"},
           {"<longcat_think>A?</longcat_think>B", "<longcat_think>A?"},
           {"<unused94>thought A?<unused95>B", "<unused94>thought A?"},
           {"[unused16]A?[unused17]B", "[unused16]A?"},
           {"<|thinking|>A?<|/thinking|>B", "<|thinking|>A?"},
           {"<thoughts>A?</thoughts>B", "<thoughts>A?"},
           {"<scratchpad>A?</scratchpad>B", "<scratchpad>A?"},
           {"<inner_monologue>A?</inner_monologue>B", "<inner_monologue>A?"},
           {"<cot>A?</cot>B", "<cot>A?"},
           {"<reason>A?</reason>B", "<reason>A?"},
           {"<think>A?</thinking>B", "<think>A? </reasoning>"},
           {"<thinking>A?</think>B", "<thinking>A?"},
           {"<think>A?</ think>B", "<think>A?"},
           {"<|channel|>analysis<|message|>A?<|end|><|start|>assistant<|channel|>final<|message|>B"
            "<|return|>",
            "<|channel|>analysis<|message|>A?"},
           {"analysisWell, A?assistantfinalB", "analysisWell, A?"}}) {
    const Thinking whole = strip_thinking(family.whole);
    EXPECT_EQ(whole.answer, "B") << family.whole;
    EXPECT_TRUE(whole.present && whole.closed) << family.whole;
    const Thinking cut = strip_thinking(family.cut);
    EXPECT_EQ(cut.answer, "") << family.cut;
    EXPECT_TRUE(cut.present && !cut.closed) << family.cut;
  }
}

TEST(Thinking, TheTemplatesOwnMarkerIsTheOneThatIsClosed) {
  EXPECT_EQ(opened_thought("<|im_start|>assistant\n[THINK]\n"), "[THINK]");
  EXPECT_EQ(opened_thought("<think>\n\n</think>\n\n"), "");
  EXPECT_EQ(opened_thought("assistant\n<think>\n"), "<think>");
  EXPECT_EQ(strip_thinking("of </think> we know[/THINK]B", "[THINK]").answer, "B");
  EXPECT_FALSE(strip_thinking("of </think> we know", "[THINK]").closed);
  EXPECT_EQ(strip_thinking("no tag opened this[/THINK]B").answer, "B");
}

TEST(Thinking, ChannelsOfGptOss) {
  EXPECT_EQ(strip_thinking("<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}"
                           "<|call|><|start|>assistant<|channel|>final<|message|>7")
                .answer,
            "7");
  EXPECT_EQ(strip_thinking("we know<|end|><|start|>assistant<|channel|>final<|message|>7").answer,
            "7");
  EXPECT_EQ(
      strip_thinking("analysisOneassistantfinalTwoassistantanalysisThreeassistantfinalFour").answer,
      "Four");
  EXPECT_EQ(strip_thinking("analysis of the data shows 7").answer, "analysis of the data shows 7");
  EXPECT_EQ(strip_thinking("The token <|channel|> names one: 7").answer,
            "The token <|channel|> names one: 7");
}

TEST(Thinking, AMentionIsNoThought) {
  for (const char* text :
       {"The tag `<think>` marks thoughts. B", "Close it with \"</think>\". B",
        "In `<think>x</think>` x is a thought. B", "The tag <think> is not closed here. B",
        "```\n<think>\n```\nB", "```python\ntext.split('</think>')\n```\nB", "a <b> [c] B"}) {
    const Thinking t = strip_thinking(text);
    EXPECT_EQ(t.answer, text);
    EXPECT_FALSE(t.present) << text;
    EXPECT_EQ(strip_thinking("<think>hm</think>" + std::string(text)).answer, text);
  }
  // A thought that the prompt opened may hold a fence that it never closes.
  EXPECT_EQ(strip_thinking("```\nx = 1\nso\n</think>\nB").answer, "\nB");
  EXPECT_EQ(strip_thinking("It is 3. <think>or 4?</think> 4").answer, "It is 3.  4");
  EXPECT_FALSE(strip_thinking("It is 3.\n<think>or 4?").closed);
}

TEST(Boxed, LastBalancedBoxWins) {
  EXPECT_EQ(last_boxed("\\boxed{1} and \\boxed{\\frac{1}{2}}"), "\\frac{1}{2}");
  EXPECT_EQ(last_boxed("\\fbox{7}"), "7");
  EXPECT_EQ(last_boxed("\\boxed{3} then \\boxed{4"), "3");  // cut off
  EXPECT_EQ(last_boxed("\\boxed{\\{1, 2\\}}"), "\\{1, 2\\}");
  EXPECT_EQ(last_boxed("\\boxed{\\boxed{5}}"), "5");
  EXPECT_EQ(last_boxed("$\\boxed 5$"), "5");
  EXPECT_EQ(last_boxed("none"), std::nullopt);
  EXPECT_EQ(last_boxed(""), std::nullopt);
}

TEST(Boxed, DeepNestingIsLinear) {
  const std::size_t n = 100'000;
  EXPECT_EQ(last_boxed(times(n, "{") + times(n, "}")), std::nullopt);
  EXPECT_EQ(last_boxed(times(n, "\\boxed{") + "1" + times(n, "}")), "1");
  EXPECT_EQ(last_boxed(times(n, "\\boxed{")), std::nullopt);
  EXPECT_EQ(last_boxed(times(n, "}")), std::nullopt);
}

// Patterns of TIGER-AI-Lab/MMLU-Pro compute_accuracy.py.
TEST(Choice, StagesInTheirOrder) {
  const auto check = [](std::string_view text, char letter, std::string_view stage) {
    const auto found = extract_choice(text);
    ASSERT_TRUE(found) << text;
    EXPECT_EQ(found->letter, letter) << text;
    EXPECT_EQ(found->stage, stage) << text;
  };
  check("Answer: A. The answer is (C).", 'C', "answer is");
  check("The answer is B", 'B', "answer is");
  check("Answer: A answer:\n C\nAnswer: D", 'C',
        "answer:");  // the last one on the first line that has any
  check("Either A or B", 'B', "last letter");
  check("so A", 'A', "last letter");
  check(
      "\xE7\xAD\x94"
      "A is a word, B alone",
      'B', "last letter");  // CJK letters are word characters
}

TEST(Choice, NeverGuesses) {
  EXPECT_FALSE(extract_choice(""));
  EXPECT_FALSE(extract_choice("no idea"));
  EXPECT_FALSE(
      extract_choice("\xE7\xAD\x94"
                     "A\xE7\xAD\x94"));
  EXPECT_FALSE(extract_choice("E", 4));
  EXPECT_TRUE(extract_choice("E", 5));
}

TEST(Choice, Gpqa) {
  EXPECT_EQ(extract_gpqa_choice("The correct answer is (B)")->letter, 'B');
  EXPECT_EQ(extract_gpqa_choice("Answer: (C)")->stage, "(letter)");
  EXPECT_EQ(extract_gpqa_choice("**Answer:** D")->letter, 'D');
  EXPECT_FALSE(extract_gpqa_choice("answer is (E)"));
}

// LiveCodeBench/LiveCodeBench lcb_runner/utils/extraction_utils.py.
TEST(CodeBlock, LiveCodeBenchTakesTheLastFence) {
  EXPECT_EQ(extract_livecodebench_code("x\n```python\na\n```\ny\n```\nb\nc\n```\n").code, "b\nc");
  EXPECT_EQ(extract_livecodebench_code("```python\na = 1\n").code, "");  // never closed
  EXPECT_EQ(extract_livecodebench_code("```python\n```").code, "");
  EXPECT_EQ(extract_livecodebench_code("```\n\n```").code, "");
  EXPECT_EQ(extract_livecodebench_code("no code").rule, "");
  EXPECT_EQ(extract_livecodebench_code("```py\na\n```").rule, "last fence");
}

// scicode-bench/SciCode src/scicode/gen/models.py.
TEST(CodeBlock, SciCodeTakesTheFirstPythonFenceWithoutImports) {
  const CodeExtraction found = extract_scicode_code(
      "```\nx\n```\n```python\nimport numpy as np\n\nfrom a import b\ndef f():\n"
      "    import os\n    return 1\n```\n```python\nz\n```");
  EXPECT_EQ(found.code, "\n\ndef f():\n\n    return 1\n");
  EXPECT_EQ(found.rule, "python fence");
  EXPECT_EQ(extract_scicode_code("```\na\n```").code, "\na\n");
  EXPECT_EQ(extract_scicode_code("a = 1").rule, "whole output");
  EXPECT_EQ(extract_scicode_code("important = 1\nfrom_x = 2").code, "important = 1\nfrom_x = 2");
  EXPECT_EQ(extract_scicode_code("from x\nimport y\nz").code, "\nz");
  const std::string blank(1'000'000, '\n');
  EXPECT_EQ(extract_scicode_code(blank).code, blank);
}

TEST(Hle, ReadsTheOfficialFormat) {
  const HleAnswer a = parse_hle_answer("Explanation: because\nAnswer: \\(x^2\\)\nConfidence: 85%");
  EXPECT_EQ(a.answer, "\\(x^2\\)");
  EXPECT_DOUBLE_EQ(a.confidence.value(), 0.85);
  const HleAnswer b =
      parse_hle_answer("**Explanation:** x\n**Answer:** B\n\n**Confidence:** 7 \\%\n");
  EXPECT_EQ(b.answer, "B");
  EXPECT_DOUBLE_EQ(b.confidence.value(), 0.07);
  EXPECT_EQ(parse_hle_answer("Answer: two\nlines\nConfidence: high").answer, "two\nlines");
  EXPECT_FALSE(parse_hle_answer("Answer: 1\nConfidence: high").confidence);
  EXPECT_FALSE(parse_hle_answer("Answer: 1\nConfidence: 150%").confidence);
  EXPECT_DOUBLE_EQ(parse_hle_answer("Confidence: 0.4").confidence.value(), 0.4);
  EXPECT_EQ(parse_hle_answer("The answer is 4").answer, "");
}

TEST(Hle, ChoiceLetters) {
  for (const char* text :
       {"B", "(B)", "B.", "**B**", "B) because", "\\boxed{B}", "$\\text{B}$", "b"}) {
    EXPECT_EQ(hle_choice_letter(text), 'B') << text;
  }
  for (const char* text : {"Both", "", "(Both)", "4", "B or C"}) {
    EXPECT_EQ(hle_choice_letter(text), std::nullopt) << text;
  }
}

TEST(Hle, SameText) {
  EXPECT_TRUE(hle_same_text("**Paris**.", "paris"));
  EXPECT_TRUE(hle_same_text("$x$", "x"));
  EXPECT_FALSE(hle_same_text("", ""));
  EXPECT_FALSE(hle_same_text("Paris, France", "Paris"));
}

TEST(Soundness, Looping) {
  EXPECT_TRUE(is_looping("Start. " + times(60, "the same ")));
  EXPECT_TRUE(is_looping(times(300, "x")));
  EXPECT_TRUE(is_looping(times(5, "A longer paragraph of words that comes again and again. ") +
                         "A longer par"));
  EXPECT_FALSE(is_looping("A short answer: 42, 42, 42, 42"));
  EXPECT_FALSE(is_looping(times(40, "the same ") + " and then it ends, as it should."));
  EXPECT_FALSE(is_looping(times(3, std::string(100, 'a') + std::string(100, 'b'))));
  EXPECT_FALSE(is_looping(""));
  // Sampled tokens: 32 of them at least, four times the same block.
  const auto tokens = [](std::size_t n, int period) {
    std::vector<int> out(n);
    for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<int>(i) % period;
    return out;
  };
  EXPECT_TRUE(is_looping(tokens(32, 1)));
  EXPECT_TRUE(is_looping(tokens(32, 8)));
  EXPECT_FALSE(is_looping(tokens(31, 1)));
  EXPECT_FALSE(is_looping(tokens(32, 9)));
  EXPECT_FALSE(is_looping(std::vector<int>{}));
}

TEST(Soundness, NotesOverResponses) {
  std::vector<Response> responses(2);
  responses[0].text = "<think>hm";
  responses[0].finish_reason = FinishReason::length;
  responses[1].text = " \n";
  Score score;
  set_soundness(score, responses);
  EXPECT_TRUE(score.truncated);
  EXPECT_TRUE(score.empty);
  EXPECT_TRUE(score.thinking_not_closed);
  EXPECT_FALSE(score.looping);
  Score sound;
  responses = {Response{}};
  responses[0].loglikelihoods = {{-1.0, true, 1}};
  set_soundness(sound, responses);
  EXPECT_FALSE(sound.empty);
}

TEST(Hle, JudgesVerdict) {
  const auto verdict = [](std::string_view text) { return parse_hle_verdict(text).correct; };
  EXPECT_EQ(verdict("Reasoning: same\nCorrect: yes"), true);
  EXPECT_EQ(verdict("**correct:** No."), false);
  EXPECT_EQ(verdict("{\n \"reasoning\": \"x\",\n \"correct\": \"yes\",\n \"confidence\": 90}"),
            true);
  EXPECT_EQ(verdict("correct: no\ncorrect: yes"), true);
  EXPECT_EQ(verdict("<think>correct: yes</think>correct: no"), false);
  for (const std::string_view none :
       {"", "yes", "It is correct: yes", "correct: yes or no", "correct:", "correct answer: yes",
        "correct: yes\ncorrect: maybe", "<think>correct: yes"}) {
    EXPECT_FALSE(verdict(none)) << none;
  }
  EXPECT_EQ(parse_hle_verdict("Reasoning: the same city\nCorrect: yes").reasoning, "the same city");
}

}  // namespace
}  // namespace assay
