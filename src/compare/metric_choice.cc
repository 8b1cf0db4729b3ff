#include "compare/metric_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/ascii.h"
#include "base/text.h"

namespace assay {
namespace {

bool has(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_in_range(const MetricSummary& m) {
  return std::isnan(m.value) || (m.value >= 0 && m.value <= 1);
}

const MetricSummary* same_metric(const std::vector<MetricSummary>& metrics,
                                 const MetricSummary& wanted) {
  for (const MetricSummary& m : metrics) {
    if (m.metric != wanted.metric) continue;
    if (m.filter == wanted.filter || m.filter.empty() || wanted.filter.empty()) return &m;
  }
  return nullptr;
}

std::string value_text(double value) {
  return std::isnan(value) ? "NaN" : fmt::format("{:.4g}", value);
}

std::string values_text(const MetricSummary& base, const MetricSummary* candidate) {
  return fmt::format("{} {} against {}", metric_title(base.metric, base.filter),
                     value_text(base.value),
                     candidate == nullptr ? "nothing" : value_text(candidate->value));
}

std::string titles(const std::vector<MetricSummary>& metrics) {
  std::vector<std::string> names;
  names.reserve(metrics.size());
  for (const MetricSummary& m : metrics) names.push_back(metric_title(m.metric, m.filter));
  return some_of(names);
}

std::string no_share(const std::vector<MetricSummary>& base,
                     const std::vector<MetricSummary>& candidate) {
  std::vector<std::string> values;
  bool no_number = false;
  for (const MetricSummary& m : base) {
    const MetricSummary* other = same_metric(candidate, m);
    values.push_back(values_text(m, other));
    no_number = no_number || std::isnan(m.value) || (other != nullptr && std::isnan(other->value));
  }
  return fmt::format("{}: {}", no_number ? "not a number" : "no share of right answers",
                     some_of(values));
}

}  // namespace

std::string metric_title(const std::string& metric, const std::string& filter) {
  return filter.empty() || filter == "none" ? metric : metric + ", " + filter;
}

bool is_share_name(const std::string& metric) {
  static constexpr std::array<std::string_view, 46> kOthers = {
      "perplexity",  "ppl",     "bits",      "bpb",           "f1",        "brier",      "mcc",
      "matthews",    "pearson", "pearsonr",  "spearman",      "spearmanr", "kendall",    "corr",
      "correlation", "bleu",    "sacrebleu", "ter",           "chrf",      "rouge",      "rouge1",
      "rouge2",      "rougel",  "rougelsum", "meteor",        "bertscore", "bleurt",     "wer",
      "cer",         "loss",    "nll",       "loglikelihood", "logprob",   "likelihood", "mse",
      "rmse",        "mae",     "ece",       "kappa",         "auc",       "auroc",      "diff",
      "entropy",     "r2",      "sim",       "similarity"};
  std::string lower = metric;
  std::ranges::transform(lower, lower.begin(), to_lower);
  std::replace_if(
      lower.begin(), lower.end(), [](char c) { return c == '-' || c == '/' || c == ' '; }, '_');
  const std::vector<std::string> words = split(lower, '_');
  // "bleu_acc": whether the right answer has the higher BLEU.
  for (std::string_view end : {"acc", "accuracy", "em", "match"}) {
    if (words.back() == end) return true;
  }
  return std::none_of(kOthers.begin(), kOthers.end(),
                      [&words](std::string_view word) { return has(words, word); });
}

MetricChoice choose_metric(const std::vector<MetricSummary>& base,
                           const std::vector<MetricSummary>& candidate,
                           const CompareRequest& request, bool has_samples) {
  MetricChoice out;
  const bool named = !request.metric.empty();
  const MetricSummary* chosen = nullptr;
  bool filter_found = false;
  for (const MetricSummary& m : base) {
    if (named && m.metric != request.metric) continue;
    if (!request.filter.empty() && m.filter != request.filter) continue;
    filter_found = true;
    const MetricSummary* other = same_metric(candidate, m);
    const bool share =
        is_share_name(m.metric) && is_in_range(m) && (other == nullptr || is_in_range(*other));
    if (!share && !(named && has_samples)) continue;
    chosen = &m;
    break;
  }
  if (chosen == nullptr) {
    if (!base.empty()) out.base = base.front();
    if (!filter_found && (named || !request.filter.empty())) {
      out.not_available = fmt::format(
          "no metric {}: it has {}",
          metric_title(named ? request.metric : "of filter", request.filter), titles(base));
    } else {
      out.not_available = base.empty() ? "no figures" : no_share(base, candidate);
      out.no_share = !base.empty() && std::none_of(base.begin(), base.end(), [](const auto& m) {
        return is_share_name(m.metric);
      });
    }
    return out;
  }
  out.base = *chosen;
  const MetricSummary* other = same_metric(candidate, *chosen);
  if (other != nullptr) out.candidate = *other;
  if (other == nullptr && !candidate.empty()) {
    out.not_available =
        fmt::format("the candidate has no {}: it has {}",
                    metric_title(chosen->metric, chosen->filter), titles(candidate));
  } else if (std::isnan(chosen->value) || (other != nullptr && std::isnan(other->value))) {
    out.not_available = "not a number: " + values_text(*chosen, other);
  }
  return out;
}

}  // namespace assay
