// Where `robust` departs from Math-Verify 0.9.0 (docs/scoring.md, "Our own rules"). What is right
// was decided by hand; Math-Verify's own verdict on these texts is the other one unless said
// otherwise.
#include "score/math/own_rules.h"

#include <gtest/gtest.h>

#include <string>

#include "score/boxed.h"
#include "score/math/math.h"

namespace assay {
namespace {

// Math-Verify as it answers of a box that it cannot read, and of all that is left to it here.
class NoLibrary final : public EquivalenceOracle {
 public:
  std::expected<bool, NoDecision> equivalent(const std::string&, const std::string&) override {
    ++asked;
    return false;
  }
  int asked = 0;
};

struct OwnCase {
  const char* gold;
  const char* output;
  bool equal;
};

void PrintTo(const OwnCase& c, std::ostream* out) {
  *out << c.gold << " | " << c.output;
}

class OwnRules : public ::testing::TestWithParam<OwnCase> {};

TEST_P(OwnRules, Decide) {
  NoLibrary library;
  const MathJudgement judged = judge_math(GetParam().gold, GetParam().output, &library);
  EXPECT_EQ(library.asked, 0) << "left to the library";
  EXPECT_EQ(judged.correct, GetParam().equal)
      << judged.extracted << " (" << judged.extraction << ")";
}

INSTANTIATE_TEST_SUITE_P(
    Percentages, OwnRules,
    ::testing::Values(
        OwnCase{"10", "\\boxed{10\\%}", true}, OwnCase{"0.1", "\\boxed{10\\%}", true},
        OwnCase{"\\frac{1}{10}", "\\boxed{10\\%}", true}, OwnCase{"10\\%", "\\boxed{0.1}", true},
        OwnCase{"10\\%", "\\boxed{\\frac{1}{10}}", true}, OwnCase{"10\\%", "\\boxed{10}", true},
        OwnCase{"10\\%", "\\boxed{10 \\text{ percent}}", true},
        OwnCase{"10", "\\boxed{10 \\%}", true}, OwnCase{"10", "\\boxed{10\\,\\%}", true},
        OwnCase{"10", "$\\boxed{10\\%}$", true}, OwnCase{"0.1", "$\\boxed{10}\\%$", true},
        OwnCase{"0.1", "\\boxed{10}\\%", true}, OwnCase{"0.1", "\\boxed{10}%", true},
        OwnCase{"10", "\\boxed{10%}", true}, OwnCase{"10", "The answer is $10\\%$.", true},
        OwnCase{"12.5", "\\boxed{12.5\\%}", true},
        OwnCase{"\\frac{1}{8}", "\\boxed{12.5\\%}", true}, OwnCase{"12.5", "12.5%", true},
        OwnCase{"1", "100%", true}, OwnCase{"\\frac{1}{3}", "\\boxed{33\\frac{1}{3}\\%}", true},
        OwnCase{"-5", "\\boxed{-5\\%}", true}, OwnCase{"10", "\\boxed{x = 10\\%}", true},
        OwnCase{"10, 20", "\\boxed{10\\%, 20\\%}", true}, OwnCase{"10", "\\boxed{11\\%}", false},
        OwnCase{"1", "\\boxed{10\\%}", false}, OwnCase{"10\\%", "\\boxed{10.5\\%}", false},
        OwnCase{"10\\%", "\\boxed{0.1\\%}", false}, OwnCase{"1000", "\\boxed{10\\%}", false},
        OwnCase{"\\frac{1}{3}", "\\boxed{33\\%}", false},
        // No other number takes the place of the percentage.
        OwnCase{"20", "of 20 in all, \\boxed{10\\%}", false}));

INSTANTIATE_TEST_SUITE_P(
    BoxesThatCannotBeRead, OwnRules,
    ::testing::Values(OwnCase{"3", "With $x = 3$ we have \\boxed{x = ?}", false},
                      OwnCase{"3", "First 3, then \\boxed{?}", false},
                      OwnCase{"3", "Final answer: \\boxed{@} because of 3 apples", false},
                      OwnCase{"3", "\\boxed{3} and then \\boxed{&}", false},
                      OwnCase{"7", "It is $7$, \\boxed{\\text{see above}}", false},
                      // A box is read, though, where only its ends are in the way.
                      OwnCase{"601", "\\boxed{601.}", true}, OwnCase{"601", "\\boxed{601,}", true},
                      OwnCase{"601", "\\boxed{601\\,.}", true},
                      OwnCase{"15\\mbox{ cm}^2", "\\boxed{15\\mbox{ cm}^2.}", true},
                      OwnCase{"15", "The answer is $15 \\text{ degrees}.$", true},
                      OwnCase{"601", "\\boxed{\\text{The answer is 601}}", true},
                      OwnCase{"601", "\\boxed{\\text{The answer is 601.}}", true},
                      OwnCase{"601", "\\boxed{\\text{The answer is 602}}", false},
                      OwnCase{"-2 + 7i", "The answer is $-2 + 7i.$", true},
                      OwnCase{"601", "\\fbox{601}", true}, OwnCase{"601", "\\boxed 601", true},
                      OwnCase{"601", "\\boxed {601}", true}, OwnCase{"601", "so \\boxed{601", true},
                      OwnCase{"60", "so \\boxed{601", false},
                      OwnCase{"601", "so 601 is \\boxed{60", false},
                      // What is no box does not count as one.
                      OwnCase{"601", "I write it in \\boxed{}: the answer is 601", true},
                      OwnCase{"601", "\\boxed{601} (as asked, in \\boxed{})", true},
                      OwnCase{"5", "\\boxed{5}, to be checked: \\boxed{", true},
                      // A final answer behind the box still comes first, as in Math-Verify.
                      OwnCase{"7", "\\boxed{?} The final answer is $7$.", true}));

INSTANTIATE_TEST_SUITE_P(
    Sizes, OwnRules,
    ::testing::Values(OwnCase{"\\frac{1}{2^{99}}", "\\boxed{\\frac{1}{2^{98}}}", false},
                      OwnCase{"\\frac{1}{2^{2000}}", "\\boxed{\\frac{1}{2^{1999}}}", false},
                      OwnCase{"\\frac{1}{2004!}", "\\boxed{\\frac{1}{2006!}}", false},
                      OwnCase{"\\frac{1}{25!}", "\\boxed{\\frac{1}{24!}}", false},
                      OwnCase{"2^{-40}", "\\boxed{2^{-41}}", false},
                      OwnCase{"3^{-30}", "\\boxed{0}", false},
                      OwnCase{"10^{-9}", "\\boxed{2 \\times 10^{-9}}", false},
                      OwnCase{"\\frac{1}{10000000}", "\\boxed{\\frac{1}{20000000}}", false},
                      OwnCase{"0.0000001", "\\boxed{0.0000003}", false},
                      OwnCase{"\\frac{\\pi}{10^9}", "\\boxed{\\frac{2\\pi}{10^9}}", false},
                      // These are the same for both.
                      OwnCase{"\\frac{1}{1024}", "\\boxed{2^{-10}}", true},
                      OwnCase{"\\frac{1}{2^{99}}", "\\boxed{\\frac{1}{2^{99}}}", true},
                      OwnCase{"10^{-3}", "\\boxed{0.001}", true},
                      OwnCase{"5!", "\\boxed{120}", true},
                      OwnCase{"326.5", "\\boxed{326.53}", false}));

INSTANTIATE_TEST_SUITE_P(
    BasesAndSigns, OwnRules,
    ::testing::Values(
        OwnCase{"4343_6", "\\boxed{4343_5}", false}, OwnCase{"4343_6", "\\boxed{4343_{6}}", true},
        OwnCase{"4343_6", "\\boxed{4343}", true}, OwnCase{"1101_2", "\\boxed{1101_{10}}", false},
        OwnCase{"90^\\circ", "\\boxed{90°}", true}, OwnCase{"90", "\\boxed{90^\\circ}", true},
        OwnCase{"90^\\circ", "\\boxed{90^{\\circ}}", true},
        OwnCase{"90^\\circ", "The answer is 90°.", true},
        OwnCase{"90°", "\\boxed{90^\\circ}", true}, OwnCase{"90^\\circ", "\\boxed{89°}", false},
        OwnCase{"-5", "the answer is −5", true}, OwnCase{"5", "\\boxed{−5}", false},
        OwnCase{"2\\sqrt{3}", "\\boxed{2√3}", true},
        OwnCase{"\\frac{\\pi}{2}", "\\boxed{π/2}", true}, OwnCase{"12", "\\boxed{１２}", true},
        OwnCase{"12", "\\boxed{\u200f12\u200e}", true}, OwnCase{"6", "\\boxed{2×3}", true}));

INSTANTIATE_TEST_SUITE_P(
    Words, OwnRules,
    ::testing::Values(
        OwnCase{"\\text{Evelyn}", "The final answer is Evelyn.", true},
        OwnCase{"\\text{Evelyn}", "In 3 hours. **The final answer is: Evelyn**", true},
        OwnCase{"\\text{even}", "With $x=3$, the final answer is *even*. I hope it is correct.",
                true},
        OwnCase{"\\text{Evelyn}", "Not $\\text{Evelyn}$. The final answer is Debra.", false},
        OwnCase{"even", "The answer is odd", false},
        OwnCase{"7", "The final answer is 7 apples.", true},
        OwnCase{"7", "**Final answer is: 7**", true},
        OwnCase{"7", "The final answer is **7**.", true},
        OwnCase{"7", "The final answer is\n\n7", true}));

TEST(OwnRulesAime, TheLastBoxIsTheAnswer) {
  EXPECT_TRUE(judge_aime(25, "First I got \\boxed{24}, but that's wrong.\n\n\\boxed{25}").correct);
  EXPECT_TRUE(judge_aime(25, "\\boxed{24} or rather \\boxed{25}").correct);
  EXPECT_FALSE(judge_aime(24, "\\boxed{24} or rather \\boxed{25}").correct);
  EXPECT_TRUE(judge_aime(601, "\\boxed{601.}").correct);
  EXPECT_TRUE(judge_aime(601, "\\boxed{601,}").correct);
  EXPECT_TRUE(judge_aime(601, "\\boxed{\\text{The answer is 601}}").correct);
  EXPECT_TRUE(judge_aime(211, "\\boxed{\\textbf{(211) }}").correct);
  EXPECT_TRUE(judge_aime(211, "\\fbox{211}").correct);
  EXPECT_TRUE(judge_aime(33, "\\boxed{０３３}").correct);
  EXPECT_TRUE(judge_aime(204, "\\boxed{m+n=204}").correct);
  EXPECT_TRUE(judge_aime(204, "\\boxed{\\frac{408}{2}}").correct);
  EXPECT_TRUE(judge_aime(204, "\\boxed{204\\text{ units}}").correct);
  EXPECT_TRUE(judge_aime(25, "\\boxed{25} (I was to write \\boxed{})").correct);
}

TEST(OwnRulesAime, OneWholeNumber) {
  EXPECT_FALSE(judge_aime(25, "\\boxed{24, 25}").correct);
  EXPECT_FALSE(judge_aime(25, "\\boxed{25\\%}").correct);
  EXPECT_FALSE(judge_aime(25, "\\boxed{25.5}").correct);
  EXPECT_FALSE(judge_aime(25, "25 is \\boxed{\\text{correct}}").correct);
  EXPECT_FALSE(judge_aime(25, "25 is \\boxed{?}").correct);
}

// Math-Verify's own verdicts of the same, which MathRules::math_verify keeps.
TEST(OwnRulesOff, AsMathVerify) {
  const auto judged = [](const char* gold, const char* output) {
    NoLibrary library;
    const MathJudgement result = judge_math(gold, output, &library, MathRules::math_verify);
    return library.asked == 0 ? result.correct : false;
  };
  EXPECT_FALSE(judged("10", "\\boxed{10\\%}, not 11"));
  EXPECT_TRUE(judged("11", "\\boxed{10\\%}, not 11"));
  EXPECT_TRUE(judged("4343_6", "\\boxed{4343_5}"));
  EXPECT_TRUE(judged("3", "It is $3$, \\boxed{?}"));
  EXPECT_FALSE(judged("\\text{Evelyn}", "The final answer is Evelyn."));
}

TEST(OwnRulesOff, WhatIsLeftToTheLibraryIsTheBoxAlone) {
  class Boxes final : public EquivalenceOracle {
   public:
    std::expected<bool, NoDecision> equivalent(const std::string&, const std::string&) override {
      ADD_FAILURE() << "asked of the whole text";
      return true;
    }
    std::expected<bool, NoDecision> equivalent_box(const std::string&,
                                                   const std::string& box) override {
      asked = box;
      return false;
    }
    std::string asked;
  };
  Boxes library;
  EXPECT_FALSE(judge_math("x \\le 3", "As $x = 3$, so \\boxed{3 \\ge x}.", &library).correct);
  EXPECT_EQ(library.asked, "\\boxed{3 \\ge x}");
}

TEST(PlainSigns, LeavesInvalidUtf8) {
  EXPECT_EQ(plain_signs("\xFF\xC3"), "\xFF\xC3");
  EXPECT_EQ(plain_signs("3 − 1"), "3 - 1");
}

TEST(LastFilledBox, PlaceAndContent) {
  const auto box = last_filled_box("a \\boxed{1} b \\boxed{ 2 } c \\boxed{}");
  ASSERT_TRUE(box);
  EXPECT_EQ(box->content, "2");
  EXPECT_EQ(box->begin, 14U);
  EXPECT_EQ(box->end, 25U);
  EXPECT_TRUE(box->closed);
  const auto open = last_filled_box("so \\boxed{12\nand");
  ASSERT_TRUE(open);
  EXPECT_EQ(open->content, "12");
  EXPECT_FALSE(open->closed);
  EXPECT_FALSE(last_filled_box("\\boxed{}"));
  EXPECT_FALSE(last_filled_box("\\boxed{"));
}

}  // namespace
}  // namespace assay
