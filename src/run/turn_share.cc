#include "run/turn_share.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace assay {

double least_of(const std::vector<RequestCost>& costs, const Pace& measured, const Pace& guess) {
  double least_s = std::numeric_limits<double>::infinity();
  for (const RequestCost& cost : costs) {
    const Pace& pace = measured.measured(cost.max_tokens) ? measured : guess;
    least_s = std::min(least_s, time_to_keep_s(cost, {}, pace));
  }
  return std::isfinite(least_s) ? least_s : 0;
}

TurnShare::TurnShare(double ready_s, double work_s, const TurnsLeft& turns,
                     std::vector<RequestCost> first_costs)
    : ready_s_(ready_s), work_s_(work_s), turns_(turns), first_costs_(std::move(first_costs)) {}

double TurnShare::longest_item_s(const Pace& pace, int items_in_flight) const {
  AdmissionState state;
  state.in_flight = items_in_flight;
  double longest_s = 0;
  for (const RequestCost& cost : first_costs_) {
    longest_s = std::max(longest_s, time_to_keep_s(cost, state, pace));
  }
  return longest_s;
}

// Of the time that the others leave to the last variant.
double TurnShare::tail_left_s(const Pace& pace, int items_in_flight) const {
  if (turns_.variants_after == 0 || turns_.part < 1 || !pace.measured_tokens()) return 0;
  return tail_s(longest_item_s(pace, items_in_flight), pace.longest_answer_s(items_in_flight + 1),
                variant_share_s(work_s_, turns_.own + turns_.after(), /*reserve_s=*/0));
}

double TurnShare::end_s(const Pace& pace, int items_in_flight) const {
  return ready_s_ + turns_.part * turns_.own *
                        variant_share_s(work_s_, turns_.own + turns_.after(),
                                        tail_left_s(pace, items_in_flight));
}

double TurnShare::latest_s(const Pace& pace, int items_in_flight) const {
  const double end = end_s(pace, items_in_flight);
  if (!pace.measured_tokens()) return end;
  double others_s = (end - ready_s_) / (turns_.part * turns_.own) * turns_.judge;
  if (turns_.variants_after > 0) {
    others_s += turns_.variants_after * least_of(first_costs_, pace, pace);
  }
  return std::max(end, ready_s_ + work_s_ - others_s);
}

AskUntil TurnShare::items_until(const Pace& pace, int items_in_flight, int in_flight,
                                const AfterItems& after) const {
  const double share_s = end_s(pace, items_in_flight) - ready_s_;
  double later_s = 0;
  if (after.second_pass) later_s += 0.5 * share_s;
  if (after.reading_back) later_s += kFidelityShare * share_s;
  AskUntil until{.deadline_s = latest_s(pace, items_in_flight) - later_s};
  if (turns_.after() > 0 || turns_.part < 1 || after.second_pass) {
    until.begin_by_s = ready_s_ + share_s - later_s - pace.longest_answer_s(in_flight + 1);
  }
  return until;
}

}  // namespace assay
