#include "run/variant_turn.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "run/identity.h"
#include "run/judging.h"
#include "run/variant_run.h"

namespace assay {
namespace {

// Before anything was answered: a budget by which not every variant could begin.
Status refuse_too_short_a_budget(const RunContext& context, const VariantRun& first) {
  const auto variants = static_cast<int>(context.run.variants.size());
  const double least_s = least_budget_s(variants, TRY(context.load_s()), first.first_items_s());
  if (!context.accounts.limited() || context.accounts.left_s() >= least_s) return {};
  return environment_error(
      fmt::format("a budget of {} is too short",
                  human_duration(std::ceil(context.options.budget_s))),
      fmt::format("{} variants must each load and answer at least one item of three tasks",
                  variants),
      fmt::format("give it at least {}",
                  human_duration(std::ceil(least_s + context.accounts.spent_s()))));
}

// The engine's part of a turn.
Status ask_engine(const RunContext& context, const Place& place, const Pace& seen, VariantRun& turn,
                  Turn& out) {
  if (place.variant.spec.baseline && context.services.store.response_count() == 0) {
    TRY(refuse_too_short_a_budget(context, turn));
  }
  const double first_answer_s = context.now_s() + TRY(context.load_s()) + turn.least_work_s(seen);
  if (place.asks && context.accounts.end_s() >= first_answer_s) {
    out.worked = true;
    out.end = TRY(turn.run(context.accounts, place.turns));
    return {};
  }
  out.given_up = true;
  out.end = RunEnd::out_of_time;
  return turn.give_up();
}

// The baseline's fault is everybody's, and a shard has nobody else.
Status ask_or_give_up(const RunContext& context, const Place& place, const Pace& seen,
                      VariantRun& turn, Turn& out) {
  Status asked = ask_engine(context, place, seen, turn, out);
  if (asked || !asked.error().others_can_go_on || place.variant.spec.baseline ||
      context.options.scope != RunScope::whole) {
    return asked;
  }
  out.fault = std::move(asked).error();
  return turn.give_up_engine();
}

}  // namespace

bool RunContext::asks_here(const ResolvedVariant& variant) const {
  switch (options.scope) {
    case RunScope::whole:
      return true;
    case RunScope::shard:
      return options.part.has_variant(variant.spec.name);
    case RunScope::judge:
      break;
  }
  return false;
}

Result<bool> RunContext::judges_here() const {
  if (options.scope == RunScope::shard) return false;
  return wants_judge(run);
}

Result<double> RunContext::load_s() const {
  return expected_load_s(services.store, services.guess.load_s);
}

Result<Turn> take_turn(const RunContext& context, const Place& place, const Pace& seen) {
  RunServices& services = context.services;
  const ResolvedVariant& variant = place.variant;
  const EngineIdentity current = current_identity(context.run, variant, services.identity);
  const EngineIdentity identity = TRY(begin_or_continue(variant, current, services.store));
  VariantRun turn(context.run, variant, context.options, services, identity, context.graders);
  turn.grade_until(context.grading_end_s);
  turn.go_by(place.looks);
  if (place.next != nullptr) turn.followed_by(*place.next);
  TRY(turn.prepare(place.allowed));
  Turn out;
  if (turn.needs_engine() && !context.asks_here(variant)) {
    TRY(turn.give_up());
  } else if (turn.needs_engine()) {
    TRY(refuse_other_engine(variant.spec.name, identity, current));
    TRY(ask_or_give_up(context, place, seen, turn, out));
  }
  const bool last = place.next == nullptr && !TRY(context.judges_here());
  if (!last && !std::isinf(context.grading_end_s)) {
    turn.grade_until(std::min(context.grading_end_s, turn.fair_grading_end_s()));
  }
  TRY(turn.finish_grading());
  if (context.stopped()) {
    out.end = RunEnd::interrupted;
    return out;
  }
  out.left_ungraded = turn.left_ungraded();
  out.had_its_share = turn.had_its_share();
  out.finished = turn.finished_items();
  out.pace = turn.pace();
  const auto documents = static_cast<std::size_t>(turn.lm_eval_documents());
  services.progress.say(
      bilingual("{}: {} items answered{}", "{}：答完 {} 题{}", variant.spec.name,
                out.finished.size() + documents,
                out.end == RunEnd::out_of_time ? Text(", out of time", "，时间用尽") : Text()));
  return out;
}

Result<bool> grade_what_is_left(const RunContext& context, const ResolvedVariant& variant,
                                const ItemSet& baseline_items, double until_s) {
  const EngineIdentity identity = TRY(stored_identity(context.services.store, variant.spec.name));
  VariantRun turn(context.run, variant, context.options, context.services, identity,
                  context.graders);
  TRY(turn.prepare(&variant == &context.run.baseline() ? nullptr : &baseline_items));
  TRY(turn.give_up());
  turn.grade_until(until_s);
  TRY(turn.finish_grading());
  return !turn.left_ungraded();
}

}  // namespace assay
