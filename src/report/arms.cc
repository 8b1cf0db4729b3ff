#include "report/arms.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/heads.h"
#include "report/sections.h"
#include "report/summary.h"

namespace assay {
namespace {

bool is_arm(const RunReport& report, std::size_t v) {
  if (report.variants[v].baseline) return true;
  const Verdict verdict = report.pooled[v].overall.verdict;
  return verdict != Verdict::invalid && verdict != Verdict::not_available;
}

// Of the items that are scored for all of these variants.
ArmTask arm_task(const TaskValues& task, const std::vector<const ItemScores*>& by_arm) {
  ArmTask out{task.weight, std::vector<std::vector<double>>(by_arm.size())};
  for (const auto& [id, first] : *by_arm.front()) {
    const auto scored = [&](const ItemScores* scores) {
      const auto found = scores->find(id);
      return found != scores->end() && found->second.repeats > 0;
    };
    if (!std::ranges::all_of(by_arm, scored)) continue;
    for (std::size_t arm = 0; arm < by_arm.size(); ++arm) {
      out.scores[arm].push_back(mean_of(by_arm[arm]->at(id), task.metrics.front()));
    }
  }
  return out;
}

// 0: a loss of the margin is ruled out; 3: nothing is known.
int serving_class(const RunReport& report, std::size_t v) {
  if (report.variants[v].baseline) return 0;
  switch (report.pooled[v].overall.verdict) {
    case Verdict::non_inferior:
    case Verdict::worse_within_margin:
      return 0;
    case Verdict::inconclusive:
      return 1;
    case Verdict::worse:
      return 2;
    case Verdict::invalid:
    case Verdict::not_available:
      break;
  }
  return 3;
}

double speed_of(const VariantValues& variant) {
  return variant.emulated ? 0 : variant.tokens_per_s;
}

// How an arm stands to the best one.
Text standing(const ArmRanking& arms, std::size_t arm) {
  if (arm == arms.best) return {"best", "最佳"};
  if (arms.not_told_from_best[arm]) return {"not told apart", "无法区分"};
  const auto pair = std::ranges::find(arms.to_best, arm, &ArmPair::other);
  return fmt::format("{:+.1f} (p {:.2g})", -pair->difference * 100, pair->p_adjusted);
}

TableCell verdict_of(const RunReport& report, std::size_t v) {
  if (report.variants[v].baseline) return Text{"baseline", "基线"};
  const PairedComparison& pooled = report.pooled[v].overall;
  return badge(pooled.verdict,
               {verdict_text(pooled, Language::en), verdict_text(pooled, Language::zh)});
}

}  // namespace

void rank_arms(const AllScores& scores, RunReport& report) {
  if (report.until == Until::decided) return;
  ArmValues values;
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (is_arm(report, v)) values.variants.push_back(v);
  }
  if (values.variants.size() < kManyArms) return;
  std::vector<ArmTask> tasks;
  for (const TaskValues& task : report.tasks) {
    if (task.status != "ok") continue;
    std::vector<const ItemScores*> by_arm;
    for (const std::size_t v : values.variants) {
      by_arm.push_back(&scores_of(scores, report.variants[v].name, task.name));
    }
    tasks.push_back(arm_task(task, by_arm));
  }
  values.arms = compare_arms(tasks, report.alpha);
  if (values.arms.items > 0) report.arms = std::move(values);
}

std::vector<std::size_t> serving_order(const RunReport& report) {
  std::vector<std::size_t> order(report.variants.size());
  for (std::size_t v = 0; v < order.size(); ++v) order[v] = v;
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    const int class_a = serving_class(report, a);
    const int class_b = serving_class(report, b);
    if (class_a != class_b) return class_a < class_b;
    return speed_of(report.variants[a]) > speed_of(report.variants[b]);
  });
  return order;
}

Table arm_section(const RunReport& report) {
  Table table{"arms", {"What to serve", "选用哪个"}};
  if (!report.arms) return table;
  const auto& [arms, variants] = *report.arms;
  table.note = {
      fmt::format("Loss ruled out first, then speed. Scores over the {} items that all of these "
                  "variants share; all {} pairs of them share alpha {} (Holm). Not told apart is "
                  "no proof of being equal.",
                  arms.items, arms.pairs, report.alpha),
      fmt::format("先看是否排除了损失，再看速度。得分只计这些变体都有得分的 {} 题；{} 个两两比较"
                  "共用 alpha {}（Holm）。「无法区分」不等于证明相同。",
                  arms.items, arms.pairs, report.alpha)};
  table.head = {heads::variant(),
                heads::verdict(),
                {"score, %", "得分 %"},
                {"to the best, points", "与最佳之差，百分点"},
                heads::tokens_per_s()};
  for (const std::size_t v : serving_order(report)) {
    const auto found = std::ranges::find(variants, v);
    if (found == variants.end()) continue;
    const auto arm = static_cast<std::size_t>(found - variants.begin());
    const VariantValues& variant = report.variants[v];
    table.rows.push_back(
        {variant.name, verdict_of(report, v), number(fmt::format("{:.1f}", arms.means[arm] * 100)),
         standing(arms, arm),
         number(rate_text(variant.tokens_per_s) + (variant.emulated ? " *" : ""))});
  }
  return table;
}

}  // namespace assay
