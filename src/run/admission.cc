#include "run/admission.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace assay {
namespace {

constexpr double kSafety = 1.15;  // of a worst case that is itself made of 90th percentiles

bool fits(double cost_s, const AdmissionState& state) {
  return state.now_s <= state.begin_by_s && state.now_s + kSafety * cost_s <= state.deadline_s;
}

using Standing = Offer::Standing;

// What is in flight may tell the pace, or more of it.
bool awaits_pace(const AdmissionState& state, const Pace& pace) {
  if (state.in_flight == 0 || pace.measured_tokens()) return false;
  return !pace.measured() || state.first_answers_due;
}

// Which offers may be asked now if they fit, in the order they are tried.
std::vector<std::size_t> in_order(std::span<const Offer> offers, const std::vector<double>& costs_s,
                                  bool firsts_only, const Pace& pace) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    if (offers[i].standing != Standing::first_of_task) continue;
    const RequestCost& cost = offers[i].cost;
    const bool waits = firsts_only && pace.holds_others_up(cost.prompt_tokens, cost.max_tokens);
    if (!waits) order.push_back(i);
  }
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return costs_s[i]; });
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const bool in_turn = offers[i].standing == Standing::in_turn && !firsts_only;
    if (in_turn || offers[i].standing == Standing::extra) order.push_back(i);
  }
  return order;
}

}  // namespace

double worst_case_s(const RequestCost& cost, const AdmissionState& state, const Pace& pace) {
  const double engine_s = pace.worst_case_s(cost.prompt_tokens, cost.max_tokens, cost.steps,
                                            state.in_flight + 1, state.prompt_tokens_in_flight);
  return cost.factor * engine_s + cost.grading_s;
}

double time_to_keep_s(const RequestCost& cost, const AdmissionState& state, const Pace& pace) {
  return kSafety * worst_case_s(cost, state, pace);
}

Decision next_to_ask(std::span<const Offer> offers, const AdmissionState& state, const Pace& pace) {
  const auto promised = std::ranges::find(offers, Standing::promised, &Offer::standing);
  if (promised != offers.end()) {
    return {Decision::Kind::ask, static_cast<std::size_t>(promised - offers.begin())};
  }
  if (offers.empty()) return {Decision::Kind::wait};
  if (!std::isfinite(state.deadline_s)) return {Decision::Kind::ask, 0};
  std::vector<double> costs_s;
  costs_s.reserve(offers.size());
  for (const Offer& offer : offers) costs_s.push_back(worst_case_s(offer.cost, state, pace));
  for (const std::size_t i : in_order(offers, costs_s, awaits_pace(state, pace), pace)) {
    if (fits(costs_s[i], state)) return {Decision::Kind::ask, i};
  }
  if (state.in_flight > 0) return {Decision::Kind::wait};
  std::optional<std::size_t> cheapest;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    if (pace.measured(offers[i].cost.max_tokens)) continue;
    if (!cheapest || costs_s[i] < costs_s[*cheapest]) cheapest = i;
  }
  if (!cheapest) return {Decision::Kind::end};
  return {Decision::Kind::ask, *cheapest};
}

}  // namespace assay
