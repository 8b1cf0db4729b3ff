// What the store keeps of values: text that is read straight into a value gives what a JSON tree of
// the same text gives, and what was read is written down and read again to the same value.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "store/stored_values.h"

namespace {

using namespace assay;

template <typename T>
void check(std::string_view text, std::optional<T> (*laid_out)(std::string_view),
           Result<T> (*read)(std::string_view, const std::string&)) {
  const auto value = read(text, "store.sqlite");
  const std::optional<T> straight = laid_out(text);
  if (!value) {
    if (straight) std::abort();
    return;
  }
  const std::string written = dump_json(to_json(*value));
  const auto again = read(written, "store.sqlite");
  if (!again || dump_json(to_json(*again)) != written) std::abort();
  if (!straight || !nlohmann::json::accept(text)) return;
  // With spaces it is read as a tree.
  const auto tree = read(dump_json(nlohmann::json::parse(text), 1), "store.sqlite");
  if (!tree || dump_json(to_json(*tree)) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text, response_as_laid_out, read_response);
  check(text, rendered_as_laid_out, read_rendered);
  check(text, score_as_laid_out, read_score);
  return 0;
}
