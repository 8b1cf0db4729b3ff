// The plan file as a JSON schema (draft 07), for editors that complete and check YAML.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

namespace assay {

inline constexpr const char* kPlanSchemaTitle = "A plan of assay";

// Made of plan/plan_keys.h; `known` are the benchmarks that a task's name is completed from. It
// checks keys, types and ranges; what hangs together over several keys parse_plan alone tells. A
// plan that parse_plan takes is valid.
[[nodiscard]] std::string plan_schema_text(const std::vector<KnownBenchmark>& known);

}  // namespace assay
