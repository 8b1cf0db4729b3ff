#include "compare/compare_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/text.h"
#include "compare/compare_task.h"
#include "compare/compare_units.h"
#include "compare/study.h"
#include "report/flags.h"
#include "report/words.h"
#include "stats/family.h"

namespace assay {
namespace {

TaskPolicy policy_of(const GatePolicy& policy, const std::string& task) {
  const auto it = policy.tasks.find(task);
  return it == policy.tasks.end() ? TaskPolicy() : it->second;
}

// The flag of either side's own report that spoils the comparison of a task.
std::string spoiling_flag(const Sides& sides, const std::string& task, const std::string& other) {
  if (sides.candidate.looks && !sides.asks_what_the_run_asked) return kEndedByLooks;
  for (const Flag& flag : sides.candidate.flags) {
    if (flag.is_about(other) && flag.forces_invalid()) return flag.name;
  }
  for (const Flag& flag : sides.base.flags) {
    if (!flag.is_about(task) || !flag.forces_invalid()) continue;
    const auto& names = flag.invalidates;
    const bool same_run = sides.base.folder.parent_path() == sides.candidate.folder.parent_path();
    if (!same_run || std::find(names.begin(), names.end(), sides.candidate.name) != names.end()) {
      return flag.name;
    }
  }
  return "";
}

// Asked whether it is kept, so that a figure that is no number keeps no limit.
void check_limit(const Text& what, double value, const Text& side, double limit, bool kept,
                 FolderComparison& out) {
  if (kept) return;
  out.failures.push_back(
      std::isfinite(value)
          ? bilingual("{} {:.4f} is {} {}", "{} {:.4f} {} {}", what, value, side, limit)
          : bilingual("{} is not a number", "{}不是有效数值", what));
}

void apply_policy(const Sides& sides, FolderComparison& out) {
  const GatePolicy& policy = sides.request.policy;
  for (const ResultArm* arm : {&sides.base, &sides.candidate}) {
    for (const Flag& flag : arm->flags) {
      const auto& names = policy.fail_on_flags;
      if (std::find(names.begin(), names.end(), flag.name) == names.end()) continue;
      const std::string task = flag.task.empty() ? "" : ", " + flag.task;
      out.failures.push_back(bilingual("flag {0} of {1}{2}", "{1}{3} 有标记：{0}",
                                       flag_words(flag.name), arm->name, task,
                                       flag.task.empty() ? "" : "、" + flag.task));
    }
  }
  if (!policy.kl_at_most && !policy.top1_agreement_at_least) return;
  const auto& fidelity = sides.candidate.fidelity;
  if (!fidelity) {
    out.failures.push_back(bilingual("the policy limits fidelity, and {} has no figures of it",
                                     "策略限制保真度，而 {} 没有相应数值", sides.candidate.name));
    return;
  }
  if (policy.kl_at_most) {
    const bool kept = fidelity->kl.value <= *policy.kl_at_most;
    check_limit({"mean KL", "平均 KL"}, fidelity->kl.value, {"above", "高于"}, *policy.kl_at_most,
                kept, out);
  }
  if (policy.top1_agreement_at_least) {
    const bool kept = fidelity->top1_agreement.value >= *policy.top1_agreement_at_least;
    check_limit({"top-1 agreement", "首选 token 一致率"}, fidelity->top1_agreement.value,
                {"below", "低于"}, *policy.top1_agreement_at_least, kept, out);
  }
}

void note_answers(const Sides& sides, TaskComparison& task) {
  for (const auto& [arm, counts] : {std::pair(&sides.base, &task.answers_base),
                                    std::pair(&sides.candidate, &task.answers_candidate)}) {
    const Text text = answers_text(*counts);
    if (!text.empty()) {
      task.notes.push_back(bilingual("look: {}: {}", "请留意：{}：{}", arm->name, text));
    }
  }
}

// What one candidate is compared by, before its family is.
struct Prepared {
  FolderComparison comparison;
  CandidateComparison tests;               // its tasks in the comparison's order
  std::vector<std::string> not_available;  // of each task why it has none; empty: it has
};

// Settings that one side's files do not tell, and tasks whose answers nobody saw: a line each.
void note_what_is_not_known(const Sides& sides, const std::set<std::string>& not_said,
                            Prepared& prepared) {
  FolderComparison& out = prepared.comparison;
  if (!not_said.empty()) {
    out.notes.push_back(bilingual("said on one side only, so not compared: {}",
                                  "只有一方写明，因此没有比较：{}",
                                  some_of({not_said.begin(), not_said.end()})));
  }
  std::vector<std::string> unseen;
  for (std::size_t t = 0; t < out.tasks.size(); ++t) {
    const TaskComparison& task = out.tasks[t];
    const auto seen = [](const ResultArm& arm, const AnswerCounts& answers) {
      return arm.of_assay || answers.looked_at > 0 || answers.likelihoods > 0;
    };
    if (!prepared.not_available[t].empty()) continue;  // nothing rests on its answers
    if (!seen(sides.base, task.answers_base) || !seen(sides.candidate, task.answers_candidate)) {
      unseen.push_back(task.task);
    }
  }
  if (!unseen.empty()) {
    out.notes.push_back(bilingual("answers not looked at, as no samples hold them: {}",
                                  "没有查看回答，因为没有样本文件：{}", some_of(unseen)));
  }
}

// A name that no file has is a slip; one that some tasks lack is not.
Status check_metric_found(const CompareRequest& request, const Prepared& prepared) {
  if (request.metric.empty() && request.filter.empty()) return {};
  for (const std::string& why : prepared.not_available) {
    if (!why.starts_with("no metric ")) return {};
  }
  return usage_error(bilingual("{} has {}", "{} 有 {}", prepared.comparison.tasks[0].task,
                               prepared.not_available[0]),
                     {"no task that both sides have has it", "双方共有的任务都没有它"},
                     {"name one of these", "给出其中一个"});
}

// What one side alone has not scored may be what it got wrong (docs/flags.md, unscored).
bool unscored_spoils(const TaskComparison& task) {
  return unscored_apart({task.unscored_base_alone, task.shared},
                        {task.unscored_candidate_alone, task.shared});
}

// Nobody declared a rule for other programs' results: the mean of the tasks, as they publish it.
constexpr WeightRule kForeignWeights = WeightRule::equal;

// How much a task counts: as the base's run declared, unless the policy names a rule.
double weight_of(const Sides& sides, const std::string& task, std::size_t pairs) {
  const GatePolicy& policy = sides.request.policy;
  const double factor = policy_of(policy, task).weight;
  const auto& declared = sides.base.declared_tasks;
  const auto it = declared.find(task);
  if (!policy.weights && it != declared.end()) return factor * it->second.weight;
  return task_weight(policy.weights.value_or(kForeignWeights), factor,
                     static_cast<std::int64_t>(pairs));
}

double floor_of(const Sides& sides, const std::string& task, const ComparedUnit& compared) {
  const auto declared = sides.base.declared_tasks.find(task);
  if (declared != sides.base.declared_tasks.end()) return declared->second.chance;
  if (compared.floor > 0) return compared.floor;
  const auto known = sides.request.floors.find(task);
  return known == sides.request.floors.end() ? 0 : known->second;
}

PoolTask test_of(const Sides& sides, const CompareUnit& unit, ComparedUnit& compared) {
  PoolTask test{unit.task};
  // A perplexity was never to be part of a pool of right answers, so no weight of it is missing.
  test.weight = compared.no_share ? 0 : weight_of(sides, unit.task, compared.pairs.size());
  test.pairs = std::move(compared.pairs);
  test.unpaired = compared.unpaired;
  test.margin_pp = policy_of(sides.request.policy, unit.task).margin_pp;
  test.floor = floor_of(sides, unit.task, compared);
  test.invalid = spoiling_flag(sides, unit.task, unit.other);
  if (test.invalid.empty() && unscored_spoils(compared.comparison)) test.invalid = "unscored";
  return test;
}

Result<Prepared> prepare(const Sides& sides) {
  Prepared prepared;
  FolderComparison& out = prepared.comparison;
  out.base = sides.base.name;
  out.candidate = sides.candidate.name;
  out.notes = sides.base.notes;
  for (const Text& note : sides.candidate.notes) {
    if (std::find(out.notes.begin(), out.notes.end(), note) == out.notes.end()) {
      out.notes.push_back(note);
    }
  }
  if (!sides.base.of_assay && !sides.base.model.empty() &&
      sides.base.model == sides.candidate.model) {
    out.notes.push_back(bilingual("both sides' results are of a model named {}",
                                  "两侧的结果都属于名为 {} 的模型", sides.base.model));
  }
  CompareUnits units = units_of(sides.base, sides.candidate, sides.request);
  out.only_base = units.only_base;
  out.only_candidate = units.only_candidate;
  if (units.both.empty()) {
    return usage_error(
        bilingual("{} and {} share no task", "{} 与 {} 没有共同的任务", sides.base.name,
                  sides.candidate.name),
        bilingual("the one has {}, the other {}", "一方有 {}，另一方有 {}", some_of(out.only_base),
                  some_of(out.only_candidate)),
        {"name results of the same tasks, or say --task BASE=CANDIDATE for a renamed one",
         "给出同样任务的结果；任务改过名时写 --task BASE=CANDIDATE"});
  }
  std::set<std::string> not_said;
  for (const CompareUnit& unit : units.both) {
    ComparedUnit compared = TRY(compare_unit(sides, unit));
    not_said.insert(compared.not_said.begin(), compared.not_said.end());
    note_answers(sides, compared.comparison);
    prepared.tests.tasks.push_back(test_of(sides, unit, compared));
    prepared.not_available.push_back(compared.not_available);
    out.tasks.push_back(std::move(compared.comparison));
  }
  TRY(check_metric_found(sides.request, prepared));
  note_what_is_not_known(sides, not_said, prepared);
  apply_policy(sides, out);
  return prepared;
}

// Whether a run's own report answers what is asked here: two of its variants, by its own margin,
// alpha, weights and metrics.
bool asks_what_the_run_asked(const ResultArm& base, const ResultArm& candidate,
                             const ComparisonReport& report, const CompareRequest& request) {
  const auto as_declared = [](const auto& task) {
    return !task.second.margin_pp && task.second.weight == 1;
  };
  return base.baseline && base.declared &&
         base.folder.parent_path() == candidate.folder.parent_path() &&
         base.declared->asks_the_same({report.margin_pp, report.alpha, report.weights, 0}) &&
         request.metric.empty() && request.filter.empty() &&
         std::ranges::all_of(request.policy.tasks, as_declared);
}

// The looks chose how many items the candidate answered, so what they found stands as it is.
void take_own_looks(const OwnLooks& looks, FolderComparison& out) {
  out.pooled = looks.pooled;
  for (TaskComparison& task : out.tasks) {
    const auto own = looks.tasks.find(task.task);
    if (own != looks.tasks.end()) task.comparison = own->second;
  }
  out.notes.emplace_back(
      "ended by looks: verdicts are those of the last one, in the run's own report",
      "由中期检验结束：结论取自最后一次检验，见该运行自己的报告");
}

// A name in the policy that no candidate shares is a slip: its task would go by other rules.
Status check_policy_tasks(const GatePolicy& policy, const std::vector<Prepared>& prepared) {
  std::set<std::string> known;
  for (const Prepared& one : prepared) {
    for (const TaskComparison& task : one.comparison.tasks) known.insert(task.task);
    known.insert(one.comparison.only_base.begin(), one.comparison.only_base.end());
    known.insert(one.comparison.only_candidate.begin(), one.comparison.only_candidate.end());
  }
  std::vector<std::string> unknown;
  for (const auto& [name, task] : policy.tasks) {
    if (!known.contains(name)) unknown.push_back(name);
  }
  if (unknown.empty()) return {};
  return usage_error(
      bilingual("the policy names tasks that no side has: {}", "policy 写了双方都没有的任务：{}",
                some_of(unknown)),
      bilingual("there are: {}", "已有：{}", some_of({known.begin(), known.end()})),
      {"correct the names, or take them out of the policy", "改正名称，或从 policy 中去掉它们"});
}

// What the flags of a run say of a comparison, said here too, where nobody's report does.
void note_obstacles(TaskComparison& task) {
  const PairedComparison& c = task.comparison;
  const std::string low = low_baseline_text(c, task.margin_pp);
  if (!low.empty()) {
    task.notes.push_back(bilingual("no sensitivity: the base {0}",
                                   "灵敏度不足：基线得分 {1:.1f} %，至少 {2:.1f} %；要 {3:.1f} % "
                                   "以上，{4} 个百分点的损失才看得出来",
                                   low, c.baseline_mean * 100, c.baseline_at_least * 100,
                                   c.floor * 100 + task.margin_pp, task.margin_pp));
  }
  if (c.obstacle == Obstacle::gain) {
    task.notes.push_back(
        bilingual("look: gain beyond belief (p {:.2g}): lower precision does not do that, a broken "
                  "measurement on one side does",
                  "请留意：提升大得不可信（p {:.2g}）：降低精度不会如此，一方的测量有误才会",
                  c.p_gain_adjusted));
  }
}

FolderComparison finished(Prepared prepared, double margin_pp) {
  FolderComparison out = std::move(prepared.comparison);
  for (std::size_t t = 0; t < out.tasks.size(); ++t) {
    TaskComparison& task = out.tasks[t];
    task.comparison = std::move(prepared.tests.rows[t]);
    task.margin_pp = prepared.tests.tasks[t].margin_pp.value_or(margin_pp);
    const std::string& why = prepared.not_available[t];
    if (task.comparison.verdict == Verdict::not_available && !why.empty()) {
      task.comparison.reason = why;
    }
    note_obstacles(task);
  }
  out.pooled = std::move(prepared.tests.pooled);
  return out;
}

// What is applied where a run of assay declared otherwise.
void note_declared(const ResultArm& base, ComparisonReport& report) {
  if (!base.declared) return;
  const Declaration& declared = *base.declared;
  const Declaration applied{report.margin_pp, report.alpha, report.weights, 0};
  if (declared.asks_the_same(applied)) return;
  report.notes.push_back(bilingual(
      "declared before the first answer: margin {} points, alpha {}, weights {}; "
      "applied here: margin {}, alpha {}, weights {}",
      "第一个回答之前声明的是：非劣效界值 {} 个百分点，alpha {}，权重 {}；这里用的是：界值 "
      "{}，alpha {}，权重 {}",
      declared.margin_pp, declared.alpha, name_of(declared.weights), applied.margin_pp,
      applied.alpha, name_of(applied.weights)));
}

std::string names_of(const std::vector<ResultArm>& arms) {
  std::vector<std::string> names;
  names.reserve(arms.size());
  for (const ResultArm& arm : arms) names.push_back(arm.name);
  return some_of(names);
}

Result<ResultArm> base_arm(const std::string& spec, std::vector<ResultArm>& others) {
  std::vector<ResultArm> arms = TRY(read_arms(spec));
  std::size_t chosen = 0;
  if (arms.size() > 1) {
    chosen = arms.size();
    for (std::size_t i = 0; i < arms.size(); ++i) {
      if (arms[i].baseline) chosen = i;
    }
    if (chosen == arms.size()) {
      return usage_error(
          bilingual("{} holds several models' results", "{} 里有多个模型的结果", spec),
          names_of(arms), bilingual("name one: {}:{}", "指明一个：{}:{}", spec, arms.front().name));
    }
  }
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (i != chosen) others.push_back(arms[i]);
  }
  return std::move(arms[chosen]);
}

struct Arms {
  ResultArm base;
  std::vector<ResultArm> candidates;
};

// Two arms of one name cannot be told apart in a report: the folders above name them.
void name_apart(Arms& arms) {
  std::vector<ResultArm*> all = {&arms.base};
  std::map<std::string, int> count;
  for (ResultArm& arm : arms.candidates) all.push_back(&arm);
  for (const ResultArm* arm : all) ++count[arm->name];
  for (ResultArm* arm : all) {
    if (count[arm->name] < 2 || arm->of_assay) continue;
    arm->name = (arm->folder.parent_path().filename() / arm->name).generic_string();
  }
}

Result<Arms> named_arms(const CompareRequest& request, std::vector<Text>& notes) {
  Arms out;
  std::vector<ResultArm> others;
  out.base = TRY(base_arm(request.base, others));
  if (request.candidates.empty()) out.candidates = std::move(others);
  std::set<std::string> seen;
  for (const std::string& spec : request.candidates) {
    std::vector<ResultArm> arms = TRY(read_arms(spec));
    const bool several = arms.size() > 1;
    for (ResultArm& arm : arms) {
      if (several && arm.baseline) continue;
      if (arm.key == out.base.key) continue;
      if (!seen.insert(arm.key).second) {
        notes.push_back(
            bilingual("{} is named twice: it counts once", "{} 写了两次：只算一次", arm.name));
        continue;
      }
      out.candidates.push_back(std::move(arm));
    }
  }
  name_apart(out);
  if (out.candidates.empty()) {
    return usage_error(
        bilingual("there is nothing to compare {} with", "没有可与 {} 比较的", out.base.name),
        {"no other model's results were named", "没有给出其他模型的结果"},
        {"name a candidate: assay compare BASE CANDIDATE",
         "给出候选：assay compare BASE CANDIDATE"});
  }
  return out;
}

Result<Arms> study_arms(const CompareRequest& request) {
  std::vector<std::string> folders = {request.base};
  folders.insert(folders.end(), request.candidates.begin(), request.candidates.end());
  Arms out;
  bool found = false;
  std::vector<ResultArm> arms = TRY(read_study(folders, request.arm_pattern));
  const std::string names = names_of(arms);
  for (ResultArm& arm : arms) {
    if (!found && arm.name == request.baseline) {
      out.base = std::move(arm);
      found = true;
    } else {
      out.candidates.push_back(std::move(arm));
    }
  }
  if (!found) {
    return usage_error(bilingual("there is no arm {}", "没有对比组 {}", request.baseline),
                       bilingual("there are: {}", "已有：{}", names),
                       {"name one of these after --baseline", "在 --baseline 后写其中一个"});
  }
  if (out.candidates.empty()) {
    return usage_error(
        bilingual("there is nothing to compare {} with", "没有可与 {} 比较的", out.base.name),
        {"the folder holds no other arm", "目录里没有别的对比组"},
        {"name a folder of several arms", "给出含有多个对比组的目录"});
  }
  return out;
}

// How far below the median of its siblings a baseline is to be looked at, as a share.
constexpr double kFarBelow = 0.30;

void look_at_baseline(ComparisonReport& report) {
  std::map<std::string, std::pair<double, std::vector<double>>> scores;  // task -> base, siblings
  for (const FolderComparison& candidate : report.candidates) {
    for (const TaskComparison& task : candidate.tasks) {
      if (task.comparison.n == 0) continue;
      scores[task.task].first = task.comparison.baseline_mean;
      scores[task.task].second.push_back(task.comparison.candidate_mean);
    }
  }
  for (auto& [task, values] : scores) {
    auto& [base, siblings] = values;
    std::sort(siblings.begin(), siblings.end());
    const std::size_t n = siblings.size();
    const double median = (siblings[(n - 1) / 2] + siblings[n / 2]) / 2;
    if (!(base < median - kFarBelow)) continue;
    report.notes.push_back(
        bilingual("look: {}: the baseline has {:.1f} %, the median of the others is {:.1f} %: was "
                  "it asked and scored as they were?",
                  "请留意：{}：基线为 {:.1f} %，其他的中位数是 {:.1f} %：提问与评分方式相同吗？",
                  task, base * 100, median * 100));
  }
}

}  // namespace

