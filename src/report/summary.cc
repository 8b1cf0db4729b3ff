#include "report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"
#include "report/flags.h"
#include "report/item_scores.h"
#include "report/looks.h"
#include "report/sections.h"
#include "report/table.h"
#include "report/words.h"
#include "values/math_reference.h"

namespace assay {
namespace {

// The pool's own figures broke down, not one of its tasks (stats/comparison.h).
bool lacks_numbers(const PairedComparison& pooled) {
  return pooled.reason.starts_with(kNotANumber);
}

// Why no number of items alone would do: stats/comparison.h's reason of an INCONCLUSIVE one.
std::string reason_zh(const PairedComparison& comparison) {
  if (comparison.reason.empty()) return "";
  switch (comparison.obstacle) {
    case Obstacle::no_sensitivity:
      return "灵敏度不足：基线得分太低，显示不出这样的损失";
    case Obstacle::insensitive_tasks:
      return "不计灵敏度不足的任务也须成立";
    case Obstacle::gain:
      return "提升大得不可信";
    case Obstacle::none:
      break;
  }
  return "";
}

// How many items would settle it, and what else it takes; empty: neither is known.
std::string what_it_takes(const PairedComparison& comparison, bool zh) {
  std::string items;
  if (comparison.items_needed) {
    items = zh ? fmt::format("需要 {} 题", *comparison.items_needed)
               : fmt::format("{} items needed", *comparison.items_needed);
  }
  const std::string reason = zh ? reason_zh(comparison) : comparison.reason;
  if (items.empty() && reason.empty()) return "";
  const std::string both = items +
                           (items.empty() || reason.empty() ? ""
                            : zh                            ? "；"
                                                            : "; ") +
                           reason;
  return zh ? "（" + both + "）" : " (" + both + ")";
}

// What the pooled verdict means, without the numbers.
Text meaning_of(const PairedComparison& pooled, double margin_pp) {
  switch (pooled.verdict) {
    case Verdict::non_inferior:
      return {fmt::format("a loss of {} points or more is ruled out", margin_pp),
              fmt::format("可以排除 {} 个百分点及以上的损失", margin_pp)};
    case Verdict::worse:
      return {"it loses accuracy, beyond what chance explains", "准确率确有损失，不能用偶然解释"};
    case Verdict::worse_within_margin:
      return {fmt::format("it loses accuracy beyond chance, but for sure less than {} points",
                          margin_pp),
              fmt::format("准确率确有损失，但肯定小于 {} 个百分点", margin_pp)};
    case Verdict::invalid:
      if (lacks_numbers(pooled)) {
        return {"but its statistics are no numbers, so it decides nothing",
                "但统计量不是有效数值，因此不能据此下结论"};
      }
      return {"that is without the tasks whose measurement is not sound, so it decides nothing",
              "这里不含测量不可靠的任务，因此不能据此下结论"};
    case Verdict::inconclusive:
    case Verdict::not_available:
      break;
  }
  Text text = {fmt::format("the data neither show a loss nor rule out one of {} points", margin_pp),
               fmt::format("数据既没有显示损失，也不能排除 {} 个百分点的损失", margin_pp)};
  if (!pooled.reason.empty()) {
    text.en += " (" + pooled.reason + ")";
    text.zh += "（" + reason_zh(pooled) + "）";
  }
  if (pooled.items_needed) {
    text.en += fmt::format("; about {} items would settle it", *pooled.items_needed);
    text.zh += fmt::format("；大约需要 {} 题才能定论", *pooled.items_needed);
  }
  return text;
}

std::string fidelity_sentence(const FidelityValues& f, Language language) {
  const bool low = f.kl.low > kLowFidelityKl;
  if (language == Language::zh) {
    return fmt::format(
        "逐 token 对照基线的输出，{} 个位置上首选 token 一致率为 {:.1f} %（平均 KL {:.4f} "
        "nat）{}。",
        f.tokens, f.top1_agreement.value * 100, f.kl.value,
        low ? "，保真度低：即使得分不变，回答也会不同" : "");
  }
  return fmt::format(
      " Token by token on the baseline's own outputs its top-1 agreement is {:.1f} % over {} "
      "positions (mean KL {:.4f} nats){}.",
      f.top1_agreement.value * 100, f.tokens, f.kl.value,
      low ? ": low fidelity, it answers differently even where the score holds" : "");
}

std::string sentence_for(const RunReport& report, std::size_t v, Language language) {
  const PairedComparison& pooled = report.pooled[v].overall;
  const std::string& name = report.variants[v].name;
  const std::string& base = report.variants[baseline_index(report.variants)].name;
  const bool zh = language == Language::zh;
  std::string text;
  const bool twin = std::ranges::find(report.twins, name) != report.twins.end();
  // Never loaded: its questions are the baseline's to the letter, so the stored answers served.
  if (twin && report.variants[v].loads == 0) {
    text = zh ? fmt::format("{} 与基线 {} 权重相同：使用的是基线的回答，没有测量噪声。", name, base)
              : fmt::format(
                    "{} has the same weights as {}: the baseline's answers are used, and no "
                    "noise is measured. ",
                    name, base);
  } else if (twin) {
    text =
        zh ? fmt::format("{} 与基线 {} 是同一模型、同样的运行方式（A/A 比较），差异只是噪声。",
                         name, base)
           : fmt::format("{} is {} once more, served the same way (A/A): what differs is noise. ",
                         name, base);
  }
  const LooksValues* looks = looks_at(report, v);
  if (pooled.n == 0 && looks != nullptr && looks->result.last() == nullptr) {
    text += zh ? fmt::format("{} 还没有结论。", name) : name + " has no verdict yet.";
  } else if (pooled.n == 0) {
    text += zh ? fmt::format("{} 与基线 {} 没有可比较的题：没有结论。", name, base)
               : fmt::format("{} has no sound item in common with the baseline {}: no verdict.",
                             name, base);
  } else if (zh) {
    text += fmt::format("{}：{}（{}）。{} 对题合计，得分与基线 {} 相差 {} 个百分点：{}。", name,
                        verdict_label(pooled.verdict), verdict_words(pooled.verdict).zh, pooled.n,
                        base, difference_text(pooled), meaning_of(pooled, report.margin_pp).zh);
  } else {
    text +=
        fmt::format("{} is {}: over {} paired items its score differs from {} by {} points; {}.",
                    name, verdict_label(pooled.verdict), pooled.n, base, difference_text(pooled),
                    meaning_of(pooled, report.margin_pp).en);
  }
  if (looks != nullptr) text += zh ? looks_sentence(*looks).zh : looks_sentence(*looks).en;
  if (v >= report.fidelity.size()) return text;
  if (const auto& fidelity = report.fidelity[v]) text += fidelity_sentence(*fidelity, language);
  return text;
}

std::string noise_sentence(const RunReport& report, Language language) {
  if (!report.noise_floor) return "";
  const PairedComparison& c = report.noise_floor->comparison;
  const std::int64_t flips = c.flips_to_wrong + c.flips_to_right;
  if (language == Language::zh) {
    return fmt::format("基线自己再答一遍，{} 题中有 {} 题的对错不同，相差 {} 个百分点。", c.n,
                       flips, difference_text(c));
  }
  return fmt::format(
      " Asked a second time, the baseline itself flips on {} of {} items and differs by {} points.",
      flips, c.n, difference_text(c));
}

std::string unsound_sentence(const RunReport& report, Language language) {
  std::vector<std::string> names;
  for (const Flag& flag : report.flags) {
    if (flag.forces_invalid()) {
      names.push_back(
          language == Language::zh
              ? fmt::format("{} / {}：{}", flag.variant, flag.task, flag_words(flag.name).zh)
              : fmt::format("{} / {}: {}", flag.variant, flag.task, flag.name));
    }
  }
  if (names.empty()) return "";
  if (language == Language::zh) {
    return fmt::format("有 {} 处测量不可靠，不给结论（{}）。", names.size(), join(names, "；"));
  }
  return fmt::format(" {} {} not sound and {} no verdict ({}).", names.size(),
                     names.size() == 1 ? "measurement is" : "measurements are",
                     names.size() == 1 ? "carries" : "carry", join(names, "; "));
}

// What both sides show alike makes no comparison INVALID, but whoever decides must know it.
std::string alike_sentence(const RunReport& report, Language language) {
  constexpr std::array kOfAnswers{"truncated", "empty", "looping", "not extractable",
                                  "thinking not closed"};
  const std::string& base = report.variants[baseline_index(report.variants)].name;
  std::vector<std::string> names;
  for (const Flag& flag : report.flags) {
    const bool of_answers =
        std::find(kOfAnswers.begin(), kOfAnswers.end(), flag.name) != kOfAnswers.end();
    if (flag.variant != base || !of_answers || flag.forces_invalid()) continue;
    const bool elsewhere =
        std::any_of(report.flags.begin(), report.flags.end(), [&](const Flag& other) {
          return other.variant != base && other.task == flag.task && other.name == flag.name;
        });
    if (!elsewhere) continue;
    names.push_back(
        language == Language::zh
            ? fmt::format("{}：{}，{}", flag.task, flag_words(flag.name).zh, flag.text_zh)
            : fmt::format("{}: {}, {}", flag.task, flag.name, flag.text));
  }
  if (names.empty()) return "";
  return language == Language::zh
             ? fmt::format("双方的回答有同样的问题（{}）。", join(names, "；"))
             : fmt::format(" Answers of both sides show the same ({}).", join(names, "; "));
}

std::string declared_sentence(const RunReport& report, Language language) {
  if (!report.declared) return "";
  const Declaration& d = *report.declared;
  const std::string since = time_text(report.applied_since_s);
  return language == Language::zh
             ? fmt::format(
                   "得到第一个回答时声明的是非劣效界值 {} 个百分点、alpha {}、权重 {}；自 {} "
                   "起改用非劣效界值 {}、alpha {}、权重 {}。",
                   d.margin_pp, d.alpha, name_of(d.weights), since, report.margin_pp, report.alpha,
                   name_of(report.weights))
             : fmt::format(
                   " Declared when the first answer came: margin {} points, alpha {}, "
                   "weights {}; applied since {}: margin {}, alpha {}, weights {}.",
                   d.margin_pp, d.alpha, name_of(d.weights), since, report.margin_pp, report.alpha,
                   name_of(report.weights));
}

}  // namespace

Text obstacle_words(const PairedComparison& comparison) {
  return {comparison.reason, reason_zh(comparison)};
}

std::string verdict_text(const PairedComparison& comparison, Language language) {
  const VerdictWords& words = verdict_words(comparison.verdict);
  const bool zh = language == Language::zh;
  if (comparison.verdict == Verdict::not_available) {
    const Text reason =
        reason_words(comparison.reason.starts_with("N/A") ? comparison.reason
                                                          : "N/A (" + comparison.reason + ")");
    return reason.in(language);
  }
  std::string text(words.label);
  if (zh) text += " " + std::string(words.zh);
  if (comparison.verdict == Verdict::inconclusive) {
    text += what_it_takes(comparison, zh);
  } else if (comparison.verdict == Verdict::invalid) {
    text += zh ? "（" + reason_words(comparison.reason).zh + "）" : " (" + comparison.reason + ")";
  }
  return text;
}

std::string difference_text(const PairedComparison& comparison) {
  if (comparison.n == 0) return "";
  return fmt::format("{:+.1f} [{:+.1f}, {:+.1f}]", comparison.diff_pp, comparison.interval_low_pp,
                     comparison.interval_high_pp);
}

Text score_text(const TaskValues& task, const Cell& cell) {
  if (!cell.not_available.empty()) return reason_words(cell.not_available);
  const auto it = cell.metrics.find(task.metrics.front());
  return it == cell.metrics.end() ? reason_words("N/A (no scores)")
                                  : Text(fmt::format("{:.1f} %", it->second * 100));
}

std::string summarize_in_words(const RunReport& report, Language language) {
  const bool zh = language == Language::zh;
  std::string text;
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) continue;
    text += (text.empty() || zh ? "" : " ") + sentence_for(report, v, language);
  }
  text += noise_sentence(report, language) + unsound_sentence(report, language) +
          alike_sentence(report, language) + declared_sentence(report, language);
  if (report.end == "out_of_time" && report.until != Until::limits) {
    text += zh ? "按计划，各任务超出题数下限继续，直到预算用完；比较只用双方都回答了的题。"
               : " As planned, the tasks went on beyond their limits until the budget ended; "
                 "comparisons use the items both sides answered.";
  } else if (report.end == "out_of_time") {
    text += zh ? "预算用完，运行提前结束：剩下的题记为「未运行」，比较只用双方都回答了的题。"
               : " The budget ended the run: the items left are recorded as not run, and "
                 "comparisons use the items both sides answered.";
  }
  if (!report.graders.empty() && report.graders != imitated_reference()) {
    text += fmt::format(
        fmt::runtime(zh ? "数学答案全部由 Math-Verify 判定（{}）：快速路径对应的是 {}。"
                        : " Mathematics was decided by Math-Verify alone ({}): the fast path "
                          "imitates {}."),
        reference_text(report.graders), reference_text(imitated_reference()));
  }
  if (!report.sandbox_missing.empty()) {
    text += fmt::format(
        fmt::runtime(zh ? "按计划的许可，沙箱缺少 {}，仍运行了程序。"
                        : " Programs ran in a sandbox without {}, as the plan accepts."),
        report.sandbox_missing);
  }
  return text;
}

}  // namespace assay
