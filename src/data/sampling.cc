#include "data/sampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/hash.h"
#include "values/item_pass.h"

namespace assay {
namespace {

// Compares the fractions (2j + 1) / 2n exactly, so that rounding cannot change the order.
struct Rank {
  std::uint64_t numerator = 0;
  std::uint64_t denominator = 1;

  static Rank of(std::size_t index, std::size_t count) { return {2 * index + 1, 2 * count}; }
  friend bool operator<(const Rank& a, const Rank& b) {
    return a.numerator * b.denominator < b.numerator * a.denominator;
  }
};

struct Placed {
  std::size_t index = 0;  // in the items as they came
  std::string hash;
  Rank rank;
};

Status check_unique(const ItemList& items, const TaskSpec& spec) {
  std::set<std::string_view> ids;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (ids.insert(items.id(i)).second) continue;
    return usage_error(fmt::format("task {}: two items have the id '{}'", spec.name, items.id(i)),
                       "results are told apart by the item's id",
                       "remove one of the rows from the data");
  }
  return {};
}

Result<ItemList> only_ids(ItemList items, const TaskSpec& spec) {
  std::map<std::string_view, std::size_t> place_of;
  for (std::size_t i = 0; i < items.size(); ++i) place_of.emplace(items.id(i), i);
  std::vector<std::size_t> chosen;
  for (const std::string& id : spec.ids) {
    const auto found = place_of.find(id);
    if (found == place_of.end()) {
      return usage_error(fmt::format("task {}: no item has the id '{}'", spec.name, id),
                         fmt::format("the data holds {} items; the first is '{}'", items.size(),
                                     items.empty() ? "" : items.id(0)),
                         "correct 'ids' in the plan");
    }
    chosen.push_back(found->second);
  }
  return std::move(items).taken(chosen);
}

// Sorted by hash within each stratum, at most `per_stratum` of each, ranked, and sorted by rank.
std::vector<Placed> order_of(const ItemList& items, std::size_t count, std::uint64_t seed,
                             std::size_t per_stratum) {
  std::map<std::string, std::vector<Placed>> strata;
  for (std::size_t i = 0; i < count; ++i) {
    strata[items.stratum(i)].push_back(
        {i, sha256_hex(fmt::format("{}\n{}", seed, items.id(i))), {}});
  }
  std::vector<Placed> order;
  order.reserve(count);
  for (auto& [name, placed] : strata) {
    std::ranges::sort(placed, {}, &Placed::hash);
    if (placed.size() > per_stratum) placed.resize(per_stratum);
    for (std::size_t j = 0; j < placed.size(); ++j) {
      placed[j].rank = Rank::of(j, placed.size());
      order.push_back(std::move(placed[j]));
    }
  }
  std::ranges::sort(order, [](const Placed& a, const Placed& b) {
    if (a.rank < b.rank || b.rank < a.rank) return a.rank < b.rank;
    return a.hash < b.hash;
  });
  return order;
}

}  // namespace

Result<ItemList> select_items(ItemList items, const TaskSpec& spec, std::uint64_t seed) {
  TRY(check_unique(items, spec));
  if (!spec.ids.empty()) items = TRY(only_ids(std::move(items), spec));
  const auto cut = [](std::size_t count, const std::optional<int>& limit) {
    return limit ? std::min(count, static_cast<std::size_t>(std::max(0, *limit))) : count;
  };
  const std::size_t count = cut(items.size(), spec.first);
  const bool per_stratum = spec.limit_per == LimitPer::subject;
  std::vector<Placed> order =
      order_of(items, count, seed, per_stratum ? cut(count, spec.limit) : count);
  if (!per_stratum) order.resize(cut(order.size(), spec.most_items()));
  std::vector<std::size_t> chosen;
  chosen.reserve(order.size());
  for (const Placed& placed : order) chosen.push_back(placed.index);
  return std::move(items).taken(chosen);
}

