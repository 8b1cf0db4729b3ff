#include "run/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <span>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "plan/growth.h"
#include "run/candidate_looks.h"
#include "run/identity.h"
#include "run/judging.h"
#include "run/variant_run.h"
#include "store/declarations.h"

namespace assay {
namespace {

constexpr std::size_t kGraderQueue = 64;
// A judge gets half of the time that a variant gets.
constexpr double kJudgeTurn = 0.5;

Declaration declaration_of(const CompareSpec& compare, double at_s) {
  return {compare.margin_pp, compare.alpha, compare.weights.value_or(WeightRule::equal), at_s};
}

// A frozen plan as the folder has it under this name; nothing where it has none.
Result<std::optional<FrozenPlan>> stored_frozen(const Store& store, const std::string& name) {
  const auto text = TRY(store.meta(name));
  if (!text) return std::nullopt;
  return TRY(frozen_from_text(*text));
}

// The plan the folder was begun with is the first, and so on.
std::string earlier_frozen(int generation) {
  return fmt::format("frozen:{}", generation);
}

// Before the folder's frozen plan is written anew: what was declared must outlast it.
Status keep_declared(const Plan& plan, const std::optional<FrozenPlan>& stored, double now_s,
                     Store& store) {
  std::optional<Declaration> earlier;
  if (stored) earlier = declaration_of(stored->plan.compare, 0);
  return keep_declaration(declaration_of(plan.compare, now_s), earlier, store);
}

Result<bool> any_comparison(const ResolvedRun& run, const Store& store) {
  bool any = false;
  TRY(store.each_score(Purpose::answer, [&](const StoredScore& stored) -> Status {
    any = any || stored.id.variant != run.baseline().spec.name;
    return {};
  }));
  return any;
}

// What the plan adds to the one that is there; the earlier one is kept.
Status grow(const ResolvedRun& run, const FrozenPlan& stored, const FrozenPlan& frozen,
            const RunServices& services) {
  Store& store = services.store;
  const Growth growth = TRY(growth_of(stored, frozen));
  if (growth.what.empty()) return {};
  services.progress.say("the plan goes beyond the one of this folder: " + join(growth.what, "; "));
  int generation = 1;
  while (TRY(store.meta(earlier_frozen(generation)))) ++generation;
  TRY(store.set_meta(earlier_frozen(generation), TRY(store.meta("frozen")).value_or("")));
  if (growth.sample && TRY(any_comparison(run, store))) TRY(store.set_meta(kExtendedKey, "1"));
  for (const ResolvedTask& task : run.tasks) TRY(store.put_items(task.spec.name, task.items));
  return {};
}

// The folder's frozen plan, as it now is. A later run has the same, or one that adds to it.
Result<FrozenPlan> keep_frozen(const ResolvedRun& run, const RunServices& services) {
  Store& store = services.store;
  FrozenPlan frozen = freeze(run);
  const auto stored = TRY(stored_frozen(store, "frozen"));
  if (stored) {
    const auto first = TRY(stored_frozen(store, earlier_frozen(1)));
    make_secondary(first ? *first : *stored, frozen);
  }
  const std::string hash = frozen_hash(frozen);
  const auto stored_hash = TRY(store.meta("frozen_hash"));
  if (stored && stored_hash && *stored_hash != hash) TRY(grow(run, *stored, frozen, services));
  TRY(keep_declared(run.plan, stored, services.clock.wall().count(), store));
  TRY(store.set_meta("frozen_hash", hash));
  TRY(store.set_meta("frozen", dump_json(to_json(frozen))));
  if (!stored_hash) {
    for (const ResolvedTask& task : run.tasks) TRY(store.put_items(task.spec.name, task.items));
  }
  TRY(store.flush());
  return frozen;
}

Result<double> spent_before_s(const Store& store) {
  const auto text = TRY(store.meta("spent_s"));
  return text ? std::strtod(text->c_str(), nullptr) : 0.0;
}

// A run that goes on until its budget ends is looked at once, when it has ended. From its first
// load to its end it counts as interrupted, and one that goes on after it had ended is a longer
// sample, chosen by somebody who knew the first one's verdict: that is kept for good.
Status begin_unbounded_work(Store& store) {
  if (TRY(store.meta("end")) == "out_of_time") TRY(store.set_meta(kExtendedKey, "1"));
  return store.set_meta("end", "interrupted");
}

Status save_spent(const Accounts& accounts, Store& store) {
  return store.set_meta("spent_s", fmt::format("{:.3f}", accounts.spent_s()));
}

bool stopped(const RunServices& services) {
  return services.stop != nullptr && *services.stop;
}

struct Turn {
  RunEnd end = RunEnd::complete;
  ItemSet finished;
  bool worked = false;         // an engine was started
  bool given_up = false;       // there was no time for one
  bool left_ungraded = false;  // time ended the grading
  Pace pace;                   // as measured in it
};

// When grading ends, on the clock: half of the reserve is left for the report. A run that begins
// with its budget spent is there to grade what is left, for as long as that takes.
double grading_end_s(const Accounts& accounts, const RunOptions& options, const Clock& clock) {
  const double reserve_s = report_reserve_s(options.budget_s);
  if (!accounts.limited() || accounts.left_s() <= reserve_s) {
    return std::numeric_limits<double>::infinity();
  }
  return clock.now().count() + accounts.left_s() - reserve_s / 2;
}

// What the run's variants have in common.
struct Shared {
  const RunOptions& options;
  RunServices& services;
  GraderPool& graders;
  const Accounts& accounts;
  double grading_end_s;
};

// Before anything was answered: a budget by which not every variant could begin.
Status refuse_too_short_a_budget(const ResolvedRun& run, const RunOptions& options,
                                 const RunServices& services, const Accounts& accounts,
                                 const VariantRun& first) {
  const auto variants = static_cast<int>(run.variants.size());
  const double least_s = least_budget_s(
      variants, TRY(expected_load_s(services.store, services.guess.load_s)), first.first_items_s());
  if (!accounts.limited() || accounts.left_s() >= least_s) return {};
  return environment_error(
      fmt::format("a budget of {} is too short", human_duration(std::ceil(options.budget_s))),
      fmt::format("{} variants must each load and answer at least one item of three tasks",
                  variants),
      fmt::format("give it at least {}", human_duration(std::ceil(least_s + accounts.spent_s()))));
}

// What a variant that has its turn knows of the others.
struct Place {
  const ResolvedVariant& variant;
  std::span<const ResolvedVariant* const> later;  // whose turn comes after it
  const ItemSet* allowed = nullptr;               // items it may run; nullptr: all
  CandidateLooks* looks = nullptr;                // its looks; nullptr: none are taken
};

// What is still to be done once this variant has loaded.
Result<TurnsLeft> turns_left(const ResolvedRun& run, const Place& place,
                             const RunServices& services) {
  TurnsLeft turns;
  turns.own = place.variant.spec.baseline && run.plan.compare.noise_floor ? 2 : 1;
  turns.variants_after = static_cast<int>(place.later.size());
  for (const ResolvedVariant* later : place.later) {
    turns.later += TRY(turns_needed(later->spec.name, place.variant.spec.name, services.store));
  }
  turns.judge = TRY(wants_judge(run)) ? kJudgeTurn : 0;
  turns.loads_after = turns.variants_after + (turns.judge > 0 ? 1 : 0);
  return turns;
}

Result<Turn> run_variant(const ResolvedRun& run, const Place& place, const Shared& shared,
                         const Pace& seen) {
  const RunOptions& options = shared.options;
  RunServices& services = shared.services;
  const Accounts& accounts = shared.accounts;
  const ResolvedVariant& variant = place.variant;
  const EngineIdentity current = current_identity(run, variant, services.identity);
  const EngineIdentity identity = TRY(begin_or_continue(variant, current, services.store));
  VariantRun turn(run, variant, options, services, identity, shared.graders);
  turn.grade_until(shared.grading_end_s);
  turn.go_by(place.looks);
  if (!place.later.empty()) turn.followed_by(*place.later.front());
  TRY(turn.prepare(place.allowed));
  Turn out;
  if (turn.needs_engine()) {
    TRY(refuse_other_engine(variant.spec.name, identity, current));
    if (variant.spec.baseline && services.store.response_count() == 0) {
      TRY(refuse_too_short_a_budget(run, options, services, accounts, turn));
    }
    const double load_s = TRY(expected_load_s(services.store, services.guess.load_s));
    if (accounts.end_s() < services.clock.now().count() + load_s + turn.least_work_s(seen)) {
      TRY(turn.give_up());
      out.given_up = true;
      out.end = RunEnd::out_of_time;
    } else {
      out.worked = true;
      out.end = TRY(turn.run(accounts, TRY(turns_left(run, place, services))));
    }
  }
  const bool last = place.later.empty() && !TRY(wants_judge(run));
  if (!last && !std::isinf(shared.grading_end_s)) {
    turn.grade_until(std::min(shared.grading_end_s, turn.fair_grading_end_s()));
  }
  TRY(turn.finish_grading());
  if (stopped(services)) {
    out.end = RunEnd::interrupted;
    return out;
  }
  out.left_ungraded = turn.left_ungraded();
  out.finished = turn.finished_items();
  out.pace = turn.pace();
  const auto documents = static_cast<std::size_t>(turn.lm_eval_documents());
  services.progress.say(fmt::format("{}: {} items answered{}", variant.spec.name,
                                    out.finished.size() + documents,
                                    out.end == RunEnd::out_of_time ? ", out of time" : ""));
  return out;
}

// The answers that no variant's own time was enough for, with what is left of the run's; variant by
// variant, each with an equal part of it. Gives whether all are graded.
Result<bool> grade_the_rest(const ResolvedRun& run, const Shared& shared,
                            const ItemSet& baseline_items, double until_s) {
  RunServices& services = shared.services;
  bool all = true;
  for (std::size_t i = 0; i < run.variants.size() && !stopped(services); ++i) {
    const double now_s = services.clock.now().count();
    if (now_s >= until_s) return false;
    const ResolvedVariant& variant = run.variants[i];
    const EngineIdentity identity = TRY(stored_identity(services.store, variant.spec.name));
    VariantRun turn(run, variant, shared.options, services, identity, shared.graders);
    TRY(turn.prepare(&variant == &run.baseline() ? nullptr : &baseline_items));
    TRY(turn.give_up());
    turn.grade_until(now_s + (until_s - now_s) / static_cast<double>(run.variants.size() - i));
    TRY(turn.finish_grading());
    all = all && !turn.left_ungraded();
  }
  return all;
}

// What all rounds of a run leave for its end.
struct Course {
  bool interrupted = false;
  std::set<std::string> cut;  // variants whose last turn time has ended
  bool ungraded_at_end = false;
  bool worked = false;
  bool given_up = false;
  bool left_ungraded = false;
  ItemSet baseline_items;
  Pace seen;
};

// Seconds of work that these items are beyond those answered, by the time that the answered ones
// took; 0 where nothing tells.
Result<double> work_due_s(std::span<const ResolvedVariant* const> variants, const ItemSet& items,
                          const ItemSet& answered, const RunServices& services) {
  if (answered.empty()) return 0;
  double seconds = 0;
  for (const StoredLoad& load : TRY(services.store.loads())) {
    const auto is_its = [&](const ResolvedVariant* v) { return v->spec.name == load.variant; };
    if (std::ranges::any_of(variants, is_its)) seconds += load.facts.work_s;
  }
  return seconds * static_cast<double>(items.size() - answered.size()) /
         static_cast<double>(answered.size());
}

// A further round loads these variants once more: it is worth that when at least twice the time is
// work, both of what is due and of what the budget leaves.
Result<bool> pays_its_loads(std::size_t variants, double work_s, const Shared& shared) {
  constexpr double kWorkToLoads = 2;
  const RunServices& services = shared.services;
  const double loads_s =
      static_cast<double>(variants) * TRY(expected_load_s(services.store, services.guess.load_s));
  if (work_s < kWorkToLoads * loads_s) return false;
  return !shared.accounts.limited() ||
         shared.accounts.work_left_s(loads_s) >= kWorkToLoads * loads_s;
}

// A further look has its level from the moment it is planned, so none is planned in vain.
Result<bool> has_time_for_work(const Shared& shared) {
  if (!shared.accounts.limited()) return true;
  const RunServices& services = shared.services;
  return shared.accounts.work_left_s(TRY(expected_load_s(services.store, services.guess.load_s))) >
         0;
}

// The variants in turn, baseline first. `items`: what the baseline may answer; nullptr: all.
Status run_round(const ResolvedRun& run, std::span<const ResolvedVariant* const> variants,
                 const ItemSet* items, AllLooks& looks, const Shared& shared, Course& course) {
  for (std::size_t i = 0; i < variants.size(); ++i) {
    const ResolvedVariant& variant = *variants[i];
    const bool is_baseline = &variant == &run.baseline();
    const Place place{.variant = variant,
                      .later = variants.subspan(i + 1),
                      .allowed = is_baseline ? items : &course.baseline_items,
                      .looks = looks.of(variant.spec.name)};
    Turn turn = TRY(run_variant(run, place, shared, course.seen));
    if (turn.pace.tells_as_much_as(course.seen)) course.seen = turn.pace;
    course.interrupted = turn.end == RunEnd::interrupted;
    if (course.interrupted) return {};
    if (turn.end == RunEnd::out_of_time) course.cut.insert(variant.spec.name);
    if (turn.end == RunEnd::complete) course.cut.erase(variant.spec.name);
    if (is_baseline) course.baseline_items = std::move(turn.finished);
    course.worked = course.worked || turn.worked;
    course.given_up = course.given_up || turn.given_up;
    course.left_ungraded = course.left_ungraded || turn.left_ungraded;
  }
  return {};
}

// The baseline and the candidates whose looks are open; all of them in a run's first round.
std::vector<const ResolvedVariant*> variants_of_round(const ResolvedRun& run, AllLooks& looks,
                                                      bool first) {
  std::vector<const ResolvedVariant*> variants;
  for (const ResolvedVariant& variant : run.variants) {
    const CandidateLooks* of_one = looks.of(variant.spec.name);
    if (first || of_one == nullptr || of_one->open()) variants.push_back(&variant);
  }
  return variants;
}

// Rounds until every candidate is decided, or nothing more can be had for the time that is left.
Status run_rounds(const ResolvedRun& run, AllLooks& looks, const Shared& shared, Course& course) {
  RunServices& services = shared.services;
  const bool judge = TRY(wants_judge(run));
  for (CandidateLooks& of_one : looks.all()) TRY(of_one.look(judge, services.store));
  for (int round = 0; round < kMostRounds; ++round) {
    if (TRY(has_time_for_work(shared))) {
      for (CandidateLooks& of_one : looks.all()) TRY(of_one.extend(services.store));
    }
    const std::size_t wanted = looks.items_wanted();
    const ItemSet items = first_items(run, wanted);
    const auto variants = variants_of_round(run, looks, round == 0);
    if (round > 0) {
      if (!looks.any_open() || items.size() <= course.baseline_items.size()) return {};
      const double work_s = TRY(work_due_s(variants, items, course.baseline_items, services));
      if (!TRY(pays_its_loads(variants.size(), work_s, shared))) return {};
      services.progress.say(fmt::format("not decided yet: on to {} items", items.size()));
    }
    TRY(run_round(run, variants, &items, looks, shared, course));
    if (course.interrupted) return {};
  }
  return {};
}

// A baseline that time cut short leaves nothing open where every candidate was decided on what it
// had answered, as long as it had answered all that the limits ask for.
bool is_complete_without(const ResolvedRun& run, const ItemSet& baseline_items, AllLooks& looks) {
  if (run.plan.until != Until::decided || looks.any_open()) return false;
  const ItemSet limits = first_items(run, 0);
  return std::ranges::includes(baseline_items, limits);
}

// Whatever ended a candidate's looks: those still to come are taken at the pairs there are.
Status close_looks(const ResolvedRun& run, AllLooks& looks, Course& course, RunServices& services) {
  for (CandidateLooks& of_one : looks.all()) {
    TRY(of_one.look(/*judge_to_come=*/false, services.store));
  }
  if (is_complete_without(run, course.baseline_items, looks)) {
    course.cut.erase(run.baseline().spec.name);
  }
  const bool all = course.baseline_items.size() >= first_items(run, looks.items_wanted()).size();
  for (CandidateLooks& of_one : looks.all()) {
    const char* why = !course.cut.empty() ? "budget" : all ? "data" : "round";
    TRY(of_one.close(why, services.store));
    if (const std::string ended = of_one.sentence(); !ended.empty()) services.progress.say(ended);
  }
  return {};
}

Result<RunEnd> run_variants(const ResolvedRun& run, const FrozenPlan& frozen,
                            const Shared& shared) {
  RunServices& services = shared.services;
  AllLooks looks = TRY(AllLooks::of(frozen, services.store));
  Course course;
  course.seen = Pace(services.guess);
  if (run.plan.until == Until::decided) {
    TRY(run_rounds(run, looks, shared, course));
  } else {
    TRY(run_round(run, variants_of_round(run, looks, true), nullptr, looks, shared, course));
  }
  if (course.interrupted) return RunEnd::interrupted;
  if (TRY(wants_judge(run))) {
    TRY(judge_answers(run, shared.options, services, shared.accounts.end_s()));
    if (stopped(services)) return RunEnd::interrupted;
  }
  if (course.left_ungraded) {
    const bool only_grading = !course.worked && course.given_up;
    const double until_s =
        only_grading ? std::numeric_limits<double>::infinity() : shared.grading_end_s;
    course.ungraded_at_end = !TRY(grade_the_rest(run, shared, course.baseline_items, until_s));
    if (stopped(services)) return RunEnd::interrupted;
  }
  TRY(close_looks(run, looks, course, services));
  const bool in_time = course.cut.empty() && !course.ungraded_at_end;
  return in_time ? RunEnd::complete : RunEnd::out_of_time;
}

}  // namespace

Result<RunEnd> run_plan(const ResolvedRun& run, const RunOptions& options,
                        const RunServices& given) {
  RunServices services = given;  // a copy, because its tick refers to `accounts` below
  const FrozenPlan frozen = TRY(keep_frozen(run, services));
  const double spent_s = TRY(spent_before_s(services.store)) + options.spent_s;
  const Accounts accounts(options.budget_s, spent_s, services.clock);
  bool counts = false;  // an engine was needed
  services.tick = [&]() -> Status {
    if (!counts && run.plan.until == Until::budget) TRY(begin_unbounded_work(services.store));
    counts = true;
    TRY(save_spent(accounts, services.store));
    return services.store.flush_if_due();
  };
  GraderPool graders(run, services.grader_threads, kGraderQueue, services.run_program,
                     services.make_oracle);
  for (const std::string& name :
       TRY(start_over(run, options.start_over, services.identity, services.store))) {
    services.progress.say(name + ": starts over, its answers are forgotten");
  }
  const Result<RunEnd> end = run_variants(
      run, frozen,
      {options, services, graders, accounts, grading_end_s(accounts, options, services.clock)});
  // However it ended: time that was spent in a load that died is spent.
  if (counts) TRY(save_spent(accounts, services.store));
  TRY(services.store.flush());
  return end;
}

Status rescore(const ResolvedRun& run, RunServices& services) {
  // Answers after one that time cut: scored, they would make more than a prefix of their task.
  std::set<AnswerId> after_a_gap;
  for (const StoredScore& s : TRY(services.store.scores())) {
    if (s.score.reason == reason::kNotRun) after_a_gap.insert(s.id);
  }
  const auto oracle = services.make_oracle ? services.make_oracle() : nullptr;
  for (const auto& [variant, purpose] : passes_of(run)) {
    for (Unit& unit : make_units(run)) {
      unit.purpose = purpose;
      const AnswerId id = unit.id(variant);
      if (after_a_gap.contains(id)) continue;
      Item item = unit.item();
      auto steps = TRY(answered_steps(run, services.store, id, *unit.task, item));
      if (!steps) continue;
      const GradeJob job{id, unit.task,         std::move(item),
                         0,  *std::move(steps), TRY(stored_judgement(services.store, id))};
      Score score = grade_now(run, job, services.run_program, oracle.get());
      if (stopped(services) || score.reason == reason::kInterrupted) {
        TRY(services.store.flush());
        return std::unexpected(Error{ErrorKind::interrupted, "interrupted", "a signal came",
                                     "run the same command again: earlier scores are kept"});
      }
      TRY(services.store.put_score({id, std::move(score)}));
    }
  }
  return services.store.flush();
}

}  // namespace assay
