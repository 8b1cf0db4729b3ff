// report.html: one file that works offline. Everything a model wrote is hostile text: it is escaped
// in the markup, and the browser of items reads it from JSON and sets it as text, never as markup.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "report/html_assets.h"
#include "report/summary.h"
#include "report/write.h"

namespace assay {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return sanitize_utf8(out);
}

std::string tag(const char* name, const std::string& inner) {
  return fmt::format("<{}>{}</{}>", name, inner, name);
}

std::string row_of(const std::vector<std::string>& cells, const char* kind = "td") {
  std::string out = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    out += i == 0 ? "<th scope=\"row\">" + cells[i] + "</th>" : tag(kind, cells[i]);
  }
  return out + "</tr>\n";
}

std::string head_of(const std::vector<std::string>& names) {
  std::string out = "<thead><tr>";
  for (const std::string& name : names) out += "<th scope=\"col\">" + escaped(name) + "</th>";
  return out + "</tr></thead>\n";
}

std::string badge(const PairedComparison& comparison) {
  return fmt::format("<span class=\"badge {}\">{}</span>", verdict_name(comparison.verdict),
                     escaped(verdict_text(comparison)));
}

struct ForestRow {
  std::string label;
  const PairedComparison* comparison;
};

// Differences with their 95 % intervals, the margin and zero, as a picture with words beside it.
std::string forest_plot(const RunReport& report) {
  std::vector<ForestRow> rows;
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) continue;
    rows.push_back({report.variants[v].name + ": pooled", &report.pooled[v].overall});
    for (const TaskValues& task : report.tasks) {
      if (task.cells[v].paired && task.cells[v].paired->n > 0) {
        rows.push_back({report.variants[v].name + ": " + task.title, &*task.cells[v].paired});
      }
    }
  }
  double reach = report.margin_pp * 2;
  for (const ForestRow& row : rows) {
    if (row.comparison->n == 0) continue;
    reach = std::max({reach, -row.comparison->ci95_low_pp, row.comparison->ci95_high_pp});
  }
  reach = std::min(reach * 1.05, 100.0);
  constexpr double kLeft = 260;
  constexpr double kWidth = 520;
  constexpr int kStep = 24;
  const auto x = [&](double pp) {
    return kLeft + (std::clamp(pp, -reach, reach) / reach + 1) * kWidth / 2;
  };
  const int height = kStep * (static_cast<int>(rows.size()) + 2);
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 820 {}\" role=\"img\" aria-labelledby=\"forest-title forest-desc\">"
      "<title id=\"forest-title\">Differences to the baseline with 95 % intervals</title>"
      "<desc id=\"forest-desc\">Each line is one comparison; the numbers stand in the table "
      "below.</desc>"
      "<rect class=\"margin\" x=\"{:.1f}\" y=\"0\" width=\"{:.1f}\" height=\"{}\"/>"
      "<line class=\"zero\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"0\" y2=\"{}\"/>",
      height, x(-report.margin_pp), x(0) - x(-report.margin_pp), height - kStep, x(0), x(0),
      height - kStep);
  int y = kStep / 2;
  for (const ForestRow& row : rows) {
    const PairedComparison& c = *row.comparison;
    svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", kLeft - 10, y + 4,
                       escaped(row.label));
    if (c.n > 0) {
      svg += fmt::format(
          "<line class=\"ci {0}\" x1=\"{1:.1f}\" x2=\"{2:.1f}\" y1=\"{3}\" y2=\"{3}\"/>"
          "<circle class=\"{0}\" cx=\"{4:.1f}\" cy=\"{3}\" r=\"4\"><title>{5}</title></circle>",
          verdict_name(c.verdict), x(c.ci95_low_pp), x(c.ci95_high_pp), y, x(c.diff_pp),
          escaped(difference_text(c)));
    }
    y += kStep;
  }
  for (double tick : {-reach, -report.margin_pp, 0.0, reach}) {
    svg += fmt::format(
        "<text class=\"tick\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:+.0f}</text>", x(tick),
        height - 8, tick);
  }
  return svg + "</svg>\n";
}

std::string verdict_section(const RunReport& report) {
  std::string out = "<section id=\"verdict\"><h2>Verdict</h2><p class=\"lead\">" +
                    escaped(report.summary) + "</p>";
  out += "<table>" +
         head_of({"variant", "verdict", "pooled difference [95 %], points", "paired items",
                  "flips to wrong", "flips to right"}) +
         "<tbody>";
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) continue;
    const PairedComparison& p = report.pooled[v].overall;
    out += row_of({escaped(report.variants[v].name), badge(p), escaped(difference_text(p)),
                   std::to_string(p.n), std::to_string(p.flips_to_wrong),
                   std::to_string(p.flips_to_right)});
  }
  out += "</tbody></table>";
  out += fmt::format(
      "<p class=\"note\">Primary: the pooled difference, tasks weighted as the plan says; margin "
      "{} points, alpha {} "
      "one-sided. Verdicts by task are secondary and Holm-adjusted.</p></section>\n",
      report.margin_pp, report.alpha);
  return out;
}

std::string score_section(const RunReport& report) {
  std::vector<std::string> head = {"task"};
  for (const VariantValues& v : report.variants)
    head.push_back(v.baseline ? v.name + " (baseline)" : v.name);
  std::string out = "<section id=\"scores\"><h2>Scores</h2><div class=\"wide\"><table>" +
                    head_of(head) + "<tbody>";
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
      }
      text += "<br><span class=\"sub\">" + escaped(counts_text(cell)) + "</span>";
      cells.push_back(text);
    }
    out += row_of(cells);
  }
  return out + "</tbody></table></div></section>\n";
}

