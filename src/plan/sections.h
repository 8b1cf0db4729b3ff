// The parts of a plan file, one function each; used by parse_plan, and where the policy of a gate
// has the same key.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"
#include "plan/yaml_reader.h"

namespace assay {

// The name becomes part of file names: letters, digits, '.', '_', '-', not beginning with
// '.' or '-', at most 100 bytes.
[[nodiscard]] bool usable_as_file_name(std::string_view name);
[[nodiscard]] Status check_name(const YamlMap& map, std::string_view key, const std::string& name);

// "./x", "../x", "/x" (and "." or "..") name a place on disk; anything else is a hub id.
[[nodiscard]] bool names_a_folder(std::string_view text);
// Absolute and normalised, taken from the folder of the plan file.
[[nodiscard]] std::string resolve_path(const std::filesystem::path& plan_file,
                                       const std::string& text);

// A usage error where a setting's name says that it is a secret and its value is text (in `env` any
// value), where a value has the shape of a key, or where an address has a user, a password or a key
// in it. No message repeats the value.
[[nodiscard]] Status refuse_secrets(const std::string& file, const YAML::Node& root);

// After the budget.
[[nodiscard]] Status read_until(const YamlMap& top, Plan& plan);
// `looks`, `power`, `expected_discordance`.
[[nodiscard]] Status read_decide(const YamlMap& top, DecideSpec& decide);
// After the tasks: what `until: decided` cannot go with.
[[nodiscard]] Status check_decided(const YamlMap& top, const Plan& plan);
[[nodiscard]] Status read_output(const YamlMap& top, Plan& plan);
[[nodiscard]] Status read_env(const YamlMap& top, Plan& plan);
[[nodiscard]] Status read_engine(const YamlMap& top, Plan& plan);
[[nodiscard]] Status read_chat(const YamlMap& top, Plan& plan);
// `data`: a folder (made absolute from the plan's own) or "hub".
[[nodiscard]] Status read_data(const YamlMap& map, const std::filesystem::path& plan_file,
                               std::string& data);
[[nodiscard]] Status read_weights(const YamlMap& map, std::optional<WeightRule>& weights);
[[nodiscard]] Status read_compare(const YamlMap& top, Plan& plan);
[[nodiscard]] Status read_fidelity(const YamlMap& top, Plan& plan);
[[nodiscard]] Status read_sandbox(const YamlMap& top, Plan& plan);
[[nodiscard]] Status read_canary(const YamlMap& top, bool& canary);
// `variants`, then those that `matrix` makes; exactly one of all is the baseline.
[[nodiscard]] Status read_variants(const YamlMap& top, Plan& plan);
// One entry of a list of variants; `path` is how errors name it.
[[nodiscard]] Result<VariantSpec> read_variant(const std::string& file, const YAML::Node& node,
                                               const std::string& path, const Plan& plan);
// "kind", "python" and the like: keys of the plan's engine that no variant may have of its own.
[[nodiscard]] bool is_engine_choice(std::string_view key);
// Appends the variants that `matrix` makes (docs/configurations.md).
[[nodiscard]] Status read_matrix(const YamlMap& top, Plan& plan);
// After the variants: their engine arguments bound max_gen_toks.
[[nodiscard]] Status read_tasks(const YamlMap& top, const std::vector<KnownBenchmark>& known,
                                Plan& plan);

// lm-eval tasks known to be scored by log-likelihood alone (output_type multiple_choice in its
// tasks/gpqa/zeroshot and tasks/gpqa/n_shot).
[[nodiscard]] bool lm_eval_generates_nothing(std::string_view name);

// `engine: {kind: openai}`, plan/endpoint.h.
// The keys of the plan's engine or of one variant's, checked; durations become seconds, a tokenizer
// folder an absolute path.
[[nodiscard]] Status read_endpoint_args(const YamlMap& map, const Plan& plan, bool of_variant,
                                        nlohmann::json& args);

// Checks that need the whole plan, so call it last: every variant has an address, there is a
// tokenizer where prompts are rendered here, no task uses lm-eval.
[[nodiscard]] Status check_endpoint(const YamlMap& top, const Plan& plan);

// Engine arguments of the plan or of one variant, passed through; keys in `own` are not among them.
// `kind`: of the engine. Usage errors: `model` and `revision`, keys that are nearly a frequent
// argument, and keys of another map of the plan, unless the engine is one we do not know.
[[nodiscard]] Status read_engine_args(const YamlMap& map, const std::vector<std::string>& own,
                                      const char* where, std::string_view kind,
                                      nlohmann::json& args);

// Checks the few engine arguments that assay itself relies on. The engine checks the others.
[[nodiscard]] Status check_engine_args(const YamlMap& engine, const nlohmann::json& args);

}  // namespace assay
