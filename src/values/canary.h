// What the canary of a load showed (docs/canary.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace assay {

struct CanaryFigures {
  int answers = 0;  // that came
  int empty = 0;    // nothing but white space
  int looping = 0;
  int not_numbers = 0;  // answers and readings in which a log-probability is no number
  int positions = 0;    // of the baseline's answers that this variant has read; 0: not compared
  int agreed = 0;       // at which its likeliest token is the baseline's

  friend bool operator==(const CanaryFigures&, const CanaryFigures&) = default;
};

// Where a variant's figures stand in the store's named values, with the load they are of.
[[nodiscard]] inline std::string canary_name(const std::string& variant) {
  return "canary:" + variant;
}

[[nodiscard]] inline nlohmann::json to_json(const CanaryFigures& figures) {
  return {{"answers", figures.answers},     {"empty", figures.empty},
          {"looping", figures.looping},     {"not_numbers", figures.not_numbers},
          {"positions", figures.positions}, {"agreed", figures.agreed}};
}

// Throws nlohmann::json::exception on another layout: catch at the edge.
[[nodiscard]] inline CanaryFigures canary_from_json(const nlohmann::json& value) {
  return {.answers = value.at("answers"),
          .empty = value.at("empty"),
          .looping = value.at("looping"),
          .not_numbers = value.at("not_numbers"),
          .positions = value.at("positions"),
          .agreed = value.at("agreed")};
}

}  // namespace assay
