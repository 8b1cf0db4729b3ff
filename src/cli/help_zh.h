// The help in Chinese.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace assay {

// What help_zh.cc has for a description, or for one line of a footer; empty: nothing, and the
// English stays. A page of docs/ in brackets at its end is kept.
[[nodiscard]] std::string help_in_chinese(std::string_view english);

// Puts Chinese descriptions in, of the command and of all below it. Names of commands and options
// stay as they are typed.
void translate_help(CLI::App& command);

}  // namespace assay
