// Expected verdicts: Math-Verify 0.9.0's own, parse(f"${gold}$") against parse(output), run on
// these texts; the fast path decides them alone unless said otherwise.
#include "score/math/math.h"

#include <gtest/gtest.h>

#include <string>

namespace assay {
namespace {

// Counts the questions, and answers each with the value it was made with.
class ScriptedOracle final : public EquivalenceOracle {
 public:
  explicit ScriptedOracle(std::expected<bool, NoDecision> answer) : answer_(std::move(answer)) {}
  std::expected<bool, NoDecision> equivalent(const std::string& gold,
                                             const std::string& output) override {
    ++asked;
    last_gold = gold;
    last_output = output;
    return answer_;
  }
  int asked = 0;
  std::string last_gold;
  std::string last_output;

 private:
  std::expected<bool, NoDecision> answer_;
};

std::unexpected<NoDecision> no_decision(NoDecision::Kind kind, const std::string& why) {
  return std::unexpected(NoDecision{kind, why});
}

struct Case {
  const char* gold;
  const char* output;
  bool equal;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.gold << " | " << c.output;
}

class FastPath : public ::testing::TestWithParam<Case> {};

TEST_P(FastPath, DecidesAsMathVerify) {
  ScriptedOracle oracle(no_decision(NoDecision::Kind::undecided, "not asked"));
  const MathJudgement judged = judge_math(GetParam().gold, GetParam().output, &oracle);
  EXPECT_EQ(oracle.asked, 0) << "left to the oracle";
  EXPECT_EQ(judged.correct, GetParam().equal)
      << judged.extracted << " (" << judged.extraction << ")";
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, FastPath,
    ::testing::Values(
        Case{"5", "The answer is $\\boxed{5}$.", true}, Case{"5", "\\boxed{6}", false},
        Case{"25", "\\boxed{025}", true}, Case{"\\frac{1}{2}", "\\boxed{0.5}", true},
        Case{"\\frac{1}{2}", "$\\dfrac12$", true}, Case{"0.5", "Answer: 1/2", true},
        Case{"1,234", "so we have 1234 in all", true}, Case{"10,080", "\\boxed{10080}", true},
        Case{"10{,}000", "\\boxed{10,000}", true}, Case{"58,500", "$58500", true},
        Case{"-\\frac{3}{4}", "\\boxed{-0.75}", true}, Case{"3", "\\boxed{-3}", false},
        Case{"2.5", "\\boxed{5/2}", true}, Case{"1\\frac{4}{5}", "\\boxed{\\frac{9}{5}}", true},
        Case{"\\sqrt{8}", "$2\\sqrt2$", true}, Case{"\\sqrt{8}", "$2\\sqrt3$", false},
        Case{"2\\sqrt{113}", "\\boxed{21.26}", false}, Case{"\\frac{\\pi}{2}", "$\\pi/2$", true},
        Case{"90^\\circ", "\\boxed{90}", true}, Case{"52_8", "\\boxed{52}", true},
        Case{"2", "\\boxed{\\binom{2}{1}}", true},
        Case{"1026", "\\boxed{1000(26)}", true},  // read as a mixed number
        Case{"2^{10}", "\\boxed{1024}", true}));

INSTANTIATE_TEST_SUITE_P(PercentAndUnits, FastPath,
                         ::testing::Values(Case{"9", "9%", true}, Case{"28\\%", "$28$ %", true},
                                           Case{"0.5", "50%", true}, Case{"50", "0.5", false},
                                           Case{"5", "\\boxed{5\\text{ cm}}", true},
                                           Case{"5 \\text{ apples}", "\\boxed{5}", true},
                                           Case{"18.90", "$\\$18.90$", true},
                                           Case{"12\\frac{3}{5}", "\\boxed{12.6 \\mbox{ m}^2}",
                                                true}));

INSTANTIATE_TEST_SUITE_P(
    TuplesSetsIntervals, FastPath,
    ::testing::Values(Case{"(3, \\frac{\\pi}{2})", "$(3,\\pi/2)$", true},
                      Case{"(1,2)", "\\boxed{(2,1)}", false}, Case{"1,-2", "\\boxed{-2, 1}", true},
                      Case{"1,2,3", "\\boxed{1,2}", false}, Case{"(3,4]", "\\boxed{(3,4]}", true},
                      Case{"(3,4]", "\\boxed{[3,4]}", false},
                      Case{"(2,\\infty)", "\\boxed{(2, \\infty)}", true},
                      Case{"(0,9)\\cup(9,36)", "\\boxed{(0, 9) \\cup (9, 36)}", true},
                      Case{"(0,9)\\cup(9,36)", "\\boxed{(9,36) \\cup (0,9)}", true},
                      Case{"(0,9)\\cup(9,36)", "\\boxed{(0,36)}", false},
                      Case{"[-2,7]", "$x \\in [-2,7]$", true},
                      Case{"\\begin{pmatrix}-2\\\\3\\end{pmatrix}",
                           "$\\begin{pmatrix} -2 \\\\ 6/2 \\end{pmatrix}$", true}));

INSTANTIATE_TEST_SUITE_P(
    Expressions, FastPath,
    ::testing::Values(Case{"2x+3", "\\boxed{3+2x}", true}, Case{"p-q", "\\boxed{q-p}", false},
                      Case{"(x+1)^2", "\\boxed{x^2+2x+1}", true}, Case{"5", "\\boxed{x=5}", true},
                      Case{"x=5", "\\boxed{5}", true}, Case{"6+9i", "$\\boxed{6 + 9i}$", true},
                      Case{"even", "\\boxed{\\text{even}}", true},
                      Case{"\\text{Evelyn}", "\\boxed{Evelyn}", true},
                      Case{"\\text{(A)}", "the answer is $A$", true},
                      Case{"4", "\\boxed{a<b}", false}));

INSTANTIATE_TEST_SUITE_P(
    Extraction, FastPath,
    ::testing::Values(
        Case{"7", "\\boxed{6} Final Answer: The final answer is $7$. I hope it is correct.", true},
        Case{"6", "\\boxed{6} and then $7$", true},
        Case{"7", "Answer: $7$ is what follows from $x=6$", true},
        // Boxes close to each other count as one answer of two elements.
        Case{"3", "First \\boxed{2}, then \\boxed{3}", false},
        Case{"3", "First \\boxed{2}. That is wrong. Then \\boxed{3}", true},
        Case{"9", "there are $3\\times 3=9$ divisors", true}, Case{"9", "", false},
        Case{"9", "no number here", false}, Case{"3", "we get 3 apples", true},
        Case{"12", "2x = 24, so 12.", true}));

TEST(JudgeMath, SaysWhereTheAnswerWasFound) {
  EXPECT_EQ(judge_math("5", "\\boxed{5}", nullptr).extraction, "boxed");
  EXPECT_EQ(judge_math("5", "The final answer is $5$.", nullptr).extraction, "final answer");
  EXPECT_EQ(judge_math("5", "Answer: 5", nullptr).extraction, "answer");
  EXPECT_EQ(judge_math("5", "so $5$", nullptr).extraction, "latex");
  EXPECT_EQ(judge_math("5", "so 5", nullptr).extraction, "number");
  EXPECT_EQ(judge_math("5", "so", nullptr).extraction, "");
  EXPECT_EQ(judge_math("5", "so \\boxed{ 5 }", nullptr).extracted, "5");
}

TEST(JudgeMath, TheOracleDecidesTheRest) {
  const std::string gold = "x \\le 2";
  const std::string output = "$2 \\ge x$";
  for (const bool answer : {true, false}) {
    ScriptedOracle oracle(answer);
    const MathJudgement judged = judge_math(gold, output, &oracle);
    EXPECT_EQ(oracle.asked, 1);
    EXPECT_EQ(oracle.last_gold, gold);
    EXPECT_EQ(oracle.last_output, output);
    EXPECT_EQ(judged.correct, answer);
    EXPECT_TRUE(judged.used_oracle);
  }
}

TEST(JudgeMath, WithoutADecisionThereIsNoVerdict) {
  for (const auto kind : {NoDecision::Kind::undecided, NoDecision::Kind::unavailable,
                          NoDecision::Kind::interrupted}) {
    ScriptedOracle silent(no_decision(kind, "out of time"));
    const MathJudgement late = judge_math("x \\le 2", "$2 \\ge x$", &silent);
    EXPECT_FALSE(late.decided);
    EXPECT_EQ(late.no_decision, kind);
    EXPECT_EQ(late.detail, "Math-Verify gave no answer (out of time)");
  }
  const MathJudgement alone = judge_math("x \\le 2", "$2 \\ge x$", nullptr);
  EXPECT_FALSE(alone.decided);
  EXPECT_EQ(alone.no_decision, NoDecision::Kind::unavailable);
  EXPECT_EQ(alone.detail, "Math-Verify is not at hand");
  const MathJudgement sure = judge_math("5", "\\boxed{5}", nullptr);
  EXPECT_TRUE(sure.decided);
  EXPECT_EQ(sure.detail, "");
}

TEST(JudgeAime, WholeNumbers) {
  EXPECT_TRUE(judge_aime(25, "so \\boxed{025}").correct);
  EXPECT_TRUE(judge_aime(25, "The answer is 25.").correct);
  EXPECT_TRUE(judge_aime(25, "**25**").correct);
  EXPECT_TRUE(judge_aime(25, "\\boxed{\\text{25}}").correct);
  EXPECT_TRUE(judge_aime(25, "\\boxed{m+n=25}").correct);
  EXPECT_TRUE(judge_aime(25, "\\boxed{25^\\circ}").correct);
  EXPECT_FALSE(judge_aime(25, "\\boxed{26}, so 25").correct);
  EXPECT_FALSE(judge_aime(25, "").correct);
  EXPECT_EQ(judge_aime(25, "").extraction, "");
}

// Texts that make a backtracking matcher or a recursive parser take minutes, or its stack.
TEST(JudgeMath, HostileTexts) {
  const auto times = [](std::size_t n, std::string_view part) {
    std::string text;
    text.reserve(n * part.size());
    for (std::size_t i = 0; i < n; ++i) text += part;
    return text;
  };
  constexpr std::size_t kDeep = 100'000;
  constexpr std::size_t kMany = 10'000;
  const std::string hostile[] = {
      times(kDeep, "{") + "1" + times(kDeep, "}"),
      "\\boxed{" + times(kDeep, "{") + "1" + times(kDeep, "}") + "}",
      "$" + times(kDeep, "{") + "1" + times(kDeep, "}") + "$",
      "$" + times(kDeep, "(") + "1" + times(kDeep, ")") + "$",
      "$" + times(300, "(") + "1" + times(300, ")") + "$",
      "$" + times(900, "\\frac{1}{") + "1" + times(900, "}") + "$",
      "$" + times(1500, "x(") + times(400, ")") + "$",
      times(kMany, "\\boxed{"),
      times(kMany, "\\boxed{1} "),
      times(kMany, "\\fbox{\\boxed{"),
      times(kMany, "answer "),
      times(kMany, "answer: $"),
      times(kMany, "final answer is "),
      times(kMany, "final answer \\["),
      times(kMany, "$"),
      times(kMany, "$1"),
      times(kMany, "$1$ "),
      times(kMany, "$x,$ "),
      times(kMany, "\\( "),
      times(kMany, " [1] "),
      times(kMany, "1 "),
      times(kMany, "1+"),
      "answer " + times(kMany, "1+") + " =",
      times(kMany, " 1,234"),
      times(kMany, "9"),
      "Answer: " + times(kMany, "9") + " = x",
      times(kMany, "\n"),
      "$" + times(1900, "1,") + "1$",
      "$" + times(900, "(1,2),") + "(1,2)$",
      "$1^{" + times(50, "9^{9") + times(50, "}") + "}$",
      "\xFF\xFE$\xC3\x28$\\boxed{\x80}",
      "\\boxed{\xEF\xBC\x91\xEF\xBC\x92}",
      std::string("\\boxed{1\0}", 10),
  };
  for (const std::string& text : hostile) {
    for (const std::string& gold : {std::string("1"), text.substr(0, 5000)}) {
      const MathJudgement judged = judge_math(gold, text, nullptr);
      EXPECT_FALSE(judged.used_oracle);
    }
  }
}

TEST(JudgeMath, EightMegabytes) {
  std::string text(8'000'000, 'x');
  for (std::size_t i = 0; i < text.size(); i += 97) text[i] = "$ {}\\\n=1,-."[(i / 97) % 11];
  text += "\\boxed{5}";
  EXPECT_TRUE(judge_math("5", text, nullptr).correct);
}

}  // namespace
}  // namespace assay
