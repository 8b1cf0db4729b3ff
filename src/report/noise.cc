#include "report/noise.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace assay {
namespace {

// Chance that two answers with these shares of right ones are judged differently.
double differ(double p, double q) {
  return p * (1 - q) + q * (1 - p);
}

void measure_disagreement(Cell& base_cell, Cell& cell, const ItemScores& base,
                          const ItemScores& candidate, const std::string& metric) {
  double own = 0;
  double between = 0;
  int n = 0;
  base_cell.own_differing = 0;
  for (const auto& [id, b] : base) {
    if (b.repeats < 2) continue;
    const auto it = candidate.find(id);
    if (it == candidate.end() || it->second.repeats == 0) continue;
    const double p = mean_of(b, metric);
    own += differ(p, p) * b.repeats / (b.repeats - 1);
    between += differ(p, mean_of(it->second, metric));
    ++n;
    if (p <= 0 || p >= 1) continue;
    if (base_cell.own_differing++ == 0) base_cell.own_example = id;
  }
  if (n == 0) return;
  base_cell.own_disagreement = own / n;
  base_cell.own_compared = n;
  cell.disagreement = between / n;
}

// An item's answers of repeat 0, all steps; what is compared to the letter.
struct Wording {
  std::vector<std::string> texts;
  std::vector<double> sums;
  friend bool operator==(const Wording&, const Wording&) = default;
};
using Wordings = std::map<std::pair<std::string, std::string>, Wording>;  // (task, item)

Result<Wordings> wordings_of(const Store& store, const std::string& variant, Purpose purpose) {
  Wordings out;
  for (const StoredStep& step : TRY(store.steps(variant, purpose))) {
    if (step.id.repeat != 0) continue;
    Wording& wording = out[{step.id.task, step.id.item}];
    const auto response =
        step.response_key.empty() ? std::nullopt : TRY(store.response(step.response_key));
    wording.texts.push_back(response ? response->text : "");
    if (!response) continue;
    for (const LogLikelihood& option : response->loglikelihoods) wording.sums.push_back(option.sum);
  }
  return out;
}

std::string first_flip(const ItemScores& first, const ItemScores& second,
                       const std::string& metric) {
  for (const auto& [id, a] : first) {
    const auto it = second.find(id);
    if (a.repeats == 0 || it == second.end() || it->second.repeats == 0) continue;
    if ((mean_of(a, metric) > 0.5) != (mean_of(it->second, metric) > 0.5)) return id;
  }
  return "";
}

void count_wordings(NoiseFloor& floor, const std::string& task, const ItemScores& second,
                    const Wordings& a, const Wordings& b) {
  for (const auto& [id, score] : second) {
    const auto mine = a.find({task, id});
    const auto theirs = b.find({task, id});
    if (mine == a.end() || theirs == b.end()) continue;
    ++floor.answered_twice;
    if (mine->second != theirs->second) ++floor.worded_differently;
  }
}

}  // namespace

void measure_repeats(RunReport& report, const AllScores& scores) {
  const std::size_t base = baseline_index(report.variants);
  for (TaskValues& task : report.tasks) {
    const ItemScores& there = scores_of(scores, report.variants[base].name, task.name);
    for (std::size_t v = 0; v < report.variants.size(); ++v) {
      if (v == base) continue;
      measure_disagreement(task.cells[base], task.cells[v], there,
                           scores_of(scores, report.variants[v].name, task.name),
                           task.metrics.front());
    }
  }
}

Status measure_noise_floor(const Store& store, const AllScores& scores, RunReport& report) {
  const std::string& baseline = report.variants[baseline_index(report.variants)].name;
  const Wordings second_words = TRY(wordings_of(store, baseline, Purpose::second_pass));
  if (second_words.empty()) return {};
  const Wordings first_words = TRY(wordings_of(store, baseline, Purpose::answer));
  const AllScores again = TRY(read_scores(store, report.variants, Purpose::second_pass));
  const CompareOptions options{.margin_pp = report.margin_pp, .alpha = report.alpha};
  std::vector<PoolTask> pool_tasks;
  NoiseFloor all;
  for (TaskValues& task : report.tasks) {
    const std::string& metric = task.metrics.front();
    const ItemScores& first = scores_of(scores, baseline, task.name);
    const ItemScores& second = scores_of(again, baseline, task.name);
    pool_tasks.push_back({task.name, task.weight, pairs_of(first, second, metric)});
    if (pool_tasks.back().pairs.empty()) continue;
    NoiseFloor floor{compare_pairs(pool_tasks.back().pairs, options)};
    floor.example = first_flip(first, second, metric);
    count_wordings(floor, task.name, second, first_words, second_words);
    all.answered_twice += floor.answered_twice;
    all.worded_differently += floor.worded_differently;
    if (all.example.empty()) all.example = floor.example;
    task.noise_floor = std::move(floor);
  }
  all.comparison = pool(pool_tasks, options).overall;
  if (all.comparison.n > 0) report.noise_floor = std::move(all);
  return {};
}

}  // namespace assay
