#include "run/work_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace assay {
namespace {

// The library may be there by now, or the time; what killed a program may be gone, and what came
// before an answer be answered.
bool is_scored_again(std::string_view why) {
  return why == reason::kNoMathVerify || why == reason::kNotScoredBudget ||
         why == reason::kSandboxFault || why == reason::kNotRun;
}

bool has_programs(const Unit& unit) {
  return unit.task->task->programs != nullptr;
}

// So many prompts are rendered in one call: many for an engine, few enough to be held at once.
constexpr std::size_t kRenderedAtOnce = 256;
// Prompts beyond the limits are rendered as the run comes near them: a run that is decided early,
// or whose time ends, does not get there, and an engine should not wait for them. So many are
// ready.
constexpr std::size_t kRenderedAhead = 1024;
// Answers that wait for graders are kept up to here; those behind them are read from the store
// when their turn comes.
constexpr std::size_t kAnswersKept = 256;

}  // namespace

RequestCost WorkList::cost_of(const Unit& unit, double grading_s) const {
  RequestCost cost;
  cost.prompt_tokens = unit.prompt_tokens;
  cost.max_tokens = unit.max_tokens;
  cost.steps = std::max(1, unit.most_steps - static_cast<int>(unit.steps.size()));
  cost.grading_s = has_programs(unit) ? grading_s : 0;
  return cost;
}

// Of the next answer of a task with programs, behind all those that are not graded yet.
double WorkList::grading_s() const {
  const bool none = std::ranges::none_of(run_.tasks, [](const ResolvedTask& task) {
    return task.task != nullptr && task.task->programs != nullptr;
  });
  if (none || !grading_s_) return 0;
  int before_it = programs_in_grading_;
  for (const auto& [id, unit] : asked_) before_it += has_programs(units_[unit]) ? 1 : 0;
  for (const std::size_t unit : to_grade_) before_it += has_programs(units_[unit]) ? 1 : 0;
  return grading_s_(before_it);
}

WorkList::WorkList(const ResolvedRun& run, const ResolvedVariant& variant,
                   const EngineIdentity& identity, int max_model_len, Store& store,
                   EarlierAnswers* earlier)
    : run_(run),
      variant_(variant),
      store_(store),
      replay_(run, variant, identity, max_model_len, store, earlier) {}

Status WorkList::read_scored() {
  for (const Purpose purpose : {Purpose::answer, Purpose::second_pass}) {
    TRY(store_.each_score(variant_.spec.name, purpose, [this](StoredScore stored) -> Status {
      if (!is_scored_again(stored.score.reason)) scored_.insert(std::move(stored.id));
      return {};
    }));
  }
  return {};
}

Status WorkList::fill(const ItemSet* allowed, const Deadline& until) {
  TRY(read_scored());
  units_ = make_units(run_);
  count(Unit::State::waiting, static_cast<int>(units_.size()));
  for (std::size_t i = 0; i < units_.size(); ++i) {
    Unit& unit = units_[i];
    if (allowed != nullptr && !allowed->contains(unit.entry())) {
      move_to(unit, Unit::State::not_run);
      continue;
    }
    if (until.stopped()) return std::unexpected(interrupted_error());
    TRY(take_up(i));
  }
  return {};
}

Status WorkList::add_second_pass(const Deadline& until) {
  for (Unit& unit : make_second_pass(run_, finished_items())) {
    if (until.stopped()) return std::unexpected(interrupted_error());
    count(unit.state, 1);
    units_.push_back(std::move(unit));
    TRY(take_up(units_.size() - 1));
  }
  return {};
}

// Moves a unit as far as the store goes, and puts it where it waits.
Status WorkList::take_up(std::size_t unit) {
  Unit& taken = units_[unit];
  const Task& task = *taken.task->task;
  if (task.steps_of != nullptr) taken.most_steps = task.steps_of(taken.item());
  TRY(moving(taken, [&] { return replay_.advance(taken); }));
  if (taken.state == Unit::State::waiting) {
    lanes_.push(taken.task, unit);
    if (taken.has_prompt) {
      ready_.insert(unit);
    } else if (!taken.is_beyond_limits()) {
      to_render_.push_back(unit);
    } else {
      to_render_later_.push_back(unit);
    }
  }
  if (taken.state == Unit::State::answered) {
    if (!taken.steps.empty()) remember(taken, taken.steps.back().response);
    if (scored_.contains(taken.id(variant_.spec.name))) {
      move_to(taken, Unit::State::scored);
      taken.steps = {};
    } else {
      put_to_grade(unit);
    }
  }
  taken.question.reset();
  return {};
}

