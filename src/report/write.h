// Writes every format of a report into a run's folder.
#pragma once

#include <filesystem>

#include "base/files.h"
#include "base/language.h"
#include "base/result.h"
#include "report/values.h"

namespace assay {

// Of results/<variant>/results_<time>.json, as "samples_version" (docs/report_schema.md). Without
// it, in earlier releases, prompt_hash covered the prompts of every step.
inline constexpr int kSamplesVersion = 2;

// The key under which a line of results/<variant>/samples_<task>_<time>.jsonl holds a metric of
// each answer, null for a repeat without a score; not there for an item's first answer alone.
[[nodiscard]] inline std::string by_repeat_key(const std::string& metric) {
  return metric + "_by_repeat";
}

// report.md, report.html, report.tex, results.json, results.csv, and results/ in lm-eval's layout
// with pass@1 files. Each file is replaced whole; the same values make the same bytes. `language`
// is the one of report.md and report.tex, and the one the page opens in: it holds both, as
// results.json does.
[[nodiscard]] Status write_reports(const RunReport& report, const std::filesystem::path& folder,
                                   Language language = Language::en);

[[nodiscard]] std::string markdown_report(const RunReport& report,
                                          Language language = Language::en);
[[nodiscard]] Status write_html(const RunReport& report, Language language, const Append& append);
[[nodiscard]] Result<std::string> html_report(const RunReport& report,
                                              Language language = Language::en);
[[nodiscard]] std::string latex_report(const RunReport& report, Language language = Language::en);
[[nodiscard]] std::string csv_report(const RunReport& report);      // docs/report_schema.md
[[nodiscard]] nlohmann::json json_report(const RunReport& report);  // docs/report_schema.md
// Of one variant, in a folder of its name in `folder`.
[[nodiscard]] Status write_lm_eval_files(const RunReport& report, std::size_t variant,
                                         const std::filesystem::path& folder);

}  // namespace assay
