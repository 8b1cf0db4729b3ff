#include "compare/side_samples.h"

#include <algorithm>
#include <cstdint>

namespace assay {
namespace fs = std::filesystem;
namespace {

// The filters of a metric in the results file's order, as their figures.
std::vector<double> filter_means(const Side& side, const MetricSummary& chosen,
                                 std::size_t& wanted) {
  std::vector<double> means;
  wanted = 0;
  if (side.summary == nullptr) return means;
  for (const MetricSummary& m : side.summary->metrics) {
    if (m.metric != chosen.metric) continue;
    if (m.filter == chosen.filter) wanted = means.size();
    means.push_back(m.higher_is_better ? m.value : 1 - m.value);
  }
  return means;
}

SampleChoice choice_for(const Side& side, const MetricSummary& chosen, const SharedHashes& hashes) {
  SampleChoice choice;
  choice.metric = chosen.metric;
  if (!side.layout.filter.empty()) {
    choice.filter = chosen.filter.empty() ? side.layout.filter : chosen.filter;
  }
  choice.by_doc_hash = hashes.of_documents;
  choice.by_target_hash = hashes.of_targets;
  choice.higher_is_better = chosen.higher_is_better;
  // Of assay's own runs its flags say it.
  choice.look_at_answers = !side.arm.of_assay && side.layout.generated;
  choice.count_options = !side.layout.generated;
  return choice;
}

}  // namespace

Result<Side> open_side(const ResultArm& arm, const TaskSummary* summary, const std::string& task,
                       const std::vector<std::string>& members, const std::string& filter) {
  Side side{arm, summary, {}, {}};
  for (const std::string& member : members) {
    for (const fs::path& file : arm.samples.at(member.empty() ? task : member)) {
      side.files.emplace_back(member, file);
    }
  }
  side.layout = TRY(sample_layout(side.files.front().second, filter));
  return side;
}

Result<SampleTable> read_side(const Side& side, const MetricSummary& chosen,
                              const SharedHashes& hashes, bool& filter_unknown) {
  SampleTable all;
  SampleChoice choice = choice_for(side, chosen, hashes);
  std::size_t wanted = 0;
  const std::vector<double> means = filter_means(side, chosen, wanted);
  for (const auto& [member, file] : side.files) {
    choice.group_member = member;
    SampleTable table = TRY(read_samples(file, choice));
    const bool several = side.layout.filter.empty() && means.size() > 1;
    if (several && member.empty() && side.files.size() == 1) {
      filter_unknown = !keep_filter(table, means, wanted);
    } else if (several) {
      filter_unknown = true;  // figures of one run or one member alone are not in the file
    }
    all.unscored += table.unscored;
    all.cut = all.cut || table.cut;
    all.has_gaps = all.has_gaps || table.has_gaps;
    all.answer_bytes += table.answer_bytes;
    all.answers.add(table.answers);
    all.by_repeat.merge(table.by_repeat);
    all.guessable += table.guessable;
    all.guess_sum += table.guess_sum;
    if (!side.layout.generated) {
      all.answers.likelihoods += static_cast<std::int64_t>(table.rows.size());
    }
    if (all.rows.empty()) {
      all.rows = std::move(table.rows);
    } else {
      all.rows.insert(all.rows.end(), table.rows.begin(), table.rows.end());
    }
  }
  if (side.files.size() > 1) {
    std::sort(all.rows.begin(), all.rows.end(), [](const SampleRow& a, const SampleRow& b) {
      return std::pair(a.id_high, a.id_low) < std::pair(b.id_high, b.id_low);
    });
  }
  return all;
}

}  // namespace assay
