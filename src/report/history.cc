#include "report/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/text.h"

namespace assay {
namespace {

// --- what must be the same

// What of a plan decides the question; the rest says how it was run.
Json question_of(const FrozenPlan& frozen) {
  const Json plan = to_json(frozen.plan);
  Json out = {{"seed", plan.at("seed")}, {"chat", plan.at("chat")}};
  out["compare"] = {
      {"margin_pp", frozen.plan.compare.margin_pp},
      {"alpha", frozen.plan.compare.alpha},
      {"weights",
       frozen.plan.compare.weights ? std::string(name_of(*frozen.plan.compare.weights)) : "equal"}};
  Json& tasks = out["tasks"] = Json::object();
  for (const Json& task : plan.at("tasks")) {
    Json& kept = tasks[task.at("name").get<std::string>()] = task;
    for (const char* key : {"name", "data", "revision", "if_gated", "expect"}) kept.erase(key);
    for (const ExpectedKey& key : kExpectedKeys) kept.erase(key.name);
  }
  return out;
}

std::string value_in(const Json& flat, const std::string& path) {
  return flat.contains(path) ? one_line(dump_json(flat.at(path)), 80) : "nothing";
}

// "/tasks/math500/limit" as plans say it.
std::string key_of(const std::string& path) {
  std::string out = path.substr(std::min<std::size_t>(1, path.size()));
  return replace_all(std::move(out), "/", ".");
}

Status same_question(const HistorySource& first, const HistorySource& other) {
  const Json a = question_of(first.frozen).flatten();
  const Json b = question_of(other.frozen).flatten();
  std::set<std::string> paths;
  for (const auto& [path, value] : a.items()) paths.insert(path);
  for (const auto& [path, value] : b.items()) paths.insert(path);
  for (const std::string& path : paths) {
    if (a.contains(path) && b.contains(path) && a.at(path) == b.at(path)) continue;
    return usage_error(fmt::format("{} and {} did not ask the same", first.folder, other.folder),
                       fmt::format("{} is {} in the one and {} in the other", key_of(path),
                                   value_in(a, path), value_in(b, path)),
                       "name runs of one plan; a history shows what the engine changes");
  }
  return {};
}

const FrozenVariant* baseline_of(const FrozenPlan& frozen) {
  const auto found = std::ranges::find(frozen.variants, true, &FrozenVariant::baseline);
  return found == frozen.variants.end() ? nullptr : &*found;
}

std::string described_baseline(const FrozenVariant* baseline) {
  if (baseline == nullptr) return "none";
  const std::string at =
      baseline->revision.empty() ? "" : " at " + baseline->revision.substr(0, 12);
  return baseline->model + at;
}

Status same_baseline(const HistorySource& first, const HistorySource& other) {
  const FrozenVariant* a = baseline_of(first.frozen);
  const FrozenVariant* b = baseline_of(other.frozen);
  if (a != nullptr && b != nullptr && a->fingerprint == b->fingerprint &&
      (!a->fingerprint.empty() || a->model == b->model)) {
    return {};
  }
  const bool same_words = described_baseline(a) == described_baseline(b);
  return usage_error(
      fmt::format("{} and {} have different baselines", first.folder, other.folder),
      same_words ? fmt::format("{} has other weights or another tokenizer in the one than in the "
                               "other",
                               described_baseline(a))
                 : fmt::format("{} in the one, {} in the other", described_baseline(a),
                               described_baseline(b)),
      "a variant's differences are to its baseline: name runs that share it");
}

// --- what moved

bool lie_apart(const Estimate& a, const Estimate& b) {
  return a.high < b.low || b.high < a.low;
}

void note_moves(const HistoryPoint& before, HistoryPoint& now) {
  if (before.pooled.verdict != now.pooled.verdict) {
    const std::string was(verdict_label(before.pooled.verdict));
    now.moved.push_back({"was " + was, "此前为 " + was});
  }
  if (before.fidelity && now.fidelity &&
      lie_apart(before.fidelity->top1_agreement, now.fidelity->top1_agreement)) {
    const double points =
        (now.fidelity->top1_agreement.value - before.fidelity->top1_agreement.value) * 100;
    now.moved.push_back({fmt::format("agreement {:+.1f} points", points),
                         fmt::format("一致率 {:+.1f} 个百分点", points)});
  }
  if (before.fidelity && now.fidelity && lie_apart(before.fidelity->kl, now.fidelity->kl)) {
    const double nats = now.fidelity->kl.value - before.fidelity->kl.value;
    now.moved.push_back({fmt::format("KL {:+.4f}", nats), fmt::format("KL {:+.4f}", nats)});
  }
  std::set<std::string> packages;
  for (const auto& [package, version] : before.versions) packages.insert(package);
  for (const auto& [package, version] : now.versions) packages.insert(package);
  const auto version_in = [](const HistoryPoint& point, const std::string& package) {
    const auto found = point.versions.find(package);
    return found == point.versions.end() ? std::string("none") : found->second;
  };
  for (const std::string& package : packages) {
    const std::string was = version_in(before, package);
    const std::string is = version_in(now, package);
    if (was != is) now.changed.emplace_back(fmt::format("{} {} → {}", package, was, is));
  }
  if (before.kernels != now.kernels) {
    now.changed.push_back(
        {"kernels " + join(now.kernels, ", "), "内核 " + join(now.kernels, "、")});
  }
  if (before.model != now.model) {
    now.changed.push_back({"model " + now.model, "模型 " + now.model});
  }
}

void add_history_run(const HistorySource& source, std::size_t run, History& history) {
  const RunReport& report = source.report;
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    const VariantValues& values = report.variants[v];
    if (values.baseline) continue;
    auto variant = std::ranges::find(history.variants, values.name, &HistoryVariant::name);
    if (variant == history.variants.end()) {
      history.variants.push_back({values.name, {}});
      variant = history.variants.end() - 1;
    }
    HistoryPoint point;
    point.run = run;
    point.model = values.model;
    point.pooled = report.pooled[v].overall;
    if (v < report.fidelity.size()) point.fidelity = report.fidelity[v];
    point.versions = values.facts.versions;
    point.kernels = values.facts.kernel_names();
    point.tokens_per_s = values.tokens_per_s;
    point.load_s = values.load_s;
    if (!variant->points.empty()) note_moves(variant->points.back(), point);
    variant->points.push_back(std::move(point));
  }
}

}  // namespace

Result<History> history_of(std::vector<HistorySource> runs) {
  History out;
  if (runs.empty()) return out;
  std::ranges::stable_sort(runs, {},
                           [](const HistorySource& source) { return source.report.started_at_s; });
  for (const HistorySource& run : runs) {
    TRY(same_baseline(runs.front(), run));
    TRY(same_question(runs.front(), run));
  }
  out.name = runs.back().report.name;
  out.baseline = described_baseline(baseline_of(runs.back().frozen));
  out.margin_pp = runs.back().report.margin_pp;
  out.alpha = runs.back().report.alpha;
  for (const HistorySource& run : runs) {
    out.runs.push_back({run.folder, run.report.started_at_s, run.report.end});
    add_history_run(run, out.runs.size() - 1, out);
  }
  return out;
}

}  // namespace assay
