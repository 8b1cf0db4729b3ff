// What is wrong with a command line, in the three lines of every other error. CLI11's own words
// name neither what was mistyped nor what was meant.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace assay {

// `words`: the command line after the program's name, which `app` has refused with `error`.
[[nodiscard]] Error command_line_error(const CLI::App& app, const CLI::ParseError& error,
                                       const std::vector<std::string>& words);

}  // namespace assay
