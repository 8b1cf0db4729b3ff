#include "run/variant_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace assay {
namespace {

using std::chrono::milliseconds;

constexpr double kFidelityShare = 0.05;  // of a variant's time that its tasks leave alone, at least

EngineSetup setup_of(const ResolvedRun& run, const ResolvedVariant& variant) {
  EngineSetup setup;
  setup.name = setup.loads_of = variant.spec.name;
  setup.model = variant.spec.model;
  setup.folder = variant.folder;
  setup.apply_template = run.plan.chat.apply_template;
  setup.template_args = template_args(run.plan.chat);
  setup.engine_args = merged_engine_args(run.plan, variant.spec);
  return setup;
}

}  // namespace

VariantRun::VariantRun(const ResolvedRun& run, const ResolvedVariant& variant,
                       const RunOptions& options, RunServices& services,
                       const EngineIdentity& identity, GraderPool& graders)
    : EngineTurn(options, services, setup_of(run, variant)),
      run_(run),
      variant_(variant),
      graders_(graders),
      work_(run, variant, identity, max_model_len_of(setup_.engine_args), services.store),
      lm_eval_(run, variant, identity, services.store, services.results_folder,
               services.lm_eval_seen),
      fidelity_(run, variant, identity, services.store),
      load_(services.store, services.clock) {
  lm_eval_.set_asked_elsewhere([this](const std::string& key) { return work_.asks(key); });
  work_.set_grading_time([this](int before_it) { return graders_.worst_case_s(before_it); });
}

Status VariantRun::prepare(const ItemSet* allowed) {
  TRY(lm_eval_.prepare());
  TRY(fidelity_.prepare());
  TRY(work_.fill(allowed));
  if (wants_second_pass() && waiting() == 0 && !lm_eval_.wanted()) TRY(begin_second_pass());
  return services_.store.flush();
}

bool VariantRun::wants_second_pass() const {
  return run_.plan.compare.noise_floor && variant_.spec.baseline && !second_pass_;
}

// The baseline answers its items once more, in another order: where the two answers differ, chance
// alone made the difference.
Status VariantRun::begin_second_pass() {
  second_pass_ = true;
  tasks_deadline_s_ = deadline_s_;
  TRY(work_.add_second_pass());
  if (engine_ && waiting() > 0) {
    services_.progress.say(variant_.spec.name + ": answers its items a second time");
  }
  return {};
}

bool VariantRun::needs_engine() const {
  return waiting() > 0 || lm_eval_.wanted() || fidelity_.wanted();
}

Status VariantRun::give_up() {
  work_.drop_waiting();
  TRY(fidelity_.drop_waiting(nullptr));
  if (!wants_second_pass()) return {};
  TRY(begin_second_pass());  // what an earlier run stored of it is still to be graded
  work_.drop_waiting();
  return {};
}

// Time is over: the tasks' items left are not run, and the run ends out of time.
void VariantRun::leave_out_the_rest() {
  out_of_time_ = out_of_time_ || (!second_pass_ && !tasks_done());
  work_.drop_waiting();
}

double VariantRun::first_items_s(const Pace& earlier, double slowdown) const {
  std::vector<double> costs_s;
  for (const RequestCost& cost : work_.first_costs()) {
    const bool by_measure = earlier.measured(cost.max_tokens);
    costs_s.push_back(by_measure ? slowdown * worst_case_s(cost, {}, earlier)
                                 : worst_case_s(cost, {}, pace_));
  }
  std::ranges::sort(costs_s);
  if (costs_s.empty()) return 0;
  return costs_s[std::min<std::size_t>(2, costs_s.size() - 1)];
}

Result<std::unique_ptr<Engine>> VariantRun::make_engine(const EngineWaits& waits) {
  return services_.start_engine(variant_, waits);
}

Status VariantRun::on_opened(const OpenedModel& opened) {
  nlohmann::json facts = {{"tokenizer_hash", opened.tokenizer_hash},
                          {"template_hash", opened.template_hash}};
  if (!opened.ignored_args.empty()) {
    facts["ignored_args"] = opened.ignored_args;
    services_.progress.say(fmt::format("{}: the chat template does not know {}: it has no effect",
                                       variant_.spec.name, join(opened.ignored_args, ", ")));
  }
  return services_.store.set_meta("opened:" + variant_.spec.name, facts.dump());
}

