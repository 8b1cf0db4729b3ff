// The report's tables and charts.
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "report/html_text.h"
#include "report/metric_differences.h"
#include "report/own_figures.h"
#include "report/summary.h"

namespace assay {
namespace {

std::string heading(std::string_view en, std::string_view zh) {
  return "<h2>" + both(en, zh) + "</h2>\n";
}

std::string name_of(const VariantValues& v) {
  return escaped(v.name) + (v.baseline ? " (" + both("baseline", "基线") + ")" : "");
}

std::string term(std::string_view en, std::string_view zh, const std::string& value) {
  return "<dt>" + both(en, zh) + "</dt><dd>" + value + "</dd>";
}

// Weighted mean of the first metrics over the items all variants share; none without such items.
std::optional<double> shared_mean(const RunReport& report, std::size_t v) {
  double sum = 0;
  double weights = 0;
  for (const TaskValues& task : report.tasks) {
    if (task.shared == 0 || task.weight <= 0) continue;
    sum += task.weight * task.shared_means[v];
    weights += task.weight;
  }
  return weights > 0 ? std::optional<double>(sum / weights) : std::nullopt;
}

std::string estimate_text(const Estimate& e, int digits, double scale = 1) {
  return fmt::format("{:.{}f} [{:.{}f}, {:.{}f}]", e.value * scale, digits, e.low * scale, digits,
                     e.high * scale, digits);
}

std::string card(const RunReport& report, std::size_t v) {
  const PairedComparison& p = report.pooled[v].overall;
  std::string out =
      fmt::format("<article class=\"card {}\"><h3>{}</h3><p>{}</p>", verdict_name(p.verdict),
                  escaped(report.variants[v].name), badge(p));
  if (p.n > 0) {
    out += fmt::format("<p class=\"big\">{:+.1f} <span class=\"sub\">{}</span></p><dl>", p.diff_pp,
                       both("points", "个百分点"));
    out += term("95 % interval", "95 % 区间",
                fmt::format("{:+.1f} … {:+.1f}", p.ci95_low_pp, p.ci95_high_pp));
    out += term("paired items", "配对题数", std::to_string(p.n));
    out += term("flips to wrong / right", "由对变错 / 由错变对",
                fmt::format("{} / {}", p.flips_to_wrong, p.flips_to_right));
  } else {
    out += "<dl>";
  }
  const std::optional<FidelityValues> measured =
      v < report.fidelity.size() ? report.fidelity[v] : std::nullopt;
  if (measured) {
    const FidelityValues& f = *measured;
    out += term("first word agrees", "首选词一致", estimate_text(f.top1_agreement, 1, 100) + " %");
    out += term("mean KL, nats", "平均 KL(nat)", estimate_text(f.kl, 4));
  }
  return out + "</dl></article>\n";
}

Json forest_rows(const RunReport& report) {
  Json rows = Json::array();
  const auto add = [&rows](const std::string& label, const std::string& label_zh,
                           const PairedComparison& c, bool pooled) {
    if (c.n == 0) return;
    rows.push_back({{"label", {label, label_zh}},
                    {"verdict", verdict_name(c.verdict)},
                    {"diff", c.diff_pp},
                    {"low", c.ci95_low_pp},
                    {"high", c.ci95_high_pp},
                    {"pooled", pooled},
                    {"text", difference_text(c)}});
  };
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) continue;
    const std::string name = report.variants[v].name + ": ";
    add(name + "pooled", name + "合并", report.pooled[v].overall, true);
    for (const TaskValues& task : report.tasks) {
      const auto& paired = task.cells[v].paired;
      if (paired) add(name + task.title, name + task.title, *paired, false);
    }
  }
  return rows;
}

Json bar_panels(const RunReport& report) {
  Json accuracy = {{"title", {"Accuracy, %", "准确率 %"}}, {"most", 100}};
  Json speed = {{"title", {"Output tokens per second", "每秒输出词数"}}};
  Json load = {{"title", {"Load time, s", "加载时间 秒"}}};
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    const VariantValues& variant = report.variants[v];
    const auto mean = shared_mean(report, v);
    accuracy["values"].push_back(mean ? Json(*mean * 100) : Json(nullptr));
    accuracy["texts"].push_back(mean ? fmt::format("{:.1f}", *mean * 100) : "N/A");
    speed["values"].push_back(variant.tokens_per_s);
    speed["texts"].push_back(
        fmt::format("{:.0f}{}", variant.tokens_per_s, variant.emulated ? " *" : ""));
    load["values"].push_back(variant.load_s);
    load["texts"].push_back(fmt::format("{:.0f}", variant.load_s));
  }
  return Json::array({accuracy, speed, load});
}

}  // namespace

