#include "engine/worker_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/worker_frames.h"

namespace assay {

using nlohmann::json;
using std::chrono::milliseconds;

namespace {

milliseconds left_until(std::chrono::steady_clock::time_point deadline) {
  return std::max(milliseconds(0),
                  std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()));
}

// Tenths are enough: a limit of whole seconds is passed by some milliseconds.
std::string seconds_text(milliseconds time) {
  return fmt::format("{:g} s", std::floor(static_cast<double>(time.count()) / 100) / 10);
}

milliseconds since_then(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - then);
}

}  // namespace

WorkerEngine::WorkerEngine(const WorkerOptions& options, WorkerProcess process)
    : options_(options), process_(std::move(process)), last_listened_(Clock::now()) {}

WorkerEngine::~WorkerEngine() {
  process_.end(kWorkerEndTimeout);
}

Result<std::unique_ptr<Engine>> WorkerEngine::start(const WorkerOptions& options) {
  return adopt(options, TRY(WorkerProcess::start(options)));
}

Result<std::unique_ptr<Engine>> WorkerEngine::adopt(const WorkerOptions& options,
                                                    WorkerProcess process) {
  std::unique_ptr<WorkerEngine> engine(new WorkerEngine(options, std::move(process)));
  TRY(engine->greet());
  return engine;
}

Status WorkerEngine::greet() {
  const auto since = Clock::now();
  const Deadline until = options_.until.at_most(options_.hello_timeout);
  while (!greeted_ && !dead_) {
    if (until.stopped()) return std::unexpected(interrupted_error());
    if (until.passed()) {
      die(with_log({ErrorKind::environment, "the engine does not start",
                    "no greeting within " + seconds_text(since_then(since)), ""}));
      break;
    }
    pump_while_waiting(until);
  }
  if (dead_) return std::unexpected(*dead_);
  return {};
}

// One round for somebody who can do nothing but wait.
void WorkerEngine::pump_while_waiting(const Deadline& until) {
  pump(until.left());
  if (!options_.while_waiting || Clock::now() - told_waiting_ < std::chrono::seconds(1)) return;
  told_waiting_ = Clock::now();
  options_.while_waiting();
}

// --- calls ---

Result<OpenedModel> WorkerEngine::open(const std::string& model_folder, bool apply_template,
                                       const json& template_args) {
  const json chat = {{"apply_template", apply_template}, {"template_args", template_args}};
  const json request = {
      {"type", "open"}, {"model", model_folder}, {"chat", chat}, {"will_load", options_.will_load}};
  const json answer =
      TRY(call(request, "opened", options_.until.at_most(options_.call_timeout), ErrorKind::usage));
  try {
    return opened_from(answer);
  } catch (const json::exception& e) {
    return environment_error("the engine's answer to 'open' cannot be read", e.what(), "");
  }
}

Result<std::vector<Rendered>> WorkerEngine::render(const std::vector<Request>& requests) {
  json list = json::array();
  for (const Request& request : requests) {
    json entry = to_json(request);
    entry.erase("sampling");
    list.push_back(std::move(entry));
  }
  const json answer = TRY(call({{"type", "render"}, {"requests", std::move(list)}}, "rendered",
                               options_.until.at_most(options_.call_timeout), ErrorKind::usage));
  try {
    std::vector<Rendered> out = rendered_list_from(answer);
    if (out.size() == requests.size()) return out;
    return environment_error("the engine's answer to 'render' cannot be read",
                             fmt::format("{} prompts for {} requests", out.size(), requests.size()),
                             "");
  } catch (const json::exception& e) {
    return environment_error("the engine's answer to 'render' cannot be read", e.what(), "");
  }
}

Result<LoadFacts> WorkerEngine::load(const json& args, std::chrono::seconds timeout) {
  loading_ = true;
  Result<json> answer = call({{"type", "load"}, {"args", args}}, "loaded",
                             options_.until.at_most(timeout), ErrorKind::environment);
  loading_ = false;
  if (!answer) return std::unexpected(answer.error());
  try {
    return loaded_from(*answer);
  } catch (const json::exception& e) {
    return environment_error("the engine's answer to 'load' cannot be read", e.what(), "");
  }
}

Result<EngineStats> WorkerEngine::stats() {
  const json answer = TRY(call({{"type", "stats"}}, "stats",
                               options_.until.flag_alone().at_most(options_.stats_timeout),
                               ErrorKind::environment));
  try {
    return stats_from(answer);
  } catch (const json::exception& e) {
    return environment_error("the engine's answer to 'stats' cannot be read", e.what(), "");
  }
}

