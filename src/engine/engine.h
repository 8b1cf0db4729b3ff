// The engine as the scheduler sees it: one process that renders prompts and answers requests.
// Implementations: WorkerEngine (engine/worker_engine.h) over docs/worker_protocol.md, OpenAiEngine
// (engine/openai_engine.h) over docs/openai_endpoint.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "values/load_facts.h"
#include "values/request.h"

namespace assay {

struct EngineHello {
  std::string worker;                           // "vllm", "fake"
  std::map<std::string, std::string> versions;  // package -> version
  // render, generate, loglikelihood, prompt_logprobs, lm_eval: what can be asked. token_ids:
  // answers list them. engine_facts: load() says what runs. process: it is a process of ours.
  std::vector<std::string> capabilities;
  int max_in_flight = 1;
};

struct OpenedModel {
  std::string tokenizer_hash;
  std::string template_hash;  // of the chat template's text; empty: none
  int max_model_len = 0;      // the model's own, before engine arguments
  int vocab_size = 0;
  // Names of the template's variables that render the same prompt whether true or false.
  std::vector<std::string> ignored_args;
};

struct EngineStats {
  int running = 0;
  int waiting = 0;
  std::int64_t generated_tokens = 0;
  std::int64_t prompt_tokens = 0;
  double kv_cache_use = 0;
  std::optional<double> energy_j;  // of the GPUs since the load; none: they cannot tell
  std::optional<GpuUse> gpu_use;   // since the load; none: not told
};

// One thing that came from the engine.
struct Answered {  // a submitted request is done; Response::error is set when it failed
  std::int64_t id = 0;
  Response response;
};
struct Progressed {  // while loading, or from lm-eval
  std::string text;
};
struct Died {  // the process ended, fell silent or lost its engine; all unanswered requests are
               // lost
  Error error;
  std::vector<std::int64_t> unanswered;
  // Starting it again would not help, and the requests are not to blame.
  bool final = false;
};
struct Needed {  // lm-eval inside the worker asks (protocol: need)
  std::int64_t need = 0;
  RequestKind kind = RequestKind::generate;
  Rendered rendered;
  Sampling sampling;
  std::int64_t run = 0;  // the id given to start_lm_eval
  std::string task;      // lm-eval's own name of the single task
  int doc = 0;           // the document's index in it
  int repeat = 0;        // tells equal requests of one document apart
};
struct LmEvalDone {
  std::int64_t id = 0;
  nlohmann::json frame;        // `lm_eval_done`
  std::optional<Error> error;  // lm-eval raised
};
using EngineEvent = std::variant<Answered, Progressed, Died, Needed, LmEvalDone>;

// Not thread-safe: one thread owns it. No call but load() blocks longer than its time-out, and
// none but stats() and shutdown(), which take seconds, beyond end_by().
class Engine {
 public:
  virtual ~Engine() = default;

  // From now on open, render and load wait no longer than this.
  virtual void end_by(const Deadline& /*until*/) {}

  [[nodiscard]] virtual const EngineHello& hello() const = 0;
  // Tokenizer only. Errors: folder without config or tokenizer (usage), dead worker (environment).
  [[nodiscard]] virtual Result<OpenedModel> open(const std::string& model_folder,
                                                 bool apply_template,
                                                 const nlohmann::json& template_args) = 0;
  // Same order as asked. Works before load() and while requests are in flight.
  [[nodiscard]] virtual Result<std::vector<Rendered>> render(
      const std::vector<Request>& requests) = 0;
  // Blocks until the weights are in; `on_progress` is called with the engine's own lines. Gives
  // what really runs, read from the engine, not from the checkpoint's name; the run adds the rest.
  [[nodiscard]] virtual Result<LoadFacts> load(const nlohmann::json& args,
                                               std::chrono::seconds timeout) = 0;
  // Engine arguments with which it would need less memory, where the last load() failed, or it
  // died, for want of it; empty: that was not the reason, or it knows of none.
  [[nodiscard]] virtual nlohmann::json less_memory() const { return nlohmann::json::object(); }
  // Output tokens since the load, those of unfinished answers included, as last told; nothing: it
  // does not tell.
  [[nodiscard]] virtual std::optional<std::int64_t> tokens_so_far() const { return std::nullopt; }
  // Queues one request under an id the caller never used before. The caller keeps within
  // hello().max_in_flight.
  [[nodiscard]] virtual Status submit(std::int64_t id, RequestKind kind, const Rendered& rendered,
                                      const Sampling& sampling, int top_k = 20) = 0;
  [[nodiscard]] virtual Status cancel(std::int64_t id) = 0;
  // The next event, or nothing when `timeout` passes first.
  [[nodiscard]] virtual std::optional<EngineEvent> wait(std::chrono::milliseconds timeout) = 0;
  // Worth a few seconds: an engine that hangs gives an error.
  [[nodiscard]] virtual Result<EngineStats> stats() = 0;
  // lm-eval: starts a run (protocol: lm_eval) and answers what it needs (nullptr: not run).
  [[nodiscard]] virtual Status start_lm_eval(std::int64_t id, const nlohmann::json& arguments) = 0;
  [[nodiscard]] virtual Status answer_need(std::int64_t need, const Response* response) = 0;
  // Ends the process politely, then with SIGKILL; never fails, at most `timeout`.
  virtual void shutdown(std::chrono::seconds timeout) = 0;
};

}  // namespace assay
