// Words beside a program's output: errors, notes, the lines of a run.
#pragma once

#include <cstdio>
#include <string_view>

namespace assay {

// At once. Where it cannot be written (a log on a full disk, a terminal that has gone) the words
// are lost and nothing else: fmt::print would throw there, out of the run that they tell of.
void tell(std::FILE* out, std::string_view text);

}  // namespace assay
