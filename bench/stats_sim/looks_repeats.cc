// The whole procedure of looks where the data are used up and go on in repeats: sampled answers to
// the items of three tasks, averaged within the item (`repeats: auto`, docs/plan.md).
#include <fmt/core.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "looks.h"
#include "pool_claims.h"
#include "pool_draws.h"
#include "stats/item_pair.h"
#include "stats/looks.h"
#include "stats/normal.h"
#include "stats/stratified.h"

namespace assay::sim {
namespace {

// What an item's answers are like. Shares of the items: of some the answer is a matter of chance,
// the same for both sides but for what the loss takes; of some the candidate always loses, of some
// it always gains, whatever the repeats; of all others both are always right.
struct ItemModel {
  double by_chance = 0;
  double lost = 0;
  double gained = 0;
  double loss_by_chance = 0;  // of each of the first kind, in probability
};

struct ItemTruth {
  double baseline = 1;  // probability of a right answer
  double candidate = 1;
};

// A probability of the first kind is uniform on [0.2, 0.8]: two answers to it differ with 0.44.
constexpr double kChanceLow = 0.2;
constexpr double kChanceWidth = 0.6;
constexpr double kChanceDiffers = 0.44;

ItemTruth item_of(const ItemModel& model, Uniform& uniform) {
  const double which = uniform();
  if (which < model.lost) return {1, 0};
  if (which < model.lost + model.gained) return {0, 1};
  if (which >= model.lost + model.gained + model.by_chance) return {};
  const double right = kChanceLow + kChanceWidth * uniform();
  return {right, right - model.loss_by_chance};
}

struct Row {
  LooksCell cell;
  ItemModel model;
};

std::vector<LookTask> look_tasks(const Shape& shape, const Order& order) {
  std::vector<LookTask> tasks(shape.items.size());
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    tasks[t].weight = order.weights()[t];
    tasks[t].distinct = static_cast<std::size_t>(shape.items[t]);
  }
  return tasks;
}

class RepeatsTrial {
 public:
  RepeatsTrial(Row& row, const Shape& shape, const Order& order, const Effort& effort)
      : row_(row),
        shape_(shape),
        order_(order),
        look_tasks_(look_tasks(shape, order)),
        effort_(effort),
        claims_(effort, row.cell.seed + 500) {}

  void run(const LookSchedule& first, Uniform& uniform) {
    LookSchedule schedule = first;
    restart(uniform);
    LooksRun run;
    while (const Look* next = next_look(schedule, run.pairs)) {
      const Look look = *next;
      advance(run.pairs, look.pairs, uniform);
      run.pairs = look.pairs;
      take(schedule, look, run);
      if (run.decided) break;
      Progress progress = progress_of(look);
      progress.round = next_round(schedule, run.pairs, spread_, 0.9, order_.total(), order_.tasks(),
                                  look_tasks_);
      if (auto other = moved(row_.cell.sizes, schedule, progress)) {
        schedule = std::move(*other);
      }
    }
    set_interval(*due(schedule, run.pairs), strata_, row_.cell.truth.difference, run);
    row_.cell.add(run);
  }

 private:
  void restart(Uniform& uniform) {
    truths_.clear();
    counted_ = {};
    for (std::size_t t = 0; t < shape_.items.size(); ++t) {
      counted_.tasks.push_back({std::to_string(t), order_.weights()[t], {}, ""});
      std::vector<ItemTruth>& items = truths_.emplace_back();
      for (std::int64_t i = 0; i < shape_.items[t]; ++i) {
        items.push_back(item_of(row_.model, uniform));
      }
    }
  }

  void advance(std::int64_t from, std::int64_t to, Uniform& uniform) {
    const auto right = [&](double probability) { return uniform() < probability ? 1.0 : 0.0; };
    for (std::size_t t = 0; t < truths_.size(); ++t) {
      for (std::int64_t k = order_.first(from)[t]; k < order_.first(to)[t]; ++k) {
        const auto item = static_cast<std::size_t>(k % shape_.items[t]);
        const ItemTruth& truth = truths_[t][item];
        const PairedScore once{right(truth.baseline), right(truth.candidate), 1};
        std::vector<PairedScore>& pairs = counted_.tasks[t].pairs;
        if (item < pairs.size()) {
          pairs[item] = together(pairs[item], once);
        } else {
          pairs.push_back(once);
        }
      }
    }
    counted_.pairs = to;
  }

  [[nodiscard]] std::vector<Stratum> strata() const {
    std::vector<Stratum> out;
    for (const PoolTask& task : counted_.tasks) {
      std::vector<double> differences;
      for (const PairedScore& pair : task.pairs) {
        differences.push_back(pair.candidate - pair.baseline);
      }
      out.push_back(make_stratum(task.weight, differences));
    }
    return out;
  }

