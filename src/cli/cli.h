// The command line: parses it, runs one command, gives the exit code.
#pragma once

#include <atomic>

namespace assay {

// `interrupted` is set by the composition root's signal handler.
[[nodiscard]] int run_cli(int argc, char** argv, const std::atomic<bool>& interrupted);

}  // namespace assay
