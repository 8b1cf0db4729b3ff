// When a variant's primary question is asked while the run goes on, and at which levels: a schedule
// of group-sequential looks with Bonferroni's levels. How one is made and what a look says:
// stats/looks.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace assay {

// Levels are one-sided probabilities.
struct LookSettings {
  double alpha = 0.05;   // in (0, 0.5): of each of the two claims over the whole procedure
  double margin_pp = 3;  // in (0, 100)
  // Kept of the alpha of NON-INFERIOR for growth and further rounds. As a plan writes it, that is
  // for an alpha of 0.05: another alpha scales it. In [0, 0.05).
  double reserve = 0.01;
  // No look at fewer pairs; WORSE is first asked here, then at each doubling.
  std::int64_t first_pairs = 64;

  friend bool operator==(const LookSettings&, const LookSettings&) = default;
};

// One look, taken at exactly this many pairs: the first ones of the frozen order, whenever it is
// reckoned. Each entry of the order that both sides have scored is one, so where the order goes
// through a task's items more than once an item counts once for each pass. A level of 0: the claim
// is not asked here.
struct Look {
  std::int64_t pairs = 0;
  double worse_level = 0;
  double non_inferior_level = 0;
  int generation = 0;  // of the schedule that added it

  friend bool operator==(const Look&, const Look&) = default;
};

// Of one variant's primary question. The levels of all looks of a claim and what is left of it sum
// to alpha, whatever generation they are of.
struct LookSchedule {
  LookSettings settings;
  std::int64_t target = 0;       // pairs of the last look
  int generation = 0;            // 0: as first frozen; one more with each growth or further round
  int raised = 0;                // how often the target of looks not yet taken was moved up
  std::vector<Look> looks;       // ascending in pairs
  double worse_left = 0;         // alpha of WORSE that no look has
  double non_inferior_left = 0;  // the reserve: alpha of NON-INFERIOR that no look has

  friend bool operator==(const LookSchedule&, const LookSchedule&) = default;
};

// What looks must know of a task.
struct LookTask {
  std::string name;
  std::string metric;              // of the verdict
  std::vector<std::string> items;  // ids, in the task's own order
  double weight = 1;               // in the pooled difference, relative; 0: no part of it
  int repeats = 1;                 // answers of an entry of the order
  // How many items there are, where the order may go through them more than once
  // (values/item_pass.h); 0: each of its entries is another item.
  std::size_t distinct = 0;
  double chance = 0;  // score of guessing where an item's number of options is not known
};

// One answer to an item: its score, in [0, 1]. None: there is a reason to have none.
struct RepeatScore {
  int repeat = 0;
  std::optional<double> score;
};

// What is known of an item on one side.
struct ItemOutcome {
  std::vector<RepeatScore> settled;  // ascending; what is missing may still be answered or graded
  int options = 0;                   // multiple choice: of how many; 0: a score does not say
};
using TaskOutcomes = std::vector<ItemOutcome>;   // in the task's own order
using SideOutcomes = std::vector<TaskOutcomes>;  // in the plan's order of tasks

[[nodiscard]] nlohmann::json to_json(const LookSchedule& schedule);
// Throws nlohmann::json::exception for another layout.
[[nodiscard]] LookSchedule look_schedule_from(const nlohmann::json& value);

}  // namespace assay
