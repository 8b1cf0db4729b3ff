// What stands beside the scores: fidelity, noise floor, soundness, benchmarks' own figures, and the
// items on which two metrics differ.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include "base/ascii.h"
#include "base/text.h"
#include "report/flags.h"
#include "report/heads.h"
#include "report/metric_differences.h"
#include "report/sections.h"
#include "report/summary.h"
#include "report/words.h"

namespace assay {
namespace {

using Rows = std::vector<std::vector<TableCell>>;

// A row of what each variant's cell has to say of a figure, when any has something.
template <typename Say>
void add_figure(const TaskValues& task, Text figure, const Say& say, Rows& rows) {
  std::vector<TableCell> row = {task.title, std::move(figure)};
  bool any = false;
  for (const Cell& cell : task.cells) {
    row.emplace_back(say(cell));
    any = any || !row.back().empty();
  }
  if (any) rows.push_back(std::move(row));
}

Text calibration_text(const Calibration& c) {
  Text text = {fmt::format("{:.1f} % ({} answers", c.error * 100, c.answers),
               fmt::format("{:.1f} %（{} 个回答", c.error * 100, c.answers)};
  if (c.unstated > 0) {
    text.en += fmt::format(", {} without confidence", c.unstated);
    text.zh += fmt::format("，{} 个未给置信度", c.unstated);
  }
  text = {text.en + ")", text.zh + ")"};
  if (c.official) {
    text.en += fmt::format("; official loop {:.1f} %", *c.official * 100);
    text.zh += fmt::format("；官方脚本 {:.1f} %", *c.official * 100);
  }
  return text;
}

void add_calibration(const TaskValues& task, Rows& rows) {
  add_figure(
      task, {"calibration error", "校准误差"},
      [](const Cell& cell) { return cell.calibration ? calibration_text(*cell.calibration) : ""; },
      rows);
}

void add_substeps(const TaskValues& task, Rows& rows) {
  const auto say = [](const Cell& cell) -> Text {
    if (!cell.substeps) return {};
    const Substeps& s = *cell.substeps;
    return {fmt::format("{:.1f} % ({} of {})", s.rate() * 100, s.passed, s.total),
            fmt::format("{:.1f} %({} / {})", s.rate() * 100, s.passed, s.total)};
  };
  add_figure(task, {"sub-steps passed", "通过的子步骤"}, say, rows);
}

void add_pass_at(const TaskValues& task, Rows& rows) {
  std::set<int> ks;
  for (const Cell& cell : task.cells) {
    for (const auto& [k, unused] : cell.pass_at) ks.insert(k);
  }
  for (const int k : ks) {
    const auto say = [k](const Cell& cell) -> Text {
      const auto it = cell.pass_at.find(k);
      return it == cell.pass_at.end() ? Text() : fmt::format("{:.1f} %", it->second * 100);
    };
    add_figure(task, fmt::format("pass@{}", k), say, rows);
  }
}

void add_months(const TaskValues& task, Rows& rows) {
  std::set<std::string> months;
  for (const Cell& cell : task.cells) {
    for (const auto& [month, unused] : cell.months) months.insert(month);
  }
  for (const std::string& month : months) {
    const auto say = [&month](const Cell& cell) -> Text {
      const auto it = cell.months.find(month);
      if (it == cell.months.end()) return {};
      return fmt::format("{:.1f} % ({})", it->second.second * 100, it->second.first);
    };
    add_figure(task, month, say, rows);
  }
}

}  // namespace

std::string estimate_text(const Estimate& estimate, int digits, double scale) {
  return fmt::format("{:.{}f} [{:.{}f}, {:.{}f}]", estimate.value * scale, digits,
                     estimate.low * scale, digits, estimate.high * scale, digits);
}

std::string top1_text(const FidelityValues& fidelity) {
  return estimate_text(fidelity.top1_agreement, 1, 100);
}

std::string kl_text(const FidelityValues& fidelity) {
  return estimate_text(fidelity.kl, 4);
}

Table fidelity_section(const RunReport& report) {
  Table table{"fidelity", {"Fidelity", "保真度"}};
  table.note = {
      "The baseline's own outputs, read by each variant token by token: how far its distribution "
      "over the next token is from the baseline's. It shows that something broke, and how much is "
      "answered differently, not which way the score went.",
      "让各变体逐 token 读基线自己的输出：它对下一个 token 的分布与基线相差多远。"
      "它能显示是否出了问题、有多少回答会不同，但不说明得分往哪边变。"};
  table.head = {heads::variant(),
                heads::items(),
                {"positions", "位置数"},
                heads::top1_agreement(),
                heads::mean_kl(),
                {"log-likelihood difference [95 %], nats", "对数似然差 [95 %]，nat"},
                {"first divergence, median token", "首次分歧（token，中位数）"}};
  const auto add = [&table](Text name, const FidelityValues& f) {
    table.rows.push_back(
        {std::move(name), number(std::to_string(f.items)), number(std::to_string(f.tokens)),
         top1_text(f), kl_text(f), estimate_text(f.loglik_difference, 4),
         number(f.first_divergence ? fmt::format("{:.0f}", *f.first_divergence) : "")});
  };
  if (report.fidelity_floor) {
    const std::string& name = report.variants[baseline_index(report.variants)].name;
    add({name + ", a second time", name + "，第二次"}, *report.fidelity_floor);
  }
  for (std::size_t v = 0; v < report.fidelity.size(); ++v) {
    if (report.fidelity[v]) add(report.variants[v].name, *report.fidelity[v]);
  }
  return table;
}

Table noise_section(const RunReport& report) {
  Table table{"noise", {"Noise floor", "噪声下限"}};
  if (!report.noise_floor) return table;
  table.note = {
      "The baseline against itself: the same items and settings, another order. A variant's "
      "difference of this size is what chance makes.",
      "基线与它自己相比：同样的题和设置，顺序不同。变体的差值若不超过这个大小，就是偶然所致。"};
  table.head = {heads::task(),
                heads::items(),
                {"second pass minus first [95 %], points", "第二遍减第一遍 [95 %]，百分点"},
                heads::flips(),
                {"worded differently", "文字不同"}};
  const auto add = [&table](const Text& name, const NoiseFloor& floor) {
    const PairedComparison& c = floor.comparison;
    table.rows.push_back(
        {name, number(std::to_string(c.n)), difference_text(c),
         fmt::format("{} / {}", c.flips_to_wrong, c.flips_to_right),
         Text(fmt::format("{} of {}", floor.worded_differently, floor.answered_twice),
              fmt::format("{} / {}", floor.worded_differently, floor.answered_twice))});
  };
  add({"pooled", "合并"}, *report.noise_floor);
  for (const TaskValues& task : report.tasks) {
    if (task.noise_floor) add(task.title, *task.noise_floor);
  }
  return table;
}

namespace {

TableCell severity_cell(const Flag& flag) {
  switch (severity_of(flag)) {
    case Severity::invalid:
      return badge(Verdict::invalid, "INVALID: " + join(flag.invalidates, ", "));
    case Severity::warning:
      return badge(Verdict::inconclusive, {"warning", "警告"});
    case Severity::note:
      break;
  }
  return badge(Verdict::not_available, {"note", "备注"});
}

// As a part of a URL's fragment, with what would end it written as %XX.
std::string in_url(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

std::string item_href(const std::string& task, const std::string& item) {
  return "#item=" + in_url(task) + "/" + in_url(item);
}

std::string items_href(const std::string& task, const std::string& right,
                       const std::string& wrong) {
  return "#items?task=" + in_url(task) + "&right=" + in_url(right) + "&wrong=" + in_url(wrong);
}

std::string flag_row_id(const RunReport& report, const Flag& flag) {
  return fmt::format("flag{}", &flag - report.flags.data() + 1);
}

Table flag_section(const RunReport& report) {
  Table table{"flags", {"Is the measurement sound?", "测量可靠吗？"}};
  if (report.flags.empty()) {
    table.lead = {"No flag was raised.", "没有发现问题。"};
    return table;
  }
  table.note = {
      "Warnings speak against serving a variant until they are understood; notes say how "
      "the figures came about.",
      "警告：弄清之前不宜上线；备注：只说明数字的来历。"};
  table.head = {{"flag", "标记"}, {"severity", "程度"},    heads::variant(),   heads::task(),
                {"what", "说明"}, {"raised from", "阈值"}, {"example", "例子"}};
  std::vector<const Flag*> flags;
  for (const Flag& flag : report.flags) flags.push_back(&flag);
  std::ranges::stable_sort(flags, {}, [](const Flag* flag) { return severity_of(*flag); });
  for (const Flag* flag : flags) {
    table.rows.push_back(
        {flag_words(flag->name), severity_cell(*flag), flag->variant, flag->task,
         Text(flag->text, flag->text_zh),
         number(flag->threshold > 0 ? fmt::format("{:g}", flag->threshold) : ""),
         TableCell(link(flag->example,
                        flag->example.empty() ? "" : item_href(flag->task, flag->example)))});
    table.row_ids.push_back(flag_row_id(report, *flag));
  }
  return table;
}

Table own_figure_section(const RunReport& report) {
  Table table{"own", {"Benchmarks' own figures", "基准自有指标"}};
  table.head = {heads::task(), {"figure", "指标"}};
  for (const VariantValues& v : report.variants) table.head.push_back(name_of(v));
  for (const TaskValues& task : report.tasks) {
    add_calibration(task, table.rows);
    add_substeps(task, table.rows);
    add_pass_at(task, table.rows);
    add_months(task, table.rows);
  }
  return table;
}

Table metric_section(const RunReport& report) {
  constexpr std::size_t kNamed = 20;
  Table table{"metrics", {"Where robust and lm_eval part", "robust 与 lm_eval 不一致之处"}};
  table.note = {"results.json names all of these items.", "results.json 列出所有这些题。"};
  table.head = {heads::task(),
                heads::variant(),
                {"robust higher", "robust 较高"},
                {"lm_eval higher", "lm_eval 较高"}};
  for (const MetricDifference& d : metric_differences(report)) {
    table.rows.push_back({report.tasks[d.task].title, name_of(report.variants[d.variant]),
                          named_items(d.only_robust, kNamed), named_items(d.only_lm_eval, kNamed)});
  }
  return table;
}

}  // namespace assay
