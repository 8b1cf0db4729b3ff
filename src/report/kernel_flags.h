// Does a variant run as its checkpoint says? Judged by what the engine tells of its kernels, the
// checkpoint and its own choices (values/load_facts.h), and by nothing else (docs/flags.md).
#pragma once

#include "report/values.h"

namespace assay {

// Appends "emulated kernels", "kernel not as named", "kernel bits unknown" and "engine fell back"
// to report.flags, where they hold for the variant's last load.
void flag_kernels(RunReport& report, const VariantValues& v);

}  // namespace assay
