// The whole procedure of looks (stats/looks.h) over one large right/wrong task: false verdicts,
// power and pairs to the end, rounds and growth included.
#include "looks.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>
#include <vector>

#include "flip_walk.h"
#include "look_policies.h"
#include "sim.h"
#include "stats/exact.h"
#include "stats/looks.h"
#include "stats/normal.h"
#include "stats/paired.h"

namespace assay::sim {
namespace {

// From which value of Tango's statistic on a claim is made at a level: the least whose exact p is
// below it. Shared by the threads, as one takes up to a second.
class Borders {
 public:
  double at(std::int64_t n, double delta, double level) {
    const std::tuple key(n, delta, level);
    {
      const std::scoped_lock lock(mutex_);
      const auto place = known_.find(key);
      if (place != known_.end()) return place->second;
    }
    const double border = found(n, delta, level);
    const std::scoped_lock lock(mutex_);
    return known_.emplace(key, border).first->second;
  }

 private:
  static double found(std::int64_t n, double delta, double level) {
    const double z = -normal_quantile(level);
    if (exact_size(n, delta, z) < level) return z;
    double low = z;
    double high = z + 0.5;
    while (!(exact_size(n, delta, high) < level) && high < z + 4) high += 0.5;
    for (int i = 0; i < 14; ++i) {
      const double middle = 0.5 * (low + high);
      (exact_size(n, delta, middle) < level ? high : low) = middle;
    }
    return high;
  }

  std::mutex mutex_;
  std::map<std::tuple<std::int64_t, double, double>, double> known_;
};

PairedCounts counts_of(const Flips& flips) {
  return {0, flips.to_wrong, flips.to_right, flips.n - flips.to_wrong - flips.to_right};
}

// The look itself, of a baseline that answers 7 items of 10. Without a table of that kind: none.
std::optional<LookOutcome> evaluated(const LookSchedule& schedule, const Look& look,
                                     const Flips& flips) {
  const std::int64_t right = flips.n * 7 / 10;
  if (flips.to_wrong > right || flips.to_right > flips.n - right) return std::nullopt;
  PoolTask task{"task", 1, {}, ""};
  for (std::int64_t i = 0; i < flips.n; ++i) {
    const bool was_right = i < right;
    const bool flip = was_right ? i < flips.to_wrong : i - right < flips.to_right;
    task.pairs.push_back({was_right ? 1.0 : 0.0, was_right != flip ? 1.0 : 0.0});
  }
  return evaluate(schedule, look, {{task}, flips.n}, {}, {});
}

class Trial {
 public:
  Trial(LooksCell& cell, Borders& borders, int asked, std::int64_t most_pairs)
      : cell_(cell), walk_(cell.truth), borders_(borders), asked_(asked), most_pairs_(most_pairs) {}

  void run(const LookSchedule& first, Uniform& uniform) {
    LookSchedule schedule = first;
    walk_.restart(uniform);
    LooksRun run;
    while (const Look* next = next_look(schedule, run.pairs)) {
      const Look look = *next;
      walk_.advance_to(look.pairs, uniform);
      run.pairs = look.pairs;
      take(schedule, look, run);
      if (run.decided) break;
      if (auto anew = begins_anew(cell_.sizes, schedule, progress_of(look, run))) {
        schedule = std::move(*anew);
        walk_.restart(uniform);
        run.pairs = 0;
        continue;
      }
      if (auto other = moved(cell_.sizes, schedule, progress_of(look, run))) {
        schedule = std::move(*other);
      }
    }
    cell_.add(run);
  }

 private:
  void take(const LookSchedule& schedule, const Look& look, LooksRun& run) {
    const PairedCounts counts = counts_of(walk_.flips());
    above_ = tango_statistic(counts, -kMargin);
    below_ = -tango_statistic(counts, 0);
    const bool worse =
        look.worse_level > 0 && below_ >= borders_.at(look.pairs, 0, look.worse_level) - kTie;
    const bool non_inferior =
        look.non_inferior_level > 0 &&
        above_ >= borders_.at(look.pairs, -kMargin, look.non_inferior_level) - kTie;
    const bool beyond = counts.difference() < -kMargin;
    run.worse = run.worse || worse;
    run.non_inferior = run.non_inferior || non_inferior;
    run.decided = non_inferior || (worse && beyond);
    set_interval(look, counts, worse, non_inferior, run);
    if (cell_.asked >= asked_ || !(worse || non_inferior)) return;
    const auto outcome = evaluated(schedule, look, walk_.flips());
    if (!outcome) return;
    ++cell_.asked;
    cell_.agreed += outcome->worse == worse && outcome->non_inferior == non_inferior ? 1 : 0;
  }

