#include "stats/verdict.h"

#include <array>
#include <cmath>

namespace assay {
namespace {

constexpr std::array kWords{
    VerdictWords{Verdict::non_inferior, "NON-INFERIOR", "non_inferior", "非劣效", Tone::good},
    VerdictWords{Verdict::worse, "WORSE", "worse", "变差", Tone::bad},
    VerdictWords{Verdict::worse_within_margin, "WORSE WITHIN MARGIN", "worse_within_margin",
                 "变差但在非劣效界值内", Tone::caution},
    VerdictWords{Verdict::inconclusive, "INCONCLUSIVE", "inconclusive", "尚无定论", Tone::caution},
    VerdictWords{Verdict::invalid, "INVALID", "invalid", "无效", Tone::bad},
    VerdictWords{Verdict::not_available, "N/A", "not_available", "", Tone::muted},
};

}  // namespace

const VerdictWords& verdict_words(Verdict verdict) {
  for (const VerdictWords& words : kWords) {
    if (words.verdict == verdict) return words;
  }
  return kWords.back();
}

std::string_view verdict_label(Verdict verdict) {
  return verdict_words(verdict).label;
}

std::string_view verdict_name(Verdict verdict) {
  return verdict_words(verdict).name;
}

Verdict decide(const VerdictInput& input) {
  if (!input.available) return Verdict::not_available;
  if (!input.sound) return Verdict::invalid;
  for (const double number : {input.p_worse, input.p_non_inferior, input.alpha}) {
    if (!std::isfinite(number)) return Verdict::invalid;
  }
  const bool worse = input.p_worse < input.alpha;
  const bool non_inferior = input.p_non_inferior < input.alpha;
  if (worse && non_inferior) return Verdict::worse_within_margin;
  if (worse) return Verdict::worse;
  if (non_inferior) return Verdict::non_inferior;
  return Verdict::inconclusive;
}

}  // namespace assay
