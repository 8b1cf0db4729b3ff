// What report.html is made with: our style and script (src/report/page), and D3's modules, which
// come from the distribution's packages and are bundled when assay is built.
#pragma once

#include <span>

#include "base/embedded.h"

namespace assay {

[[nodiscard]] std::span<const EmbeddedFile> page_files();  // style.css, report.js, charts.js
[[nodiscard]] std::span<const EmbeddedFile> d3_files();    // in the order they need each other

}  // namespace assay
