#include "decided.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "play.h"

namespace assay::sim {
namespace {

struct Pair {
  World world;
  Outcome decided;
  Outcome budget;  // of the same world, with until: budget
};

std::vector<Pair> play_all(int plans, std::uint64_t from, Loss loss,
                           const std::filesystem::path& folder) {
  std::vector<Pair> pairs(static_cast<std::size_t>(plans));
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < pairs.size(); i = next++) {
      Pair& pair = pairs[i];
      pair.world = draw_decided(from + i, loss);
      const std::filesystem::path own = folder / std::to_string(i);
      pair.decided = play(pair.world, false, own);
      World other = pair.world;
      other.until = Until::budget;
      pair.budget = play(other, false, own);
    }
  };
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    workers.emplace_back(work);
  }
  workers.clear();  // joins
  return pairs;
}

struct Sums {
  int plans = 0;
  int late = 0;
  int broken = 0;
  double used = 0;  // of the budget
  double used_by_budget = 0;
  int candidates = 0;
  int non_inferior = 0;
  int worse = 0;
  int decided = 0;
  double pairs = 0;
};

Sums sums_of(const std::vector<Pair>& pairs) {
  Sums sums;
  for (const Pair& pair : pairs) {
    if (!pair.decided.refused.empty()) continue;
    ++sums.plans;
    for (const Outcome* outcome : {&pair.decided, &pair.budget}) {
      sums.late += outcome->end_s > pair.world.budget_s ? 1 : 0;
      sums.broken += outcome->broken_prefixes;
    }
    sums.used += pair.decided.end_s / pair.world.budget_s;
    sums.used_by_budget += pair.budget.end_s / pair.world.budget_s;
    for (const LooksOutcome& looks : pair.decided.looks) {
      ++sums.candidates;
      sums.non_inferior += looks.non_inferior ? 1 : 0;
      sums.worse += looks.worse ? 1 : 0;
      sums.decided += looks.decided ? 1 : 0;
      sums.pairs += looks.pairs;
    }
  }
  return sums;
}

double percent(double part, double whole) {
  return whole > 0 ? 100 * part / whole : 0;
}

void print_row(const char* loss, const Sums& s) {
  fmt::print(
      "| {} | {} | {} | {} | {:.1f} % | {:.1f} % | {:.1f} % | {:.0f} | {:.1f} % | {:.1f} % |\n",
      loss, s.plans, s.candidates, s.late, percent(s.non_inferior, s.candidates),
      percent(s.worse, s.candidates), percent(s.decided, s.candidates),
      s.candidates > 0 ? s.pairs / s.candidates : 0, percent(s.used, s.plans),
      percent(s.used_by_budget, s.plans));
}

// At most 5 % and three standard errors.
bool is_rare(int found, int of) {
  const double most = 0.05 * of;
  return found <= most + 3 * std::sqrt(most * 0.95);
}

}  // namespace

bool report_decided(int plans, std::uint64_t from, const std::filesystem::path& folder) {
  constexpr std::array kLosses{Loss::none, Loss::margin, Loss::thrice};
  constexpr std::array kNames{"none", "the margin", "three times the margin"};
  fmt::print(
      "| true loss | plans | candidates | deadlines missed | NON-INFERIOR | WORSE | decided | "
      "pairs "
      "of the last look | budget used | the same with `until: budget` |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  std::array<Sums, kLosses.size()> all;
  for (std::size_t i = 0; i < kLosses.size(); ++i) {
    all[i] = sums_of(play_all(plans, from, kLosses[i], folder));
    print_row(kNames[i], all[i]);
  }
  int late = 0;
  int broken = 0;
  for (const Sums& sums : all) {
    late += sums.late;
    broken += sums.broken;
  }
  const bool worse = is_rare(all[0].worse, all[0].candidates);
  const bool non_inferior = is_rare(all[1].non_inferior, all[1].candidates);
  fmt::print(
      "\ndeadlines missed {}, tasks of a variant that are no prefix {}, false WORSE {}, false "
      "NON-INFERIOR {}\n",
      late, broken, worse ? "rare" : "TOO OFTEN", non_inferior ? "rare" : "TOO OFTEN");
  return late == 0 && broken == 0 && worse && non_inferior;
}

}  // namespace assay::sim
