// The whole procedure of looks over a pooled primary of seven tasks, whose pairs come in a frozen
// order that gives each task its share from the first look on.
#include <fmt/core.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "looks.h"
#include "pool_claims.h"
#include "pool_draws.h"
#include "stats/comparison.h"
#include "stats/looks.h"
#include "stats/normal.h"
#include "stats/stratified.h"

namespace assay::sim {
namespace {

class PoolTrial {
 public:
  PoolTrial(LooksCell& cell, const Order& order, const Effort& effort)
      : cell_(cell), order_(order), effort_(effort), claims_(effort, cell.seed + 500) {
    const std::vector<double>& weights = order.weights();
    const double rest = std::accumulate(weights.begin() + 1, weights.end(), 0.0);
    for (std::size_t t = 0; t < weights.size(); ++t) {
      // Weighted, the deviations of the tasks sum to 0.
      const double deviation =
          t == 0 ? cell.first_task_apart : -cell.first_task_apart * weights[0] / rest;
      walks_.emplace_back(Truth{"", cell.truth.discordance, cell.truth.difference + deviation});
    }
    draw_.resize(walks_.size());
  }

  void run(const LookSchedule& first, Uniform& uniform) {
    LookSchedule schedule = first;
    for (FlipWalk& walk : walks_) walk.restart(uniform);
    LooksRun run;
    while (const Look* next = next_look(schedule, run.pairs)) {
      const Look look = *next;
      for (std::size_t t = 0; t < walks_.size(); ++t) {
        walks_[t].advance_to(order_.first(look.pairs)[t], uniform);
        draw_[t] = walks_[t].flips();
      }
      run.pairs = look.pairs;
      take(schedule, look, run);
      if (run.decided) break;
      if (auto anew = begins_anew(cell_.sizes, schedule, progress_of(look))) {
        schedule = std::move(*anew);
        for (FlipWalk& walk : walks_) walk.restart(uniform);
        run.pairs = 0;
        continue;
      }
      if (auto other = moved(cell_.sizes, schedule, progress_of(look))) {
        schedule = std::move(*other);
      }
    }
    set_interval(*due(schedule, run.pairs), strata_of(draw_, order_.weights()),
                 cell_.truth.difference, run);
    cell_.add(run);
  }

 private:
  // Estimate and variance as a plain mean would have them: far from a claim nothing else is needed.
  void set_plain() {
    const std::vector<double>& weights = order_.weights();
    double sum = 0;
    plain_ = 0;
    discordance_ = 0;
    double squares = 0;
    for (std::size_t t = 0; t < draw_.size(); ++t) {
      const auto n = static_cast<double>(draw_[t].n);
      const auto flips = static_cast<double>(draw_[t].to_wrong + draw_[t].to_right);
      sum += weights[t];
      plain_ += weights[t] * static_cast<double>(draw_[t].to_right - draw_[t].to_wrong) / n;
      squares += weights[t] * weights[t] / n;
      discordance_ += weights[t] * weights[t] / n * flips / n;
    }
    plain_ /= sum;
    error_ = std::sqrt(discordance_) / sum;
    discordance_ /= squares;
  }

  void take(const LookSchedule& schedule, const Look& look, LooksRun& run) {
    set_plain();
    const std::vector<Stratum> strata = strata_of(draw_, order_.weights());
    const LookClaims found = take_look(look, strata, plain_, error_, claims_, run);
    if (!found.certain || cell_.asked >= effort_.asked) return;
    if (!found.worse && !found.non_inferior) return;
    const LookOutcome outcome =
        evaluate(schedule, look, {pool_tasks_of(draw_, order_.weights()), look.pairs}, {}, {});
    ++cell_.asked;
    cell_.agreed +=
        outcome.worse == found.worse && outcome.non_inferior == found.non_inferior ? 1 : 0;
  }

  [[nodiscard]] Progress progress_of(const Look& look) const {
    const bool wants_worse = cell_.truth.difference == 0;
    const double distance = wants_worse ? -plain_ : plain_ + kMargin;
    return {look.pairs,
            discordance_,
            order_.design_effect(look.pairs),
            cell_.truth.discordance,
            wants_worse,
            error_ > 0 ? distance / error_ : 0,
            order_.total()};
  }

  LooksCell& cell_;
  const Order& order_;
  Effort effort_;
  Claims claims_;
  std::vector<FlipWalk> walks_;
  Draw draw_;
  double plain_ = 0;
  double error_ = 0;
  double discordance_ = 0;
};

std::vector<LooksCell> cells_of(bool quick) {
  std::vector<LooksCell> cells;
  const auto add = [&](const Truth& truth, Sizes sizes, double apart = 0) {
    cells.push_back({truth, sizes, 8001 + cells.size()});
    cells.back().first_task_apart = apart;
  };
  if (quick) {
    add({"no loss", 0.10, 0}, Sizes::doubled);
    add({"-3", 0.10, -kMargin}, Sizes::doubled);
    return cells;
  }
  for (const Sizes sizes : {Sizes::rounds, Sizes::doubled, Sizes::by_score}) {
    add({"no loss", 0.10, 0}, sizes);
    add({"-3", 0.10, -kMargin}, sizes);
  }
  add({"no loss", 0.05, 0}, Sizes::doubled);
  add({"-3", 0.05, -kMargin}, Sizes::doubled);
  add({"no loss", 0.20, 0}, Sizes::doubled);
  add({"-3", 0.20, -kMargin}, Sizes::doubled);
  add({"no loss; first task +4, others -1.3", 0.10, 0}, Sizes::doubled, 0.04);
  add({"-3; first task +1, others -4.3", 0.10, -kMargin}, Sizes::doubled, 0.04);
  add({"-6", 0.10, -0.06}, Sizes::fixed);
  add({"-10", 0.14, -0.10}, Sizes::fixed);
  add({"no loss", 0.10, 0}, Sizes::anew);
  add({"-3", 0.10, -kMargin}, Sizes::anew);
  add({"-3", 0.20, -kMargin}, Sizes::anew);
  return cells;
}

}  // namespace

std::vector<Check> sequential_looks_pooled(bool quick) {
  const Shape shape{
      "1319, 1000, 541, 500, 198, 164, 30", {1319, 1000, 541, 500, 198, 164, 30}, false};
  const Order order(shape);
  const LookSettings settings{.alpha = kAlpha, .margin_pp = 100 * kMargin};
  const std::int64_t plain = first_target(settings, {}).value();
  const LookSchedule first = look_schedule(
      settings, first_target(settings, {.design_effect = order.design_effect(plain)}).value());
  const Effort effort = quick ? Effort{200, 1, 100, 1, 0} : Effort{1000, 2, 300, 2, 1};
  std::vector<LooksCell> cells = cells_of(quick);
  for_each_cell(cells, [&](LooksCell& cell) {
    Uniform uniform(cell.seed);
    PoolTrial trial(cell, order, effort);
    for (int i = 0; i < effort.runs; ++i) trial.run(first, uniform);
  });
  fmt::print("\n### Looks: {} pooled ({} runs a row, target {})\n\n", shape.name, effort.runs,
             first.target);
  print_cells(cells);
  return looks_checks("looks, pooled", cells);
}

}  // namespace assay::sim
