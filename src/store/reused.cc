#include "store/reused.h"

#include "base/json.h"

namespace assay {
namespace {

std::string reused_key(const std::string& variant) {
  return "reused:" + variant;
}

}  // namespace

Result<Reused> reused_of(const std::string& variant, const Store& store) {
  const auto text = TRY(store.meta(reused_key(variant)));
  if (!text) return Reused();
  const Json value = TRY(parse_json(*text, "the store"));
  try {
    return value.get<Reused>();
  } catch (const nlohmann::json::exception& e) {
    return environment_error("what " + variant + " took over cannot be read", e.what(),
                             "bring back a copy of store.sqlite");
  }
}

Status count_reused(const std::string& variant, const std::string& run, Store& store) {
  Reused reused = TRY(reused_of(variant, store));
  ++reused[run];
  return store.set_meta(reused_key(variant), dump_json(Json(reused)));
}

}  // namespace assay
