#include "report/looks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "report/flags.h"
#include "report/heads.h"
#include "report/summary.h"
#include "stats/verdict.h"
#include "store/looks_kept.h"

namespace assay {
namespace {

// While the run has not ended, free answers may still be judged.
bool judge_to_come(const FrozenPlan& frozen, const RunReport& report) {
  if (report.end == "complete" || report.end == "out_of_time") return false;
  return std::ranges::any_of(frozen.plan.tasks,
                             [](const TaskSpec& task) { return task.options.contains("judge"); });
}

LooksValues looks_of(const LookInput& input, KeptLooks kept) {
  LooksValues out;
  out.schedule = std::move(kept.schedule);
  out.closed_by = std::move(kept.closed_by);
  out.pairs = static_cast<std::int64_t>(input.order.size());
  out.result = take_looks(out.schedule, input.tasks, input.order, input.expected, {});
  const LookOutcome* last = out.result.last();
  out.counted = first_pairs(input.tasks, input.order, last != nullptr ? last->look.pairs : 0).tasks;
  return out;
}

bool is_decided(const LooksValues& looks) {
  return looks.result.end == LooksEnd::worse || looks.result.end == LooksEnd::non_inferior;
}

std::string level_cell(double level) {
  return level > 0 ? fmt::format("{:.4f}", level) : "";
}

Text shown_text(const LookOutcome& outcome) {
  if (!outcome.not_taken.empty()) return {"not taken: " + outcome.not_taken, "未检验"};
  const PairedComparison& c = outcome.comparison.overall;
  if (c.verdict == Verdict::invalid) return "INVALID";
  std::string shown;
  if (outcome.worse) shown = verdict_label(Verdict::worse);
  if (outcome.non_inferior) {
    shown += (shown.empty() ? "" : ", ") + std::string(verdict_label(Verdict::non_inferior));
  }
  return shown.empty() ? Text("nothing", "无") : Text(shown);
}

std::vector<TableCell> row_of(const std::string& variant, const Look& look) {
  return {variant, number(std::to_string(look.pairs)), number(level_cell(look.worse_level)),
          number(level_cell(look.non_inferior_level))};
}

void add_rows(const std::string& variant, const LooksValues& looks, Table& table) {
  for (const LookOutcome& outcome : looks.result.looks) {
    auto row = row_of(variant, outcome.look);
    row.emplace_back(difference_text(outcome.comparison.overall));
    row.emplace_back(shown_text(outcome));
    table.rows.push_back(std::move(row));
  }
  for (const Look* look = next_look_of(looks); look != nullptr;
       look = next_look(looks.schedule, look->pairs)) {
    auto row = row_of(variant, *look);
    row.emplace_back();
    row.emplace_back(Text("to come", "尚未进行"));
    table.rows.push_back(std::move(row));
  }
}

Text why_closed(const std::string& closed_by) {
  if (closed_by == "budget") return {"the budget ended", "预算用完"};
  if (closed_by == "data") return {"the data ended", "数据用完"};
  return {"a further round was not worth its loads", "再进行一轮得不偿失"};
}

}  // namespace

const LooksValues* looks_at(const RunReport& report, std::size_t variant) {
  if (variant >= report.looks.size()) return nullptr;
  const std::optional<LooksValues>& looks = report.looks[variant];
  return looks ? &*looks : nullptr;
}

const Look* next_look_of(const LooksValues& looks) {
  if (is_decided(looks)) return nullptr;
  const LookOutcome* last = looks.result.last();
  return next_look(looks.schedule, last != nullptr ? last->look.pairs : 0);
}

Status take_looks_of(const Store& store, const FrozenPlan& frozen, RunReport& report) {
  if (!frozen.looks) return {};
  const auto tasks = look_tasks_of(frozen, frozen.looks->order);
  auto outcomes = TRY(read_outcomes(store, tasks, judge_to_come(frozen, report)));
  const std::size_t base = baseline_index(report.variants);
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (v == base) continue;
    const std::string& name = report.variants[v].name;
    LookInput input = look_input(tasks, frozen.looks->order, outcomes[report.variants[base].name],
                                 outcomes[name]);
    for (PoolTask& task : input.tasks) {
      const Flag* flag = invalidating_flag(report, name, task.name);
      if (flag != nullptr) task.invalid = flag->name;
    }
    const auto kept = TRY(kept_looks(store, name));
    report.looks[v] = looks_of(input, kept.value_or(KeptLooks{frozen.looks->schedule, ""}));
  }
  return {};
}

