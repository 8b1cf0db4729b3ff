// Right/wrong items: no random numbers. Every table of n pairs is enumerated with its probability,
// so coverage and error rates are exact.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>

#include "sim.h"
#include "stats/exact.h"
#include "stats/normal.h"
#include "stats/paired.h"

namespace assay::sim {
namespace {

constexpr double kNegligible = 1e-13;

// The z beyond which a test of "difference at most delta" claims something, in n pairs.
struct Thresholds {
  double asymptotic = 0;
  double verdict = 0;  // where the exact p is below alpha too
};

// exact p falls as the statistic rises, so the least statistic with p < alpha is found by halving.
double exact_threshold(std::int64_t n, double delta, double z) {
  if (exact_size(n, delta, z) < kAlpha) return z;
  double low = z;
  double high = z + 1.5;
  for (int i = 0; i < 18; ++i) {
    const double middle = 0.5 * (low + high);
    (exact_size(n, delta, middle) < kAlpha ? high : low) = middle;
  }
  return high;
}

// The statistics of every table, once per n: they do not depend on the true probabilities.
struct Tables {
  std::int64_t n = 0;
  std::int64_t most = 0;    // flips beyond this are too improbable on the grid
  Thresholds worse;         // at delta = 0, mirrored
  Thresholds non_inferior;  // at delta = -margin
};

Tables tables_for(std::int64_t n, double most_discordance) {
  Tables tables{n, 0, {}, {}};
  const double mean = static_cast<double>(n) * most_discordance;
  tables.most = std::min(n, static_cast<std::int64_t>(mean + 9 * std::sqrt(mean) + 10));
  const double z = -normal_quantile(kAlpha);
  tables.worse = {z, exact_threshold(n, 0, z)};
  tables.non_inferior = {z, exact_threshold(n, -kMargin, z)};
  return tables;
}

struct Rates {
  double coverage = 0;
  double worse = 0;
  double non_inferior = 0;
  double within_margin = 0;
  double worse_asymptotic = 0;
  double non_inferior_asymptotic = 0;
};

Rates rates_of(const Tables& tables, double discordance, double difference) {
  const double p_down = std::max(0.0, 0.5 * (discordance - difference));
  const double p_up = std::max(0.0, 0.5 * (discordance + difference));
  const auto total = static_cast<double>(tables.n);
  const auto power_of = [](double p, double k) { return k > 0 ? k * std::log(p) : 0.0; };
  Rates rates;
  for (std::int64_t down = 0; down <= tables.most; ++down) {
    if (down > 0 && p_down <= 0) break;
    for (std::int64_t up = 0; up + down <= std::min(tables.n, tables.most); ++up) {
      if (up > 0 && p_up <= 0) break;
      const auto d = static_cast<double>(down);
      const auto u = static_cast<double>(up);
      const double probability =
          std::exp(std::lgamma(total + 1) - std::lgamma(d + 1) - std::lgamma(u + 1) -
                   std::lgamma(total - d - u + 1) + power_of(p_down, d) + power_of(p_up, u) +
                   power_of(1 - discordance, total - d - u));
      if (probability < kNegligible) continue;
      const PairedCounts counts{tables.n - down - up, down, up, 0};
      const double at_truth = tango_statistic(counts, difference);
      const double at_zero = -tango_statistic(counts, 0);
      const double at_margin = tango_statistic(counts, -kMargin);
      if (std::abs(at_truth) <= kZ95) rates.coverage += probability;
      if (at_zero > tables.worse.asymptotic) rates.worse_asymptotic += probability;
      if (at_margin > tables.non_inferior.asymptotic) rates.non_inferior_asymptotic += probability;
      const bool worse = at_zero >= tables.worse.verdict;
      const bool non_inferior = at_margin >= tables.non_inferior.verdict;
      if (worse) rates.worse += probability;
      if (non_inferior) rates.non_inferior += probability;
      if (worse && non_inferior) rates.within_margin += probability;
    }
  }
  return rates;
}

// A cell exists for an accuracy when enough items are right to flip down and wrong to flip up.
int accuracies_that_exist(double discordance, double difference) {
  constexpr std::array kAccuracies{0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95};
  const double p_down = 0.5 * (discordance - difference);
  const double p_up = 0.5 * (discordance + difference);
  if (p_down < -1e-12 || p_up < -1e-12) return 0;
  return static_cast<int>(std::count_if(kAccuracies.begin(), kAccuracies.end(), [&](double a) {
    return p_down <= a + 1e-12 && p_up <= 1 - a + 1e-12;
  }));
}

struct Mean {
  double sum = 0;
  double weight = 0;
  double least = 1;
  double most = 0;
  void add(double value, double times) {
    sum += value * times;
    weight += times;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  [[nodiscard]] double mean() const { return weight > 0 ? sum / weight : 0; }
};

struct Summary {
  Mean many;   // coverage where at least 5 discordant pairs are expected
  Mean fewer;  // and elsewhere
  Mean false_worse;
  Mean false_non_inferior;
  Mean false_worse_asymptotic;
  Mean false_non_inferior_asymptotic;
};

void summarise(Summary& s, std::int64_t n, double discordance, double difference,
               const Rates& rates, int cells) {
  const bool many = static_cast<double>(n) * discordance >= 5 - 1e-9;
  (many ? s.many : s.fewer).add(rates.coverage, cells);
  if (difference >= 0) {
    s.false_worse.add(rates.worse, cells);
    s.false_worse_asymptotic.add(rates.worse_asymptotic, cells);
  }
  if (difference <= -kMargin) {
    s.false_non_inferior.add(rates.non_inferior, cells);
    s.false_non_inferior_asymptotic.add(rates.non_inferior_asymptotic, cells);
  }
}

constexpr std::array kDiscordances{0.02, 0.03, 0.05, 0.10, 0.20, 0.30};
constexpr std::array kDifferences{0.02, 0.0, -0.01, -0.02, -0.03, -0.05, -0.10, -0.20};

void print_rates(const std::vector<std::int64_t>& sizes,
                 const std::map<std::int64_t, Tables>& tables) {
  const auto table = [&](const char* title, double difference, auto value) {
    fmt::print("\n{}\n\n| discordance |", title);
    for (const std::int64_t n : sizes) fmt::print(" n = {} |", n);
    fmt::print("\n| --- |");
    for (std::size_t i = 0; i < sizes.size(); ++i) fmt::print(" --- |");
    fmt::print("\n");
    for (const double discordance : kDiscordances) {
      if (accuracies_that_exist(discordance, difference) == 0) continue;
      fmt::print("| {:.0f} % |", 100 * discordance);
      for (const std::int64_t n : sizes) {
        const Rates rates = rates_of(tables.at(n), discordance, difference);
        fmt::print(" {:.1f} |", 100 * value(rates));
      }
      fmt::print("\n");
    }
  };
  const auto coverage = [](const Rates& r) { return r.coverage; };
  table("Coverage of the 95 % interval in %, no true difference:", 0, coverage);
  table("Coverage of the 95 % interval in %, true difference -3 points:", -0.03, coverage);
  table("False WORSE in %, no true difference:", 0, [](const Rates& r) { return r.worse; });
  table("False NON-INFERIOR in %, true difference -3 points (the margin):", -kMargin,
        [](const Rates& r) { return r.non_inferior; });
  table("The same by Tango's bound alone, which this program does not go by:", -kMargin,
        [](const Rates& r) { return r.non_inferior_asymptotic; });
  table("Power: NON-INFERIOR in %, no true difference:", 0,
        [](const Rates& r) { return r.non_inferior; });
  table("Power: NON-INFERIOR in %, true difference -1 point:", -0.01,
        [](const Rates& r) { return r.non_inferior; });
  table("Power: WORSE (within the margin or not) in %, true difference -3 points:", -0.03,
        [](const Rates& r) { return r.worse; });
  table("Power: WORSE in %, true difference -5 points:", -0.05,
        [](const Rates& r) { return r.worse; });
  table("Power: WORSE in %, true difference -10 points:", -0.10,
        [](const Rates& r) { return r.worse; });
}

}  // namespace

std::vector<Check> binary_grid(bool quick) {
  const std::vector<std::int64_t> sizes =
      quick ? std::vector<std::int64_t>{20, 30, 50, 100}
            : std::vector<std::int64_t>{20, 30, 50, 75, 100, 150, 200, 300, 400, 500};
  fmt::print("### Right/wrong items (exact enumeration)\n");
  std::map<std::int64_t, Tables> tables;
  Summary s;
  for (const std::int64_t n : sizes) {
    tables[n] = tables_for(n, kDiscordances.back());
    for (const double discordance : kDiscordances) {
      for (const double difference : kDifferences) {
        const int cells = accuracies_that_exist(discordance, difference);
        if (cells == 0) continue;
        summarise(s, n, discordance, difference, rates_of(tables[n], discordance, difference),
                  cells);
      }
    }
  }
  print_rates(sizes, tables);
  fmt::print("\n| over {:.0f} cells | mean | least | most |\n| --- | --- | --- | --- |\n",
             s.many.weight + s.fewer.weight);
  const auto row = [](const char* what, const Mean& m) {
    fmt::print("| {} ({:.0f} cells) | {:.2f} % | {:.2f} % | {:.2f} % |\n", what, m.weight,
               100 * m.mean(), 100 * m.least, 100 * m.most);
  };
  row("coverage, 5 or more discordant pairs expected", s.many);
  row("coverage, fewer expected", s.fewer);
  row("false WORSE", s.false_worse);
  row("false WORSE by Tango's bound alone", s.false_worse_asymptotic);
  row("false NON-INFERIOR", s.false_non_inferior);
  row("false NON-INFERIOR by Tango's bound alone", s.false_non_inferior_asymptotic);
  return {
      {"right/wrong: mean coverage, 5 or more discordant pairs expected", s.many.mean(), 0.94,
       0.97},
      {"right/wrong: mean coverage, fewer expected", s.fewer.mean(), 0.94, 1},
      {"right/wrong: least coverage of any cell", std::min(s.many.least, s.fewer.least), 0.93, 1},
      {"right/wrong: most false WORSE of any cell", s.false_worse.most, 0, kAlpha},
      {"right/wrong: most false NON-INFERIOR of any cell", s.false_non_inferior.most, 0, kAlpha},
  };
}

}  // namespace assay::sim
