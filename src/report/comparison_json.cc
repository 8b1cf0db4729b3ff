#include "report/comparison_json.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>

namespace assay {

using nlohmann::json;

namespace {

double number_of(const json& value, const char* key) {
  const json& found = value.at(key);
  return found.is_null() ? std::numeric_limits<double>::quiet_NaN() : found.get<double>();
}

// By the names that the other direction writes.
template <typename Enum, std::size_t kCount, typename Name>
Enum named(const std::array<Enum, kCount>& all, Name name, const json& value) {
  const auto word = value.get<std::string>();
  const auto found = std::ranges::find_if(all, [&](Enum one) { return name(one) == word; });
  return found == all.end() ? all.front() : *found;
}

constexpr std::array kVerdicts{Verdict::not_available,       Verdict::worse,
                               Verdict::non_inferior,        Verdict::inconclusive,
                               Verdict::worse_within_margin, Verdict::invalid};
constexpr std::array kMethods{Method::none,
                              Method::tango,
                              Method::tango_majority,
                              Method::bootstrap,
                              Method::stratified_score,
                              Method::newcombe};
constexpr std::array kObstacles{Obstacle::none, Obstacle::no_sensitivity,
                                Obstacle::insensitive_tasks, Obstacle::gain};

}  // namespace

json comparison_json(const PairedComparison& c) {
  return {{"n", c.n},
          {"method", method_name(c.method)},
          {"diff_pp", c.diff_pp},
          {"interval_low_pp", c.interval_low_pp},
          {"interval_high_pp", c.interval_high_pp},
          {"interval_confidence", c.interval_confidence},
          {"lower_bound_pp", c.lower_bound_pp},
          {"upper_bound_pp", c.upper_bound_pp},
          {"baseline_mean", c.baseline_mean},
          {"candidate_mean", c.candidate_mean},
          {"flips_to_wrong", c.flips_to_wrong},
          {"flips_to_right", c.flips_to_right},
          {"mcnemar_p", or_null(c.mcnemar_p)},
          {"mcnemar_mid_p", or_null(c.mcnemar_mid_p)},
          {"p_worse", c.p_worse},
          {"p_non_inferior", c.p_non_inferior},
          {"p_worse_adjusted", c.p_worse_adjusted},
          {"p_non_inferior_adjusted", c.p_non_inferior_adjusted},
          {"p_gain", c.p_gain},
          {"p_gain_adjusted", c.p_gain_adjusted},
          {"obstacle", obstacle_name(c.obstacle)},
          {"smallest_detectable_pp", or_null(c.smallest_detectable_pp)},
          {"items_needed", or_null(c.items_needed)},
          {"verdict", verdict_name(c.verdict)},
          {"reason", c.reason}};
}

PairedComparison comparison_from(const json& value) {
  PairedComparison c;
  c.n = value.at("n");
  c.method = named(kMethods, method_name, value.at("method"));
  c.diff_pp = number_of(value, "diff_pp");
  c.interval_low_pp = number_of(value, "interval_low_pp");
  c.interval_high_pp = number_of(value, "interval_high_pp");
  c.interval_confidence = number_of(value, "interval_confidence");
  c.lower_bound_pp = number_of(value, "lower_bound_pp");
  c.upper_bound_pp = number_of(value, "upper_bound_pp");
  c.baseline_mean = number_of(value, "baseline_mean");
  c.candidate_mean = number_of(value, "candidate_mean");
  c.flips_to_wrong = value.at("flips_to_wrong");
  c.flips_to_right = value.at("flips_to_right");
  if (!value.at("mcnemar_p").is_null()) c.mcnemar_p = value["mcnemar_p"].get<double>();
  if (!value.at("mcnemar_mid_p").is_null()) c.mcnemar_mid_p = value["mcnemar_mid_p"].get<double>();
  c.p_worse = number_of(value, "p_worse");
  c.p_non_inferior = number_of(value, "p_non_inferior");
  c.p_worse_adjusted = number_of(value, "p_worse_adjusted");
  c.p_non_inferior_adjusted = number_of(value, "p_non_inferior_adjusted");
  c.p_gain = number_of(value, "p_gain");
  c.p_gain_adjusted = number_of(value, "p_gain_adjusted");
  c.obstacle = named(kObstacles, obstacle_name, value.at("obstacle"));
  const json& detectable = value.at("smallest_detectable_pp");
  if (!detectable.is_null()) c.smallest_detectable_pp = detectable.get<double>();
  const json& needed = value.at("items_needed");
  if (!needed.is_null()) c.items_needed = needed.get<std::int64_t>();
  c.verdict = named(kVerdicts, verdict_name, value.at("verdict"));
  c.reason = value.at("reason");
  return c;
}

}  // namespace assay
