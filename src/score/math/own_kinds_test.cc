// Kinds of answers that Math-Verify 0.9.0 misses and `robust` reads (docs/scoring.md, "Our own
// rules"), each with wrong answers beside the right ones. What is right was decided by hand.
#include <gtest/gtest.h>

#include <string>

#include "score/math/math.h"
#include "score/math/own_rules.h"

namespace assay {
namespace {

// Says "no" to all that is left to it, as Math-Verify does of these pairs.
class SaysNo final : public EquivalenceOracle {
 public:
  std::expected<bool, NoDecision> equivalent(const std::string&, const std::string&) override {
    return false;
  }
};

struct KindCase {
  const char* gold;
  const char* output;
  bool equal;
};

void PrintTo(const KindCase& c, std::ostream* out) {
  *out << c.gold << " | " << c.output;
}

class OwnKinds : public ::testing::TestWithParam<KindCase> {};

TEST_P(OwnKinds, Decide) {
  SaysNo library;
  const MathJudgement judged = judge_math(GetParam().gold, GetParam().output, &library);
  EXPECT_EQ(judged.correct, GetParam().equal)
      << judged.extracted << " (" << judged.extraction << ")";
}

INSTANTIATE_TEST_SUITE_P(Percentages, OwnKinds,
                         ::testing::Values(KindCase{"0.1", "\\boxed{10\\text{ percent}}", true},
                                           KindCase{"10", "\\boxed{10\\text{ percent}}", true},
                                           KindCase{"0.1", "The answer is 10 percent.", true},
                                           KindCase{"10\\%", "The answer is 0.1.", true},
                                           KindCase{"10 \\mbox{ percent}", "\\boxed{\\frac{1}{10}}",
                                                    true},
                                           KindCase{"7.2\\%", "\\boxed{0.072}", true},
                                           KindCase{"150\\%", "\\boxed{1.5}", true},
                                           KindCase{"7.2\\%", "\\boxed{0.72}", false},
                                           KindCase{"0.5\\%", "\\boxed{50}", false},
                                           KindCase{"1", "\\boxed{10\\text{ percent}}", false}));

INSTANTIATE_TEST_SUITE_P(
    MixedNumbers, OwnKinds,
    ::testing::Values(
        KindCase{"1 1/2", "\\boxed{1.5}", true}, KindCase{"1 1/2", "\\boxed{\\frac{3}{2}}", true},
        KindCase{"1.5", "\\boxed{1 1/2}", true}, KindCase{"\\frac{11}{4}", "\\boxed{2 3/4}", true},
        KindCase{"1\\frac12", "\\boxed{1.5}", true}, KindCase{"1.5", "The answer is 1 1/2.", true},
        KindCase{"1\\frac{1}{2}", "\\boxed{1 1/2}", true},
        KindCase{"-2.25", "\\boxed{-2 1/4}", true},
        KindCase{"(1.5, 3)", "\\boxed{(1 1/2, 3)}", true},
        KindCase{"3\\frac{3}{8}", "**Answer:** 3 3/8 cups", true},
        KindCase{"12 1/2\\%", "\\boxed{12.5\\%}", true},
        // What is no mixed number, or another one.
        KindCase{"1", "\\boxed{1 1/2}", false}, KindCase{"1 1/2", "\\boxed{1}", false},
        KindCase{"1 1/2", "\\boxed{\\frac{11}{2}}", false},
        KindCase{"1 1/2", "\\boxed{\\frac{1}{2}}", false},
        KindCase{"1.5", "\\boxed{1 - 1/2}", false},
        KindCase{"\\frac{1}{2}", "\\boxed{1 1/2}", false},
        KindCase{"1\\frac{1}{2}", "\\boxed{1 \\cdot \\frac{1}{2}}", false},
        KindCase{"1.5", "\\boxed{1\\cdot 1/2}", false}, KindCase{"11/2", "\\boxed{1 1/2}", false}));

INSTANTIATE_TEST_SUITE_P(
    Decimals, OwnKinds,
    ::testing::Values(
        // Dots behind digits that repeat: the fraction.
        KindCase{"\\frac{1}{3}", "\\boxed{0.333\\ldots}", true},
        KindCase{"\\frac{1}{3}", "\\boxed{0.333...}", true},
        KindCase{"\\frac{2}{3}", "The answer is 0.666...", true},
        KindCase{"\\frac{16}{99}", "\\boxed{0.1616…}", true},
        KindCase{"-\\frac{11}{6}", "\\boxed{-1.8333\\dots}", true},
        KindCase{"0.333...", "\\boxed{\\frac{1}{3}}", true},
        // Dots behind six digits and more, ten digits without dots.
        KindCase{"\\sqrt{2}", "\\boxed{1.41421\\ldots}", true},
        KindCase{"\\pi", "\\boxed{3.14159...}", true},
        KindCase{"e", "\\boxed{2.718281828...}", true},
        KindCase{"2.314814814815 \\times 10^{-3}", "\\boxed{\\frac{1}{432}}", true},
        KindCase{"\\frac{1}{432}", "\\boxed{2.314814814815 \\times 10^{-3}}", true},
        KindCase{"40\\pi", "\\boxed{125.663706144}", true},
        KindCase{"\\frac{10^7}{3}", "\\boxed{3333333.3333333}", true},
        // Other digits, or too few of them.
        KindCase{"\\frac{1}{3}", "\\boxed{0.333}", false},
        KindCase{"\\frac{1}{3}", "\\boxed{0.33...}", false},
        KindCase{"\\frac{1}{3}", "\\boxed{0.334...}", false},
        KindCase{"\\frac{333}{1000}", "\\boxed{0.333\\ldots}", false},
        KindCase{"0.333", "\\boxed{0.333\\ldots}", false},
        KindCase{"0.333", "\\boxed{0.333...}", false},
        KindCase{"\\frac{1}{3}", "\\boxed{-0.333...}", false},
        KindCase{"\\sqrt{2}", "\\boxed{1.41422...}", false},
        KindCase{"\\sqrt{2}", "\\boxed{1.41...}", false},
        KindCase{"\\frac{1}{432}", "\\boxed{2.314814814825 \\times 10^{-3}}", false},
        KindCase{"\\frac{1}{432}", "\\boxed{2.314814814815 \\times 10^{-4}}", false},
        KindCase{"40\\pi", "\\boxed{125.663806144}", false},
        KindCase{"40\\pi", "\\boxed{125.7}", false}));

INSTANTIATE_TEST_SUITE_P(
    DecimalComma, OwnKinds,
    ::testing::Values(
        KindCase{"3,25", "\\boxed{3.25}", true}, KindCase{"1,22", "1.22", true},
        KindCase{"3{,}25", "\\boxed{3.25}", true}, KindCase{"0,25", "The answer is 0.25.", true},
        KindCase{"3.5", "\\boxed{3,5}", true}, KindCase{"-2,75", "\\boxed{-2.75}", true},
        KindCase{"1234,5", "\\boxed{1234.50}", true}, KindCase{"3,1416", "\\boxed{3.1416}", true},
        KindCase{"1,234", "\\boxed{1234}", true}, KindCase{"12,345.5", "\\boxed{12345.5}", true},
        // Thousands, lists, other digits.
        KindCase{"1,234", "\\boxed{1.234}", false}, KindCase{"1.234", "\\boxed{1,234}", false},
        KindCase{"3,5", "\\boxed{3.6}", false}, KindCase{"3,5", "\\boxed{35}", false},
        KindCase{"3,5", "\\boxed{5.3}", false}, KindCase{"3, 5", "\\boxed{8}", false},
        KindCase{"3,5", "\\boxed{3}", false}, KindCase{"1,2,3", "\\boxed{1.23}", false},
        KindCase{"1,2", "\\boxed{1.2}", false}, KindCase{"12,7", "\\boxed{12.7}", false},
        KindCase{"3.5", "x = 3 or x = 5, \\boxed{3,5}", false},
        KindCase{"3.5", "The roots are 3 and 5. \\boxed{3,5}", false},
        KindCase{"3.5", "The solutions are 3,5. \\boxed{3,5}", false},
        KindCase{"3.5", "Roots 3, 5: \\boxed{3,5}", false},
        KindCase{"3.5", "From $x^2 - 8.0 x + 15 = 0$, \\boxed{3,5}", false},
        KindCase{"3.5", "Es ist 7 : 2 = 3,5, also \\boxed{3,5}", true},
        KindCase{"1,-2", "\\boxed{1.2}", false}, KindCase{"(3,5)", "\\boxed{3.5}", false},
        KindCase{"3,5", "\\boxed{5,3}", true}, KindCase{"3,5", "\\boxed{3,5}", true}));

INSTANTIATE_TEST_SUITE_P(
    Expressions, OwnKinds,
    ::testing::Values(
        KindCase{"\\frac{v_{0}}{r_{0}} \\frac{1}{(1+r / r_{0})^{3 / 2}}",
                 "\\boxed{\\frac{v_0 \\cdot (\\frac{r_0}{r + r_0})^{0.5}}{(r + r_0)}}", true},
        KindCase{"\\frac{1}{\\sqrt{x}}", "\\boxed{\\frac{\\sqrt{x}}{x}}", true},
        KindCase{"\\sqrt{x+1}-1", "\\boxed{\\frac{x}{\\sqrt{x+1}+1}}", true},
        KindCase{"2\\sqrt{a}", "\\boxed{\\sqrt{4a}}", true},
        KindCase{"x^{3/2}", "\\boxed{x\\sqrt{x}}", true},
        KindCase{"\\ln x - \\ln 2", "\\boxed{\\ln(\\frac{x}{2})}", true},
        KindCase{"1 - \\cos^2 x", "\\boxed{\\sin^2 x}", true},
        KindCase{"\\tan x", "\\boxed{\\frac{\\sin x}{\\cos x}}", true},
        // Not wherever the gold answer is defined.
        KindCase{"\\sqrt{x^2}", "\\boxed{x}", false}, KindCase{"x", "\\boxed{\\sqrt{x^2}}", false},
        KindCase{"\\ln(x^2)", "\\boxed{2\\ln x}", false},
        KindCase{"\\frac{1}{\\sqrt{x}}", "\\boxed{\\sqrt{x}}", false},
        KindCase{"2\\sqrt{a}", "\\boxed{\\sqrt{2a}}", false},
        KindCase{"\\sqrt{x+1}-1", "\\boxed{\\sqrt{x}}", false},
        KindCase{"\\sqrt{x}", "\\boxed{\\sqrt{t}}", false},
        KindCase{"x + 10^{12}", "\\boxed{x + 10^{12} + 1}", false},
        KindCase{"x\\cdot 10^{-20}", "\\boxed{2x\\cdot 10^{-20}}", false},
        KindCase{"\\frac{\\sqrt{x}}{10^{20}}", "\\boxed{\\frac{2\\sqrt{x}}{10^{20}}}", false},
        KindCase{"\\sqrt{x} + 2^{100}", "\\boxed{\\sqrt{x} + 2^{100} + 1}", false},
        KindCase{"x^6", "\\boxed{x^6 + \\frac{x}{1000000}}", false},
        KindCase{"\\sqrt{x+1}", "\\boxed{1 + \\frac{x}{2}}", false},
        KindCase{"\\sin x", "\\boxed{x - \\frac{x^3}{6}}", false},
        KindCase{"(x+1)^2", "\\boxed{x^2+1}", false}));

INSTANTIATE_TEST_SUITE_P(
    ComplexNumbers, OwnKinds,
    ::testing::Values(
        KindCase{"1+2i", "\\boxed{i(2-i)}", true}, KindCase{"-1", "\\boxed{i^2}", true},
        KindCase{"2i", "\\boxed{(1+i)^2}", true},
        KindCase{"\\frac{1}{2}-\\frac{i}{2}", "\\boxed{\\frac{1}{1+i}}", true},
        KindCase{"2i", "\\boxed{\\sqrt{-4}}", true}, KindCase{"5", "\\boxed{(2+i)(2-i)}", true},
        KindCase{"i", "\\boxed{i^5}", true}, KindCase{"x^2+1", "\\boxed{(x+i)(x-i)}", true},
        KindCase{"1+2i", "\\boxed{i(2+i)}", false}, KindCase{"1+2i", "\\boxed{2+i}", false},
        KindCase{"1", "\\boxed{i^2}", false}, KindCase{"2i", "\\boxed{-2i}", false},
        KindCase{"2i", "\\boxed{2}", false}, KindCase{"3", "\\boxed{(2+i)(2-i)}", false},
        KindCase{"1+2i", "\\boxed{1-2i}", false},
        KindCase{"i\\sqrt{x}+2^{100}", "\\boxed{i\\sqrt{x}+2^{100}+1}", false},
        KindCase{"x^2-1", "\\boxed{(x+i)(x-i)}", false}));

INSTANTIATE_TEST_SUITE_P(
    Degrees, OwnKinds,
    ::testing::Values(KindCase{"\\sin(90^{\\circ}-x)", "\\boxed{\\cos(x)}", true},
                      KindCase{"\\cos x", "\\boxed{\\sin(90^\\circ - x)}", true},
                      KindCase{"\\frac{1}{2}", "\\boxed{\\sin 30^\\circ}", true},
                      KindCase{"\\sin 30^\\circ", "\\boxed{\\cos 60^\\circ}", true},
                      KindCase{"1", "\\boxed{\\tan 45°}", true},
                      KindCase{"30^\\circ", "\\boxed{30}", true},
                      KindCase{"-\\sin x", "\\boxed{\\cos(90^\\circ + x)}", true},
                      KindCase{"\\sin(90^{\\circ}-x)", "\\boxed{\\sin(x)}", false},
                      KindCase{"\\sin(90^{\\circ}-x)", "\\boxed{-\\cos(x)}", false},
                      KindCase{"\\cos x", "\\boxed{\\sin(90 - x)}", false},
                      KindCase{"\\frac{1}{2}", "\\boxed{\\sin 60^\\circ}", false},
                      KindCase{"\\frac{1}{2}", "\\boxed{\\sin 30}", false},
                      KindCase{"30^\\circ", "\\boxed{60^\\circ}", false},
                      KindCase{"30^\\circ", "\\boxed{\\frac{\\pi}{6}}", false}));

INSTANTIATE_TEST_SUITE_P(
    Definitions, OwnKinds,
    ::testing::Values(KindCase{"f(x) = 2x + 3", "\\boxed{y = 2x + 3}", true},
                      KindCase{"y = 2x + 3", "\\boxed{f(x) = 2x + 3}", true},
                      KindCase{"2x+3", "\\boxed{f(x) = 2x+3}", true},
                      KindCase{"f(x)=2x+3", "\\boxed{2x+3}", true},
                      KindCase{"f(x) = 2x + 3", "\\boxed{f(x) = 3 + 2x}", true},
                      KindCase{"y = 2x+3", "The answer is y = 2x + 3.", true},
                      KindCase{"f(3) = 9", "\\boxed{9}", true},
                      KindCase{"9", "\\boxed{f(3) = 9}", true},
                      KindCase{"g(t) = t^2", "\\boxed{g = t^2}", true},
                      KindCase{"f(x) = 2x + 3", "\\boxed{y = 2x - 3}", false},
                      KindCase{"f(x) = 2x + 3", "\\boxed{x = 2y + 3}", false},
                      KindCase{"f(x) = 2x + 3", "\\boxed{g(x) = 2x + 3}", false},
                      KindCase{"x = 2y + 3", "\\boxed{y = 2x + 3}", false},
                      KindCase{"f(3) = 9", "\\boxed{f(9) = 3}", false},
                      KindCase{"f(3) = 9", "\\boxed{f(2) = 9}", false},
                      KindCase{"f(y) = 2y", "\\boxed{y = 2y}", false},
                      KindCase{"x = 3", "\\boxed{y = 3}", false},
                      KindCase{"f(x) = 3", "\\boxed{x = 3}", false}));

INSTANTIATE_TEST_SUITE_P(
    StatedExpressions, OwnKinds,
    ::testing::Values(
        KindCase{"\\frac{9\\pi}{2}", "It is round. The answer is 9/2 * π.", true},
        KindCase{"\\frac{9\\pi}{2}", "The answer is 9/2 * π cm.", true},
        KindCase{"4\\pi", "There are 3 balls. The answer is 4π.", true},
        KindCase{"2x+3", "The answer is 2x + 3.", true},
        KindCase{"2\\sqrt{3}", "Answer: 2√3", true},
        KindCase{"2\\sqrt{3}", "The final answer is: **2*sqrt(3)**.", true},
        KindCase{"\\frac{9\\pi}{2}", "The answer is $9/2$ * π.", true},
        KindCase{"3\\pi", "The answer is 3 pi (about 9.42).", true},
        KindCase{"x = 5", "The answer is x = 5.", true},
        KindCase{"n(n+1)/2", "The answer is n(n+1)/2, which is whole.", true},
        KindCase{"(-6, 10)", "The answer is (-6, 10).", true},
        KindCase{"[0, \\infty)", "The answer is $[0, \\infty)$.", true},
        KindCase{"[0,1)", "The answer is [0,1).", true},
        KindCase{"2, 3", "The answer is 2 and 3.", true},
        KindCase{"6, 10, 12", "The answer is 12, 10, and 6.", true},
        KindCase{"80^{\\circ}", "The answer is 80^{\\circ}.", true},
        KindCase{"\\frac{25}{16}", "The answer is \\frac{25}{16}.", true},
        KindCase{"3qr + 6q - 15r - 30", "The answer is 3qr + 6q - 15r -30.", true},
        KindCase{"\\begin{pmatrix} 3 \\\\ -3 \\end{pmatrix}",
                 "The answer is \\begin{pmatrix} 3 \\\\ -3 \\end{pmatrix}.", true},
        KindCase{"y = \\frac{1}{2}x + 2", "The answer is y = \\frac{1}{2} x + 2.", true},
        KindCase{"\\frac{7}{5} + \\frac{1}{5}i", "The answer is \\frac{7}{5} + \\frac{1}{5} i.",
                 true},
        KindCase{"14400", "The answer is 14,\\!400.", true},
        KindCase{"\\pi", "The answer is π.", true},
        KindCase{"12", "The answer is 3 x 4 = 12.", true},
        KindCase{"\\frac{1}{24}", "The answer is \\frac{1}{4!}.", true},
        KindCase{"12\\pi", "The answer is 3! * 2π!", true},
        KindCase{"1 + \\sqrt{19}, 1 - \\sqrt{19}", "The answer is 1 \\pm \\sqrt{19}.", true},
        // Never a part of it.
        KindCase{"14", "The answer is 14,\\!400.", false},
        KindCase{"\\frac{1}{2}", "The answer is \\frac{1}{2} x + 2.", false},
        KindCase{"3", "The answer is \\begin{pmatrix} 3 \\\\ -3 \\end{pmatrix}.", false},
        KindCase{"10", "The answer is (-6, 10).", false},
        KindCase{"12", "The answer is 12, 10, 6.", false},
        KindCase{"2", "The answer is 2 and 3.", false},
        KindCase{"3", "The answer is 2 or 3.", false},
        KindCase{"3", "The answer is 3qr + 6q.", false},
        KindCase{"9", "The answer is 9/2 * π.", false},
        KindCase{"\\frac{9}{2}", "The answer is 9/2 * π.", false},
        KindCase{"3", "There are 3 balls. The answer is 4π.", false},
        KindCase{"3", "The answer is 2x + 3.", false}, KindCase{"2", "The answer is 2√3.", false},
        KindCase{"5", "The answer is x + 5.", false},
        KindCase{"4", "The answer is x = 4, y = 5.", false},
        KindCase{"4", "The answer is: x=4 or x=-4", false},
        KindCase{"5", "The answer is 5 x 10^2.", false},
        KindCase{"500", "The answer is 5 x 10^2.", true},
        KindCase{"500", "The answer is 5 × 10^2.", true},
        KindCase{"3", "The answer is 3 sin(2).", false},
        KindCase{"3\\sin(2)", "The answer is 3 sin(2).", true},
        KindCase{"\\sqrt{2}", "The answer is sqrt(2).", true},
        KindCase{"2", "The answer is sqrt(2).", false}, KindCase{"2", "The answer is (2).", true},
        KindCase{"2", "The answer is 2e.", false}, KindCase{"5", "The answer is 5 m^2.", true},
        KindCase{"5", "The answer is 5m^2.", true}, KindCase{"5", "The answer is 5 kg.", true},
        KindCase{"5", "The answer is 5 m/s.", true},
        // A number with words, units, a dash or a list stays what it was.
        KindCase{"5", "The answer is 5 m.", true},
        KindCase{"5", "The answer is 5 - a prime.", true},
        KindCase{"5", "The answer is 5, and 3 of them are red.", true},
        KindCase{"1200", "The answer is 1,200.", true},
        KindCase{"5", "The answer is 5, 3 of which are red.", true},
        KindCase{"5", "The answer is 5 (five).", true}, KindCase{"5", "The answer is **5**.", true},
        KindCase{"7", "The answer is 3 + 4 = 7.", true},
        KindCase{"5", "The answer is $5$ and not x + 1.", true},
        KindCase{"5", "The answer is x + 1. The final answer is $5$.", true},
        KindCase{"5", "The answer is 2x + 3 for all x, so \\boxed{5}", true}));

// What dresses a box, or is a box by another name.
INSTANTIATE_TEST_SUITE_P(
    DressedBoxes, OwnKinds,
    ::testing::Values(
        KindCase{"7", "\\boxed{3}... wait, \\boxed{7}", true},
        KindCase{"7", "\\boxed{3}. No: \\boxed{7}", true},
        KindCase{"3", "\\boxed{3}... wait, \\boxed{7}", false},
        KindCase{"2,3", "\\boxed{2} and \\boxed{3}", true}, KindCase{"7", "\\boxed7", true},
        KindCase{"12", "so $\\boxed12$.", true}, KindCase{"7", "\\framebox{7}", true},
        KindCase{"7", "\\bbox[5px, border: 1px]{7}", true},
        KindCase{"7", "<|begin_of_box|>7<|end_of_box|>", true},
        KindCase{"8", "<|begin_of_box|>7<|end_of_box|>", false},
        KindCase{"7", "\\boxed{\\color{red}{7}}", true},
        KindCase{"7", "\\boxed{\\color{blue}7}", true},
        KindCase{"7", "\\boxed{\\textcolor{blue}{7}}", true},
        KindCase{"7", "\\boxed{\\large 7}", true}, KindCase{"7", "\\boxed{\\underline{7}}", true},
        KindCase{"12", "\\boxed{12~\\text{m/s}}", true},
        KindCase{"12000", "\\boxed{12\\,000}", true}, KindCase{"12000", "\\boxed{12 000}", true},
        KindCase{"1234567.5", "\\boxed{1\\,234\\,567.5}", true},
        KindCase{"12", "\\boxed{12\\,000}", false}, KindCase{"1234", "\\boxed{1\\,23\\,4}", false},
        KindCase{"\\frac{1}{3}", "\\boxed{\\frac{1}{3} = 0.333...}", true},
        KindCase{"x^2", "\\boxed{\\large x^2}", true}));

// A statement is over with its sentence, its line or a reason; what follows is no answer.
INSTANTIATE_TEST_SUITE_P(
    Reasons, OwnKinds,
    ::testing::Values(
        KindCase{"4", "The answer is 4, since 2x = 8", true},
        KindCase{"4", "The answer is 4 because 2x = 8.", true},
        KindCase{"4", "The answer is **4** because 2x = 8.", true},
        KindCase{"4", "Answer: 4 (since 2x = 8)", true},
        KindCase{"4", "Answer: 4\n\nExplanation: 2x = 8.", true},
        KindCase{"4", "**Answer:** 4\n\nCheck: 2*4 = 8.", true},
        KindCase{"4", "The answer is 4. Check: 2*4 = 8.", true},
        KindCase{"4", "So the answer is $4$, since $2x = 8$.", true},
        KindCase{"\\frac{1}{2}", "The answer is $\\frac{1}{2}$ because $2x = 1$.", true},
        KindCase{"-4", "The answer is -4, as -2x = 8.", true},
        KindCase{"1200", "The answer is 1,200. That is 3 times 400.", true},
        KindCase{"4", "The answer is 4 \xE2\x80\x94 not 8.", true},
        KindCase{"8", "The answer is 4, since 2x = 8", false},
        KindCase{"4", "The answer is 8, since 2x = 4", false},
        // Taken back, or said again.
        KindCase{"8", "The answer is 4. Therefore the answer is 8.", true},
        KindCase{"8", "The answer is 4. Sorry, the answer is 8, since 2x = 16.", true},
        KindCase{"8", "Answer: 4\nWait, I made a mistake. Answer: 8", true},
        // More than the number is stated.
        KindCase{"\\frac{2}{5}", "The answer is 2/5 of 100", true},
        KindCase{"10", "The answer is 2 + 8 = 10.", true},
        KindCase{"4000000", "The answer is 4 x 10^6. There are 2.", true}));

INSTANTIATE_TEST_SUITE_P(BeyondReckoning, OwnKinds,
                         ::testing::Values(KindCase{"9^{9^{9^9}}", "\\boxed{9^{9^{9^{9}}}}", true},
                                           KindCase{"9^{9^{9^9}}", "\\boxed{9^{9^{9^8}}}", false},
                                           KindCase{"\\frac{1}{2}",
                                                    "\\boxed{\\frac{1}{2^{9^{9^9}}}}", false}));

// Nobody is asked about what is no answer, or too large to be reckoned.
TEST(NoAnswer, IsDecidedAtOnce) {
  const auto judged = [](const std::string& gold, const std::string& output) {
    return judge_math(gold, output, nullptr);
  };
  for (const std::string output :
       {"9^9^9^9", "\\boxed{9^{9^{9^9}}}", "$2^{2^{2^{2^{2^2}}}}$", "\\boxed{9^{9^{9^9}} + 1}"}) {
    const MathJudgement judgement = judged("4", output);
    EXPECT_TRUE(judgement.decided) << output;
    EXPECT_FALSE(judgement.correct) << output;
  }
  EXPECT_TRUE(judged("9^{9^{9^9}}", "\\boxed{3}").decided);
  EXPECT_TRUE(judged("x + 1", "\\boxed{9^{9^{9^9}}}").decided);
  const std::string open(100'000, '{');
  const std::string shut(100'000, '}');
  EXPECT_TRUE(judged("4", "\\boxed{" + open + "4" + shut + "}").correct);
  EXPECT_FALSE(judged("4", "\\boxed{" + open + "5" + shut + "}").correct);
  std::string roots = "4";
  for (int i = 0; i < 200; ++i) roots = "\\sqrt{" + roots + "}";
  const MathJudgement nested = judged("4", "\\boxed{" + roots + "}");
  EXPECT_TRUE(nested.decided);
  EXPECT_EQ(nested.extraction, "");
  EXPECT_EQ(nested.detail, "nested more than 100 deep");
  std::string sum = "1";
  for (int i = 0; i < 10'000; ++i) sum += "+1";
  EXPECT_EQ(judged("4", "\\boxed{" + sum + "}").detail, "longer than 4,000 bytes");
  EXPECT_TRUE(judged("4", sum).decided);
  EXPECT_TRUE(judged("4", std::string(100'000, '1')).decided);
}

// Of an answer that no limit allows the end is read, from a whole character on.
TEST(NoAnswer, TheEndOfALongTextIsRead) {
  std::string text = "\\boxed{5} ";
  while (text.size() < 2 * kMostReadBytes) text += "und so weiter \xE2\x80\x94 ";
  EXPECT_EQ(judge_math("5", text, nullptr).extraction, "");
  EXPECT_TRUE(judge_math("5", text + "\\boxed{5}", nullptr).correct);
}

// By Math-Verify's rules alone these stay as the library has them.
TEST(OwnKindsOff, AsMathVerify) {
  const auto judged = [](const char* gold, const char* output) {
    SaysNo library;
    return judge_math(gold, output, &library, MathRules::math_verify).correct;
  };
  EXPECT_FALSE(judged("1 1/2", "\\boxed{1.5}"));
  EXPECT_TRUE(judged("1 1/2", "\\boxed{1}"));
  EXPECT_FALSE(judged("3,5", "\\boxed{3.5}"));
  EXPECT_FALSE(judged("1+2i", "\\boxed{i(2-i)}"));
  EXPECT_FALSE(judged("f(x) = 2x + 3", "\\boxed{y = 2x + 3}"));
  EXPECT_FALSE(judged("\\frac{9\\pi}{2}", "The answer is 9/2 * π."));
  EXPECT_FALSE(judged("\\frac{1}{3}", "\\boxed{0.333\\ldots}"));
  EXPECT_FALSE(judged("\\frac{1}{2}", "\\boxed{\\sin 30^\\circ}"));
}

}  // namespace
}  // namespace assay
