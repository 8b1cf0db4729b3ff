// The engine in a worker process (docs/worker_protocol.md), under a guardian (docs/guardian.md).
//
// One thread, no reader thread: bytes move while a call waits, in both directions, so a full pipe
// on either side cannot stop both. Events that come while open, render, load or stats wait for
// their answer are kept in order for wait(). After the engine's death every call gives the same
// error; Died comes once from wait(), after the events that came before it, and then wait() gives
// nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/secrets.h"
#include "engine/engine.h"
#include "engine/frames.h"
#include "engine/worker_frames.h"
#include "engine/worker_process.h"

namespace assay {

// How long a worker that is told to end may take before it is killed.
inline constexpr std::chrono::milliseconds kWorkerEndTimeout{5000};

class WorkerEngine final : public Engine {
 public:
  // Starts the worker and waits for its greeting. Errors (environment): the worker cannot start,
  // ends or stays silent, or speaks another protocol; nothing is left running then.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> start(const WorkerOptions& options);
  // The same for a worker that was started before, with `options.command`.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> adopt(const WorkerOptions& options,
                                                             WorkerProcess process);
  WorkerEngine(const WorkerEngine&) = delete;
  WorkerEngine& operator=(const WorkerEngine&) = delete;
  ~WorkerEngine() override;  // ends the tree, politeness left out

  void end_by(const Deadline& until) override { options_.until = until; }
  [[nodiscard]] const EngineHello& hello() const override { return hello_; }
  [[nodiscard]] Result<OpenedModel> open(const std::string& model_folder, bool apply_template,
                                         const nlohmann::json& template_args) override;
  [[nodiscard]] Result<std::vector<Rendered>> render(const std::vector<Request>& requests) override;
  [[nodiscard]] Result<LoadFacts> load(const nlohmann::json& args,
                                       std::chrono::seconds timeout) override;
  [[nodiscard]] nlohmann::json less_memory() const override { return less_memory_; }
  [[nodiscard]] std::optional<std::int64_t> tokens_so_far() const override {
    return tokens_so_far_;
  }
  [[nodiscard]] Status submit(std::int64_t id, RequestKind kind, const Rendered& rendered,
                              const Sampling& sampling, int top_k) override;
  [[nodiscard]] Status cancel(std::int64_t id) override;
  [[nodiscard]] std::optional<EngineEvent> wait(std::chrono::milliseconds timeout) override;
  [[nodiscard]] Result<EngineStats> stats() override;
  [[nodiscard]] Status start_lm_eval(std::int64_t id, const nlohmann::json& arguments) override;
  [[nodiscard]] Status answer_need(std::int64_t need, const Response* response) override;
  // The last second and a half of `timeout` (half of a short one) is for the impolite way.
  void shutdown(std::chrono::seconds timeout) override;

 private:
  using Clock = std::chrono::steady_clock;
  struct Pending {  // an unanswered request, by its id on the wire
    std::int64_t caller_id = 0;
    bool lm_eval = false;
  };

  WorkerEngine(const WorkerOptions& options, WorkerProcess process);

  Status greet();
  // Sends a request and waits for its answer of that type; an `error` frame becomes an Error.
  Result<nlohmann::json> call(nlohmann::json request, std::string_view answer_type,
                              const Deadline& until, ErrorKind error_kind);
  void pump_while_waiting(const Deadline& until);
  Status send(const nlohmann::json& frame);
  Status send_pending(nlohmann::json frame, std::int64_t caller_id, bool lm_eval);

  void pump(std::chrono::milliseconds timeout);
  std::size_t read_frames();  // gives how many bytes came
  void count_listening(Clock::time_point before_poll);
  void check_silence();
  void handle(nlohmann::json frame);
  void handle_heartbeat(const nlohmann::json& frame);
  void handle_result(nlohmann::json frame);
  void handle_error(const nlohmann::json& frame);
  void handle_lm_eval_done(nlohmann::json frame);
  std::optional<Pending> take_pending(std::int64_t wire_id);
  // Ends the tree and reports Died; the first death counts.
  void die(Error error, Restart restart = Restart::may_help);
  void die_of_exit();
  [[nodiscard]] Error with_log(Error error) const;

  WorkerOptions options_;
  WorkerProcess process_;
  FrameReader reader_;
  FrameWriter writer_;
  std::vector<std::string> secrets_ = secret_values();  // masked in answers
  bool greeted_ = false;
  EngineHello hello_;  // valid once greeted
  std::deque<EngineEvent> events_;
  std::optional<Error> dead_;

  std::int64_t next_wire_id_ = 1;
  std::unordered_map<std::int64_t, Pending> pending_;       // wire id -> request
  std::unordered_map<std::int64_t, std::int64_t> wire_of_;  // caller's id -> wire id
  int in_flight_ = 0;                                       // pending_ without lm-eval runs

  std::int64_t call_id_ = 0;  // the call that waits; 0: none
  std::optional<nlohmann::json> call_answer_;
  bool loading_ = false;
  bool saw_bye_ = false;
  bool asked_to_end_ = false;  // a death one asked for is no event
  bool unresponsive_ = false;  // a call got no answer: it is not asked to end, but ended
  Clock::time_point told_waiting_;
  Clock::duration silent_for_{};
  Clock::duration hanging_for_{};  // requests wait, and no step is done
  bool stepping_ = false;
  nlohmann::json less_memory_ = nlohmann::json::object();  // as an `error` frame said
  std::optional<std::int64_t> tokens_so_far_;
  std::int64_t steps_ = -1;  // as the last heartbeat said; -1: none said
  Clock::time_point last_listened_;
};

}  // namespace assay