void WorkList::put_to_grade(std::size_t unit) {
  if (to_grade_.size() >= kAnswersKept) {
    units_[unit].steps = {};
    units_[unit].steps_stored = true;
  }
  to_grade_.push_back(unit);
}

// After a step, or once its prompt is rendered. A first request stays in its lane.
void WorkList::put_where_it_belongs(std::size_t unit) {
  Unit& moved = units_[unit];
  moved.question.reset();
  if (moved.state == Unit::State::answered) {
    put_to_grade(unit);
  } else if (moved.state == Unit::State::waiting && !moved.has_prompt) {
    to_render_.push_back(unit);
  } else if (moved.state == Unit::State::waiting && !moved.steps.empty()) {
    begun_.push_back(unit);
  } else if (moved.state == Unit::State::waiting) {
    ready_.insert(unit);
  }
}

int WorkList::waiting() const {
  return counted(Unit::State::waiting);
}

ItemSet WorkList::finished_items() const {
  ItemSet finished;
  ItemSet unfinished;
  for (const Unit& unit : units_) {
    if (unit.purpose != Purpose::answer) continue;
    const bool done = unit.state == Unit::State::answered || unit.state == Unit::State::grading ||
                      unit.state == Unit::State::scored || unit.state == Unit::State::ungraded;
    (done ? finished : unfinished).insert(unit.entry());
  }
  for (const Entry& entry : unfinished) finished.erase(entry);  // every repeat of it or none
  return finished;
}

Result<std::vector<Request>> WorkList::to_render() {
  std::vector<Request> requests;
  while (to_render_.size() + ready_.size() < kRenderedAhead && !to_render_later_.empty()) {
    to_render_.push_back(to_render_later_.front());
    to_render_later_.pop_front();
  }
  for (const std::size_t unit : to_render_) {
    if (requests.size() == kRenderedAtOnce) break;
    TRY(replay_.recall(units_[unit]));
    requests.push_back(units_[unit].question->request);
  }
  return requests;
}

Status WorkList::set_prompts(const std::vector<Rendered>& prompts) {
  for (const Rendered& prompt : prompts) {
    const std::size_t unit = to_render_.front();
    to_render_.pop_front();
    TRY(moving(units_[unit], [&] { return replay_.set_prompt(units_[unit], prompt); }));
    put_where_it_belongs(unit);
  }
  return {};
}

std::vector<Offer> WorkList::offers() {
  while (!begun_.empty() && units_[begun_.front()].state != Unit::State::waiting) {
    begun_.pop_front();
  }
  if (!begun_.empty()) {
    const std::size_t unit = begun_.front();
    return {{unit, cost_of(units_[unit], grading_s()), Offer::Standing::promised}};
  }
  lanes_.drop_while([this](std::size_t unit) {  // the store knew its answer once it was rendered
    return units_[unit].state != Unit::State::waiting;
  });
  std::vector<Offer> offers;
  const double graded_after_s = grading_s();
  for (const auto& [unit, task] : lanes_.fronts()) {
    if (!units_[unit].has_prompt) continue;  // its turn comes after that of what is ready
    offers.push_back(
        {unit, cost_of(units_[unit], graded_after_s),
         begun_tasks_.contains(task) ? Offer::Standing::in_turn : Offer::Standing::first_of_task});
  }
  return offers;
}

std::vector<RequestCost> WorkList::first_costs() const {
  std::set<const ResolvedTask*> seen;
  std::vector<RequestCost> costs;
  for (const Unit& unit : units_) {
    if (unit.state == Unit::State::waiting && seen.insert(unit.task).second) {
      costs.push_back(cost_of(unit, grading_s()));
    }
  }
  return costs;
}

Status WorkList::ask(Engine& engine, std::size_t unit, std::int64_t id) {
  TRY(replay_.recall(units_[unit]));
  const Question& sent = *units_[unit].question;
  TRY(engine.submit(id, sent.request.kind, sent.prompt, sent.request.sampling));
  set_asked(unit, id);
  return {};
}

