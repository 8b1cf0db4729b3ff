#include "report/flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "report/item_scores.h"
#include "report/kernel_flags.h"
#include "values/event_kinds.h"
#include "values/score.h"

namespace assay {
namespace {

// A share of the run items from which a flag is raised, and from which it forces INVALID.
struct Rule {
  const char* name;
  std::int64_t Cell::* count;
  bool OutputValues::* shows;
  double raise_from;
  double invalid_from;
  const char* text;
  const char* text_zh;
};

constexpr Rule kRules[] = {
    {"truncated", &Cell::truncated, &OutputValues::truncated, 0.1, 0.5,
     "outputs were cut at max_gen_toks", "个输出在 max_gen_toks 处被截断"},
    {"empty", &Cell::empty, &OutputValues::empty, 0.05, 0.3, "outputs hold nothing but white space",
     "个输出只有空白"},
    {"looping", &Cell::looping, &OutputValues::looping, 0.1, 0.5,
     "outputs repeat themselves at the end", "个输出在结尾处不断重复"},
    {"not extractable", &Cell::not_extractable, &OutputValues::not_extractable, 0.1, 0.5,
     "outputs hold no answer that can be found", "个输出中找不到答案"},
    {"thinking not closed", &Cell::thinking_not_closed, &OutputValues::thinking_not_closed, 0.05,
     0.3, "outputs end inside their thoughts", "个输出在思考过程中就结束了"},
};

constexpr std::int64_t kFewestForInvalid = 5;
constexpr double kNotReproducibleP = 0.01;
constexpr double kMostUnscoredApart = 0.1;  // of the two sides' shares

template <typename Shows>
std::string example_of(const RunReport& report, const std::string& task, std::size_t variant,
                       const Shows& shows) {
  for (const ItemValues& item : report.items) {
    const auto& output = item.outputs[variant];
    if (item.task == task && output && shows(*output)) return item.id;
  }
  return "";
}

// Of a task's items that show something, of all that ran; the first one is the example.
Flag counted_flag(const char* name, const RunReport& report, const TaskValues& task,
                  std::size_t variant, std::int64_t Cell::* count, bool OutputValues::* shows) {
  const Cell& cell = task.cells[variant];
  Flag flag{name, report.variants[variant].name, task.name, cell.*count, cell.run, 0};
  flag.example = example_of(report, task.name, variant,
                            [shows](const OutputValues& output) { return output.*shows; });
  return flag;
}

double share_of(const Cell& cell, const Rule& rule) {
  return cell.run > 0 ? static_cast<double>(cell.*rule.count) / static_cast<double>(cell.run) : 0;
}

// The comparisons that a flag of `variant` spoils: its own, or, when it is the baseline's, those of
// the candidates for which `sound` holds. Where both sides show the same, the comparison still
// answers its question, on what the plan allowed.
template <typename Sound>
std::vector<std::string> spoiled(const RunReport& report, std::size_t variant, std::size_t base,
                                 const Sound& sound) {
  std::vector<std::string> names;
  if (variant != base) {
    if (sound(base)) names.push_back(report.variants[variant].name);
    return names;
  }
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (v != base && sound(v)) names.push_back(report.variants[v].name);
  }
  return names;
}

void flag_shares(RunReport& report, const TaskValues& task, std::size_t variant, std::size_t base) {
  const Cell& cell = task.cells[variant];
  if (cell.run == 0 || task.kind == "loglikelihood") return;
  for (const Rule& rule : kRules) {
    const std::int64_t count = cell.*rule.count;
    const double share = share_of(cell, rule);
    if (count == 0 || share < rule.raise_from) continue;
    Flag flag{rule.name,      report.variants[variant].name, task.name, count, cell.run,
              rule.raise_from};
    flag.example = example_of(report, task.name, variant,
                              [&rule](const OutputValues& o) { return o.*rule.shows; });
    flag.text = fmt::format("{} of {} {}", count, cell.run, rule.text);
    flag.text_zh = fmt::format("{} 个中有 {} {}", cell.run, count, rule.text_zh);
    if (share >= rule.invalid_from && cell.run >= kFewestForInvalid) {
      flag.invalidates = spoiled(report, variant, base, [&](std::size_t other) {
        return share_of(task.cells[other], rule) < rule.raise_from;
      });
    }
    report.flags.push_back(std::move(flag));
  }
}

void flag_accuracy(RunReport& report, const TaskValues& task, std::size_t variant,
                   std::size_t base) {
  const Cell& cell = task.cells[variant];
  if (cell.scored == 0) return;
  const std::string& name = report.variants[variant].name;
  if (task.chance > 0 && cell.scored >= 20 && cell.ci95.high < task.chance) {
    Flag flag{"below chance", name, task.name, cell.scored, cell.scored, task.chance};
    flag.text = fmt::format("guessing would do better: {:.1f} % at most against {:.1f} %",
                            cell.ci95.high * 100, task.chance * 100);
    flag.text_zh = fmt::format("还不如瞎猜：至多 {:.1f} %，瞎猜有 {:.1f} %", cell.ci95.high * 100,
                               task.chance * 100);
    flag.example = example_of(report, task.name, variant, [](const OutputValues& o) {
      return o.outcome == "scored" && o.score < 0.5;
    });
    flag.invalidates = spoiled(report, variant, base, [](std::size_t) { return true; });
    report.flags.push_back(std::move(flag));
  }
  if (cell.metrics_differ > 0 && cell.metrics_differ * 10 >= cell.scored) {
    Flag flag{"metrics part", name, task.name, cell.metrics_differ, cell.scored, 0.1};
    flag.text = fmt::format("robust and lm_eval differ on {} of {} items; verdicts go by robust",
                            cell.metrics_differ, cell.scored);
    flag.text_zh = fmt::format("robust 与 lm_eval 在 {} 题中的 {} 题上不一致；结论以 robust 为准",
                               cell.scored, cell.metrics_differ);
    flag.example = example_of(report, task.name, variant, [](const OutputValues& o) {
      return o.lm_eval && *o.lm_eval != o.score;
    });
    report.flags.push_back(std::move(flag));
  }
}

// The baseline's own score against the published one: thinking off or another template moves it
// further than quantisation does. Its interval must lie outside, so that few items raise no alarm.
void flag_expected(RunReport& report, const TaskValues& task, std::size_t base) {
  const Cell& cell = task.cells[base];
  if (!task.expect || cell.scored == 0) return;
  const double within = task.expect->within_pp / 100;
  const bool below = cell.ci95.high < task.expect->score - within;
  const bool above = cell.ci95.low > task.expect->score + within;
  if (!below && !above) return;
  Flag flag{"off its published score",
            report.variants[base].name,
            task.name,
            cell.scored,
            cell.scored,
            within};
  const std::string source = task.expect->source.empty() ? "the plan" : task.expect->source;
  flag.text = fmt::format(
      "{:.1f} % to {:.1f} % against {:.1f} % ({}), {} points allowed: is it asked "
      "as there (thinking, template, shots)?",
      cell.ci95.low * 100, cell.ci95.high * 100, task.expect->score * 100, source,
      task.expect->within_pp);
  flag.text_zh = fmt::format(
      "{:.1f} % 至 {:.1f} %，公布值 {:.1f} %（{}），允许相差 {} 个百分点："
      "提问方式（思考、模板、示例）一样吗？",
      cell.ci95.low * 100, cell.ci95.high * 100, task.expect->score * 100, source,
      task.expect->within_pp);
  report.flags.push_back(std::move(flag));
}

std::int64_t unscored_answers(const Cell& cell) {
  std::int64_t n = 0;
  for (const auto& [reason, count] : cell.unscored) {
    if (reason != reason::kNotRun && reason != reason::kNotScoredBudget &&
        reason != reason::kNoJudge && reason != reason::kNeedsImage)
      n += count;
  }
  return n;
}

void flag_unscored(RunReport& report, const TaskValues& task, std::size_t variant,
                   std::size_t base) {
  const Cell& cell = task.cells[variant];
  const std::int64_t here = unscored_answers(cell);
  if (here == 0) return;
  Flag flag{"unscored", report.variants[variant].name, task.name, here, cell.run, 0};
  const std::int64_t there = unscored_answers(task.cells[base]);
  flag.text = fmt::format("{} of {} answers could not be scored ({} for the baseline)", here,
                          cell.run, there);
  flag.text_zh = fmt::format("{} 个回答中有 {} 个无法评分（基线有 {} 个）", cell.run, here, there);
  flag.example = example_of(report, task.name, variant,
                            [](const OutputValues& o) { return o.outcome != "scored"; });
  // Items that one side alone leaves unscored may be those that it would have got wrong.
  flag.invalidates = spoiled(report, variant, base, [&](std::size_t other) {
    const Cell& there_cell = task.cells[other];
    return here > unscored_answers(there_cell) &&
           unscored_apart({here, cell.run}, {unscored_answers(there_cell), there_cell.run});
  });
  report.flags.push_back(std::move(flag));
}

// Servers with a small context cut a prompt without a word; only the count of its tokens tells.
void flag_prompt_cut(RunReport& report, const TaskValues& task, std::size_t variant,
                     std::size_t base) {
  const Cell& cell = task.cells[variant];
  if (cell.prompt_cut == 0) return;
  Flag flag = counted_flag("prompt cut by the server", report, task, variant, &Cell::prompt_cut,
                           &OutputValues::prompt_cut);
  flag.text = fmt::format("of {} of {} prompts the server says that it read fewer tokens than sent",
                          cell.prompt_cut, cell.run);
  flag.text_zh = fmt::format("{} 个提示词中，服务器称有 {} 个读到的 token 少于发送的", cell.run,
                             cell.prompt_cut);
  const auto share = [](const Cell& side) { return UnscoredShare{side.prompt_cut, side.run}; };
  flag.invalidates = spoiled(report, variant, base, [&](std::size_t other) {
    return cell.prompt_cut > task.cells[other].prompt_cut &&
           unscored_apart(share(cell), share(task.cells[other]));
  });
  report.flags.push_back(std::move(flag));
}

// Log-likelihoods that no model gives come of an engine or a kernel that is broken.
void flag_likelihoods(RunReport& report, const TaskValues& task, std::size_t variant) {
  const Cell& cell = task.cells[variant];
  if (cell.odd_likelihoods == 0) return;
  Flag flag = counted_flag("odd log-likelihoods", report, task, variant, &Cell::odd_likelihoods,
                           &OutputValues::odd_likelihoods);
  flag.text = fmt::format(
      "of {} of {} items the choices' log-likelihoods are no numbers, all alike, above 0 or lack "
      "positions",
      cell.odd_likelihoods, cell.run);
  flag.text_zh = fmt::format("{} 题中有 {} 题，选项的对数似然不是数字、全部相同、大于 0 或缺少位置",
                             cell.run, cell.odd_likelihoods);
  report.flags.push_back(std::move(flag));
}

// The baseline differs from itself, in one direction, beyond chance. Whatever made one of its
// passes better may have done the same to a variant, so no comparison on this task can be trusted.
void flag_reproducible(RunReport& report, const TaskValues& task, std::size_t base) {
  if (!task.noise_floor) return;
  const NoiseFloor& floor = *task.noise_floor;
  const PairedComparison& c = floor.comparison;
  const double p = c.mcnemar_p.value_or(1);
  if (p >= kNotReproducibleP) return;
  Flag flag{"not reproducible",
            report.variants[base].name,
            task.name,
            c.flips_to_wrong + c.flips_to_right,
            c.n,
            kNotReproducibleP};
  flag.example = floor.example;
  flag.text = fmt::format(
      "its second pass differs from its first by {:+.1f} points, {} items to wrong and {} to right "
      "(McNemar p {:.2g})",
      c.diff_pp, c.flips_to_wrong, c.flips_to_right, p);
  flag.text_zh = fmt::format(
      "第二遍与第一遍相差 {:+.1f} 个百分点，{} 题由对变错，{} 题由错变对（McNemar p {:.2g}）",
      c.diff_pp, c.flips_to_wrong, c.flips_to_right, p);
  flag.invalidates = spoiled(report, base, base, [](std::size_t) { return true; });
  report.flags.push_back(std::move(flag));
}

double flip_share(const PairedComparison& c) {
  return c.n > 0
             ? static_cast<double>(c.flips_to_wrong + c.flips_to_right) / static_cast<double>(c.n)
             : 0;
}

// The variant flips no more items than the baseline does when it is asked again. `task`: empty for
// all together.
void flag_noise_floor(RunReport& report, const NoiseFloor& floor, const PairedComparison& paired,
                      std::size_t variant, const std::string& task) {
  const PairedComparison& own = floor.comparison;
  const std::int64_t flips = own.flips_to_wrong + own.flips_to_right;
  if (flips == 0 || paired.n == 0 || flip_share(own) < flip_share(paired)) return;
  Flag flag{"noise", report.variants[variant].name, task, flips, own.n, flip_share(paired)};
  flag.example = floor.example;
  flag.text = fmt::format(
      "the baseline's second pass flips on {} of {} items ({:.1f} %), this variant on {:.1f} %",
      flips, own.n, flip_share(own) * 100, flip_share(paired) * 100);
  flag.text_zh = fmt::format("基线的第二遍在 {} 题中翻转 {} 题（{:.1f} %），本变体翻转 {:.1f} %",
                             own.n, flips, flip_share(own) * 100, flip_share(paired) * 100);
  report.flags.push_back(std::move(flag));
}

// The same, judged by items that were answered several times (`repeats`) instead of a second pass.
void flag_noise(RunReport& report, const TaskValues& task, std::size_t variant, std::size_t base) {
  const Cell& there = task.cells[base];
  const auto& own = there.own_disagreement;
  const auto& between = task.cells[variant].disagreement;
  if (variant == base || !own || !between || *own <= 0 || *own < *between) return;
  Flag flag{"noise",
            report.variants[variant].name,
            task.name,
            there.own_differing,
            there.own_compared,
            *between,
            there.own_example};
  flag.text = fmt::format(
      "two answers of the baseline differ on {:.1f} % of the items, this variant's from the "
      "baseline's on {:.1f} %",
      *own * 100, *between * 100);
  flag.text_zh =
      fmt::format("基线自己的两次回答在 {:.1f} % 的题上不同，本变体与基线在 {:.1f} % 的题上不同",
                  *own * 100, *between * 100);
  report.flags.push_back(std::move(flag));
}

bool same_template(const nlohmann::json& here, const nlohmann::json& there) {
  return here.value("template_hash", "") == there.value("template_hash", "") &&
         here.value("tokenizer_hash", "") == there.value("tokenizer_hash", "");
}

// With looks the levels of a second draw come from the reserve; without them each draw is taken at
// full alpha.
void flag_started_over(RunReport& report, const VariantValues& v) {
  if (report.until == Until::decided) return;
  const auto times = std::ranges::count_if(report.events, [&v](const EventValues& event) {
    return event.kind == kAnswersForgotten && event.variant == v.name;
  });
  if (times == 0) return;
  Flag flag{"started over", v.name, ""};
  flag.count = static_cast<int>(times);
  flag.text = fmt::format(
      "scored answers of it were dropped and asked anew, {}: whoever knew them could draw until "
      "the "
      "verdict pleased, and the error rates are those of a single draw",
      times == 1 ? "once" : fmt::format("{} times", times));
  flag.text_zh = fmt::format(
      "丢弃过已评分的回答并重新提问，共 {} 次：知道分数的人可以一直重抽到结论满意为止，"
      "而错误率是按只抽一次计算的",
      times);
  report.flags.push_back(std::move(flag));
}

void flag_failure(RunReport& report, const VariantValues& v) {
  const auto failed = std::ranges::find(report.failures, v.name, &VariantFailure::variant);
  if (failed == report.failures.end()) return;
  const Error& error = failed->error;
  Flag flag{"failed", v.name, ""};
  const auto said = [&error](Language language) {
    const std::string why = error.why_text().in(language);
    return error.what_text().in(language) + (why.empty() ? "" : ": " + why);
  };
  flag.text =
      said(Language::en) + "; the other variants went on, and the same command tries it again";
  flag.text_zh = said(Language::zh) + "；其他变体继续完成，同一条命令会再试一次";
  report.flags.push_back(std::move(flag));
}

void flag_variant(RunReport& report, std::size_t variant, std::size_t base,
                  const nlohmann::json& opened) {
  const VariantValues& v = report.variants[variant];
  flag_failure(report, v);
  flag_kernels(report, v);
  flag_not_invariant(report, v);
  flag_less_memory(report, v, report.variants[base]);
  flag_started_over(report, v);
  if (v.loads > 1) {
    Flag flag{"several loads", v.name, ""};
    flag.count = v.loads;
    flag.text =
        fmt::format("its engine was loaded {} times: restarted, or the run was continued", v.loads);
    flag.text_zh = fmt::format("引擎加载了 {} 次：中途重启过，或者运行是接着做的", v.loads);
    report.flags.push_back(std::move(flag));
  }
  if (v.reused > 0) {
    Flag flag{"answers taken over", v.name, ""};
    flag.count = v.reused;
    flag.text =
        fmt::format("{} of its requests were not asked: another folder held their answers (run {})",
                    v.reused, v.reused_from);
    flag.text_zh = fmt::format("有 {} 个请求没有再问，答案取自另一个文件夹（运行 {}）", v.reused,
                               v.reused_from);
    report.flags.push_back(std::move(flag));
  }
  const auto here = opened.value(v.name, nlohmann::json());
  const auto there = opened.value(report.variants[base].name, nlohmann::json());
  const auto ignored = here.is_object() ? here.value("ignored_args", std::vector<std::string>())
                                        : std::vector<std::string>();
  if (!ignored.empty()) {
    Flag flag{"setting without effect", v.name, ""};
    const std::string names = join(ignored, ", ");
    flag.text =
        fmt::format("its chat template does not know {}: prompts are the same without", names);
    flag.text_zh = fmt::format("其对话模板不认识 {}：有无此设置，提示词都一样", names);
    report.flags.push_back(std::move(flag));
  }
  if (here.is_object() && there.is_object() && !same_template(here, there)) {
    Flag flag{"template or tokenizer differs", v.name, ""};
    flag.text = "its chat template or tokenizer is not the baseline's: prompts may differ";
    flag.text_zh = "对话模板或分词器与基线不同：提示词可能不同";
    report.flags.push_back(std::move(flag));
  }
}

// Said once a task: it is the baseline's score that is too low.
void flag_sensitivity(RunReport& report, const TaskValues& task, const PairedComparison& c,
                      const std::string& baseline, const std::string& text) {
  Flag flag{"no sensitivity", baseline, task.name, c.n, c.n, c.floor + report.margin_pp / 100};
  flag.text = "it " + text;
  flag.text_zh = fmt::format(
      "得分 {:.1f} %，至少 {:.1f} %；高于 {:.1f} % 才能显示 {} 个百分点的损失",
      c.baseline_mean * 100, c.baseline_at_least * 100, flag.threshold * 100, report.margin_pp);
  report.flags.push_back(std::move(flag));
}

void flag_gain(RunReport& report, const TaskValues& task, const PairedComparison& c,
               std::size_t variant) {
  Flag flag{"gain beyond belief",
            report.variants[variant].name,
            task.name,
            c.flips_to_right,
            c.n,
            kGainAlpha};
  flag.example = example_of(report, task.name, variant, [](const OutputValues& o) {
    return o.outcome == "scored" && o.score > 0.5;
  });
  flag.text = fmt::format(
      "{:+.1f} points, {} items to right and {} to wrong (p {:.2g} of a gain of {} points at "
      "most): "
      "{} does not do that, a broken measurement on one side does",
      c.mean_diff_pp, c.flips_to_right, c.flips_to_wrong, c.p_gain_adjusted, report.margin_pp,
      report.precision_differs ? "lower precision" : "another way of serving");
  flag.text_zh = fmt::format(
      "相差 {:+.1f} 个百分点，{} 题由错变对，{} 题由对变错（提升至多 {} 个百分点的 p 为 {:.2g}）："
      "{}不会如此，多半是某一方的测量出了问题",
      c.mean_diff_pp, c.flips_to_right, c.flips_to_wrong, report.margin_pp, c.p_gain_adjusted,
      report.precision_differs ? "降低精度" : "换一种运行方式");
  report.flags.push_back(std::move(flag));
}

// A run without a fixed size has one look, at its end (docs/statistics.md).
// No fault: whoever tests these answers anew must know that the looks chose their number.
void flag_ended_by_looks(RunReport& report, const std::string& candidate) {
  Flag flag{kEndedByLooks, candidate, ""};
  flag.text =
      "looks at the scores decided how many items it answered: its verdict is that of the "
      "last look, and a test of all its answers as if their number had been fixed "
      "beforehand is none";
  flag.text_zh =
      "作答题数由中期检验决定：结论以最后一次检验为准；把全部回答当作题数事先固定来检验是无效的";
  report.flags.push_back(std::move(flag));
}

void flag_looks(RunReport& report, const std::string& candidate) {
  if (report.until == Until::decided) flag_ended_by_looks(report, candidate);
  const bool ended =
      report.until != Until::budget || report.end == "complete" || report.end == "out_of_time";
  if (ended && !report.extended) return;
  Flag flag{ended ? kExtendedFlag : "not ended", candidate, ""};
  flag.text = ended ? "the run went on after it had ended once: whoever gave it more time or items "
                      "could know its verdict, so this one is exploratory (sample extended after "
                      "results)"
                    : "the run has not ended: `until: budget` has one look, at its end, and one "
                      "taken now would depend on when somebody looked";
  flag.text_zh = ended
                     ? "运行结束后又继续：追加时间或题目的人可能已知先前结论，因此本结论仅供探索（"
                       "看到结果后扩大了样本）"
                     : "运行尚未结束：`until: budget` 只在结束时检验一次，此刻的结论取决于何时查看";
  flag.invalidates = {candidate};
  report.flags.push_back(std::move(flag));
}

// Nothing is wrong with the figures.
constexpr std::array kNotes = {std::string_view(kEndedByLooks), std::string_view("several loads"),
                               std::string_view("answers taken over"), std::string_view("noise")};

}  // namespace

