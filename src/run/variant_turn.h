// One variant's turn: its engine, its answers, their grades.
#pragma once

#include <optional>

#include "run/candidate_looks.h"
#include "run/grader.h"
#include "run/runner.h"
#include "run/unit.h"

namespace assay {

// What the run's variants have in common.
struct RunContext {
  const ResolvedRun& run;
  const RunOptions& options;
  RunServices& services;
  Graders& graders;
  const Accounts& accounts;
  double grading_end_s;  // when grading ends, on the clock

  [[nodiscard]] bool stopped() const { return services.stop != nullptr && *services.stop; }
  [[nodiscard]] double now_s() const { return services.clock.now().count(); }
  // False: another shard asks it, and what is stored of it counts.
  [[nodiscard]] bool asks_here(const ResolvedVariant& variant) const;
  // Whether a judge is asked when all have answered.
  [[nodiscard]] Result<bool> judges_here() const;
  // That a load is expected to take.
  [[nodiscard]] Result<double> load_s() const;
};

// What a variant that has its turn knows of the others.
struct Place {
  const ResolvedVariant& variant;
  const ResolvedVariant* next = nullptr;  // whose turn comes after it
  const ItemSet* allowed = nullptr;       // items it may run; nullptr: all
  CandidateLooks* looks = nullptr;        // its looks; nullptr: none are taken
  TurnsLeft turns;
  bool asks = true;  // false: it has come further than the others will, and is only graded
};

struct Turn {
  RunEnd end = RunEnd::complete;
  ItemSet finished;
  bool worked = false;         // an engine was started
  bool given_up = false;       // there was no time for one
  bool left_ungraded = false;  // time ended the grading
  bool had_its_share = true;   // and not only a part of it
  Pace pace;                   // as measured in it
  std::optional<Error> fault;  // its engine's own, which ended it; the others can go on
};

// `seen`: the pace of the variants before it. Usage and environment errors: what a variant cannot
// begin with.
[[nodiscard]] Result<Turn> take_turn(const RunContext& context, const Place& place,
                                     const Pace& seen);

// Grades what the variant has answered and no turn had time for, until then.
[[nodiscard]] Result<bool> grade_what_is_left(const RunContext& context,
                                              const ResolvedVariant& variant,
                                              const ItemSet& baseline_items, double until_s);

}  // namespace assay
