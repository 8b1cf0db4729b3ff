// report.md
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/text.h"
#include "report/load_figures.h"
#include "report/metric_differences.h"
#include "report/own_figures.h"
#include "report/summary.h"
#include "report/write.h"

namespace assay {
namespace {

// Text in a table cell: no pipes, no line ends.
std::string cell_text(std::string text) {
  text = replace_all(std::move(text), "|", "\\|");
  return replace_all(std::move(text), "\n", " ");
}

std::string row(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += " " + cell_text(cell) + " |";
  return line + "\n";
}

std::string rule(std::size_t columns) {
  std::string line = "|";
  for (std::size_t i = 0; i < columns; ++i) line += " --- |";
  return line + "\n";
}

std::vector<std::string> names_of(const RunReport& report) {
  std::vector<std::string> names;
  names.reserve(report.variants.size());
  for (const VariantValues& v : report.variants)
    names.push_back(v.baseline ? v.name + " (baseline)" : v.name);
  return names;
}

std::string pooled_table(const RunReport& report) {
  std::string out = "## Verdict\n\n" + report.summary + "\n\n";
  out += row({"variant", "verdict", "pooled difference [95 %], points", "paired items",
              "flips to wrong / right"});
  out += rule(5);
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) continue;
    const PairedComparison& p = report.pooled[v].overall;
    out += row({report.variants[v].name, verdict_text(p), difference_text(p), std::to_string(p.n),
                fmt::format("{} / {}", p.flips_to_wrong, p.flips_to_right)});
  }
  return out + fmt::format(
                   "\nThe pooled difference is the primary comparison (margin {} points, alpha {} "
                   "one-sided); the verdicts by task are secondary and Holm-adjusted.\n\n",
                   report.margin_pp, report.alpha);
}

std::string score_table(const RunReport& report) {
  std::vector<std::string> head = {"task"};
  for (const std::string& name : names_of(report)) head.push_back(name);
  std::string out = "## Scores\n\n" + row(head) + rule(head.size());
  for (const TaskValues& task : report.tasks) {
    std::vector<std::string> cells = {task.title};
    for (const Cell& cell : task.cells) {
      std::string text = score_text(task, cell);
      if (cell.not_available.empty()) {
        text += fmt::format(" [{:.0f}, {:.0f}]", cell.ci95.low * 100, cell.ci95.high * 100);
        if (cell.metrics.contains("lm_eval")) {
          text += fmt::format(" (lm_eval {:.1f} %)", cell.metrics.at("lm_eval") * 100);
        }
      }
      cells.push_back(text);
    }
    out += row(cells);
  }
  return out + "\nIn brackets Wilson's 95 % interval of the score itself.\n\n";
}

std::string difference_table(const RunReport& report) {
  std::string out = "## Differences to the baseline\n\n";
  out += row({"task", "variant", "difference [95 %], points", "to wrong / right", "McNemar p",
              "verdict"}) +
         rule(6);
  for (const TaskValues& task : report.tasks) {
    for (std::size_t v = 0; v < task.cells.size(); ++v) {
      const auto& paired = task.cells[v].paired;
      if (!paired) continue;
      out +=
          row({task.title, report.variants[v].name, difference_text(*paired),
               fmt::format("{} / {}", paired->flips_to_wrong, paired->flips_to_right),
               paired->mcnemar_p && paired->n > 0 ? fmt::format("{:.3f}", *paired->mcnemar_p) : "",
               verdict_text(*paired)});
    }
  }
  return out + "\n";
}

std::string fidelity_table(const RunReport& report) {
  std::string rows;
  const auto text = [](const Estimate& e, double scale) {
    return fmt::format("{:.4f} [{:.4f}, {:.4f}]", e.value * scale, e.low * scale, e.high * scale);
  };
  for (std::size_t v = 0; v < report.fidelity.size(); ++v) {
    const std::optional<FidelityValues>& read = report.fidelity[v];
    if (!read) continue;
    const FidelityValues& f = *read;
    rows += row({report.variants[v].name, std::to_string(f.items), std::to_string(f.tokens),
                 text(f.kl, 1), text(f.top1_agreement, 1), text(f.loglik_difference, 1)});
  }
  if (rows.empty()) return "";
  return "## Fidelity\n\n" +
         row({"variant", "items", "positions", "mean KL [95 %], nats", "top-1 agreement [95 %]",
              "log-likelihood difference [95 %]"}) +
         rule(6) + rows + "\nThe baseline's own outputs, read by each variant token by token.\n\n";
}

