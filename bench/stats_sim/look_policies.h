// Who decides how far a run goes, in the looks of stats_sim: honest rules, and adversaries.
#pragma once

#include <cstdint>
#include <optional>

#include "sim.h"
#include "stats/looks.h"

namespace assay::sim {

enum class Sizes {
  fixed,      // the first target, and no more
  rounds,     // by b + c: the target moves up after half of it, then two rounds more at the most
  doubled,    // whoever is not decided is doubled, four times
  by_spread,  // adversary: knows the true discordance and puts the last look off by b + c
  by_score,   // adversary: sees all, and after a last look takes the size likeliest to succeed
  anew,       // adversary: has a candidate answer anew where its looks went against the claim
};
[[nodiscard]] const char* sizes_name(Sizes sizes);

// What a rule may go by.
struct Progress {
  std::int64_t taken = 0;  // pairs of the last look
  double discordance = 0;  // (b + c) / n; of a pool the weighted one
  double design_effect = 1;
  double true_discordance = 0;       // an adversary knows it
  bool wants_worse = false;          // which false claim an adversary is after
  double statistic = 0;              // of that claim at `taken`: only by_score may look
  std::int64_t most_pairs = 20'000;  // that there are
  // Where the order goes on in repeats: the schedule that a run goes on with.
  std::optional<LookSchedule> round = std::nullopt;
  bool repeats = false;
};

// The schedule to go on with after a look that did not decide; none: as it is.
[[nodiscard]] std::optional<LookSchedule> moved(Sizes sizes, const LookSchedule& schedule,
                                                const Progress& progress);

// Sizes::anew: the schedule with which other answers are looked at, from none of them on, after a
// look that did not decide; none: it goes on with these.
[[nodiscard]] std::optional<LookSchedule> begins_anew(Sizes sizes, const LookSchedule& schedule,
                                                      const Progress& progress);

}  // namespace assay::sim
