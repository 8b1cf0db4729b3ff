#include "values/margin.h"

#include "base/language.h"

namespace assay {

Status refuse_share_as_margin(const Text& where, double margin_pp) {
  if (!(margin_pp > 0 && margin_pp < kLeastMarginPp)) return {};
  return usage_error(
      bilingual("{} {:g} is hardly a margin", "{} {:g} 不像是非劣效界值", where, margin_pp),
      {"margins are in percentage points, not shares", "界值以百分点计，不是比例"},
      bilingual("write {0:g} for a margin of {0:g} points", "{0:g} 个百分点的界值写作 {0:g}",
                margin_pp * 100));
}

}  // namespace assay
