// Deciding early: the primary question asked several times while pairs come in, with errors that
// hold over all the looks together.
//
// Each look is the test of stats/comparison.h at a level of its own, and the levels of one claim
// sum to at most alpha (Bonferroni), so a false WORSE has at most alpha and a false NON-INFERIOR at
// most alpha, however the looks depend on one another. The sizes of looks may depend on time, on
// lengths and on how many pairs differ (b + c), never on which side they favour.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stats/comparison.h"
#include "values/looks.h"

namespace assay {

// The first generation.
//   WORSE         at first_pairs and each doubling of it below the target, and at the target: every
//                 look has half of what is left, so the k-th alpha / 2^k, and never all is used
//   NON-INFERIOR  at 1/4, 1/2 and 1 of the target, at 1/9, 2/9 and 6/9 of alpha less the reserve.
//                 (With a reserve of 0.005 these are 0.005, 0.010 and 0.030; with 0.010, 0.0044,
//                 0.0089 and 0.0267.) A look too small to show it even without any flip is left
//                 out, and its level added to the next.
// target >= 1.
[[nodiscard]] LookSchedule look_schedule(const LookSettings& settings, std::int64_t target);

// `until: budget`: one look at `pairs`, both claims at full alpha, nothing kept.
[[nodiscard]] LookSchedule single_look(const LookSettings& settings, std::int64_t pairs);

// A higher target while the last look is still to be taken; no level is used up. `taken`: the pairs
// of the last look that was taken (0: none). The last look of NON-INFERIOR moves to the new target
// with its level, the others stay, and WORSE goes on doubling. The new target may come from time,
// lengths and b + c (next_target with blinded_spread), never from scores. Where every flip is a
// loss b + c tells the loss itself, so it may move up only, and kMostRaises times: by simulation
// (docs/statistics.md) one who moves it down as well, as often as he likes, makes 7.6 % of false
// NON-INFERIOR there. The schedule as it was with a target that is not higher, when NON-INFERIOR
// has been asked for the last time, or when it was raised that often already.
inline constexpr int kMostRaises = 2;
[[nodiscard]] LookSchedule retarget(const LookSchedule& schedule, std::int64_t target,
                                    std::int64_t taken);

// The end of the budget or of the data before the target: the looks still to be taken become one
// look at `pairs`, at the sum of their levels. When it ends is a matter of time alone, never of
// flips or scores. The schedule as it was unless taken < pairs < target.
[[nodiscard]] LookSchedule closed_at(const LookSchedule& schedule, std::int64_t pairs,
                                     std::int64_t taken);

// Growth and further rounds, after the last look: one more look for NON-INFERIOR at the new target,
// at half of what is left of the reserve; WORSE at each doubling and at the target, as ever. The
// earlier looks stay as they were. None when the target is not beyond the old one or nothing is
// left: a verdict on more pairs is then exploratory.
[[nodiscard]] std::optional<LookSchedule> next_generation(const LookSchedule& schedule,
                                                          std::int64_t target);

// More pairs where nothing of the reserve is left: NON-INFERIOR once more at all of alpha, which
// makes its levels more than alpha, so what it shows is exploratory. WORSE stays within its alpha.
// None when the target is not beyond the old one.
[[nodiscard]] std::optional<LookSchedule> unpaid_generation(const LookSchedule& schedule,
                                                            std::int64_t target);

// A candidate that is answered anew after looks at its answers: those looks are gone, and what all
// looks had is spent, of those that were not taken, too. (One who begins anew only where a look
// looks like failing would have its level twice: by simulation 6.4 % of false NON-INFERIOR in place
// of 5.) NON-INFERIOR is asked once, at the target, at half of the reserve, WORSE at each doubling
// and at the target, at halves of what no look had. None when nothing is left for NON-INFERIOR. The
// schedule as it was before the first look.
[[nodiscard]] std::optional<LookSchedule> begun_anew(const LookSchedule& schedule,
                                                     std::int64_t taken);
// The same where nothing is left, as unpaid_generation.
[[nodiscard]] LookSchedule begun_anew_unpaid(const LookSchedule& schedule);

// The looks that are at exactly this number of pairs (one at the most), and the first beyond it.
[[nodiscard]] const Look* due(const LookSchedule& schedule, std::int64_t pairs);
[[nodiscard]] const Look* next_look(const LookSchedule& schedule, std::int64_t pairs);

// The one or the other: retarget while the last look of NON-INFERIOR is still to be taken,
// next_generation after it. None as there, and when retarget changes nothing.
[[nodiscard]] std::optional<LookSchedule> extended(const LookSchedule& schedule,
                                                   std::int64_t target, std::int64_t taken);

// Pairs at which NON-INFERIOR is shown with this power at this level when the two are truly alike
// (items_for_non_inferior, stats/power.h); none when no number of pairs is likely to.
struct TargetAssumptions {
  double power = 0.9;
  double discordance = 0.10;  // mean squared difference of a pair; of right/wrong ones (b + c) / n
  double design_effect = 1;   // of the pool: N * sum of w_t^2 / n_t
};
[[nodiscard]] std::optional<std::int64_t> pairs_needed(const LookSettings& settings, double level,
                                                       const TargetAssumptions& assume);
// The same for the whole procedure: at the level of a first generation's last look, and at that of
// the last look which `extended` would add, whose power must be more by alpha / 2, as a lossless
// variant may be stopped by a false WORSE before. None, too, when no look would be added.
[[nodiscard]] std::optional<std::int64_t> first_target(const LookSettings& settings,
                                                       const TargetAssumptions& assume);
[[nodiscard]] std::optional<std::int64_t> next_target(const LookSchedule& schedule,
                                                      std::int64_t taken,
                                                      const TargetAssumptions& assume);

// The first target where pairs come in this order, each given by its task: the least n that has the
// wanted power with the design effect of the order's first n (that of `assume` does not count). All
// there are where none has, or where one of the tasks with a weight has no item in the order.
// Tasks of weight 0 have no pairs. Of two that are truly alike whatever differs is chance, so r
// answers to an item flip by 1/r of the discordance; but they are no r items: the test allows for
// losses that nobody saw, which only more items can rule out.
[[nodiscard]] std::int64_t target_in_order(const LookSettings& settings,
                                           const TargetAssumptions& assume,
                                           std::span<const std::size_t> order,
                                           std::span<const LookTask> tasks);

// The probability that NON-INFERIOR is shown when the two are truly alike.
struct LooksPower {
  double last = 0;  // by the last look that asks it, taken alone (power_of_non_inferior)
  double all = 0;   // by any look, before a WORSE beyond the margin has ended it
};
// Of the looks of `schedule`, at first pairs of this order. A look at which a task has no pair yet
// waits for it; one for which there are too few pairs is none. The normal statistic's: where a look
// is at few pairs the exact test makes fewer of both claims.
[[nodiscard]] LooksPower power_in_order(const LookSchedule& schedule,
                                        const TargetAssumptions& assume,
                                        std::span<const std::size_t> order,
                                        std::span<const LookTask> tasks);

// The smallest margin, in steps of 0.1 points from that of `settings` on, that the whole order
// would be enough for; none: no margin below 100.
[[nodiscard]] std::optional<double> smallest_margin_pp(LookSettings settings,
                                                       const TargetAssumptions& assume,
                                                       std::span<const std::size_t> order,
                                                       std::span<const LookTask> tasks);

// Pairs of the order by task.
struct CountedPairs {
  std::vector<PoolTask> tasks;  // with one pair an item, its passes averaged
  std::int64_t pairs = 0;       // of the order: each pass of an item is one
};

// What may be known of a comparison before a look: how much the pairs differ, not in which
// direction. Only squared differences and numbers of pairs enter. Where items are asked several
// times, the discordance is that of their means.
struct BlindedSpread {
  std::int64_t pairs = 0;  // of items
  double discordance = 0;
  double design_effect = 1;
};
[[nodiscard]] BlindedSpread blinded_spread(std::span<const PoolTask> tasks);

// Further rounds. After a look that did not decide, at half of the first target or more, or at the
// last: the schedule with the target that this spread asks for, when that is a higher one that
// `most` pairs allow. None as `extended`. Where the order goes through items of these tasks more
// than once, `order` says how far it has to go: the discordance is then taken to be all chance.
[[nodiscard]] std::optional<LookSchedule> next_round(const LookSchedule& schedule,
                                                     std::int64_t taken,
                                                     const BlindedSpread& spread, double power,
                                                     std::int64_t most,
                                                     std::span<const std::size_t> order = {},
                                                     std::span<const LookTask> tasks = {});

// Pairs in the frozen order, over all tasks: of every entry up to the first that is not settled on
// both sides yet. An entry settled without a score is no pair and is left out; later ones that are
// settled already wait, or what came quickly would be looked at first.
struct OrderedPair {
  std::size_t task = 0;  // its place in `tasks`
  std::size_t item = 0;  // of the task
  PairedScore pair;      // of this entry alone
};
// What looks at one candidate go by.
struct LookInput {
  std::vector<PoolTask> tasks;  // without pairs
  std::vector<OrderedPair> order;
  std::vector<std::string> expected;  // the tasks that are to have pairs at each look
  std::size_t items = 0;              // entries of `order`, those settled without a pair included
};
// `order`: the task of each entry, as the run takes them. The pairs are those of the entries that
// both sides have settled, up to the first that one of them has not; an outcome that is missing is
// not settled, and a task of weight 0 has no pairs. A task's floor is the mean of 1 / options over
// the baseline's scored items where all say how many they have.
[[nodiscard]] LookInput look_input(std::span<const LookTask> tasks,
                                   std::span<const std::size_t> order, const SideOutcomes& baseline,
                                   const SideOutcomes& candidate);
// `tasks` (their names, weights, floors, flags) with the first `pairs` of the order; all there are
// when there are fewer. An item has as many repeats as those hold, the same on both sides; of two
// items of a task one may have one repeat more.
[[nodiscard]] CountedPairs first_pairs(std::span<const PoolTask> tasks,
                                       std::span<const OrderedPair> order, std::int64_t pairs);

// A p that is valid whichever look the run ends with: p * alpha / level, at most 1; 1 where the
// claim is not asked. Below alpha exactly when p is below the level. With it a family of secondary
// questions about the pairs of the last look (Holm over tasks and variants) keeps alpha, too.
[[nodiscard]] double adjusted_for_looks(double p, double level, double alpha);

struct LookOutcome {
  Look look;
  // Of this look's pairs. p_worse and p_non_inferior are the test's own, the adjusted ones as
  // adjusted_for_looks; bounds and interval are at the look's levels:
  // the upper end at worse_level, the lower at non_inferior_level, and where a claim is not asked
  // at the other's level. interval_confidence is 1 - the two levels. The verdict is this look's
  // alone.
  PooledComparison comparison;
  bool worse = false;  // shown at this look's level
  bool non_inferior = false;
  bool decided = false;  // NON-INFERIOR, or WORSE with the estimate beyond the margin
  // Not empty: nothing was asked. A task that is to count has no pairs yet, or there are fewer
  // pairs than the look is at.
  std::string not_taken;
};

// The look on its pairs, which must be exactly look.pairs (first_pairs). `expected`: the
// tasks whose pairs the plan will get; a look without pairs of one of them would ask about another
// pool, so it asks nothing. `options`: floor, exact_max_n, seed, numbers of draws; alpha, margin,
// confidence and the least draws (40 / level) are set here.
[[nodiscard]] LookOutcome evaluate(const LookSchedule& schedule, const Look& look,
                                   CountedPairs counted, std::span<const std::string> expected,
                                   CompareOptions options);

// Why a variant's questions ended.
enum class LooksEnd {
  not_ended,     // looks are still to come
  non_inferior,  // shown (with WORSE shown as well: WORSE WITHIN MARGIN)
  worse,         // shown, with the estimate beyond the margin
  target,        // the last look was taken and did not decide
};
// "not_ended", "non_inferior", "worse", "target".
[[nodiscard]] std::string_view looks_end_name(LooksEnd end);

// All looks that the pairs allow, in order, up to the first that decides. The last one that was
// taken is what an interrupted or a running folder shows. Pairs between looks change nothing.
struct LooksResult {
  std::vector<LookOutcome> looks;  // those taken, and those not taken with their reason
  LooksEnd end = LooksEnd::not_ended;
  // What was claimed at any look stands, as all looks together have alpha: WORSE shown inside the
  // margin and NON-INFERIOR shown later are WORSE WITHIN MARGIN. INCONCLUSIVE: nothing was shown.
  // N/A: no look has been taken. INVALID: the last look's comparison is.
  Verdict verdict = Verdict::not_available;

  // The last that was taken; nullptr: none.
  [[nodiscard]] const LookOutcome* last() const;
};
[[nodiscard]] LooksResult take_looks(const LookSchedule& schedule, std::span<const PoolTask> tasks,
                                     std::span<const OrderedPair> order,
                                     std::span<const std::string> expected,
                                     const CompareOptions& options);

}  // namespace assay
