#include "report/summary.h"

#include <fmt/format.h>

#include "base/text.h"

namespace assay {
namespace {

std::string sentence_for(const RunReport& report, std::size_t v) {
  const PairedComparison& pooled = report.pooled[v].overall;
  const std::string& name = report.variants[v].name;
  if (pooled.n == 0) return fmt::format("{} shares no scored item with the baseline.", name);
  std::string text = fmt::format("{}: pooled over {} paired items the score moves by {} points, ",
                                 name, pooled.n, difference_text(pooled));
  switch (pooled.verdict) {
    case Verdict::non_inferior:
      text += fmt::format("so a loss of {} points or more is ruled out.", report.margin_pp);
      break;
    case Verdict::worse:
      text += "which is a loss beyond chance.";
      break;
    case Verdict::worse_within_margin:
      text += fmt::format("a loss beyond chance, and for sure smaller than {} points.",
                          report.margin_pp);
      break;
    default:
      text += fmt::format("which neither shows a loss nor rules out one of {} points",
                          report.margin_pp);
      text +=
          pooled.items_needed ? fmt::format("; about {} items would.", *pooled.items_needed) : ".";
  }
  return text;
}

}  // namespace

std::string verdict_text(const PairedComparison& comparison) {
  std::string text(verdict_label(comparison.verdict));
  if (comparison.verdict == Verdict::inconclusive && comparison.items_needed) {
    text += fmt::format(" ({} items needed)", *comparison.items_needed);
  } else if (comparison.verdict == Verdict::invalid) {
    text += " (" + comparison.reason + ")";
  } else if (comparison.verdict == Verdict::not_available) {
    return comparison.reason.starts_with("N/A") ? comparison.reason
                                                : "N/A (" + comparison.reason + ")";
  }
  return text;
}

std::string difference_text(const PairedComparison& comparison) {
  if (comparison.n == 0) return "";
  return fmt::format("{:+.1f} [{:+.1f}, {:+.1f}]", comparison.diff_pp, comparison.ci95_low_pp,
                     comparison.ci95_high_pp);
}

std::string score_text(const TaskValues& task, const Cell& cell) {
  if (!cell.not_available.empty()) return cell.not_available;
  const auto it = cell.metrics.find(task.metrics.front());
  return it == cell.metrics.end() ? "N/A (no scores)" : fmt::format("{:.1f} %", it->second * 100);
}

std::string counts_text(const Cell& cell) {
  std::int64_t unscored = 0;
  std::string reasons;
  for (const auto& [reason, count] : cell.unscored) {
    unscored += count;
    reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", reason, count);
  }
  std::string text = fmt::format("run {}", cell.run);
  if (cell.paired) text += fmt::format(", paired {}", cell.paired->n);
  text += fmt::format(", unscored {}", unscored);
  if (!reasons.empty()) text += " (" + reasons + ")";
  return text + fmt::format(", truncated {}", cell.truncated);
}

std::string summarize_in_words(const RunReport& report) {
  std::string text;
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) continue;
    text += (text.empty() ? "" : " ") + sentence_for(report, v);
  }
  int invalid = 0;
  for (const Flag& flag : report.flags) invalid += flag.forces_invalid ? 1 : 0;
  if (invalid > 0)
    text += fmt::format(" {} measurements are not sound and carry no verdict.", invalid);
  if (report.end == "out_of_time") {
    text +=
        " The budget ended the run: the items left are recorded as not run, and comparisons use "
        "the "
        "items both sides answered.";
  }
  return text;
}

}  // namespace assay
