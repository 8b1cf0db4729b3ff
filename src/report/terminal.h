// The screen `assay run` ends with.
#pragma once

#include <cstddef>
#include <string>

#include "base/language.h"
#include "report/values.h"

namespace assay {

struct ScreenStyle {
  bool colour = false;
  std::size_t columns = 0;  // of the terminal; 0: nothing has to fit
  Language language = Language::en;
};

// Tasks down, variants across; each cell a number or a stated reason. Below it each variant's
// verdict and fidelity, and the flags by name.
[[nodiscard]] std::string terminal_table(const RunReport& report, const ScreenStyle& style);

}  // namespace assay
