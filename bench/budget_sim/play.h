// One plan run by the real scheduler, store included, on a clock that only its engines move.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "draw.h"

namespace assay::sim {

struct VariantOutcome {
  int items = 0;   // answered
  int scored = 0;  // of them: time for grading ended no sooner
  int right = 0;   // of these, where short answers are right and long ones wrong
  int paired = 0;  // scored, and of the baseline too
  int ahead = 0;   // right, less the baseline's right, of those
};

// Of one candidate whose looks were taken.
struct LooksOutcome {
  bool non_inferior = false;
  bool worse = false;
  bool decided = false;
  double pairs = 0;  // of the last look
};

struct Outcome {
  std::string refused;       // why nothing ran: "a budget of 60 s is too short"
  std::string failed;        // the run ended in an error, each time it was begun
  double end_s = 0;          // when the run ended
  bool wanted_more = false;  // some items are not run
  double idle_s = 0;         // with an engine that is ready and something that waits for it
  int asked_in_vain = 0;     // cut by a deadline
  int broken_prefixes = 0;   // of a task as a variant answered it
  int beyond_baseline = 0;   // the same, with items that the baseline has not
  int open_lanes = 0;        // tasks of a variant with a score behind a `not scored (budget)`
  int in_all = 0;            // items that all variants answered
  double in_all_tokens = 0;  // of the baseline's answers to these
  double apart = 0;          // the greatest share of a task that the baseline did, less the least
  std::vector<VariantOutcome> variants;
  std::vector<LooksOutcome> looks;  // of the candidates, where there are any
};

// `knowing`: the length of every answer is known before it is asked for, and nothing else differs.
// `folder`: for the store; made and removed.
[[nodiscard]] Outcome play(const World& world, bool knowing, const std::filesystem::path& folder);

}  // namespace assay::sim
