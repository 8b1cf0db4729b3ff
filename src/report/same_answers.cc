#include "report/same_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "report/item_scores.h"

namespace assay {
namespace {

using Outputs = std::pair<const OutputValues*, const OutputValues*>;  // of the baseline, and of it

// Those of all generated items that both answered; none where already two lengths differ.
std::vector<Outputs> outputs_of_one_length(const RunReport& report, std::size_t base,
                                           std::size_t variant) {
  std::set<std::string> generated;
  for (const TaskValues& task : report.tasks) {
    if (task.kind == "generate") generated.insert(task.name);
  }
  std::vector<Outputs> out;
  for (const ItemValues& item : report.items) {
    const auto& one = item.outputs[base];
    const auto& other = item.outputs[variant];
    if (!one || !other || !generated.contains(item.task)) continue;
    if (one->text.size != other->text.size) return {};
    out.emplace_back(&*one, &*other);
  }
  return out;
}

bool are_the_same(const RunReport& report, const std::vector<Outputs>& outputs) {
  return std::ranges::all_of(outputs, [&report](const Outputs& pair) {
    const auto one = report.texts->get(pair.first->text);
    const auto other = report.texts->get(pair.second->text);
    return one && other && *one == *other;
  });
}

}  // namespace

void flag_same_answers(RunReport& report) {
  if (report.variants.empty()) return;
  const std::size_t base = baseline_index(report.variants);
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].model == report.variants[base].model) continue;
    const std::vector<Outputs> outputs = outputs_of_one_length(report, base, v);
    double bytes = 0;
    for (const Outputs& pair : outputs) bytes += static_cast<double>(pair.first->text.size);
    const auto n = static_cast<std::int64_t>(outputs.size());
    if (n < kFewestSameAnswers || bytes < kShortestSameAnswer * static_cast<double>(n)) continue;
    if (!are_the_same(report, outputs)) continue;
    Flag flag{"same answers", report.variants[v].name, "", n, n};
    flag.text = fmt::format(
        "all {} answers are the baseline's to the letter: as if {} had not been asked, but the "
        "baseline twice",
        n, report.variants[v].model);
    flag.text_zh = fmt::format("{} 个回答与基线一字不差：似乎没有问过 {}，而是问了基线两次", n,
                               report.variants[v].model);
    report.flags.push_back(std::move(flag));
  }
}

}  // namespace assay
