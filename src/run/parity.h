// The same items run twice on one engine a variant, by our tasks and by lm-eval's own code, and
// what differs (docs/parity.md, `assay verify-parity`).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/language.h"
#include "base/result.h"
#include "run/lm_eval_source.h"
#include "run/resolve.h"
#include "store/store.h"

namespace assay {

// What is compared. A log-likelihood request has no sampling; there the outputs are the sums.
enum class ParityAspect { answered, prompt, sampling, output, score };

struct ParityDifference {
  std::string variant;
  std::string task;
  std::string item;
  ParityAspect aspect = ParityAspect::prompt;
  std::string native;
  std::string lm_eval;
};

struct ParityTask {
  std::string variant;  // empty: left out for all
  std::string name;
  std::string lm_eval_task;
  int items = 0;
  int compared = 0;  // answered both ways
  int shared = 0;    // of these, both were served by the same stored responses
  // Items that differ, by ParityAspect.
  int unanswered = 0;  // one way has an answer and the other has none
  int prompts = 0;
  int samplings = 0;
  int outputs = 0;
  int scores = 0;
  Text left_out;  // why nothing is compared; empty: it is
};

struct ParityReport {
  int engine_loads = 0;           // of all variants
  std::vector<ParityTask> tasks;  // by variant, then in the plan's order
  std::vector<ParityDifference> differences;
};

struct ParityPlan {
  Plan plan;                         // each comparable task in both ways
  std::vector<ParityTask> left_out;  // with the reason
};

// The task of a parity plan that lm-eval runs beside the native task of this name.
[[nodiscard]] std::string lm_eval_twin(const std::string& task);

// `variant`: empty means all. `limit`: at most that many items a task; 0 as the plan says.
// Usage errors: no such variant, an endpoint as engine, no task that lm-eval has.
[[nodiscard]] Result<ParityPlan> parity_plan(const Plan& plan, const std::string& variant,
                                             int limit);

// After the run: `seen` is what lm-eval did in it, the store holds the native side.
[[nodiscard]] Result<ParityReport> compare_ways(const ResolvedRun& run, const Store& store,
                                                const std::vector<LmEvalItem>& seen);

[[nodiscard]] const char* to_string(ParityAspect aspect);
[[nodiscard]] nlohmann::json to_json(const ParityReport& report);

}  // namespace assay
