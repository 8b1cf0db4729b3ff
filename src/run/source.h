// Where an engine's requests come from. A variant's engine is fed by its items, by lm-eval's own
// code and by the read-back of the baseline's outputs, a judge's by the answers to be judged. The
// loop (run/engine_turn.h) asks each the same questions; what may begin is decided elsewhere
// (run/admission.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "run/admission.h"

namespace assay {

// A request that an engine of this kind answered before.
struct Canary {
  RequestKind kind = RequestKind::generate;
  Rendered prompt;
  Sampling sampling;
};

class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // Requests whose prompt no engine has rendered yet, all or the first of them, and their prompts,
  // one for each. Asked until there is none.
  [[nodiscard]] virtual Result<std::vector<Request>> to_render() { return std::vector<Request>(); }
  [[nodiscard]] virtual Status set_prompts(const std::vector<Rendered>& /*prompts*/) { return {}; }

  // Called before offers are read: what the store can answer by now needs no engine.
  [[nodiscard]] virtual Status refresh(Engine& /*engine*/) { return {}; }
  // The first request of each of its lanes, in the order of admission. Empty: nothing waits.
  [[nodiscard]] virtual std::vector<Offer> offers() = 0;
  // Sends the request that was offered under `ticket`. `id` was never used before.
  [[nodiscard]] virtual Status ask(Engine& engine, std::size_t ticket, std::int64_t id) = 0;
  // A request that an engine died of, to be asked with nothing beside it; nothing: there is none.
  [[nodiscard]] virtual std::optional<std::size_t> suspect() const { return std::nullopt; }

  [[nodiscard]] virtual int in_flight() const = 0;
  [[nodiscard]] virtual int prompt_tokens_in_flight() const = 0;

  // First requests of its tasks are in flight: what they tell of the pace is worth waiting for.
  [[nodiscard]] virtual bool first_answers_due() const { return false; }

  // True when the id was one of its own; the answer is in the store then.
  [[nodiscard]] virtual Result<bool> on_answer(Engine& engine, const Answered& answered,
                                               std::int64_t load_id) = 0;
  // How many times as long as a plain request of its size its requests take to be read.
  [[nodiscard]] virtual double reading_cost() const { return 1; }
  // What its answers tell of the engine's pace.
  enum class Tells {
    pace,
    reading,     // they generate nothing: only where nothing else tells how fast prompts are read
    token_time,  // their prompts are too short to tell how fast prompts are read
  };
  [[nodiscard]] virtual Tells tells() const { return Tells::pace; }

  // No more time: nothing that waits is asked in this run. `engine` may be null.
  [[nodiscard]] virtual Status drop_waiting(Engine* engine) = 0;
  // What is in flight is not waited for.
  virtual void drop_asked() = 0;
  // The engine died, and what was in flight with it. A request that was `alone` when a second
  // engine died is accused: the machine may be ill, so a canary is asked before it is blamed.
  [[nodiscard]] virtual Status on_death(const std::string& why, bool alone,
                                        std::int64_t load_id) = 0;
  [[nodiscard]] virtual bool has_accused() const { return false; }
  // Nothing: it knows of none.
  [[nodiscard]] virtual std::optional<Canary> canary() const { return std::nullopt; }
  // The canary was answered: what is accused is set aside.
  [[nodiscard]] virtual Status convict(std::int64_t /*load_id*/) { return {}; }
  // The engine died of the canary as well: what was accused waits again.
  virtual void acquit() {}
};

}  // namespace assay
