// Python's text behaviour where a prompt depends on it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay {

// A Python string literal that evaluates to `utf8` (valid UTF-8), quotes included.
[[nodiscard]] std::string python_literal(std::string_view utf8);

// Replaces each "{key}" by its value in one pass: braces inside the values and other braces of the
// template stay as they are.
[[nodiscard]] std::string fill_template(
    std::string_view text,
    const std::vector<std::pair<std::string_view, std::string_view>>& values);

}  // namespace assay
