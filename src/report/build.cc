#include "report/build.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "plan/frozen.h"
#include "plan/twins.h"
#include "report/arms.h"
#include "report/facts.h"
#include "report/fidelity.h"
#include "report/flags.h"
#include "report/item_scores.h"
#include "report/looks.h"
#include "report/noise.h"
#include "report/outputs.h"
#include "report/own_figures.h"
#include "report/questions.h"
#include "report/same_answers.h"
#include "report/summary.h"
#include "stats/family.h"
#include "store/declarations.h"
#include "store/failures.h"
#include "store/merge.h"
#include "store/reused.h"
#include "values/event_kinds.h"
#include "values/math_reference.h"

namespace assay {
namespace {

// As the last run or scoring on the folder noted them.
Result<PackageVersions> graders_of(const Store& store, const FrozenPlan& frozen) {
  const auto text = TRY(store.meta("graders"));
  if (!text) return frozen.graders;
  const Json value = TRY(parse_json(*text, "the store"));
  PackageVersions versions;
  if (!value.is_object()) return versions;
  for (const auto& [name, version] : value.items()) {
    if (version.is_string()) versions[name] = version.get<std::string>();
  }
  return versions;
}

Result<double> number_meta(const Store& store, const std::string& name) {
  const auto text = TRY(store.meta(name));
  return text ? std::strtod(text->c_str(), nullptr) : 0.0;
}

Result<std::optional<CanaryFigures>> canary_of(const Store& store, const std::string& variant) {
  const auto text = TRY(store.meta(canary_name(variant)));
  if (!text) return std::nullopt;
  try {
    return canary_from_json(TRY(parse_json(*text, "the store")));
  } catch (const Json::exception& e) {
    return environment_error("the canary of " + variant + " cannot be read", e.what(),
                             "use the assay that wrote this store");
  }
}

constexpr std::size_t kShortHash = 12;  // digits

Result<std::vector<VariantValues>> read_variants(const Store& store, const FrozenPlan& frozen) {
  std::vector<VariantValues> out;
  const auto loads = TRY(store.loads());
  const auto settings = settings_that_differ(frozen);
  for (const FrozenVariant& v : frozen.variants) {
    VariantValues values;
    values.name = v.name;
    values.model = v.model;
    values.revision = v.revision;
    values.baseline = v.baseline;
    values.settings = settings[out.size()];
    for (const StoredLoad& load : loads) {
      if (load.variant != values.name) continue;
      values.loads += load.facts.engine.contains(kTakenOverFact) ? 0 : 1;
      values.load_s = load.facts.load_s;
      values.work_s += load.facts.work_s;
      values.generated_tokens += load.facts.generated_tokens;
      values.prompt_tokens += load.facts.prompt_tokens;
      if (load.facts.energy_j) {
        values.energy_j = values.energy_j.value_or(0) + *load.facts.energy_j;
      }
      values.facts = load.facts;
    }
    if (values.work_s > 0) {
      values.tokens_per_s = static_cast<double>(values.generated_tokens) / values.work_s;
    }
    values.emulated = values.facts.emulated();
    values.canary = TRY(canary_of(store, v.name));
    for (const auto& [run, requests] : TRY(reused_of(v.name, store))) {
      values.reused += requests;
      values.reused_from += (values.reused_from.empty() ? "" : ", ") + run.substr(0, kShortHash);
    }
    out.push_back(std::move(values));
  }
  return out;
}

// Loads of one run follow one another; one that was ready before the one before it had ended (a
// clock that was set) tells nothing, and neither does a pause of a day between two runs. Those of
// merged shards do not: nodes work side by side, each by a clock of its own.
constexpr double kLongestPauseS = 3600;

Result<std::vector<LoadValues>> read_loads(const Store& store) {
  std::vector<LoadValues> out;
  const bool one_after_another = TRY(merged_shards(store)) == 0;
  double ended_at_s = 0;
  for (StoredLoad& load : TRY(store.loads())) {
    if (load.facts.engine.contains(kTakenOverFact)) continue;  // nothing was loaded
    const double idle_s = load.at_s - ended_at_s;
    ended_at_s = load.at_s + load.facts.work_s;
    LoadValues values{load.variant, std::move(load.facts), std::nullopt};
    if (one_after_another && !out.empty() && idle_s > 0 && idle_s < kLongestPauseS) {
      values.idle_before_s = idle_s;
    }
    out.push_back(std::move(values));
  }
  return out;
}

void count_soundness(Cell& cell, const LastScore& score) {
  cell.truncated += score.truncated ? 1 : 0;
  cell.empty += score.empty ? 1 : 0;
  cell.looping += score.looping ? 1 : 0;
  cell.not_extractable += score.not_extractable ? 1 : 0;
  cell.thinking_not_closed += score.thinking_not_closed ? 1 : 0;
  cell.prompt_cut += score.prompt_cut ? 1 : 0;
  cell.odd_likelihoods += score.odd_likelihoods ? 1 : 0;
  cell.metrics_differ += score.metrics_differ ? 1 : 0;
}

Cell make_cell(const TaskValues& task, const ItemScores& scores,
               const std::map<std::string, std::string>& group_of) {
  Cell cell;
  cell.planned = task.planned;
  if (task.status != "ok") {
    cell.not_available = "N/A (" + task.reason + ")";
    return cell;
  }
  std::map<std::string, double> sums;
  std::vector<OwnItem> own;
  static const OwnParts none;
  InOrder groups(group_of);
  for (const auto& [id, item] : scores) {
    if (item.repeats == 0 && *item.reason == reason::kNotRun) continue;  // answered out of order
    ++cell.run;
    count_soundness(cell, item.last);
    if (item.repeats == 0) {
      ++cell.unscored[*item.reason];
      continue;
    }
    ++cell.scored;
    for (const auto& [metric, sum] : item.sums) sums[metric] += sum / item.repeats;
    const OwnParts* parts = item.own ? item.own.get() : &none;
    own.push_back({parts, mean_of(item, task.metrics.front()), item.repeats});
    const std::string* group = groups.find(id);
    if (group != nullptr && !group->empty()) {
      auto& [n, mean] = cell.groups[*group];
      mean = (mean * static_cast<double>(n) + mean_of(item, task.metrics.front())) /
             static_cast<double>(n + 1);
      ++n;
    }
  }
  add_own_figures(own, cell);
  if (task.least) cell.planned = std::max(*task.least, cell.run);
  if (cell.planned > cell.run) cell.unscored[reason::kNotRun] = cell.planned - cell.run;
  if (cell.run == 0) cell.not_available = reason::kNotRun;
  for (const auto& [metric, sum] : sums)
    cell.metrics[metric] = sum / static_cast<double>(cell.scored);
  if (cell.scored > 0) {
    const double right = std::round(sums[task.metrics.front()]);
    cell.ci95 = wilson_interval(right, static_cast<double>(cell.scored), 0.95);
  } else if (cell.not_available.empty()) {
    cell.not_available =
        "N/A (" + (cell.unscored.empty() ? "no scores" : cell.unscored.begin()->first) + ")";
  }
  return cell;
}

// Several tasks of one benchmark have its title: their own names tell them apart.
void name_titles_apart(std::vector<TaskValues>& tasks) {
  std::map<std::string, int> count;
  for (const TaskValues& task : tasks) ++count[task.title];
  for (TaskValues& task : tasks) {
    if (count[task.title] > 1) task.title += " (" + task.name + ")";
  }
}

// The score of guessing: the mean of 1 / options over the baseline's scored items where they say
// how many they have, else what is frozen for the benchmark.
double chance_of(const FrozenTask& frozen, const ItemScores& base) {
  double sum = 0;
  double n = 0;
  for (const auto& [id, item] : base) {
    if (item.repeats == 0) continue;
    if (item.options < 1) return frozen.chance;
    sum += 1.0 / item.options;
    ++n;
  }
  return n > 0 ? sum / n : frozen.chance;
}

// Of `repeats: auto`: how far the run got.
int most_repeats(const std::string& task, const RunReport& report, const AllScores& scores) {
  int most = 1;
  for (const VariantValues& variant : report.variants) {
    for (const auto& [id, item] : scores_of(scores, variant.name, task)) {
      most = std::max(most, item.repeats);
    }
  }
  return most;
}

TaskValues make_task(const FrozenTask& frozen, const RunReport& report, const AllScores& scores) {
  TaskValues task;
  task.name = frozen.name;
  task.title = frozen.title;
  task.may_show = may_show_questions(frozen.benchmark);
  task.kind = frozen.kind;
  task.status = frozen.available ? "ok" : "na";
  task.reason = frozen.reason;
  const std::string& base = report.variants[baseline_index(report.variants)].name;
  task.chance = chance_of(frozen, scores_of(scores, base, frozen.name));
  task.repeats = frozen.passes > 1 ? most_repeats(frozen.name, report, scores) : frozen.repeats;
  task.metrics = frozen.metrics;
  task.num_fewshot = frozen.num_fewshot;
  task.cut_at = frozen.cut_at;
  std::map<std::string, std::string> group_of;
  for (const FrozenItem& item : frozen.items) group_of[item.id] = item.group;
  task.planned = static_cast<std::int64_t>(group_of.size());
  if (frozen.least_items) task.least = static_cast<std::int64_t>(*frozen.least_items);
  std::vector<const ItemScores*> by_variant;
  for (const VariantValues& v : report.variants) {
    by_variant.push_back(&scores_of(scores, v.name, task.name));
    if (task.planned == 0) task.planned = static_cast<std::int64_t>(by_variant.back()->size());
    task.cells.push_back(make_cell(task, *by_variant.back(), group_of));
  }
  task.weight = frozen.available ? task_weight(report.weights, frozen.weight, task.planned) : 0;
  // Where looks are taken, what lm-eval asks has no part in them.
  if (report.until == Until::decided && frozen.harness == Harness::lm_eval) task.weight = 0;
  // Means over the items that are scored for every variant.
  std::vector<double> sums(report.variants.size(), 0);
  std::vector<InOrder<ItemScores>> lists;
  lists.reserve(by_variant.size());
  for (const ItemScores* scores_of_one : by_variant) lists.emplace_back(*scores_of_one);
  std::vector<const ItemScore*> of_item(lists.size());
  for (const auto& [id, first] : *by_variant.front()) {
    std::ranges::transform(lists, of_item.begin(), [&id](auto& list) { return list.find(id); });
    const bool everywhere = std::ranges::all_of(
        of_item, [](const ItemScore* one) { return one != nullptr && one->repeats > 0; });
    if (!everywhere) continue;
    ++task.shared;
    for (std::size_t v = 0; v < sums.size(); ++v) {
      sums[v] += mean_of(*of_item[v], task.metrics.front());
    }
  }
  for (double sum : sums) {
    task.shared_means.push_back(task.shared > 0 ? sum / static_cast<double>(task.shared) : 0);
  }
  return task;
}

// By lm-eval's names. Its stop strings are the task's own affair: the frozen plan has them not.
Json generation_of(const FrozenTask& frozen, const TaskSpec& spec) {
  if (frozen.max_gen_toks == 0) return nullptr;
  Json out = spec.sampling;
  const double temperature = out.value("temperature", 0.0);
  out["temperature"] = temperature;
  out["do_sample"] = temperature > 0;
  out["max_gen_toks"] = frozen.max_gen_toks;
  return out;
}

PromptValues prompts_of(const FrozenPlan& frozen) {
  const bool exemplars = std::ranges::any_of(
      frozen.tasks, [](const FrozenTask& task) { return task.num_fewshot.value_or(0) > 0; });
  PromptValues out{frozen.plan.seed, frozen.plan.chat.system, std::nullopt};
  if (!exemplars || !frozen.plan.chat.apply_template) return out;
  out.fewshot_as_multiturn = std::ranges::all_of(frozen.plan.tasks, [](const TaskSpec& task) {
    return task.options.value("fewshot_as_multiturn", true);
  });
  return out;
}

// One variant's tasks beside the baseline's. Those of the looks have the pairs of the last one.
std::vector<PoolTask> tasks_of(const RunReport& report, std::size_t v, const AllScores& scores) {
  const std::string& base = report.variants[baseline_index(report.variants)].name;
  const std::string& name = report.variants[v].name;
  const LooksValues* looks = looks_at(report, v);
  std::vector<PoolTask> out;
  for (const TaskValues& task : report.tasks) {
    const Flag* flag = invalidating_flag(report, name, task.name);
    PoolTask of_pool{task.name, task.weight};
    of_pool.pairs = pairs_of(scores_of(scores, base, task.name), scores_of(scores, name, task.name),
                             task.metrics.front());
    if (looks != nullptr && task.weight > 0) of_pool.pairs = looks->counted[out.size()].pairs;
    of_pool.invalid = flag != nullptr ? flag->name : "";
    of_pool.floor = task.chance;
    out.push_back(std::move(of_pool));
  }
  return out;
}

void compare_all(RunReport& report, const AllScores& scores) {
  const std::size_t base = baseline_index(report.variants);
  std::vector<CandidateComparison> candidates;
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (v == base) continue;
    candidates.push_back({tasks_of(report, v, scores), {}, {}});
    if (const LooksValues* looks = looks_at(report, v)) candidates.back().look = last_look(*looks);
  }
  report.family =
      compare_family(candidates, {.margin_pp = report.margin_pp, .alpha = report.alpha});
  report.pooled.resize(report.variants.size());
  auto candidate = candidates.begin();
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (v == base) continue;
    const LooksValues* looks = looks_at(report, v);
    const bool no_look_yet = looks != nullptr && looks->result.last() == nullptr;
    for (std::size_t t = 0; t < report.tasks.size(); ++t) {
      Cell& cell = report.tasks[t].cells[v];
      cell.paired = std::move(candidate->rows[t]);
      if (no_look_yet && cell.paired->n == 0) cell.paired->reason = "no look yet";
      if (!cell.not_available.empty() && cell.paired->n == 0) {
        cell.paired->reason = cell.not_available;
      }
    }
    report.pooled[v] = std::move(candidate->pooled);
    ++candidate;
  }
}

