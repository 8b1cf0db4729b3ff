// Writes every format of a report into a run's folder.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "report/language.h"
#include "report/values.h"

namespace assay {

// Of results/<variant>/results_<time>.json, as "samples_version" (docs/report_schema.md). Without
// it, in earlier releases, prompt_hash covered the prompts of every step.
inline constexpr int kSamplesVersion = 2;

// report.md, report.html, results.json, results.csv, and results/ in lm-eval's layout with pass@1
// files. Each file is replaced whole; the same values make the same bytes. The page holds both
// languages; `language` is the one it opens in.
[[nodiscard]] Status write_reports(const RunReport& report, const std::filesystem::path& folder,
                                   Language language = Language::en);

[[nodiscard]] std::string markdown_report(const RunReport& report);
[[nodiscard]] std::string html_report(const RunReport& report, Language language = Language::en);
// A cell of text; what a spreadsheet would run as a formula gets an apostrophe in front.
[[nodiscard]] std::string csv_quoted(const std::string& text);
[[nodiscard]] std::string csv_report(const RunReport& report);
[[nodiscard]] nlohmann::json json_report(const RunReport& report);  // docs/report_schema.md
[[nodiscard]] Status write_lm_eval_files(const RunReport& report,
                                         const std::filesystem::path& folder);

}  // namespace assay