Status VariantRun::on_loaded() {
  return load_.begin(variant_.spec.name, loaded_, engine_->hello());
}

// The second pass and reading back have their own part of the time that is left.
void VariantRun::share_the_deadline() {
  tasks_deadline_s_ = deadline_s_;
  if (!has_deadline()) return;
  const double left_s = deadline_s_ - now_s();
  if (wants_second_pass()) tasks_deadline_s_ -= 0.5 * left_s;
  if (run_.plan.fidelity.items > 0) tasks_deadline_s_ -= kFidelityShare * left_s;
}

Result<RunEnd> VariantRun::run(double deadline_s) {
  deadline_s_ = deadline_s;
  if (const Status loaded = load_engine(); !loaded) {
    // A load that its share of the budget cut short is no fault of the engine, unless nothing at
    // all was ever measured here: then the run has nothing to show but what the engine did not do.
    const bool first =
        services_.store.response_count() == 0 && TRY(services_.store.loads()).empty();
    if (!cut_short_ || first) return std::unexpected(loaded.error());
    services_.progress.say(fmt::format("{}: the budget ended while it loaded ({})",
                                       variant_.spec.name, loaded.error().why));
    engine_.reset();
    work_.drop_waiting();
    TRY(services_.store.flush());
    return RunEnd::out_of_time;
  }
  share_the_deadline();
  TRY(loop());
  services_.progress.clear();
  if (engine_) load_.read_energy(*engine_);
  shut_down();
  TRY(load_.save());
  TRY(services_.store.flush());
  if (stopped()) return RunEnd::interrupted;
  return out_of_time_ ? RunEnd::out_of_time : RunEnd::complete;
}

bool VariantRun::tasks_done() const {
  return work_.in_flight() == 0 && lm_eval_.in_flight() == 0 && !lm_eval_.running() &&
         waiting() == 0;
}

Status VariantRun::admit() {
  TRY(render_waiting());
  if (TRY(admit_suspects())) return {};
  TRY(admit_from(work_, tasks_deadline_s_));
  if (lm_eval_.wanted() && !lm_eval_.running()) {
    TRY(lm_eval_.start_next(*engine_, next_id(), loaded_.max_model_len));
  }
  TRY(admit_from(lm_eval_, tasks_deadline_s_));
  if (!tasks_done()) return {};
  TRY(begin_reading_back());
  return admit_from(fidelity_, deadline_s_);
}

// Only now that the baseline has answered can it choose among its outputs; the other variants chose
// in prepare().
Status VariantRun::begin_reading_back() {
  if (std::exchange(reading_back_, true) || !variant_.spec.baseline) return {};
  return fidelity_.prepare();
}

Status VariantRun::end_of_time(Source& source) {
  if (&source == &work_) {
    leave_out_the_rest();
    return {};
  }
  if (&source == &lm_eval_) out_of_time_ = true;
  return source.drop_waiting(engine_.get());
}

Status VariantRun::deadline_passed() {
  work_.drop_asked();
  leave_out_the_rest();
  fidelity_.drop_asked();
  return fidelity_.drop_waiting(engine_.get());
}

Result<EngineTurn::Next> VariantRun::after_asking() {
  give_to_graders();
  TRY(collect_grades());
  if (!tasks_done() || fidelity_.in_flight() > 0 || fidelity_.wanted()) {
    return Next::wait_for_engine;
  }
  if (!wants_second_pass()) return Next::end;
  TRY(begin_second_pass());
  return Next::ask_again;
}

void VariantRun::before_answer(Response& response) {
  response.in_flight = load_.requests_beside(response);
}

void VariantRun::in_flight_changed() {
  // Reading back generates nothing: it is no part of how fast answers come.
  load_.set_in_flight(reading_back_ ? 0 : in_flight());
}

