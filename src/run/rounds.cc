#include "run/rounds.h"

#include <algorithm>
#include <numeric>

namespace assay {
namespace {

// Of the time for work: the loads of a first round that measures.
constexpr double kCheapLoads = 0.05;
// A later turn may take so many times as long as it is forecast to.
constexpr double kSlowTurn = 2;

// The work until each of these has so many items, in seconds, and that of a judge.
double work_to_s(std::span<const DoneSoFar> done, double items, const Goal& goal) {
  double work_s = goal.judge_item_s * items;
  for (const DoneSoFar& one : done) work_s += std::max(0.0, items - one.items) * one.item_s();
  return work_s;
}

}  // namespace

bool pays_to_measure(int variants, double load_s, double work_left_s) {
  return variants * load_s <= kCheapLoads * work_left_s;
}

bool too_coarse(double longest_s, double share_s) {
  constexpr double kItemsOfAShare = 8;
  return longest_s * kItemsOfAShare > share_s;
}

bool all_fit(double part_done, double took_s, double work_s, const TurnsLeft& turns) {
  if (part_done <= 0) return false;
  return took_s / part_done * (turns.own + kSlowTurn * turns.later + turns.judge) <= work_s;
}

double common_items(std::span<const DoneSoFar> done, double work_s, const Goal& goal) {
  if (work_to_s(done, goal.items, goal) <= work_s) return goal.items;
  double least = 0;
  double most = goal.items;
  for (int step = 0; step < 60; ++step) {
    const double middle = std::midpoint(least, most);
    (work_to_s(done, middle, goal) <= work_s ? least : most) = middle;
  }
  return least;
}

std::vector<std::size_t> next_round(std::span<const DoneSoFar> done, double left_s, double load_s,
                                    const Goal& goal) {
  std::vector<std::size_t> turn;
  for (std::size_t i = 0; i < done.size(); ++i) {
    if (done[i].items < goal.items) turn.push_back(i);
  }
  Goal reach = goal;
  while (!turn.empty()) {
    std::vector<DoneSoFar> those;
    those.reserve(turn.size());
    for (const std::size_t i : turn) those.push_back(done[i]);
    const double work_s = left_s - load_s * static_cast<double>(turn.size());
    const double common = common_items(those, work_s, reach);
    if (common >= goal.items) return turn;
    const auto behind_s = [&](std::size_t i) {
      return (common - done[i].items) * done[i].item_s();
    };
    const auto least = std::ranges::min_element(turn, {}, behind_s);
    if (behind_s(*least) > 0 && behind_s(*least) >= load_s) return turn;
    reach.items = std::min(reach.items, done[*least].items);
    turn.erase(least);
  }
  return {};
}

TurnsLeft turns_to_common(std::span<const DoneSoFar> done, double work_s, const Goal& goal) {
  constexpr double kLeastTurnS = 1e-3;  // of one that has come further than the others will
  const double common = common_items(done, work_s, goal);
  const auto due_s = [&](const DoneSoFar& one) {
    return std::max(0.0, common - one.items) * one.item_s();
  };
  const double own_s = std::max(due_s(done.front()), kLeastTurnS);
  TurnsLeft turns{.variants_after = static_cast<int>(done.size()) - 1};
  for (const DoneSoFar& after : done.subspan(1)) turns.later += due_s(after) / own_s;
  turns.judge = goal.judge_item_s * common / own_s;
  return turns;
}

}  // namespace assay
