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
    return map.error("load_timeout",
                     bilingual("{}: {}", "{}：{}", map.name_of("load_timeout"), e.what_text()),
                     e.why_text(), e.fix_text());
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
    return map.error(
        "module",
        bilingual("an engine of kind {} has no module", "kind 为 {} 的引擎没有 module",
                  engine.kind),
        {"a module is what kind worker starts", "module 是 kind worker 启动的东西"},
        {"write 'kind: worker', or remove the key", "写 'kind: worker'，或删去这个键"});
  }
  if (!map.has("module")) {
    return map.missing("module",
                       {"kind worker starts a Python module that speaks the protocol",
                        "kind worker 启动一个使用该协议的 Python 模块"},
                       {"add 'module: some.module' (docs/worker_protocol.md)",
                        "加上 'module: some.module'（docs/worker_protocol.md）"});
  }
  TRY(map.read("module", engine.module));
  if (!is_module_name(engine.module)) {
    return map.error("module",
                     bilingual("'{}' is no Python module", "'{}' 不是 Python 模块",
                               engine.module.substr(0, 100)),
                     {"it is started as `python -m MODULE`", "它以 `python -m MODULE` 启动"},
                     {"write for instance 'my_engine.worker'", "例如写 'my_engine.worker'"});
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
  return map.error(
      key,
      bilingual("'{}' cannot be part of a file name", "'{}' 不能用在文件名里", name.substr(0, 100)),
      {"names take letters, digits, '.', '_' and '-', begin with a letter, digit or '_', and have "
       "at most 100",
       "名称由字母、数字、'.'、'_' 和 '-' 组成，以字母、数字或 '_' 开头，至多 100 个字符"},
      {"choose another name", "换一个名称"});
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
    return top.error("output",
                     {"output holds a variable that is not known", "output 含有未知的变量"},
                     {"only ${name}, the plan's name, is replaced; the environment is not",
                      "只替换 ${name}（计划的名称），不替换环境变量"},
                     {"write the path out, or give --out on the command line",
                      "写出路径，或在命令行上给 --out"});
  }
  if (text.empty() || text.starts_with('~')) {
    return top.error(
        "output",
        text.empty() ? Text("output is empty", "output 是空的")
                     : Text("'~' is not replaced in output", "output 中的 '~' 不会被替换"),
        {"it is a folder, relative to the plan file's", "它是一个目录，相对于计划文件所在的目录"},
        {"write the path out, or remove the key and give --out",
         "写出路径，或删去这个键并给 --out"});
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
                      bilingual("'{}' is no name of an environment variable",
                                "'{}' 不是环境变量的名称", key.substr(0, 60)),
                      {"names take letters, digits and '_' and do not begin with a digit",
                       "名称由字母、数字和 '_' 组成，不以数字开头"},
                      {"rename it", "改名"});
    }
    const nlohmann::json value = TRY(yaml_to_json(env.file(), env.value(key)));
    if (!value.is_string()) {
      const bool scalar = env.value(key).IsScalar();
      return env.error(
          key, bilingual("{} must be text", "{} 必须是文本", env.name_of(key)),
          {"an environment variable holds text, and this reads as something else",
           "环境变量的值是文本，而这里读作别的类型"},
          scalar ? bilingual("quote it: \"{}\"", "加引号：\"{}\"", env.value(key).Scalar())
                 : Text("write a quoted value", "写一个加引号的值"));
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
                      bilingual("{} must be above 0 and at most 1", "{} 必须大于 0 且不超过 1",
                                engine.name_of("gpu_memory_utilization")),
                      bilingual("it is a share of the GPU's memory; here is {}",
                                "它是 GPU 显存的比例；这里是 {}", share),
                      {"write for instance 0.92", "例如写 0.92"});
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
    return map.error(
        "stop_strings",
        bilingual("chat.stop_strings cannot be '{}'", "chat.stop_strings 不能是 '{}'", name),
        {"it says who ends an answer at headings such as \"Question:\"",
         "它说明由谁在 \"Question:\" 之类的标题处结束回答"},
        {"write engine or answer", "写 engine 或 answer"});
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
    return map.error("template_args",
                     {"enable_thinking stands in chat.template_args",
                      "enable_thinking 写在了 chat.template_args 里"},
                     {"it has a key of its own, and two could contradict each other",
                      "它有自己的键，写两处可能互相矛盾"},
                     {"write chat: {enable_thinking: …}", "写 chat: {enable_thinking: …}"});
  }
  for (const char* key : {"enable_thinking", "template_args", "system"}) {
    if (!chat.apply_template && map.has(key)) {
      return map.error(key, bilingual("chat.{} has no effect", "chat.{} 不起作用", key),
                       {"chat.apply_template is false", "chat.apply_template 为 false"},
                       {"remove one of the two", "删去其中一个"});
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
  return map.error("weights",
                   bilingual("weights: there is no rule '{}'", "weights：没有规则 '{}'", name),
                   {"it says how tasks of different size count in the pooled difference",
                    "它说明大小不同的任务怎样计入合并差值"},
                   {"write equal, sqrt or items", "写 equal、sqrt 或 items"});
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
    return map.error("margin_pp", e.what_text(), e.why_text(), e.fix_text());
  }
  if (!(margin_pp > 0 && margin_pp < 100)) {
    return map.error(
        "margin_pp",
        {"compare.margin_pp must be above 0 and below 100",
         "compare.margin_pp 必须大于 0 且小于 100"},
        bilingual("it is the loss that is still fine, in percentage points; here is {}",
                  "它是仍可接受的损失，以百分点计；这里是 {}", margin_pp),
        {"write for instance 3", "例如写 3"});
  }
  const double alpha = plan.compare.alpha;
  if (!(alpha > 0 && alpha < 0.5)) {
    return map.error(
        "alpha",
        {"compare.alpha must be above 0 and below 0.5", "compare.alpha 必须大于 0 且小于 0.5"},
        bilingual("it is the one-sided error rate; here is {}", "它是单侧错误率；这里是 {}", alpha),
        {"write for instance 0.05", "例如写 0.05"});
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
        "accept_missing",
        bilingual("the sandbox cannot do without '{}'", "沙箱不能没有 '{}'", part.substr(0, 60)),
        {"no program runs without namespaces, the call filter or any other part, because nothing "
         "would take its place",
         "没有命名空间、系统调用过滤器或其他任何部分，就不运行程序，因为没有东西能代替它"},
        bilingual("'{}' is all that can stand here", "这里只能写 '{}'", kMemoryCgroup));
  }
  return {};
}

}  // namespace assay
