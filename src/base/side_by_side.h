// Work that several threads can do beside each other.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/result.h"

namespace assay {

// Does every piece, on as many threads as there are cores, this one among them; they are begun in
// their order. Gives the first error in that order. A piece must not throw.
[[nodiscard]] Status do_side_by_side(const std::vector<std::function<Status()>>& pieces);

// Does work(i) for every i < count in the same way, a range of them at a time.
void for_each_side_by_side(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace assay
