#include "look_policies.h"

#include <algorithm>
#include <cmath>

#include "stats/normal.h"

namespace assay::sim {
namespace {

constexpr int kMostRounds = 3;
constexpr int kMostDoublings = 4;
constexpr int kMostMoves = 8;
constexpr int kMostBeginnings = 3;  // beside the first

// Sizes are taken from a grid (eight a doubling), so that borders need not be found for each.
std::int64_t on_grid(double pairs, const Progress& progress) {
  const double steps = std::ceil(8 * std::log2(std::max(pairs, 1.0) / 64) - 1e-9);
  return std::min<std::int64_t>(progress.most_pairs, std::llround(64 * std::exp2(steps / 8)));
}

bool ended(const LookSchedule& schedule, const Progress& progress) {
  return next_look(schedule, progress.taken) == nullptr;
}

std::optional<LookSchedule> by_rounds(const LookSchedule& schedule, const Progress& progress) {
  const bool half = schedule.generation == 0 && progress.taken >= schedule.target / 2;
  if (schedule.generation + 1 >= kMostRounds || !(half || ended(schedule, progress))) return {};
  if (progress.repeats) return progress.round;
  const auto needed =
      next_target(schedule, progress.taken,
                  {.discordance = progress.discordance, .design_effect = progress.design_effect});
  if (!needed) return {};
  const std::int64_t target = on_grid(static_cast<double>(*needed), progress);
  if (target <= schedule.target) return {};
  return extended(schedule, target, progress.taken);
}

// NON-INFERIOR is likelier where fewer flips than are true were seen: then the last look stays
// where it is, else it is put off.
std::optional<LookSchedule> by_spread(const LookSchedule& schedule, const Progress& progress) {
  if (schedule.generation >= kMostMoves || progress.taken < schedule.target / 2) return {};
  const double few = progress.true_discordance -
                     std::sqrt(progress.true_discordance / static_cast<double>(progress.taken));
  if (!ended(schedule, progress) && progress.discordance < few) return {};
  return extended(schedule, on_grid(3 * static_cast<double>(schedule.target), progress),
                  progress.taken);
}

// P(success at n2 | t now) is largest where n1 / n2 = (t / z)^2 (Proschan and Hunsberger,
// Biometrics 51 (1995) 1315-1324).
std::optional<LookSchedule> by_score(const LookSchedule& schedule, const Progress& progress) {
  if (!ended(schedule, progress) || schedule.generation >= kMostMoves) return {};
  const double level =
      progress.wants_worse ? schedule.worse_left / 2 : schedule.non_inferior_left / 2;
  const double ratio = std::max(0.0, progress.statistic) / -normal_quantile(level);
  const double growth = std::clamp(1 / (ratio * ratio + 1e-9), 1.01, 8.0);
  return extended(schedule, on_grid(static_cast<double>(progress.taken) * growth, progress),
                  progress.taken);
}

}  // namespace

const char* sizes_name(Sizes sizes) {
  switch (sizes) {
    case Sizes::fixed:
      return "one target";
    case Sizes::rounds:
      return "rounds by b + c";
    case Sizes::doubled:
      return "doubled until decided";
    case Sizes::by_spread:
      return "adversary, sees b + c";
    case Sizes::by_score:
      return "adversary, sees the scores";
    case Sizes::anew:
      return "adversary, answers anew";
  }
  return "";
}

std::optional<LookSchedule> moved(Sizes sizes, const LookSchedule& schedule,
                                  const Progress& progress) {
  switch (sizes) {
    case Sizes::fixed:
      return {};
    case Sizes::rounds:
      return by_rounds(schedule, progress);
    case Sizes::doubled: {
      const std::int64_t target = std::min(progress.most_pairs, 2 * schedule.target);
      if (!ended(schedule, progress) || schedule.generation >= kMostDoublings) return {};
      return extended(schedule, target, progress.taken);
    }
    case Sizes::by_spread:
      return by_spread(schedule, progress);
    case Sizes::by_score:
      return by_score(schedule, progress);
    case Sizes::anew:
      return {};
  }
  return {};
}

// After half of the target where the claim is further off than at no evidence, and after the last
// look in any case.
std::optional<LookSchedule> begins_anew(Sizes sizes, const LookSchedule& schedule,
                                        const Progress& progress) {
  if (sizes != Sizes::anew || schedule.generation >= kMostBeginnings) return {};
  const bool unlucky = progress.taken >= schedule.target / 2 && progress.statistic < 0;
  if (!unlucky && !ended(schedule, progress)) return {};
  return begun_anew(schedule, progress.taken);
}

}  // namespace assay::sim
