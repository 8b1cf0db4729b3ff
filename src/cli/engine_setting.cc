#include "cli/engine_setting.h"

#include "base/language.h"

namespace assay {

Result<std::pair<std::string, nlohmann::json>> engine_setting(const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    return usage_error(bilingual("--engine {} cannot be read", "无法理解 --engine {}", setting),
                       equals == 0 ? Text("there is no key before '='", "'=' 之前没有键")
                                   : Text("there is no '='", "没有 '='"),
                       {"write --engine KEY=VALUE, as in --engine enforce_eager=true",
                        "写 --engine KEY=VALUE，例如 --engine enforce_eager=true"});
  }
  const std::string value = setting.substr(equals + 1);
  nlohmann::json parsed = nlohmann::json::parse(value, nullptr, false);
  return std::pair(setting.substr(0, equals),
                   parsed.is_discarded() ? nlohmann::json(value) : std::move(parsed));
}

}  // namespace assay
