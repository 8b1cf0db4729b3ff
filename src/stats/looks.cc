#include "stats/looks.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "stats/power.h"

namespace assay {
namespace {

// NON-INFERIOR: at which parts of the target, and which parts of the alpha they have.
struct Step {
  std::int64_t divisor;
  double share;
};
constexpr std::array kSteps{Step{4, 1.0 / 9}, Step{2, 2.0 / 9}, Step{1, 6.0 / 9}};

constexpr double kAlphaOfReserve = 0.05;  // the alpha that a plan's reserve is written for

constexpr double kMostPower = 0.999;  // asked of a last look

double reserve_of(const LookSettings& settings) {
  return settings.reserve * settings.alpha / kAlphaOfReserve;
}

// The look at this many pairs, added where there is none.
Look& look_at(LookSchedule& schedule, std::int64_t pairs) {
  const auto place =
      std::lower_bound(schedule.looks.begin(), schedule.looks.end(), pairs,
                       [](const Look& look, std::int64_t n) { return look.pairs < n; });
  if (place != schedule.looks.end() && place->pairs == pairs) return *place;
  return *schedule.looks.insert(place, {pairs, 0, 0, schedule.generation});
}

// WORSE at each doubling beyond `after` and at the target, at half of what is left each.
void add_worse_looks(LookSchedule& schedule, std::int64_t after) {
  const auto add = [&](std::int64_t pairs) {
    schedule.worse_left /= 2;
    look_at(schedule, pairs).worse_level = schedule.worse_left;
  };
  for (std::int64_t n = schedule.settings.first_pairs; n < schedule.target; n *= 2) {
    if (n > after) add(n);
  }
  if (schedule.target > after) add(schedule.target);
}

// A look at which NON-INFERIOR could not come out even if no item flipped.
bool is_too_small(const LookSettings& settings, std::int64_t pairs, double level) {
  return pairs < settings.first_pairs ||
         pairs < fewest_items_non_inferior(settings.margin_pp / 100, level);
}

void add_non_inferior_looks(LookSchedule& schedule) {
  const double alpha = schedule.settings.alpha - schedule.non_inferior_left;
  double carried = 0;
  for (const Step& step : kSteps) {
    const std::int64_t pairs = (schedule.target + step.divisor - 1) / step.divisor;
    carried += alpha * step.share;
    if (pairs < schedule.target && is_too_small(schedule.settings, pairs, carried)) continue;
    if (pairs == schedule.target && step.divisor != 1) continue;
    look_at(schedule, pairs).non_inferior_level = carried;
    carried = 0;
  }
}

// What the looks of NON-INFERIOR that are not taken have, from `from` pairs on.
double level_from(const LookSchedule& schedule, std::int64_t from, std::int64_t taken) {
  double level = 0;
  for (const Look& look : schedule.looks) {
    if (look.pairs > taken && look.pairs >= from) level += look.non_inferior_level;
  }
  return level;
}

// The pairs of the last look that asks for NON-INFERIOR.
std::int64_t last_non_inferior(const LookSchedule& schedule) {
  std::int64_t pairs = 0;
  for (const Look& look : schedule.looks) {
    if (look.non_inferior_level > 0) pairs = look.pairs;
  }
  return pairs;
}

// The looks that are not taken, those of NON-INFERIOR from `from` on as one at `target`, and those
// of WORSE anew.
LookSchedule moved(const LookSchedule& schedule, std::int64_t from, std::int64_t target,
                   std::int64_t taken) {
  LookSchedule out = schedule;
  out.target = target;
  ++out.generation;
  const double level = level_from(schedule, from, taken);
  // From the last to the first: each has as much as is left, so the sums are exact.
  for (auto look = out.looks.rbegin(); look != out.looks.rend(); ++look) {
    if (look->pairs <= taken) break;
    out.worse_left += look->worse_level;
    look->worse_level = 0;
    if (look->pairs >= from) look->non_inferior_level = 0;
  }
  std::erase_if(out.looks, [taken](const Look& look) {
    return look.pairs > taken && look.non_inferior_level == 0;
  });
  look_at(out, target).non_inferior_level = level;
  add_worse_looks(out, taken);
  return out;
}

}  // namespace

LookSchedule look_schedule(const LookSettings& settings, std::int64_t target) {
  LookSchedule schedule{settings, target, 0, 0, {}, settings.alpha, reserve_of(settings)};
  add_non_inferior_looks(schedule);
  add_worse_looks(schedule, 0);
  return schedule;
}

LookSchedule single_look(const LookSettings& settings, std::int64_t pairs) {
  return {settings, pairs, 0, 0, {{pairs, settings.alpha, settings.alpha, 0}}, 0, 0};
}

LookSchedule retarget(const LookSchedule& schedule, std::int64_t target, std::int64_t taken) {
  const std::int64_t last = last_non_inferior(schedule);
  if (target <= schedule.target || last <= taken || schedule.raised >= kMostRaises) return schedule;
  LookSchedule raised = moved(schedule, last, target, taken);
  ++raised.raised;
  return raised;
}

LookSchedule closed_at(const LookSchedule& schedule, std::int64_t pairs, std::int64_t taken) {
  if (pairs <= taken || pairs >= schedule.target) return schedule;
  return moved(schedule, pairs, pairs, taken);
}

std::optional<LookSchedule> next_generation(const LookSchedule& schedule, std::int64_t target) {
  if (target <= schedule.target || !(schedule.non_inferior_left > 0)) return std::nullopt;
  LookSchedule grown = schedule;
  grown.target = target;
  ++grown.generation;
  grown.non_inferior_left /= 2;
  look_at(grown, target).non_inferior_level = grown.non_inferior_left;
  add_worse_looks(grown, schedule.target);
  return grown;
}

std::optional<LookSchedule> unpaid_generation(const LookSchedule& schedule, std::int64_t target) {
  if (target <= schedule.target) return std::nullopt;
  LookSchedule grown = schedule;
  grown.target = target;
  ++grown.generation;
  look_at(grown, target).non_inferior_level = schedule.settings.alpha;
  add_worse_looks(grown, schedule.target);
  return grown;
}

namespace {

// All looks gone, with NON-INFERIOR at this level.
LookSchedule only_at_target(const LookSchedule& schedule, double level) {
  LookSchedule anew = schedule;
  ++anew.generation;
  anew.raised = kMostRaises;
  anew.looks.clear();
  look_at(anew, anew.target).non_inferior_level = level;
  add_worse_looks(anew, 0);
  return anew;
}

}  // namespace

std::optional<LookSchedule> begun_anew(const LookSchedule& schedule, std::int64_t taken) {
  if (taken <= 0) return schedule;
  const double half = schedule.non_inferior_left / 2;
  if (!(half > 0)) return std::nullopt;
  LookSchedule anew = only_at_target(schedule, half);
  anew.non_inferior_left = half;
  return anew;
}

LookSchedule begun_anew_unpaid(const LookSchedule& schedule) {
  return only_at_target(schedule, schedule.settings.alpha);
}

std::optional<LookSchedule> extended(const LookSchedule& schedule, std::int64_t target,
                                     std::int64_t taken) {
  if (taken >= last_non_inferior(schedule)) return next_generation(schedule, target);
  LookSchedule raised = retarget(schedule, target, taken);
  if (raised == schedule) return std::nullopt;
  return raised;
}

const Look* due(const LookSchedule& schedule, std::int64_t pairs) {
  const Look* look = next_look(schedule, pairs - 1);
  return look != nullptr && look->pairs == pairs ? look : nullptr;
}

const Look* next_look(const LookSchedule& schedule, std::int64_t pairs) {
  for (const Look& look : schedule.looks) {
    if (look.pairs > pairs) return &look;
  }
  return nullptr;
}

std::optional<std::int64_t> pairs_needed(const LookSettings& settings, double level,
                                         const TargetAssumptions& assume) {
  if (!(level > 0)) return std::nullopt;
  return items_for_non_inferior(settings.margin_pp / 100, 0,
                                {.discordance = assume.discordance,
                                 .alpha = level,
                                 .power = assume.power,
                                 .design_effect = assume.design_effect});
}

namespace {

// A lossless variant may be stopped by a false WORSE, some alpha / 2 of them to the cost of a
// NON-INFERIOR that would have come: so much more power the last look must have.
TargetAssumptions of_last_look(const LookSettings& settings, TargetAssumptions assume) {
  assume.power = std::min(assume.power + settings.alpha / 2, kMostPower);
  return assume;
}

}  // namespace

std::optional<std::int64_t> first_target(const LookSettings& settings,
                                         const TargetAssumptions& assume) {
  const double level = (settings.alpha - reserve_of(settings)) * kSteps.back().share;
  return pairs_needed(settings, level, of_last_look(settings, assume));
}

std::optional<std::int64_t> next_target(const LookSchedule& schedule, std::int64_t taken,
                                        const TargetAssumptions& assume) {
  const std::int64_t last = last_non_inferior(schedule);
  if (taken >= last) {
    return pairs_needed(schedule.settings, schedule.non_inferior_left / 2,
                        of_last_look(schedule.settings, assume));
  }
  if (schedule.raised >= kMostRaises) return std::nullopt;
  const double level = level_from(schedule, last, taken);
  return pairs_needed(schedule.settings, level, of_last_look(schedule.settings, assume));
}

}  // namespace assay
