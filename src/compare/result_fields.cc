// Fields of a results file of any size.
#include <fmt/format.h>

#include <algorithm>

#include "base/python_json.h"
#include "base/text.h"
#include "compare/mapped_file.h"
#include "compare/result_file.h"
#include "compare/sample_scan.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kLargestField = std::size_t{64} << 20;
constexpr std::size_t kDeepest = 200;  // results are four deep; values are compared by recursion

}  // namespace

std::unexpected<Error> unusable_results(const fs::path& file, const std::string& why) {
  return usage_error("cannot use " + file.string(), why,
                     "write it again, or name a folder of assay or lm-eval results");
}

Result<OrderedJson> read_fields(const fs::path& file, const std::vector<std::string_view>& names) {
  const MappedFile mapped = TRY(MappedFile::open(file));
  const auto fields = scan_fields(mapped.text());
  if (!fields) return unusable_results(file, "it holds no whole JSON object: it is cut or damaged");
  OrderedJson out = OrderedJson::object();
  for (const auto& [key, value] : *fields) {
    if (std::find(names.begin(), names.end(), key) == names.end()) continue;
    if (value.size() > kLargestField) {
      return unusable_results(file, fmt::format("its field \"{}\" is larger than {}", key,
                                                human_bytes(static_cast<double>(kLargestField))));
    }
    OrderedJson parsed = OrderedJson::parse(value, nullptr, false);
    if (parsed.is_discarded()) parsed = OrderedJson::parse(mend_python_json(value), nullptr, false);
    if (parsed.is_discarded() || nesting_of(value) > kDeepest) {
      return unusable_results(file,
                              fmt::format("its field \"{}\" is no JSON, or nested too deep", key));
    }
    out[std::string(key)] = std::move(parsed);
  }
  return out;
}

}  // namespace assay
