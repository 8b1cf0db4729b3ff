// False verdicts of a single right/wrong task from 10 to 20,000 items, enumerated, and beside them
// the rule of `nel gate` over the same tables.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "nel_gate.h"
#include "sim.h"
#include "stats/comparison.h"
#include "stats/exact.h"
#include "stats/normal.h"
#include "stats/paired.h"

namespace assay::sim {
namespace {

constexpr std::array kDiscordances{0.02, 0.03, 0.05, 0.10, 0.20, 0.30};

// From which value of Tango's statistic at `delta` on compare_counts makes its claim: the least
// whose exact p is below alpha. The exact p falls as the statistic rises, so it is found by
// halving, much as exact_critical_value does for few items.
double critical_value(std::int64_t n, double delta) {
  const double z = normal_quantile(1 - kAlpha);
  if (exact_size(n, delta, z) < kAlpha) return z;
  double low = z;
  double high = z + 1.5;
  for (int i = 0; i < 20; ++i) {
    const double middle = 0.5 * (low + high);
    (exact_size(n, delta, middle) < kAlpha ? high : low) = middle;
  }
  return high;
}

// The probability that nel gate passes a benchmark of n items: every table that is not too
// improbable to count is looked at, as what passes has no simple border (no flip at all passes,
// one may not).
double nel_pass_rate(std::int64_t n, double p_down, double p_up) {
  const double t = nel_quantile(n);
  const auto total = static_cast<double>(n);
  std::vector<double> log_factorial(static_cast<std::size_t>(n) + 1);
  for (std::size_t i = 2; i < log_factorial.size(); ++i) {
    log_factorial[i] = log_factorial[i - 1] + std::log(static_cast<double>(i));
  }
  const auto logs = [&](std::int64_t k) { return log_factorial[static_cast<std::size_t>(k)]; };
  const auto power = [](double p, std::int64_t k) {
    return k == 0 ? 0.0 : static_cast<double>(k) * std::log(p);
  };
  const auto window = [&](double p) {
    const double reach = 8 * std::sqrt(total * p) + 20;
    return std::pair(std::max<std::int64_t>(0, std::llround(total * p - reach)),
                     p <= 0 ? 0 : std::min<std::int64_t>(n, std::llround(total * p + reach)));
  };
  const auto [least_down, most_down] = window(p_down);
  const auto [least_up, most_up] = window(p_up);
  double rate = 0;
  for (std::int64_t down = least_down; down <= most_down; ++down) {
    for (std::int64_t up = least_up; up <= std::min(most_up, n - down); ++up) {
      if (!nel_passes({n, down, up}, t, kMargin)) continue;
      rate += std::exp(logs(n) - logs(down) - logs(up) - logs(n - down - up) + power(p_down, down) +
                       power(p_up, up) + power(1 - p_down - p_up, n - down - up));
    }
  }
  return rate;
}

// The table as compare_counts takes it, of a baseline that answers 7 of 10; empty when that many
// flips to wrong do not exist.
PairedCounts table_of(std::int64_t n, std::int64_t down, std::int64_t up) {
  const std::int64_t right = n * 7 / 10;
  if (down > right || up > n - right) return {};
  return {right - down, down, up, n - right - up};
}

struct Agreement {
  double tables = 0;
  double agree = 0;
};

// compare_counts must claim what the critical value says on both sides of the border: the fewest
// flips to the better side that make the claim, and one fewer.
void check_border(Agreement& agreement, std::int64_t n, double delta, double critical) {
  const bool worse = delta == 0;
  const auto most = static_cast<std::int64_t>(static_cast<double>(n) * 0.2);
  for (std::int64_t i = 0; i < 4; ++i) {
    const std::int64_t against = most * i / 4;
    std::int64_t in_favour = 0;
    const auto claims = [&](std::int64_t flips) {
      return tango_statistic({0, against, flips, n - against - flips}, delta) >= critical - kTie;
    };
    while (in_favour + against < n && !claims(in_favour)) ++in_favour;
    for (const std::int64_t flips : {in_favour, in_favour - 1}) {
      if (flips < 0) continue;
      const PairedCounts table = worse ? table_of(n, flips, against) : table_of(n, against, flips);
      if (table.n() == 0) continue;
      const PairedComparison c = compare_counts(table, {});
      const bool claimed = (worse ? c.p_worse : c.p_non_inferior) < kAlpha;
      agreement.tables += 1;
      agreement.agree += claimed == claims(flips) ? 1 : 0;
    }
  }
}

// The largest rate over many sizes.
struct Worst {
  double rate = 0;
  std::int64_t n = 0;
  double discordance = 0;
};

Worst worst_of_many_sizes(double delta) {
  Worst worst;
  for (std::int64_t n = 1001; n <= 6000; n += 37) {
    const double critical = critical_value(n, delta);
    for (const double discordance : kDiscordances) {
      if (discordance < -delta) continue;
      const double rate = exact_rejection_probability(
          n, delta, critical, 0.5 * (discordance - delta), 0.5 * (discordance + delta));
      if (rate > worst.rate) worst = {rate, n, discordance};
    }
  }
  return worst;
}

void print_header(const char* title, bool with_two_percent) {
  fmt::print("\n{}\n\n| items |", title);
  for (const double d : kDiscordances) {
    if (with_two_percent || d >= kMargin) fmt::print(" {:.0f} % flips |", 100 * d);
  }
  fmt::print("\n| --- |{}\n", with_two_percent ? " --- | --- | --- | --- | --- | --- |"
                                               : " --- | --- | --- | --- | --- |");
}

// Returns the largest rate.
double print_non_inferior(const std::vector<std::int64_t>& sizes, Agreement& agreement) {
  print_header(
      "A task's false NON-INFERIOR in %, true loss 3 points (the margin); in brackets the false "
      "PASS of `nel gate`:",
      false);
  double most = 0;
  for (const std::int64_t n : sizes) {
    const double critical = critical_value(n, -kMargin);
    check_border(agreement, n, -kMargin, critical);
    fmt::print("| {} |", n);
    for (const double discordance : kDiscordances) {
      if (discordance < kMargin) continue;
      const double down = 0.5 * (discordance + kMargin);
      const double up = 0.5 * (discordance - kMargin);
      const double rate = exact_rejection_probability(n, -kMargin, critical, down, up);
      most = std::max(most, rate);
      fmt::print(" {:.2f} ({:.1f}) |", 100 * rate, 100 * nel_pass_rate(n, down, up));
    }
    fmt::print("\n");
  }
  return most;
}

double print_worse(const std::vector<std::int64_t>& sizes, Agreement& agreement) {
  print_header("A task's false WORSE in %, no true difference:", true);
  double most = 0;
  for (const std::int64_t n : sizes) {
    // At no difference the two sides may change places, so "above 0" stands for "below".
    const double critical = critical_value(n, 0);
    check_border(agreement, n, 0, critical);
    fmt::print("| {} |", n);
    for (const double discordance : kDiscordances) {
      const double rate =
          exact_rejection_probability(n, 0, critical, 0.5 * discordance, 0.5 * discordance);
      most = std::max(most, rate);
      fmt::print(" {:.2f} |", 100 * rate);
    }
    fmt::print("\n");
  }
  return most;
}

}  // namespace

std::vector<Check> task_verdicts(bool quick) {
  std::vector<std::int64_t> sizes{10, 20, 30, 50, 100, 198, 200};
  if (!quick) sizes.insert(sizes.end(), {500, 1000, 2000, 5000, 20000});
  fmt::print("\n### False verdicts, task by task (exact enumeration)\n");
  Agreement agreement;
  const double non_inferior = print_non_inferior(sizes, agreement);
  const double worse = print_worse(sizes, agreement);
  std::vector<Check> checks{
      {"tasks: tables at the border of a claim where compare_counts agrees",
       agreement.agree / agreement.tables, 1, 1},
      {"tasks: most false NON-INFERIOR of any cell", non_inferior, 0, kAlpha},
      {"tasks: most false WORSE of any cell", worse, 0, kAlpha},
  };
  if (quick) return checks;
  fmt::print(
      "\nThe most at every 37th size from 1,001 to 6,000 items and any of these discordances:");
  for (const bool is_worse : {false, true}) {
    const Worst worst = worst_of_many_sizes(is_worse ? 0 : -kMargin);
    const char* claim = is_worse ? "WORSE" : "NON-INFERIOR";
    fmt::print(" false {} {:.2f} % ({} items, {:.0f} % flips){}", claim, 100 * worst.rate, worst.n,
               100 * worst.discordance, is_worse ? ".\n" : ",");
    checks.push_back({fmt::format("tasks of 1,001 to 6,000 items: most false {}", claim),
                      worst.rate, 0, kAlpha});
  }
  return checks;
}

}  // namespace assay::sim
