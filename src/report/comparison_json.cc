#include "report/comparison_json.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>

namespace assay {

using nlohmann::json;

namespace {

double number_of(const json& value, const char* key) {
  const json& found = value.at(key);
  return found.is_null() ? std::numeric_limits<double>::quiet_NaN() : found.get<double>();
}

template <typename T>
void take(const json& value, std::optional<T>& out) {
  if (!value.is_null()) out = value.get<T>();
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

// The figures that are always there, by their names.
struct Figure {
  const char* name;
  double PairedComparison::* value;
};
constexpr std::array kFigures{
    Figure{"diff_pp", &PairedComparison::diff_pp},
    Figure{"interval_low_pp", &PairedComparison::interval_low_pp},
    Figure{"interval_high_pp", &PairedComparison::interval_high_pp},
    Figure{"interval_confidence", &PairedComparison::interval_confidence},
    Figure{"lower_bound_pp", &PairedComparison::lower_bound_pp},
    Figure{"upper_bound_pp", &PairedComparison::upper_bound_pp},
    Figure{"baseline_mean", &PairedComparison::baseline_mean},
    Figure{"candidate_mean", &PairedComparison::candidate_mean},
    Figure{"p_worse", &PairedComparison::p_worse},
    Figure{"p_non_inferior", &PairedComparison::p_non_inferior},
    Figure{"p_worse_adjusted", &PairedComparison::p_worse_adjusted},
    Figure{"p_non_inferior_adjusted", &PairedComparison::p_non_inferior_adjusted},
    Figure{"p_gain", &PairedComparison::p_gain},
    Figure{"p_gain_adjusted", &PairedComparison::p_gain_adjusted}};

}  // namespace

json comparison_json(const PairedComparison& c) {
  json out = {{"n", c.n},
              {"method", method_name(c.method)},
              {"flips_to_wrong", c.flips_to_wrong},
              {"flips_to_right", c.flips_to_right},
              {"mcnemar_p", or_null(c.mcnemar_p)},
              {"mcnemar_mid_p", or_null(c.mcnemar_mid_p)},
              {"obstacle", obstacle_name(c.obstacle)},
              {"smallest_detectable_pp", or_null(c.smallest_detectable_pp)},
              {"items_needed", or_null(c.items_needed)},
              {"verdict", verdict_name(c.verdict)},
              {"reason", c.reason}};
  for (const Figure& figure : kFigures) out[figure.name] = c.*figure.value;
  return out;
}

PairedComparison comparison_from(const json& value) {
  PairedComparison c;
  for (const Figure& figure : kFigures) c.*figure.value = number_of(value, figure.name);
  c.n = value.at("n");
  c.method = named(kMethods, method_name, value.at("method"));
  c.flips_to_wrong = value.at("flips_to_wrong");
  c.flips_to_right = value.at("flips_to_right");
  take(value.at("mcnemar_p"), c.mcnemar_p);
  take(value.at("mcnemar_mid_p"), c.mcnemar_mid_p);
  c.obstacle = named(kObstacles, obstacle_name, value.at("obstacle"));
  take(value.at("smallest_detectable_pp"), c.smallest_detectable_pp);
  take(value.at("items_needed"), c.items_needed);
  c.verdict = named(kVerdicts, verdict_name, value.at("verdict"));
  c.reason = value.at("reason");
  return c;
}

}  // namespace assay
