// The words a comparison ends with. "Equal" and "no loss" are not among them: a test that finds no
// difference has not shown that there is none.
#pragma once

#include <string>
#include <string_view>

namespace assay {

enum class Verdict {
  non_inferior,         // the lower one-sided bound is above -margin
  worse,                // the upper one-sided bound is below 0
  worse_within_margin,  // both: worse for sure, and for sure by less than the margin
  inconclusive,         // neither: more items are needed
  invalid,        // the measurement is not sound, or its figures are no numbers; see the reason
  not_available,  // nothing to compare; the reason says why
};

enum class Tone { good, bad, caution, muted };  // how a printer colours it

// All that is said of a verdict. `label` stands in reports of either language ("NON-INFERIOR",
// "WORSE", "WORSE WITHIN MARGIN", "INCONCLUSIVE", "INVALID", "N/A"), `zh` explains it in Chinese
// (empty for N/A), and `name` is the stable one for files ("non_inferior", "worse", ...).
struct VerdictWords {
  Verdict verdict;
  std::string_view label;
  std::string_view name;
  std::string_view zh;
  Tone tone;
};
[[nodiscard]] const VerdictWords& verdict_words(Verdict verdict);

[[nodiscard]] std::string_view verdict_label(Verdict verdict);
[[nodiscard]] std::string_view verdict_name(Verdict verdict);

struct VerdictInput {
  bool available = true;      // there is at least one pair
  bool sound = true;          // no soundness flag forces INVALID
  double p_non_inferior = 1;  // one-sided, Holm-adjusted where the comparison is in a family
  double p_worse = 1;
  double alpha = 0.05;
};

// Precedence: N/A, INVALID, WORSE WITHIN MARGIN, WORSE, NON-INFERIOR, INCONCLUSIVE.
// A claim holds when its p is below alpha, that is when its bound is beyond the threshold. A p or
// an alpha that is no finite number is INVALID: it is not "not below".
[[nodiscard]] Verdict decide(const VerdictInput& input);

}  // namespace assay
