// Tables over folders of results: runs of assay (results.json) and of lm-eval (results_*.json).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/language.h"
#include "base/result.h"

namespace assay {

enum class TableFormat { terminal, markdown, csv, latex, json };

struct SummaryRow {
  std::string run;    // folder
  std::string model;  // variant or model name
  std::string task;
  std::string metric;
  double value = 0;  // in [0, 1] for accuracies; as it stands in the file
  bool has_value = false;
  std::optional<double> standard_error;
  Text note;           // "N/A (HF gated)"
  std::int64_t n = 0;  // items; 0: not known
};

// Every figure found, in the folders' order. A folder without results is a usage error.
[[nodiscard]] Result<std::vector<SummaryRow>> read_summary(
    const std::vector<std::filesystem::path>& folders);
// `language` is the terminal's; the other formats are files, and English.
[[nodiscard]] std::string summary_table(const std::vector<SummaryRow>& rows, TableFormat format,
                                        Language language = Language::en);
[[nodiscard]] Result<std::string> summarize(const std::vector<std::filesystem::path>& folders,
                                            TableFormat format, Language language = Language::en);

}  // namespace assay
