// "did you mean …" for keys and names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

// Edits that turn a into b: insert, delete, replace, swap of two neighbours (optimal string
// alignment). Case is ignored and '-' equals '_'.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// The nearest of `known` when it is near enough to be meant (a third of its length, at most
// `max_edits`); empty otherwise. Of equally near ones the first.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& known,
                                  std::size_t max_edits = 3);

}  // namespace assay
