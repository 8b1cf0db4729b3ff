#include "report/action.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/text.h"
#include "report/flags.h"
#include "report/summary.h"
#include "report/words.h"

namespace assay {
namespace {

constexpr std::array<std::string_view, 8> kNames = {"serve",         "look_first", "weigh_loss",
                                                    "keep_baseline", "more_items", "repeat",
                                                    "wait",          "nothing"};

bool has_ended(const RunReport& report) {
  return report.end == "complete" || report.end == "out_of_time";
}

// Digits in groups of three, as English writes them: 1300 -> "1,300".
std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

// A forecast has two digits at most, and rather promises too much work than too little.
std::int64_t two_digits(std::int64_t number) {
  std::int64_t unit = 1;
  while (number / unit >= 100) unit *= 10;
  return (number + unit - 1) / unit * unit;
}

Text about_time(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 3600;
  if (seconds < 100 * kMinute) {
    const auto minutes = std::max<std::int64_t>(
        1, two_digits(static_cast<std::int64_t>(std::ceil(seconds / kMinute))));
    return {fmt::format("about {} min", minutes), fmt::format("约 {} 分钟", minutes)};
  }
  const double hours = std::ceil(seconds / kHour * 2) / 2;
  return {fmt::format("about {:g} h", hours), fmt::format("约 {:g} 小时", hours)};
}

// Items of the tasks in the pool.
template <typename Count>
std::int64_t items_in_pool(const RunReport& report, const Count& count) {
  std::int64_t sum = 0;
  for (const TaskValues& task : report.tasks) {
    if (task.weight > 0) sum += count(task);
  }
  return sum;
}

std::optional<double> seconds_of(const RunReport& report, std::size_t variant, std::int64_t items) {
  const VariantValues& v = report.variants[variant];
  std::int64_t answered = 0;
  for (const TaskValues& task : report.tasks) answered += task.cells[variant].run;
  if (v.baseline && report.noise_floor) answered += report.noise_floor->answered_twice;
  if (v.work_s <= 0 || answered <= 0 || v.reused > 0) return std::nullopt;
  return v.load_s + v.work_s / static_cast<double>(answered) * static_cast<double>(items);
}

// What speaks against serving a variant although a loss of the margin is ruled out; the gravest
// first.
std::vector<Text> objections(const RunReport& report, std::size_t variant) {
  const std::size_t base = baseline_index(report.variants);
  std::vector<Text> out;
  for (const TaskValues& task : report.tasks) {
    const auto& paired = task.cells[variant].paired;
    if (!paired) continue;
    if (paired->verdict == Verdict::worse) {
      out.emplace_back("it is WORSE on " + task.title, "在 " + task.title + " 上变差");
    } else if (paired->n == 0 && task.status == "ok" && task.cells[base].scored > 0) {
      out.emplace_back(task.title + " has no pairs", task.title + " 没有配对题");
    }
  }
  if (report.declared) {
    out.emplace_back("the question was changed after the first answer (exploratory)",
                     "得到第一个回答后改过要回答的问题（仅供探索）");
  }
  for (const Flag* flag : flags_about(report, variant)) {
    if (severity_of(*flag) == Severity::note) continue;
    const Text name = flag_words(flag->name);
    const bool of_base = flag->variant == report.variants[base].name;
    Text text = {"there is a flag: " + name.en, "有标记：" + name.zh};
    if (flag->name == kLowFidelityFlag) text = differing_tokens(report, variant);
    if (of_base) text = {"the baseline has a flag: " + name.en, "基线有标记：" + name.zh};
    out.push_back(std::move(text));
  }
  return out;
}

Text margin_ruled_out(const RunReport& report) {
  return {fmt::format("a loss of {} points or more is ruled out", report.margin_pp),
          fmt::format("可以排除 {} 个百分点及以上的损失", report.margin_pp)};
}

void add(Text& text, const std::string& en, const std::string& zh) {
  text.en += en;
  text.zh += zh;
}

Action serve_or_look(const RunReport& report, std::size_t variant) {
  Action out{ActionKind::serve, {}, {}, margin_ruled_out(report)};
  const std::vector<Text> against = objections(report, variant);
  if (against.empty()) {
    add(out.sentence, "; serve it", "，可以上线");
    return out;
  }
  out.kind = ActionKind::look_first;
  add(out.sentence, ", but " + against.front().en, "，但" + against.front().zh);
  if (against.size() > 1) {
    add(out.sentence, fmt::format(" (and {} more)", against.size() - 1),
        fmt::format("（另有 {} 项）", against.size() - 1));
  }
  add(out.sentence, "; look at that first", "，请先查看");
  return out;
}

Action undecided(const RunReport& report, std::size_t variant) {
  const PairedComparison& pooled = report.pooled[variant].overall;
  Action out{ActionKind::more_items, {}, {}, {"undecided", "尚无定论"}};
  if (pooled.obstacle != Obstacle::none && !pooled.reason.empty()) {
    add(out.sentence, ": " + pooled.reason, "：" + obstacle_words(pooled).zh);
  } else if (!pooled.items_needed) {
    add(out.sentence, ", and no number of items is likely to decide it", "，加题也难以定论");
  } else if (*pooled.items_needed <= pooled.n) {
    add(out.sentence, ", by a little: as many items again would likely decide it",
        "，相差很小：再答同样多的题多半可以定论");
    out.more_items = pooled.n;
  } else {
    out.more_items = two_digits(*pooled.items_needed - pooled.n);
    add(out.sentence, fmt::format(": {} more items", grouped(*out.more_items)),
        fmt::format("：还需 {} 题", *out.more_items));
  }
  if (out.more_items) out.more_s = seconds_for_more(report, variant, *out.more_items);
  if (out.more_s) {
    const Text time = about_time(*out.more_s);
    add(out.sentence, ", " + time.en, "，" + time.zh);
  }
  const Text differing = differing_tokens(report, variant);
  if (!differing.empty()) add(out.sentence, "; " + differing.en, "；" + differing.zh);
  return out;
}

Text loss_text(const RunReport& report, std::size_t variant) {
  const PairedComparison& pooled = report.pooled[variant].overall;
  if (pooled.diff_pp >= 0) {  // shown at an earlier look
    return {"it loses accuracy beyond chance", "准确率确有损失，不能用偶然解释"};
  }
  Text text = {fmt::format("it loses {:.1f} points ({:.1f} to {:.1f})", -pooled.diff_pp,
                           -pooled.interval_high_pp, -pooled.interval_low_pp),
               fmt::format("损失 {:.1f} 个百分点（{:.1f} 至 {:.1f}）", -pooled.diff_pp,
                           -pooled.interval_high_pp, -pooled.interval_low_pp)};
  return text;
}

Action repeat(const RunReport& report, std::size_t variant) {
  const PairedComparison& pooled = report.pooled[variant].overall;
  const Text why = reason_words(pooled.reason);
  const std::string& name = report.variants[variant].name;
  const bool exploratory = std::ranges::any_of(report.flags, [&name](const Flag& flag) {
    return flag.name == kExtendedFlag && flag.variant == name;
  });
  if (exploratory) {
    return {ActionKind::repeat,
            {},
            {},
            {"exploratory: the sample grew after results; run it anew with a fixed size",
             "仅供探索：看到结果后扩大了样本；请固定题数重新运行"}};
  }
  return {ActionKind::repeat,
          {},
          {},
          {"no verdict, the measurement is broken (" + why.en + "); mend it and run again",
           "没有结论，测量有问题（" + why.zh + "）；修正后重新运行"}};
}

// Over all tasks the baseline's own second pass flips as often.
bool is_noise(const RunReport& report, const std::string& variant) {
  return std::ranges::any_of(report.flags, [&variant](const Flag& flag) {
    return flag.name == "noise" && flag.variant == variant && flag.task.empty();
  });
}

// The run has not ended: nothing is advised, whatever the figures say so far.
Action not_ended(const RunReport& report, std::size_t variant) {
  const PairedComparison& pooled = report.pooled[variant].overall;
  Action out{ActionKind::wait, {}, {}, {"the run has not ended", "运行尚未结束"}};
  if (pooled.verdict == Verdict::non_inferior) {
    const Text ruled_out = margin_ruled_out(report);
    add(out.sentence, "; so far " + ruled_out.en, "；目前" + ruled_out.zh);
  } else if (pooled.verdict == Verdict::worse) {
    const Text loss = loss_text(report, variant);
    add(out.sentence, "; so far " + loss.en, "；目前" + loss.zh);
  }
  add(out.sentence, "; the same command goes on", "；用同一命令可以继续");
  return out;
}

}  // namespace

std::string_view action_name(ActionKind kind) {
  return kNames[static_cast<std::size_t>(kind)];
}

Text action_line(const RunReport& report, std::size_t variant) {
  const std::string& name = report.variants[variant].name;
  const Text sentence = action_of(report, variant).sentence;
  return {name + ": " + sentence.en + ".", name + "：" + sentence.zh + "。"};
}

Text differing_tokens(const RunReport& report, std::size_t variant) {
  if (variant >= report.fidelity.size()) return {};
  const std::optional<FidelityValues>& fidelity = report.fidelity[variant];
  if (!fidelity) return {};
  const double share = 1 - fidelity->top1_agreement.value;
  if (share < 0.0005 && fidelity->tokens < 1000) {  // too few to speak of a thousand
    return {fmt::format("it answers the same at all {} positions read back", fidelity->tokens),
            fmt::format("读回的 {} 个位置全部相同", fidelity->tokens)};
  }
  if (share < 0.0005) {
    return {"it answers the same at 999 tokens of 1,000 or more",
            "1000 个 token 中至少 999 个相同"};
  }
  constexpr std::array kWords = {"two", "three", "four", "five", "six", "seven", "eight", "nine"};
  const auto one_in = static_cast<std::int64_t>(std::llround(1 / share));
  if (one_in < 2) {
    return {"it answers differently at most tokens", "大多数 token 不同"};
  }
  const std::string many =
      one_in < 10 ? kWords[static_cast<std::size_t>(one_in - 2)] : grouped(two_digits(one_in));
  return {fmt::format("it answers differently at one token in {}", many),
          fmt::format("每 {} 个 token 约有一个不同", one_in < 10 ? one_in : two_digits(one_in))};
}

std::optional<double> seconds_for_more(const RunReport& report, std::size_t variant,
                                       std::int64_t items) {
  const std::size_t base = baseline_index(report.variants);
  const std::int64_t ahead =
      items_in_pool(report, [base](const TaskValues& task) { return task.cells[base].scored; }) -
      report.pooled[variant].overall.n;
  const std::int64_t of_base = std::max<std::int64_t>(0, items - std::max<std::int64_t>(0, ahead));
  const auto candidate_s = seconds_of(report, variant, items);
  if (!candidate_s || of_base == 0) return candidate_s;
  const auto base_s = seconds_of(report, base, of_base);
  return base_s ? std::optional(*candidate_s + *base_s) : std::nullopt;
}

Action action_of(const RunReport& report, std::size_t variant) {
  const PairedComparison& pooled = report.pooled[variant].overall;
  const std::string& name = report.variants[variant].name;
  if (pooled.verdict == Verdict::invalid && has_ended(report)) return repeat(report, variant);
  if (!has_ended(report)) return not_ended(report, variant);
  if (pooled.verdict == Verdict::not_available) {
    const Text why = reason_words(pooled.reason);
    return {ActionKind::nothing,
            {},
            {},
            {"nothing to compare: " + why.en, "没有可比较的题：" + why.zh}};
  }
  if (pooled.verdict == Verdict::worse) {
    Text loss = loss_text(report, variant);
    if (is_noise(report, name)) {
      add(loss, ", though the baseline flips as often against itself",
          "，但基线与它自己相比也翻转这么多");
    }
    add(loss, "; keep the baseline", "；继续使用基线");
    return {ActionKind::keep_baseline, {}, {}, std::move(loss)};
  }
  if (pooled.verdict == Verdict::worse_within_margin) {
    return {
        ActionKind::weigh_loss,
        {},
        {},
        {fmt::format("it loses accuracy, for sure less than {} points; serve it only where "
                     "that is acceptable",
                     report.margin_pp),
         fmt::format("准确率确有损失，但肯定小于 {} 个百分点；能接受才上线", report.margin_pp)}};
  }
  if (pooled.verdict == Verdict::inconclusive) return undecided(report, variant);
  if (std::ranges::find(report.twins, name) != report.twins.end()) {
    return {ActionKind::nothing,
            {},
            {},
            {"the baseline once more (A/A): what differs is noise, nothing is to be decided",
             "与基线相同（A/A 比较）：差异只是噪声，无须决定"}};
  }
  return serve_or_look(report, variant);
}

}  // namespace assay
