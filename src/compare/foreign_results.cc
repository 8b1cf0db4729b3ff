#include "compare/foreign_results.h"

#include <algorithm>
#include <string_view>

#include "compare/mapped_file.h"
#include "compare/sample_scan.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr int kMostFiles = 5000;  // looked at; a folder of results has fewer

bool has_fields(const fs::path& file, std::initializer_list<std::string_view> names) {
  const auto mapped = MappedFile::open(file);
  if (!mapped) return false;
  const auto fields = scan_fields(mapped->text());
  if (!fields) return false;
  return std::all_of(names.begin(), names.end(), [&](std::string_view name) {
    return std::any_of(fields->begin(), fields->end(),
                       [name](const auto& field) { return field.first == name; });
  });
}

std::string program_of(const fs::path& file) {
  const std::string name = file.filename().string();
  if (file.extension() == ".eval") return "Inspect";  // its binary log
  for (std::string_view one : {"run_spec.json", "scenario_state.json", "per_instance_stats.json"}) {
    if (name == one) return "HELM";
  }
  if (name.starts_with("summary_") && file.extension() == ".csv") return "OpenCompass";
  if (file.extension() != ".json") return "";
  if (has_fields(file, {"eval", "status", "version"})) return "Inspect";
  if (has_fields(file, {"dataset_name", "model_name", "metrics"}) ||
      has_fields(file, {"dataset_name", "model_name", "score"})) {
    return "EvalScope";
  }
  return "";
}

}  // namespace

std::string foreign_program(const fs::path& folder) {
  std::error_code code;
  int seen = 0;
  for (fs::recursive_directory_iterator it(folder, code), end; it != end; it.increment(code)) {
    if (!it->is_regular_file(code)) continue;
    if (++seen > kMostFiles) break;
    if (const std::string program = program_of(it->path()); !program.empty()) return program;
  }
  return "";
}

}  // namespace assay
