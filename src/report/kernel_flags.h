// Does a variant run as its checkpoint says? Judged by what the engine tells of its kernels, the
// checkpoint and its own choices (values/load_facts.h), and by nothing else (docs/flags.md).
#pragma once

#include "report/values.h"

namespace assay {

// Appends "emulated kernels", "kernel not as named", "kernel bits unknown" and "engine fell back"
// to report.flags, where they hold for the variant's last load.
void flag_kernels(RunReport& report, const VariantValues& v);

// "less memory than planned", where `v` was loaded with other arguments than the baseline for want
// of memory.
void flag_less_memory(RunReport& report, const VariantValues& v, const VariantValues& baseline);

// "not batch invariant": the variant was asked to be (VLLM_BATCH_INVARIANT=1), and runs on
// attention that was seen not to be: FlashAttention 3 with heads of 64 (docs/gpu.md).
void flag_not_invariant(RunReport& report, const VariantValues& v);

}  // namespace assay
