// The moving part of WorkerEngine: bytes, frames and the engine's death.
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/secrets.h"
#include "engine/worker_engine.h"
#include "engine/worker_frames.h"

namespace assay {

using nlohmann::json;
using std::chrono::milliseconds;

namespace {

// The longest single poll: so long the engine's silence is trusted at a time.
constexpr milliseconds kSlice{1000};
constexpr milliseconds kExitTimeout{1000};
constexpr std::size_t kReadBytesPerRound = 8UL << 20U;

bool is_call_answer(std::string_view type) {
  return type == "opened" || type == "rendered" || type == "loaded" || type == "stats";
}

}  // namespace

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
  count_listening(before);
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
  if (!dead_) check_silence();
}

std::size_t WorkerEngine::read_frames() {
  std::size_t got_bytes = 0;
  const Result<IoState> state =
      reader_.read_some(process_.read_fd(), kReadBytesPerRound, &got_bytes);
  if (!state) die(state.error());
  if (got_bytes > 0) silent_for_ = {};
  while (!dead_) {
    Result<std::optional<json>> frame = reader_.next();
    if (!frame) {
      die(with_log(frame.error()));
      break;
    }
    std::optional<json> whole = *std::move(frame);
    if (!whole) break;
    handle(*std::move(whole));
  }
  if (!dead_ && *state == IoState::closed) die_of_exit();
  return got_bytes;
}

// Only time spent listening counts, and at most a slice and a bit at once: a machine that was
// suspended, or a caller that was busy elsewhere, does not make the engine look dead.
void WorkerEngine::count_listening(Clock::time_point before_poll) {
  const auto now = Clock::now();
  const auto since =
      std::min<Clock::duration>(now - std::max(last_listened_, before_poll - kSlice), 2 * kSlice);
  last_listened_ = now;
  silent_for_ += since;
  if (stepping_ && steps_ >= 0) hanging_for_ += since;
}

void WorkerEngine::check_silence() {
  const auto seconds = [](milliseconds time) {
    return std::chrono::duration<double>(time).count();
  };
  std::string what;
  if (silent_for_ >= options_.silence_limit) {
    what = fmt::format("the engine fell silent for {:g} s", seconds(options_.silence_limit));
  } else if (hanging_for_ >= options_.hang_limit) {
    what = fmt::format("the engine hangs: no step for {:g} s", seconds(options_.hang_limit));
  } else {
    return;
  }
  die(with_log({ErrorKind::environment, what, "", ""}));
}

void WorkerEngine::handle_heartbeat(const json& frame) {
  const std::int64_t steps = frame.value("steps", std::int64_t{-1});
  if (steps != steps_) hanging_for_ = {};
  steps_ = steps;
  stepping_ = frame.value("stepping", false);
  if (const auto tokens = frame.find("generated_tokens");
      tokens != frame.end() && tokens->is_number_integer()) {
    tokens_so_far_ = tokens->get<std::int64_t>();
  }
  if (!stepping_) hanging_for_ = {};
}

// --- frames ---

void WorkerEngine::handle(json frame) {
  const std::string type = frame["type"];
  try {
    if (!greeted_ && type != "hello") {
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
      if (const auto other = other_worker_version(hello_)) {
        return die(Error{ErrorKind::environment, "the worker is of another version of assay",
                         fmt::format("the worker is {}, this program {}", *other, ASSAY_VERSION),
                         "install both from one wheel, or run tools/setup: docs/install.md"});
      }
      greeted_ = true;
    } else if (type == "heartbeat") {
      handle_heartbeat(frame);
    } else if (type == "result") {
      hanging_for_ = {};
      handle_result(std::move(frame));
    } else if (type == "error") {
      handle_error(frame);
    } else if (type == "progress") {
      const std::string text = without_secrets(frame.at("text").get<std::string>());
      if (loading_ && options_.on_progress) {
        options_.on_progress(text);
      } else {
        events_.emplace_back(Progressed{text});
      }
    } else if (type == "need") {
      Needed needed = need_from(frame);
      if (const auto run = pending_.find(frame.at("run").get<std::int64_t>());
          run != pending_.end()) {
        needed.run = run->second.caller_id;
        events_.emplace_back(std::move(needed));
      }  // else the run was cancelled or has ended
    } else if (type == "lm_eval_done") {
      handle_lm_eval_done(std::move(frame));
    } else if (type == "bye") {
      saw_bye_ = true;
    } else if (is_call_answer(type) && frame.at("id") == call_id_) {
      call_answer_ = std::move(frame);
    }  // late answers, and what a later version adds
  } catch (const json::exception& e) {
    die(Error{ErrorKind::environment,
              fmt::format("the engine sent a '{}' frame that cannot be read", type), e.what(),
              "the worker and assay must be of one version; see docs/worker_protocol.md"});
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
  Response response = result_from(std::move(frame), secrets_);
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
  if (const auto less = frame.find("less_memory"); less != frame.end() && less->is_object()) {
    less_memory_ = *less;
  }
  const auto fatal = frame.find("fatal");
  if (fatal != frame.end() && fatal->is_boolean() && fatal->get<bool>()) {
    die(error_from(frame, ErrorKind::environment), restart_after(frame));
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
  process_.end(kWorkerEndTimeout);
  die(with_log({ErrorKind::environment, "the engine died", process_.how_it_ended(), ""}));
}

// Adds what the engine printed last, and where the rest is.
Error WorkerEngine::with_log(Error error) const {
  const std::string tail = process_.log_tail();
  if (!tail.empty()) error.why += error.why.empty() ? tail : ": " + tail;
  if (error.fix.empty()) error.fix = "read " + process_.log_file().string();
  return error;
}

void WorkerEngine::die(Error error, Restart restart) {
  if (dead_) return;
  dead_ = std::move(error);
  process_.end(kWorkerEndTimeout);
  if (asked_to_end_) return;
  Died died{*dead_, {}, restart == Restart::useless};
  for (const auto& [wire_id, pending] : pending_) died.unanswered.push_back(pending.caller_id);
  std::sort(died.unanswered.begin(), died.unanswered.end());
  pending_.clear();
  wire_of_.clear();
  in_flight_ = 0;
  events_.emplace_back(std::move(died));
}

}  // namespace assay
