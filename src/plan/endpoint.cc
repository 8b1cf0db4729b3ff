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
        map.file(), map.mark_of_key(key), fmt::format("{} cannot differ between variants", key),
        "differences in the score would then have two causes", "write it in the plan's engine");
  }
  const std::string near = nearest(key, key_names(PlanMap::endpoint), 2);
  return error_at(map.file(), map.mark_of_key(key),
                  fmt::format("unknown key '{}' in an engine of kind openai", key),
                  "only what docs/openai_endpoint.md lists can be set from here",
                  near.empty() ? "set it where the server is started"
                               : fmt::format("did you mean '{}'?", near));
}

Status read_url(const YamlMap& map, json& args) {
  if (!map.has("base_url")) return {};
  std::string url;
  TRY(map.read("base_url", url));
  const std::size_t start = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  if (start == 0 || url.size() == start) {
    return map.error("base_url", "base_url is no address", "it begins with http:// or https://",
                     "write for instance http://127.0.0.1:8000/v1");
  }
  if (url.find_first_of("?# ") != std::string::npos ||
      url.substr(start, url.find('/', start) - start).find('@') != std::string::npos) {
    return map.error("base_url", "base_url holds more than an address",
                     "the plan is copied into the results, so no name, password or query may stand "
                     "in it",
                     "name the key's variable: `api_key_env: …`");
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
    return map.error("api_key_env", "api_key_env is no name of an environment variable",
                     "it names the variable that holds the key, never the key: capital letters, "
                     "digits and '_'",
                     "write for instance api_key_env: OPENAI_API_KEY");
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
    return map.error(key, map.name_of(key) + ": " + e.what, e.why, e.fix);
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
    return map.error("requests_per_minute", "requests_per_minute must be above 0",
                     fmt::format("here is {}", rate), "leave it out for no limit");
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
    return map.error("leave_out", fmt::format("'{}' cannot be left out", name.substr(0, 100)),
                     "temperature, top_p, stop, seed and stream_options can",
                     "remove it from the list");
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
    return map.error("extra_body", fmt::format("extra_body cannot hold '{}'", own),
                     "assay writes it itself", "remove it");
  }
  args["extra_body"] = std::move(extra);
  return {};
}

Status check_endpoint(const YamlMap& top, const Plan& plan) {
  for (const VariantSpec& variant : plan.variants) {
    const json args = merged_engine_args(plan, variant);
    if (!args.contains("base_url")) {
      return top.error("variants", fmt::format("variant '{}' has no base_url", variant.name),
                       "an engine of kind openai is reached over HTTP",
                       "write base_url in the plan's engine or in the variant's");
    }
    const bool tokenizer = args.contains("tokenizer");
    if (endpoint_mode(args) == "completions" && !tokenizer) {
      return top.error("engine", fmt::format("variant '{}' has no tokenizer", variant.name),
                       "mode completions sends prompts that are rendered here",
                       "write tokenizer: a folder or hub id, or mode: chat");
    }
  }
  if (endpoint_mode(plan.engine.args) == "chat" && !plan.chat.apply_template) {
    return top.error("chat", "chat.apply_template is false in mode chat",
                     "a chat endpoint applies its own template", "write mode: completions");
  }
  for (const TaskSpec& task : plan.tasks) {
    if (task.harness != Harness::lm_eval) continue;
    return top.error("tasks", fmt::format("task '{}' cannot run over an endpoint", task.name),
                     "harness lm_eval needs the engine that assay starts itself",
                     "write harness: native");
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