std::optional<std::size_t> WorkList::suspect() const {
  for (std::size_t i = 0; i < units_.size(); ++i) {
    if (units_[i].state == Unit::State::waiting && units_[i].crashes > 0) return i;
  }
  return std::nullopt;
}

void WorkList::set_asked(std::size_t unit, std::int64_t id) {
  Unit& sent = units_[unit];
  move_to(sent, Unit::State::asked);
  asked_.emplace(id, unit);
  begun_tasks_.insert(sent.task);
  ready_.erase(unit);
  count_keys(unit, 1);
  if (!begun_.empty() && begun_.front() == unit) {
    begun_.pop_front();
  } else {
    lanes_.pop(sent.task, unit);
  }
}

int WorkList::prompt_tokens_in_flight() const {
  int tokens = 0;
  for (const auto& [id, unit] : asked_) tokens += units_[unit].prompt_tokens;
  return tokens;
}

void WorkList::count_keys(std::size_t unit, int change) {
  if (!replay_.beside_lm_eval()) return;
  for (const std::string& key : replay_.keys_of(units_[unit])) {
    int& times = keys_asked_[key];
    times += change;
    if (times <= 0) keys_asked_.erase(key);
  }
}

Result<bool> WorkList::on_answer(Engine& /*engine*/, const Answered& answered,
                                 std::int64_t load_id) {
  const auto it = asked_.find(answered.id);
  if (it == asked_.end()) return false;
  const std::size_t unit = it->second;
  asked_.erase(it);
  count_keys(unit, -1);
  answered_tasks_.insert(units_[unit].task);
  remember(units_[unit], answered.response);
  TRY(moving(units_[unit],
             [&] { return replay_.set_response(units_[unit], answered.response, load_id); }));
  put_where_it_belongs(unit);
  return true;
}

Status WorkList::on_death(const std::string& why, bool alone, std::int64_t /*load_id*/) {
  const auto asked = std::exchange(asked_, {});
  keys_asked_.clear();
  for (const auto& [id, unit] : asked) move_to(units_[unit], Unit::State::waiting);
  for (const auto& [id, unit] : asked) {
    TRY(count_crash(unit, alone, why));
    units_[unit].question.reset();
  }
  return {};
}

// The shortest answer is the canary: it costs least, and its prompt is still at hand.
void WorkList::remember(const Unit& unit, const Response& response) {
  const int tokens = output_tokens(response);
  const Question& asked = *unit.question;
  const bool usable = response.finish_reason != FinishReason::error &&
                      asked.request.kind == RequestKind::generate &&
                      (!asked.prompt.prompt_tokens.empty() || !asked.prompt.text.empty());
  if (!usable || (proven_ && tokens >= proven_tokens_)) return;
  proven_ = Canary{asked.request.kind, asked.prompt, asked.request.sampling};
  proven_tokens_ = tokens;
}

Status WorkList::convict(std::int64_t load_id) {
  for (const auto& [unit, why] : std::exchange(accused_, {})) {
    if (units_[unit].state != Unit::State::waiting) continue;
    Response failed;
    failed.finish_reason = FinishReason::error;
    failed.error = "the engine died twice on this request: " + why;
    TRY(moving(units_[unit], [&] { return replay_.set_response(units_[unit], failed, load_id); }));
    put_where_it_belongs(unit);
  }
  return {};
}

Status WorkList::count_crash(std::size_t unit, bool alone, const std::string& why) {
  Unit& asked = units_[unit];
  TRY(store_.add_crash(asked.response_key));
  asked.crashes = TRY(store_.crashes(asked.response_key));
  if (asked.crashes >= 2 && alone) accused_.emplace_back(unit, why);
  return {};
}

void WorkList::drop_waiting() {
  for (Unit& unit : units_) {
    if (unit.state == Unit::State::waiting) move_to(unit, Unit::State::not_run);
  }
  lanes_.clear();
  begun_.clear();
  to_render_.clear();
  to_render_later_.clear();
  ready_.clear();
}

void WorkList::drop_asked() {
  for (const auto& [id, unit] : asked_) {
    move_to(units_[unit], Unit::State::not_run);
    units_[unit].question.reset();
  }
  asked_.clear();
  keys_asked_.clear();
}

