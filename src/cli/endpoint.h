// Engines of kind openai for a World (docs/openai_endpoint.md).
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/deadline.h"
#include "base/result.h"
#include "engine/engine.h"
#include "plan/plan.h"
#include "run/resolve.h"
#include "run/runner.h"

namespace assay {

// The variant as served somewhere else. `tokenizer_folder`: where the tokenizer lies; empty in mode
// chat. What it is goes by its name in the plan, the served model's name and the tokenizer's files:
// variants on two servers may bear one model name.
[[nodiscard]] Result<ResolvedVariant> served_variant(const Plan& plan, const VariantSpec& spec,
                                                     const std::string& tokenizer_folder);

// `start_renderer` gives a worker that will render and never load. The key comes from the variable
// that api_key_env names; an environment error when it is not set. Meeting the server ends by
// `until`. `lenient`: of a judge.
[[nodiscard]] Result<std::unique_ptr<Engine>> start_endpoint(
    const Plan& plan, const ResolvedVariant& variant, const std::filesystem::path& log_file,
    const Deadline& until, std::function<Result<std::unique_ptr<Engine>>()> start_renderer,
    bool lenient = false);

// A judge behind a server, asked by chat; its variant bears the model's name, not the address.
[[nodiscard]] Result<JudgeEngine> start_endpoint_judge(const JudgeSpec& judge,
                                                       const std::filesystem::path& log_file,
                                                       const Deadline& until);

}  // namespace assay
