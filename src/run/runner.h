// The main job: every variant in turn, one engine load each, everything kept as it comes.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/result.h"
#include "engine/engine.h"
#include "run/budget.h"
#include "run/earlier_answers.h"
#include "run/grader.h"
#include "run/identity.h"
#include "run/keys.h"
#include "run/lm_eval_source.h"
#include "run/progress.h"
#include "run/resolve.h"
#include "store/store.h"
#include "values/shard_part.h"
#include "values/variant_failure.h"

namespace assay {

// A load that takes longer hangs. Seen on two H100s: 182 s at most, with 8B weights.
inline constexpr double kCpuLoadLimitS = 180;
inline constexpr double kGpuLoadLimitS = 600;

// What somebody who starts an engine is told beside what to start.
struct EngineWaits {
  Deadline until;                // its start and its calls end by it, stats and shutdown aside
  std::function<Status()> tick;  // called about once a second while they wait; may be empty
  // Called with each line of the engine's own while it loads; may be empty.
  std::function<void(std::string_view)> on_line = {};
};

struct JudgeEngine {
  std::unique_ptr<Engine> engine;  // started: neither open nor loaded
  ResolvedVariant variant;         // what judgements are stored under
  EngineIdentity identity;
  nlohmann::json load_args;
};

// The parts of the world a run uses; the composition root supplies them.
struct RunServices {
  Store& store;
  const Clock& clock;
  Progress& progress;
  // A started worker for this variant (hello done, nothing loaded).
  std::function<Result<std::unique_ptr<Engine>>(const ResolvedVariant&, const EngineWaits&)>
      start_engine;
  // Engine and package versions, known without starting or importing it.
  EngineIdentity identity;
  RunProgram run_program;
  MakeOracle make_oracle;
  // An endpoint that judges free answers.
  std::function<Result<JudgeEngine>(const JudgeSpec&, const EngineWaits&)> start_judge;
  // Makes ready for the next variant while this one answers: its weights are read ahead, its worker
  // may start and import the engine, and start_engine() then takes that one. May be empty.
  std::function<void(const ResolvedVariant&)> prepare_next;
  // Asked when an engine has died. Error: another one has no GPU to run on. May be empty.
  std::function<Status()> gpus_are_there;
  EarlierAnswers* earlier = nullptr;        // another folder's, to be taken over; none: nullptr
  const std::atomic<bool>* stop = nullptr;  // set by a signal: leave, keeping everything
  int grader_threads = 1;
  // In place of as many threads, which grade by the real clock. Empty: those.
  std::function<std::unique_ptr<Graders>(const ResolvedRun&)> make_graders;
  SpeedGuess guess;                      // of the engine, before it is measured
  double load_limit_s = kCpuLoadLimitS;  // of a load; longer where longer ones were seen
  std::string results_folder;            // lm-eval's files go below it
  LmEvalSeen lm_eval_seen;               // each document lm-eval has scored; may be empty
  std::function<Status()> tick;  // set by run_plan: called about once a second while it works
};

// What of a plan a run asks (docs/cluster.md).
enum class RunScope {
  whole,
  shard,  // RunOptions::part alone; of the others what is stored counts, and no judge is asked
  judge,  // no variant: what waits for the judge is put to it
};

// Of the time that is kept as spent in a folder, what counts against this run's budget: each job of
// a cluster has the budget for itself, and so has the one that judges what all of them answered.
[[nodiscard]] constexpr double spent_of_budget_s(RunScope scope, double kept_s) {
  return scope == RunScope::judge ? 0 : kept_s;
}

struct RunOptions {
  double budget_s = 0;  // 0: none
  double spent_s = 0;   // of it, before run_plan is called: finding models and data
  StartOver start_over;
  int max_engine_restarts = 4;  // a variant
  RunScope scope = RunScope::whole;
  ShardPart part;             // of scope shard
  double load_timeout_s = 0;  // of a load, in place of the limit above; 0: none was given
};

enum class RunEnd {
  complete,     // every item of every variant is scored or unscored for a reason of its own
  out_of_time,  // the budget ended it; the rest is `not run`
  interrupted,
};

struct RunOutcome {
  RunEnd end = RunEnd::complete;  // but for these:
  // Candidates whose engines ended in a fault of their own, which the others went on without. What
  // they had answered is kept, and a later run tries them again.
  std::vector<VariantFailure> failures;
};

// Runs what the store does not hold yet. Errors leave everything stored so far in place.
[[nodiscard]] Result<RunOutcome> run_plan(const ResolvedRun& run, const RunOptions& options,
                                          const RunServices& services);
// The end of a run in which no variant may fail: the first failure is its error.
[[nodiscard]] Result<RunEnd> end_without_failures(Result<RunOutcome> outcome);

// Scores again from the stored responses alone. Interrupted when a signal comes: what is not scored
// again by then keeps its score.
[[nodiscard]] Status rescore(const ResolvedRun& run, RunServices& services);

}  // namespace assay
