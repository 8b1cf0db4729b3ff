#include "plan/other_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace assay {
namespace {

enum class Place : std::uint8_t { plan, task, sampling, chat, compare, engine, variant };

struct Known {
  std::string_view word;  // as it may be written
  std::string_view key;   // as it is called here
  Place place = Place::plan;
};

// Sorted by place. Words are those of vLLM, of lm-evaluation-harness, of OpenAI's interface and of
// this plan's other maps.
constexpr std::array kKnown{
    Known{"models", "variants", Place::plan},
    Known{"benchmarks", "tasks", Place::plan},
    Known{"evals", "tasks", Place::plan},
    Known{"datasets", "tasks", Place::plan},
    Known{"output_dir", "output", Place::plan},
    Known{"output_path", "output", Place::plan},
    Known{"out", "output", Place::plan},
    Known{"time", "budget", Place::plan},
    Known{"timeout", "budget", Place::plan},
    Known{"time_limit", "budget", Place::plan},
    Known{"budget", "budget", Place::plan},
    Known{"seed", "seed", Place::plan},
    Known{"random_seed", "seed", Place::plan},
    Known{"max_tokens", "max_gen_toks", Place::task},
    Known{"max_new_tokens", "max_gen_toks", Place::task},
    Known{"max_gen_tokens", "max_gen_toks", Place::task},
    Known{"max_output_tokens", "max_gen_toks", Place::task},
    Known{"max_completion_tokens", "max_gen_toks", Place::task},
    Known{"max_gen_toks", "max_gen_toks", Place::task},
    Known{"limit", "limit", Place::task},
    Known{"num_samples", "limit", Place::task},
    Known{"max_samples", "limit", Place::task},
    Known{"num_examples", "limit", Place::task},
    Known{"first", "first", Place::task},
    Known{"ids", "ids", Place::task},
    Known{"fewshot", "num_fewshot", Place::task},
    Known{"few_shot", "num_fewshot", Place::task},
    Known{"n_shot", "num_fewshot", Place::task},
    Known{"n_shots", "num_fewshot", Place::task},
    Known{"num_shots", "num_fewshot", Place::task},
    Known{"shots", "num_fewshot", Place::task},
    Known{"num_fewshot", "num_fewshot", Place::task},
    Known{"n", "repeats", Place::task},
    Known{"n_samples", "repeats", Place::task},
    Known{"num_repeats", "repeats", Place::task},
    Known{"num_generations", "repeats", Place::task},
    Known{"repeats", "repeats", Place::task},
    Known{"task", "name", Place::task},
    Known{"temperature", "temperature", Place::sampling},
    Known{"temp", "temperature", Place::sampling},
    Known{"top_p", "top_p", Place::sampling},
    Known{"top_k", "top_k", Place::sampling},
    Known{"min_p", "min_p", Place::sampling},
    Known{"presence_penalty", "presence_penalty", Place::sampling},
    Known{"frequency_penalty", "frequency_penalty", Place::sampling},
    Known{"repetition_penalty", "repetition_penalty", Place::sampling},
    Known{"thinking", "enable_thinking", Place::chat},
    Known{"reasoning", "enable_thinking", Place::chat},
    Known{"enable_thinking", "enable_thinking", Place::chat},
    Known{"system", "system", Place::chat},
    Known{"system_prompt", "system", Place::chat},
    Known{"system_instruction", "system", Place::chat},
    Known{"apply_chat_template", "apply_template", Place::chat},
    Known{"apply_template", "apply_template", Place::chat},
    Known{"chat_template_args", "template_args", Place::chat},
    Known{"chat_template_kwargs", "template_args", Place::chat},
    Known{"margin", "margin_pp", Place::compare},
    Known{"margin_pp", "margin_pp", Place::compare},
    Known{"alpha", "alpha", Place::compare},
    Known{"noise_floor", "noise_floor", Place::compare},
    Known{"tp", "tensor_parallel_size", Place::engine},
    Known{"tp_size", "tensor_parallel_size", Place::engine},
    Known{"tensor_parallel", "tensor_parallel_size", Place::engine},
    Known{"gpus", "tensor_parallel_size", Place::engine},
    Known{"num_gpus", "tensor_parallel_size", Place::engine},
    Known{"tensor_parallel_size", "tensor_parallel_size", Place::engine},
    Known{"pp", "pipeline_parallel_size", Place::engine},
    Known{"max_len", "max_model_len", Place::engine},
    Known{"max_length", "max_model_len", Place::engine},
    Known{"max_model_length", "max_model_len", Place::engine},
    Known{"context_length", "max_model_len", Place::engine},
    Known{"max_model_len", "max_model_len", Place::engine},
    Known{"batch_size", "max_num_seqs", Place::engine},
    Known{"max_num_seqs", "max_num_seqs", Place::engine},
    Known{"gpu_memory_utilization", "gpu_memory_utilization", Place::engine},
    Known{"dtype", "dtype", Place::engine},
    Known{"quantization", "quantization", Place::engine},
    Known{"kv_cache_dtype", "kv_cache_dtype", Place::engine},
    Known{"enforce_eager", "enforce_eager", Place::engine},
    Known{"path", "model", Place::variant},
    Known{"model_path", "model", Place::variant},
    Known{"model_name", "model", Place::variant},
    Known{"checkpoint", "model", Place::variant},
};

const Known* find(std::string_view word) {
  const auto* const found = std::ranges::find(kKnown, word, &Known::word);
  return found == kKnown.end() ? nullptr : found;
}

// What the map called so holds.
Place place_of(std::string_view path) {
  if (path.ends_with("sampling")) return Place::sampling;
  if (path.ends_with("engine")) return Place::engine;
  if (path.starts_with("tasks[")) return Place::task;
  if (path.starts_with("variants[")) return Place::variant;
  if (path == "chat") return Place::chat;
  if (path == "compare") return Place::compare;
  return Place::plan;
}

Text elsewhere(Place place, const std::string& entry) {
  switch (place) {
    case Place::plan:
      return bilingual("write '{}' for the whole plan, at its top level",
                       "在计划的顶层写 '{}'，对整个计划有效", entry);
    case Place::task:
      return bilingual("write it in a task: - {{name: …, {}}}", "写在任务里：- {{name: …, {}}}",
                       entry);
    case Place::sampling:
      return bilingual("write 'sampling: {{{}}}' in the plan or in a task",
                       "在计划或任务里写 'sampling: {{{}}}'", entry);
    case Place::chat:
      return bilingual("write 'chat: {{{}}}' in the plan", "在计划里写 'chat: {{{}}}'", entry);
    case Place::compare:
      return bilingual("write 'compare: {{{}}}' in the plan", "在计划里写 'compare: {{{}}}'",
                       entry);
    case Place::engine:
      return bilingual("write 'engine: {{{}}}' in the plan or in a variant",
                       "在计划或变体里写 'engine: {{{}}}'", entry);
    case Place::variant:
      return bilingual("write it in a variant: - {{name: …, {}}}", "写在变体里：- {{name: …, {}}}",
                       entry);
  }
  return {};
}

}  // namespace

