#include "report/write.h"

#include <functional>
#include <vector>

#include "base/json.h"
#include "base/side_by_side.h"
#include "base/stale_files.h"

namespace assay {

Status write_reports(const RunReport& report, const std::filesystem::path& folder,
                     Language language) {
  TRY(make_dirs(folder / "results"));
  remove_stale_temporaries(folder);
  TRY(write_file_atomic(folder / "report.md", markdown_report(report, language)));
  TRY(write_file_atomic(folder / "report.tex", latex_report(report, language)));
  TRY(write_file_atomic(folder / "results.json", dump_json(json_report(report), 1) + "\n"));
  TRY(write_file_atomic(folder / "results.csv", csv_report(report)));
  std::vector<std::function<Status()>> large;  // files that grow with the items
  large.emplace_back([&] {
    return write_file_atomic(folder / "report.html", [&](const Append& append) {
      return write_html(report, language, append);
    });
  });
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    large.emplace_back([&, v] { return write_lm_eval_files(report, v, folder / "results"); });
  }
  return do_side_by_side(large);
}

}  // namespace assay
