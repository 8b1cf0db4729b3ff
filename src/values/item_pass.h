// Where the entries of a task stand when a run's order may go through its items several times.
#pragma once

#include <cstddef>

namespace assay {

struct ItemPass {
  std::size_t item = 0;  // its place among the task's items
  std::size_t pass = 0;  // 0: the first time it is asked
};

// All items in their order, then all of them once more, and so on: the order names a task, and how
// often it has named it before says which item is meant. So items always come before repeats, and
// nothing but their number has a hand in it. `items` >= 1.
[[nodiscard]] constexpr ItemPass item_pass(std::size_t entry, std::size_t items) {
  return {entry % items, entry / items};
}

}  // namespace assay
