// Free answers put to a judge model, after every variant has answered (docs/tasks.md, HLE).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/engine.h"
#include "run/runner.h"

namespace assay {

// Whether a task of this run names a judge.
[[nodiscard]] Result<bool> wants_judge(const ResolvedRun& run);
// Whether one of them names the baseline.
[[nodiscard]] Result<bool> baseline_judges(const ResolvedRun& run);

// Puts what the store holds no judgement of to the judge, stores what it says, and scores those
// items again. Ends at deadline_s (on services.clock; infinity: none), when interrupted, or when
// the judge cannot be had or dies: what is not judged then stays unscored, the progress line says
// why, and the next run goes on. Errors: the store's, and being interrupted.
[[nodiscard]] Status judge_answers(const ResolvedRun& run, const RunOptions& options,
                                   RunServices& services, double deadline_s);

// What the judge said about an answer, as stored; nothing when there is none.
[[nodiscard]] Result<std::optional<Response>> stored_judgement(const Store& store,
                                                               const AnswerId& answer);

}  // namespace assay
