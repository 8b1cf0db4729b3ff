// What was declared about the primary question, and when: margin, alpha and weights as they stood
// when the first answer came. Values applied later are said beside it, never in its place.
#pragma once

#include <nlohmann/json.hpp>

#include "values/weights.h"

namespace assay {

struct Declaration {
  double margin_pp = 3;
  double alpha = 0.05;
  WeightRule weights = WeightRule::equal;
  double at_s = 0;  // since 1970; 0: not known

  // The same question; when it was asked does not matter.
  [[nodiscard]] bool asks_the_same(const Declaration& other) const {
    return margin_pp == other.margin_pp && alpha == other.alpha && weights == other.weights;
  }
};

[[nodiscard]] nlohmann::json to_json(const Declaration& declaration);
// Throws nlohmann::json::exception for another layout.
[[nodiscard]] Declaration declaration_from(const nlohmann::json& value);

}  // namespace assay
