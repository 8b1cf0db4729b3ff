// results.json (docs/report_schema.md)
#include "base/json.h"

#include <cstdint>

#include "report/action.h"
#include "report/arms.h"
#include "report/comparison_json.h"
#include "report/flags.h"
#include "report/looks.h"
#include "report/metric_differences.h"
#include "report/summary.h"
#include "report/traffic.h"
#include "report/write.h"
#include "values/math_reference.h"

namespace assay {
namespace {

Json looks_json(const LooksValues& looks) {
  Json out = {{"schedule", to_json(looks.schedule)},
              {"pairs", looks.pairs},
              {"end", looks_end_name(looks.result.end)},
              {"closed_by", looks.closed_by},
              {"taken", Json::array()}};
  for (const LookOutcome& outcome : looks.result.looks) {
    Json taken = comparison_json(outcome.comparison.overall);
    taken["worse_level"] = outcome.look.worse_level;
    taken["non_inferior_level"] = outcome.look.non_inferior_level;
    taken["worse"] = outcome.worse;
    taken["non_inferior"] = outcome.non_inferior;
    taken["decided"] = outcome.decided;
    taken["not_taken"] = outcome.not_taken;
    out["taken"].push_back(std::move(taken));
  }
  return out;
}

Json noise_json(const NoiseFloor& floor) {
  const PairedComparison& c = floor.comparison;
  return {{"n", c.n},
          {"method", method_name(c.method)},
          {"diff_pp", c.diff_pp},
          {"interval_low_pp", c.interval_low_pp},
          {"interval_high_pp", c.interval_high_pp},
          {"first_mean", c.baseline_mean},
          {"second_mean", c.candidate_mean},
          {"flips_to_wrong", c.flips_to_wrong},
          {"flips_to_right", c.flips_to_right},
          {"mcnemar_p", or_null(c.mcnemar_p)},
          {"answered_twice", floor.answered_twice},
          {"worded_differently", floor.worded_differently},
          {"example", floor.example}};
}

Json noise_floor_json(const RunReport& report, const NoiseFloor& pooled) {
  Json tasks = Json::object();
  for (const TaskValues& task : report.tasks) {
    if (task.noise_floor) tasks[task.name] = noise_json(*task.noise_floor);
  }
  return {{"pooled", noise_json(pooled)}, {"tasks", tasks}};
}

Json action_json(const Action& action) {
  return {{"kind", action_name(action.kind)},
          {"more_items", or_null(action.more_items)},
          {"more_s", or_null(action.more_s)},
          {"sentence", action.sentence.en},
          {"sentence_zh", action.sentence.zh}};
}

Json fidelity_part(const FidelityPart& part) {
  return {{"tokens", part.tokens}, {"top1_agreement", part.top1_agreement}, {"kl", part.kl}};
}

// Only where positions were looked at one by one.
void fidelity_parts(const FidelityValues& f, Json& out) {
  for (const FidelityPart& part : f.by_task) out["by_task"][part.task] = fidelity_part(part);
  for (const FidelityPart& part : f.by_position) {
    Json one = fidelity_part(part);
    one["from"] = part.from;
    one["to"] = part.to;
    out["by_position"].push_back(std::move(one));
  }
  for (const auto& [share, nats] : f.kl_quantiles) {
    out["kl_quantiles"].push_back({{"share", share}, {"kl", nats}});
  }
}

Json fidelity_figures(const FidelityValues& f) {
  const auto estimate = [](const Estimate& e) {
    return Json{{"value", e.value}, {"low", e.low}, {"high", e.high}};
  };
  Json out = {{"items", f.items},
              {"tokens", f.tokens},
              {"kl", estimate(f.kl)},
              {"top1_agreement", estimate(f.top1_agreement)},
              {"loglik_difference", estimate(f.loglik_difference)},
              {"first_divergence", or_null(f.first_divergence)}};
  fidelity_parts(f, out);
  return out;
}

Json fidelity_json(const RunReport& report) {
  Json out = Json::object();
  for (std::size_t v = 0; v < report.fidelity.size(); ++v) {
    const std::optional<FidelityValues>& read = report.fidelity[v];
    if (read) out[report.variants[v].name] = fidelity_figures(*read);
  }
  return out;
}

// By variant, in the order in which one would serve them.
Json arms_json(const RunReport& report, const ArmValues& values) {
  const ArmRanking& arms = values.arms;
  Json order = Json::array();
  for (const std::size_t v : serving_order(report)) order.push_back(report.variants[v].name);
  Json by_variant = Json::object();
  for (std::size_t arm = 0; arm < values.variants.size(); ++arm) {
    by_variant[report.variants[values.variants[arm]].name] = {
        {"mean", arms.means[arm]}, {"not_told_from_best", Json(arms.not_told_from_best[arm])}};
  }
  for (const ArmPair& pair : arms.to_best) {
    Json& out = by_variant[report.variants[values.variants[pair.other]].name];
    out["diff_pp"] = -pair.difference * 100;
    out["p_adjusted"] = pair.p_adjusted;
  }
  return {{"items", arms.items},
          {"pairs", arms.pairs},
          {"best", report.variants[values.variants[arms.best]].name},
          {"order", std::move(order)},
          {"variants", std::move(by_variant)}};
}

Json groups_json(const std::map<std::string, std::pair<std::int64_t, double>>& groups) {
  Json out = Json::object();
  for (const auto& [group, value] : groups)
    out[group] = {{"n", value.first}, {"mean", value.second}};
  return out;
}

// What only some tasks have.
void own_figures_json(const Cell& cell, Json& out) {
  for (const auto& [k, value] : cell.pass_at) out["pass_at"][std::to_string(k)] = value;
  if (!cell.months.empty()) out["months"] = groups_json(cell.months);
  if (cell.substeps) {
    out["substeps"] = {{"passed", cell.substeps->passed},
                       {"total", cell.substeps->total},
                       {"rate", cell.substeps->rate()}};
  }
  if (cell.calibration) {
    out["calibration"] = {{"error", cell.calibration->error},
                          {"official", or_null(cell.calibration->official)},
                          {"answers", cell.calibration->answers},
                          {"unstated", cell.calibration->unstated}};
  }
}

Json cell_json(const Cell& cell) {
  Json out = {{"not_available", cell.not_available},
              {"planned", cell.planned},
              {"run", cell.run},
              {"scored", cell.scored},
              {"unscored", cell.unscored},
              {"metrics", cell.metrics},
              {"truncated", cell.truncated},
              {"empty", cell.empty},
              {"looping", cell.looping},
              {"not_extractable", cell.not_extractable},
              {"thinking_not_closed", cell.thinking_not_closed},
              {"metrics_differ", cell.metrics_differ}};
  if (cell.scored > 0) out["ci95"] = {cell.ci95.low, cell.ci95.high};
  out["groups"] = groups_json(cell.groups);
  own_figures_json(cell, out);
  out["paired"] = cell.paired ? comparison_json(*cell.paired) : Json(nullptr);
  return out;
}

Json variant_json(const VariantValues& v) {
  Json out = {{"name", v.name},
              {"model", v.model},
              {"revision", v.revision},
              {"baseline", v.baseline},
              {"loads", v.loads},
              {"load_s", v.load_s},
              {"work_s", v.work_s},
              {"generated_tokens", v.generated_tokens},
              {"prompt_tokens", v.prompt_tokens},
              {"tokens_per_s", v.tokens_per_s},
              {"energy_j", or_null(v.energy_j)},
              {"emulated", v.emulated},
              {"facts", to_json(v.facts)}};
  if (v.canary) out["canary"] = to_json(*v.canary);
  for (const auto& [key, value] : v.settings) out["settings"][key] = value;
  if (Json traffic = traffic_json(v.traffic); !traffic.is_null()) out["load"] = std::move(traffic);
  if (v.reused > 0) out["reused"] = {{"requests", v.reused}, {"from", v.reused_from}};
  return out;
}

Json load_json(const LoadValues& load) {
  Json parts = Json::object();
  for (const LoadPart& part : load.facts.parts) parts[part.name] = part.seconds;
  Json lowered = Json::object();
  for (const LoweredArgument& l : load.facts.lowered) {
    lowered[l.name] = {{"planned", l.planned}, {"taken", l.taken}};
  }
  return {{"variant", load.variant},
          {"load_s", load.facts.load_s},
          {"parts", std::move(parts)},
          {"idle_before_s", or_null(load.idle_before_s)},
          {"gpu_use", load.facts.gpu_use ? to_json(*load.facts.gpu_use) : Json(nullptr)},
          {"energy_j", or_null(load.facts.energy_j)},
          {"lowered", std::move(lowered)}};
}

Json task_json(const TaskValues& task, const RunReport& report) {
  Json cells = Json::object();
  Json shared = Json::object();
  for (std::size_t v = 0; v < task.cells.size(); ++v) {
    cells[report.variants[v].name] = cell_json(task.cells[v]);
    shared[report.variants[v].name] = task.shared_means[v];
  }
  Json out = {{"name", task.name},       {"title", task.title},     {"kind", task.kind},
              {"status", task.status},   {"reason", task.reason},   {"chance", task.chance},
              {"weight", task.weight},   {"repeats", task.repeats}, {"planned", task.planned},
              {"metrics", task.metrics}, {"cells", cells},          {"shared_items", task.shared},
              {"shared_means", shared}};
  if (task.least) out["least"] = *task.least;
  return out;
}

Json facts_json(const RunReport& report) {
  const RunFacts& facts = report.facts;
  Json out = {{"frozen_hash", facts.frozen_hash},
              {"seed", report.prompts.seed},
              {"chat", facts.chat},
              {"variants", Json::array()},
              {"tasks", Json::array()}};
  for (std::size_t v = 0; v < facts.variants.size(); ++v) {
    out["variants"].push_back({{"fingerprint", facts.variants[v].fingerprint},
                               {"template_hash", report.variants[v].template_hash},
                               {"tokenizer_hash", facts.variants[v].tokenizer_hash}});
  }
  for (const TaskFacts& task : facts.tasks) {
    out["tasks"].push_back({{"title", task.title},
                            {"source", task.source},
                            {"revision", task.revision},
                            {"fingerprint", task.fingerprint},
                            {"harness", task.harness},
                            {"sampling", task.sampling},
                            {"max_gen_toks", task.max_gen_toks},
                            {"items", task.items},
                            {"repeats", task.repeats}});
  }
  return out;
}

}  // namespace

Json json_report(const RunReport& report) {
  Json out = {{"schema_version", 3},
              {"name", report.name},
              {"assay", report.assay_version},
              {"end", report.end},
              {"budget_s", report.budget_s},
              {"spent_s", report.spent_s},
              {"started_at", report.started_at_s},
              {"ended_at", report.ended_at_s},
              {"margin_pp", report.margin_pp},
              {"alpha", report.alpha},
              {"family", report.family},
              {"weights", name_of(report.weights)},
              {"summary", report.summary},
              {"summary_zh", report.summary_zh}};
  if (report.declared) {
    out["declared"] = to_json(*report.declared);
    out["declared"]["applied_since_s"] = report.applied_since_s;
  }
  for (const auto& [variant, error] : report.failures) {
    out["failures"].push_back(
        {{"variant", variant}, {"what", error.what}, {"why", error.why}, {"fix", error.fix}});
  }
  if (report.until != Until::limits) out["until"] = name_of(report.until);
  for (const VariantValues& v : report.variants) out["variants"].push_back(variant_json(v));
  for (const LoadValues& load : report.loads) out["loads"].push_back(load_json(load));
  for (const TaskValues& task : report.tasks) out["tasks"].push_back(task_json(task, report));
  for (const MetricDifference& d : metric_differences(report)) {
    Json& cell = out["tasks"][d.task]["cells"][report.variants[d.variant].name];
    cell["metrics_differ_items"] = {{"robust_higher", d.only_robust},
                                    {"lm_eval_higher", d.only_lm_eval}};
  }
  out["pooled"] = Json::object();
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) continue;
    Json pooled = comparison_json(report.pooled[v].overall);
    pooled["left_out"] = report.pooled[v].left_out;
    pooled["insensitive"] = report.pooled[v].insensitive;
    pooled["action"] = action_json(action_of(report, v));
    if (const LooksValues* looks = looks_at(report, v)) pooled["looks"] = looks_json(*looks);
    out["pooled"][report.variants[v].name] = pooled;
  }
  if (report.arms) out["arms"] = arms_json(report, *report.arms);
  if (!report.fidelity.empty()) out["fidelity"] = fidelity_json(report);
  if (report.fidelity_floor) out["fidelity_floor"] = fidelity_figures(*report.fidelity_floor);
  if (report.noise_floor) out["noise_floor"] = noise_floor_json(report, *report.noise_floor);
  if (!report.graders.empty()) {
    out["graders"] = report.graders;
    out["graders_imitated"] = report.graders == imitated_reference();
  }
  if (!report.sandbox_missing.empty()) out["sandbox_missing"] = report.sandbox_missing;
  out["facts"] = facts_json(report);
  out["flags"] = Json::array();
  for (const Flag& flag : report.flags) {
    out["flags"].push_back({{"name", flag.name},
                            {"variant", flag.variant},
                            {"task", flag.task},
                            {"count", flag.count},
                            {"of", flag.of},
                            {"threshold", flag.threshold},
                            {"example", flag.example},
                            {"severity", severity_name(severity_of(flag))},
                            {"text", flag.text},
                            {"forces_invalid", flag.forces_invalid()},
                            {"invalidates", flag.invalidates}});
  }
  for (const EventValues& event : report.events) {
    out["events"].push_back(
        {{"at", event.at_s}, {"kind", event.kind}, {"variant", event.variant}, {"why", event.why}});
  }
  return out;
}

}  // namespace assay
