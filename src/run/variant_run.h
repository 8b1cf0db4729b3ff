// One variant's turn: replay what is stored, load the engine once, feed it, store what comes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "run/candidate_looks.h"
#include "run/engine_turn.h"
#include "run/fidelity_source.h"
#include "run/lm_eval_source.h"
#include "run/load_canary.h"
#include "run/load_record.h"
#include "run/progress.h"
#include "run/turn_share.h"
#include "run/variant_grading.h"
#include "run/work_list.h"

namespace assay {

class VariantRun final : private EngineTurn {
 public:
  VariantRun(const ResolvedRun& run, const ResolvedVariant& variant, const RunOptions& options,
             RunServices& services, const EngineIdentity& identity, Graders& graders);

  // `until: decided`: its looks. Once they decide, what lies beyond the limits is left out. Before
  // prepare(); nullptr: none are taken.
  void go_by(CandidateLooks* looks) { looks_ = looks; }
  // Whose turn is next: made ready once this one's engine has loaded.
  void followed_by(const ResolvedVariant& next) { next_ = &next; }
  // Replays the store; afterwards needs_engine() is known. A baseline that is to answer twice goes
  // on to its second pass when the first is done. `allowed`: the items this variant may
  // run (the baseline's prefix); nullptr: all. Usage errors: a prompt cannot fit.
  [[nodiscard]] Status prepare(const ItemSet* allowed);
  [[nodiscard]] bool needs_engine() const;
  // Units that wait for an engine.
  [[nodiscard]] int waiting() const { return work_.waiting(); }
  // Renders first prompts (no weights needed), loads the engine and runs until nothing is left or
  // its share of what the accounts hold is spent.
  [[nodiscard]] Result<RunEnd> run(const Accounts& accounts, const TurnsLeft& turns);
  // No engine for this variant: what has no answer yet is not run.
  [[nodiscard]] Status give_up();
  // The same after run() has failed.
  [[nodiscard]] Status give_up_engine();
  // Answers are graded no longer than until then, on services.clock; else without end.
  void grade_until(double at_s) { grading_.set_end(at_s); }
  // When the grading of what is answered may be left, on services.clock: at the end of its share,
  // or once what is open should be graded by measured times.
  [[nodiscard]] double fair_grading_end_s() const;
  // Grades what is answered, until all is, that time or a signal comes (run/variant_grading.h says
  // what becomes of the rest).
  [[nodiscard]] Status finish_grading();
  // Whether it had its whole share of the time, and not a part of it to tell its pace.
  [[nodiscard]] bool had_its_share() const { return share_.turns().part >= 1; }
  // Whether time ended the grading.
  [[nodiscard]] bool left_ungraded() const { return grading_.left_ungraded(); }
  [[nodiscard]] ItemSet finished_items() const { return work_.finished_items(); }
  // Longest of the first items of three tasks, by the guess made before anything was measured.
  [[nodiscard]] double first_items_s() const;
  // The least time in which an item fits: by the pace that an earlier variant was seen to have, or
  // by the guess where that tells nothing.
  [[nodiscard]] double least_work_s(const Pace& earlier) const;
  [[nodiscard]] int lm_eval_documents() const { return lm_eval_.documents(); }
  using EngineTurn::pace;

 private:
  Result<std::unique_ptr<Engine>> make_engine(const EngineWaits& waits) override;
  std::vector<Source*> sources() override { return {&work_, &lm_eval_, &fidelity_, &canary_}; }
  Status admit() override;
  Result<Next> after_asking() override;
  Status end_of_time(Source& source) override;
  Status deadline_passed() override;
  Status housekeeping() override;
  Status on_opened(const OpenedModel& opened) override;
  Status on_loaded() override;
  [[nodiscard]] Status check_kernels() const;
  [[nodiscard]] Status begin_canary();
  [[nodiscard]] Result<bool> awaits_canary();
  [[nodiscard]] std::int64_t tokens_so_far() const;
  [[nodiscard]] WorkLeft work_left() const;
  void before_answer(Response& response) override;
  void after_answer(const Response& response) override { load_.count(response); }
  Status on_other(const EngineEvent& event) override;
  void in_flight_changed() override;
  Result<bool> go_on_after_death() override;
  std::int64_t load_id() const override { return load_.id(); }

  [[nodiscard]] bool wants_second_pass() const;
  Status begin_second_pass();
  void leave_out_the_rest();
  [[nodiscard]] bool tasks_done() const;
  Status begin_work(const Accounts& accounts, const TurnsLeft& turns);
  [[nodiscard]] double share_end_s() const;
  void take_all_if_better();
  [[nodiscard]] AskUntil tasks_until();
  Status begin_reading_back();
  Status collect_grades();
  ProgressState progress_state() override;
  Status look();
  [[nodiscard]] Doing doing() const;

  const ResolvedRun& run_;
  const ResolvedVariant& variant_;
  WorkList work_;
  VariantGrading grading_;
  LmEvalSource lm_eval_;
  FidelitySource fidelity_;
  LoadCanary canary_;
  LoadRecord load_;
  CandidateLooks* looks_ = nullptr;
  // An answer at the front is the judge's to score, who comes after all turns: whoever looked again
  // in this one would read every score for nothing.
  bool looks_wait_for_judge_ = false;
  const ResolvedVariant* next_ = nullptr;
  bool judge_to_come_ = false;
  bool out_of_time_ = false;
  TurnShare share_;
  int open_at_ready_ = 0;  // units that waited when its work began
  double read_back_by_s_ = 0;
  bool reading_back_ = false;  // the tasks are done
  double reading_back_since_s_ = 0;
  bool second_pass_ = false;  // begun: an extra that no end of time or engine counts against
  double last_tick_s_ = 0;
  RecentRate rate_;
  std::int64_t canary_answers_ = 0;  // of this load, and their tokens: no part of the tasks
  std::int64_t canary_tokens_ = 0;
};

}  // namespace assay
