// Where a final answer may stand in an output: the places Math-Verify 0.9.0 looks at (its default
// LaTeX and expression extraction, math_verify/parser.py), found by linear scanners.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

// One LaTeX environment: "$…$", "$$…$$", "\(…\)", "\[…\]", " [..] ", \frac{1}{2} or \boxed{….
struct LatexEnv {
  std::string_view content;
  bool percent = false;   // "%" or "percent" follows
  bool bare_box = false;  // \boxed{ … last "}" of the text: to be narrowed by normalisation
};

struct AnswerPlace {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::vector<LatexEnv> envs;   // LaTeX: one to six joined by "and", "or", ","
  std::string_view expression;  // else plain arithmetic, "1/2 + 3"
  std::string_view integer;     // else a plain number in two parts
  std::string_view decimal;     // with its "." or ","
  bool percent = false;         // of the plain number

  [[nodiscard]] bool is_latex() const { return !envs.empty(); }
};

// The stages in the order they are tried; the first with a readable answer decides.
enum class AnswerStage { final_i_hope, final_or_boxed, answer_colon, answer, anywhere };
inline constexpr AnswerStage kAnswerStages[] = {
    AnswerStage::final_i_hope, AnswerStage::final_or_boxed, AnswerStage::answer_colon,
    AnswerStage::answer, AnswerStage::anywhere};

struct AnswerPlaces {
  std::vector<AnswerPlace> places;  // the one to try first (rightmost end) first
  bool more = false;                // there were further ones to the left, left out
};

class AnswerScanner {
 public:
  // The text must outlive the scanner and what it returns.
  explicit AnswerScanner(std::string_view text) : text_(text) {}

  [[nodiscard]] AnswerPlaces places(AnswerStage stage) const;

  // True when the rules meet what the scanners do not know (digits of other scripts); then nothing
  // is sure.
  [[nodiscard]] bool out_of_reach() const;

 private:
  std::string_view text_;
};

// `$gold$`, or the gold answer itself when it brings its own delimiters.
[[nodiscard]] std::string delimited_gold(std::string_view gold);

}  // namespace assay
