#include "compare/compare_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <future>

#include "base/text.h"
#include "compare/samples.h"

namespace assay {
namespace {

constexpr std::size_t kExamples = 5;

bool higher_is_better(const ResultArm& arm, const std::string& task, const std::string& metric) {
  const auto it = arm.tasks.find(task);
  if (it == arm.tasks.end()) return true;
  for (const MetricSummary& m : it->second.metrics) {
    if (m.metric == metric) return m.higher_is_better;
  }
  return true;
}

Result<std::string> choose_metric(const SampleLayout& layout, const std::string& wanted,
                                  const std::string& where) {
  if (!wanted.empty()) {
    if (std::find(layout.metrics.begin(), layout.metrics.end(), wanted) != layout.metrics.end()) {
      return wanted;
    }
    return usage_error(fmt::format("{} has no metric {}", where, wanted),
                       "it has: " + join(layout.metrics, ", "), "name one of these");
  }
  for (const char* name : {"robust", "exact_match", "acc"}) {
    for (const std::string& metric : layout.metrics) {
      if (metric == name) return metric;
    }
  }
  return layout.metrics.empty() ? std::string() : layout.metrics.front();
}

// Walks two tables ordered by id; a document's several lines are averaged.
struct Pairing {
  std::vector<PairedScore> pairs;
  std::int64_t shared = 0;
  std::int64_t prompts_differ = 0;
  std::uint32_t differing_base = 0;
  std::uint32_t differing_candidate = 0;
};

struct Group {
  double sum = 0;
  int n = 0;
  std::size_t next = 0;
};

Group group_at(const std::vector<SampleRow>& rows, std::size_t at) {
  Group out{0, 0, at};
  while (out.next < rows.size() && rows[out.next].id_high == rows[at].id_high &&
         rows[out.next].id_low == rows[at].id_low) {
    if (!std::isnan(rows[out.next].score)) {
      out.sum += rows[out.next].score;
      ++out.n;
    }
    ++out.next;
  }
  return out;
}

void note_alone(const SampleRow& row, std::int64_t& count, std::vector<std::uint32_t>& examples) {
  ++count;
  if (examples.size() < kExamples) examples.push_back(row.doc_id);
}

Pairing pair_up(const SampleTable& base, const SampleTable& candidate, TaskComparison& task) {
  Pairing out;
  const auto key = [](const SampleRow& row) { return std::pair(row.id_high, row.id_low); };
  std::size_t b = 0;
  std::size_t c = 0;
  while (b < base.rows.size() || c < candidate.rows.size()) {
    const bool no_b = b == base.rows.size();
    const bool no_c = c == candidate.rows.size();
    if (no_c || (!no_b && key(base.rows[b]) < key(candidate.rows[c]))) {
      note_alone(base.rows[b], task.only_base, task.example_only_base);
      b = group_at(base.rows, b).next;
      continue;
    }
    if (no_b || key(candidate.rows[c]) < key(base.rows[b])) {
      note_alone(candidate.rows[c], task.only_candidate, task.example_only_candidate);
      c = group_at(candidate.rows, c).next;
      continue;
    }
    ++out.shared;
    const SampleRow& left = base.rows[b];
    const SampleRow& right = candidate.rows[c];
    if (left.prompt != 0 && right.prompt != 0 && left.prompt != right.prompt) {
      if (out.prompts_differ++ == 0) {
        out.differing_base = left.doc_id;
        out.differing_candidate = right.doc_id;
      }
    }
    const Group x = group_at(base.rows, b);
    const Group y = group_at(candidate.rows, c);
    if (x.n > 0 && y.n > 0) out.pairs.push_back({x.sum / x.n, y.sum / y.n, std::max(x.n, y.n)});
    b = x.next;
    c = y.next;
  }
  return out;
}

bool covers_answers(const ResultArm& arm, const std::string& task) {
  const auto it = arm.tasks.find(task);
  return it != arm.tasks.end() && it->second.prompt_hash_covers_answers;
}

// Where a side's hashes say nothing about what was asked, the difference is told, not refused.
bool note_unknown_prompts(const ResultArm& arm, const std::string& task, TaskComparison& out) {
  if (!covers_answers(arm, task)) return false;
  out.notes.push_back(
      fmt::format("prompts not compared: the samples of {} are of an earlier release, whose "
                  "prompt_hash covers the model's own answers; `assay report` writes them anew",
                  arm.name));
  return true;
}

Status check_prompts(const Sides& sides, const std::string& task, const std::string& other,
                     const Pairing& pairing, TaskComparison& out) {
  if (pairing.prompts_differ == 0) return {};
  const bool base_unknown = note_unknown_prompts(sides.base, task, out);
  if (note_unknown_prompts(sides.candidate, other, out) || base_unknown) return {};
  const std::string count =
      fmt::format("{} of {} shared items", pairing.prompts_differ, pairing.shared);
  if (sides.request.allow_different_prompts) {
    out.notes.push_back("prompts differ on " + count);
    return {};
  }
  const std::string left = TRY(prompt_hash_of(sides.base.samples.at(task), pairing.differing_base));
  const std::string right =
      TRY(prompt_hash_of(sides.candidate.samples.at(other), pairing.differing_candidate));
  return prompts_differ(
      fmt::format("the prompts of {} differ on {}", task, count),
      fmt::format("prompt_hash of doc_id {}: {} in {}, {} in {}", pairing.differing_base, left,
                  sides.base.name, right, sides.candidate.name));
}

void note_table(const SampleTable& table, const std::string& name, TaskComparison& out) {
  out.unscored += table.unscored;
  if (table.cut) {
    out.notes.push_back(fmt::format("the samples of {} end within a line: {} whole lines used",
                                    name, table.rows.size()));
  }
}

// Right answers of n, from an accuracy with n or with its standard error (n - 1 = p(1 - p)/se²).
std::optional<Proportion> proportion_of(const TaskSummary& task, const MetricSummary& metric) {
  const double p = metric.higher_is_better ? metric.value : 1 - metric.value;
  if (!(p >= 0 && p <= 1)) return std::nullopt;
  auto n = static_cast<double>(task.n);
  if (n <= 0 && metric.standard_error && *metric.standard_error > 0) {
    n = std::round(p * (1 - p) / (*metric.standard_error * *metric.standard_error)) + 1;
  }
  if (n <= 0) return std::nullopt;
  return Proportion{p * n, n};
}

const MetricSummary* find_metric(const TaskSummary& task, const CompareRequest& request) {
  const MetricSummary* found = nullptr;
  for (const char* name : {"", "robust", "exact_match", "acc"}) {
    for (const MetricSummary& m : task.metrics) {
      const std::string wanted = *name == '\0' ? request.metric : name;
      if (wanted.empty() || m.metric != wanted) continue;
      if (!request.filter.empty() && m.filter != request.filter) continue;
      if (found == nullptr) found = &m;
    }
    if (!request.metric.empty()) break;
  }
  if (found == nullptr && request.metric.empty() && !task.metrics.empty()) {
    found = &task.metrics.front();
  }
  return found;
}

}  // namespace

std::unexpected<Error> prompts_differ(const std::string& what, const std::string& why) {
  return usage_error(
      what, why, "ask both sides the same, or add --allow-different-prompts when that is meant");
}

Result<std::vector<PairedScore>> compare_paired(const Sides& sides, const std::string& task,
                                                const std::string& other, TaskComparison& out) {
  const auto& base_file = sides.base.samples.at(task);
  const auto& candidate_file = sides.candidate.samples.at(other);
  const SampleLayout left = TRY(sample_layout(base_file, sides.request.filter));
  const SampleLayout right = TRY(sample_layout(candidate_file, sides.request.filter));
  SampleChoice choice;
  choice.metric = TRY(choose_metric(left, sides.request.metric, base_file.string()));
  choice.filter = sides.request.filter.empty() ? left.filter : sides.request.filter;
  choice.by_doc_hash = left.has_doc_hash && right.has_doc_hash;
  choice.higher_is_better = higher_is_better(sides.base, task, choice.metric);
  out.metric = choice.metric;
  out.filter = choice.filter;
  if (std::find(right.metrics.begin(), right.metrics.end(), choice.metric) == right.metrics.end()) {
    out.notes.push_back(fmt::format("{} has no metric {}", sides.candidate.name, choice.metric));
  }
  if (!choice.by_doc_hash) out.notes.emplace_back("items matched by doc_id: no doc_hash");
  if (!choice.higher_is_better) out.notes.emplace_back("lower is better: compared as 1 - value");
  // Two cores, two sides.
  auto reading = std::async(std::launch::async, [&candidate_file, choice] {
    return read_samples(candidate_file, choice);
  });
  auto base_table = read_samples(base_file, choice);
  auto candidate_table = reading.get();
  if (!base_table) return std::unexpected(base_table.error());
  if (!candidate_table) return std::unexpected(candidate_table.error());
  note_table(*base_table, sides.base.name, out);
  note_table(*candidate_table, sides.candidate.name, out);
  Pairing pairing = pair_up(*base_table, *candidate_table, out);
  TRY(check_prompts(sides, task, other, pairing, out));
  return std::move(pairing.pairs);
}

Status compare_summaries(const Sides& sides, const std::string& task, const std::string& other,
                         const CompareOptions& options, TaskComparison& out) {
  out.paired = false;
  const TaskSummary& left = sides.base.tasks.at(task);
  const TaskSummary& right = sides.candidate.tasks.at(other);
  if (!left.prompt_sha.empty() && !right.prompt_sha.empty() &&
      left.prompt_sha != right.prompt_sha) {
    out.notes.emplace_back("the task_hashes differ: items, prompts or answers are not the same");
  }
  for (const std::string& why : {left.not_available, right.not_available}) {
    if (why.empty()) continue;
    out.comparison = compare_pairs({}, options);
    out.comparison.reason = why;
    return {};
  }
  const MetricSummary* x = find_metric(left, sides.request);
  const MetricSummary* y = nullptr;
  if (x != nullptr) {
    out.metric = x->metric;
    out.filter = x->filter;
    for (const MetricSummary& m : right.metrics) {
      if (m.metric == x->metric && (m.filter == x->filter || m.filter.empty() || x->filter.empty()))
        y = &m;
    }
  }
  const bool base_has = sides.base.samples.contains(task);
  const bool candidate_has = sides.candidate.samples.contains(other);
  out.notes.push_back(fmt::format("not paired: no samples of {}",
                                  base_has ? sides.candidate.name
                                  : candidate_has
                                      ? sides.base.name
                                      : sides.base.name + " and " + sides.candidate.name));
  const auto p = x != nullptr ? proportion_of(left, *x) : std::nullopt;
  const auto q = y != nullptr ? proportion_of(right, *y) : std::nullopt;
  if (p && q) {
    out.comparison = compare_unpaired(*p, *q, options);
  } else {
    out.comparison = compare_pairs({}, options);
    out.comparison.reason = "neither samples nor an accuracy with its number of items";
  }
  return {};
}

}  // namespace assay
