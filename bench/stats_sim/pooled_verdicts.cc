// False verdicts of the pooled difference, for pools of several shapes and both weightings,
// simulated; beside them the rule of `nel gate` on the same draws.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "pool_draws.h"
#include "sim.h"
#include "stats/comparison.h"
#include "stats/stratified.h"

namespace assay::sim {
namespace {

constexpr std::array kDiscordances{0.02, 0.03, 0.05, 0.10, 0.20, 0.30};

// The close calls, p from alpha / 10 to alpha, by their asymptotic p: the nearer to alpha, the
// likelier the simulated p refuses the claim.
constexpr std::array kBinEnds{0.02, 0.035, kAlpha};
using PerBin = std::array<std::size_t, kBinEnds.size()>;

struct Effort {
  int draws;
  PerBin simulated;  // of the close calls of a bin, the first this many get their simulated p
  PerBin refined;    // the same where the rate found so is above 5 % by a standard error
  int first_resamples;
  int resamples;  // as pool: for those that the first do not decide
};

// One column of one table, for both weightings: their draws are the same.
struct Cell {
  const Shape* shape = nullptr;
  double discordance = 0;
  double difference = 0;  // 0: the claim is WORSE; -margin: NON-INFERIOR
  std::uint64_t seed = 0;
  // What is found.
  double by_root = 0;
  double equal = 0;
  double nel = 0;
  int asked = 0;  // draws that pool itself was asked about
  int agreed = 0;

  [[nodiscard]] bool worse() const { return difference == 0; }
};

std::vector<double> weights_of(const Draw& draw, bool equal) {
  std::vector<double> weights;
  for (const Flips& task : draw) {
    weights.push_back(equal ? 1 : std::sqrt(static_cast<double>(task.n)));
  }
  return weights;
}

double asymptotic_p(const Cell& cell, const std::vector<Stratum>& strata) {
  return cell.worse() ? stratified_p_below(strata, 0) : stratified_p_above(strata, -kMargin);
}

// Whether the simulated p is below alpha. A claim far from it is tried with the beginning of the
// resamples first: where their share is 3.5 standard errors or more from alpha the rest would not
// change the answer.
bool confirmed(const Cell& cell, const std::vector<Stratum>& strata, bool near_alpha,
               const Effort& effort) {
  const auto p = [&](int resamples) {
    const NullSimulation simulation{resamples, BootstrapOptions{}.seed};
    return cell.worse() ? stratified_simulated_p_below(strata, 0, simulation)
                        : stratified_simulated_p_above(strata, -kMargin, simulation);
  };
  if (!near_alpha) {
    const double first = p(effort.first_resamples);
    const double error = std::sqrt(kAlpha * (1 - kAlpha) / effort.first_resamples);
    if (std::abs(first - kAlpha) > 3.5 * error) return first < kAlpha;
  }
  return p(effort.resamples) < kAlpha;
}

// What pool itself says of a draw.
bool claimed_by_pool(const Cell& cell, const Draw& draw, bool equal) {
  const PairedComparison c = pool(pool_tasks_of(draw, weights_of(draw, equal)), {}).overall;
  return (cell.worse() ? c.p_worse : c.p_non_inferior) < kAlpha;
}

// The share of draws in which the claim is made. Every draw gets its asymptotic p; of the close
// calls of each bin a sample gets the simulated p, and stands for the bin.
class ClaimRate {
 public:
  ClaimRate(bool equal, const PerBin& simulated, bool ask_pool)
      : equal_(equal), simulated_(simulated), ask_pool_(ask_pool) {}

  void add(Cell& cell, const Draw& draw, const Effort& effort) {
    const std::vector<Stratum> strata = strata_of(draw, weights_of(draw, equal_));
    const double p = asymptotic_p(cell, strata);
    if (p >= kAlpha) return;
    if (p < kAlpha / 10) {
      certain_ += 1;
      return;
    }
    std::size_t bin = 0;
    while (p >= kBinEnds[bin]) ++bin;
    if (close_[bin]++ >= simulated_[bin]) return;
    const bool near_alpha = bin + 1 == kBinEnds.size();
    const bool claim = confirmed(cell, strata, near_alpha, effort);
    if (claim) ++confirmed_[bin];
    if (!ask_pool_ || !near_alpha || close_[bin] > 1) return;
    ++cell.asked;
    if (claimed_by_pool(cell, draw, equal_) == claim) ++cell.agreed;
  }

  [[nodiscard]] double of(int draws) const {
    double claims = certain_;
    for (std::size_t bin = 0; bin < kBinEnds.size(); ++bin) {
      const std::size_t simulated = std::min(close_[bin], simulated_[bin]);
      if (simulated == 0) continue;
      claims += static_cast<double>(close_[bin]) * static_cast<double>(confirmed_[bin]) /
                static_cast<double>(simulated);
    }
    return claims / draws;
  }