void WorkList::drop_beyond_limits(Engine* engine) {
  const auto beyond = [](const Unit& unit) { return unit.is_beyond_limits(); };
  for (auto it = asked_.begin(); it != asked_.end();) {
    Unit& unit = units_[it->second];
    if (!beyond(unit)) {
      ++it;
      continue;
    }
    count_keys(it->second, -1);
    // An engine that does not hear is one that died, and tells so itself.
    if (engine != nullptr) static_cast<void>(engine->cancel(it->first));
    move_to(unit, Unit::State::not_run);
    unit.question.reset();
    it = asked_.erase(it);
  }
  const auto dropped = [&](std::size_t unit) { return units_[unit].state == Unit::State::not_run; };
  for (Unit& unit : units_) {
    if (unit.state == Unit::State::waiting && beyond(unit)) move_to(unit, Unit::State::not_run);
  }
  lanes_.drop_while(dropped);
  std::erase_if(begun_, dropped);
  std::erase_if(to_render_, dropped);
  std::erase_if(to_render_later_, dropped);
  std::erase_if(ready_, dropped);
}

std::size_t WorkList::scored_from_the_front() {
  while (scored_units_ < units_.size() && units_[scored_units_].state == Unit::State::scored) {
    const Unit& unit = units_[scored_units_++];
    if (unit.is_last_of_entry()) ++scored_items_;
  }
  return scored_items_;
}

std::vector<AnswerId> WorkList::end_at_first_gap() {
  std::set<std::pair<const ResolvedTask*, Purpose>> ended;
  std::vector<AnswerId> out;
  for (Unit& unit : units_) {
    const std::pair lane(unit.task, unit.purpose);
    if (unit.state == Unit::State::not_run) ended.insert(lane);
    const bool answered = unit.state == Unit::State::scored || unit.state == Unit::State::ungraded;
    if (!ended.contains(lane) || !answered) continue;
    move_to(unit, Unit::State::not_run);
    out.push_back(unit.id(variant_.spec.name));
  }
  return out;
}

std::optional<std::size_t> WorkList::next_to_grade() const {
  if (to_grade_.empty()) return std::nullopt;
  return to_grade_.front();
}

int WorkList::being_graded() const {
  return counted(Unit::State::answered) + counted(Unit::State::grading);
}

int WorkList::ungraded() const {
  return being_graded() + counted(Unit::State::ungraded);
}

Result<std::vector<StepResult>> WorkList::take_steps(std::size_t unit) {
  Unit& taken = units_[unit];
  if (!taken.steps_stored) return std::exchange(taken.steps, {});
  const Item item = taken.item();
  auto steps = TRY(answered_steps(run_, store_, taken.id(variant_.spec.name), *taken.task, item));
  if (!steps) {
    return environment_error(fmt::format("the answer of task {}, item {} is no longer in the store",
                                         taken.task->spec.name, item.id),
                             "it was there when it came",
                             "see that nothing else writes to the output folder");
  }
  taken.steps_stored = false;
  return *std::move(steps);
}

void WorkList::set_grading(std::size_t unit) {
  move_to(units_[unit], Unit::State::grading);
  if (has_programs(units_[unit])) ++programs_in_grading_;
  to_grade_.pop_front();
}

void WorkList::set_scored(std::size_t unit) {
  if (has_programs(units_[unit])) --programs_in_grading_;
  move_to(units_[unit], Unit::State::scored);
}

std::vector<AnswerId> WorkList::end_at_first_ungraded() {
  using State = Unit::State;
  const auto open = [](const Unit& unit) {
    return unit.state == State::answered || unit.state == State::grading;
  };
  // A unit's entry as its lane has it: every repeat of it is graded, or none counts.
  const auto item_of = [](const Unit& unit) {
    return std::tuple(unit.task, unit.purpose, unit.item_index, unit.pass());
  };
  std::set<std::tuple<const ResolvedTask*, Purpose, std::size_t, int>> ungraded;
  for (const Unit& unit : units_) {
    if (open(unit)) ungraded.insert(item_of(unit));
  }
  std::set<std::pair<const ResolvedTask*, Purpose>> ended;
  std::vector<AnswerId> out;
  for (Unit& unit : units_) {
    const std::pair lane(unit.task, unit.purpose);
    if (ungraded.contains(item_of(unit))) ended.insert(lane);
    if (!ended.contains(lane) || (!open(unit) && unit.state != State::scored)) continue;
    move_to(unit, State::ungraded);
    out.push_back(unit.id(variant_.spec.name));
  }
  to_grade_.clear();
  programs_in_grading_ = 0;
  return out;
}

}  // namespace assay
