// The command line: parses it, runs one command, gives the exit code.
#pragma once

#include "cli/signals.h"

namespace assay {

// `signals` is shared with the composition root's signal handler.
[[nodiscard]] int run_cli(int argc, char** argv, Signals& signals);

}  // namespace assay
