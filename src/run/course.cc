#include "run/course.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/language.h"
#include "base/text.h"
#include "run/candidate_looks.h"
#include "run/judging.h"
#include "run/load_record.h"
#include "run/rounds.h"
#include "values/event_kinds.h"

namespace assay {
namespace {

using Variants = std::vector<const ResolvedVariant*>;

// What all rounds of a run leave for its end.
struct Course {
  bool interrupted = false;
  std::set<std::string> cut;             // variants whose last turn time has ended
  std::vector<VariantFailure> failures;  // of candidates, which have no further turn
  bool ungraded_at_end = false;
  bool worked = false;
  bool given_up = false;
  bool left_ungraded = false;
  bool measures = false;  // the baseline left most of its share to a further round
  double units = 0;       // that each variant is to answer
  ItemSet baseline_items;
  Pace seen;

  [[nodiscard]] bool has_failed(const ResolvedVariant& variant) const {
    return std::ranges::find(failures, variant.spec.name, &VariantFailure::variant) !=
           failures.end();
  }
};

struct Round {
  Variants variants;               // whose engines work, in turn, the baseline first
  const ItemSet* items = nullptr;  // that the baseline may answer; nullptr: all
  // Each gets the time to come to the items that all of them can, by what they have done so far.
  // Else by what is forecast: an equal share, a larger one where a variant is taken to be slower.
  bool by_items_done = false;
  double part = 1;      // of its share that each gets, unless the baseline takes all of its own
  bool of_all = false;  // the others have a turn, too, in which what they answered is graded