// Events of the kind "no judge" say what failed as well as why.
Result<std::vector<EventValues>> read_events(const Store& store) {
  std::vector<EventValues> out;
  for (const StoredEvent& event : TRY(store.events())) {
    EventValues values{event.at_s, event.kind, event.body.value("variant", "")};
    values.why = event.body.value("what", "");
    const std::string why = event.body.value("why", "");
    if (!values.why.empty() && !why.empty()) values.why += ": ";
    values.why += why;
    out.push_back(std::move(values));
  }
  return out;
}

// Margin, alpha and weights may change between runs, so the frozen plan's hash leaves them out; the
// store has them once more as what the last run applied.
Status take_declarations(const Store& store, RunReport& report) {
  const auto both = TRY(declarations(store));
  if (!both) return {};
  if (!both->applied.asks_the_same({report.margin_pp, report.alpha, report.weights})) {
    return environment_error(
        "the store's frozen plan asks another question than the last run applied",
        fmt::format("a margin of {} points and alpha {} in the plan, {} and {} applied, or other "
                    "weights: one of the two was changed",
                    report.margin_pp, report.alpha, both->applied.margin_pp, both->applied.alpha),
        "bring back a copy of store.sqlite, or run the plan again on this folder");
  }
  if (both->declared.asks_the_same(both->applied)) return {};
  report.declared = both->declared;
  report.applied_since_s = both->applied.at_s;
  return {};
}

