#include "values/declaration.h"

#include <string>

namespace assay {

nlohmann::json to_json(const Declaration& declaration) {
  return {{"margin_pp", declaration.margin_pp},
          {"alpha", declaration.alpha},
          {"weights", name_of(declaration.weights)},
          {"at_s", declaration.at_s}};
}

Declaration declaration_from(const nlohmann::json& value) {
  const std::string weights = value.at("weights");
  return {value.at("margin_pp"), value.at("alpha"),
          weight_rule_named(weights).value_or(WeightRule::equal), value.at("at_s")};
}

}  // namespace assay
