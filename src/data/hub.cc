#include "data/hub.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/secrets.h"
#include "base/subprocess.h"
#include "base/text.h"

namespace assay {
namespace {

constexpr std::size_t kLargestAnswerBytes = 16UL << 20;  // with a line a second before it
constexpr std::string_view kWhere = "answer";            // in errors about its fields

constexpr std::array<std::pair<HubStatus, const char*>, 7> kStatuses = {
    {{HubStatus::ok, "ok"},
     {HubStatus::renamed, "renamed"},
     {HubStatus::gated, "gated"},
     {HubStatus::missing, "missing"},
     {HubStatus::rate_limited, "rate_limited"},
     {HubStatus::offline, "offline"},
     {HubStatus::error, "error"}}};

std::string kind_name(HubKind kind) {
  return kind == HubKind::model ? "model" : "dataset";
}

std::unexpected<Error> helper_failed(const HubClient& client, const HubRequest& request,
                                     std::string why) {
  return environment_error(
      fmt::format("cannot ask the hub about {}", request.id), std::move(why),
      fmt::format("check that '{} -m assay_worker.hub --help' works", client.python));
}

Result<HubResult> parse_answer(const HubClient& client, const HubRequest& request,
                               std::string_view text) {
  const auto broken = [&](const std::string& why) {
    return helper_failed(client, request, "its helper's answer cannot be read: " + why);
  };
  const Result<Json> answer = parse_json(trim(text), kWhere);
  if (!answer) return broken(answer.error().why);
  HubResult result;
  for (const auto& [field, out] :
       {std::pair{"renamed_to", &result.renamed_to}, std::pair{"commit", &result.commit},
        std::pair{"message", &result.message}}) {
    Result<std::string> value = string_field(*answer, field, kWhere);
    if (!value) return broken(value.error().what);
    *out = *std::move(value);
  }
  const Result<std::string> status = string_field(*answer, "status", kWhere);
  const Result<std::string> folder = string_field(*answer, "folder", kWhere);
  const Result<std::int64_t> files = int_field(*answer, "files", kWhere);
  const Result<std::int64_t> bytes = int_field(*answer, "bytes", kWhere);
  if (!status || !folder || !files || !bytes) return broken("a field is missing");
  const std::optional<HubStatus> known = hub_status_named(*status);
  if (!known) return broken(fmt::format("unknown status '{}'", *status));
  result.status = *known;
  result.message = without_secrets(result.message);  // the client's message may quote a token
  result.folder = *folder;
  result.files = static_cast<int>(*files);
  result.bytes = static_cast<std::uint64_t>(*bytes);
  return result;
}

// The helper's answer is its last line; those before it tell how far it is.
std::string_view answer_line(std::string_view text) {
  const std::string_view lines = trim(text);
  return lines.substr(lines.rfind('\n') + 1);  // npos + 1: all of it
}

OnOutput progress_reader(const HubClient& client, const HubRequest& request) {
  if (!client.on_fetch) return nullptr;
  return [&client, &request](std::string_view so_far) {
    if (!so_far.ends_with('\n')) return;
    const Result<Json> told = parse_json(answer_line(so_far), kWhere);
    if (!told) return;
    const Result<std::int64_t> fetched = int_field(*told, "fetched_bytes", kWhere);
    const Result<std::int64_t> all = int_field(*told, "to_fetch_bytes", kWhere);
    if (!fetched || !all) return;  // the answer itself
    client.on_fetch(request,
                    {static_cast<std::uint64_t>(*fetched), static_cast<std::uint64_t>(*all)});
  };
}

}  // namespace

Result<HubResult> hub_fetch(const HubClient& client, const HubRequest& request) {
  if (client.python.empty()) {
    return environment_error(fmt::format("cannot ask the hub about {}", request.id),
                             "the hub's client is Python, and none was found",
                             "set ASSAY_PYTHON to an interpreter with huggingface_hub");
  }
  SpawnOptions options;
  options.argv = {client.python, "-m", "assay_worker.hub", "fetch"};
  // "--name=value" in one word, so that a value from a plan cannot be taken for an option.
  options.argv.push_back("--kind=" + kind_name(request.kind));
  options.argv.push_back("--id=" + request.id);
  options.argv.push_back("--revision=" + request.revision);
  for (const std::string& pattern : request.allow) options.argv.push_back("--allow=" + pattern);
  if (request.offline) options.argv.emplace_back("--offline");
  if (client.on_fetch) options.argv.emplace_back("--progress");
  options.env = client.env;
  options.new_session = true;  // a Ctrl-C is ours, and ends the client
  const CommandResult done =
      TRY(run_command(options, "", client.until.at_most(client.timeout), kLargestAnswerBytes,
                      progress_reader(client, request)));
  if (done.timed_out && client.until.passed()) {
    return environment_error(
        fmt::format("the budget ended while {} was fetched", request.id),
        "downloads count against it",
        "run the same command again: what has come is kept. Or fetch it before, without a budget");
  }
  if (done.timed_out) {
    return helper_failed(client, request,
                         fmt::format("no answer within {} s", client.timeout.count()));
  }
  if (done.exit_code != 0) {
    const std::vector<std::string> lines = split(trim(done.err), '\n');
    return helper_failed(client, request,
                         fmt::format("its helper ended with {}: {}", done.exit_code,
                                     without_secrets(sanitize_utf8(lines.back())).substr(0, 300)));
  }
  return parse_answer(client, request, answer_line(done.out));
}

Error hub_error(const HubRequest& request, const HubResult& result) {
  Text fix("see the reason above", "见上面的原因");
  switch (result.status) {
    case HubStatus::gated:
      fix = {"accept its terms on the hub and set HF_TOKEN",
             "在 hub 上接受它的条款，并设置 HF_TOKEN"};
      if (request.kind == HubKind::dataset) {
        fix = bilingual("{}, or write 'if_gated: skip' in the plan",
                        "{}，或在计划里写 'if_gated: skip'", fix);
      }
      break;
    case HubStatus::missing:
      fix = {"check name, revision and files on the hub", "在 hub 上检查名称、revision 和文件"};
      break;
    case HubStatus::rate_limited:
      fix = {"wait a while, or set HF_TOKEN for a higher limit",
             "等一会，或设置 HF_TOKEN 提高限额"};
      break;
    case HubStatus::offline:
      fix = {"check the network, or use a local folder", "检查网络，或使用本地目录"};
      break;
    default:
      break;
  }
  return make_error(
      result.status == HubStatus::missing ? ErrorKind::usage : ErrorKind::environment,
      bilingual("{} {}: {}", "{} {}：{}",
                request.kind == HubKind::model ? Text("model", "模型") : Text("dataset", "数据集"),
                request.id, hub_status_words(result.status)),
      result.message, std::move(fix));
}

Text hub_status_words(HubStatus status) {
  const char* english = to_string(status);
  switch (status) {
    case HubStatus::ok:
      return {english, "可用"};
    case HubStatus::renamed:
      return {english, "已改名"};
    case HubStatus::gated:
      return {english, "需授权"};
    case HubStatus::missing:
      return {english, "没有找到"};
    case HubStatus::rate_limited:
      return {english, "请求过于频繁"};
    case HubStatus::offline:
      return {english, "无法联网"};
    case HubStatus::error:
      return {english, "出错"};
  }
  return english;
}

const char* to_string(HubStatus status) {
  for (const auto& [known, name] : kStatuses) {
    if (known == status) return name;
  }
  return "error";
}

std::optional<HubStatus> hub_status_named(const std::string& word) {
  for (const auto& [status, name] : kStatuses) {
    if (word == name) return status;
  }
  return std::nullopt;
}

}  // namespace assay
