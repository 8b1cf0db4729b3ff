#include "pool_draws.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace assay::sim {
namespace {

// The sums of the binomial distribution: of its logarithms, as n may be 20,000.
std::vector<double> binomial_sums(std::int64_t n, double p) {
  const auto total = static_cast<double>(n);
  std::vector<double> sums;
  double sum = 0;
  for (std::int64_t k = 0; k <= n; ++k) {
    const auto d = static_cast<double>(k);
    sum += std::exp(std::lgamma(total + 1) - std::lgamma(d + 1) - std::lgamma(total - d + 1) +
                    d * std::log(p) + (total - d) * std::log1p(-p));
    sums.push_back(sum);
  }
  return sums;
}

void print_line(const Shape& shape, const Draw& draw, bool passes) {
  std::vector<std::int64_t> to_wrong;
  std::vector<std::int64_t> to_right;
  for (const Flips& task : draw) {
    to_wrong.push_back(task.to_wrong);
    to_right.push_back(task.to_right);
  }
  fmt::print(
      "{{\"items\": [{}], \"to_wrong\": [{}], \"to_right\": [{}], \"categories\": {}, "
      "\"passes\": {}}}\n",
      fmt::join(shape.items, ", "), fmt::join(to_wrong, ", "), fmt::join(to_right, ", "),
      shape.categories, passes);
}

}  // namespace

std::vector<Shape> pool_shapes(bool quick) {
  std::vector<Shape> shapes{{"30, 50, 200, 100, 50, 20, 20", {30, 50, 200, 100, 50, 20, 20}, false},
                            {"198 in 3 (93, 86, 19)", {93, 86, 19}, true}};
  if (quick) return shapes;
  const std::vector<Shape> more{
      {"15, 25, 60, 40, 20, 10, 10", {15, 25, 60, 40, 20, 10, 10}, false},
      {"20000, 1319, 198, 30", {20000, 1319, 198, 30}, false},
      {"198 in 2 (132, 66)", {132, 66}, true},
      {"198 in 5 (80, 50, 34, 22, 12)", {80, 50, 34, 22, 12}, true},
      {"198 in 14 (45 to 1)", {45, 32, 25, 20, 16, 13, 11, 9, 8, 6, 5, 4, 3, 1}, true}};
  shapes.insert(shapes.end(), more.begin(), more.end());
  return shapes;
}

std::uint64_t draws_seed(double difference, std::size_t shape, std::size_t column) {
  return (difference == 0 ? 5001 : 6001) + 6 * shape + column;
}

std::vector<Stratum> strata_of(const Draw& draw, std::span<const double> weights) {
  std::vector<Stratum> strata;
  for (std::size_t t = 0; t < draw.size(); ++t) {
    const Flips& task = draw[t];
    if (task.n == 0) continue;
    Stratum stratum{weights[t], {}};
    const std::array counts{task.to_wrong, task.n - task.to_wrong - task.to_right, task.to_right};
    for (std::size_t k = 0; k < counts.size(); ++k) {
      if (counts[k] == 0) continue;
      stratum.values.emplace_back(static_cast<double>(k) - 1, static_cast<double>(counts[k]));
    }
    strata.push_back(std::move(stratum));
  }
  return strata;
}

std::vector<PoolTask> pool_tasks_of(const Draw& draw, std::span<const double> weights) {
  std::vector<PoolTask> tasks;
  for (std::size_t t = 0; t < draw.size(); ++t) {
    const Flips& task = draw[t];
    PoolTask pooled{"task", weights[t], {}, ""};
    const std::int64_t right =
        std::clamp((task.n * 7 + 9) / 10, task.to_wrong, task.n - task.to_right);
    for (std::int64_t i = 0; i < task.n; ++i) {
      const bool was_right = i < right;
      const bool flips = was_right ? i < task.to_wrong : i - right < task.to_right;
      pooled.pairs.push_back({was_right ? 1.0 : 0.0, was_right != flips ? 1.0 : 0.0});
    }
    tasks.push_back(std::move(pooled));
  }
  return tasks;
}

Draws::Draws(const Shape& shape, double discordance, double difference, std::uint64_t seed)
    : to_wrong_(0.5 * (1 - difference / discordance)), uniform_(seed) {
  for (const std::int64_t n : shape.items) {
    flip_sums_.push_back(binomial_sums(n, discordance));
    draw_.push_back({n, 0, 0});
  }
}

const Draw& Draws::next() {
  for (std::size_t t = 0; t < draw_.size(); ++t) {
    const std::vector<double>& sums = flip_sums_[t];
    const auto found = std::upper_bound(sums.begin(), sums.end(), uniform_()) - sums.begin();
    const auto flips = std::min<std::int64_t>(found, draw_[t].n);
    std::int64_t down = 0;
    for (std::int64_t k = 0; k < flips; ++k) down += uniform_() < to_wrong_ ? 1 : 0;
    draw_[t] = {draw_[t].n, down, flips - down};
  }
  return draw_;
}

NelVerdict::NelVerdict(const Shape& shape) : categories_(shape.categories) {
  for (const std::int64_t n : shape.items) quantiles_.push_back(n > 1 ? nel_quantile(n) : 0);
}

bool NelVerdict::passes(const Draw& draw) const {
  if (categories_) return nel_passes_by_category(draw, kMargin);
  for (std::size_t t = 0; t < draw.size(); ++t) {
    if (!nel_passes(draw[t], quantiles_[t], kMargin)) return false;
  }
  return true;
}

void print_nel_draws() {
  constexpr int kDraws = 60;
  constexpr double kDiscordance = 0.03;  // the second column of the tables
  const std::vector<Shape> shapes = pool_shapes(false);
  for (std::size_t s = 0; s < shapes.size(); ++s) {
    if (shapes[s].items.front() > 1000) continue;  // files of 20,000 items are slow to write
    const NelVerdict verdict(shapes[s]);
    Draws draws(shapes[s], kDiscordance, -kMargin, draws_seed(-kMargin, s, 1));
    for (int i = 0; i < kDraws; ++i) {
      const Draw& draw = draws.next();
      print_line(shapes[s], draw, verdict.passes(draw));
    }
  }
  for (const std::int64_t n : {9, 10, 20, 30, 50, 100, 198, 200}) {
    const Shape task{"", {n}, false};
    const NelVerdict verdict(task);
    for (std::int64_t down = 0; down <= 3; ++down) {
      for (std::int64_t up = 0; up <= 4; ++up) {
        const Draw draw{{n, down, up}};
        print_line(task, draw, verdict.passes(draw));
      }
    }
  }
}

}  // namespace assay::sim