  void set_interval(const Look& look, const PairedCounts& counts, bool worse, bool non_inferior,
                    LooksRun& run) const {
    const double low = look.non_inferior_level > 0 ? look.non_inferior_level : look.worse_level;
    const double high = look.worse_level > 0 ? look.worse_level : look.non_inferior_level;
    // The ends are beyond the truth exactly when the statistic there says so; an end that its claim
    // does not support is moved back to the threshold.
    const double truth = cell_.truth.difference;
    const double statistic = tango_statistic(counts, truth);
    const bool asks_low = look.non_inferior_level > 0;
    const bool asks_high = look.worse_level > 0;
    run.misses_low =
        statistic > -normal_quantile(low) && (!asks_low || non_inferior || truth < -kMargin);
    run.misses_high = statistic < normal_quantile(high) && (!asks_high || worse || truth > 0);
  }

  [[nodiscard]] Progress progress_of(const Look& look, const LooksRun& run) const {
    const Flips& flips = walk_.flips();
    const bool wants_worse = cell_.truth.difference == 0;
    return {run.pairs,
            static_cast<double>(flips.to_wrong + flips.to_right) / static_cast<double>(look.pairs),
            1,
            cell_.truth.discordance,
            wants_worse,
            wants_worse ? below_ : above_,
            most_pairs_};
  }

  LooksCell& cell_;
  FlipWalk walk_;
  Borders& borders_;
  int asked_;
  std::int64_t most_pairs_;
  double above_ = 0;  // statistics of the last look, large where its claim is made
  double below_ = 0;
};

}  // namespace

void LooksCell::add(const LooksRun& run) {
  ++runs;
  worse += run.worse ? 1 : 0;
  non_inferior += run.non_inferior ? 1 : 0;
  undecided += run.decided ? 0 : 1;
  misses_low += run.misses_low ? 1 : 0;
  misses_high += run.misses_high ? 1 : 0;
  pairs.push_back(run.pairs);
}

double LooksCell::share(int LooksCell::* count) const {
  return static_cast<double>(this->*count) / runs;
}

std::int64_t LooksCell::median() const {
  std::vector<std::int64_t> sorted = pairs;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

double LooksCell::mean() const {
  double sum = 0;
  for (const std::int64_t n : pairs) sum += static_cast<double>(n);
  return sum / static_cast<double>(pairs.size());
}

void print_cells(const std::vector<LooksCell>& cells) {
  fmt::print(
      "| truth | flips | how far it goes | NON-INFERIOR | WORSE | not decided | median pairs | "
      "mean "
      "pairs | truth below the interval | above it |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  for (const LooksCell& cell : cells) {
    fmt::print(
        "| {} | {:.0f} % | {} | {:.2f} | {:.2f} | {:.1f} | {} | {:.0f} | {:.2f} | {:.2f} |\n",
        cell.truth.name, 100 * cell.truth.discordance, sizes_name(cell.sizes),
        100 * cell.share(&LooksCell::non_inferior), 100 * cell.share(&LooksCell::worse),
        100 * cell.share(&LooksCell::undecided), cell.median(), cell.mean(),
        100 * cell.share(&LooksCell::misses_low), 100 * cell.share(&LooksCell::misses_high));
  }
}

void for_each_cell(std::vector<LooksCell>& cells, const std::function<void(LooksCell&)>& simulate) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&] {
      for (std::size_t c = next++; c < cells.size(); c = next++) simulate(cells[c]);
    });
  }
}

