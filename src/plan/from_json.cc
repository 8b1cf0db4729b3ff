#include <algorithm>
#include <nlohmann/json.hpp>

#include "plan/plan.h"

namespace assay {
namespace {

using nlohmann::json;

template <typename T>
std::optional<T> maybe(const json& value) {
  if (value.is_null()) return std::nullopt;
  return value.get<T>();
}

TaskSpec task_from(const json& value) {
  TaskSpec task;
  task.name = value.at("name");
  task.benchmark = value.at("benchmark");
  task.harness = value.at("harness") == "native" ? Harness::native : Harness::lm_eval;
  task.limit = maybe<int>(value.at("limit"));
  task.limit_per = value.at("limit_per") == "task" ? LimitPer::task : LimitPer::subject;
  if (value.contains("at_most")) task.at_most = value.at("at_most").get<int>();
  task.first = maybe<int>(value.at("first"));
  task.ids = value.at("ids").get<std::vector<std::string>>();
  task.max_gen_toks = maybe<int>(value.at("max_gen_toks"));
  for (const ExpectedKey& key : kExpectedKeys) {
    if (value.contains(key.name)) task.*key.member = value.at(key.name).get<double>();
  }
  task.num_fewshot = maybe<int>(value.at("num_fewshot"));
  task.repeats_auto = value.at("repeats") == kRepeatsAuto;
  if (!task.repeats_auto) task.repeats = value.at("repeats");
  task.if_gated = value.at("if_gated") == "skip" ? IfGated::skip : IfGated::fail;
  task.weight = value.at("weight");
  task.sampling = value.at("sampling");
  task.options = value.at("options");
  task.lm_eval = value.at("lm_eval");
  task.data = value.at("data");
  task.revision = value.value("revision", std::string());
  if (value.contains("expect")) {
    const json& expect = value.at("expect");
    task.expect = {expect.at("score"), expect.at("within_pp"), expect.at("source")};
  }
  return task;
}

Plan plan_from(const json& value) {
  Plan plan;
  plan.name = value.at("name");
  plan.budget_s = value.at("budget_s");
  plan.output = value.at("output");
  plan.env = value.at("env").get<std::map<std::string, std::string>>();
  plan.data = value.at("data");
  plan.seed = value.at("seed");
  const json& engine = value.at("engine");
  plan.engine = {engine.at("kind"),
                 engine.at("python"),
                 engine.at("args"),
                 engine.value("module", std::string()),
                 engine.value("load_timeout_s", 0.0),
                 maybe<bool>(engine.value("start_ahead", json()))};
  const json& chat = value.at("chat");
  plan.chat.apply_template = chat.at("apply_template");
  plan.chat.enable_thinking = maybe<bool>(chat.at("enable_thinking"));
  plan.chat.system = chat.at("system");
  plan.chat.template_args = chat.at("template_args");
  plan.chat.stop_strings = chat.value("stop_strings", "engine") == "answer" ? HeadingStops::answer
                                                                            : HeadingStops::engine;
  for (const json& v : value.at("variants")) {
    plan.variants.push_back({v.at("name"), v.at("model"), v.at("revision"), v.at("baseline"),
                             v.at("engine"), kernel_bits_named(v.value("require", std::string()))});
  }
  const auto until = std::ranges::find(kUntils, value.value("until", "limits"), &UntilName::name);
  if (until != kUntils.end()) plan.until = until->until;
  if (plan.until == Until::decided) {
    plan.decide = {value.at("looks").at("reserve"), value.at("power"),
                   value.at("expected_discordance").get<double>()};
  }
  for (const json& task : value.at("tasks")) {
    plan.tasks.push_back(task_from(task));
    plan.tasks.back().goes_on = goes_on_beyond_limit(plan, plan.tasks.back());
  }
  const json& compare = value.at("compare");
  plan.compare = {compare.at("margin_pp"), compare.at("alpha"), compare.value("noise_floor", false),
                  weight_rule_named(compare.value("weights", std::string())),
                  compare.value("same_model", false)};
  plan.fidelity = {value.at("fidelity").at("items"), value.at("fidelity").at("max_tokens")};
  plan.canary = value.value("canary", true);
  if (value.contains("sandbox")) {
    plan.sandbox.accept_missing =
        value.at("sandbox").at("accept_missing").get<std::vector<std::string>>();
  }
  return plan;
}

}  // namespace

Result<Plan> plan_from_json(const json& value) {
  try {
    return plan_from(value);
  } catch (const json::exception& e) {
    return environment_error("a frozen plan cannot be read", e.what(),
                             "use the assay that wrote it, or choose another folder");
  }
}

}  // namespace assay
