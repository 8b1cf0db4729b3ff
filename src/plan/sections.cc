#include "plan/sections.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/text.h"
#include "plan/endpoint.h"
#include "plan/engine_kind.h"
#include "plan/plan_keys.h"
#include "values/margin.h"

namespace assay {
namespace {

constexpr std::size_t kLongestNameBytes = 100;

bool is_env_name(std::string_view name) {
  return !name.empty() && !is_digit(name[0]) && std::ranges::all_of(name, is_word_char);
}

Status read_load_timeout(const YamlMap& map, EngineSpec& engine) {
  if (!map.has("load_timeout")) return {};
  std::string text;
  TRY(map.read("load_timeout", text));
  const Result<double> seconds = parse_duration(text);
  if (!seconds) {
    const Error& e = seconds.error();
    return map.error("load_timeout", map.name_of("load_timeout") + ": " + e.what, e.why, e.fix);
  }
  engine.load_timeout_s = *seconds;
  return {};
}

bool is_module_name(const std::string& text) {
  const std::vector<std::string> parts = split(text, '.');
  return std::ranges::all_of(parts, [](const std::string& part) {
    return !part.empty() && !is_digit(part[0]) && std::ranges::all_of(part, is_word_char);
  });
}

// Of kind worker alone. Our own module is what kind vllm is short for.
Status read_module(const YamlMap& map, EngineSpec& engine) {
  if (engine.kind != kWorkerKind) {
    if (!map.has("module")) return {};
    return map.error("module", fmt::format("an engine of kind {} has no module", engine.kind),
                     "a module is what kind worker starts",
                     "write 'kind: worker', or remove the key");
  }
  if (!map.has("module")) {
    return map.missing("module", "kind worker starts a Python module that speaks the protocol",
                       "add 'module: some.module' (docs/worker_protocol.md)");
  }
  TRY(map.read("module", engine.module));
  if (!is_module_name(engine.module)) {
    return map.error(
        "module", fmt::format("'{}' is no Python module", engine.module.substr(0, 100)),
        "it is started as `python -m MODULE`", "write for instance 'my_engine.worker'");
  }
  if (engine.module != kVllmWorker) return {};
  engine.kind = kVllmKind;
  engine.module.clear();
  return {};
}

Status check_positive(const YamlMap& map, const char* key) {
  int unused = 1;
  return map.read(key, unused, 1);
}

}  // namespace

bool usable_as_file_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestNameBytes) return false;
  if (name[0] == '.' || name[0] == '-') return false;
  return std::ranges::all_of(name, [](char c) { return is_word_char(c) || c == '.' || c == '-'; });
}

Status check_name(const YamlMap& map, std::string_view key, const std::string& name) {
  if (usable_as_file_name(name)) return {};
  return map.error(key, fmt::format("'{}' cannot be part of a file name", name.substr(0, 100)),
                   "names take letters, digits, '.', '_' and '-', begin with a letter, digit or "
                   "'_', and have at most 100",
                   "choose another name");
}

bool names_a_folder(std::string_view text) {
  return text.starts_with("./") || text.starts_with("../") || text.starts_with('/') ||
         text == "." || text == "..";
}