 private:
  bool equal_;
  PerBin simulated_;
  bool ask_pool_;
  double certain_ = 0;
  PerBin close_{};
  PerBin confirmed_{};
};

void simulate(Cell& cell, const Effort& effort, const PerBin& simulated_by_root,
              const PerBin& simulated_equal, bool ask_pool) {
  Draws draws(*cell.shape, cell.discordance, cell.difference, cell.seed);
  const NelVerdict nel(*cell.shape);
  ClaimRate by_root(false, simulated_by_root, ask_pool);
  ClaimRate equal(true, simulated_equal, ask_pool);
  int passes = 0;
  for (int i = 0; i < effort.draws; ++i) {
    const Draw& draw = draws.next();
    by_root.add(cell, draw, effort);
    equal.add(cell, draw, effort);
    passes += nel.passes(draw) ? 1 : 0;
  }
  cell.by_root = by_root.of(effort.draws);
  cell.equal = equal.of(effort.draws);
  cell.nel = static_cast<double>(passes) / effort.draws;
}

// What a sample of the close calls leaves doubtful is asked again, of the same draws.
void refine(Cell& cell, const Effort& effort) {
  const double doubtful = kAlpha + std::sqrt(kAlpha * (1 - kAlpha) / effort.draws);
  if (std::max(cell.by_root, cell.equal) <= doubtful) return;
  simulate(cell, effort, cell.by_root > doubtful ? effort.refined : effort.simulated,
           cell.equal > doubtful ? effort.refined : effort.simulated, false);
}

// Every cell has a seed of its own, so the figures do not depend on the number of threads.
void simulate_all(std::vector<Cell>& cells, const Effort& effort, bool quick) {
  const bool ask_pool = !quick;
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&] {
      for (std::size_t c = next++; c < cells.size(); c = next++) {
        simulate(cells[c], effort, effort.simulated, effort.simulated, ask_pool);
        if (!quick) refine(cells[c], effort);
      }
    });
  }
}

std::vector<Cell> cells_of(const std::vector<Shape>& shapes, double difference, bool quick) {
  std::vector<Cell> cells;
  for (std::size_t s = 0; s < shapes.size(); ++s) {
    for (std::size_t column = 0; column < kDiscordances.size(); ++column) {
      const double discordance = kDiscordances[column];
      if (discordance < -difference) continue;
      if (quick && discordance != 0.03 && discordance != 0.10) continue;
      cells.push_back({&shapes[s], discordance, difference, draws_seed(difference, s, column)});
    }
  }
  return cells;
}

// One row a weighting, and the gate's where a PASS would be false.
void print_table(const std::vector<Cell>& cells) {
  const bool worse = cells.front().worse();
  fmt::print("\nThe pool's false {} in %, {}:\n\n| items | weights |",
             worse ? "WORSE" : "NON-INFERIOR",
             worse ? "no true difference" : "true loss 3 points (the margin) in every task");
  std::string rule = "| --- | --- |";
  for (const Cell& cell : cells) {
    if (cell.shape != cells.front().shape) break;
    fmt::print(" {:.0f} % flips |", 100 * cell.discordance);
    rule += " --- |";
  }
  fmt::print("\n{}\n", rule);
  const auto row = [&](const Shape* shape, const char* name, double Cell::* rate, int decimals) {
    fmt::print("| {} | {} |", shape->name, name);
    for (const Cell& cell : cells) {
      if (cell.shape == shape) fmt::print(" {:.{}f} |", 100 * (cell.*rate), decimals);
    }
    fmt::print("\n");
  };
  const Shape* shape = nullptr;
  for (const Cell& cell : cells) {
    if (cell.shape == shape) continue;
    shape = cell.shape;
    row(shape, "sqrt", &Cell::by_root, 2);
    row(shape, "equal", &Cell::equal, 2);
    if (!worse)
      row(shape, shape->categories ? "`nel gate`: PASS" : "`nel gate`: GO", &Cell::nel, 1);
  }
}

double most_of(const std::vector<Cell>& cells, double Cell::* rate) {
  double most = 0;
  for (const Cell& cell : cells) most = std::max(most, cell.*rate);
  return most;
}

}  // namespace

std::vector<Check> pooled_verdicts(bool quick) {
  const Effort effort =
      quick ? Effort{400, {1, 2, 6}, {}, 100, 300}
            : Effort{20000, {4, 8, 20}, {20, 60, 400}, 1000, CompareOptions{}.pool_resamples};
  fmt::print("\n### False verdicts, pooled ({} draws a cell)\n", effort.draws);
  const std::vector<Shape> shapes = pool_shapes(quick);
  std::vector<Cell> non_inferior = cells_of(shapes, -kMargin, quick);
  std::vector<Cell> worse = cells_of(shapes, 0, quick);
  double asked = 0;
  double agreed = 0;
  for (std::vector<Cell>* cells : {&non_inferior, &worse}) {
    simulate_all(*cells, effort, quick);
    print_table(*cells);
    for (const Cell& cell : *cells) {
      asked += cell.asked;
      agreed += cell.agreed;
    }
  }
  const double slack = 3 * std::sqrt(kAlpha * (1 - kAlpha) / effort.draws);
  std::vector<Check> checks;
  const auto promise = [&](const char* what, const std::vector<Cell>& cells, double Cell::* rate) {
    checks.push_back({fmt::format("pools: most false {} of any cell", what), most_of(cells, rate),
                      0, kAlpha + slack});
  };
  promise("NON-INFERIOR, weights sqrt,", non_inferior, &Cell::by_root);
  promise("NON-INFERIOR, weights equal,", non_inferior, &Cell::equal);
  promise("WORSE, weights sqrt,", worse, &Cell::by_root);
  promise("WORSE, weights equal,", worse, &Cell::equal);
  if (asked > 0)
    checks.push_back({"pools: draws of which pool says the same", agreed / asked, 1, 1});
  return checks;
}

}  // namespace assay::sim
