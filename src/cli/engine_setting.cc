#include "cli/engine_setting.h"

namespace assay {

Result<std::pair<std::string, nlohmann::json>> engine_setting(const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    return usage_error("--engine " + setting + " cannot be read",
                       equals == 0 ? "there is no key before '='" : "there is no '='",
                       "write --engine KEY=VALUE, as in --engine enforce_eager=true");
  }
  const std::string value = setting.substr(equals + 1);
  nlohmann::json parsed = nlohmann::json::parse(value, nullptr, false);
  return std::pair(setting.substr(0, equals),
                   parsed.is_discarded() ? nlohmann::json(value) : std::move(parsed));
}

}  // namespace assay