  // This variant and those that work after it; nothing where it does not.
  [[nodiscard]] std::span<const ResolvedVariant* const> from(const ResolvedVariant& variant) const {
    const auto at = std::ranges::find(variants, &variant);
    return {at, variants.end()};
  }
};

Result<DoneSoFar> done_so_far(const std::string& variant, const Store& store) {
  DoneSoFar done;
  done.work_s = TRY(work_so_far_s(variant, store));
  TRY(store.each_score(variant, Purpose::answer, [&](const StoredScore& stored) -> Status {
    done.items += stored.score.reason == reason::kNotRun ? 0 : 1;
    return {};
  }));
  return done;
}

Result<std::vector<DoneSoFar>> done_so_far(std::span<const ResolvedVariant* const> variants,
                                           const Store& store) {
  std::vector<DoneSoFar> done;
  for (const ResolvedVariant* variant : variants) {
    done.push_back(TRY(done_so_far(variant->spec.name, store)));
  }
  return done;
}

// `baseline`: what it has done; nullptr: not read yet, which takes a pass over its scores and is
// left alone where no judge comes.
Result<Goal> goal_of(const RunContext& context, double units, const DoneSoFar* baseline) {
  Goal goal;
  goal.items = units;
  if (!TRY(context.judges_here())) return goal;
  const DoneSoFar done =
      baseline != nullptr
          ? *baseline
          : TRY(done_so_far(context.run.baseline().spec.name, context.services.store));
  goal.judge_item_s = kJudgeTurn * done.item_s();
  return goal;
}

// How many turns a variant that nothing is known of is taken to need.
double forecast_turns(const ResolvedVariant& variant, const ResolvedVariant& one,
                      const SpeedGuess& guess) {
  return variant.quantised && !one.quantised ? guess.quantised_turns : 1;
}

// What is still to be done once the first of these has loaded, by what is forecast.
Result<TurnsLeft> forecast(const RunContext& context,
                           std::span<const ResolvedVariant* const> left) {
  const RunServices& services = context.services;
  const ResolvedVariant& own = *left.front();
  TurnsLeft turns{.variants_after = static_cast<int>(left.size()) - 1};
  turns.own = own.spec.baseline && context.run.plan.compare.noise_floor ? 2 : 1;
  for (const ResolvedVariant* later : left.subspan(1)) {
    turns.later += TRY(turns_needed(later->spec.name, own.spec.name,
                                    forecast_turns(*later, own, services.guess), services.store));
  }
  turns.judge = TRY(context.judges_here()) ? kJudgeTurn : 0;
  return turns;
}

// What is still to be done once the first of these has loaded.
Result<TurnsLeft> turns_left(const RunContext& context, const Round& round,
                             std::span<const ResolvedVariant* const> left, const Course& course) {
  const bool from_baseline = left.front() == &context.run.baseline();
  if (!round.by_items_done) {
    TurnsLeft turns = TRY(forecast(context, left));
    turns.part = from_baseline || course.measures ? round.part : 1;
    return turns;
  }
  const std::vector<DoneSoFar> done = TRY(done_so_far(left, context.services.store));
  const Goal goal = TRY(goal_of(context, course.units, from_baseline ? &done.front() : nullptr));
  if (done.front().items >= goal.items) return forecast(context, left);
  const double loads_s = static_cast<double>(left.size()) * TRY(context.load_s());
  return turns_to_common(done, context.accounts.work_left_s(loads_s), goal);
}

// Answered so far, of every variant; a run that begins has none, and reads no scores. `read`: of
// all of them, where they were read already; else empty.
Result<std::map<std::string, DoneSoFar>> by_name(const RunContext& context,
                                                 const std::vector<DoneSoFar>& read) {
  std::map<std::string, DoneSoFar> done;
  const Store& store = context.services.store;
  for (std::size_t v = 0; v < context.run.variants.size(); ++v) {
    const std::string& name = context.run.variants[v].spec.name;
    if (!read.empty()) {
      done[name] = read[v];
    } else {
      done[name] = store.response_count() == 0 ? DoneSoFar() : TRY(done_so_far(name, store));
    }
  }
  return done;
}

// An entry that is asked several times counts as often.
double answered_units(const ResolvedRun& run, const ItemSet& finished) {
  std::map<std::string, int> repeats;
  for (const ResolvedTask& task : run.tasks) repeats[task.spec.name] = run.repeats_here(task.spec);
  double units = 0;
  for (const Entry& entry : finished) units += repeats[entry.task];
  return units;
}

// For the progress line alone: what comes after the turn of the first of these. `items`: that each
// variant is to answer.
Result<RunOutlook> outlook(const RunContext& context, const Round& round,
                           std::span<const ResolvedVariant* const> left,
                           const std::map<std::string, DoneSoFar>& done, double items) {
  const RunServices& services = context.services;
  const ResolvedVariant& own = *left.front();
  RunOutlook out;
  out.turns = static_cast<int>(round.variants.size());
  out.turn = out.turns - static_cast<int>(left.size()) + 1;
  out.load_s = TRY(context.load_s());
  out.item_s = done.at(own.spec.name).item_s();
  out.end_s = context.accounts.end_s();
  for (const ResolvedVariant* later : left.subspan(1)) {
    const double open = std::max(0.0, items - done.at(later->spec.name).items);
    const double forecast = forecast_turns(*later, own, services.guess);
    out.later_items +=
        open * TRY(turns_needed(later->spec.name, own.spec.name, forecast, services.store));
    out.later_loads_s += open > 0 ? out.load_s : 0;
  }
  if (TRY(context.judges_here())) {
    out.later_items += kJudgeTurn * items;
    out.later_loads_s += out.load_s;
  }
  for (const auto& [name, one] : done) {
    if (name == own.spec.name) continue;
    out.items += items;
    out.items_done += std::min(items, one.items);
  }
  return out;
}

Status leave_out(const RunContext& context, const std::string& variant, Error fault,
                 Course& course) {
  const RunServices& services = context.services;
  services.progress.say(bilingual("{}: {} ({}); the other variants go on",
                                  "{}：{}（{}）；其他变体继续", variant, fault.what_text(),
                                  fault.why_text()));
  TRY(services.store.add_event(services.clock.wall().count(), kVariantFailed,
                               {{"variant", variant}, {"why", fault.what + ": " + fault.why}}));
  course.failures.push_back({variant, std::move(fault)});
  return services.store.flush();
}

// `read`: what all variants have done, where it was read already; else empty.
Status run_round(const RunContext& context, const Round& round, const std::vector<DoneSoFar>& read,
                 AllLooks& looks, Course& course) {
  auto done = TRY(by_name(context, read));
  for (const ResolvedVariant& variant : context.run.variants) {
    const auto left = round.from(variant);
    if (left.empty() && !round.of_all) continue;
    const bool is_baseline = &variant == &context.run.baseline();
    Place place{.variant = variant,
                .next = left.size() > 1 ? left[1] : nullptr,
                .allowed = is_baseline ? round.items : &course.baseline_items,
                .looks = looks.of(variant.spec.name),
                .asks = !left.empty()};
    if (place.asks) place.turns = TRY(turns_left(context, round, left, course));
    if (place.asks) {
      context.services.progress.begin_turn(TRY(outlook(context, round, left, done, course.units)));
    }
    Turn turn = TRY(take_turn(context, place, course.seen));
    done[variant.spec.name].items = answered_units(context.run, turn.finished);
    if (turn.pace.tells_as_much_as(course.seen)) course.seen = turn.pace;
    course.interrupted = turn.end == RunEnd::interrupted;
    if (course.interrupted) return {};
    if (turn.fault) {
      TRY(leave_out(context, variant.spec.name, *std::move(turn.fault), course));
    }
    if (turn.end == RunEnd::out_of_time) course.cut.insert(variant.spec.name);
    if (turn.end == RunEnd::complete) course.cut.erase(variant.spec.name);
    if (is_baseline && !context.asks_here(variant)) {
      looks.go_no_further_than(turn.finished.size());
    }
    if (is_baseline) {
      course.measures = !turn.had_its_share && turn.end == RunEnd::out_of_time;
      course.baseline_items = std::move(turn.finished);
    }
    course.worked = course.worked || turn.worked;
    course.given_up = course.given_up || turn.given_up;
    course.left_ungraded = course.left_ungraded || turn.left_ungraded;
  }
  return {};
}

Variants all_variants(const RunContext& context) {
  Variants variants;
  for (const ResolvedVariant& variant : context.run.variants) {
    if (context.asks_here(variant)) variants.push_back(&variant);
  }
  return variants;
}

// Whether every variant of a run on this folder has told how long its items take.
bool all_known(const std::vector<DoneSoFar>& done) {
  return std::ranges::all_of(done, [](const DoneSoFar& one) { return one.item_s() > 0; });
}

// lm-eval asks a task of its own as a whole, and several turns would be no use to it.
bool can_have_rounds(const RunContext& context) {
  const auto is_ours = [](const ResolvedTask& task) {
    return !task.available || task.items_are_ours();
  };
  return context.accounts.limited() && std::ranges::all_of(context.run.tasks, is_ours);
}

// The part of its share that each variant gets in a first round.
Result<double> first_part(const RunContext& context) {
  const auto variants = static_cast<int>(all_variants(context).size());
  if (variants < 2 || !can_have_rounds(context)) return 1;
  const double load_s = TRY(context.load_s());
  const double work_s = context.accounts.work_left_s(variants * load_s);
  return pays_to_measure(variants, load_s, work_s) ? kFirstRoundPart : 1;
}

// The round that time is left for, once each variant has told its pace. Without variants: none. In
// a run's first one those that have all items work, too, if what is no item is left for them.
Result<Round> round_by_items_done(const RunContext& context, const std::vector<DoneSoFar>& done,
                                  double units, bool first) {
  Round round{.by_items_done = true, .of_all = first};
  const Goal goal = TRY(goal_of(context, units, &done.front()));
  const auto turn = next_round(done, context.accounts.work_left_s(0), TRY(context.load_s()), goal);
  for (std::size_t i = 0; i < done.size(); ++i) {
    if (!context.asks_here(context.run.variants[i])) continue;
    const bool has_all = first && done[i].items >= goal.items;
    if (has_all || std::ranges::binary_search(turn, i)) {
      round.variants.push_back(&context.run.variants[i]);
    }
  }
  return round;
}

void say_left_over(const RunContext& context) {
  const double left_s = context.accounts.work_left_s(0);
  if (left_s < 1) return;
  const std::string left = human_duration(left_s);
  context.services.progress.say(
      bilingual("{} left: too little to load all variants again and answer more of the same items",
                "还剩 {}：不够重新加载所有变体并多答同样的题", left));
}

// A first round, in which each variant gets an equal share or, where a second load is cheap, only a
// part of it to tell its pace. Then rounds in which all come to the same items, as long as the time
// that is left pays for loads. A run that goes on begins with such a one where all have told.
Status run_shared_rounds(const RunContext& context, AllLooks& looks, Course& course) {
  constexpr int kRounds = 4;
  const Variants all = all_variants(context);
  const bool divides = can_have_rounds(context);
  Variants known;  // of which a further round must know how long their items take
  for (const ResolvedVariant& variant : context.run.variants) known.push_back(&variant);
  for (int i = 0; i < kRounds && !course.interrupted; ++i) {
    const bool first = i == 0;
    if (!first && (course.cut.empty() || !divides)) return {};
    // The time that is left is for the run that tries them again.
    if (!first && !course.failures.empty()) return {};
    // Reads every score, so not where nothing hangs on it.
    std::vector<DoneSoFar> done;
    if (divides) done = TRY(done_so_far(known, context.services.store));
    Round round;
    if (divides && all_known(done)) {
      round = TRY(round_by_items_done(context, done, course.units, first));
    } else if (!first) {
      return {};
    } else {
      round = {.variants = all, .part = TRY(first_part(context)), .of_all = true};
    }
    if (!first) {
      if (round.variants.empty()) {
        say_left_over(context);
        return {};
      }
      std::vector<std::string> names;
      for (const ResolvedVariant* variant : round.variants) names.push_back(variant->spec.name);
      context.services.progress.say(
          bilingual("round {}: the time that is left goes to {}, up to the same items",
                    "第 {} 轮：余下的时间给 {}，直到答完同样的题", i + 1,
                    fmt::format("{}", fmt::join(names, ", "))));
    }
    TRY(run_round(context, round, done, looks, course));
  }
  return {};
}

// Seconds of work that these items are beyond those answered, by the time that the answered ones
// took; 0 where nothing tells.
Result<double> work_due_s(const Variants& variants, const ItemSet& items, const ItemSet& answered,
                          const Store& store) {
  if (answered.empty()) return 0;
  double seconds = 0;
  for (const ResolvedVariant* variant : variants) {
    seconds += TRY(work_so_far_s(variant->spec.name, store));
  }
  return seconds * static_cast<double>(items.size() - answered.size()) /
         static_cast<double>(answered.size());
}

// A further round loads these variants once more: it is worth that when at least twice the time is
// work, both of what is due and of what the budget leaves.
Result<bool> pays_its_loads(const RunContext& context, std::size_t variants, double work_s) {
  constexpr double kWorkToLoads = 2;
  const double loads_s = static_cast<double>(variants) * TRY(context.load_s());
  if (work_s < kWorkToLoads * loads_s) return false;
  return !context.accounts.limited() ||
         context.accounts.work_left_s(loads_s) >= kWorkToLoads * loads_s;
}

// A further look has its level from the moment it is planned, so none is planned in vain.
Result<bool> has_time_for_work(const RunContext& context) {
  if (!context.accounts.limited()) return true;
  return context.accounts.work_left_s(TRY(context.load_s())) > 0;
}

// The baseline and the candidates whose looks are open.
Variants undecided(const ResolvedRun& run, const Course& course, AllLooks& looks) {
  Variants variants;
  for (const ResolvedVariant& variant : run.variants) {
    if (course.has_failed(variant)) continue;
    const CandidateLooks* of_one = looks.of(variant.spec.name);
    if (of_one == nullptr || of_one->open()) variants.push_back(&variant);
  }
  return variants;
}

// A shard has one round: its baseline was answered elsewhere, or its candidates will be, so nobody
// is there who could ask the baseline more once they are not decided.
Status run_decided_shard(const RunContext& context, AllLooks& looks, Course& course) {
  const ItemSet items = first_items(context.run, looks.items_wanted());
  const Round round{.variants = all_variants(context), .items = &items, .of_all = true};
  return run_round(context, round, {}, looks, course);
}

// Rounds until every candidate is decided, or nothing more can be had for the time that is left.
Status run_decided_rounds(const RunContext& context, AllLooks& looks, Course& course) {
  RunServices& services = context.services;
  const bool judge = TRY(wants_judge(context.run));
  for (CandidateLooks& of_one : looks.all()) TRY(of_one.look(judge, services.store));
  for (int i = 0; i < kMostRounds; ++i) {
    if (TRY(has_time_for_work(context))) {
      for (CandidateLooks& of_one : looks.all()) TRY(of_one.extend(services.store));
    }
    const ItemSet items = first_items(context.run, looks.items_wanted());
    Round round{.items = &items, .of_all = i == 0};
    round.variants = i == 0 ? all_variants(context) : undecided(context.run, course, looks);
    if (i > 0) {
      if (round.variants.size() < 2) return {};  // the candidates that are open have failed
      if (!looks.any_open() || items.size() <= course.baseline_items.size()) return {};
      const double work_s =
          TRY(work_due_s(round.variants, items, course.baseline_items, services.store));
      if (!TRY(pays_its_loads(context, round.variants.size(), work_s))) return {};
      services.progress.say(
          bilingual("not decided yet: on to {} items", "尚无定论：继续到 {} 题", items.size()));
    }
    TRY(run_round(context, round, {}, looks, course));
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
Status close_looks(const RunContext& context, AllLooks& looks, Course& course) {
  const ResolvedRun& run = context.run;
  RunServices& services = context.services;
  // Another shard's looks are its own.
  std::vector<CandidateLooks*> own;
  for (const ResolvedVariant& variant : run.variants) {
    CandidateLooks* of_one = looks.of(variant.spec.name);
    // One that has failed is tried again by a later run, which takes its looks.
    const bool ended_here = context.asks_here(variant) && !course.has_failed(variant);
    if (of_one != nullptr && ended_here) own.push_back(of_one);
  }
  for (CandidateLooks* of_one : own) {
    TRY(of_one->look(/*judge_to_come=*/false, services.store));
  }
  if (is_complete_without(run, course.baseline_items, looks)) {
    course.cut.erase(run.baseline().spec.name);
  }
  const bool all = course.baseline_items.size() >= first_items(run, looks.items_wanted()).size();
  for (CandidateLooks* of_one : own) {
    const char* why = !course.cut.empty() ? "budget" : all ? "data" : "round";
    TRY(of_one->close(why, services.store));
    if (const Text ended = of_one->sentence(); !ended.empty()) services.progress.say(ended);
  }
  return {};
}

// The answers that no variant's own time was enough for, with what is left of the run's; variant by
// variant, each with an equal part of it. Gives whether all are graded.
Result<bool> grade_the_rest(const RunContext& context, const Course& course, double until_s) {
  const auto& variants = context.run.variants;
  bool all = true;
  for (std::size_t i = 0; i < variants.size() && !context.stopped(); ++i) {
    const double now_s = context.now_s();
    if (now_s >= until_s) return false;
    if (!context.asks_here(variants[i])) continue;
    const double share_s = (until_s - now_s) / static_cast<double>(variants.size() - i);
    const bool graded =
        TRY(grade_what_is_left(context, variants[i], course.baseline_items, now_s + share_s));
    all = all && graded;
  }
  return all;
}

Result<RunEnd> run_all(const RunContext& context, const FrozenPlan& frozen, Course& course) {
  if (context.options.scope == RunScope::judge) {
    TRY(judge_answers(context.run, context.options, context.services, context.accounts.end_s()));
    return context.stopped() ? RunEnd::interrupted : RunEnd::complete;
  }
  AllLooks looks = TRY(AllLooks::of(frozen, context.services.store));
  course.seen = Pace(context.services.guess);
  course.units = static_cast<double>(make_units(context.run).size());
  const bool begins_in_time = TRY(has_time_for_work(context));
  const bool decides = context.run.plan.until == Until::decided;
  const bool in_shard = context.options.scope == RunScope::shard;
  TRY(!decides   ? run_shared_rounds(context, looks, course)
      : in_shard ? run_decided_shard(context, looks, course)
                 : run_decided_rounds(context, looks, course));
  if (course.interrupted) return RunEnd::interrupted;
  context.services.progress.begin_turn();
  if (TRY(context.judges_here())) {
    TRY(judge_answers(context.run, context.options, context.services, context.accounts.end_s()));
    if (context.stopped()) return RunEnd::interrupted;
  }
  if (course.left_ungraded) {
    // Begun too late to load anything, it is there for the grading, however long that takes.
    const bool only_grading = !begins_in_time && !course.worked && course.given_up;
    const double until_s =
        only_grading ? std::numeric_limits<double>::infinity() : context.grading_end_s;
    course.ungraded_at_end = !TRY(grade_the_rest(context, course, until_s));
    if (context.stopped()) return RunEnd::interrupted;
  }
  TRY(close_looks(context, looks, course));
  const bool in_time = course.cut.empty() && !course.ungraded_at_end;
  return in_time ? RunEnd::complete : RunEnd::out_of_time;
}

}  // namespace

Result<RunOutcome> run_course(const RunContext& context, const FrozenPlan& frozen) {
  Course course;
  const RunEnd end = TRY(run_all(context, frozen, course));
  return RunOutcome{end, std::move(course.failures)};
}

}  // namespace assay
