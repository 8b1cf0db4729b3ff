#include "plan/suggest.h"

#include <algorithm>

#include "base/ascii.h"

namespace assay {
namespace {

constexpr std::size_t kLongestWord = 200;  // keeps the table small on odd input

char folded(char c) {
  return c == '-' ? '_' : to_lower(c);
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> table((a.size() + 1) * width);
  for (std::size_t j = 0; j < width; ++j) table[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    table[i * width] = i;
    for (std::size_t j = 1; j < width; ++j) {
      const bool same = folded(a[i - 1]) == folded(b[j - 1]);
      std::size_t best = table[(i - 1) * width + j - 1] + (same ? 0 : 1);
      best = std::min(best, table[(i - 1) * width + j] + 1);
      best = std::min(best, table[i * width + j - 1] + 1);
      if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
          folded(a[i - 2]) == folded(b[j - 1])) {
        best = std::min(best, table[(i - 2) * width + j - 2] + 1);
      }
      table[i * width + j] = best;
    }
  }
  return table.back();
}

std::string nearest(std::string_view word, const std::vector<std::string>& known,
                    std::size_t max_edits) {
  std::string best;
  std::size_t best_distance = max_edits + 1;
  if (word.size() > kLongestWord) return best;
  for (const std::string& name : known) {
    const std::size_t distance = edit_distance(word, name);
    if (distance <= std::max<std::size_t>(1, name.size() / 3) && distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace assay