  void take(const LookSchedule& schedule, const Look& look, LooksRun& run) {
    strata_ = strata();
    plain_ = stratified_difference(strata_);
    spread_ = blinded_spread(counted_.tasks);
    error_ =
        std::sqrt(spread_.discordance * spread_.design_effect / static_cast<double>(spread_.pairs));
    const LookClaims found = take_look(look, strata_, plain_, error_, claims_, run);
    if (!found.certain || row_.cell.asked >= effort_.asked) return;
    if (!found.worse && !found.non_inferior) return;
    const LookOutcome outcome = evaluate(schedule, look, counted_, {}, {});
    ++row_.cell.asked;
    row_.cell.agreed +=
        outcome.worse == found.worse && outcome.non_inferior == found.non_inferior ? 1 : 0;
  }

  [[nodiscard]] Progress progress_of(const Look& look) const {
    const bool wants_worse = row_.cell.truth.difference == 0;
    const double distance = wants_worse ? -plain_ : plain_ + kMargin;
    return {look.pairs,
            spread_.discordance,
            spread_.design_effect,
            row_.cell.truth.discordance,
            wants_worse,
            error_ > 0 ? distance / error_ : 0,
            order_.total(),
            std::nullopt,
            true};
  }

  Row& row_;
  const Shape& shape_;
  const Order& order_;
  std::vector<LookTask> look_tasks_;
  Effort effort_;
  Claims claims_;
  std::vector<std::vector<ItemTruth>> truths_;
  CountedPairs counted_;
  std::vector<Stratum> strata_;
  double plain_ = 0;
  double error_ = 0;
  BlindedSpread spread_;
};

std::vector<Row> rows_of(bool quick) {
  std::vector<Row> rows;
  const auto add = [&](const Truth& truth, const ItemModel& model, Sizes sizes) {
    rows.push_back({{truth, sizes, 9001 + rows.size()}, model});
  };
  const auto chance = [](double discordance) { return discordance / kChanceDiffers; };
  // A loss of 3 points spread over all that is a matter of chance, or of 3 items in a hundred that
  // are lost for good; no difference at all, or as many items lost for good as gained.
  const ItemModel alike{.by_chance = chance(0.10)};
  const ItemModel shifted{.by_chance = chance(0.10), .loss_by_chance = kMargin / chance(0.10)};
  const ItemModel lost{.by_chance = chance(0.07), .lost = kMargin};
  const ItemModel only_lost{.lost = kMargin};
  const ItemModel exchanged{.lost = 0.05, .gained = 0.05};
  if (quick) {
    add({"no loss", 0.10, 0}, alike, Sizes::rounds);
    add({"-3, in items", 0.10, -kMargin}, lost, Sizes::rounds);
    return rows;
  }
  for (const Sizes sizes : {Sizes::fixed, Sizes::rounds, Sizes::doubled}) {
    add({"no loss", 0.10, 0}, alike, sizes);
    add({"no loss, items exchanged", 0.10, 0}, exchanged, sizes);
    rows.back().cell.has_power = false;  // repeats do not tell more of them
    add({"-3, by chance", 0.10, -kMargin}, shifted, sizes);
    add({"-3, in items", 0.10, -kMargin}, lost, sizes);
    add({"-3, in items", 0.03, -kMargin}, only_lost, sizes);
  }
  add({"-6, in items", 0.10, -0.06}, {.by_chance = chance(0.04), .lost = 0.06}, Sizes::rounds);
  add({"-10, in items", 0.14, -0.10}, {.by_chance = chance(0.04), .lost = 0.10}, Sizes::rounds);
  return rows;
}

}  // namespace

std::vector<Check> sequential_looks_at_repeats(bool quick) {
  const Shape shape{"30, 198, 250", {30, 198, 250}, false};
  const Order order(shape, 16);
  const LookSettings settings{.alpha = kAlpha, .margin_pp = 100 * kMargin};
  const LookSchedule first = look_schedule(
      settings, target_in_order(settings, {}, order.tasks(), look_tasks(shape, order)));
  const Effort effort = quick ? Effort{100, 1, 100, 1, 0} : Effort{1000, 2, 300, 2, 1};
  std::vector<Row> rows = rows_of(quick);
  std::vector<LooksCell> cells;
  for (const Row& row : rows) cells.push_back(row.cell);
  for_each_cell(cells, [&](LooksCell& cell) {
    Row& row = rows[static_cast<std::size_t>(&cell - cells.data())];
    Uniform uniform(cell.seed);
    RepeatsTrial trial(row, shape, order, effort);
    for (int i = 0; i < effort.runs; ++i) trial.run(first, uniform);
    cell = row.cell;
  });
  fmt::print("\n### Looks: {} items, then up to 16 repeats of each ({} runs a row, target {})\n\n",
             shape.name, effort.runs, first.target);
  print_cells(cells);
  return looks_checks("looks, repeats", cells);
}

}  // namespace assay::sim
