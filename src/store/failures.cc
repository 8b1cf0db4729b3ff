#include "store/failures.h"

#include <utility>

#include "base/json.h"

namespace assay {
namespace {

constexpr const char* kFailuresKey = "failures";

}  // namespace

Result<std::vector<VariantFailure>> kept_failures(const Store& store) {
  std::vector<VariantFailure> out;
  const auto text = TRY(store.meta(kFailuresKey));
  if (!text) return out;
  for (const nlohmann::json& one : TRY(parse_json(*text, "the store's failures"))) {
    Error error{ErrorKind::environment, one.value("what", ""), one.value("why", ""),
                one.value("fix", "")};
    error.zh = {one.value("what_zh", ""), one.value("why_zh", ""), one.value("fix_zh", "")};
    error.others_can_go_on = true;
    out.push_back({one.value("variant", ""), std::move(error)});
  }
  return out;
}

Status keep_failures(const std::vector<VariantFailure>& failures, Store& store) {
  if (failures.empty()) return store.remove_meta(kFailuresKey);
  nlohmann::json all = nlohmann::json::array();
  for (const auto& [variant, error] : failures) {
    all.push_back({{"variant", variant},
                   {"what", error.what},
                   {"why", error.why},
                   {"fix", error.fix},
                   {"what_zh", error.zh.what},
                   {"why_zh", error.zh.why},
                   {"fix_zh", error.zh.fix}});
  }
  return store.set_meta(kFailuresKey, dump_json(all));
}

}  // namespace assay
