// The plan reader over arbitrary bytes: a plan, or one error that names file and line; and a plan
// that was read survives being written down and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "base/text.h"
#include "plan/plan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<KnownBenchmark> known = {
      {.name = "math500", .lm_eval = "hendrycks_math500"},
      {"gpqa_diamond", false, "generative", "gpqa_diamond_zeroshot"}};
  const auto plan = parse_plan(text, "plan.yaml", known);
  if (!plan) {
    const std::string message = plan.error().to_string();
    if (!is_valid_utf8(message) || message.find("plan.yaml") == std::string::npos) std::abort();
    return 0;
  }
  const Json written = to_json(*plan);
  const auto again = plan_from_json(written);
  if (!again || to_json(*again) != written) std::abort();
  return 0;
}
