#include "run/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "plan/growth.h"
#include "plan/sharding.h"
#include "run/course.h"
#include "run/identity.h"
#include "run/judging.h"
#include "store/declarations.h"
#include "store/failures.h"
#include "values/event_kinds.h"

namespace assay {
namespace {

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

// Whether more items can only be explored: whoever asks for them may know the verdict, and no level
// is left for another one.
Result<bool> is_exploratory(const ResolvedRun& run, const FrozenPlan& stored, Store& store) {
  if (!stored.looks) return any_comparison(run, store);
  AllLooks looks = TRY(AllLooks::of(stored, store));
  bool any = false;
  for (CandidateLooks& of_one : looks.all()) {
    TRY(of_one.look(TRY(wants_judge(run)), store));
    any = any || (!of_one.open() && !of_one.decided() && of_one.without_reserve());
  }
  return any;
}

// What the plan adds to the one that is there; the earlier one is kept.
Status grow(const ResolvedRun& run, const FrozenPlan& stored, const FrozenPlan& frozen,
            const RunServices& services) {
  Store& store = services.store;
  const Growth growth = TRY(growth_of(stored, frozen));
  if (growth.what.empty()) return {};
  services.progress.say(bilingual("the plan goes beyond the one of this folder: {}",
                                  "计划超出本文件夹原有的计划：{}",
                                  listed(growth.what, "; ", "；")));
  int generation = 1;
  while (TRY(store.meta(earlier_frozen(generation)))) ++generation;
  TRY(store.set_meta(earlier_frozen(generation), TRY(store.meta("frozen")).value_or("")));
  if (growth.sample && TRY(is_exploratory(run, stored, store))) {
    TRY(store.set_meta(kExtendedKey, "1"));
  }
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

// When grading ends, on the clock: half of the reserve is left for the report. A run that begins
// with its budget spent is there to grade what is left, for as long as that takes.
double grading_end_s(const Accounts& accounts, const RunOptions& options, const Clock& clock) {
  const double reserve_s = report_reserve_s(options.budget_s);
  if (!accounts.limited() || accounts.left_s() <= reserve_s) {
    return std::numeric_limits<double>::infinity();
  }
  return clock.now().count() + accounts.left_s() - reserve_s / 2;
}

// `before_s`: spent earlier, beyond what the accounts count.
Status save_spent(const Accounts& accounts, double before_s, Store& store) {
  return store.set_meta("spent_s", fmt::format("{:.3f}", before_s + accounts.spent_s()));
}

// Tasks that lm-eval runs are asked once, by whoever asks the first repeat.
bool is_asked_in(const ShardPart& part, const TaskSpec& task) {
  return part.has_task(task.name) && (task.harness == Harness::native || part.has_repeat(0));
}

// A shard's: the baseline, whose answers are read, and what is asked here. The baseline's outputs
// are read back by one shard of each variant; those of the baseline itself, which know nothing of
// each other, by each as many as there are to be in all, and the merge keeps those that were meant.
std::optional<ResolvedRun> shard_of(const ResolvedRun& run, const RunOptions& options) {
  if (options.scope != RunScope::shard) return std::nullopt;
  const ShardPart& part = options.part;
  ResolvedRun shard = run;
  std::erase_if(shard.variants, [&](const ResolvedVariant& variant) {
    return !variant.spec.baseline && !part.has_variant(variant.spec.name);
  });
  std::erase_if(shard.tasks,
                [&](const ResolvedTask& task) { return !is_asked_in(part, task.spec); });
  shard.repeats = part.repeats;
  if (part.has_whole_variants() || part.has_variant(run.baseline().spec.name)) return shard;
  if (reads_back(part, run.plan)) {
    shard.whole = &run;
  } else {
    shard.plan.fidelity.items = 0;
  }
  return shard;
}

// Looks at answers that are about to be forgotten are spent; with the baseline's all of them are.
Status renew_looks(const ResolvedRun& run, const FrozenPlan& frozen,
                   const std::vector<std::string>& forgotten, Store& store) {
  if (!frozen.looks) return {};
  const auto is_forgotten = [&](const std::string& name) {
    return std::ranges::find(forgotten, name) != forgotten.end();
  };
  const bool all_of_them = is_forgotten(run.baseline().spec.name);
  AllLooks looks = TRY(AllLooks::of(frozen, store));
  for (CandidateLooks& of_one : looks.all()) {
    if (!all_of_them && !is_forgotten(of_one.variant())) continue;
    TRY(of_one.look(TRY(wants_judge(run)), store));
    if (!TRY(of_one.begin_anew(store))) TRY(store.set_meta(kExtendedKey, "1"));
  }
  return {};
}

// Told before they are: whoever knew their scores draws a second time.
Status tell_of_forgotten(const std::vector<std::string>& names, const RunServices& services) {
  if (names.empty()) return {};
  std::map<std::string, int> scored;
  for (const StoredScore& score : TRY(services.store.scores(Purpose::answer))) {
    if (score.score.outcome == Outcome::scored) ++scored[score.id.variant];
  }
  for (const std::string& name : names) {
    if (scored[name] == 0) continue;
    TRY(services.store.add_event(
        services.clock.wall().count(), kAnswersForgotten,
        {{"variant", name},
         {"why", fmt::format("it started over: {} scored answers were dropped", scored[name])}}));
  }
  return {};
}

}  // namespace

Result<RunOutcome> run_plan(const ResolvedRun& whole, const RunOptions& options,
                            const RunServices& given) {
  RunServices services = given;  // a copy, because its tick refers to `accounts` below
  const FrozenPlan frozen = TRY(keep_frozen(whole, services));
  const std::optional<ResolvedRun> shard = shard_of(whole, options);
  const ResolvedRun& run = shard ? *shard : whole;
  const double kept_s = TRY(spent_before_s(services.store));
  const double earlier_s = spent_of_budget_s(options.scope, kept_s);
  const double apart_s = kept_s - earlier_s;
  const Accounts accounts(options.budget_s, earlier_s + options.spent_s, services.clock);
  bool counts = false;  // an engine was needed
  services.tick = [&]() -> Status {
    if (!counts && run.plan.until == Until::budget) TRY(begin_unbounded_work(services.store));
    counts = true;
    TRY(save_spent(accounts, apart_s, services.store));
    return services.store.flush_if_due();
  };
  const std::unique_ptr<Graders> graders =
      services.make_graders
          ? services.make_graders(run)
          : std::make_unique<GraderPool>(run, services.grader_threads, kGraderQueue,
                                         services.run_program, services.make_oracle);
  const auto over = TRY(to_start_over(run, options.start_over, services.identity, services.store));
  TRY(renew_looks(run, frozen, over, services.store));
  TRY(tell_of_forgotten(over, services));
  for (const std::string& name :
       TRY(start_over(run, options.start_over, services.identity, services.store))) {
    services.progress.say(bilingual("{}: starts over, its answers are forgotten",
                                    "{}：重新开始，丢弃已有的回答", name));
  }
  const RunContext context{run,      options,  services,
                           *graders, accounts, grading_end_s(accounts, options, services.clock)};
  Result<RunOutcome> outcome = run_course(context, frozen);
  // However it ended: time that was spent in a load that died is spent.
  if (counts) TRY(save_spent(accounts, apart_s, services.store));
  if (outcome && options.scope == RunScope::whole) {
    TRY(keep_failures(outcome->failures, services.store));
  }
  TRY(services.store.flush());
  return outcome;
}

Result<RunEnd> end_without_failures(Result<RunOutcome> outcome) {
  if (!outcome) return std::unexpected(std::move(outcome).error());
  if (!outcome->failures.empty()) return std::unexpected(outcome->failures.front().error);
  return outcome->end;
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
      if ((services.stop != nullptr && *services.stop) || score.reason == reason::kInterrupted) {
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
