// One variant's share of the time that is left once its engine has loaded: until when its items may
// begin, and when it ends. A pure rule over the pace measured so far, as run/admission.h is.
#pragma once

#include <vector>

#include "run/admission.h"

namespace assay {

// The least time in which one of them fits, in seconds, by `measured` where it tells that and else
// by `guess`; 0 without any.
[[nodiscard]] double least_of(const std::vector<RequestCost>& costs, const Pace& measured,
                              const Pace& guess);

// When a source's items may begin, on the run's clock.
struct AskUntil {
  double deadline_s = std::numeric_limits<double>::infinity();  // the worst case ends by then
  double begin_by_s = std::numeric_limits<double>::infinity();
};

// What the share is also for, after the tasks' first answers.
struct AfterItems {
  bool second_pass = false;   // of the same items, still to come
  bool reading_back = false;  // outputs for the fidelity
};

// Of a variant's time at least so much is kept for reading outputs back.
inline constexpr double kFidelityShare = 0.05;

class TurnShare {
 public:
  TurnShare() = default;
  // `ready_s`: on the clock, when the variant's work begins. `work_s`: from then on for it and all
  // that come after it. `first_costs`: of each task's first item.
  TurnShare(double ready_s, double work_s, const TurnsLeft& turns,
            std::vector<RequestCost> first_costs);

  [[nodiscard]] bool begun() const { return ready_s_ > 0; }
  // It gets its whole share, no part of it (TurnsLeft::part).
  void take_all() { turns_.part = 1; }
  [[nodiscard]] const TurnsLeft& turns() const { return turns_; }
  // The longest worst case of the tasks' first items.
  [[nodiscard]] double longest_item_s(const Pace& pace, int items_in_flight) const;
  [[nodiscard]] double work_s() const { return work_s_; }
  [[nodiscard]] double ready_s() const { return ready_s_; }
  // When it ends, on the clock, as measured now; `items_in_flight`: of its tasks.
  [[nodiscard]] double end_s(const Pace& pace, int items_in_flight) const;
  // An item may begin when it is expected to end within the share. Its worst case may go beyond,
  // into the time of those that come after, as long as each of them has time for an item and a
  // judge all of its own: so what a worst case keeps and does not need is lost once, at the end of
  // the last variant's turn, and not in every turn. `in_flight`: of all sources.
  [[nodiscard]] AskUntil items_until(const Pace& pace, int items_in_flight, int in_flight,
                                     const AfterItems& after) const;
  // The latest that a worst case of its items may end, which may lie beyond end_s().
  [[nodiscard]] double latest_s(const Pace& pace, int items_in_flight) const;

 private:
  [[nodiscard]] double tail_left_s(const Pace& pace, int items_in_flight) const;

  double ready_s_ = 0;
  double work_s_ = 0;
  TurnsLeft turns_;
  std::vector<RequestCost> first_costs_;
};

}  // namespace assay