Result<ComparisonReport> compare_folders(const CompareRequest& request) {
  ComparisonReport out;
  out.policy = request.policy;
  const Arms arms =
      TRY(request.baseline.empty() ? named_arms(request, out.notes) : study_arms(request));
  const Declaration declared = arms.base.declared.value_or(
      Declaration{CompareOptions().margin_pp, CompareOptions().alpha, kForeignWeights, 0});
  out.margin_pp = request.policy.margin_pp.value_or(declared.margin_pp);
  out.alpha = request.policy.alpha.value_or(declared.alpha);
  out.weights = request.policy.weights.value_or(declared.weights);
  note_declared(arms.base, out);
  std::vector<Prepared> prepared;
  std::vector<CandidateComparison> tests;
  for (const ResultArm& candidate : arms.candidates) {
    const bool own = asks_what_the_run_asked(arms.base, candidate, out, request);
    prepared.push_back(TRY(prepare({arms.base, candidate, request, own})));
    tests.push_back(std::move(prepared.back().tests));
  }
  TRY(check_policy_tasks(request.policy, prepared));
  out.family = compare_family(tests, {.margin_pp = out.margin_pp, .alpha = out.alpha});
  for (std::size_t i = 0; i < prepared.size(); ++i) {
    prepared[i].tests = std::move(tests[i]);
    out.candidates.push_back(finished(std::move(prepared[i]), out.margin_pp));
    const ResultArm& candidate = arms.candidates[i];
    if (candidate.looks && asks_what_the_run_asked(arms.base, candidate, out, request)) {
      take_own_looks(*candidate.looks, out.candidates.back());
    }
  }
  look_at_baseline(out);
  return out;
}

}  // namespace assay
