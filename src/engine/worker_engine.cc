#include "engine/worker_engine.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engine/worker_frames.h"

namespace assay {

using nlohmann::json;
using std::chrono::milliseconds;

namespace {

// The longest single poll: so long the engine's silence is trusted at a time.
constexpr milliseconds kSlice{1000};
constexpr milliseconds kEndTimeout{5000};
constexpr milliseconds kExitTimeout{1000};
constexpr std::size_t kReadBytesPerRound = 8UL << 20U;

milliseconds left_until(std::chrono::steady_clock::time_point deadline) {
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(
                                       deadline - std::chrono::steady_clock::now()));
}

bool is_call_answer(std::string_view type) {
  return type == "opened" || type == "rendered" || type == "loaded" || type == "stats";
}

std::string seconds_text(milliseconds time) {
  return fmt::format("{:g} s", std::chrono::duration<double>(time).count());
}

}  // namespace

WorkerEngine::WorkerEngine(const WorkerOptions& options, WorkerProcess process)
    : options_(options), process_(std::move(process)), last_check_(Clock::now()) {}

WorkerEngine::~WorkerEngine() { process_.end(kEndTimeout); }

Result<std::unique_ptr<Engine>> WorkerEngine::start(const WorkerOptions& options) {
  WorkerProcess process = TRY(WorkerProcess::start(options));
  std::unique_ptr<WorkerEngine> engine(new WorkerEngine(options, std::move(process)));
  TRY(engine->greet());
  return engine;
}

Status WorkerEngine::greet() {
  const auto deadline = Clock::now() + options_.hello_timeout;
  while (!hello_ && !dead_) {
    const milliseconds left = left_until(deadline);
    if (left.count() == 0) {
      die(with_log({ErrorKind::environment, "the engine does not start",
                    "no greeting within " + seconds_text(options_.hello_timeout), ""}));
      break;
    }
    pump(left);
  }
  if (dead_) return std::unexpected(*dead_);
  return {};
}

// --- calls ---

Result<OpenedModel> WorkerEngine::open(const std::string& model_folder, bool apply_template,
                                       const json& template_args) {
  const json chat = {{"apply_template", apply_template}, {"template_args", template_args}};
  const json answer = TRY(call({{"type", "open"}, {"model", model_folder}, {"chat", chat}},
                               "opened", options_.call_timeout, ErrorKind::usage));
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
                               options_.call_timeout, ErrorKind::usage));
  try {
    std::vector<Rendered> out = rendered_list_from(answer);
    if (out.size() == requests.size()) return out;
    return environment_error(
        "the engine's answer to 'render' cannot be read",
        fmt::format("{} prompts for {} requests", out.size(), requests.size()), "");
  } catch (const json::exception& e) {
    return environment_error("the engine's answer to 'render' cannot be read", e.what(), "");
  }
}

Result<LoadedModel> WorkerEngine::load(const json& args, std::chrono::seconds timeout) {
  loading_ = true;
  Result<json> answer =
      call({{"type", "load"}, {"args", args}}, "loaded", timeout, ErrorKind::environment);
  loading_ = false;
  if (!answer) return std::unexpected(answer.error());
  try {
    return loaded_from(*std::move(answer));
  } catch (const json::exception& e) {
    return environment_error("the engine's answer to 'load' cannot be read", e.what(), "");
  }
}

Result<EngineStats> WorkerEngine::stats() {
  const json answer =
      TRY(call({{"type", "stats"}}, "stats", options_.call_timeout, ErrorKind::environment));
  try {
    return stats_from(answer);
  } catch (const json::exception& e) {
    return environment_error("the engine's answer to 'stats' cannot be read", e.what(), "");
  }
}

Result<json> WorkerEngine::call(json request, std::string_view answer_type, milliseconds timeout,
                                ErrorKind error_kind) {
  const std::string name = request["type"];
  const auto deadline = Clock::now() + timeout;
  call_id_ = next_wire_id_++;
  request["id"] = call_id_;
  call_answer_.reset();
  TRY(send(request));
  while (!call_answer_ && !dead_) {
    const milliseconds left = left_until(deadline);
    if (left.count() == 0) break;
    pump(left);
  }
  call_id_ = 0;  // a late answer is ignored
  if (dead_) return std::unexpected(*dead_);
  if (!call_answer_) {
    return environment_error(fmt::format("the engine does not answer '{}'", name),
                             "nothing within " + seconds_text(timeout),
                             "read " + process_.log_file().string());
  }
  json answer = *std::exchange(call_answer_, std::nullopt);
  if (answer["type"] == "error") return std::unexpected(error_from(answer, error_kind));
  if (answer["type"] == answer_type) return answer;
  return environment_error(
      fmt::format("the engine answered '{}' with '{}'", name, answer["type"].get<std::string>()), "",
      "the worker and assay must be of one version");
}

