#include "stats/verdict.h"

#include <array>
#include <cmath>
#include <utility>

namespace assay {
namespace {

struct Words {
  Verdict verdict;
  std::string_view label;
  std::string_view name;
};

constexpr std::array kWords{
    Words{Verdict::non_inferior, "NON-INFERIOR", "non_inferior"},
    Words{Verdict::worse, "WORSE", "worse"},
    Words{Verdict::worse_within_margin, "WORSE WITHIN MARGIN", "worse_within_margin"},
    Words{Verdict::inconclusive, "INCONCLUSIVE", "inconclusive"},
    Words{Verdict::invalid, "INVALID", "invalid"},
    Words{Verdict::not_available, "N/A", "not_available"},
};

}  // namespace

std::string_view verdict_label(Verdict verdict) {
  for (const Words& words : kWords) {
    if (words.verdict == verdict) return words.label;
  }
  return "N/A";
}

std::string_view verdict_name(Verdict verdict) {
  for (const Words& words : kWords) {
    if (words.verdict == verdict) return words.name;
  }
  return "not_available";
}

std::optional<Verdict> verdict_from_name(std::string_view name) {
  for (const Words& words : kWords) {
    if (words.name == name) return words.verdict;
  }
  return std::nullopt;
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