Result<json> WorkerEngine::call(json request, std::string_view answer_type, const Deadline& until,
                                ErrorKind error_kind) {
  const std::string name = request["type"];
  const auto since = Clock::now();
  call_id_ = next_wire_id_++;
  request["id"] = call_id_;
  call_answer_.reset();
  TRY(send(request));
  while (!call_answer_ && !dead_ && !until.over()) pump_while_waiting(until);
  call_id_ = 0;  // a late answer is ignored
  if (dead_) return std::unexpected(*dead_);
  if (!call_answer_) {
    unresponsive_ = true;
    if (until.stopped()) return std::unexpected(interrupted_error());
    return std::unexpected(
        with_log({ErrorKind::environment, fmt::format("the engine does not answer '{}'", name),
                  "nothing within " + seconds_text(since_then(since)), ""}));
  }
  json answer = *std::exchange(call_answer_, std::nullopt);
  if (answer["type"] == "error") return std::unexpected(error_from(answer, error_kind));
  if (answer["type"] == answer_type) return answer;
  return environment_error(
      fmt::format("the engine answered '{}' with '{}'", name, answer["type"].get<std::string>()),
      "", "the worker and assay must be of one version");
}

// --- requests that are answered later ---

Status WorkerEngine::submit(std::int64_t id, RequestKind kind, const Rendered& rendered,
                            const Sampling& sampling, int top_k) {
  if (in_flight_ >= hello_.max_in_flight) {
    return environment_error("too many requests in flight",
                             fmt::format("the engine takes {}", hello_.max_in_flight), "");
  }
  TRY(send_pending(request_frame(kind, rendered, sampling, top_k), id, /*lm_eval=*/false));
  ++in_flight_;
  return {};
}

Status WorkerEngine::start_lm_eval(std::int64_t id, const json& arguments) {
  json frame = arguments.is_object() ? arguments : json::object();
  frame["type"] = "lm_eval";
  return send_pending(std::move(frame), id, /*lm_eval=*/true);
}

Status WorkerEngine::send_pending(json frame, std::int64_t caller_id, bool lm_eval) {
  if (wire_of_.contains(caller_id)) {
    return environment_error(fmt::format("request {} is already in flight", caller_id), "", "");
  }
  const std::int64_t wire_id = next_wire_id_++;
  frame["id"] = wire_id;
  TRY(send(frame));
  pending_[wire_id] = {caller_id, lm_eval};
  wire_of_[caller_id] = wire_id;
  return {};
}

Status WorkerEngine::cancel(std::int64_t id) {
  const auto wire = wire_of_.find(id);
  if (wire == wire_of_.end()) return {};  // it is done: nothing to cancel
  return send({{"type", "cancel"}, {"target", wire->second}});
}

Status WorkerEngine::answer_need(std::int64_t need, const Response* response) {
  json frame = {{"type", "have"}, {"need", need}};
  if (response != nullptr) {
    frame["response"] = to_json(*response);
  } else {
    frame["not_run"] = true;
  }
  return send(frame);
}

std::optional<EngineEvent> WorkerEngine::wait(milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  if (!writer_.empty() && !dead_) pump(milliseconds(0));  // the engine goes on meanwhile
  while (events_.empty()) {
    if (dead_) return std::nullopt;
    const milliseconds left = left_until(deadline);
    pump(left);
    if (left.count() == 0 && events_.empty()) return std::nullopt;
  }
  EngineEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void WorkerEngine::shutdown(std::chrono::seconds timeout) {
  const milliseconds whole(timeout);
  const milliseconds impolite = std::min<milliseconds>(whole / 2, milliseconds(1500));
  const auto deadline = Clock::now() + (whole - impolite);
  asked_to_end_ = true;
  if (!dead_ && !unresponsive_ && send({{"type", "shutdown"}, {"id", next_wire_id_++}})) {
    while (!dead_ && !saw_bye_ && left_until(deadline).count() > 0) pump(left_until(deadline));
    if (!dead_) process_.wait_ended(left_until(deadline));
  }
  process_.end(impolite);
  if (!dead_) {
    dead_ = Error{ErrorKind::environment, "the engine was shut down", "", ""};
  }
}

}  // namespace assay
