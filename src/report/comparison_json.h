// A comparison in results.json (docs/report_schema.md), and back.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "stats/comparison.h"

namespace assay {

template <typename T>
[[nodiscard]] nlohmann::json or_null(const std::optional<T>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}
[[nodiscard]] nlohmann::json comparison_json(const PairedComparison& c);
// What comparison_json wrote: what it leaves out stays at its default, and a figure that was no
// number (null) is NaN. Throws nlohmann::json::exception for another layout.
[[nodiscard]] PairedComparison comparison_from(const nlohmann::json& value);

}  // namespace assay
