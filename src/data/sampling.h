// Which items a task runs and in which order: seeded, stratified, the same for every variant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"
#include "values/item_list.h"

namespace assay {

// The order: within a stratum items are sorted by SHA-256("<seed>\n<item id>"), seed in decimal;
// item j (from 0) of a stratum of n gets rank (j + 0.5) / n; the task's order is by rank, then
// hash. A prefix of it is a stratified sample: of a stratum of n among N items in S strata, the
// first k hold k·n/N items, give or take 1/2 + (n/N)·S/2. Selection follows spec: ids, first, limit
// (per task or per stratum; at_most in its place where the task goes on beyond it) or all; a limit
// above the number of items means all.
// The order is a function of the set of items chosen from, not of the order they come in.
// Errors (usage): an id that is not there, a duplicate id.
[[nodiscard]] Result<ItemList> select_items(ItemList items, const TaskSpec& spec,
                                            std::uint64_t seed);

// An entry of the order.
struct ItemRef {
  std::size_t task = 0;  // index of the task
  std::size_t item = 0;  // index in that task's order
  std::size_t pass = 0;  // how often the order has named it before
  friend bool operator==(const ItemRef&, const ItemRef&) = default;
};

// A task of a run that goes on beyond its limits.
struct GrowingTask {
  std::size_t items = 0;   // there are
  std::size_t least = 0;   // of them, that the limit asks for
  double weight = 1;       // in the pooled difference
  double cost = 1;         // of an entry for the engine, in any unit
  std::size_t passes = 1;  // how often the order goes through the items, at the most
  double grading = 0;      // of an entry for the graders, all together, in the same unit
};

// What an item asks for on average, as far as its rows are known.
struct ItemRequests {
  double steps = 1;  // requests
  // Of the prompt of a request, that begin no other prompt of the task: what is shared is in the
  // engine's prefix cache. Nothing: not known.
  std::optional<double> prompt_tokens = std::nullopt;
};

// What a token of a prompt costs, in output tokens: a full batch on two H200s read 14,000 to 17,000
// new prompt tokens a second and generated 9,300 to 11,400 (docs/gpu.md).
inline constexpr double kPromptTokenCost = 2.0 / 3;
inline constexpr double kUnknownPromptTokens = 96;
inline constexpr std::size_t kBytesAToken = 4;  // about what English takes
// Of a task's first items, to tell how long its prompts are.
inline constexpr std::size_t kPromptsOfItems = 64;

// How often the order goes through so many items: once, or with `repeats: auto` up to kMostPasses
// times, and no further than to kMostRepeated answers of a task with few items. Once where answers
// do not differ: greedy ones, and log-likelihoods.
inline constexpr std::size_t kMostPasses = 64;
inline constexpr std::size_t kMostRepeated = 10'000;
[[nodiscard]] std::size_t passes_of(const TaskSpec& spec, std::size_t items);

// As a run and its forecast order it. The cost is in output tokens: what the plan expects of an
// answer, else an upper bound of all its steps, times its repeats, and its prompts at
// kPromptTokenCost. It is known from the plan and its rows, because the order of a run's items must
// not depend on the run. The weight is the default rule's, whatever `compare` says: that may change
// between two runs on a folder, and the order may not.
[[nodiscard]] GrowingTask growing_task(const TaskSpec& spec, std::size_t items, std::size_t least,
                                       const ItemRequests& requests);

// One queue over all tasks: their first `least` items as `interleave` has them; then always the
// task where one more item lowers the variance of the weighted mean most for its price, which is
// w^2 / (n (n + 1)) / price with n entries of it in the queue (a task of which none is comes
// first). The price is the time by which it makes the queue take longer: graders work beside the
// engine, so what one of the two does while it would wait for the other is free, but for a
// hundredth of the cost, by which such entries are told apart.
// An entry is an item, and where the task has further passes an item once more as soon as all are
// used up (values/item_pass.h): what differs by chance is drawn anew by each answer, so another one
// is worth as much as another item.
// So any prefix is near the best for its price: n in proportion to w / sqrt(cost) (Neyman's
// allocation with costs: Cochran, Sampling Techniques, 3rd ed., 5.5, with one variance for all).
// Tasks that tie stand in the plan's order. `begun`: the task of each item of an order that this
// one goes on with: it stays as it is, and what it lacks follows in the same way.
[[nodiscard]] std::vector<ItemRef> growing_order(const std::vector<GrowingTask>& tasks,
                                                 const std::vector<std::size_t>& begun = {});

// One queue over all tasks: item j of a task of n gets rank (j + 0.5) / n; by rank, then by the
// tasks' order in the plan. Each task's own order is kept. `counts` holds each task's items.
[[nodiscard]] std::vector<ItemRef> interleave(const std::vector<std::size_t>& counts);

}  // namespace assay
