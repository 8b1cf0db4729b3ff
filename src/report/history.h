// How the variants of one question moved from run to run: another vLLM, other kernels, other
// weights. Each run is a folder of its own, with its own baseline answers.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/language.h"
#include "base/result.h"
#include "plan/frozen.h"
#include "report/table.h"
#include "report/values.h"

namespace assay {

// What a run found of a candidate.
struct HistoryPoint {
  std::size_t run = 0;  // in History::runs
  std::string model;
  PairedComparison pooled;
  std::optional<FidelityValues> fidelity;
  std::map<std::string, std::string> versions;  // package -> version, of the variant's last load
  std::vector<std::string> kernels;             // their names
  double tokens_per_s = 0;
  double load_s = 0;
  // What is another than in the run before that has the variant; both empty: nothing, or the first.
  std::vector<Text> moved;    // the verdict; fidelity beyond both runs' intervals
  std::vector<Text> changed;  // what the engine is: versions, kernels, the model
};

struct HistoryVariant {
  std::string name;
  std::vector<HistoryPoint> points;  // in the runs' order
};

struct HistoryRun {
  std::string folder;  // as it was named
  double started_at_s = 0;
  std::string end;  // complete, out_of_time; empty: not ended
};

struct History {
  std::string name;  // the plan's
  std::string baseline;
  double margin_pp = 0;
  double alpha = 0;
  std::vector<HistoryRun> runs;  // by their start
  std::vector<HistoryVariant> variants;
};

// A run as it is put in. Items and their texts may be left out of the report.
struct HistorySource {
  std::string folder;
  FrozenPlan frozen;
  RunReport report;
};

// Usage errors: runs of different baselines, or of plans that do not ask the same (tasks, items,
// sampling, seed, chat, margin, alpha, weights); both folders and values are named. Variants,
// engine, budget and fidelity may differ.
[[nodiscard]] Result<History> history_of(std::vector<HistorySource> runs);

// A row a point, variant by variant.
[[nodiscard]] Table history_table(const History& history);
// The same for a terminal: fewer columns, and the intervals drawn.
[[nodiscard]] std::string history_text(const History& history, Language language, bool colour);
[[nodiscard]] nlohmann::json history_json(const History& history);  // docs/history.md
// A page that works offline, with a chart of the differences and one of fidelity.
[[nodiscard]] std::string history_html(const History& history, Language language);

}  // namespace assay