std::string resolve_path(const std::filesystem::path& plan_file, const std::string& text) {
  const std::filesystem::path folder = std::filesystem::absolute(plan_file).parent_path();
  std::string path = (folder / text).lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

Status read_output(const YamlMap& top, Plan& plan) {
  if (!top.has("output")) return {};
  std::string text;
  TRY(top.read("output", text));
  text = replace_all(text, "${name}", plan.name);
  if (text.find('$') != std::string::npos) {
    return top.error("output", "output holds a variable that is not known",
                     "only ${name}, the plan's name, is replaced; the environment is not",
                     "write the path out, or give --out on the command line");
  }
  if (text.empty() || text.starts_with('~')) {
    return top.error("output", text.empty() ? "output is empty" : "'~' is not replaced in output",
                     "it is a folder, relative to the plan file's",
                     "write the path out, or remove the key and give --out");
  }
  plan.output = resolve_path(plan.file, text);
  return {};
}

Status read_env(const YamlMap& top, Plan& plan) {
  if (!top.has("env")) return {};
  const YamlMap env = TRY(YamlMap::open(top.file(), top.value("env"), "env", {}));
  for (const std::string& key : env.keys()) {
    if (!is_env_name(key)) {
      return error_at(env.file(), env.mark_of_key(key),
                      fmt::format("'{}' is no name of an environment variable", key.substr(0, 60)),
                      "names take letters, digits and '_' and do not begin with a digit",
                      "rename it");
    }
    const nlohmann::json value = TRY(yaml_to_json(env.file(), env.value(key)));
    if (!value.is_string()) {
      const bool scalar = env.value(key).IsScalar();
      return env.error(key, fmt::format("{} must be text", env.name_of(key)),
                       "an environment variable holds text, and this reads as something else",
                       scalar ? fmt::format("quote it: \"{}\"", env.value(key).Scalar())
                              : "write a quoted value");
    }
    plan.env[key] = value.get<std::string>();
  }
  return {};
}

Status check_engine_args(const YamlMap& engine, const nlohmann::json& args) {
  for (const char* key : {"max_model_len", "tensor_parallel_size", "max_num_seqs"}) {
    if (args.contains(key)) TRY(check_positive(engine, key));
  }
  if (!args.contains("gpu_memory_utilization")) return {};
  double share = 0;
  TRY(engine.read("gpu_memory_utilization", share));
  if (share > 0 && share <= 1) return {};
  return engine.error("gpu_memory_utilization",
                      engine.name_of("gpu_memory_utilization") + " must be above 0 and at most 1",
                      fmt::format("it is a share of the GPU's memory; here is {}", share),
                      "write for instance 0.92");
}

Status read_engine(const YamlMap& top, Plan& plan) {
  if (!top.has("engine")) return {};
  const YamlMap map = TRY(YamlMap::open(top.file(), top.value("engine"), "engine", {}));
  TRY(map.read_choice<std::string>("kind", plan.engine.kind,
                                   {{kVllmKind, kVllmKind},
                                    {kWorkerKind, kWorkerKind},
                                    {kEndpointKind, kEndpointKind},
                                    {kScriptedKind, kScriptedKind}}));
  TRY(read_module(map, plan.engine));
  TRY(map.read("python", plan.engine.python));
  if (names_a_folder(plan.engine.python)) {
    plan.engine.python = resolve_path(plan.file, plan.engine.python);
  }
  if (plan.engine.kind == kEndpointKind) {
    return read_endpoint_args(map, plan, /*of_variant=*/false, plan.engine.args);
  }
  TRY(read_load_timeout(map, plan.engine));
  if (map.has("start_ahead")) TRY(map.read("start_ahead", plan.engine.start_ahead.emplace()));
  return read_engine_args(map, {"kind", "python", "module", "load_timeout", "start_ahead"},
                          "engine", plan.engine.kind, plan.engine.args);
}

namespace {

Status read_stop_strings(const YamlMap& map, std::optional<HeadingStops>& stops) {
  if (!map.has("stop_strings")) return {};
  std::string name;
  TRY(map.read("stop_strings", name));
  const auto* const found = std::ranges::find(kHeadingStops, name, &HeadingStopsName::name);
  if (found == kHeadingStops.end()) {
    return map.error("stop_strings", fmt::format("chat.stop_strings cannot be '{}'", name),
                     "it says who ends an answer at headings such as \"Question:\"",
                     "write engine or answer");
  }
  stops = found->stops;
  return {};
}

}  // namespace

Status read_chat(const YamlMap& top, Plan& plan) {
  if (!top.has("chat")) return {};
  const YamlMap map =
      TRY(YamlMap::open(top.file(), top.value("chat"), "chat", key_names(PlanMap::chat)));
  ChatSpec& chat = plan.chat;
  TRY(map.read("apply_template", chat.apply_template));
  TRY(map.read("system", chat.system));
  TRY(map.read_object("template_args", chat.template_args));
  if (map.has("enable_thinking")) {
    bool enable = false;
    TRY(map.read("enable_thinking", enable));
    chat.enable_thinking = enable;
  }
  TRY(read_stop_strings(map, chat.stop_strings));
  if (chat.template_args.contains("enable_thinking")) {
    return map.error("template_args", "enable_thinking stands in chat.template_args",
                     "it has a key of its own, and two could contradict each other",
                     "write chat: {enable_thinking: …}");
  }
  for (const char* key : {"enable_thinking", "template_args", "system"}) {
    if (!chat.apply_template && map.has(key)) {
      return map.error(key, fmt::format("chat.{} has no effect", key),
                       "chat.apply_template is false", "remove one of the two");
    }
  }
  return {};
}

Status read_data(const YamlMap& map, const std::filesystem::path& plan_file, std::string& data) {
  TRY(map.read("data", data));
  if (!data.empty() && data != "hub") data = resolve_path(plan_file, data);
  return {};
}

Status read_weights(const YamlMap& map, std::optional<WeightRule>& weights) {
  if (!map.has("weights")) return {};
  std::string name;
  TRY(map.read("weights", name));
  weights = weight_rule_named(name);
  if (weights) return {};
  return map.error("weights", fmt::format("weights: there is no rule '{}'", name),
                   "it says how tasks of different size count in the pooled difference",
                   "write equal, sqrt or items");
}

Status read_compare(const YamlMap& top, Plan& plan) {
  if (!top.has("compare")) return {};
  const YamlMap map =
      TRY(YamlMap::open(top.file(), top.value("compare"), "compare", key_names(PlanMap::compare)));
  TRY(map.read("margin_pp", plan.compare.margin_pp));
  TRY(map.read("noise_floor", plan.compare.noise_floor));
  TRY(map.read("same_model", plan.compare.same_model));
  TRY(map.read("alpha", plan.compare.alpha));
  const double margin_pp = plan.compare.margin_pp;
  if (const Status share = refuse_share_as_margin("compare.margin_pp:", margin_pp); !share) {
    const Error& e = share.error();
    return map.error("margin_pp", e.what, e.why, e.fix);
  }
  if (!(margin_pp > 0 && margin_pp < 100)) {
    return map.error(
        "margin_pp", "compare.margin_pp must be above 0 and below 100",
        fmt::format("it is the loss that is still fine, in percentage points; here is {}",
                    margin_pp),
        "write for instance 3");
  }
  const double alpha = plan.compare.alpha;
  if (!(alpha > 0 && alpha < 0.5)) {
    return map.error("alpha", "compare.alpha must be above 0 and below 0.5",
                     fmt::format("it is the one-sided error rate; here is {}", alpha),
                     "write for instance 0.05");
  }
  return {};
}

Status read_fidelity(const YamlMap& top, Plan& plan) {
  if (!top.has("fidelity")) return {};
  const YamlMap map = TRY(
      YamlMap::open(top.file(), top.value("fidelity"), "fidelity", key_names(PlanMap::fidelity)));
  TRY(map.read("items", plan.fidelity.items, 0));
  return map.read("max_tokens", plan.fidelity.max_tokens, 1);
}

Status read_canary(const YamlMap& top, bool& canary) {
  return top.read_choice<bool>("canary", canary, {{"on", true}, {"off", false}});
}

Status read_sandbox(const YamlMap& top, Plan& plan) {
  if (!top.has("sandbox")) return {};
  const YamlMap map =
      TRY(YamlMap::open(top.file(), top.value("sandbox"), "sandbox", key_names(PlanMap::sandbox)));
  TRY(map.read_strings("accept_missing", plan.sandbox.accept_missing));
  for (const std::string& part : plan.sandbox.accept_missing) {
    if (part == kMemoryCgroup) continue;
    return map.error(
        "accept_missing", fmt::format("the sandbox cannot do without '{}'", part.substr(0, 60)),
        "no program runs without namespaces, the call filter or any other part, because "
        "nothing would take its place",
        fmt::format("'{}' is all that can stand here", kMemoryCgroup));
  }
  return {};
}

}  // namespace assay
