#include "plan/plan.h"

#include <algorithm>

namespace assay {
namespace {

using nlohmann::json;

template <typename T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

json variant_json(const VariantSpec& variant) {
  json out = {{"name", variant.name},
              {"model", variant.model},
              {"revision", variant.revision},
              {"baseline", variant.baseline},
              {"engine", variant.engine_args}};
  if (variant.require) out["require"] = name_of(*variant.require);
  return out;
}

json task_json(const TaskSpec& task) {
  json out = {{"name", task.name},
              {"benchmark", task.benchmark},
              {"harness", task.harness == Harness::native ? "native" : "lm_eval"},
              {"limit", or_null(task.limit)},
              {"limit_per", task.limit_per == LimitPer::task ? "task" : "subject"},
              {"first", or_null(task.first)},
              {"ids", task.ids},
              {"max_gen_toks", or_null(task.max_gen_toks)},
              {"num_fewshot", or_null(task.num_fewshot)},
              {"repeats", task.repeats_auto ? json(kRepeatsAuto) : json(task.repeats)},
              {"if_gated", task.if_gated == IfGated::fail ? "fail" : "skip"},
              {"weight", task.weight},
              {"sampling", task.sampling},
              {"options", task.options},
              {"lm_eval", task.lm_eval},
              {"data", task.data}};
  if (task.at_most) out["at_most"] = *task.at_most;
  for (const ExpectedKey& key : kExpectedKeys) {
    if (task.*key.member) out[key.name] = *(task.*key.member);
  }
  if (!task.revision.empty()) out["revision"] = task.revision;
  if (task.expect) {
    out["expect"] = {{"score", task.expect->score},
                     {"within_pp", task.expect->within_pp},
                     {"source", task.expect->source}};
  }
  return out;
}

}  // namespace

namespace {

// Most of HLE's answers are free, so without a judge more of them would mostly be unscored ones.
bool lacks_its_judge(const TaskSpec& task) {
  return task.benchmark == "hle" && !task.options.contains("judge");
}

}  // namespace

bool goes_on_beyond_limit(const Plan& plan, const TaskSpec& task) {
  return plan.until != Until::limits && task.harness == Harness::native && task.limit &&
         task.limit_per == LimitPer::task && (task.at_most || !lacks_its_judge(task));
}

bool answers_differ(const TaskSpec& task) {
  return task.max_gen_toks && task.sampling.value("temperature", 0.0) != 0 &&
         task.sampling.value("top_k", 0) != 1;
}

std::string name_of(Until until) {
  for (const UntilName& entry : kUntils) {
    if (entry.until == until) return entry.name;
  }
  return "";
}

int max_model_len_of(const json& engine_args) {
  const auto found = engine_args.find("max_model_len");
  return found != engine_args.end() && found->is_number_integer() ? found->get<int>() : 0;
}

int rank_count(const json& engine_args) {
  int count = 1;
  for (const char* key : {"tensor_parallel_size", "pipeline_parallel_size"}) {
    const auto found = engine_args.find(key);
    if (found != engine_args.end() && found->is_number_integer()) count *= found->get<int>();
  }
  return count;
}

json merged_engine_args(const Plan& plan, const VariantSpec& variant) {
  json args = plan.engine.args;
  args.update(variant.engine_args);
  return args;
}

DrawSeed draw_seed_of(const Plan& plan, const VariantSpec& variant) {
  DrawSeed out{plan.seed};
  const json args = merged_engine_args(plan, variant);
  const auto seed = args.find("seed");
  if (seed != args.end() && seed->is_number_integer()) out.engine = seed->get<std::int64_t>();
  return out;
}

int smallest_max_model_len(const Plan& plan) {
  int smallest = 0;
  for (const VariantSpec& variant : plan.variants) {
    const int length = max_model_len_of(merged_engine_args(plan, variant));
    if (length > 0 && (smallest == 0 || length < smallest)) smallest = length;
  }
  return smallest;
}

bool SandboxSpec::accepts(std::string_view part) const {
  return std::find(accept_missing.begin(), accept_missing.end(), part) != accept_missing.end();
}

std::string worker_module(const EngineSpec& engine) {
  return engine.kind == kWorkerKind ? engine.module : kVllmWorker;
}

std::string engine_name(const EngineSpec& engine) {
  return engine.kind == kWorkerKind ? engine.module : engine.kind;
}

HeadingStops heading_stops(const ChatSpec& chat) {
  return chat.stop_strings.value_or(chat.apply_template ? HeadingStops::answer
                                                        : HeadingStops::engine);
}

json to_json(const Plan& plan) {
  json variants = json::array();
  for (const VariantSpec& variant : plan.variants) variants.push_back(variant_json(variant));
  json tasks = json::array();
  for (const TaskSpec& task : plan.tasks) tasks.push_back(task_json(task));
  json engine = {
      {"kind", plan.engine.kind}, {"python", plan.engine.python}, {"args", plan.engine.args}};
  if (plan.engine.kind == kWorkerKind) engine["module"] = plan.engine.module;
  if (plan.engine.load_timeout_s > 0) engine["load_timeout_s"] = plan.engine.load_timeout_s;
  if (plan.engine.start_ahead) engine["start_ahead"] = *plan.engine.start_ahead;
  json out = {
      {"name", plan.name},
      {"budget_s", plan.budget_s},
      {"output", plan.output},
      {"env", plan.env},
      {"engine", std::move(engine)},
      {"chat",
       {{"apply_template", plan.chat.apply_template},
        {"enable_thinking", or_null(plan.chat.enable_thinking)},
        {"system", plan.chat.system},
        {"template_args", plan.chat.template_args}}},
      {"seed", plan.seed},
      {"data", plan.data},
      {"variants", std::move(variants)},
      {"tasks", std::move(tasks)},
      {"compare",
       {{"margin_pp", plan.compare.margin_pp},
        {"alpha", plan.compare.alpha},
        {"noise_floor", plan.compare.noise_floor}}},
      {"fidelity", {{"items", plan.fidelity.items}, {"max_tokens", plan.fidelity.max_tokens}}}};
  // Plans frozen before there was a choice say nothing, and mean the engine.
  if (heading_stops(plan.chat) == HeadingStops::answer) out["chat"]["stop_strings"] = "answer";
  if (plan.until != Until::limits) out["until"] = name_of(plan.until);
  if (plan.until == Until::decided) {
    out["looks"] = {{"reserve", plan.decide.reserve}};
    out["power"] = plan.decide.power;
    out["expected_discordance"] = plan.decide.discordance();
  }
  if (!plan.canary) out["canary"] = false;
  if (plan.compare.same_model) out["compare"]["same_model"] = true;
  if (plan.compare.weights) out["compare"]["weights"] = name_of(*plan.compare.weights);
  if (!plan.sandbox.accept_missing.empty()) {
    out["sandbox"] = {{"accept_missing", plan.sandbox.accept_missing}};
  }
  return out;
}

}  // namespace assay
