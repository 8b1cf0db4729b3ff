// A data set's gold answer as Math-Verify is given it.
#pragma once

#include <string>
#include <string_view>

namespace assay {

// `$gold$`, or the gold answer itself when it brings its own delimiters ("$" or a box).
[[nodiscard]] std::string delimited_gold(std::string_view gold);

}  // namespace assay
