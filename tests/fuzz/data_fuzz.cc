// The readers of src/data over arbitrary bytes: rows as JSON lines, JSON and CSV, zlib, pickle and
// base64, and recorded outputs.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/text.h"
#include "data/byte_source.h"
#include "data/csv.h"
#include "data/json_rows.h"
#include "data/pickle.h"
#include "data/recorded.h"
#include "data/unpack.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// An error is one line of valid text that says where.
template <typename Value>
void check(const assay::Result<Value>& result) {
  if (result) return;
  require(!result.error().what.empty() && assay::is_valid_utf8(result.error().to_string()));
}

void check_rows(const assay::Result<std::vector<assay::Row>>& rows) {
  check(rows);
  if (!rows) return;
  for (const assay::Row& row : *rows) {
    require(row.fields.is_object() && !row.where.empty());
    for (const char* benchmark : {"math500", "mmlu_pro", "livecodebench"}) {
      check(assay::recorded_from_rows({row}, benchmark, "rows"));
    }
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
  return 0;
}