std::string verdict_section(const RunReport& report) {
  std::string out = "<section id=\"verdict\">" + heading("Verdict", "结论") + "<p class=\"lead\">" +
                    both(report.summary, report.summary_zh) + "</p><div class=\"cards\">";
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (!report.variants[v].baseline) out += card(report, v);
  }
  return out + "</div><p class=\"note\">" +
         both(fmt::format("Primary: the pooled difference to the baseline, tasks weighted as the "
                          "plan says; margin {} points, alpha {} one-sided. Verdicts by task are "
                          "secondary and Holm-adjusted. Finding no difference is not a proof that "
                          "there is none.",
                          report.margin_pp, report.alpha),
              fmt::format("主要结论看合并差值,各任务按计划加权;界限 {} 个百分点,单侧 alpha {}。"
                          "各任务的结论是次要的,经 Holm 校正。没有发现差异,不等于证明没有差异。",
                          report.margin_pp, report.alpha)) +
         "</p></section>\n";
}

std::string chart_sections(const RunReport& report) {
  Json variants = Json::array();
  for (const VariantValues& v : report.variants) {
    variants.push_back({{"name", v.name}, {"baseline", v.baseline}, {"emulated", v.emulated}});
  }
  const Json figures = {
      {"forest", forest_rows(report)},
      {"margin", report.margin_pp},
      {"forest_title",
       {"Differences to the baseline in points with 95 % intervals",
        "与基线之差(百分点)及 95 % 区间"}},
      {"bars", bar_panels(report)},
      {"bars_title", {"Accuracy and speed of each variant", "各变体的准确率与速度"}},
      {"variants", variants}};
  std::string out = "<section id=\"forest\">" +
                    heading("Differences to the baseline", "与基线之差") +
                    "<figure><div id=\"forest-chart\"></div><figcaption>" +
                    both(
                        "Percentage points, left of zero is worse. The bar is the two-sided 95 % "
                        "interval, the band the margin. The same numbers are in the tables below.",
                        "单位为百分点,零线左侧为变差。横线是双侧 95 % 区间,色带是界限。下表有同样的"
                        "数字。") +
                    "</figcaption></figure></section>\n";
  out += "<section id=\"speed\">" + heading("Accuracy and speed", "准确率与速度") +
         "<figure><div id=\"speed-chart\"></div><figcaption>" +
         both(
             "Accuracy over the items all variants share, tasks weighted. Pale bars with * are "
             "emulated: their speed means nothing.",
             "准确率取各变体共有的题,任务加权。带 * 的浅色条是软件模拟,速度没有意义。") +
         "</figcaption></figure></section>\n";
  return out + "<script type=\"application/json\" id=\"figures\">" + script_json(figures) +
         "</script>\n";
}

std::string score_section(const RunReport& report) {
  std::vector<std::string> head = {both("task", "任务")};
  for (const VariantValues& v : report.variants) head.push_back(name_of(v));
  std::string rows;
  for (const TaskValues& task : report.tasks) {
    std::vector<std::string> cells = {escaped(task.title)};
    for (const Cell& cell : task.cells) {
      std::string text = "<strong>" + escaped(score_text(task, cell)) + "</strong>";
      if (cell.not_available.empty()) {
        text += fmt::format(" <span class=\"ci\">[{:.0f}, {:.0f}]</span>", cell.ci95.low * 100,
                            cell.ci95.high * 100);
        if (cell.metrics.contains("lm_eval")) {
          text += fmt::format("<br><span class=\"sub\">lm_eval {:.1f} %</span>",
                              cell.metrics.at("lm_eval") * 100);
        }
      }
      if (cell.paired && cell.paired->n > 0) {
        text += "<br><span class=\"sub\">" + escaped(difference_text(*cell.paired)) + "</span> " +
                badge(*cell.paired);
        text += fmt::format(
            "<br><span class=\"sub\">{} {} / {}{}</span>", both("to wrong / right", "变错 / 变对"),
            cell.paired->flips_to_wrong, cell.paired->flips_to_right,
            cell.paired->mcnemar_p ? fmt::format(", McNemar p {:.3f}", *cell.paired->mcnemar_p)
                                   : "");
      }
      text += "<br><span class=\"sub\">" + escaped(counts_text(cell)) + "</span>";
      cells.push_back(text);
    }
    rows += html_row(cells);
  }
  return "<section id=\"scores\">" + heading("Scores and flips", "得分与翻转") +
         html_table(head, rows) + "<p class=\"note\">" +
         both(
             "In brackets Wilson's 95 % interval of the score itself; below it the paired "
             "difference in points with its own interval.",
             "方括号内是得分本身的 Wilson 95 % 区间;下一行是配对差值(百分点)及其区间。") +
         "</p></section>\n";
}