// --- requests that are answered later ---

Status WorkerEngine::submit(std::int64_t id, RequestKind kind, const Rendered& rendered,
                            const Sampling& sampling, int top_k) {
  if (in_flight_ >= hello_->max_in_flight) {
    return environment_error("too many requests in flight",
                             fmt::format("the engine takes {}", hello_->max_in_flight), "");
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
  if (!dead_ && send({{"type", "shutdown"}, {"id", next_wire_id_++}})) {
    while (!dead_ && !saw_bye_ && left_until(deadline).count() > 0) pump(left_until(deadline));
    if (!dead_) process_.wait_ended(left_until(deadline));
  }
  process_.end(impolite);
  if (!dead_) {
    dead_ = Error{ErrorKind::environment, "the engine was shut down", "", ""};
  }
}

// --- bytes ---

Status WorkerEngine::send(const json& frame) {
  if (dead_) return std::unexpected(*dead_);
  TRY(writer_.push(frame));
  // What the pipe does not take now goes out while a call waits.
  const Result<IoState> written = writer_.write_some(process_.write_fd());
  if (!written) return std::unexpected(written.error());
  return {};
}

// One round: writes what the pipe takes, reads what is there; waits at most `timeout` for either.
void WorkerEngine::pump(milliseconds timeout) {
  const auto before = Clock::now();
  std::array<pollfd, 3> polled = {
      pollfd{process_.read_fd(), POLLIN, 0},
      pollfd{process_.ended_fd(), POLLIN, 0},
      pollfd{writer_.empty() ? -1 : process_.write_fd(), POLLOUT, 0},
  };
  ::poll(polled.data(), polled.size(), static_cast<int>(std::min(timeout, kSlice).count()));
  if ((polled[2].revents & POLLOUT) != 0) {
    if (const auto written = writer_.write_some(process_.write_fd()); !written) {
      return die(written.error());
    }
  }
  // Once its reader is gone the pipe stays writable-with-error: do not spin on it.
  if ((polled[2].revents & POLLERR) != 0) writer_ = FrameWriter();
  if (polled[0].revents != 0) read_frames();
  if (!dead_ && polled[1].revents != 0) {
    while (!dead_ && read_frames() > 0) {  // the last words may have come since
    }
    if (!dead_) die_of_exit();
  }
  if (!dead_) check_silence(before);
}

std::size_t WorkerEngine::read_frames() {
  std::size_t got_bytes = 0;
  const Result<IoState> state = reader_.read_some(process_.read_fd(), kReadBytesPerRound, &got_bytes);
  if (!state) die(state.error());
  if (got_bytes > 0) silent_for_ = {};
  while (!dead_) {
    Result<std::optional<json>> frame = reader_.next();
    if (!frame) die(with_log(frame.error()));
    if (dead_ || !*frame) break;
    handle(**std::move(frame));
  }
  if (!dead_ && *state == IoState::closed) die_of_exit();
  return got_bytes;
}

// Only time spent listening counts, and at most a slice and a bit at once: a machine that was
// suspended, or a caller that was busy elsewhere, does not make the engine look dead.
void WorkerEngine::check_silence(Clock::time_point before_poll) {
  const auto now = Clock::now();
  const auto since = now - std::max(last_check_, before_poll - kSlice);
  silent_for_ += std::min<Clock::duration>(since, 2 * kSlice);
  last_check_ = now;
  if (silent_for_ < options_.silence_limit) return;
  die(with_log({ErrorKind::environment,
                "the engine fell silent for " + seconds_text(options_.silence_limit), "", ""}));
}

// --- frames ---

void WorkerEngine::handle(json frame) {
  const std::string type = frame["type"];
  try {
    if (!hello_ && type != "hello") {
      die(Error{ErrorKind::environment, "the engine does not greet",
                "its first frame is '" + type + "'", "see docs/worker_protocol.md"});
    } else if (type == "hello") {
      const int protocol = frame.at("protocol");
      if (protocol != kProtocolVersion) {
        return die(Error{ErrorKind::environment, "the worker speaks another protocol",
                         fmt::format("version {}, not {}", protocol, kProtocolVersion),
                         "install the assay_worker that came with this assay"});
      }
      hello_ = hello_from(frame);
    } else if (type == "result") {
      handle_result(std::move(frame));
    } else if (type == "error") {
      handle_error(frame);
    } else if (type == "progress") {
      const std::string text = frame.at("text");
      if (loading_ && options_.on_progress) {
        options_.on_progress(text);
      } else {
        events_.emplace_back(Progressed{text});
      }
    } else if (type == "need") {
      events_.emplace_back(need_from(frame));
    } else if (type == "lm_eval_done") {
      handle_lm_eval_done(std::move(frame));
    } else if (type == "bye") {
      saw_bye_ = true;
    } else if (is_call_answer(type) && frame.at("id") == call_id_) {
      call_answer_ = std::move(frame);
    }  // heartbeat, late answers, and what a later version adds
  } catch (const json::exception& e) {
    die(Error{ErrorKind::environment, fmt::format("the engine sent a '{}' frame that cannot be read", type),
              e.what(), "the worker and assay must be of one version; see docs/worker_protocol.md"});
  }
}

std::optional<WorkerEngine::Pending> WorkerEngine::take_pending(std::int64_t wire_id) {
  const auto found = pending_.find(wire_id);
  if (found == pending_.end()) return std::nullopt;
  const Pending pending = found->second;
  pending_.erase(found);
  wire_of_.erase(pending.caller_id);
  if (!pending.lm_eval) --in_flight_;
  return pending;
}

void WorkerEngine::handle_result(json frame) {
  const std::int64_t wire_id = frame.at("id");
  // Read before it is taken: a frame that cannot be read leaves its request among the unanswered.
  Response response = result_from(std::move(frame));
  if (const auto pending = take_pending(wire_id)) {
    events_.emplace_back(Answered{pending->caller_id, std::move(response)});
  }
}

void WorkerEngine::handle_error(const json& frame) {
  const auto id = frame.find("id");
  const bool has_id = id != frame.end() && id->is_number_integer();
  if (has_id && *id == call_id_) {
    call_answer_ = frame;
  } else if (has_id) {
    if (const auto pending = take_pending(id->get<std::int64_t>())) {
      const Error error = error_from(frame, ErrorKind::environment);
      if (pending->lm_eval) {
        events_.emplace_back(LmEvalDone{pending->caller_id, json::object(), error});
      } else {
        Response response;
        response.finish_reason = FinishReason::error;
        response.error = error.why.empty() ? error.what : error.what + ": " + error.why;
        events_.emplace_back(Answered{pending->caller_id, std::move(response)});
      }
    }
  }
  const auto fatal = frame.find("fatal");
  if (fatal != frame.end() && fatal->is_boolean() && fatal->get<bool>()) {
    die(error_from(frame, ErrorKind::environment));
  }
}

void WorkerEngine::handle_lm_eval_done(json frame) {
  if (const auto pending = take_pending(frame.at("id").get<std::int64_t>())) {
    events_.emplace_back(LmEvalDone{pending->caller_id, std::move(frame), std::nullopt});
  }
}

// --- death ---

void WorkerEngine::die_of_exit() {
  // It closes its pipe a little before it ends; its own exit code is wanted, not our signal.
  process_.wait_ended(kExitTimeout);
  process_.end(kEndTimeout);
  die(with_log({ErrorKind::environment, "the engine died", process_.how_it_ended(), ""}));
}

// Adds what the engine printed last, and where the rest is.
Error WorkerEngine::with_log(Error error) const {
  const std::string tail = process_.log_tail();
  if (!tail.empty()) error.why += error.why.empty() ? tail : ": " + tail;
  if (error.fix.empty()) error.fix = "read " + process_.log_file().string();
  return error;
}

void WorkerEngine::die(Error error) {
  if (dead_) return;
  dead_ = std::move(error);
  process_.end(kEndTimeout);
  Died died{*dead_, {}};
  for (const auto& [wire_id, pending] : pending_) died.unanswered.push_back(pending.caller_id);
  std::sort(died.unanswered.begin(), died.unanswered.end());
  pending_.clear();
  wire_of_.clear();
  in_flight_ = 0;
  events_.emplace_back(std::move(died));
}

}  // namespace assay
