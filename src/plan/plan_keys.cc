#include "plan/plan_keys.h"

#include <iterator>
#include <string_view>

#include "plan/endpoint.h"
#include "plan/engine_kind.h"
#include "plan/plan.h"
#include "values/margin.h"

namespace assay {
namespace {

using Keys = std::vector<PlanKey>;

template <typename Entries>
std::vector<std::string> names_in(const Entries& entries) {
  std::vector<std::string> out;
  out.reserve(std::size(entries));
  for (const auto& entry : entries) out.emplace_back(entry.name);
  return out;
}

std::vector<std::string> kernel_names() {
  std::vector<std::string> out;
  out.reserve(std::size(kRequirable));
  for (const KernelBits& bits : kRequirable) out.push_back(name_of(bits));
  return out;
}

Keys top_keys() {
  return {
      {.name = "name",
       .kind = KeyKind::name,
       .meaning = "Heads the reports: letters, digits, '.', '_' and '-'",
       .required = true},
      {.name = "budget",
       .kind = KeyKind::duration,
       .meaning = "Wall clock for all variants together, loading included: 3h, 90m, 1h30m"},
      {.name = "until",
       .kind = KeyKind::choice,
       .meaning = "How far the run goes: to each task's limit, or beyond it until each variant is "
                  "decided or the budget ends",
       .choices = names_in(kUntils)},
      {.name = "looks",
       .kind = KeyKind::map,
       .meaning = "Of `until: decided`",
       .map = PlanMap::looks},
      {.name = "power",
       .kind = KeyKind::number,
       .meaning = "`until: decided`: the chance to show NON-INFERIOR for a variant that loses "
                  "nothing (0.9)",
       .least = 0.5,
       .most = 1,
       .above_least = true,
       .below_most = true},
      {.name = "expected_discordance",
       .kind = KeyKind::number,
       .meaning = "`until: decided`: the share of items that is expected to flip, either way (0.1)",
       .least = 0,
       .most = 1,
       .above_least = true,
       .below_most = true},
      {.name = "output",
       .kind = KeyKind::text,
       .meaning = "The run's folder, seen from the plan's; ${name} is the plan's name"},
      {.name = "env",
       .kind = KeyKind::words,
       .meaning = "Environment of the engine and of the hub client; no secrets"},
      {.name = "engine",
       .kind = KeyKind::map,
       .meaning = "How the engine runs",
       .map = PlanMap::engine},
      {.name = "chat",
       .kind = KeyKind::map,
       .meaning = "How prompts are rendered",
       .map = PlanMap::chat},
      {.name = "seed",
       .kind = KeyKind::whole,
       .meaning = "Chooses and orders the items, the same for every variant (0)",
       .least = 0},
      {.name = "data",
       .kind = KeyKind::text,
       .meaning = "Where the tasks' rows come from: a folder, seen from the plan's, or hub"},
      {.name = "harness",
       .kind = KeyKind::choice,
       .meaning = "Which code runs the tasks that don't say",
       .choices = {"native", "lm_eval"}},
      {.name = "sampling",
       .kind = KeyKind::map,
       .meaning = "For tasks that generate and have none of their own; greedy without it",
       .map = PlanMap::sampling},
      {.name = "variants",
       .kind = KeyKind::maps,
       .meaning = "The models that are compared; one is the baseline",
       .map = PlanMap::variant},
      {.name = "matrix",
       .kind = KeyKind::map,
       .meaning = "Models times engine settings, each combination a variant",
       .map = PlanMap::matrix},
      {.name = "tasks",
       .kind = KeyKind::maps,
       .meaning = "The benchmarks",
       .map = PlanMap::task,
       .required = true},
      {.name = "weights",
       .kind = KeyKind::choice,
       .meaning = "How tasks of different size count in the pooled difference (sqrt)",
       .choices = names_in(kWeightRules)},
      {.name = "compare",
       .kind = KeyKind::map,
       .meaning = "What counts as a loss",
       .map = PlanMap::compare},
      {.name = "fidelity",
       .kind = KeyKind::map,
       .meaning = "How much of the baseline's outputs each variant reads back",
       .map = PlanMap::fidelity},
      {.name = "sandbox",
       .kind = KeyKind::map,
       .meaning = "What graded programs may do without",
       .map = PlanMap::sandbox},
      {.name = "canary",
       .kind = KeyKind::choice,
       .meaning = "Before its items each load answers 8 short prompts of ours",
       .choices = {"on", "off"}},
  };
}

Keys looks_keys() {
  return {{.name = "reserve",
           .kind = KeyKind::number,
           .meaning = "The part of an alpha of 0.05 that is kept for further rounds (0.01)",
           .least = 0,
           .most = 0.05,
           .below_most = true}};
}

// Beside the first five: frequent arguments. A misspelt one is an error; otherwise it would be
// passed on as one of the hundreds that vLLM has.
Keys engine_keys() {
  return {
      {.name = "kind",
       .kind = KeyKind::choice,
       .meaning = "What computes: vLLM, another worker, or a server that is there",
       .choices = {kVllmKind, kWorkerKind, kEndpointKind, kScriptedKind}},
      {.name = "python",
       .kind = KeyKind::text,
       .meaning = "Interpreter that has vLLM; looked up without it"},
      {.name = "module",
       .kind = KeyKind::text,
       .meaning = "kind worker: the Python module to start"},
      {.name = "load_timeout",
       .kind = KeyKind::duration,
       .meaning = "A load that takes longer hangs and ends the run"},
      {.name = "start_ahead",
       .kind = KeyKind::flag,
       .meaning = "The next variant's worker imports vLLM while this one answers"},
      {.name = "tensor_parallel_size",
       .kind = KeyKind::whole,
       .meaning = "GPUs a model is split over",
       .least = 1},
      {.name = "max_model_len",
       .kind = KeyKind::whole,
       .meaning = "Tokens, prompt and output together",
       .least = 1},
      {.name = "max_num_seqs",
       .kind = KeyKind::whole,
       .meaning = "Requests that are computed at once",
       .least = 1},
      {.name = "enforce_eager", .kind = KeyKind::flag, .meaning = "No compiling, no CUDA graphs"},
      {.name = "gpu_memory_utilization",
       .kind = KeyKind::number,
       .meaning = "Share of a GPU's memory",
       .least = 0,
       .most = 1,
       .above_least = true},
      {.name = "quantization",
       .kind = KeyKind::text,
       .meaning = "Where the checkpoint does not say it"},
      {.name = "dtype",
       .kind = KeyKind::text,
       .meaning = "Of weights and activations: auto, bfloat16, …"},
      {.name = "max_num_batched_tokens",
       .kind = KeyKind::whole,
       .meaning = "Tokens a step",
       .least = 1},
      {.name = "enable_prefix_caching",
       .kind = KeyKind::flag,
       .meaning = "Whether prompts share a cache"},
  };
}

Keys endpoint_keys() {
  std::vector<std::string> token_keys;
  for (const std::string_view key : kMaxTokensKeys) token_keys.emplace_back(key);
  return {
      {.name = "base_url",
       .kind = KeyKind::text,
       .meaning = "The server's address, usually up to /v1; no name, password or query",
       .of_variant = true},
      {.name = "api_key_env",
       .kind = KeyKind::text,
       .meaning = "The environment variable that holds the key, never the key",
       .of_variant = true},
      {.name = "tokenizer",
       .kind = KeyKind::model,
       .meaning = "Folder or hub id; prompts are then rendered here",
       .of_variant = true},
      {.name = "max_concurrency",
       .kind = KeyKind::whole,
       .meaning = "Requests at once (16)",
       .least = 1,
       .most = 1024,
       .of_variant = true},
      {.name = "requests_per_minute",
       .kind = KeyKind::number,
       .meaning = "No more than so many are sent",
       .least = 0,
       .above_least = true,
       .of_variant = true},
      {.name = "retry_for",
       .kind = KeyKind::duration,
       .meaning = "How long a failure that may pass is tried again (5m)",
       .of_variant = true},
      {.name = "connect_timeout",
       .kind = KeyKind::duration,
       .meaning = "For a connection (10s)",
       .of_variant = true},
      {.name = "stall_timeout",
       .kind = KeyKind::duration,
       .meaning = "No byte for so long: cut off and tried again (10m)",
       .of_variant = true},
      {.name = "answers_as",
       .kind = KeyKind::text,
       .meaning = "The name in the server's replies, where it is another",
       .of_variant = true},
      {.name = "max_tokens_key",
       .kind = KeyKind::choice,
       .meaning = "How the server calls the output limit",
       .choices = token_keys,
       .of_variant = true},
      {.name = "mode",
       .kind = KeyKind::choice,
       .meaning = "completions with a tokenizer, else chat",
       .choices = {"completions", "chat"}},
      {.name = "prompt",
       .kind = KeyKind::choice,
       .meaning = "completions: what is sent",
       .choices = {"tokens", "text"}},
      {.name = "logprobs",
       .kind = KeyKind::flag,
       .meaning = "false: tasks that need log-probabilities of a prompt become N/A"},
      {.name = "max_model_len",
       .kind = KeyKind::whole,
       .meaning = "Tokens, prompt and output together",
       .least = 1},
      {.name = "extra_body", .kind = KeyKind::object, .meaning = "Further fields of every request"},
      {.name = "leave_out",
       .kind = KeyKind::texts,
       .meaning = "Parameters that the server refuses",
       .choices = {std::begin(kMayBeLeftOut), std::end(kMayBeLeftOut)}},
  };
}

Keys chat_keys() {
  return {
      {.name = "apply_template",
       .kind = KeyKind::flag,
       .meaning = "Prompts go through the model's chat template (true)"},
      {.name = "enable_thinking",
       .kind = KeyKind::flag,
       .meaning = "Passed to the template, for models that think"},
      {.name = "stop_strings",
       .kind = KeyKind::choice,
       .meaning = "Who ends an answer at headings such as \"Question:\"",
       .choices = names_in(kHeadingStops)},
      {.name = "system", .kind = KeyKind::text, .meaning = "System message before each prompt"},
      {.name = "template_args",
       .kind = KeyKind::object,
       .meaning = "Further arguments of the template"},
  };
}

Keys variant_keys() {
  return {
      {.name = "name",
       .kind = KeyKind::name,
       .meaning = "Unique among the variants",
       .required = true},
      {.name = "model",
       .kind = KeyKind::model,
       .meaning = "A hub id, or a folder that begins with ./, ../ or /",
       .required = true},
      {.name = "revision",
       .kind = KeyKind::text,
       .meaning = "Of the hub: branch, tag or commit (main)"},
      {.name = "baseline", .kind = KeyKind::flag, .meaning = "The others are compared with it"},
      {.name = "require",
       .kind = KeyKind::choice,
       .meaning = "Bits of weights and activations that the kernels must compute with",
       .choices = kernel_names()},
      {.name = "engine",
       .kind = KeyKind::map,
       .meaning = "Engine arguments of this variant, over the plan's",
       .map = PlanMap::engine},
  };
}

Keys matrix_keys() {
  return {
      {.name = "models",
       .kind = KeyKind::maps,
       .meaning = "The models, each served in every way",
       .map = PlanMap::variant,
       .required = true},
      {.name = "engine",
       .kind = KeyKind::object,
       .meaning = "An engine argument and a list of its values, or named sets of arguments"},
      {.name = "exclude", .kind = KeyKind::objects, .meaning = "Combinations that are left out"},
      {.name = "baseline", .kind = KeyKind::text, .meaning = "The variant that is the baseline"},
  };
}

Keys task_keys() {
  return {
      {.name = "name",
       .kind = KeyKind::text,
       .meaning = "Unique among the tasks; lm_eval/X is lm-eval's task X",
       .required = true},
      {.name = "benchmark",
       .kind = KeyKind::text,
       .meaning = "What runs, where the name is another"},
      {.name = "harness",
       .kind = KeyKind::choice,
       .meaning = "lm_eval: lm-eval's own task code",
       .choices = {"native", "lm_eval"}},
      {.name = "limit",
       .kind = KeyKind::whole,
       .meaning = "A stratified, seeded sample of so many items; all without it",
       .least = 1},
      {.name = "limit_per",
       .kind = KeyKind::choice,
       .meaning = "What the limit counts over",
       .choices = {"task", "subject"}},
      {.name = "at_most",
       .kind = KeyKind::whole,
       .meaning = "How far the task goes beyond its limit, where `until` lets it",
       .least = 1},
      {.name = "first",
       .kind = KeyKind::whole,
       .meaning = "The data set's first N items",
       .least = 1},
      {.name = "ids", .kind = KeyKind::texts, .meaning = "Exactly these items"},
      {.name = "max_gen_toks",
       .kind = KeyKind::whole,
       .meaning = "Output tokens an answer; needed where the task generates",
       .least = 0},
      {.name = "expected_tokens",
       .kind = KeyKind::number,
       .meaning = "What an answer generates on average",
       .least = 0},
      {.name = "expected_prompt_tokens",
       .kind = KeyKind::number,
       .meaning = "What is read of an item's prompts beyond what others begin with, on average",
       .least = 0},
      {.name = "expected_grading_tokens",
       .kind = KeyKind::number,
       .meaning = "What the engine generates while the graders grade an answer, on average",
       .least = 0},
      {.name = "num_fewshot",
       .kind = KeyKind::whole,
       .meaning = "Worked examples in the prompt",
       .least = 0,
       .most = 100},
      {.name = "repeats",
       .kind = KeyKind::whole,
       .meaning = "Answers an item, averaged within it; auto: as many as `until` calls for",
       .choices = {std::string(kRepeatsAuto)},
       .least = 1,
       .most = 1000},
      {.name = "if_gated",
       .kind = KeyKind::choice,
       .meaning = "Data set not granted: end the run before it starts, or report N/A",
       .choices = {"fail", "skip"}},
      {.name = "weight",
       .kind = KeyKind::number,
       .meaning = "Factor in the pooled difference; 0 leaves the task out",
       .least = 0},
      {.name = "sampling",
       .kind = KeyKind::map,
       .meaning = "In place of the plan's",
       .map = PlanMap::sampling},
      {.name = "options",
       .kind = KeyKind::object,
       .meaning = "Settings of one benchmark (docs/tasks.md)"},
      {.name = "lm_eval", .kind = KeyKind::object, .meaning = "Arguments passed to lm-eval"},
      {.name = "expect",
       .kind = KeyKind::map,
       .meaning = "What the baseline should score",
       .map = PlanMap::expect},
      {.name = "data", .kind = KeyKind::text, .meaning = "This task's rows: a folder, or hub"},
      {.name = "revision", .kind = KeyKind::text, .meaning = "Of the data set on the hub (main)"},
  };
}

Keys expect_keys() {
  return {
      {.name = "score",
       .kind = KeyKind::number,
       .meaning = "Per cent, or a share up to 1",
       .least = 0,
       .most = 100,
       .required = true},
      {.name = "within_pp",
       .kind = KeyKind::number,
       .meaning = "Percentage points (5)",
       .least = 0,
       .most = 100,
       .above_least = true,
       .below_most = true},
      {.name = "source", .kind = KeyKind::text, .meaning = "Where it is published"},
  };
}

Keys sampling_keys() {
  return {
      {.name = "temperature",
       .kind = KeyKind::number,
       .meaning = "0: greedy",
       .least = 0,
       .most = 10},
      {.name = "top_p",
       .kind = KeyKind::number,
       .meaning = "1: off",
       .least = 0,
       .most = 1,
       .above_least = true},
      {.name = "top_k", .kind = KeyKind::whole, .meaning = "0: off", .least = 0},
      {.name = "min_p", .kind = KeyKind::number, .meaning = "0: off", .least = 0, .most = 1},
      {.name = "presence_penalty",
       .kind = KeyKind::number,
       .meaning = "0: off",
       .least = -2,
       .most = 2},
      {.name = "frequency_penalty",
       .kind = KeyKind::number,
       .meaning = "0: off",
       .least = -2,
       .most = 2},
      {.name = "repetition_penalty",
       .kind = KeyKind::number,
       .meaning = "1: off",
       .least = 0,
       .most = 2,
       .above_least = true},
  };
}

Keys compare_keys() {
  return {
      {.name = "margin_pp",
       .kind = KeyKind::number,
       .meaning = "The loss that is still fine, in percentage points (3)",
       .least = kLeastMarginPp,
       .most = 100,
       .below_most = true},
      {.name = "alpha",
       .kind = KeyKind::number,
       .meaning = "One-sided error rate of each verdict (0.05)",
       .least = 0,
       .most = 0.5,
       .above_least = true,
       .below_most = true},
      {.name = "noise_floor",
       .kind = KeyKind::flag,
       .meaning = "The baseline answers a second time"},
      {.name = "same_model",
       .kind = KeyKind::flag,
       .meaning = "A variant may be the baseline once more"},
  };
}

Keys fidelity_keys() {
  return {
      {.name = "items",
       .kind = KeyKind::whole,
       .meaning = "Outputs of the baseline that are read back (32)",
       .least = 0},
      {.name = "max_tokens",
       .kind = KeyKind::whole,
       .meaning = "How much of each output, from its start (256)",
       .least = 1},
  };
}

Keys sandbox_keys() {
  return {{.name = "accept_missing",
           .kind = KeyKind::texts,
           .meaning = "Parts of the sandbox that may be missing on this machine",
           .choices = {kMemoryCgroup}}};
}

}  // namespace

const std::vector<PlanKey>& keys_of(PlanMap map) {
  static const std::vector<Keys> maps = {
      top_keys(),     looks_keys(),    engine_keys(),  endpoint_keys(), chat_keys(),
      variant_keys(), matrix_keys(),   task_keys(),    expect_keys(),   sampling_keys(),
      compare_keys(), fidelity_keys(), sandbox_keys(),
  };
  return maps[static_cast<std::size_t>(map)];
}

std::vector<std::string> key_names(PlanMap map) {
  std::vector<std::string> out;
  for (const PlanKey& key : keys_of(map)) out.push_back(key.name);
  return out;
}

}  // namespace assay
