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
  std::vector<std::function<Status()>> files;
  const auto add = [&](const char* name, const std::function<std::string()>& text) {
    files.emplace_back([&folder, name, text] { return write_file_atomic(folder / name, text()); });
  };
  // Those that grow with the items come first.
  files.emplace_back([&] {
    return write_file_atomic(folder / "report.html", [&](const Append& append) {
      return write_html(report, language, append);
    });
  });
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    files.emplace_back([&, v] { return write_lm_eval_files(report, v, folder / "results"); });
  }
  add("report.md", [&] { return markdown_report(report, language); });
  add("report.tex", [&] { return latex_report(report, language); });
  add("results.json", [&] { return dump_json(json_report(report), 1) + "\n"; });
  add("results.csv", [&] { return csv_report(report); });
  return do_side_by_side(files);
}

}  // namespace assay
