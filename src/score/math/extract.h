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
  bool bare_box = false;  // from "\boxed{" to the last "}" of the text; normalisation shortens it
};

struct AnswerPlace {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::vector<LatexEnv> envs;   // for LaTeX: one to six, joined by "and", "or", ","
  std::string_view expression;  // otherwise plain arithmetic, "1/2 + 3"
  std::string_view integer;     // otherwise a plain number: its integer part,
  std::string_view decimal;     // and its decimals with the "." or ","
  bool percent = false;         // "%" follows the plain number

  [[nodiscard]] bool is_latex() const { return !envs.empty(); }
};

// The stages in the order they are tried; the first with a readable answer decides.
enum class AnswerStage { final_i_hope, final_or_boxed, answer_colon, answer, anywhere };
inline constexpr AnswerStage kAnswerStages[] = {
    AnswerStage::final_i_hope, AnswerStage::final_or_boxed, AnswerStage::answer_colon,
    AnswerStage::answer, AnswerStage::anywhere};

struct AnswerPlaces {
  std::vector<AnswerPlace> places;  // in the order to try them: rightmost end first
  bool more = false;                // further places to the left were left out
};

class AnswerScanner {
 public:
  // The text must outlive the scanner and what it returns.
  explicit AnswerScanner(std::string_view text) : text_(text) {}

  [[nodiscard]] AnswerPlaces places(AnswerStage stage) const;

  // True when the text holds digits of other scripts, which Math-Verify's rules match and these
  // scanners do not. Then no result can be trusted.
  [[nodiscard]] bool out_of_reach() const;

 private:
  std::string_view text_;
};

}  // namespace assay