std::vector<LooksCell> looks_of_one_task(bool quick) {
  std::vector<LooksCell> cells;
  const auto add = [&](const Truth& truth, Sizes sizes) {
    cells.push_back({truth, sizes, 7001 + cells.size(), 0});
  };
  constexpr std::array kSizes{Sizes::fixed, Sizes::rounds, Sizes::doubled, Sizes::by_spread,
                              Sizes::by_score};
  for (const double discordance : {0.03, 0.05, 0.10, 0.20, 0.30}) {
    if (quick && discordance != 0.03 && discordance != 0.10) continue;
    for (const Sizes sizes : kSizes) {
      add({"no loss", discordance, 0}, sizes);
      add({"-3", discordance, -kMargin}, sizes);
    }
  }
  for (const Sizes sizes : {Sizes::fixed, Sizes::rounds, Sizes::doubled}) {
    add({"-6", 0.10, -0.06}, sizes);
    add({"-10", 0.14, -0.10}, sizes);
  }
  for (const double discordance : {0.03, 0.10, 0.30}) {
    if (quick && discordance == 0.30) continue;
    add({"no loss", discordance, 0}, Sizes::anew);
    add({"-3", discordance, -kMargin}, Sizes::anew);
  }
  const LookSettings settings{.alpha = kAlpha, .margin_pp = 100 * kMargin};
  const LookSchedule first = look_schedule(settings, first_target(settings, {}).value());
  const int runs = quick ? 3000 : 20'000;
  Borders borders;
  for_each_cell(cells, [&](LooksCell& cell) {
    Uniform uniform(cell.seed);
    Trial trial(cell, borders, quick ? 2 : 20, quick ? 6000 : 10'000);
    for (int i = 0; i < runs; ++i) trial.run(first, uniform);
  });
  std::sort(cells.begin(), cells.end(), [](const LooksCell& a, const LooksCell& b) {
    return std::tuple(-a.truth.difference, a.truth.discordance, a.sizes) <
           std::tuple(-b.truth.difference, b.truth.discordance, b.sizes);
  });
  fmt::print("\n### Looks: one large task ({} runs a row, target {})\n\n", runs, first.target);
  print_cells(cells);
  return cells;
}

std::vector<Check> looks_checks(const std::string& what, const std::vector<LooksCell>& cells) {
  double worse = 0;
  double non_inferior = 0;
  double missed = 0;
  double power = 1;
  double asked = 0;
  double agreed = 0;
  int runs = 1;
  std::vector<Check> checks;
  for (const LooksCell& cell : cells) {
    runs = cell.runs;
    asked += cell.asked;
    agreed += cell.agreed;
    missed =
        std::max({missed, cell.share(&LooksCell::misses_low), cell.share(&LooksCell::misses_high)});
    if (cell.truth.difference == 0 && cell.truth.discordance == 0.10 && cell.has_power &&
        cell.sizes != Sizes::anew) {
      power = std::min(power, cell.share(&LooksCell::non_inferior));
    }
    if (cell.truth.difference == 0) worse = std::max(worse, cell.share(&LooksCell::worse));
    if (cell.truth.difference == -kMargin) {
      non_inferior = std::max(non_inferior, cell.share(&LooksCell::non_inferior));
    }
  }
  const double slack = 3 * std::sqrt(kAlpha * (1 - kAlpha) / runs);
  checks.push_back(
      {what + ": most false WORSE, rounds and growth included", worse, 0, kAlpha + slack});
  checks.push_back({what + ": most false NON-INFERIOR, rounds and growth included", non_inferior, 0,
                    kAlpha + slack});
  checks.push_back({what + ": either end of the last look's interval, most on the wrong side",
                    missed, 0, kAlpha + slack});
  checks.push_back({what + ": least power, lossless and 10 % flips, whoever sets the sizes", power,
                    0.9 - 3 * std::sqrt(0.09 / runs), 1});
  if (asked > 0)
    checks.push_back({what + ": looks of which evaluate says the same", agreed / asked, 1, 1});
  return checks;
}

std::vector<Check> sequential_looks(bool quick) {
  const std::vector<LooksCell> cells = looks_of_one_task(quick);
  std::vector<Check> checks = looks_checks("looks, one task", cells);
  for (const LooksCell& cell : cells) {
    if (cell.sizes != Sizes::fixed || cell.truth.difference > -0.05) continue;
    const std::int64_t most = cell.truth.difference == -0.06 ? 128 : 64;
    double within = 0;
    for (const std::int64_t n : cell.pairs) within += n <= most ? 1 : 0;
    checks.push_back(
        {fmt::format("looks, one task: {} decided with at most {} pairs", cell.truth.name, most),
         within / cell.runs, 0.5, 1});
  }
  return checks;
}

}  // namespace assay::sim