Text right_spelling(std::string_view key, std::string_view path, std::string_view value) {
  const Known* known = find(key);
  if (known == nullptr) return {};
  const std::string entry = fmt::format("{}: {}", known->key, value);
  const Place here = place_of(path);
  if (here == known->place) {
    return known->key == key ? Text() : bilingual("write '{}'", "写 '{}'", entry);
  }
  return elsewhere(known->place, entry);
}

Text right_spelling_for_engine(std::string_view key, std::string_view path,
                               std::string_view value) {
  const Known* known = find(key);
  constexpr std::array kNoArguments{Place::task, Place::sampling, Place::compare, Place::engine};
  const bool meant_elsewhere =
      known != nullptr && std::ranges::find(kNoArguments, known->place) != kNoArguments.end();
  // vLLM has a `task` and a `seed` of its own.
  if (!meant_elsewhere || key == "task" || key == "first") return {};
  return right_spelling(key, path, value);
}

std::string place_in_plan(std::string word) {
  std::ranges::replace(word, '-', '_');
  const Known* known = find(word);
  if (known == nullptr) return "";
  std::string key(known->key);
  switch (known->place) {
    case Place::plan:
      return key;
    case Place::task:
      return "tasks.NAME." + key;
    case Place::sampling:
      return "sampling." + key;
    case Place::chat:
      return "chat." + key;
    case Place::compare:
      return "compare." + key;
    case Place::engine:
      return "engine." + key;
    case Place::variant:
      return "variants.NAME." + key;
  }
  return "";
}

}  // namespace assay