// A clock that was set back meanwhile, or two nodes' that are apart, tell no end.
Status read_times(const Store& store, RunReport& report) {
  report.spent_s = TRY(number_meta(store, "spent_s"));
  report.started_at_s = TRY(number_meta(store, "started_at"));
  report.ended_at_s = TRY(number_meta(store, "ended_at"));
  if (report.ended_at_s < report.started_at_s) report.ended_at_s = 0;
  return {};
}

// Of a merge its shards, and every run that asked their judge afterwards.
Result<int> count_jobs(const Store& store, const std::vector<EventValues>& events) {
  const int shards = TRY(merged_shards(store));
  if (shards == 0) return 1;
  return shards + static_cast<int>(std::ranges::count(events, kJudgeLoaded, &EventValues::kind));
}

Result<RunReport> build(const Store& store, const FrozenPlan& frozen) {
  RunReport report;
  report.name = frozen.plan.name;
  report.assay_version = frozen.assay;
  report.budget_s = frozen.plan.budget_s;
  report.margin_pp = frozen.plan.compare.margin_pp;
  report.alpha = frozen.plan.compare.alpha;
  report.weights = frozen.plan.compare.weights.value_or(WeightRule::equal);
  TRY(take_declarations(store, report));
  report.end = TRY(store.meta("end")).value_or("");
  report.failures = TRY(kept_failures(store));
  report.until = frozen.plan.until;
  report.extended = TRY(store.meta(kExtendedKey)).has_value();
  report.sandbox_missing = TRY(store.meta("sandbox_missing")).value_or("");
  report.prompts = prompts_of(frozen);
  report.graders = TRY(graders_of(store, frozen));
  TRY(read_times(store, report));
  report.variants = TRY(read_variants(store, frozen));
  report.loads = TRY(read_loads(store));
  report.twins = twins_of_baseline(frozen);
  report.precision_differs = precision_differs(frozen);
  const AllScores scores = TRY(read_scores(store, report.variants, Purpose::answer));
  for (const FrozenTask& task : frozen.tasks) {
    report.tasks.push_back(make_task(task, report, scores));
    const auto spec = std::ranges::find(frozen.plan.tasks, task.name, &TaskSpec::name);
    if (spec == frozen.plan.tasks.end()) continue;
    report.tasks.back().expect = spec->expect;
    report.tasks.back().generation = generation_of(task, *spec);
  }
  name_titles_apart(report.tasks);
  TRY(read_outputs(store, frozen, scores, report));
  Json opened = Json::object();
  for (VariantValues& v : report.variants) {
    if (const auto text = TRY(store.meta("opened:" + v.name))) {
      opened[v.name] = TRY(parse_json(*text, "the store"));
      v.template_hash = opened[v.name].value("template_hash", "");
    }
  }
  report.facts = facts_of(frozen, TRY(store.meta("frozen_hash")).value_or(""), opened);
  report.looks.resize(report.variants.size());
  report.events = TRY(read_events(store));
  report.jobs = TRY(count_jobs(store, report.events));
  report.fidelity = TRY(measure_fidelity(store, report.variants));
  if (!report.variants.empty()) {
    report.fidelity_floor =
        TRY(measure_fidelity_floor(store, report.variants[baseline_index(report.variants)].name));
  }
  measure_repeats(report, scores);
  TRY(measure_noise_floor(store, scores, report));
  raise_flags(report, opened);
  flag_same_answers(report);
  TRY(take_looks_of(store, frozen, report));
  compare_all(report, scores);
  rank_arms(scores, report);
  flag_comparisons(report);
  flag_noise_floors(report);
  finish_report(report);
  return report;
}

}  // namespace

void finish_report(RunReport& report) {
  flag_fidelity(report);
  report.summary = summarize_in_words(report, Language::en);
  report.summary_zh = summarize_in_words(report, Language::zh);
}

Result<RunReport> build_report(const Store& store) {
  TRY(store.verify());
  const Store::Snapshot one_state = store.snapshot();
  const auto text = TRY(store.meta("frozen"));
  if (!text) {
    return usage_error("there is nothing to report", "the store holds no frozen plan",
                       "name the folder an `assay run` wrote to");
  }
  return build(store, TRY(frozen_from_store(*text, TRY(store.meta("frozen_hash")))));
}

}  // namespace assay
