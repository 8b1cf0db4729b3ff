// Folders of results compared: paired over samples where both sides have them, else unpaired, said
// so. Finished values first; compare_text.cc writes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "compare/answers.h"
#include "compare/gate_policy.h"
#include "compare/result_folders.h"
#include "report/terminal.h"
#include "stats/comparison.h"

namespace assay {

struct CompareRequest {
  std::string base;                     // as for read_arms
  std::vector<std::string> candidates;  // none: the other variants of `base`, a run of assay
  // A study: `base` and `candidates` are folders of many arms, of which this one is the baseline.
  std::string baseline;
  std::string arm_pattern;  // of a study, as read_study has it; empty: a folder an arm
  GatePolicy policy;
  std::map<std::string, std::string> renamed;  // base's task -> candidate's
  std::string metric;  // empty: the file's first that is a share of right answers
  std::string filter;  // lm-eval's; empty: the file's first
  bool allow_different_prompts = false;
  std::map<std::string, double> floors;  // task -> score of guessing, where the files don't tell it
};

// Why the answers may not be what they are taken for. The gate does not pass by it unless its
// policy allows that.
struct Doubt {
  Allowance allowed_by;
  Text what;
};

struct TaskComparison {
  std::string task;  // the base's name
  std::string metric;
  std::string filter;
  double margin_pp = 3;
  bool paired = true;
  PairedComparison comparison;
  std::int64_t only_base = 0;  // items that just one side has
  std::int64_t only_candidate = 0;
  std::vector<std::uint32_t> example_only_base;  // their doc_ids, the first few
  std::vector<std::uint32_t> example_only_candidate;
  std::int64_t unscored = 0;             // lines without a score, both sides
  std::int64_t shared = 0;               // items of both sides, scored or not
  std::int64_t unscored_base_alone = 0;  // of these, unscored there and scored on the other side
  std::int64_t unscored_candidate_alone = 0;
  AnswerCounts answers_base;  // of samples that are not assay's own
  AnswerCounts answers_candidate;
  std::vector<Text> notes;  // "not paired: …", "the file ends within a line…"
  std::vector<Doubt> doubts;
};

struct FolderComparison {  // one candidate
  std::string base;
  std::string candidate;
  std::vector<TaskComparison> tasks;
  PooledComparison pooled;
  std::vector<std::string> only_base;  // tasks that just one side has
  std::vector<std::string> only_candidate;
  std::vector<Text> failures;  // why the policy fails, beside the verdicts
  std::vector<Text> notes;
};

struct ComparisonReport {
  double margin_pp = 3;
  double alpha = 0.05;
  WeightRule weights = WeightRule::square_root;
  int family = 1;  // verdicts by task that share alpha
  GatePolicy policy;
  std::vector<FolderComparison> candidates;
  // Of all candidates: "look: …" where the baseline's score of a task is more than 30 points below
  // the median of the candidates'; folders named twice.
  std::vector<Text> notes;
};

// The base must be one arm: a run of assay stands for its baseline; else DIR:NAME says which. A
// candidate stands for all its arms, a run of assay for its variants without the baseline. Verdicts
// by task are Holm-adjusted over tasks and candidates. A task that a flag of either side's report
// makes INVALID makes the pool INVALID, unless its weight is 0. Usage errors: no shared task;
// prompts that differ on the shared items (unless allowed), named with both hashes; what
// compare_unit, read_arms and read_samples say.
[[nodiscard]] Result<ComparisonReport> compare_folders(const CompareRequest& request);

[[nodiscard]] std::string comparison_text(const ComparisonReport& report,
                                          const ScreenStyle& style = {});       // for terminals
[[nodiscard]] std::string comparison_markdown(const ComparisonReport& report);  // CI step summary
[[nodiscard]] std::string comparison_json(const ComparisonReport& report);
[[nodiscard]] std::string comparison_junit(const ComparisonReport& report);

}  // namespace assay
