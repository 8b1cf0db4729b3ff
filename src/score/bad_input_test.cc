// Every scorer on malformed input: it must return quickly and find no answer that the text does not
// contain. The time limit is the test runner's; a quadratic scorer would need hours.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "base/text.h"
#include "score/boxed.h"
#include "score/choice.h"
#include "score/choice_statement.h"
#include "score/code_block.h"
#include "score/code_choice.h"
#include "score/hle.h"
#include "score/lm_eval.h"
#include "score/math/math.h"
#include "score/soundness.h"
#include "score/think.h"

namespace assay {
namespace {

constexpr std::size_t kMegabyte = 1UL << 20;

std::string repeated(std::string_view piece, std::size_t bytes) {
  std::string text;
  text.reserve(bytes + piece.size());
  while (text.size() < bytes) text += piece;
  return text;
}

// The mathematics scorers on a text that does not contain the answer "12345".
void expect_no_mathematics(const std::string& text) {
  EXPECT_FALSE(judge_math("12345", text, nullptr).correct);
  EXPECT_FALSE(judge_aime(345, text).correct);
}

// All other scorers.
void expect_nothing_found(const std::string& text) {
  EXPECT_FALSE(lm_eval_is_equiv(lm_eval_between_dollars(text), "12345"));
  EXPECT_LE(lm_eval_remove_boxed(lm_eval_last_boxed(text).value_or("")).value_or("").size(),
            text.size());
  EXPECT_FALSE(parse_hle_verdict(text).correct);
  EXPECT_LE(strip_thinking(text).answer.size(), text.size());
  EXPECT_LE(extract_livecodebench_code(text).code.size(), text.size());
  EXPECT_LE(extract_wanted_code(text, {.names = {"f"}}).code.size(), text.size());
  EXPECT_LE(extract_wanted_code(text, {}).code.size(), text.size());
  EXPECT_LE(extract_scicode_code(text).code.size(), text.size());
  EXPECT_LE(lm_eval_postprocess(text, {"Question:", "</s>"}, "</think>").size(), text.size());
  (void)extract_choice(text);
  (void)stated_choice(text, 26);
  (void)leading_choice(text, 26);
  (void)extract_gpqa_choice(text);
  (void)parse_hle_answer(text);
  (void)is_looping(text);
}

TEST(BadInput, TenMegabytes) {
  expect_nothing_found(repeated("lorem ipsum ", 10 * kMegabyte));
  for (const std::string_view piece :
       {"\n", "answer is ", "Answer:\n", "```\n", "<think>", "$", "\\boxed{", "B ", "(A) and ", "{",
        "the correct answer ", "x[THINK]", "<|channel|>a<|message|>"}) {
    SCOPED_TRACE(piece);
    expect_nothing_found(repeated(piece, kMegabyte / 2));
    expect_no_mathematics(repeated(piece, kMegabyte / 16));  // math_test has 10 MB of it
  }
}

TEST(BadInput, HundredThousandNestedBraces) {
  const std::string open = repeated("{", 100'000);
  const std::string shut = repeated("}", 100'000);
  for (const std::string& text : {open, open + shut, fmt::format("\\boxed{{{}7{}}}", open, shut),
                                  fmt::format("${}7{}$", open, shut), repeated("\\frac{", 100'000),
                                  repeated("(", 100'000), repeated("\\sqrt{", 100'000)}) {
    SCOPED_TRACE(text.substr(0, 20));
    expect_nothing_found(text);
    expect_no_mathematics(text);
  }
}

TEST(BadInput, BytesThatAreNoText) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every.push_back(static_cast<char>(byte));
  ASSERT_FALSE(is_valid_utf8(every));
  expect_nothing_found(every);
  expect_no_mathematics(every);
  expect_nothing_found(repeated("\xff\xfe", kMegabyte));
  EXPECT_TRUE(judge_math("5", "\xff\xff \\boxed{5} \xc3", nullptr).correct);
  const auto choice = extract_choice("\xf0\x9f the answer is (B) \xe2\x82");
  EXPECT_EQ(choice ? choice->letter : '-', 'B');
  EXPECT_EQ(extract_livecodebench_code("\xff\n```python\nx = 1\n```\n\xff").code, "x = 1");
}

// A letter that is not one of the question's options is not an answer.
TEST(BadInput, LetterThatIsNoOption) {
  EXPECT_FALSE(extract_choice("the answer is (K)"));
  EXPECT_FALSE(extract_choice("the answer is (E)", 4));
  EXPECT_FALSE(extract_gpqa_choice("The answer is (E)"));
  EXPECT_FALSE(hle_choice_letter("(7)"));
}

}  // namespace
}  // namespace assay
