#include "compare/result_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "base/text.h"

namespace assay {
namespace {

constexpr const char* kNotSet = "not set";
constexpr std::size_t kShown = 12;  // characters of a hash

std::string value_text(const OrderedJson& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// null is said: there is none.
void note(const OrderedJson& object, const char* key, const char* name, TaskSummary& out) {
  if (!object.is_object()) return;
  const auto it = object.find(key);
  if (it == object.end()) return;
  out.settings[name] = it->is_null() ? "none" : value_text(*it);
}

// "temperature=0.6,top_p=0.95" as lm-eval's command line has it, or an object.
OrderedJson generation_arguments(const OrderedJson& value) {
  if (value.is_object()) return value;
  OrderedJson out = OrderedJson::object();
  if (!value.is_string()) return out;
  for (const std::string& part : split(value.get<std::string>(), ',')) {
    const std::size_t at = part.find('=');
    if (at == std::string::npos) continue;
    const std::string text(trim(part.substr(at + 1)));
    OrderedJson parsed = OrderedJson::parse(text, nullptr, false);
    if (text == "True" || text == "False") parsed = text == "True";
    out[std::string(trim(part.substr(0, at)))] = parsed.is_discarded() ? OrderedJson(text) : parsed;
  }
  return out;
}

void read_generation(const OrderedJson& config, const OrderedJson& run, TaskSummary& out) {
  const OrderedJson kind =
      config.is_object() ? config.value("output_type", OrderedJson()) : OrderedJson();
  if (kind.is_string() && kind != "generate_until") return;  // nothing is generated
  const OrderedJson own =
      config.is_object() ? config.value("generation_kwargs", OrderedJson()) : OrderedJson();
  const bool told = run.is_object() && run.contains("gen_kwargs");
  if (!own.is_object() && !told) return;
  // The command line's arguments are laid over the task's own.
  out.generation = generation_arguments(own);
  if (told) {
    const OrderedJson over = generation_arguments(run["gen_kwargs"]);
    for (const auto& [key, value] : over.items()) {
      out.generation[key] = value;
    }
  }
}

// Arguments of the model that change what is asked; one that is not given is not set.
void note_model_arguments(const OrderedJson& run, TaskSummary& out) {
  if (!run.is_object() || !run.contains("model_args")) return;
  const OrderedJson arguments = generation_arguments(run["model_args"]);
  std::vector<const char*> names = {"enable_thinking", "think_end_token", "add_bos_token"};
  // It counts where the task sets no limit of its own.
  if (!out.generation.is_object() || !out.generation.contains("max_gen_toks")) {
    names.push_back("max_gen_toks");
  }
  for (const char* name : names) {
    out.settings[name] = arguments.contains(name) ? value_text(arguments[name]) : kNotSet;
  }
}

// Texts may be long: their hash stands for them.
void note_hashed(const OrderedJson& config, const char* key, const char* name, TaskSummary& out) {
  if (!config.is_object() || !config.contains(key)) return;
  const OrderedJson& value = config[key];
  const bool none =
      value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty());
  // A function's text holds the place where it was loaded, another one every time.
  if (value.is_string() && value.get<std::string>().starts_with("<function")) return;
  out.settings[name] = none ? "none" : "sha256 " + sha256_hex(value.dump()).substr(0, kShown);
}

}  // namespace

void read_settings(const OrderedJson& report, const std::string& task, TaskSummary& out) {
  const auto field = [](const OrderedJson& object, const std::string& key) {
    return object.is_object() && object.contains(key) ? object[key] : OrderedJson();
  };
  const auto note_of_task = [&](const char* table, const char* name) {
    const OrderedJson value = field(field(report, table), task);
    // lm-eval 0.4.0 of tasks and groups without a version.
    if (value == "Yaml" || value == "N/A") return;
    if (value.is_number() || value.is_string()) out.settings[name] = value_text(value);
  };
  note(report, "chat_template_sha", "chat_template_sha", out);
  note(report, "system_instruction_sha", "system_instruction_sha", out);
  note_of_task("n-shot", "shots");
  note_of_task("versions", "task version");
  const OrderedJson config = field(field(report, "configs"), task);
  if (const OrderedJson turns = field(report, "fewshot_as_multiturn"); turns.is_boolean()) {
    if (out.settings.contains("shots") && out.settings["shots"] != "0") {
      out.settings["few-shot examples as turns"] = turns.get<bool>() ? "yes" : "no";
    }
  }
  note_hashed(config, "doc_to_text", "prompt", out);
  note_hashed(config, "description", "description", out);
  read_generation(config, field(report, "config"), out);
  note_model_arguments(field(report, "config"), out);
}

std::vector<std::string> generation_differences(const OrderedJson& base,
                                                const OrderedJson& candidate) {
  std::vector<std::string> out;
  if (!base.is_object() || !candidate.is_object()) return out;
  std::set<std::string> keys;
  for (const OrderedJson* side : {&base, &candidate}) {
    for (const auto& [key, value] : side->items()) keys.insert(key);
  }
  const auto text = [](const OrderedJson& side, const std::string& key) {
    return side.contains(key) ? side[key].dump() : std::string(kNotSet);
  };
  for (const std::string& key : keys) {
    if (base.contains(key) && candidate.contains(key) && base[key] == candidate[key]) continue;
    out.push_back(fmt::format("{} {} against {}", key, text(base, key), text(candidate, key)));
  }
  return out;
}

bool is_text_of_prompt(const std::string& setting) {
  return setting == "prompt" || setting == "description";
}

SettingsDifference compare_settings(const TaskSummary& base, const TaskSummary& candidate) {
  SettingsDifference out;
  std::set<std::string> names;
  for (const TaskSummary* side : {&base, &candidate}) {
    for (const auto& [name, value] : side->settings) names.insert(name);
  }
  for (const std::string& name : names) {
    const auto x = base.settings.find(name);
    const auto y = candidate.settings.find(name);
    if (x == base.settings.end() || y == candidate.settings.end()) {
      const std::string& said = x == base.settings.end() ? y->second : x->second;
      if (!is_text_of_prompt(name) && said != kNotSet) out.not_said.push_back(name);
    } else if (x->second != y->second) {
      const std::string text = fmt::format("{} {} against {}", name, x->second, y->second);
      (is_text_of_prompt(name) ? out.differing_texts : out.differing).push_back(text);
    }
  }
  return out;
}

}  // namespace assay
