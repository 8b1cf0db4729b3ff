#include "values/margin.h"

#include <fmt/format.h>

namespace assay {

Status refuse_share_as_margin(const std::string& where, double margin_pp) {
  if (!(margin_pp > 0 && margin_pp < kLeastMarginPp)) return {};
  return usage_error(
      fmt::format("{} {:g} is hardly a margin", where, margin_pp),
      "margins are in percentage points, not shares",
      fmt::format("write {:g} for a margin of {:g} points", margin_pp * 100, margin_pp * 100));
}

}  // namespace assay
