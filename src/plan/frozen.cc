#include "plan/frozen.h"

#include <fmt/format.h>

#include <cstdint>

#include "base/hash.h"
#include "base/json.h"
#include "plan/endpoint.h"

namespace assay {
namespace {

using nlohmann::json;

constexpr const char* kWhatToDo =
    "use the assay that wrote it, or choose another folder with --out";

json frozen_task_json(const FrozenTask& task) {
  json items = json::array();
  for (const FrozenItem& item : task.items) {
    items.push_back({{"id", item.id}, {"stratum", item.stratum}, {"group", item.group}});
  }
  json out = {{"name", task.name},
              {"title", task.title},
              {"benchmark", task.benchmark},
              {"kind", task.kind},
              {"harness", task.harness == Harness::native ? "native" : "lm_eval"},
              {"chance", task.chance},
              {"weight", task.weight},
              {"repeats", task.repeats},
              {"max_gen_toks", task.max_gen_toks},
              {"metrics", task.metrics},
              {"status", task.available ? "ok" : "na"},
              {"reason", task.reason},
              {"data_folder", task.data_folder},
              {"hub_id", task.hub_id},
              {"revision", task.revision},
              {"layout", task.layout},
              {"fingerprint", task.fingerprint},
              {"items", std::move(items)}};
  if (!task.cut_at.empty()) out["cut_at"] = task.cut_at;
  if (task.num_fewshot) out["num_fewshot"] = *task.num_fewshot;
  if (task.passes > 1) out["passes"] = task.passes;
  if (task.least_items) out["least_items"] = *task.least_items;
  if (task.weighed_items) out["weighed_items"] = *task.weighed_items;
  return out;
}

json frozen_variant_json(const FrozenVariant& variant) {
  return {{"name", variant.name},
          {"model", variant.model},
          {"revision", variant.revision},
          {"fingerprint", variant.fingerprint},
          {"baseline", variant.baseline}};
}

FrozenTask frozen_task_from(const json& value) {
  FrozenTask task;
  task.name = value.at("name");
  task.title = value.at("title");
  task.benchmark = value.at("benchmark");
  task.kind = value.at("kind");
  task.harness = value.at("harness") == "native" ? Harness::native : Harness::lm_eval;
  task.chance = value.at("chance");
  task.weight = value.at("weight");
  task.repeats = value.at("repeats");
  task.max_gen_toks = value.at("max_gen_toks");
  task.metrics = value.at("metrics").get<std::vector<std::string>>();
  task.available = value.at("status") == "ok";
  task.reason = value.at("reason");
  // Format 1 began without these.
  task.data_folder = value.value("data_folder", std::string());
  task.hub_id = value.value("hub_id", std::string());
  task.revision = value.value("revision", std::string());
  task.layout = value.at("layout");
  task.fingerprint = value.at("fingerprint");
  for (const json& item : value.at("items")) {
    task.items.push_back({item.at("id"), item.at("stratum"), item.at("group")});
  }
  task.passes = value.value("passes", std::size_t{1});
  task.cut_at = value.value("cut_at", std::vector<std::string>());
  if (value.contains("num_fewshot")) task.num_fewshot = value.at("num_fewshot").get<int>();
  if (value.contains("least_items")) task.least_items = value.at("least_items").get<std::size_t>();
  if (value.contains("weighed_items")) {
    task.weighed_items = value.at("weighed_items").get<std::size_t>();
  }
  return task;
}

Result<FrozenPlan> frozen_from(const json& value) {
  FrozenPlan out;
  out.format = value.at("format");
  if (out.format != kFrozenFormat) {
    return environment_error(fmt::format("the frozen plan has format {}", out.format),
                             fmt::format("this assay reads format {} only", kFrozenFormat),
                             kWhatToDo);
  }
  out.assay = value.at("assay");
  out.plan = TRY(plan_from_json(value.at("plan")));
  for (const json& task : value.at("tasks")) out.tasks.push_back(frozen_task_from(task));
  for (const json& v : value.at("variants")) {
    out.variants.push_back({v.at("name"), v.at("model"), v.at("revision"), v.at("fingerprint"),
                            v.at("baseline").get<bool>()});
  }
  out.graders = value.value("graders", std::map<std::string, std::string>());
  if (value.contains("looks")) {
    const json& looks = value.at("looks");
    out.looks = {look_schedule_from(looks.at("schedule")),
                 looks.at("order").get<std::vector<std::size_t>>()};
    if (looks.contains("declared_items")) {
      out.looks->declared_items = looks.at("declared_items").get<std::size_t>();
    }
  }
  return out;
}

}  // namespace

json to_json(const FrozenPlan& frozen) {
  json tasks = json::array();
  for (const FrozenTask& task : frozen.tasks) tasks.push_back(frozen_task_json(task));
  json variants = json::array();
  for (const FrozenVariant& variant : frozen.variants)
    variants.push_back(frozen_variant_json(variant));
  json out = {{"format", frozen.format},
              {"assay", frozen.assay},
              {"plan", to_json(frozen.plan)},
              {"tasks", std::move(tasks)},
              {"variants", std::move(variants)}};
  if (!frozen.graders.empty()) out["graders"] = frozen.graders;
  if (frozen.looks) {
    out["looks"] = {{"schedule", to_json(frozen.looks->schedule)}, {"order", frozen.looks->order}};
    if (frozen.looks->declared_items)
      out["looks"]["declared_items"] = *frozen.looks->declared_items;
  }
  return out;
}

Result<FrozenPlan> frozen_from_text(std::string_view text) {
  const json value = TRY(parse_json(text, "the frozen plan"));
  try {
    return frozen_from(value);
  } catch (const json::exception& e) {
    return environment_error("the frozen plan has another layout", e.what(), kWhatToDo);
  }
}

Result<FrozenPlan> frozen_from_store(std::string_view text,
                                     const std::optional<std::string>& hash) {
  FrozenPlan frozen = TRY(frozen_from_text(text));
  if (hash == frozen_hash(frozen)) return frozen;
  return environment_error(
      "the store's frozen plan is not the one its answers were made with",
      hash ? "its hash is not the stored frozen_hash: one of the two was changed"
           : "its frozen_hash is missing",
      "bring back a copy of store.sqlite, or run the plan again with another folder as --out");
}

namespace {

// All that must not change between two runs on one folder.
json hashed(const FrozenPlan& frozen) {
  json value = to_json(frozen);
  value.erase("assay");
  value.erase("graders");  // they decide no question
  json& plan = value["plan"];
  for (const char* key : {"budget_s", "output", "env", "file", "data", "sandbox", "canary"}) {
    plan.erase(key);
  }
  // Looks have their margin and levels from the first answer on; else a margin may change, and the
  // report says so.
  if (!frozen.looks) plan.erase("compare");
  for (const char* key : {"noise_floor", "same_model"}) {
    if (plan.contains("compare")) plan["compare"].erase(key);
  }
  for (const char* key : {"load_timeout_s", "start_ahead"}) plan["engine"].erase(key);
  if (frozen.plan.engine.kind == kEndpointKind) {  // a server may move
    drop_transport_keys(plan["engine"]["args"]);
    for (auto& variant : plan["variants"]) drop_transport_keys(variant["engine"]);
  }
  // Two checkouts of one model are the same model: its fingerprint says so, not its path.
  // What is required of kernels changes no answer, only whether there is one.
  for (auto& variant : plan["variants"]) {
    variant.erase("model");
    variant.erase("require");
  }
  for (auto& variant : value["variants"]) variant.erase("model");
  for (auto& task : value["tasks"]) {
    // Where rows lie changes no question, and the plan itself says how many exemplars it wants.
    for (const char* key : {"data_folder", "hub_id", "revision", "num_fewshot"}) task.erase(key);
  }
  for (auto& task : plan["tasks"]) {
    for (const char* key : {"data", "expect"}) task.erase(key);
    if (frozen.plan.until != Until::limits) continue;
    for (const ExpectedKey& key : kExpectedKeys) task.erase(key.name);  // they order nothing
  }
  return value;
}

std::string shown(const json* value) {
  constexpr std::size_t kMost = 80;
  if (value == nullptr) return "nothing";
  const std::string text = dump_json(*value);
  return text.size() > kMost ? text.substr(0, kMost) + "…" : text;
}

const json* member(const json& value, const std::string& key) {
  const auto found = value.find(key);
  return found == value.end() ? nullptr : &*found;
}

std::optional<FrozenDifference> difference(const json* one, const json* other,
                                           const std::string& path) {
  if (one != nullptr && other != nullptr && one->is_object() && other->is_object()) {
    json keys = *one;
    keys.update(*other);
    for (const auto& [key, value] : keys.items()) {
      const std::string inner = path.empty() ? key : fmt::format("{}.{}", path, key);
      if (auto found = difference(member(*one, key), member(*other, key), inner)) return found;
    }
    return std::nullopt;
  }
  const bool lists = one != nullptr && other != nullptr && one->is_array() && other->is_array();
  if (lists && one->size() == other->size()) {
    for (std::size_t i = 0; i < one->size(); ++i) {
      if (auto found = difference(&(*one)[i], &(*other)[i], fmt::format("{}[{}]", path, i))) {
        return found;
      }
    }
    return std::nullopt;
  }
  if (one != nullptr && other != nullptr && *one == *other) return std::nullopt;
  if (lists) {
    return FrozenDifference{path, fmt::format("{} of them", one->size()),
                            fmt::format("{} of them", other->size())};
  }
  return FrozenDifference{path, shown(one), shown(other)};
}

}  // namespace

std::optional<FrozenDifference> first_difference(const FrozenPlan& one, const FrozenPlan& other) {
  const json a = hashed(one);
  const json b = hashed(other);
  // The plan says what somebody changed, and `until` brings keys of its own; the rest follows.
  const json& one_plan = a.at("plan");
  const json& other_plan = b.at("plan");
  const json limits = name_of(Until::limits);
  const auto until = [&](const json& plan) {
    const json* found = member(plan, "until");
    return found != nullptr ? found : &limits;
  };
  if (auto found = difference(until(one_plan), until(other_plan), "plan.until")) return found;
  if (auto found = difference(&a["plan"], &b["plan"], "plan")) return found;
  return difference(&a, &b, "");
}

std::string frozen_hash(const FrozenPlan& frozen) {
  return sha256_hex(dump_json(hashed(frozen)));
}

std::vector<LookTask> look_tasks_of(const FrozenPlan& frozen,
                                    const std::vector<std::size_t>& order) {
  const WeightRule rule = frozen.plan.compare.weights.value_or(WeightRule::equal);
  std::vector<LookTask> tasks(frozen.tasks.size());
  std::vector<bool> asked(frozen.tasks.size(), false);
  for (const std::size_t task : order) asked[task] = true;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const FrozenTask& task = frozen.tasks[t];
    const std::size_t distinct = task.passes > 1 ? task.items.size() : 0;
    tasks[t] = {task.name, task.metrics.front(), {}, 0, task.repeats, distinct, task.chance};
    if (!asked[t]) continue;
    const std::size_t weighed = task.weighed_items.value_or(task.items.size());
    tasks[t].weight = task_weight(rule, task.weight, static_cast<std::int64_t>(weighed));
    for (const FrozenItem& item : task.items) tasks[t].items.push_back(item.id);
  }
  return tasks;
}

}  // namespace assay
