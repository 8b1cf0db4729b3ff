// An engine that takes no time but that of a clock of its own: requests share it as in a batch.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/clock.h"
#include "draw.h"
#include "engine/engine.h"
#include "random.h"

namespace assay::sim {

// Of one plan: what its engines know of each other, and what they have seen.
struct Happened {
  FakeClock clock;
  std::vector<int> loads;    // begun, of each variant and last of the judge from outside
  double idle_s = 0;         // an engine was ready, nothing in flight, and it was waited for
  int cut = 0;               // requests in flight when their engine was shut down
  double last_answer_s = 0;  // when it came
  bool interrupted = false;  // a signal has come, once
  std::atomic<bool> stop{false};

  // Whether the plan's signal comes by then; then it has come.
  void signal_by(double at_s, const World& world);
  // Nothing but time passes until then.
  void pass_until(double at_s, const World& world);
};

// What a prompt says: which item it asks about. An engine finds its answer by that.
inline constexpr int kJudgesQuestion = -1;
struct Asked {
  int task = 0;  // or kJudgesQuestion
  int item = 0;
  int prompt_tokens = 0;    // at least 3
  std::string about = "0";  // of a judge's question: whose answer
};
[[nodiscard]] std::string prompt_of(const Asked& asked);

class SimEngine final : public Engine {
 public:
  // `variant`: its place in the world, or that of the judge from outside.
  SimEngine(const World& world, std::size_t variant, Happened& happened);

  const EngineHello& hello() const override { return hello_; }
  Result<OpenedModel> open(const std::string&, bool, const nlohmann::json&) override {
    return OpenedModel{"tokenizer", "template", 1 << 20, 1000};
  }
  Result<std::vector<Rendered>> render(const std::vector<Request>& requests) override;
  Result<LoadFacts> load(const nlohmann::json& args, std::chrono::seconds timeout) override;
  Status submit(std::int64_t id, RequestKind kind, const Rendered& rendered,
                const Sampling& sampling, int top_k) override;
  Status cancel(std::int64_t) override { return {}; }
  std::optional<EngineEvent> wait(std::chrono::milliseconds timeout) override;
  Result<EngineStats> stats() override { return EngineStats{}; }
  Status start_lm_eval(std::int64_t, const nlohmann::json&) override { return {}; }
  Status answer_need(std::int64_t, const Response*) override { return {}; }
  void shutdown(std::chrono::seconds) override;

 private:
  struct Running {
    std::int64_t id = 0;
    int tokens = 0;
    int prompt_tokens = 0;
    double pace = 1;         // times the step of the batch
    double unread_s = 0;     // of its prompt
    double reading_s = 0;    // of that, in the step that is under way
    double tokens_left = 0;  // real-valued: a token in the making is part of one
    double sent_s = 0;
    double begun_s = -1;  // when its prompt began to be read; negative: not yet
    double read_s = 0;    // when its prompt had been read
  };

  [[nodiscard]] double now_s() const { return happened_.clock.now().count(); }
  [[nodiscard]] double token_s() const;
  [[nodiscard]] double next_change_s() const;
  void work(double for_s);
  // An engine that reads prompts in pieces works in steps while there are any to read; a step that
  // until_s cuts goes on with the next call.
  [[nodiscard]] bool reads_in_pieces() const;
  void step(double until_s);
  void begin_step();
  void end_step();
  void pass_stall(double until_s);
  [[nodiscard]] std::optional<EngineEvent> take_answer();
  [[nodiscard]] Died die();

  const World& world_;
  const VariantWorld& variant_;
  Happened& happened_;
  int& loads_;
  EngineHello hello_;
  Random random_;
  std::vector<Running> running_;  // as sent
  double ready_s_ = 0;            // when it was loaded
  double dies_s_ = std::numeric_limits<double>::infinity();
  double step_ends_s_ = -1;  // of a step that is under way; negative: none is
  std::size_t stalls_had_ = 0;
  std::string name_;  // its answers
};

}  // namespace assay::sim