Severity severity_of(const Flag& flag) {
  if (flag.forces_invalid()) return Severity::invalid;
  return std::ranges::find(kNotes, flag.name) != kNotes.end() ? Severity::note : Severity::warning;
}

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::invalid:
      return "invalid";
    case Severity::warning:
      return "warning";
    case Severity::note:
      break;
  }
  return "note";
}

std::vector<const Flag*> flags_about(const RunReport& report, std::size_t variant) {
  const std::string& name = report.variants[variant].name;
  const std::string& base = report.variants[baseline_index(report.variants)].name;
  std::vector<const Flag*> out;
  for (const Flag& flag : report.flags) {
    if (flag.variant == name || flag.variant == base) out.push_back(&flag);
  }
  std::ranges::stable_sort(out, {}, [](const Flag* flag) { return severity_of(*flag); });
  return out;
}

bool unscored_apart(const UnscoredShare& one, const UnscoredShare& other) {
  const auto share = [](const UnscoredShare& side) {
    return side.of > 0 ? static_cast<double>(side.unscored) / static_cast<double>(side.of) : 0;
  };
  return std::abs(one.unscored - other.unscored) >= kFewestForInvalid &&
         std::abs(share(one) - share(other)) >= kMostUnscoredApart;
}

void flag_comparisons(RunReport& report) {
  for (const TaskValues& task : report.tasks) {
    bool said = false;
    for (std::size_t v = 0; v < report.variants.size(); ++v) {
      const auto& paired = task.cells[v].paired;
      if (!paired || paired->n == 0) continue;
      const std::string& baseline = report.variants[baseline_index(report.variants)].name;
      const std::string low = low_baseline_text(*paired, report.margin_pp);
      if (!low.empty() && !std::exchange(said, true)) {
        flag_sensitivity(report, task, *paired, baseline, low);
      }
      if (paired->obstacle == Obstacle::gain) flag_gain(report, task, *paired, v);
    }
  }
}

