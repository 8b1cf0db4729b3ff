#include "run/variant_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace assay {
namespace {

using std::chrono::milliseconds;

constexpr double kGradingWorstCaseS = 12;  // a program that runs into its time limit, twice
constexpr double kAdmissionSafety = 1.15;
constexpr double kFidelityShare = 0.05;  // of a variant's time that its tasks leave alone, at least
constexpr double kLogprobsCost = 2;      // of reading a token with its log-probabilities

}  // namespace

VariantRun::VariantRun(const ResolvedRun& run, const ResolvedVariant& variant,
                       const RunOptions& options, RunServices& services,
                       const EngineIdentity& identity, GraderPool& graders)
    : run_(run),
      variant_(variant),
      options_(options),
      services_(services),
      graders_(graders),
      engine_args_(merged_engine_args(run.plan, variant.spec)),
      work_(run, variant, identity, max_model_len_of(engine_args_), services.store),
      lm_eval_(run, variant, identity, services.store, services.results_folder,
               services.lm_eval_seen),
      fidelity_(run, variant, identity, services.store),
      load_(services.store, services.clock),
      pace_(services.guess) {}

VariantRun::~VariantRun() {
  if (engine_) engine_->shutdown(std::chrono::seconds(5));
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

// The baseline's items once more, in another order: what is only chance shows as a difference.
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
  fidelity_.drop();
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

double VariantRun::worst_case_s(const Unit& unit, const Pace& pace) const {
  const Task& task = *unit.task->task;
  const int steps = std::max(1, (task.steps_of != nullptr ? task.steps_of(unit.item()) : 1) -
                                    static_cast<int>(unit.steps.size()));
  const double answer_s =
      pace.worst_case_s(tokens_to_read(unit.prompt), unit.request.sampling.max_tokens, steps,
                        in_flight() + 1, prompt_tokens_in_flight());
  return answer_s + (task.kind == TaskKind::code ? kGradingWorstCaseS : 0);
}

double VariantRun::first_items_s(const Pace& earlier, double slowdown) const {
  std::set<const ResolvedTask*> seen;
  std::vector<double> costs;
  for (const Unit& unit : work_.units()) {
    if (unit.state == Unit::State::waiting && seen.insert(unit.task).second) {
      costs.push_back(worst_case_s(unit, earlier));
    }
  }
  std::sort(costs.begin(), costs.end());
  if (costs.empty()) return 0;
  return costs[std::min<std::size_t>(2, costs.size() - 1)] * (earlier.measured() ? slowdown : 1);
}

Status VariantRun::start_engine() {
  if (engine_) return {};
  engine_ = TRY(services_.start_engine(variant_));
  const OpenedModel opened = TRY(
      engine_->open(variant_.folder, run_.plan.chat.apply_template, template_args(run_.plan.chat)));
  nlohmann::json facts = {{"tokenizer_hash", opened.tokenizer_hash},
                          {"template_hash", opened.template_hash}};
  return services_.store.set_meta("opened:" + variant_.spec.name, facts.dump());
}

Status VariantRun::render_waiting() {
  while (true) {
    const std::vector<Request> requests = work_.to_render();
    if (requests.empty()) return {};
    TRY(work_.set_prompts(TRY(engine_->render(requests))));
  }
}

Status VariantRun::load_engine() {
  TRY(start_engine());
  TRY(render_waiting());
  TRY(services_.store.flush());
  services_.progress.say(fmt::format("{}: loading {}", variant_.spec.name, variant_.spec.model));
  auto timeout = options_.load_timeout;
  if (has_deadline()) {
    const double left_s = std::max(1.0, deadline_s_ - services_.clock.now().count());
    timeout = std::min(timeout, std::chrono::seconds(static_cast<long>(std::ceil(left_s))));
  }
  loaded_ = TRY(engine_->load(engine_args_, timeout));
  TRY(load_.begin(variant_.spec.name, loaded_, engine_->hello()));
  services_.progress.say(
      fmt::format("{}: ready after {}", variant_.spec.name, human_duration(loaded_.load_s)));
  return services_.store.flush();
}

Result<RunEnd> VariantRun::run(double deadline_s) {
  deadline_s_ = deadline_s;
  if (const Status loaded = load_engine(); !loaded) {
    // A load that its share of the budget cut short is no fault of the engine.
    if (services_.clock.now().count() < deadline_s_) return std::unexpected(loaded.error());
    services_.progress.say(variant_.spec.name + ": the budget ended while it loaded");
    engine_.reset();
    work_.drop_waiting();
    TRY(services_.store.flush());
    return RunEnd::out_of_time;
  }
  tasks_deadline_s_ = deadline_s_;
  if (has_deadline()) {
    const double left_s = deadline_s_ - services_.clock.now().count();
    if (wants_second_pass()) tasks_deadline_s_ -= 0.5 * left_s;
    if (run_.plan.fidelity.items > 0) tasks_deadline_s_ -= kFidelityShare * left_s;
  }
  const RunEnd end = TRY(loop());
  if (engine_) {
    load_.note_energy(*engine_);
    engine_->shutdown(std::chrono::seconds(5));
  }
  engine_.reset();
  TRY(load_.save());
  TRY(finish_grading());
  TRY(services_.store.flush());
  return end;
}

int VariantRun::in_flight() const {
  return work_.in_flight() + lm_eval_.in_flight() + fidelity_.in_flight();
}

int VariantRun::prompt_tokens_in_flight() const {
  return work_.prompt_tokens_in_flight() + lm_eval_.prompt_tokens_in_flight() +
         fidelity_.prompt_tokens_in_flight();
}

int VariantRun::room() const {
  int limit = engine_->hello().max_in_flight;
  if (loaded_.max_num_seqs > 0) limit = std::min(limit, loaded_.max_num_seqs);
  return std::max(1, limit) - in_flight();
}

Status VariantRun::submit(std::size_t unit) {
  const Unit& sent = work_.at(unit);
  const std::int64_t id = next_id_++;
  TRY(engine_->submit(id, sent.request.kind, sent.prompt, sent.request.sampling));
  work_.set_asked(unit, id);
  begun_.insert(sent.task);
  return {};
}

// After a crash the requests that were in flight are asked one by one, so that the guilty one is
// known for certain when the engine dies again.
Status VariantRun::admit_suspect() {
  if (work_.in_flight() > 0) return {};
  if (const auto suspect = work_.next_suspect()) return submit(*suspect);
  one_at_a_time_ = false;
  return {};
}

bool VariantRun::fits(double cost_s, double deadline_s) const {
  return services_.clock.now().count() + kAdmissionSafety * cost_s <= deadline_s;
}

bool VariantRun::tasks_done() const {
  return work_.in_flight() == 0 && lm_eval_.in_flight() == 0 && !lm_eval_.running() &&
         waiting() == 0;
}

Status VariantRun::admit() {
  TRY(render_waiting());
  if (one_at_a_time_) TRY(admit_suspect());
  if (one_at_a_time_) return {};
  while (room() > 0) {
    const auto next = work_.next_begun();
    if (!next) break;
    TRY(submit(*next));
  }
  TRY(admit_items());
  TRY(admit_lm_eval());
  return admit_fidelity();
}

// The next unit to admit, tasks in `held` aside. Under a deadline the first item of every task
// comes first, the cheapest before the others, and until their answers tell the pace nothing else.
std::optional<std::size_t> VariantRun::next_waiting(const std::set<const ResolvedTask*>& held) {
  std::optional<std::size_t> next;
  std::optional<std::size_t> first_of_task;
  for (const auto& [unit, task] : work_.fronts()) {
    if (held.contains(task)) continue;
    if (!next) next = unit;
    if (!has_deadline() || begun_.contains(task)) continue;
    const bool cheaper = !first_of_task || worst_case_s(work_.at(unit), pace_) <
                                               worst_case_s(work_.at(*first_of_task), pace_);
    if (cheaper) first_of_task = unit;
  }
  if (first_of_task || (has_deadline() && !pace_.measured())) return first_of_task;
  return next;
}

Status VariantRun::admit_items() {
  std::map<double, std::size_t> held;  // by worst case: does not fit beside what runs now
  std::set<const ResolvedTask*> held_tasks;
  while (room() > 0) {
    const auto next = next_waiting(held_tasks);
    if (!next) break;
    const Unit& unit = work_.at(*next);
    const double cost_s = worst_case_s(unit, pace_);
    if (!fits(cost_s, tasks_deadline_s_)) {
      held.emplace(cost_s, *next);
      held_tasks.insert(unit.task);
      continue;
    }
    TRY(submit(*next));
  }
  if (held.empty() || in_flight() > 0) return {};
  // With nothing beside it an item is as fast as it gets. What does not fit by measured pace never
  // will; a guess is no reason to leave items out, so the cheapest is asked to measure.
  if (!pace_.measured()) return submit(held.begin()->second);
  leave_out_the_rest();
  return {};
}

Status VariantRun::admit_lm_eval() {
  if (lm_eval_.wanted() && !lm_eval_.running()) {
    TRY(lm_eval_.start_next(*engine_, next_id_++, loaded_.max_model_len));
  }
  const auto fits_in = [this](const Needed& needed) {
    const double cost_s =
        pace_.worst_case_s(tokens_to_read(needed.rendered), needed.sampling.max_tokens, 1,
                           in_flight() + 1, prompt_tokens_in_flight());
    return fits(cost_s, tasks_deadline_s_) || (in_flight() == 0 && !pace_.measured());
  };
  const bool all_sent =
      TRY(lm_eval_.submit_while(*engine_, next_id_, room(), fits_in,
                                [this](const std::string& key) { return work_.asks(key); }));
  if (!all_sent && in_flight() == 0) {
    out_of_time_ = true;
    TRY(lm_eval_.stop_asking(*engine_));
  }
  return {};
}

// The baseline's own outputs are complete only now; the others chose among them before they loaded.
Status VariantRun::admit_fidelity() {
  if (!tasks_done()) return {};
  if (!reading_back_) {
    reading_back_ = true;
    if (variant_.spec.baseline) TRY(fidelity_.prepare());
  }
  const bool all_fit = TRY(fidelity_.submit_while(*engine_, next_id_, room(), [this](int tokens) {
    const double cost_s =
        pace_.worst_case_s(tokens, 0, 1, in_flight() + 1, prompt_tokens_in_flight());
    return fits(kLogprobsCost * cost_s, deadline_s_);
  }));
  if (!all_fit && in_flight() == 0) fidelity_.drop();  // it will not be asked for any more
  return {};
}

// The engine died while it was asked: of this unit, for certain, when it was `alone`.
Status VariantRun::note_crash(std::size_t unit, bool alone, const std::string& why) {
  const std::string& key = work_.at(unit).response_key;
  TRY(services_.store.add_crash(key));
  const int crashes = TRY(services_.store.crashes(key));
  work_.set_crashes(unit, crashes);
  if (crashes < 2 || !alone) return {};
  Response failed;
  failed.finish_reason = FinishReason::error;
  failed.error = "the engine died twice on this request: " + why;
  return work_.set_response(unit, failed, load_.id());
}

// An engine that dies between two events first shows as a call that fails.
Status VariantRun::after_failed_call(const Error& error) {
  while (auto event = engine_->wait(milliseconds(0))) {
    const bool died = std::holds_alternative<Died>(*event);
    TRY(handle(*event));
    if (died) return {};
  }
  return std::unexpected(error);
}

Status VariantRun::on_answer(Answered answered) {
  Response& response = answered.response;
  response.in_flight = load_.requests_beside(response);
  const int running = in_flight();
  if (const auto unit = work_.take_asked(answered.id)) {
    pace_.note(response, running);
    TRY(work_.set_response(*unit, response, load_.id()));
  } else {
    if (TRY(fidelity_.on_answer(answered, load_.id()))) return {};
    if (!TRY(lm_eval_.on_answer(*engine_, answered, load_.id()))) return {};  // cancelled: too late
    pace_.note(response, running);
  }
  load_.count(response);
  return {};
}

Status VariantRun::on_death(const Died& died) {
  if (died.final) {
    TRY(services_.store.add_event(services_.clock.wall().count(), "engine lost",
                                  {{"variant", variant_.spec.name}, {"why", died.error.why}}));
    TRY(services_.store.flush());
    return std::unexpected(died.error);
  }
  services_.progress.say(
      fmt::format("{}: the engine died ({})", variant_.spec.name, died.error.why));
  const std::vector<std::size_t> asked = work_.take_back_asked();
  const bool alone = asked.size() == 1 && lm_eval_.in_flight() == 0;
  for (const std::size_t unit : asked) TRY(note_crash(unit, alone, died.error.why));
  lm_eval_.forget_engine();
  fidelity_.drop();  // reading back and the second pass are extras: they must not end the run
  if (second_pass_) work_.drop_waiting();
  TRY(services_.store.add_event(services_.clock.wall().count(), "engine died",
                                {{"variant", variant_.spec.name}, {"why", died.error.why}}));
  TRY(services_.store.flush());
  engine_.reset();
  if (tasks_done() && !lm_eval_.wanted()) return {};
  if (++restarts_ > options_.max_engine_restarts) {
    return environment_error(
        fmt::format("the engine of {} died {} times", variant_.spec.name, restarts_),
        died.error.why, "read logs/ of the run; run the same command again to go on from here");
  }
  one_at_a_time_ = true;
  return load_engine();
}

void VariantRun::note_in_flight() {
  // Reading back generates nothing: it is no part of how fast answers come.
  load_.set_in_flight(reading_back_ ? 0 : in_flight());
}

Status VariantRun::handle(const EngineEvent& event) {
  if (const auto* answered = std::get_if<Answered>(&event)) {
    TRY(on_answer(*answered));
    note_in_flight();
    return {};
  }
  if (const auto* died = std::get_if<Died>(&event)) return on_death(*died);
  if (const auto* needed = std::get_if<Needed>(&event)) return lm_eval_.on_need(*engine_, *needed);
  if (const auto* done = std::get_if<LmEvalDone>(&event)) return lm_eval_.on_done(*done);
  return {};
}

Result<RunEnd> VariantRun::loop() {
  while (!stopped() && engine_) {
    if (const Status admitted = admit(); !admitted) TRY(after_failed_call(admitted.error()));
    note_in_flight();
    give_to_graders();
    TRY(collect_grades());
    if (tasks_done() && fidelity_.in_flight() == 0 && !fidelity_.wanted()) {
      if (!wants_second_pass()) break;
      TRY(begin_second_pass());
      continue;
    }
    if (services_.clock.now().count() >= deadline_s_) {
      // Admission keeps this rare: what is still in flight is recorded as not run, never as wrong.
      work_.drop_asked();
      leave_out_the_rest();
      fidelity_.drop();
      break;
    }
    if (auto event = engine_ ? engine_->wait(milliseconds(50)) : std::nullopt) {
      TRY(handle(*event));
      // Whatever else is here already, before looking at the clock again.
      while (auto more = engine_ ? engine_->wait(milliseconds(0)) : std::nullopt) {
        TRY(handle(*more));
      }
    }
    TRY(housekeeping());
  }
  services_.progress.clear();
  if (stopped()) return RunEnd::interrupted;
  return out_of_time_ ? RunEnd::out_of_time : RunEnd::complete;
}

void VariantRun::give_to_graders() {
  while (const auto next = work_.next_to_grade()) {
    const Unit& unit = work_.at(*next);
    GradeJob job{name_of_pass(variant_.spec.name, unit.pass),
                 unit.task,
                 &unit.item(),
                 unit.repeat,
                 *next,
                 unit.steps,
                 {}};
    if (!graders_.submit(job)) return;
    work_.set_grading(*next);
  }
}

Status VariantRun::collect_grades() {
  for (Graded& graded : graders_.take_done()) {
    work_.set_scored(graded.unit);
    TRY(services_.store.put_score(
        {graded.variant, graded.task, graded.item, graded.repeat, std::move(graded.score)}));
  }
  return {};
}

Status VariantRun::finish_grading() {
  while (work_.next_to_grade() || graders_.pending() > 0) {
    give_to_graders();
    graders_.wait_done(milliseconds(200));
    TRY(collect_grades());
    TRY(services_.store.flush_if_due());
  }
  return services_.store.flush();
}

Status VariantRun::housekeeping() {
  const double now_s = services_.clock.now().count();
  if (now_s - last_tick_s_ >= 1) {
    last_tick_s_ = now_s;
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
  state.generated_tokens = load_.generated_tokens();
  state.elapsed_s = load_.since_ready_s();
  if (has_deadline()) state.budget_left_s = deadline_s_ - services_.clock.now().count();
  services_.progress.update(state);
}

}  // namespace assay
