// --engine KEY=VALUE: an argument of the engine on the command line.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/result.h"

namespace assay {

// The value as JSON where it is JSON, else text. Usage error: there is no key or no '='.
[[nodiscard]] Result<std::pair<std::string, nlohmann::json>> engine_setting(
    const std::string& setting);

}  // namespace assay