void flag_fidelity(RunReport& report) {
  for (std::size_t v = 0; v < report.fidelity.size(); ++v) {
    if (!report.fidelity[v]) continue;
    const FidelityValues f = report.fidelity[v].value_or(FidelityValues{});
    if (f.kl.low <= kLowFidelityKl) continue;
    Flag flag{kLowFidelityFlag, report.variants[v].name, ""};
    flag.threshold = kLowFidelityKl;
    flag.text = fmt::format(
        "on the baseline's own outputs its token distribution is {:.4f} nats away (mean KL), and "
        "its top-1 agreement is {:.1f} %",
        f.kl.value, f.top1_agreement.value * 100);
    flag.text_zh = fmt::format(
        "在基线自己的输出上，其 token 分布平均相差 {:.4f} nat（KL），首选 token 一致率为 {:.1f} %",
        f.kl.value, f.top1_agreement.value * 100);
    report.flags.push_back(std::move(flag));
  }
}

void raise_flags(RunReport& report, const nlohmann::json& opened) {
  const std::size_t base = baseline_index(report.variants);
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    flag_variant(report, v, base, opened);
    if (v != base) flag_looks(report, report.variants[v].name);
    for (const TaskValues& task : report.tasks) {
      flag_shares(report, task, v, base);
      flag_accuracy(report, task, v, base);
      flag_unscored(report, task, v, base);
      flag_prompt_cut(report, task, v, base);
      flag_likelihoods(report, task, v);
      if (v == base) flag_reproducible(report, task, base);
      if (v == base) flag_expected(report, task, base);
      if (!task.noise_floor) flag_noise(report, task, v, base);
    }
  }
}

void flag_noise_floors(RunReport& report) {
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) continue;
    if (report.noise_floor) {
      flag_noise_floor(report, *report.noise_floor, report.pooled[v].overall, v, "");
    }
    for (const TaskValues& task : report.tasks) {
      const auto& paired = task.cells[v].paired;
      if (task.noise_floor && paired) {
        flag_noise_floor(report, *task.noise_floor, *paired, v, task.name);
      }
    }
  }
}

const Flag* invalidating_flag(const RunReport& report, const std::string& variant,
                              const std::string& task) {
  for (const Flag& flag : report.flags) {
    const auto& names = flag.invalidates;
    if (flag.is_about(task) && std::find(names.begin(), names.end(), variant) != names.end()) {
      return &flag;
    }
  }
  return nullptr;
}

}  // namespace assay