Status VariantRun::on_other(const EngineEvent& event) {
  if (const auto* needed = std::get_if<Needed>(&event)) return lm_eval_.on_need(*engine_, *needed);
  if (const auto* done = std::get_if<LmEvalDone>(&event)) return lm_eval_.on_done(*done);
  return {};
}

// The second pass is an extra: it must not end the run, nor does it load an engine once more.
Result<bool> VariantRun::go_on_after_death() {
  if (second_pass_) work_.drop_waiting();
  return !tasks_done() || lm_eval_.wanted();
}

void VariantRun::give_to_graders() {
  while (const auto next = work_.next_to_grade()) {
    const Unit& unit = work_.at(*next);
    GradeJob job{unit.id(variant_.spec.name), unit.task, &unit.item(), *next, unit.steps, {},
                 grading_deadline()};
    if (!graders_.submit(job)) return;
    work_.set_grading(*next);
  }
}

Status VariantRun::collect_grades() {
  for (Graded& graded : graders_.take_done()) {
    work_.set_scored(graded.unit);
    if (graded.score.reason == reason::kNoMathVerify) {
      ++without_library_;
      why_without_ = graded.score.detail;
    }
    TRY(services_.store.put_score({std::move(graded.id), std::move(graded.score)}));
  }
  return {};
}

Deadline VariantRun::grading_deadline() const {
  return Deadline::in(Seconds(grade_until_s_ - now_s())).or_stop(services_.stop);
}

Status VariantRun::leave_ungraded() {
  left_ungraded_ = true;
  graders_.abandon();
  Score none;
  none.reason = reason::kNotScoredBudget;
  for (AnswerId& id : work_.end_at_first_ungraded()) {
    TRY(services_.store.put_score({std::move(id), none}));
  }
  return {};
}

Status VariantRun::finish_grading() {
  TRY(collect_grades());
  const auto in_time = [this] { return !stopped() && now_s() < grade_until_s_; };
  while (in_time() && (work_.next_to_grade() || graders_.pending() > 0)) {
    give_to_graders();
    graders_.wait_done(grading_deadline().left());
    TRY(collect_grades());
    if (graders_.pending() > 0 && services_.progress.due()) report_progress();
    TRY(services_.store.flush_if_due());
  }
  if (!stopped() && work_.being_graded() > 0) TRY(leave_ungraded());
  services_.progress.clear();
  say_what_is_ungraded();
  return services_.store.flush();
}

void VariantRun::say_what_is_ungraded() {
  if (const int left = work_.ungraded(); left > 0) {
    services_.progress.say(fmt::format(
        "{}: {} answers are not graded yet: the next run on this folder or `assay score` does it",
        variant_.spec.name, left));
  }
  if (const int without = std::exchange(without_library_, 0); without > 0) {
    services_.progress.say(fmt::format("{}: {} answers are unscored ({}): {}", variant_.spec.name,
                                       without, reason::kNoMathVerify, why_without_));
  }
}

Status VariantRun::housekeeping() {
  if (now_s() - last_tick_s_ >= 1) {
    last_tick_s_ = now_s();
    if (services_.tick) TRY(services_.tick());
    TRY(load_.save());
  }
  if (services_.progress.due()) report_progress();
  return services_.store.flush_if_due();
}

void VariantRun::report_progress() {
  ProgressState state;
  state.variant = variant_.spec.name;
  for (const Unit& unit : work_.units()) {
    if (unit.state == Unit::State::not_run) continue;
    ++state.items_total;
    const bool open = unit.state == Unit::State::waiting || unit.state == Unit::State::asked;
    if (!open) ++state.items_done;
  }
  state.items_total += lm_eval_.documents();
  state.items_done += lm_eval_.documents() - lm_eval_.documents_open();
  state.in_flight = in_flight();
  state.being_graded = work_.being_graded();
  if (engine_) state.generated_tokens = load_.generated_tokens();  // no pace without an engine
  state.elapsed_s = load_.since_ready_s();
  if (has_deadline()) state.budget_left_s = deadline_s_ - now_s();
  services_.progress.update(state);
}

}  // namespace assay
