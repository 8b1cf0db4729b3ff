// What the simulations of looks at pools share: the order of their pairs, and who makes a claim.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <tuple>
#include <vector>

#include "looks.h"
#include "pool_draws.h"
#include "sim.h"
#include "stats/looks.h"
#include "stats/normal.h"
#include "stats/stratified.h"

namespace assay::sim {

// Of a simulated p. Levels that would need more come after many looks, or when a candidate is
// answered anew; then close calls are claimed too rarely, by their level at the most.
constexpr double kMostDraws = 50'000;

struct Effort {
  int runs;
  int simulated;  // of the close calls of a look and bin, the first this many
  int draws;      // of a simulated p, at the least
  double draws_times_level;
  int asked;
};

// The first n pairs of the order by task: the next pair goes to the task that is furthest behind
// its weight's share, as long as it has items, each of which may come several times.
class Order {
 public:
  explicit Order(const Shape& shape, std::int64_t passes = 1) {
    for (const std::int64_t n : shape.items) weights_.push_back(std::sqrt(static_cast<double>(n)));
    std::vector<std::int64_t> taken(shape.items.size(), 0);
    const auto total =
        passes * std::accumulate(shape.items.begin(), shape.items.end(), std::int64_t{0});
    first_.push_back(taken);
    for (std::int64_t i = 0; i < total; ++i) {
      std::size_t next = shape.items.size();
      double least = 0;
      for (std::size_t t = 0; t < shape.items.size(); ++t) {
        const double share = (static_cast<double>(taken[t]) + 0.5) / weights_[t];
        if (taken[t] == passes * shape.items[t] || (next < taken.size() && share >= least))
          continue;
        next = t;
        least = share;
      }
      ++taken[next];
      first_.push_back(taken);
      tasks_.push_back(next);
    }
  }

  [[nodiscard]] const std::vector<double>& weights() const { return weights_; }
  [[nodiscard]] std::int64_t total() const { return static_cast<std::int64_t>(first_.size()) - 1; }
  [[nodiscard]] const std::vector<std::int64_t>& first(std::int64_t n) const {
    return first_[static_cast<std::size_t>(n)];
  }
  // Of each pair.
  [[nodiscard]] const std::vector<std::size_t>& tasks() const { return tasks_; }
  // N * sum of w_t^2 / n_t of the first n.
  [[nodiscard]] double design_effect(std::int64_t n) const {
    double sum = 0;
    double squares = 0;
    for (std::size_t t = 0; t < weights_.size(); ++t) {
      sum += weights_[t];
      squares += weights_[t] * weights_[t] / static_cast<double>(first(n)[t]);
    }
    return static_cast<double>(n) * squares / (sum * sum);
  }

 private:
  std::vector<double> weights_;
  std::vector<std::vector<std::int64_t>> first_;
  std::vector<std::size_t> tasks_;
};

// Whether a claim is made at a level: certain far below it, and for close calls by the simulated p.
// Of the close calls of a look the first of each third get one, and stand for the others.
class Claims {
 public:
  Claims(const Effort& effort, std::uint64_t seed) : effort_(effort), uniform_(seed) {}

  bool made(const std::vector<Stratum>& strata, double delta, bool below, double level,
            std::int64_t pairs) {
    last_is_certain_ = true;
    const double p = below ? stratified_p_below(strata, delta) : stratified_p_above(strata, delta);
    if (p >= level) return false;
    if (p < level / 10) return true;
    last_is_certain_ = false;
    const int bin = std::min(2, static_cast<int>((p / level - 0.1) / 0.3));
    Bin& of = bins_[{pairs, below, level, bin}];
    if (of.simulated >= effort_.simulated) {
      return uniform_() * of.simulated < of.confirmed;
    }
    ++of.simulated;
    const bool claim = simulated(strata, delta, below, level) < level;
    of.confirmed += claim ? 1 : 0;
    return claim;
  }
  [[nodiscard]] bool last_is_certain() const { return last_is_certain_; }

 private:
  struct Bin {
    int simulated = 0;
    int confirmed = 0;
  };

  [[nodiscard]] double simulated(const std::vector<Stratum>& strata, double delta, bool below,
                                 double level) const {
    const double wanted = std::max<double>(effort_.draws, effort_.draws_times_level / level);
    const int draws = static_cast<int>(std::min(kMostDraws, wanted));
    if ((draws + 1) * level <= 1) return 1;  // whatever is drawn, the claim is not made
    const NullSimulation simulation{draws, BootstrapOptions{}.seed};
    return below ? stratified_simulated_p_below(strata, delta, simulation)
                 : stratified_simulated_p_above(strata, delta, simulation);
  }

  Effort effort_;
  Uniform uniform_;
  std::map<std::tuple<std::int64_t, bool, double, int>, Bin> bins_;
  bool last_is_certain_ = true;
};

struct LookClaims {
  bool worse = false;
  bool non_inferior = false;
  bool certain = true;  // neither took a simulated p
};

// What a look claims of these strata, and with it whether the run is decided. `plain`, `error`:
// estimate and standard error as of a plain mean; nothing further off than that is put to a test.
inline LookClaims take_look(const Look& look, const std::vector<Stratum>& strata, double plain,
                            double error, Claims& claims, LooksRun& run) {
  LookClaims out;
  const auto claimed = [&](double level, double delta, bool below) {
    const double distance = below ? delta - plain : plain - delta;
    if (level == 0 || distance < error) return false;
    const bool claim = claims.made(strata, delta, below, level, look.pairs);
    out.certain = out.certain && claims.last_is_certain();
    return claim;
  };
  out.worse = claimed(look.worse_level, 0, true);
  out.non_inferior = claimed(look.non_inferior_level, -kMargin, false);
  run.worse = run.worse || out.worse;
  run.non_inferior = run.non_inferior || out.non_inferior;
  run.decided = out.non_inferior || (out.worse && plain < -kMargin);
  return out;
}

// Whether the interval of a run's last look misses the truth.
inline void set_interval(const Look& look, const std::vector<Stratum>& strata, double truth,
                         LooksRun& run) {
  const double low = look.non_inferior_level > 0 ? look.non_inferior_level : look.worse_level;
  const double high = look.worse_level > 0 ? look.worse_level : look.non_inferior_level;
  const double statistic = stratified_statistic(strata, truth);
  run.misses_low = statistic > -normal_quantile(low);
  run.misses_high = statistic < normal_quantile(high);
}

}  // namespace assay::sim
