// One variant's turn: replay what is stored, load the engine once, feed it, store what comes.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>

#include "run/budget.h"
#include "run/fidelity_source.h"
#include "run/lm_eval_source.h"
#include "run/load_record.h"
#include "run/runner.h"
#include "run/work_list.h"

namespace assay {

class VariantRun {
 public:
  VariantRun(const ResolvedRun& run, const ResolvedVariant& variant, const RunOptions& options,
             RunServices& services, const EngineIdentity& identity, GraderPool& graders);
  VariantRun(const VariantRun&) = delete;
  VariantRun& operator=(const VariantRun&) = delete;
  ~VariantRun();

  // Replays the store; afterwards needs_engine() is known. A baseline that is to answer twice goes
  // on to its second pass when the first is done. `allowed`: the items this variant may
  // run (the baseline's prefix); nullptr: all. Usage errors: a prompt cannot fit.
  [[nodiscard]] Status prepare(const ItemSet* allowed);
  [[nodiscard]] bool needs_engine() const;
  // Units that wait for an engine.
  [[nodiscard]] int waiting() const { return work_.waiting(); }
  // Renders first prompts (no weights needed), loads the engine and runs until nothing is left or
  // deadline_s (on services.clock; infinity: none).
  [[nodiscard]] Result<RunEnd> run(double deadline_s);
  // No engine for this variant: what has no answer yet is not run.
  [[nodiscard]] Status give_up();
  // Grades what is answered, until all is.
  [[nodiscard]] Status finish_grading();
  [[nodiscard]] ItemSet finished_items() const { return work_.finished_items(); }
  // Longest of the first items of three tasks: by the guess made before anything was measured, or
  // at `slowdown` times the pace that an earlier variant was seen to have.
  [[nodiscard]] double first_items_s(const Pace& earlier, double slowdown) const;
  [[nodiscard]] int lm_eval_documents() const { return lm_eval_.documents(); }
  [[nodiscard]] const Pace& pace() const { return pace_; }

 private:
  [[nodiscard]] bool wants_second_pass() const;
  Status begin_second_pass();
  void leave_out_the_rest();
  Status start_engine();
  Status load_engine();
  Status render_waiting();
  Result<RunEnd> loop();
  [[nodiscard]] bool has_deadline() const { return std::isfinite(deadline_s_); }
  // Until when: the tasks' admission ends before the deadline, reading back may use all of it.
  [[nodiscard]] bool fits(double cost_s, double deadline_s) const;
  [[nodiscard]] bool tasks_done() const;
  Status admit();
  [[nodiscard]] std::optional<std::size_t> next_waiting(const std::set<const ResolvedTask*>& held);
  Status admit_items();
  Status admit_lm_eval();
  Status admit_fidelity();
  Status admit_suspect();
  [[nodiscard]] double worst_case_s(const Unit& unit, const Pace& pace) const;
  Status submit(std::size_t unit);
  Status handle(const EngineEvent& event);
  Status after_failed_call(const Error& error);
  Status on_answer(Answered answered);
  void note_in_flight();
  Status on_death(const Died& died);
  Status note_crash(std::size_t unit, bool alone, const std::string& why);
  void give_to_graders();
  Status collect_grades();
  Status housekeeping();
  void report_progress();
  [[nodiscard]] bool stopped() const { return services_.stop != nullptr && *services_.stop; }
  [[nodiscard]] int in_flight() const;
  [[nodiscard]] int prompt_tokens_in_flight() const;
  [[nodiscard]] int room() const;

  const ResolvedRun& run_;
  const ResolvedVariant& variant_;
  const RunOptions& options_;
  RunServices& services_;
  GraderPool& graders_;
  nlohmann::json engine_args_;
  WorkList work_;
  LmEvalSource lm_eval_;
  FidelitySource fidelity_;
  std::set<const ResolvedTask*> begun_;  // an item of it was admitted
  std::int64_t next_id_ = 1;

  std::unique_ptr<Engine> engine_;
  LoadFacts loaded_;
  LoadRecord load_;
  Pace pace_;
  int restarts_ = 0;
  bool one_at_a_time_ = false;  // after a crash: find the request that causes it
  double deadline_s_ = std::numeric_limits<double>::infinity();  // on services_.clock
  bool out_of_time_ = false;
  double tasks_deadline_s_ = std::numeric_limits<double>::infinity();
  bool reading_back_ = false;  // the tasks are done
  bool second_pass_ = false;   // begun: an extra that no end of time or engine counts against
  double last_tick_s_ = 0;
};

// The plan's engine arguments with the variant's own over them.
[[nodiscard]] nlohmann::json merged_engine_args(const Plan& plan, const VariantSpec& variant);

}  // namespace assay
