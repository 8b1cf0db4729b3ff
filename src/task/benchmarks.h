// The benchmarks one by one: each one's file defines a function here, and the registry lists them.
// Nobody else needs to know them by name: a new one recompiles this folder and no other room.
#pragma once

#include "task/task.h"

namespace assay {

[[nodiscard]] Task aime24_task();
[[nodiscard]] Task math500_task();
[[nodiscard]] Task gsm8k_task();
[[nodiscard]] Task mmlu_pro_task();
[[nodiscard]] Task gpqa_diamond_task();
[[nodiscard]] Task hle_task();
[[nodiscard]] Task livecodebench_task();
[[nodiscard]] Task scicode_task();
[[nodiscard]] Task humaneval_task();
[[nodiscard]] Task mbpp_task();

}  // namespace assay