LastLook last_look(const LooksValues& looks) {
  const LookOutcome* last = looks.result.last();
  if (last == nullptr) {
    LastLook none;
    const Look* next = next_look_of(looks);
    none.pooled.overall.reason =
        next == nullptr ? "no look could be taken"
                        : fmt::format("no look yet: {} of {} pairs", looks.pairs, next->pairs);
    return none;
  }
  LastLook out{last->look.worse_level, last->look.non_inferior_level, last->comparison};
  out.pooled.overall.verdict = looks.result.verdict;
  return out;
}

Text looks_sentence(const LooksValues& looks) {
  const LookOutcome* last = looks.result.last();
  const std::int64_t pairs = last != nullptr ? last->look.pairs : 0;
  if (looks.result.verdict == Verdict::invalid) return {};
  if (is_decided(looks)) {
    const bool closed = !looks.closed_by.empty() && pairs == looks.schedule.target;
    const Text why = closed ? why_closed(looks.closed_by) : Text();
    return {fmt::format(" Decided at {} pairs{}.", pairs, closed ? ", when " + why.en : ""),
            fmt::format("在 {} 对题时定论{}。", pairs, closed ? "：" + why.zh : "")};
  }
  if (const Look* next = next_look_of(looks); next != nullptr && last == nullptr) {
    return {fmt::format(" {} pairs are there, the first look is at {}.", looks.pairs, next->pairs),
            fmt::format("已有 {} 对题，第一次检验在 {} 对题时。", looks.pairs, next->pairs)};
  } else if (next != nullptr) {
    return {
        fmt::format(" Not decided yet: {} pairs are there, the next look is at {}.", looks.pairs,
                    next->pairs),
        fmt::format("尚未定论：已有 {} 对题，下一次检验在 {} 对题时。", looks.pairs, next->pairs)};
  }
  if (looks.closed_by.empty()) {
    return {fmt::format(" Not decided by the last look, at {} pairs.", pairs),
            fmt::format("最后一次检验（{} 对题）仍未定论。", pairs)};
  }
  const Text why = why_closed(looks.closed_by);
  return {fmt::format(" Not decided: {}, so the last look was at {} pairs.", why.en, pairs),
          fmt::format("未定论：{}，最后一次检验在 {} 对题时。", why.zh, pairs)};
}

Table looks_section(const RunReport& report) {
  Table table{"looks", {"Looks", "中期检验"}};
  for (std::size_t v = 0; v < report.looks.size(); ++v) {
    const LooksValues* looks = looks_at(report, v);
    if (looks != nullptr) add_rows(report.variants[v].name, *looks, table);
  }
  if (table.rows.empty()) return table;
  table.folded = true;
  table.head = {heads::variant(),
                heads::pairs(),
                {"level of WORSE", "WORSE 的水平"},
                {"level of NON-INFERIOR", "NON-INFERIOR 的水平"},
                {"difference [at these levels], points", "差值 [按此水平]，百分点"},
                {"shown", "结果"}};
  table.note = {
      "When the primary question is asked while the run goes on, and at which one-sided levels: "
      "those of each claim sum to alpha at most, so a false verdict is no likelier than with one "
      "look at the end. A look counts the first pairs of an order that was fixed before any "
      "answer.",
      "主要问题在运行途中何时检验、用多大的单侧水平：每种结论的各水平之和不超过 alpha，"
      "因此误判概率不高于只在结束时检验一次。每次检验都取事先固定的顺序中最前面的若干对题。"};
  return table;
}

}  // namespace assay
