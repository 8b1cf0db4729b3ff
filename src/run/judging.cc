#include "run/judging.h"

#include <fmt/format.h>

#include <set>
#include <utility>
#include <vector>

#include "run/engine_turn.h"
#include "run/identity.h"
#include "run/judge_source.h"
#include "run/unit.h"
#include "values/event_kinds.h"

namespace assay {
namespace {

using StartJudge = std::function<Result<JudgeEngine>(const EngineWaits&)>;

// The judge's turn at the engine: the same loop as a variant's, fed with the questions alone.
class JudgeTurn final : private EngineTurn {
 public:
  JudgeTurn(EngineSetup setup, JudgeEngine started, StartJudge start, JudgeSource& questions,
            const RunOptions& options, RunServices& services)
      : EngineTurn(options, services, std::move(setup)),
        start_(std::move(start)),
        started_(std::move(started.engine)),
        questions_(questions) {}

  // Until every question is answered, or deadline_s (on services.clock; infinity: none).
  Status run(double deadline_s) {
    deadline_s_ = deadline_s;
    questions_asked_ = questions_.waiting();
    TRY(load_engine());
    const Status done = loop();
    services_.progress.clear();
    shut_down();
    TRY(services_.store.flush());
    return done;
  }

 private:
  Result<std::unique_ptr<Engine>> make_engine(const EngineWaits& waits) override {
    if (started_) return std::exchange(started_, nullptr);
    return std::move(TRY(start_(waits)).engine);
  }
  std::vector<Source*> sources() override { return {&questions_}; }
  Status admit() override {
    if (TRY(admit_suspects())) return {};
    return admit_from(questions_, {.deadline_s = deadline_s_});
  }
  Result<Next> after_asking() override {
    const bool all_done = questions_.waiting() == 0 && questions_.in_flight() == 0;
    return all_done ? Next::end : Next::wait_for_engine;
  }
  Status end_of_time(Source& source) override { return source.drop_waiting(engine_.get()); }
  Status deadline_passed() override {
    questions_.drop_asked();
    return questions_.drop_waiting(engine_.get());
  }
  Status housekeeping() override {
    if (services_.tick) TRY(services_.tick());
    show_progress();
    return services_.store.flush_if_due();
  }
  ProgressState progress_state() override {
    ProgressState state;
    state.variant = setup_.name;
    state.items_total = questions_asked_;
    state.items_done = questions_.judged();
    state.in_flight = in_flight();
    if (state.items_done > 0) {
      state.left_s =
          (now_s() - ready_at_s_) / state.items_done * (state.items_total - state.items_done);
    }
    if (has_deadline()) state.share_left_s = deadline_s_ - now_s();
    return state;
  }
  Status on_loaded() override {
    ready_at_s_ = now_s();
    questions_.set_max_model_len(loaded_.max_model_len);
    return services_.store.add_event(services_.clock.wall().count(), kJudgeLoaded,
                                     to_json(loaded_));
  }
  Result<bool> go_on_after_death() override { return questions_.waiting() > 0; }
  Status on_other(const EngineEvent& event) override {
    if (const auto* said = std::get_if<Progressed>(&event)) {
      services_.progress.say(bilingual("{}: {}", "{}：{}", setup_.name, said->text));
    }
    return {};
  }

  StartJudge start_;
  std::unique_ptr<Engine> started_;
  JudgeSource& questions_;
  int questions_asked_ = 0;
  double ready_at_s_ = 0;
};

// One task's free answers, of all variants.
class TaskJudging {
 public:
  TaskJudging(const ResolvedRun& run, const ResolvedTask& task, const JudgeSpec& spec,
              const RunOptions& options, RunServices& services, double deadline_s)
      : run_(run),
        task_(task),
        spec_(spec),
        options_(options),
        services_(services),
        deadline_s_(deadline_s) {}

  Status judge() {
    TRY(collect());
    if (!questions_.empty() && services_.clock.now().count() >= deadline_s_) {
      TRY(go_without({ErrorKind::environment, "the budget ended", "no time is left for it", ""}));
    } else if (!questions_.empty()) {
      if (const Status asked = ask(); !asked) TRY(go_without(asked.error()));
    }
    const auto oracle = services_.make_oracle ? services_.make_oracle() : nullptr;
    for (std::size_t i = 0; i < judged_.size() && !interrupted(); ++i) {
      GradeJob& job = judged_[i];
      job.judgement = TRY(stored_judgement(services_.store, job.id));
      Score score = grade_now(run_, job, services_.run_program, oracle.get());
      if (score.reason == reason::kInterrupted) break;
      TRY(services_.store.put_score({job.id, std::move(score)}));
      services_.progress.update(grading_state(static_cast<int>(judged_.size() - i - 1)));
    }
    services_.progress.clear();
    return services_.store.flush();
  }

 private:
  // The answers without a judge's verdict: the judge was never asked about them, or it answered
  // just before an earlier run ended.
  Status collect() {
    std::set<AnswerId> unscored;
    for (const StoredScore& s : TRY(services_.store.scores())) {
      if (s.score.reason == reason::kNoJudge) unscored.insert(s.id);
    }
    const int repeats = task_.spec.repeats;
    for (int pass = 0; std::cmp_less(pass, task_.passes()); ++pass) {
      for (std::size_t i = 0; i < task_.items.size(); ++i) {
        for (int repeat = 0; repeat < repeats; ++repeat) {
          TRY(collect(i, pass * repeats + repeat, unscored));
        }
      }
    }
    return {};
  }