std::string noise_table(const RunReport& report) {
  if (!report.noise_floor) return "";
  const auto line = [](const std::string& name, const NoiseFloor& floor) {
    const PairedComparison& c = floor.comparison;
    return row({name, std::to_string(c.n), difference_text(c),
                fmt::format("{} / {}", c.flips_to_wrong, c.flips_to_right),
                fmt::format("{} of {}", floor.worded_differently, floor.answered_twice)});
  };
  std::string out = "## Noise floor\n\n" +
                    row({"task", "items", "second pass minus first [95 %], points",
                         "to wrong / right", "worded differently"}) +
                    rule(5) + line("pooled", *report.noise_floor);
  for (const TaskValues& task : report.tasks) {
    if (task.noise_floor) out += line(task.title, *task.noise_floor);
  }
  return out +
         "\nThe baseline against itself: the same items and settings, another order. A "
         "variant's difference of this size is what chance makes.\n\n";
}

std::string own_figure_table(const RunReport& report) {
  const std::vector<OwnRow> figures = own_figure_rows(report);
  if (figures.empty()) return "";
  std::vector<std::string> head = {"task", "figure"};
  for (const std::string& name : names_of(report)) head.push_back(name);
  std::string out = "## Benchmarks' own figures\n\n" + row(head) + rule(head.size());
  for (const OwnRow& figure : figures) {
    std::vector<std::string> cells = {figure.task, figure.figure};
    cells.insert(cells.end(), figure.cells.begin(), figure.cells.end());
    out += row(cells);
  }
  return out + "\n";
}

std::string metric_table(const RunReport& report) {
  constexpr std::size_t kNamed = 20;
  const std::vector<MetricDifference> differences = metric_differences(report);
  if (differences.empty()) return "";
  std::string out = "## Where robust and lm_eval part\n\n";
  out += row({"task", "variant", "robust higher", "lm_eval higher"}) + rule(4);
  for (const MetricDifference& d : differences) {
    out += row({report.tasks[d.task].title, report.variants[d.variant].name,
                named_items(d.only_robust, kNamed), named_items(d.only_lm_eval, kNamed)});
  }
  return out + "\nresults.json names all of these items.\n\n";
}

std::string count_table(const RunReport& report) {
  std::string out = "## Counts\n\n";
  out += row({"task", "planned", "variant", "counts"}) + rule(4);
  for (const TaskValues& task : report.tasks) {
    for (std::size_t v = 0; v < task.cells.size(); ++v) {
      out += row({task.title, std::to_string(task.planned), report.variants[v].name,
                  counts_text(task.cells[v])});
    }
  }
  return out + "\n";
}

std::string engine_table(const RunReport& report) {
  std::string out = "## Engine\n\n";
  out += row({"variant", "model", "loads", "load", "tokens per second", "output tokens",
              "GPU memory", "energy", "dtype", "kernels"}) +
         rule(10);
  for (const VariantValues& v : report.variants) {
    const auto memory = static_cast<double>(v.facts.gpu_memory_bytes);
    out += row({v.name, v.model + (v.revision.empty() ? "" : "@" + v.revision),
                std::to_string(v.loads), human_duration(v.load_s),
                fmt::format("{:.0f}", v.tokens_per_s), std::to_string(v.generated_tokens),
                memory > 0 ? human_bytes(memory) : "",
                v.energy_j ? fmt::format("{:.1f} kJ", *v.energy_j / 1000) : "", v.facts.dtype,
                join(v.facts.kernel_names(), ", ")});
  }
  return out + "\n";
}

std::string flag_list(const RunReport& report) {
  if (report.flags.empty()) return "## Is the measurement sound?\n\nNo flag was raised.\n";
  std::string out = "## Is the measurement sound?\n\n";
  for (const Flag& flag : report.flags) {
    out += fmt::format("- **{}** {}{}: {}{}{}\n", flag.name, flag.variant,
                       flag.task.empty() ? "" : ", " + flag.task, flag.text,
                       flag.example.empty() ? "" : " (for example " + flag.example + ")",
                       flag.forces_invalid() ? ": INVALID" : "");
  }
  return out;
}

std::string time_text(double seconds) {
  if (seconds <= 0) return "?";
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

}  // namespace

std::string markdown_report(const RunReport& report) {
  std::string out = "# " + report.name + "\n\n";
  out += fmt::format("Started {}, ended {}; {} spent{}.\n\n", time_text(report.started_at_s),
                     time_text(report.ended_at_s), human_duration(report.spent_s),
                     report.budget_s > 0 ? " of " + human_duration(report.budget_s) : "");
  out += pooled_table(report) + fidelity_table(report) + score_table(report) +
         own_figure_table(report) + difference_table(report) + metric_table(report) +
         noise_table(report) + count_table(report) + engine_table(report) + load_markdown(report) +
         flag_list(report);
  return out + "\nMade by assay " + report.assay_version + ".\n";
}

}  // namespace assay