std::string fidelity_section(const RunReport& report) {
  std::string rows;
  for (std::size_t v = 0; v < report.fidelity.size(); ++v) {
    const auto& measured = report.fidelity[v];
    if (!measured) continue;
    const FidelityValues& f = *measured;
    rows +=
        html_row({escaped(report.variants[v].name), std::to_string(f.items),
                  std::to_string(f.tokens), estimate_text(f.kl, 4),
                  estimate_text(f.top1_agreement, 1, 100), estimate_text(f.loglik_difference, 4),
                  f.first_divergence ? fmt::format("{:.0f}", *f.first_divergence) : ""});
  }
  if (rows.empty()) return "";
  return "<section id=\"fidelity\">" + heading("Fidelity", "保真度") +
         html_table({both("variant", "变体"), both("items", "题数"), both("positions", "位置数"),
                     both("mean KL [95 %], nats", "平均 KL [95 %],nat"),
                     both("first choice agrees [95 %], %", "首选词一致 [95 %],%"),
                     both("log-likelihood difference [95 %]", "对数似然差 [95 %]"),
                     both("first divergence, median token", "首次分歧(词,中位数)")},
                    rows) +
         "<p class=\"note\">" +
         both(
             "The baseline's own outputs, read by each variant word by word: how far its "
             "distribution over the next token is from the baseline's.",
             "让各变体逐词读基线自己的输出:它对下一个词的分布与基线相差多远。") +
         "</p></section>\n";
}

std::string noise_section(const RunReport& report) {
  if (!report.noise_floor) return "";
  const auto line = [](const std::string& name, const NoiseFloor& floor) {
    const PairedComparison& c = floor.comparison;
    return html_row({name, std::to_string(c.n), escaped(difference_text(c)),
                     fmt::format("{} / {}", c.flips_to_wrong, c.flips_to_right),
                     fmt::format("{} / {}", floor.worded_differently, floor.answered_twice)});
  };
  std::string rows = line(both("pooled", "合并"), *report.noise_floor);
  for (const TaskValues& task : report.tasks) {
    if (task.noise_floor) rows += line(escaped(task.title), *task.noise_floor);
  }
  return "<section id=\"noise\">" + heading("Noise floor", "噪声下限") +
         html_table({both("task", "任务"), both("items", "题数"),
                     both("second pass minus first [95 %]", "第二遍减第一遍 [95 %]"),
                     both("to wrong / right", "变错 / 变对"),
                     both("worded differently / items", "文字不同 / 题数")},
                    rows) +
         "<p class=\"note\">" +
         both(
             "The baseline against itself: the same items and settings, another order. A variant's "
             "difference of this size is what chance makes.",
             "基线与它自己相比:同样的题和设置,顺序不同。变体的差值若不超过这个大小,"
             "就是偶然所致。") +
         "</p></section>\n";
}

std::string flag_section(const RunReport& report) {
  std::string out = "<section id=\"flags\">" + heading("Is the measurement sound?", "测量可靠吗?");
  if (report.flags.empty()) {
    return out + "<p>" + both("No flag was raised.", "没有发现问题。") + "</p></section>\n";
  }
  std::string rows;
  for (const Flag& flag : report.flags) {
    rows += html_row(
        {escaped(flag.name) + (flag.forces_invalid()
                                   ? " <span class=\"badge invalid\">INVALID: " +
                                         escaped(join(flag.invalidates, ", ")) + "</span>"
                                   : ""),
         escaped(flag.variant), escaped(flag.task), both(flag.text, flag.text_zh),
         flag.threshold > 0 ? fmt::format("{:g}", flag.threshold) : "", escaped(flag.example)});
  }
  return out +
         html_table({both("flag", "标记"), both("variant", "变体"), both("task", "任务"),
                     both("what", "说明"), both("raised from", "阈值"), both("example", "例子")},
                    rows) +
         "</section>\n";
}

