// The readers of src/data over arbitrary bytes: rows as JSON lines (packed, too), JSON, CSV and
// zip, zlib, pickle and base64, recorded outputs, file patterns. What the parquet reader prints
// comes in as JSON lines.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/text.h"
#include "data/byte_source.h"
#include "data/csv.h"
#include "data/glob.h"
#include "data/json_rows.h"
#include "data/pickle.h"
#include "data/recorded.h"
#include "data/rows.h"
#include "data/unpack.h"
#include "data/zip.h"
#include "scratch.h"

namespace {

using assay::fuzz::check;
using assay::fuzz::require;

void check_rows(const assay::Result<assay::RowList>& rows) {
  check(rows);
  if (!rows) return;
  for (const assay::Row& row : *rows) {
    require(row.fields.is_object() && !row.where.empty());
    for (const char* benchmark : {"math500", "mmlu_pro", "livecodebench", "hle", "gpqa_diamond"}) {
      check(assay::recorded_from_rows({row}, benchmark, "rows"));
    }
  }
}

// Readers that open files.
void check_files(std::string_view text) {
  static const assay::fuzz::ScratchFolder folder;
  const auto zip = folder.write("rows.zip", text);
  if (text.starts_with("PK")) {
    check(assay::read_zip(zip, {".json", ".jsonl"}));
    check_rows(assay::read_rows(zip, {}));
  }
  if (text.starts_with("\x1f\x8b")) {
    check_rows(assay::read_rows(folder.write("rows.jsonl.gz", text), {}));
    check_rows(assay::read_rows(folder.write("rows.json.gz", text), {}));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto source = assay::text_source(text);
  check_rows(assay::read_json_lines(*source, "rows.jsonl"));
  check_rows(assay::read_json_document(text, "rows.json"));
  check_rows(assay::read_csv(text, "rows.csv"));
  check(assay::unpickle(text, "pickle"));
  check(assay::unpickle_base64_zlib(text, "packed"));
  check(assay::private_tests_json(text, "tests"));
  check(assay::decode_base64(text, "base64"));
  check(assay::inflate_zlib(text, 1U << 20U, "zlib"));
  check_files(text);
  const std::string_view pattern = text.substr(0, std::min<std::size_t>(text.find('\n'), 64));
  require(assay::glob_match("**", "a/b") &&
          (pattern.find_first_of("*?") != std::string_view::npos ||
           assay::glob_match(pattern, pattern)));
  (void)assay::glob_match(pattern, "livecodebench/test.jsonl");
  return 0;
}
