#include "run/variant_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "run/judging.h"
#include "run/rounds.h"

namespace assay {
namespace {

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
                       const EngineIdentity& identity, Graders& graders)
    : EngineTurn(options, services, setup_of(run, variant)),
      run_(run),
      variant_(variant),
      work_(run, variant, identity, max_model_len_of(setup_.engine_args), services.store,
            services.earlier),
      grading_(variant.spec.name, work_, graders, services),
      lm_eval_(run, variant, identity, services.store, services.results_folder,
               services.lm_eval_seen),
      fidelity_(run, variant, identity, services.store),
      canary_(run, variant, identity, services.store),
      load_(services.store, services.clock) {
  lm_eval_.set_asked_elsewhere([this](const std::string& key) { return work_.asks(key); });
  work_.set_grading_time([&graders](int before_it) { return graders.worst_case_s(before_it); });
}

Status VariantRun::prepare(const ItemSet* allowed) {
  TRY(lm_eval_.prepare());
  TRY(fidelity_.prepare());
  TRY(work_.fill(allowed, Deadline().or_stop(services_.stop)));
  if (looks_ != nullptr) {
    judge_to_come_ = TRY(wants_judge(run_));
    TRY(look());
  }
  if (wants_second_pass() && waiting() == 0 && !lm_eval_.wanted()) TRY(begin_second_pass());
  return services_.store.flush();
}

// Takes the looks that are due. A decided variant has no use for what is in flight beyond its
// limits.
Status VariantRun::look() {
  if (looks_->open()) TRY(looks_->look(judge_to_come_, services_.store));
  if (looks_->decided()) work_.drop_beyond_limits(engine_.get());
  return {};
}

bool VariantRun::wants_second_pass() const {
  return run_.plan.compare.noise_floor && variant_.spec.baseline && !second_pass_;
}

// The baseline answers its items once more, in another order: where the two answers differ, chance
// alone made the difference.
Status VariantRun::begin_second_pass() {
  second_pass_ = true;
  TRY(work_.add_second_pass(Deadline().or_stop(services_.stop)));
  if (engine_ && waiting() > 0) {
    services_.progress.say(
        bilingual("{}: answers its items a second time", "{}：再答一遍各题", variant_.spec.name));
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

Status VariantRun::give_up_engine() {
  engine_.reset();
  for (Source* source : sources()) {
    source->drop_asked();
    TRY(source->drop_waiting(nullptr));
  }
  return services_.store.flush();
}

// Time is over: the tasks' items left are not run, and the run ends out of time.
void VariantRun::leave_out_the_rest() {
  out_of_time_ = out_of_time_ || (!second_pass_ && !tasks_done());
  work_.drop_waiting();
}

double VariantRun::first_items_s() const {
  std::vector<double> costs_s;
  for (const RequestCost& cost : work_.first_costs()) {
    costs_s.push_back(worst_case_s(cost, {}, pace_));
  }
  std::ranges::sort(costs_s);
  if (costs_s.empty()) return 0;
  return costs_s[std::min<std::size_t>(2, costs_s.size() - 1)];
}

double VariantRun::least_work_s(const Pace& earlier) const {
  return least_of(work_.first_costs(), earlier, pace_);
}

double VariantRun::fair_grading_end_s() const {
  const double measured_s = grading_.expected_end_s();
  return share_.begun() && has_deadline() ? std::max(share_end_s(), measured_s) : measured_s;
}

Result<std::unique_ptr<Engine>> VariantRun::make_engine(const EngineWaits& waits) {
  return services_.start_engine(variant_, waits);
}

Status VariantRun::on_opened(const OpenedModel& opened) {
  nlohmann::json facts = {{"tokenizer_hash", opened.tokenizer_hash},
                          {"template_hash", opened.template_hash}};
  if (!opened.ignored_args.empty()) {
    facts["ignored_args"] = opened.ignored_args;
    services_.progress.say(bilingual("{}: the chat template does not know {}: it has no effect",
                                     "{}：对话模板不认识 {}：它不起作用", variant_.spec.name,
                                     join(opened.ignored_args, ", ")));
  }
  TRY(services_.store.set_meta("opened:" + variant_.spec.name, facts.dump()));
  return canary_.opened(opened.tokenizer_hash);
}

Status VariantRun::on_loaded() {
  TRY(load_.begin(variant_.spec.name, loaded_, engine_->hello()));
  TRY(check_kernels());
  TRY(begin_canary());
  // Not before: it would take the disk and the cores from this load.
  if (next_ != nullptr && services_.prepare_next) services_.prepare_next(*next_);
  return {};
}

// Before anything is asked, and after the load is stored: the report can name what ran.
Status VariantRun::check_kernels() const {
  const std::optional<KernelBits>& required = variant_.spec.require;
  if (!required) return {};
  const std::string other = kernels_other_than(*required, loaded_);
  if (other.empty()) return {};
  return own_fault(make_error(
      ErrorKind::environment,
      fmt::format("variant {} requires {}, and {}", variant_.spec.name, label_of(*required), other),
      "this GPU, this vLLM or the checkpoint has no such kernel here",
      fmt::format("`assay doctor` names the kernels there are; take another GPU or vLLM, or change "
                  "the variant's `require: {}`",
                  name_of(*required))));
}

// What an equal load said before tells the pace of this one.
Status VariantRun::begin_canary() {
  TRY(canary_.begin(loaded_));
  canary_answers_ = canary_tokens_ = 0;
  rate_ = {};
  for (const Response& answer : TRY(canary_.stored_answers())) {
    pace_.learn_token_time(answer, /*in_flight=*/1);
  }
  return {};
}

// True while nothing else may be asked. Errors: what was loaded does not compute the model.
Result<bool> VariantRun::awaits_canary() {
  if (!canary_.due()) return false;
  TRY(admit_from(canary_, {.deadline_s = deadline_s_}));
  if (canary_.unanswered()) return true;
  auto ended = canary_.end(load_.id(), services_.clock.wall().count());
  if (!ended) return own_fault(std::move(ended).error());
  const auto seen = *std::move(ended);
  services_.progress.say(bilingual("{}: canary: {}", "{}：金丝雀检查：{}", variant_.spec.name,
                                   seen ? canary_sentence(*seen) : Text("no answer", "没有回答")));
  canary_answers_ = load_.answers();
  canary_tokens_ = load_.generated_tokens();
  return false;
}

Status VariantRun::begin_work(const Accounts& accounts, const TurnsLeft& turns) {
  const double load_s = TRY(expected_load_s(services_.store, services_.guess.load_s));
  share_ = TurnShare(now_s(), accounts.work_left_s(turns.loads_after() * load_s), turns,
                     work_.first_costs());
  open_at_ready_ = waiting();
  if (has_deadline()) deadline_s_ = share_end_s();
  return {};
}

double VariantRun::share_end_s() const {
  return share_.end_s(pace_, work_.in_flight());
}

// The baseline is to have only a part of its share, so that the rest can be shared by known paces.
// Its own pace may tell that this is no use; the variants after it then have their shares, too.
void VariantRun::take_all_if_better() {
  if (share_.turns().part >= 1 || !variant_.spec.baseline || !pace_.measured_tokens()) return;
  const double took_s = now_s() - share_.ready_s();
  const double part_s = share_end_s() - share_.ready_s();
  if (took_s < 0.5 * part_s) return;
  const double open = waiting() + work_.in_flight();
  const double done = 1 - open / std::max(1, open_at_ready_);
  if (too_coarse(share_.longest_item_s(pace_, work_.in_flight()), part_s / share_.turns().part) ||
      all_fit(done, took_s, share_.work_s(), share_.turns())) {
    share_.take_all();
  }
}

AskUntil VariantRun::tasks_until() {
  if (!has_deadline()) return {};
  take_all_if_better();
  const int items = work_.in_flight();
  deadline_s_ = std::max(deadline_s_, share_.latest_s(pace_, items));
  return share_.items_until(pace_, items, in_flight(),
                            {.second_pass = wants_second_pass(),
                             .reading_back = run_.plan.fidelity.items > 0 && !second_pass_});
}

Result<RunEnd> VariantRun::run(const Accounts& accounts, const TurnsLeft& turns) {
  deadline_s_ = accounts.end_s();
  if (const Status loaded = load_engine(); !loaded) {
    // A load that the budget cut short is no fault of the engine, unless nothing at all was ever
    // measured here: then the run has nothing to show but what the engine did not do.
    const bool first =
        services_.store.response_count() == 0 && TRY(services_.store.loads()).empty();
    if (!cut_short_ || first) return std::unexpected(loaded.error());
    services_.progress.say(bilingual("{}: the budget ended while it loaded ({})",
                                     "{}：加载途中预算用尽（{}）", variant_.spec.name,
                                     loaded.error().why));
    engine_.reset();
    work_.drop_waiting();
    TRY(services_.store.flush());
    return RunEnd::out_of_time;
  }
  TRY(begin_work(accounts, turns));
  TRY(loop());
  // Not after the engine has ended, which may take a while.
  if (stopped()) TRY(services_.store.flush());
  services_.progress.clear();
  if (engine_) load_.read_gpus(*engine_);
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
  if (TRY(admit_suspects()) || TRY(awaits_canary())) return {};
  const AskUntil until = tasks_until();
  TRY(admit_from(work_, until));
  if (lm_eval_.wanted() && !lm_eval_.running()) {
    TRY(lm_eval_.start_next(*engine_, next_id(), loaded_.max_model_len));
  }
  TRY(admit_from(lm_eval_, until));
  if (!tasks_done()) return {};
  // A first round that only measures leaves outputs to the next one, which knows more of them.
  const bool measures = share_.turns().part < 1 && (out_of_time_ || !variant_.spec.baseline);
  if (measures) return fidelity_.drop_waiting(engine_.get());
  TRY(begin_reading_back());
  return admit_from(fidelity_, {.deadline_s = deadline_s_, .begin_by_s = read_back_by_s_});
}

// Only now that the baseline has answered can it choose among its outputs; the other variants chose
// in prepare().
Status VariantRun::begin_reading_back() {
  if (std::exchange(reading_back_, true)) return {};
  reading_back_since_s_ = now_s();
  const double end_s = share_end_s();
  read_back_by_s_ = std::max(end_s, now_s() + kFidelityShare * (end_s - share_.ready_s()));
  if (!variant_.spec.baseline) return {};
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
  canary_.drop_asked();
  fidelity_.drop_asked();
  return fidelity_.drop_waiting(engine_.get());
}

Result<EngineTurn::Next> VariantRun::after_asking() {
  TRY(grading_.submit());
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
  load_.set_in_flight(in_flight() - fidelity_.in_flight());
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

Status VariantRun::collect_grades() {
  TRY(grading_.collect());
  if (looks_ == nullptr) return {};
  const auto due = looks_->items_of_next_look();
  const std::size_t settled = work_.scored_from_the_front();
  if (!due || settled < *due || looks_wait_for_judge_) return {};
  TRY(look());
  looks_wait_for_judge_ = judge_to_come_ && looks_->settled_items() < settled;
  return {};
}

Status VariantRun::finish_grading() {
  TRY(collect_grades());
  while (grading_.goes_on()) {
    TRY(grading_.submit());
    grading_.wait();
    TRY(collect_grades());
    show_progress();
    TRY(services_.store.flush_if_due());
  }
  return grading_.end();
}

Status VariantRun::housekeeping() {
  if (now_s() - last_tick_s_ >= 1) {
    last_tick_s_ = now_s();
    rate_.add(last_tick_s_, tokens_so_far());
    if (services_.tick) TRY(services_.tick());
    TRY(load_.save());
  }
  show_progress();
  return services_.store.flush_if_due();
}

// Those of unfinished answers, too, where the engine tells them.
std::int64_t VariantRun::tokens_so_far() const {
  const std::int64_t finished = load_.generated_tokens();
  return engine_ ? std::max(finished, engine_->tokens_so_far().value_or(0)) : finished;
}

WorkLeft VariantRun::work_left() const {
  WorkLeft work;
  work.answers = load_.answers() - canary_answers_;
  work.tokens = load_.generated_tokens() - canary_tokens_;
  work.unfinished = tokens_so_far() - load_.generated_tokens();
  for (const Unit& unit : work_.units()) {
    if (unit.state != Unit::State::waiting && unit.state != Unit::State::asked) continue;
    const auto steps =
        std::max<std::int64_t>(1, unit.most_steps - static_cast<std::int64_t>(unit.steps.size()));
    work.answers_left += steps;
    work.most_tokens_left += steps * unit.max_tokens;
  }
  int longest = 0;
  for (const ResolvedTask& task : run_.tasks) {
    if (task.spec.harness != Harness::lm_eval) continue;
    longest = std::max(longest, task.spec.max_gen_toks.value_or(0));
  }
  work.answers_left += lm_eval_.documents_open();
  work.most_tokens_left += std::int64_t{longest} * lm_eval_.documents_open();
  return work;
}

// What it does beside answering items.
Doing VariantRun::doing() const {
  if (!engine_) return Doing::answers;
  if (canary_.due()) return Doing::canary;
  const bool reads_back = reading_back_ && tasks_done() && fidelity_.in_flight() > 0;
  return reads_back ? Doing::reads_back : Doing::answers;
}

ProgressState VariantRun::progress_state() {
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
  state.doing = doing();
  if (state.doing != Doing::answers) {
    state.doing_s = reading_back_ ? now_s() - reading_back_since_s_ : load_.since_ready_s();
  } else if (engine_ && load_.id() != 0) {  // no pace without one
    state.tokens_per_s = rate_.per_s();
    if (state.items_done < state.items_total)
      state.left_s = time_left_s(work_left(), rate_.per_s());
  }
  if (has_deadline()) state.share_left_s = deadline_s_ - now_s();
  if (looks_ != nullptr) state.next_look_pairs = looks_->pairs_of_next_look();
  return state;
}

}  // namespace assay