std::string engine_section(const RunReport& report) {
  std::string rows;
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    const VariantValues& variant = report.variants[v];
    const auto mean = shared_mean(report, v);
    const auto memory = static_cast<double>(variant.facts.gpu_memory_bytes);
    rows +=
        html_row({name_of(variant),
                  escaped(variant.model + (variant.revision.empty() ? "" : "@" + variant.revision)),
                  mean ? fmt::format("{:.1f}", *mean * 100) : "N/A",
                  fmt::format("{:.0f}{}", variant.tokens_per_s, variant.emulated ? " *" : ""),
                  human_duration(variant.load_s), memory > 0 ? human_bytes(memory) : "",
                  variant.energy_j ? fmt::format("{:.1f}", *variant.energy_j / 1000) : "",
                  std::to_string(variant.generated_tokens), std::to_string(variant.prompt_tokens),
                  escaped(variant.facts.dtype), escaped(join(variant.facts.kernel_names(), ", "))});
  }
  return "<section id=\"engine\">" + heading("Engine", "引擎") +
         html_table(
             {both("variant", "变体"), both("model", "模型"), both("accuracy, %", "准确率 %"),
              both("output tokens/s", "输出词/秒"), both("load", "加载"),
              both("GPU memory", "显存"), both("energy, kJ", "能耗 kJ"),
              both("output tokens", "输出词"), both("prompt tokens", "提示词"),
              both("dtype", "数据类型"), both("kernels", "内核")},
             rows) +
         "</section>\n";
}

std::string own_figure_section(const RunReport& report) {
  std::string rows;
  for (const OwnRow& figure : own_figure_rows(report)) {
    std::vector<std::string> cells = {escaped(figure.task), both(figure.figure, figure.figure_zh)};
    for (const std::string& cell : figure.cells) cells.push_back(escaped(cell));
    rows += html_row(cells);
  }
  if (rows.empty()) return "";
  std::vector<std::string> head = {both("task", "任务"), both("figure", "指标")};
  for (const VariantValues& v : report.variants) head.push_back(name_of(v));
  return "<section id=\"own\">" + heading("Benchmarks' own figures", "基准自有指标") +
         html_table(head, rows) + "</section>\n";
}

std::string metric_section(const RunReport& report) {
  constexpr std::size_t kNamed = 200;
  std::string rows;
  for (const MetricDifference& d : metric_differences(report)) {
    rows += html_row({escaped(report.tasks[d.task].title), name_of(report.variants[d.variant]),
                      escaped(named_items(d.only_robust, kNamed)),
                      escaped(named_items(d.only_lm_eval, kNamed))});
  }
  if (rows.empty()) return "";
  return "<section id=\"metrics\">" +
         heading("Where robust and lm_eval part", "robust 与 lm_eval 不一致之处") +
         html_table({both("task", "任务"), both("variant", "变体"),
                     both("robust higher", "robust 较高"), both("lm_eval higher", "lm_eval 较高")},
                    rows) +
         "</section>\n";
}

std::string group_section(const RunReport& report) {
  std::string out;
  for (const TaskValues& task : report.tasks) {
    std::map<std::string, std::vector<std::string>> by_group;
    for (std::size_t v = 0; v < task.cells.size(); ++v) {
      for (const auto& [group, value] : task.cells[v].groups) {
        auto& cells = by_group[group];
        cells.resize(report.variants.size());
        cells[v] = fmt::format("{:.1f} % ({})", value.second * 100, value.first);
      }
    }
    if (by_group.empty()) continue;
    std::vector<std::string> head = {both("group (items)", "分组(题数)")};
    for (const VariantValues& v : report.variants) head.push_back(name_of(v));
    std::string rows;
    for (auto& [group, cells] : by_group) {
      cells.insert(cells.begin(), escaped(group));
      rows += html_row(cells);
    }
    out += "<details><summary>" + escaped(task.title) + "</summary>" + html_table(head, rows) +
           "</details>\n";
  }
  if (out.empty()) return "";
  return "<section id=\"groups\">" + heading("By subject and difficulty", "按学科与难度") + out +
         "</section>\n";
}

}  // namespace assay