std::string engine_section(const RunReport& report) {
  std::string out = "<section id=\"engine\"><h2>Engine and speed</h2><div class=\"wide\"><table>";
  out += head_of({"variant", "model", "load", "output tokens/s", "output tokens", "prompt tokens",
                  "dtype", "kernels"}) +
         "<tbody>";
  for (const VariantValues& v : report.variants) {
    std::string kernels;
    for (const auto& kernel : v.facts.value("kernels", nlohmann::json::array())) {
      if (kernel.is_string()) kernels += (kernels.empty() ? "" : ", ") + kernel.get<std::string>();
    }
    out += row_of({escaped(v.name), escaped(v.model + (v.revision.empty() ? "" : "@" + v.revision)),
                   human_duration(v.load_s), fmt::format("{:.0f}", v.tokens_per_s),
                   std::to_string(v.generated_tokens), std::to_string(v.prompt_tokens),
                   escaped(v.facts.value("dtype", "")), escaped(kernels)});
  }
  return out + "</tbody></table></div></section>\n";
}

std::string flag_section(const RunReport& report) {
  std::string out = "<section id=\"flags\"><h2>Is the measurement sound?</h2>";
  if (report.flags.empty()) return out + "<p>No flag was raised.</p></section>\n";
  out += "<table>" + head_of({"flag", "variant", "task", "what", "example"}) + "<tbody>";
  for (const Flag& flag : report.flags) {
    out += row_of(
        {escaped(flag.name) +
             (flag.forces_invalid() ? " <span class=\"badge invalid\">INVALID</span>" : ""),
         escaped(flag.variant), escaped(flag.task), escaped(flag.text), escaped(flag.example)});
  }
  return out + "</tbody></table></section>\n";
}

std::string group_section(const RunReport& report) {
  std::string rows;
  for (const TaskValues& task : report.tasks) {
    std::map<std::string, std::vector<std::string>> by_group;
    for (std::size_t v = 0; v < task.cells.size(); ++v) {
      for (const auto& [group, value] : task.cells[v].groups) {
        auto& cells = by_group[group];
        cells.resize(report.variants.size());
        cells[v] = fmt::format("{:.1f} % of {}", value.second * 100, value.first);
      }
    }
    for (auto& [group, cells] : by_group) {
      cells.insert(cells.begin(), escaped(task.title + ": " + group));
      rows += row_of(cells);
    }
  }
  if (rows.empty()) return "";
  std::vector<std::string> head = {"group"};
  for (const VariantValues& v : report.variants) head.push_back(v.name);
  return "<section id=\"groups\"><h2>By subject and difficulty</h2><table>" + head_of(head) +
         "<tbody>" + rows + "</tbody></table></section>\n";
}

// What the browser of items reads. "<" never stands in it, so no end tag can.
std::string items_json(const RunReport& report) {
  Json items = Json::array();
  for (const ItemValues& item : report.items) {
    Json outputs = Json::array();
    for (const auto& output : item.outputs) {
      if (!output) {
        outputs.push_back(nullptr);
        continue;
      }
      outputs.push_back({{"t", output->text},
                         {"x", output->extracted},
                         {"f", output->finish_reason},
                         {"o", output->outcome},
                         {"s", output->score}});
    }
    items.push_back({{"k", item.task},
                     {"i", item.id},
                     {"g", item.group},
                     {"r", item.target},
                     {"f", item.flips},
                     {"o", outputs}});
  }
  Json names = Json::array();
  for (const VariantValues& v : report.variants) names.push_back(v.name);
  const std::string text = dump_json({{"variants", names}, {"items", items}});
  return replace_all(replace_all(text, "<", "\\u003c"), "&", "\\u0026");
}

std::string browser_section(const RunReport& report) {
  std::string options = "<option value=\"\">all tasks</option>";
  for (const TaskValues& task : report.tasks) {
    options += "<option value=\"" + escaped(task.name) + "\">" + escaped(task.title) + "</option>";
  }
  return "<section id=\"items\"><h2>Items</h2><form id=\"filter\" onsubmit=\"return false\">"
         "<label>task <select id=\"f-task\">" +
         options +
         "</select></label> "
         "<label><input type=\"checkbox\" id=\"f-flips\"> flips only</label> "
         "<label>find <input type=\"search\" id=\"f-text\"></label> <output "
         "id=\"f-count\"></output></form>"
         "<div class=\"browser\"><ul id=\"list\" role=\"listbox\" tabindex=\"0\" "
         "aria-label=\"items\"></ul>"
         "<div id=\"detail\" aria-live=\"polite\"></div></div></section>\n";
}

}  // namespace

std::string html_report(const RunReport& report) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; "
      "script-src 'unsafe-inline'; img-src data:\">"
      "<title>" +
      escaped(report.name) + "</title><style>" + kReportStyle + "</style></head><body>";
  out += "<header><h1>" + escaped(report.name) + "</h1><p>" +
         escaped(fmt::format("{} spent{}", human_duration(report.spent_s),
                             report.budget_s > 0 ? " of " + human_duration(report.budget_s) : "")) +
         "</p><button id=\"theme\" type=\"button\">light / dark</button></header><main>\n";
  out += verdict_section(report);
  out += "<section id=\"forest\"><h2>Differences to the baseline</h2>" + forest_plot(report) +
         "</section>\n";
  out += score_section(report) + flag_section(report) + engine_section(report) +
         group_section(report) + browser_section(report);
  out += "</main><footer>assay " + escaped(report.assay_version) + "</footer>";
  out += "<script type=\"application/json\" id=\"data\">" + items_json(report) + "</script>";
  return out + "<script>" + kReportScript + "</script></body></html>\n";
}

}  // namespace assay
