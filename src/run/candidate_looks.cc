#include "run/candidate_looks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stats/verdict.h"
#include "store/declarations.h"

namespace assay {

LookSettings look_settings_of(const Plan& plan) {
  return {.alpha = plan.compare.alpha,
          .margin_pp = plan.compare.margin_pp,
          .reserve = plan.decide.reserve};
}

TargetAssumptions target_assumptions_of(const Plan& plan) {
  return {.power = plan.decide.power, .discordance = plan.decide.discordance()};
}

LookPlan LookPlan::of(const FrozenPlan& frozen) {
  LookPlan plan;
  if (!frozen.looks) return plan;
  plan.order = frozen.looks->order;
  plan.tasks = look_tasks_of(frozen, plan.order);
  plan.power = frozen.plan.decide.power;
  for (const FrozenVariant& variant : frozen.variants) {
    if (variant.baseline) plan.baseline = variant.name;
  }
  const std::size_t declared = frozen.looks->declared_items.value_or(plan.order.size());
  for (std::size_t i = 0; i < plan.order.size(); ++i) {
    const std::int64_t pair = plan.tasks[plan.order[i]].weight > 0 ? 1 : 0;
    plan.most_pairs += pair;
    if (i < declared) plan.declared_pairs += pair;
  }
  return plan;
}

// Takes the next look where its pairs are there; false: none is due.
bool CandidateLooks::take_due() {
  if (!open() || next()->pairs > pairs()) return false;
  const Look look = *next();
  const LookOutcome outcome =
      evaluate(kept_.schedule, look, first_pairs(input_.tasks, input_.order, look.pairs),
               input_.expected, CompareOptions());
  taken_ = look.pairs;
  decided_ = outcome.decided;
  non_inferior_ = outcome.non_inferior;
  return true;
}

Status CandidateLooks::look(bool judge_to_come, Store& store) {
  if (!open()) return {};
  auto outcomes = TRY(read_outcomes(store, plan_->tasks, judge_to_come));
  input_ = look_input(plan_->tasks, plan_->order, outcomes[plan_->baseline], outcomes[variant_]);
  while (take_due()) {
    if (open()) TRY(raise(store));
  }
  return {};
}

BlindedSpread CandidateLooks::spread() const {
  return blinded_spread(first_pairs(input_.tasks, input_.order, taken_).tasks);
}

Status CandidateLooks::keep(LookSchedule schedule, Store& store) {
  kept_.schedule = std::move(schedule);
  return keep_looks(variant_, kept_, store);
}

Status CandidateLooks::raise(Store& store) {
  const std::int64_t most = open() ? plan_->declared_pairs : plan_->most_pairs;
  auto raised =
      next_round(kept_.schedule, taken_, spread(), plan_->power, most, plan_->order, plan_->tasks);
  if (!raised && !open() && plan_->exploratory && without_reserve()) {
    raised = unpaid_generation(kept_.schedule, most);
  }
  return raised ? keep(*std::move(raised), store) : Status();
}

Result<bool> CandidateLooks::begin_anew(Store& store) {
  const auto paid = begun_anew(kept_.schedule, taken_);
  kept_.closed_by.clear();
  TRY(keep(paid ? *paid : begun_anew_unpaid(kept_.schedule), store));
  return paid.has_value();
}

Status CandidateLooks::extend(Store& store) {
  if (decided_ || open() || taken_ == 0) return {};
  return raise(store);
}

Status CandidateLooks::close(const std::string& why, Store& store) {
  if (!open()) return {};
  LookSchedule closed = closed_at(kept_.schedule, pairs(), taken_);
  if (closed == kept_.schedule) return {};
  kept_.closed_by = why;
  TRY(keep(std::move(closed), store));
  while (take_due()) continue;
  return {};
}

// Beyond what is settled, every item of a task with a weight is taken to give a pair.
std::size_t CandidateLooks::items_with(std::int64_t wanted) const {
  std::int64_t pairs_so_far = pairs();
  std::size_t items = input_.items;
  while (items < plan_->order.size() && pairs_so_far < wanted) {
    pairs_so_far += plan_->tasks[plan_->order[items]].weight > 0 ? 1 : 0;
    ++items;
  }
  return items;
}

std::size_t CandidateLooks::items_wanted() const {
  return open() ? items_with(kept_.schedule.target) : 0;
}

std::optional<std::size_t> CandidateLooks::items_of_next_look() const {
  if (!open()) return std::nullopt;
  return items_with(next()->pairs);
}

std::optional<std::int64_t> CandidateLooks::pairs_of_next_look() const {
  if (!open()) return std::nullopt;
  return next()->pairs;
}

Text CandidateLooks::sentence() const {
  if (open()) return {};
  if (!decided_) {
    return bilingual("{}: not decided after {} pairs", "{}：{} 对之后仍无定论", variant_, taken_);
  }
  const Verdict verdict = non_inferior_ ? Verdict::non_inferior : Verdict::worse;
  return bilingual("{0}: {1} after {2} pairs", "{0}：{2} 对之后 {1}", variant_,
                   verdict_label(verdict), taken_);
}

Result<AllLooks> AllLooks::of(const FrozenPlan& frozen, const Store& store) {
  AllLooks out;
  out.plan_ = std::make_unique<LookPlan>(LookPlan::of(frozen));
  out.plan_->exploratory = TRY(store.meta(kExtendedKey)).has_value();
  if (!frozen.looks) return out;
  for (const FrozenVariant& variant : frozen.variants) {
    if (variant.baseline) continue;
    const auto kept = TRY(kept_looks(store, variant.name));
    out.all_.emplace_back(*out.plan_, variant.name,
                          kept.value_or(KeptLooks{frozen.looks->schedule, ""}));
  }
  return out;
}

CandidateLooks* AllLooks::of(const std::string& variant) {
  const auto found = std::ranges::find(all_, variant, &CandidateLooks::variant);
  return found == all_.end() ? nullptr : &*found;
}

bool AllLooks::any_open() const {
  return std::ranges::any_of(all_, &CandidateLooks::open);
}

std::size_t AllLooks::items_wanted() const {
  std::size_t items = 0;
  for (const CandidateLooks& of_one : all_) items = std::max(items, of_one.items_wanted());
  return items;
}

void AllLooks::go_no_further_than(std::size_t items) {
  std::int64_t pairs = 0;
  for (std::size_t i = 0; i < std::min(items, plan_->order.size()); ++i) {
    pairs += plan_->tasks[plan_->order[i]].weight > 0 ? 1 : 0;
  }
  plan_->most_pairs = std::min(plan_->most_pairs, pairs);
  plan_->declared_pairs = std::min(plan_->declared_pairs, pairs);
}

ItemSet first_items(const ResolvedRun& run, std::size_t count) {
  ItemSet items;
  std::size_t place = 0;
  for (const ItemRef& ref : order_of_items(run)) {
    const ResolvedTask& task = run.tasks[ref.task];
    if (place++ < count || (ref.pass == 0 && ref.item < task.least())) {
      items.insert({task.spec.name, task.items.id(ref.item), static_cast<int>(ref.pass)});
    }
  }
  return items;
}

}  // namespace assay
