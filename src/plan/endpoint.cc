#include "plan/endpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "plan/plan_keys.h"
#include "plan/sections.h"
#include "plan/suggest.h"

namespace assay {
namespace {

using nlohmann::json;

Status check_key(const YamlMap& map, const std::string& key, bool of_variant) {
  const std::vector<PlanKey>& keys = keys_of(PlanMap::endpoint);
  const auto found = std::ranges::find(keys, key, &PlanKey::name);
  if (found != keys.end() && (!of_variant || found->of_variant)) return {};
  if (found != keys.end()) {
    return error_at(
        map.file(), map.mark_of_key(key),
        bilingual("{} cannot differ between variants", "{} 不能因变体而异", key),
        {"differences in the score would then have two causes", "那样得分的差异就有两个原因"},
        {"write it in the plan's engine", "写在计划的 engine 里"});
  }
  const std::string near = nearest(key, key_names(PlanMap::endpoint), 2);
  return error_at(map.file(), map.mark_of_key(key),
                  bilingual("unknown key '{}' in an engine of kind openai",
                            "kind 为 openai 的引擎中有未知的键 '{}'", key),
                  {"only what docs/openai_endpoint.md lists can be set from here",
                   "这里只能设置 docs/openai_endpoint.md 列出的内容"},
                  near.empty()
                      ? Text("set it where the server is started", "在启动服务器的地方设置它")
                      : bilingual("did you mean '{}'?", "是不是想写 '{}'？", near));
}

Status read_url(const YamlMap& map, json& args) {
  if (!map.has("base_url")) return {};
  std::string url;
  TRY(map.read("base_url", url));
  const std::size_t start = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  if (start == 0 || url.size() == start) {
    return map.error(
        "base_url", {"base_url is no address", "base_url 不是地址"},
        {"it begins with http:// or https://", "它以 http:// 或 https:// 开头"},
        {"write for instance http://127.0.0.1:8000/v1", "例如写 http://127.0.0.1:8000/v1"});
  }
  if (url.find_first_of("?# ") != std::string::npos ||
      url.substr(start, url.find('/', start) - start).find('@') != std::string::npos) {
    return map.error(
        "base_url", {"base_url holds more than an address", "base_url 不只是一个地址"},
        {"the plan is copied into the results, so no name, password or query may stand in it",
         "计划会复制到结果里，所以其中不能有用户名、密码或查询参数"},
        {"name the key's variable: `api_key_env: …`", "写密钥所在的变量：`api_key_env: …`"});
  }
  args["base_url"] = url;
  return {};
}

Status read_key_name(const YamlMap& map, json& args) {
  if (!map.has("api_key_env")) return {};
  std::string name;
  TRY(map.read("api_key_env", name));
  const bool ok = !name.empty() && !is_digit(name[0]) && std::ranges::all_of(name, [](char c) {
    return is_word_char(c) && !is_lower_letter(c);
  });
  if (!ok) {
    // The value is not repeated: it may be the key itself.
    return map.error(
        "api_key_env",
        {"api_key_env is no name of an environment variable", "api_key_env 不是环境变量的名称"},
        {"it names the variable that holds the key, never the key: capital letters, digits and '_'",
         "它写的是存放密钥的变量，而不是密钥：大写字母、数字和 '_'"},
        {"write for instance api_key_env: OPENAI_API_KEY", "例如写 api_key_env: OPENAI_API_KEY"});
  }
  args["api_key_env"] = name;
  return {};
}

Status read_time(const YamlMap& map, const char* key, json& args) {
  if (!map.has(key)) return {};
  std::string text;
  TRY(map.read(key, text));
  const Result<double> seconds = parse_duration(text);
  if (!seconds) {
    const Error& e = seconds.error();
    return map.error(key, bilingual("{}: {}", "{}：{}", map.name_of(key), e.what_text()),
                     e.why_text(), e.fix_text());
  }
  args[key] = *seconds;
  return {};
}

Status read_limits(const YamlMap& map, json& args) {
  if (map.has("max_concurrency")) {
    int value = 1;
    TRY(map.read("max_concurrency", value, 1, 1024));
    args["max_concurrency"] = value;
  }
  if (map.has("max_model_len")) {
    int value = 1;
    TRY(map.read("max_model_len", value, 1));
    args["max_model_len"] = value;
  }
  if (!map.has("requests_per_minute")) return {};
  double rate = 0;
  TRY(map.read("requests_per_minute", rate));
  if (!(rate > 0)) {
    return map.error("requests_per_minute",
                     {"requests_per_minute must be above 0", "requests_per_minute 必须大于 0"},
                     bilingual("here is {}", "这里写的是：{}", rate),
                     {"leave it out for no limit", "不写则没有限制"});
  }
  args["requests_per_minute"] = rate;
  return {};
}

// How requests are written for a server that takes other parameters than most.
Status read_parameters(const YamlMap& map, json& args) {
  if (map.has("answers_as")) {
    std::string name;
    TRY(map.read("answers_as", name));
    args["answers_as"] = name;
  }
  std::string limit;
  TRY(map.read_choice<std::string>(
      "max_tokens_key", limit,
      {{"max_tokens", "max_tokens"}, {"max_completion_tokens", "max_completion_tokens"}}));
  if (!limit.empty()) args["max_tokens_key"] = limit;
  if (!map.has("leave_out")) return {};
  std::vector<std::string> names;
  TRY(map.read_strings("leave_out", names));
  for (const std::string& name : names) {
    if (std::ranges::find(kMayBeLeftOut, name) != std::end(kMayBeLeftOut)) continue;
    return map.error("leave_out",
                     bilingual("'{}' cannot be left out", "'{}' 不能略去", name.substr(0, 100)),
                     {"temperature, top_p, stop, seed and stream_options can",
                      "可以略去的是 temperature、top_p、stop、seed 和 stream_options"},
                     {"remove it from the list", "从列表中删去它"});
  }
  args["leave_out"] = std::move(names);
  return {};
}

Status read_words(const YamlMap& map, json& args) {
  std::string mode;
  TRY(map.read_choice<std::string>("mode", mode,
                                   {{"completions", "completions"}, {"chat", "chat"}}));
  if (!mode.empty()) args["mode"] = mode;
  std::string prompt;
  TRY(map.read_choice<std::string>("prompt", prompt, {{"tokens", "tokens"}, {"text", "text"}}));
  if (!prompt.empty()) args["prompt"] = prompt;
  if (!map.has("logprobs")) return {};
  bool logprobs = true;
  TRY(map.read("logprobs", logprobs));
  args["logprobs"] = logprobs;
  return {};
}

}  // namespace

Status read_endpoint_args(const YamlMap& map, const Plan& plan, bool of_variant, json& args) {
  for (const std::string& key : map.keys()) {
    if (key != "kind" && key != "python") TRY(check_key(map, key, of_variant));
  }
  TRY(read_url(map, args));
  TRY(read_key_name(map, args));
  TRY(read_words(map, args));
  TRY(read_limits(map, args));
  TRY(read_parameters(map, args));
  for (const char* key : {"retry_for", "connect_timeout", "stall_timeout"}) {
    TRY(read_time(map, key, args));
  }
  if (map.has("tokenizer")) {
    std::string tokenizer;
    TRY(map.read("tokenizer", tokenizer));
    args["tokenizer"] =
        names_a_folder(tokenizer) ? resolve_path(plan.file, tokenizer) : std::move(tokenizer);
  }
  if (!map.has("extra_body")) return {};
  json extra;
  TRY(map.read_object("extra_body", extra));
  if (const std::string own = own_field_in(extra); !own.empty()) {
    return map.error("extra_body",
                     bilingual("extra_body cannot hold '{}'", "extra_body 里不能有 '{}'", own),
                     {"assay writes it itself", "它由 assay 自己写"}, {"remove it", "删去它"});
  }
  args["extra_body"] = std::move(extra);
  return {};
}

Status check_endpoint(const YamlMap& top, const Plan& plan) {
  for (const VariantSpec& variant : plan.variants) {
    const json args = merged_engine_args(plan, variant);
    if (!args.contains("base_url")) {
      return top.error(
          "variants",
          bilingual("variant '{}' has no base_url", "变体 '{}' 没有 base_url", variant.name),
          {"an engine of kind openai is reached over HTTP", "kind 为 openai 的引擎通过 HTTP 访问"},
          {"write base_url in the plan's engine or in the variant's",
           "在计划或变体的 engine 里写 base_url"});
    }
    const bool tokenizer = args.contains("tokenizer");
    if (endpoint_mode(args) == "completions" && !tokenizer) {
      return top.error(
          "engine",
          bilingual("variant '{}' has no tokenizer", "变体 '{}' 没有 tokenizer", variant.name),
          {"mode completions sends prompts that are rendered here",
           "completions 模式发送的是在这里渲染的提示词"},
          {"write tokenizer: a folder or hub id, or mode: chat",
           "写 tokenizer（目录或 hub id），或写 mode: chat"});
    }
  }
  if (endpoint_mode(plan.engine.args) == "chat" && !plan.chat.apply_template) {
    return top.error(
        "chat",
        {"chat.apply_template is false in mode chat", "chat 模式下 chat.apply_template 为 false"},
        {"a chat endpoint applies its own template", "chat 端点使用自己的模板"},
        {"write mode: completions", "写 mode: completions"});
  }
  for (const TaskSpec& task : plan.tasks) {
    if (task.harness != Harness::lm_eval) continue;
    return top.error(
        "tasks",
        bilingual("task '{}' cannot run over an endpoint", "任务 '{}' 不能在端点上运行", task.name),
        {"harness lm_eval needs the engine that assay starts itself",
         "harness lm_eval 需要由 assay 启动的引擎"},
        {"write harness: native", "写 harness: native"});
  }
  return {};
}

std::string own_field_in(const json& extra_body) {
  for (const char* own : {"model", "messages", "prompt", "stream", "stream_options", "max_tokens",
                          "max_completion_tokens", "n", "echo", "logprobs", "prompt_logprobs"}) {
    if (extra_body.contains(own)) return own;
  }
  return "";
}

std::string endpoint_mode(const json& args) {
  return args.value("mode", std::string(args.contains("tokenizer") ? "completions" : "chat"));
}

bool endpoint_has_logprobs(const json& args) {
  return endpoint_mode(args) == "completions" && args.value("logprobs", true) &&
         args.value("prompt", std::string("tokens")) == "tokens";
}

void drop_transport_keys(json& args) {
  args["mode"] = endpoint_mode(args);
  for (const PlanKey& key : keys_of(PlanMap::endpoint)) {
    if (key.of_variant) args.erase(key.name);
  }
}

}  // namespace assay