std::vector<ItemRef> interleave(const std::vector<std::size_t>& counts) {
  std::vector<ItemRef> queue;
  for (std::size_t task = 0; task < counts.size(); ++task) {
    for (std::size_t item = 0; item < counts[task]; ++item) queue.push_back({task, item});
  }
  std::ranges::sort(queue, [&](const ItemRef& a, const ItemRef& b) {
    const Rank of_a = Rank::of(a.item, counts[a.task]);
    const Rank of_b = Rank::of(b.item, counts[b.task]);
    if (of_a < of_b || of_b < of_a) return of_a < of_b;
    return a.task < b.task;  // two items of one task never have the same rank
  });
  return queue;
}

std::size_t passes_of(const TaskSpec& spec, std::size_t items) {
  if (!spec.repeats_auto || !answers_differ(spec)) return 1;
  return std::clamp<std::size_t>(kMostRepeated / std::max<std::size_t>(1, items), 1, kMostPasses);
}

GrowingTask growing_task(const TaskSpec& spec, std::size_t items, std::size_t least,
                         const ItemRequests& requests) {
  const double most = requests.steps * spec.max_gen_toks.value_or(0);
  const double answer = std::min(spec.expected_tokens.value_or(most), most);
  const double prompts = spec.expected_prompt_tokens.value_or(
      requests.prompt_tokens ? requests.steps * *requests.prompt_tokens : kUnknownPromptTokens);
  return {.items = items,
          .least = least,
          .weight = task_weight(kDefaultWeights, spec.weight, static_cast<std::int64_t>(items)),
          .cost = kPromptTokenCost * prompts + answer * spec.repeats,
          .passes = passes_of(spec, items),
          .grading = spec.expected_grading_tokens.value_or(0) * spec.repeats};
}

namespace {

// How long engine and graders work on what is queued, side by side.
class TimeTaken {
 public:
  void add(const GrowingTask& task, double entries) {
    engine_ += task.cost * entries;
    graders_ += task.grading * entries;
  }
  // By how much longer they would work with one entry more.
  [[nodiscard]] double price(const GrowingTask& task) const {
    constexpr double kLeast = 0.01;
    const double longer =
        std::max(engine_ + task.cost, graders_ + task.grading) - std::max(engine_, graders_);
    return std::max(longer, kLeast * task.cost);
  }

 private:
  double engine_ = 0;
  double graders_ = 0;
};

}  // namespace

std::vector<ItemRef> growing_order(const std::vector<GrowingTask>& tasks,
                                   const std::vector<std::size_t>& begun) {
  std::vector<std::size_t> taken(tasks.size(), 0);
  std::vector<ItemRef> queue;
  TimeTaken time;
  const auto take = [&](std::size_t t) {
    time.add(tasks[t], 1);
    const ItemPass place = item_pass(taken[t]++, tasks[t].items);
    queue.push_back({t, place.item, place.pass});
  };
  std::vector<std::size_t> most;
  most.reserve(tasks.size());
  for (const GrowingTask& task : tasks) most.push_back(task.items * task.passes);
  for (const std::size_t task : begun) take(task);
  std::size_t all = 0;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    if (begun.empty()) taken[t] = std::min(tasks[t].least, tasks[t].items);
    all += most[t];
  }
  if (begun.empty()) {
    queue = interleave(taken);
    for (std::size_t t = 0; t < tasks.size(); ++t)
      time.add(tasks[t], static_cast<double>(taken[t]));
  }
  const auto gain = [&](std::size_t t) {
    const auto n = static_cast<double>(taken[t]);
    if (taken[t] == 0) return std::numeric_limits<double>::infinity();
    return tasks[t].weight * tasks[t].weight / (n * (n + 1)) / time.price(tasks[t]);
  };
  while (queue.size() < all) {
    std::size_t next = tasks.size();
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      const bool better = next == tasks.size() || gain(t) > gain(next);
      if (taken[t] < most[t] && better) next = t;
    }
    take(next);
  }
  return queue;
}

}  // namespace assay
