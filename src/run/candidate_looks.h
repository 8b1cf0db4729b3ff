// `until: decided`: what is known of each candidate's primary question while a run goes on, and so
// which items are still wanted. Everything is reckoned from the store (stats/looks.h says how).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plan/frozen.h"
#include "run/unit.h"
#include "stats/looks.h"
#include "store/looks_kept.h"
#include "store/store.h"

namespace assay {

// Of one run: each loads the variants that are not decided once more.
inline constexpr int kMostRounds = 3;

// What a plan asks of its looks; the design effect is the order's.
[[nodiscard]] LookSettings look_settings_of(const Plan& plan);
[[nodiscard]] TargetAssumptions target_assumptions_of(const Plan& plan);

// What the looks of all candidates have in common.
struct LookPlan {
  std::vector<std::size_t> order;  // the task of each item, as the run takes them
  std::vector<LookTask> tasks;     // the plan's order
  std::string baseline;
  double power = 0.9;
  std::int64_t most_pairs = 0;  // that the order can give
  // That it could give before the plan grew. Whoever lets it grow may have seen looks, so a target
  // that is still to come is not raised beyond it.
  std::int64_t declared_pairs = 0;
  bool exploratory = false;  // the sample grew without a reserve (store/declarations.h)

  [[nodiscard]] static LookPlan of(const FrozenPlan& frozen);
};

// One candidate's looks.
class CandidateLooks {
 public:
  CandidateLooks(const LookPlan& plan, std::string variant, KeptLooks kept)
      : plan_(&plan), variant_(std::move(variant)), kept_(std::move(kept)) {}

  // Takes the looks that the stored scores allow and that were not taken yet. At half of the first
  // target it may be raised, by how much the pairs differ; that is stored before its pairs are
  // looked at. `judge_to_come`: answers without a judgement are not settled yet.
  [[nodiscard]] Status look(bool judge_to_come, Store& store);
  // NON-INFERIOR, or WORSE beyond the margin: no further item of it is wanted.
  [[nodiscard]] bool decided() const { return decided_; }
  // Looks are still to come.
  [[nodiscard]] bool open() const { return !decided_ && next() != nullptr; }
  // Not decided by the last look: another round, where one is left and its target can be reached.
  [[nodiscard]] Status extend(Store& store);
  // Its answers are about to be forgotten, looks at them were taken: those to come must not have
  // the levels of these. On disk when it returns; gives whether something was left for them.
  [[nodiscard]] Result<bool> begin_anew(Store& store);
  // The looks still to come become one at the pairs there are. `why`: KeptLooks::closed_by.
  [[nodiscard]] Status close(const std::string& why, Store& store);

  // Items of the order, from its beginning, that hold the pairs of the target; 0 when none of its
  // items is wanted any more.
  [[nodiscard]] std::size_t items_wanted() const;
  // Settled items of the order with which the next look may be due; none: no look is to come.
  [[nodiscard]] std::optional<std::size_t> items_of_next_look() const;
  // From the order's beginning, on both sides, as of the last look().
  [[nodiscard]] std::size_t settled_items() const { return input_.items; }
  // Pairs of the next look, for the progress line.
  [[nodiscard]] std::optional<std::int64_t> pairs_of_next_look() const;
  // Nothing is left for NON-INFERIOR on more pairs than those of its looks.
  [[nodiscard]] bool without_reserve() const { return !(kept_.schedule.non_inferior_left > 0); }
  [[nodiscard]] const std::string& variant() const { return variant_; }
  [[nodiscard]] std::int64_t pairs() const {
    return static_cast<std::int64_t>(input_.order.size());
  }
  // "fp8: NON-INFERIOR after 656 pairs"; empty while it is open.
  [[nodiscard]] Text sentence() const;

 private:
  [[nodiscard]] const Look* next() const { return next_look(kept_.schedule, taken_); }
  [[nodiscard]] Status keep(LookSchedule schedule, Store& store);
  [[nodiscard]] Status raise(Store& store);
  [[nodiscard]] std::size_t items_with(std::int64_t pairs) const;
  bool take_due();
  [[nodiscard]] BlindedSpread spread() const;

  const LookPlan* plan_;
  std::string variant_;
  KeptLooks kept_;
  LookInput input_;         // as of the last look()
  std::int64_t taken_ = 0;  // pairs of the last look
  bool decided_ = false;
  bool non_inferior_ = false;
};

// All candidates' looks.
class AllLooks {
 public:
  [[nodiscard]] static Result<AllLooks> of(const FrozenPlan& frozen, const Store& store);

  // nullptr: the baseline.
  [[nodiscard]] CandidateLooks* of(const std::string& variant);
  [[nodiscard]] std::vector<CandidateLooks>& all() { return all_; }
  [[nodiscard]] bool any_open() const;
  // Items of the order, from its beginning, that open candidates want.
  [[nodiscard]] std::size_t items_wanted() const;
  // In a shard, whose baseline answers nothing more: no target is raised beyond this many items of
  // the order, for whatever a look at them would cost would be spent in vain.
  void go_no_further_than(std::size_t items);

 private:
  std::unique_ptr<LookPlan> plan_;  // at one place, whatever is moved
  std::vector<CandidateLooks> all_;
};

// The first `count` entries of the run's order, and all that the limits ask for.
[[nodiscard]] ItemSet first_items(const ResolvedRun& run, std::size_t count);

}  // namespace assay