  // All variants' answers to it, so that where time ends the judging none lacks what others have.
  Status collect(std::size_t i, int repeat, const std::set<AnswerId>& unscored) {
    for (const auto& [variant, purpose] : passes_of(run_)) {
      if (purpose == Purpose::second_pass && !run_.plan.compare.noise_floor) continue;
      const AnswerId id{variant, task_.spec.name, task_.items.id(i), repeat, purpose};
      if (unscored.contains(id)) TRY(add({id, &task_, task_.items[i], 0, {}, {}}));
    }
    return {};
  }

  Status add(GradeJob job) {
    auto steps = TRY(answered_steps(run_, services_.store, job.id, task_, job.item));
    if (!steps) return {};
    job.steps = *std::move(steps);
    auto request = TRY(task_.task->judge_request(job.item, job.steps, run_.context(task_)));
    if (!request) return {};
    if (!TRY(stored_judgement(services_.store, job.id))) {
      questions_.emplace_back(std::move(job), *std::move(request));
    } else {
      judged_.push_back(std::move(job));
    }
    return {};
  }

  [[nodiscard]] bool interrupted() const { return services_.stop != nullptr && *services_.stop; }

  // What the progress line shows while answers are scored by their judgements.
  [[nodiscard]] ProgressState grading_state(int being_graded) const {
    ProgressState state;
    state.variant = task_.spec.name + ", judge";
    state.items_total = state.items_done = static_cast<int>(judged_.size());
    state.being_graded = being_graded;
    return state;
  }

  // The lack of a judge ends no run: the answers stay unscored, and the report is made.
  Status go_without(const Error& error) {
    if (error.kind == ErrorKind::interrupted) return std::unexpected(error);
    services_.progress.say(bilingual("{}: no judge: {} ({})", "{}：没有裁判模型：{}（{}）",
                                     task_.spec.name, error.what, error.why));
    return services_.store.add_event(services_.clock.wall().count(), "no judge",
                                     {{"what", error.what}, {"why", error.why}});
  }

  Status ask() {
    services_.progress.say(bilingual("{}: {} answers for the judge", "{}：{} 个回答交给裁判模型",
                                     task_.spec.name, questions_.size()));
    const Deadline until = Deadline::in(Seconds(deadline_s_ - services_.clock.now().count()));
    JudgeEngine judge = TRY(start({until.or_stop(services_.stop), services_.tick}));
    JudgeSource source(run_, judge.variant, judge.identity, services_.store);
    for (auto& [job, request] : questions_) source.add(std::move(job), std::move(request));
    EngineSetup setup = setup_of(judge);
    JudgeTurn turn(
        std::move(setup), std::move(judge),
        [this](const EngineWaits& waits) { return start(waits); }, source, options_, services_);
    const Status done = turn.run(deadline_s_);
    for (GradeJob& job : source.take_judged()) judged_.push_back(std::move(job));
    return done;
  }

  [[nodiscard]] EngineSetup setup_of(const JudgeEngine& judge) const {
    EngineSetup setup;
    setup.name = "the judge";
    if (spec_.baseline) setup.loads_of = judge.variant.spec.name;
    setup.model = judge.variant.spec.model;
    setup.folder = judge.variant.folder;
    setup.apply_template = !spec_.baseline || run_.plan.chat.apply_template;
    if (spec_.baseline) setup.template_args = template_args(run_.plan.chat);
    setup.engine_args = judge.load_args;
    return setup;
  }

  Result<JudgeEngine> start(const EngineWaits& waits) {
    if (!spec_.baseline) return services_.start_judge(spec_, waits);
    JudgeEngine judge;
    judge.variant = run_.baseline();
    judge.engine = TRY(services_.start_engine(judge.variant, waits));
    judge.load_args = merged_engine_args(run_.plan, judge.variant.spec);
    judge.identity = current_identity(run_, judge.variant, services_.identity);
    return judge;
  }

  const ResolvedRun& run_;
  const ResolvedTask& task_;
  const JudgeSpec& spec_;
  const RunOptions& options_;
  RunServices& services_;
  const double deadline_s_;
  std::vector<std::pair<GradeJob, Request>> questions_;
  std::vector<GradeJob> judged_;  // to be scored with their judgement
};

Result<std::optional<JudgeSpec>> judge_of(const ResolvedRun& run, const ResolvedTask& task) {
  const bool can = task.available && task.spec.harness == Harness::native && task.task != nullptr &&
                   task.task->judge != nullptr;
  if (!can) return std::nullopt;
  return task.task->judge(run.context(task));
}

}  // namespace

Result<bool> wants_judge(const ResolvedRun& run) {
  for (const ResolvedTask& task : run.tasks) {
    if (TRY(judge_of(run, task))) return true;
  }
  return false;
}

Result<bool> baseline_judges(const ResolvedRun& run) {
  for (const ResolvedTask& task : run.tasks) {
    const auto judge = TRY(judge_of(run, task));
    if (judge && judge->baseline) return true;
  }
  return false;
}

Status judge_answers(const ResolvedRun& run, const RunOptions& options, RunServices& services,
                     double deadline_s) {
  for (const ResolvedTask& task : run.tasks) {
    const auto spec = TRY(judge_of(run, task));
    if (!spec) continue;
    TaskJudging judging(run, task, *spec, options, services, deadline_s);
    TRY(judging.judge());
  }
  return {};
}

Result<std::optional<Response>> stored_judgement(const Store& store, const AnswerId& answer) {
  const auto steps = TRY(store.steps(judgement_of(answer)));
  if (steps.empty()) return std::nullopt;
  return store.response(steps.front().response_key);
}

}  // namespace assay
