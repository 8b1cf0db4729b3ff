// One engine from its start to its end: render, load, ask, store what comes, restart it when it
// dies. VariantRun and the judge say what it is fed with and what happens beside.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "run/budget.h"
#include "run/reading_meter.h"
#include "run/runner.h"
#include "run/source.h"
#include "run/turn_share.h"

namespace assay {

// How the engine is opened and loaded.
struct EngineSetup {
  std::string name;      // as progress lines call it: the variant, "the judge"
  std::string loads_of;  // the variant whose stored loads were of the same weights; empty: none
  std::string model;     // what loads, for the same lines
  std::string folder;    // of the model
  bool apply_template = true;
  nlohmann::json template_args = nlohmann::json::object();
  nlohmann::json engine_args = nlohmann::json::object();
};

class EngineTurn {
 public:
  EngineTurn(const RunOptions& options, RunServices& services, EngineSetup setup);
  EngineTurn(const EngineTurn&) = delete;
  EngineTurn& operator=(const EngineTurn&) = delete;
  virtual ~EngineTurn();  // ends the engine, within 5 s

  [[nodiscard]] const Pace& pace() const { return pace_; }

 protected:
  // --- what differs from turn to turn

  // A started engine: neither open nor loaded.
  [[nodiscard]] virtual Result<std::unique_ptr<Engine>> make_engine(const EngineWaits& waits) = 0;
  // Where all its requests come from.
  [[nodiscard]] virtual std::vector<Source*> sources() = 0;
  // Asks for more, source by source, with admit_from().
  [[nodiscard]] virtual Status admit() = 0;
  // Called after each round of asking: how the loop goes on.
  enum class Next { wait_for_engine, ask_again, end };
  [[nodiscard]] virtual Result<Next> after_asking() = 0;
  // A source's time is over: what waits in it will not be asked.
  [[nodiscard]] virtual Status end_of_time(Source& source) = 0;
  // The deadline has come: nothing in flight is waited for.
  [[nodiscard]] virtual Status deadline_passed() = 0;
  // Called at least every 50 ms while the engine works.
  [[nodiscard]] virtual Status housekeeping() = 0;
  [[nodiscard]] virtual Status on_opened(const OpenedModel& /*opened*/) { return {}; }
  [[nodiscard]] virtual Status on_loaded() { return {}; }
  // An answer has come and still counts as in flight; its source takes it next.
  virtual void before_answer(Response& /*response*/) {}
  virtual void after_answer(const Response& /*response*/) {}
  // The events of lm-eval: what it asks for, and that it is done.
  [[nodiscard]] virtual Status on_other(const EngineEvent& /*event*/) { return {}; }
  virtual void in_flight_changed() {}
  // Called when the engine died, after on_death() of every source. False: nothing is left to ask
  // another engine.
  [[nodiscard]] virtual Result<bool> go_on_after_death() = 0;
  [[nodiscard]] virtual std::int64_t load_id() const { return 0; }
  // What the progress line shows of this turn, but for what the engine does before it answers.
  [[nodiscard]] virtual ProgressState progress_state() = 0;

  // --- what they have in common

  [[nodiscard]] Status render_waiting();
  // Starts, renders what waits (no weights needed), and loads, all of it before deadline_s_; the
  // load within its own limit, too. An error that came because the deadline did sets cut_short_.
  [[nodiscard]] Status load_engine();
  // Until nothing is left to do, the deadline has come, or it is told to stop.
  [[nodiscard]] Status loop();
  void shut_down();
  // Draws the progress line when it is due.
  void show_progress();

  // Asks what fits, as run/admission.h decides.
  [[nodiscard]] Status admit_from(Source& source, const AskUntil& until);
  // After a crash: what may have caused it. True: nothing else is asked now.
  [[nodiscard]] Result<bool> admit_suspects();
  // Marks a fault of this engine's alone: the other variants can go on, if the GPUs are there.
  [[nodiscard]] std::unexpected<Error> own_fault(Error error) const;
  [[nodiscard]] bool stopped() const { return services_.stop != nullptr && *services_.stop; }
  [[nodiscard]] bool has_deadline() const { return std::isfinite(deadline_s_); }
  [[nodiscard]] double now_s() const { return services_.clock.now().count(); }
  // deadline_s_, and the signal's flag, for whoever waits outside this clock.
  [[nodiscard]] Deadline until() const;
  [[nodiscard]] int in_flight();
  [[nodiscard]] std::int64_t next_id() { return next_id_++; }

  const RunOptions& options_;
  RunServices& services_;
  const EngineSetup setup_;
  std::unique_ptr<Engine> engine_;
  LoadFacts loaded_;
  Pace pace_;
  double deadline_s_ = std::numeric_limits<double>::infinity();  // on services_.clock
  bool cut_short_ = false;  // an engine's call failed because the deadline had come

 private:
  [[nodiscard]] Status start_engine();
  [[nodiscard]] Status load_weights();
  // From now on the engine does this, as the progress line says it.
  void begin_doing(Doing what);
  [[nodiscard]] EngineWaits waits();
  // The engine lacked memory for the first time: from now on it is loaded with less. What was
  // lowered is said, and stored as an event and with the loads. False: it did not, or was lowered
  // before.
  [[nodiscard]] Result<bool> lower_memory(const std::string& why);
  [[nodiscard]] Result<double> load_limit_s() const;
  [[nodiscard]] Error load_hung(const Error& error, double took_s) const;
  // Passes on what an engine's call gave; notes that the deadline was its end.
  template <typename T>
  [[nodiscard]] Result<T> in_time(Result<T> given) {
    cut_short_ = cut_short_ || (!given && now_s() >= deadline_s_);
    return given;
  }
  [[nodiscard]] int room();
  [[nodiscard]] int prompt_tokens_in_flight();
  [[nodiscard]] Status handle(const EngineEvent& event);
  [[nodiscard]] Status handle_waiting_events();
  [[nodiscard]] Status after_failed_call(const Error& error);
  [[nodiscard]] Status on_answer(Answered answered);
  void learn_from_read_back(Response response, int in_flight, double reading_cost);
  [[nodiscard]] Status on_death(const Died& died);
  // It is not started again, and no request is to blame. `why`: of the event.
  [[nodiscard]] Status end_for_good(const Error& error, const std::string& why);
  [[nodiscard]] Status start_again(const Error& death, int in_flight_then);
  [[nodiscard]] bool has_accused();
  [[nodiscard]] Result<bool> admit_suspects_together();
  [[nodiscard]] Status ask_canary();
  [[nodiscard]] Status on_canary();

  Doing doing_ = Doing::answers;
  double doing_since_s_ = 0;
  std::string engine_says_;
  nlohmann::json engine_args_;            // of the next load
  std::vector<LoweredArgument> lowered_;  // in them, against the setup's
  ReadingMeter reading_;
  std::int64_t next_id_ = 1;
  int restarts_ = 0;
  // How what may have caused a crash is asked before anything else. Most engines die of no request:
  // many are first asked once more side by side, and only when the engine dies again, or where
  // there are few, one by one.
  enum class Suspects { none, together, one_by_one };
  Suspects suspects_ = Suspects::none;
  std::int64_t canary_id_ = 0;  // of the canary in flight; 0: none
};

}  // namespace assay
