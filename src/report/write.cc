#include "report/write.h"

#include "base/files.h"
#include "base/json.h"
#include "base/stale_files.h"

namespace assay {

Status write_reports(const RunReport& report, const std::filesystem::path& folder,
                     Language language) {
  TRY(make_dirs(folder / "results"));
  remove_stale_temporaries(folder);
  TRY(write_file_atomic(folder / "report.md", markdown_report(report, language)));
  TRY(write_file_atomic(folder / "report.html", html_report(report, language)));
  TRY(write_file_atomic(folder / "report.tex", latex_report(report, language)));
  TRY(write_file_atomic(folder / "results.json", dump_json(json_report(report), 1) + "\n"));
  TRY(write_file_atomic(folder / "results.csv", csv_report(report)));
  return write_lm_eval_files(report, folder / "results");
}

}  // namespace assay
