#include "store/declarations.h"

#include "base/json.h"

namespace assay {
namespace {

constexpr const char* kDeclared = "declared";
constexpr const char* kApplied = "applied";

Result<std::optional<Declaration>> read(const Store& store, const char* name) {
  const auto text = TRY(store.meta(name));
  if (!text) return std::nullopt;
  try {
    return declaration_from(TRY(parse_json(*text, "the store")));
  } catch (const nlohmann::json::exception& e) {
    return environment_error("the store's declaration has another layout", e.what(),
                             "use the assay that wrote it");
  }
}

Status write(const Declaration& declaration, const char* name, Store& store) {
  return store.set_meta(name, dump_json(to_json(declaration)));
}

}  // namespace

Status keep_declaration(const Declaration& now, const std::optional<Declaration>& earlier,
                        Store& store) {
  const bool answered = store.response_count() > 0;
  auto declared = TRY(read(store, kDeclared));
  if (!declared && answered && earlier) declared = earlier;
  if (!declared || !answered) declared = now;
  TRY(write(*declared, kDeclared, store));
  const auto applied = TRY(read(store, kApplied));
  const bool goes_on = applied && applied->asks_the_same(now);
  return write(goes_on ? *applied : now, kApplied, store);
}

Result<std::optional<Declarations>> declarations(const Store& store) {
  const auto declared = TRY(read(store, kDeclared));
  const auto applied = TRY(read(store, kApplied));
  if (!declared || !applied) return std::nullopt;
  return Declarations{*declared, *applied};
}

}  // namespace assay
