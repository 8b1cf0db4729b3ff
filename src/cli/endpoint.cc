#include "cli/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/language.h"
#include "engine/openai_engine.h"
#include "plan/endpoint.h"
#include "run/keys.h"
#include "task/task.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

// Everything a tokenizer may be made of; weights that lie beside it are not read.
Result<std::string> tokenizer_hash(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const std::string name = entry.path().filename().string();
    const std::string ending = entry.path().extension().string();
    const bool counts = ending == ".json" || ending == ".txt" || ending == ".jinja" ||
                        ending == ".model" || ending == ".tiktoken";
    const bool of_weights = name.ends_with(".index.json");
    if (entry.is_regular_file(code) && counts && !of_weights) names.push_back(name);
  }
  if (names.empty()) {
    return usage_error(
        bilingual("no tokenizer in {}", "{} 里没有分词器", folder),
        code ? Text(code.message()) : Text("it holds no JSON file", "里面没有 JSON 文件"),
        {"name a folder with tokenizer.json and tokenizer_config.json",
         "给出含有 tokenizer.json 和 tokenizer_config.json 的目录"});
  }
  std::sort(names.begin(), names.end());
  std::string lines;
  for (const std::string& name : names) {
    lines += TRY(sha256_file_hex(fs::path(folder) / name)) + "  " + name + "\n";
  }
  return sha256_hex(lines);
}

std::chrono::milliseconds time_of(const nlohmann::json& args, const char* key,
                                  std::chrono::milliseconds otherwise) {
  if (!args.contains(key)) return otherwise;
  return std::chrono::milliseconds(std::llround(args[key].get<double>() * 1000));
}

}  // namespace

Result<ResolvedVariant> served_variant(const Plan& plan, const VariantSpec& spec,
                                       const std::string& tokenizer_folder) {
  ResolvedVariant out{spec, tokenizer_folder, "", ""};
  const std::string tokenizer =
      tokenizer_folder.empty() ? std::string() : TRY(tokenizer_hash(tokenizer_folder));
  out.fingerprint =
      sha256_hex(dump_json({{"endpoint", endpoint_mode(merged_engine_args(plan, spec))},
                            {"variant", spec.name},
                            {"model", spec.model},
                            {"tokenizer", tokenizer}}));
  return out;
}

Result<std::unique_ptr<Engine>> start_endpoint(
    const Plan& plan, const ResolvedVariant& variant, const fs::path& log_file,
    const Deadline& until, std::function<Result<std::unique_ptr<Engine>>()> start_renderer,
    bool lenient) {
  const nlohmann::json args = merged_engine_args(plan, variant.spec);
  EndpointOptions options;
  options.base_url = args.at("base_url");
  options.model = variant.spec.model;
  options.api_key_env = args.value("api_key_env", std::string());
  if (!options.api_key_env.empty()) {
    const char* key = std::getenv(options.api_key_env.c_str());
    if (key == nullptr || *key == '\0') {
      return environment_error(
          bilingual("no key for the endpoint of variant {}", "变体 {} 的端点没有密钥",
                    variant.spec.name),
          bilingual("the variable {} is not set", "没有设置变量 {}", options.api_key_env),
          {"set it, or remove api_key_env if the server needs none",
           "设置它；服务器不需要密钥时删去 api_key_env"});
    }
    options.api_key = key;
  }
  options.mode = endpoint_mode(args) == "chat" ? EndpointMode::chat : EndpointMode::completions;
  if (args.contains("prompt")) {
    options.prompt = args["prompt"] == "tokens" ? EndpointPrompt::tokens : EndpointPrompt::text;
  }
  options.max_concurrency = args.value("max_concurrency", options.max_concurrency);
  options.requests_per_minute = args.value("requests_per_minute", 0.0);
  options.max_model_len = args.value("max_model_len", 0);
  options.wants_logprobs = endpoint_has_logprobs(args);
  options.extra_body = args.value("extra_body", nlohmann::json::object());
  options.answers_as = args.value("answers_as", std::string());
  options.max_tokens_key = args.value("max_tokens_key", options.max_tokens_key);
  options.leave_out = args.value("leave_out", std::vector<std::string>());
  options.lenient = lenient;
  options.retry_for = time_of(args, "retry_for", options.retry_for);
  options.start_patience = std::min(options.start_patience, options.retry_for);
  options.connect_timeout = time_of(args, "connect_timeout", options.connect_timeout);
  options.stall_timeout = time_of(args, "stall_timeout", options.stall_timeout);
  options.log_file = log_file;
  options.until = until;
  options.start_renderer = std::move(start_renderer);
  return OpenAiEngine::start(std::move(options));
}

Result<JudgeEngine> start_endpoint_judge(const JudgeSpec& judge, const fs::path& log_file,
                                         const Deadline& until) {
  Plan plan;
  plan.name = "judge";
  plan.engine.kind = kEndpointKind;
  plan.engine.args = {{"base_url", judge.url}, {"mode", "chat"}};
  if (!judge.key_env.empty()) plan.engine.args["api_key_env"] = judge.key_env;
  plan.engine.args.update(judge.request);
  VariantSpec spec;
  spec.name = "judge";
  spec.model = judge.model;
  JudgeEngine out;
  out.variant = TRY(served_variant(plan, spec, ""));
  out.identity.engine = kEndpointKind;
  out.identity.args = identity_args(kEndpointKind, plan.engine.args);
  out.load_args = plan.engine.args;
  out.engine =
      TRY(start_endpoint(plan, out.variant, log_file, until, nullptr,  // a chat needs no renderer
                         /*lenient=*/true));
  return out;
}

}  // namespace assay
