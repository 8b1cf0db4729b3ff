// Result folders of others over arbitrary bytes: lm-eval's results and samples, assay's
// results.json; and what pages are made of. An error, or values; never a way out of the markup.
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "compare/compare_folders.h"
#include "compare/gate_policy.h"
#include "compare/result_folders.h"
#include "compare/sample_scan.h"
#include "compare/samples.h"
#include "compare/summarize.h"
#include "report/html.h"
#include "report/printers.h"
#include "scratch.h"

namespace {

using namespace assay;
using assay::fuzz::check;
using assay::fuzz::require;

void check_scan(std::string_view line) {
  const auto fields = scan_fields(line);
  const Json whole = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  require(fields || !whole.is_object());  // it reads all that JSON has
  if (!fields) return;
  for (const auto& [key, value] : *fields) {
    require(key.data() >= line.data() && value.data() + value.size() <= line.data() + line.size());
    const auto number = scanned_number(value);
    require(!number || std::isfinite(*number));
    (void)scanned_string(value);
  }
}

void check_samples(const std::filesystem::path& file) {
  const auto layout = sample_layout(file);
  check(layout);
  check(text_of(file, 0, "prompt_hash"));
  if (!layout) return;
  SampleChoice choice;
  if (!layout->metrics.empty()) choice.metric = layout->metrics.front();
  choice.by_doc_hash = layout->has_doc_hash;
  choice.by_target_hash = layout->has_target_hash;
  const auto table = read_samples(file, choice);
  check(table);
  if (!table) return;
  for (const SampleRow& row : table->rows) {
    require(std::isnan(row.score) || (row.score >= 0 && row.score <= 1));
  }
}

void check_folders(const fuzz::ScratchFolder& folder) {
  check(read_arms(folder.path().string()));
  const auto rows = read_summary({folder.path()});
  check(rows);
  if (rows) {
    for (const TableFormat format : {TableFormat::markdown, TableFormat::csv, TableFormat::json}) {
      (void)summary_table(*rows, format);
    }
  }
  CompareRequest request;
  request.base = folder.path().string();
  request.candidates = {folder.path().string()};
  const auto comparison = compare_folders(request);
  check(comparison);
  if (!comparison) return;
  require(is_valid_utf8(comparison_markdown(*comparison)));
  require(Json::accept(comparison_json(*comparison)));
  (void)comparison_junit(*comparison);
}

void check_markup(std::string_view text) {
  const std::string plain = markup_escaped(text);
  require(plain.find_first_of("<>\"'") == std::string::npos && is_valid_utf8(plain));
  require(script_json(Json(std::string(text))).find('<') == std::string::npos);
}

}  // namespace

// Before the first record separator stands a results file, after it a samples file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::ScratchFolder lm_eval;
  static const fuzz::ScratchFolder assay_run;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\x1e'), text.size());
  const std::string_view results = text.substr(0, end);
  const std::string_view samples = end < text.size() ? text.substr(end + 1) : results;
  check_scan(samples.substr(0, samples.find('\n')));
  check_markup(text);
  const std::string samples_name = "samples_arc_2026-01-01T00-00-00.json";
  check_samples(lm_eval.write(samples_name + "l", samples));
  (void)lm_eval.write("results_2026-01-01T00-00-00.json", results);
  check_folders(lm_eval);
  (void)assay_run.write("results.json", results);
  require(make_dirs(assay_run.path() / "results" / "fp8").has_value());
  (void)assay_run.write("results/fp8/" + samples_name + "l", samples);
  check_folders(assay_run);
  const auto policy_file = lm_eval.write("policy", text);
  check(read_gate_policy(policy_file.string()));
  std::filesystem::remove(policy_file);
  return 0;
}
