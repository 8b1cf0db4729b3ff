// How much of prompts is read anew where an engine keeps what prompts begin with.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace assay {

// The lengths of all prompts (texts, or vectors of tokens), each without what it shares, from its
// beginning, with the one that begins most like it. So of exemplars that stand before every
// question nothing counts: what one more prompt costs is asked for.
template <typename Prompt>
[[nodiscard]] std::size_t length_of_their_own(std::vector<Prompt> prompts) {
  std::ranges::sort(prompts);  // who shares most stands beside each other
  const auto shared = [](const Prompt& one, const Prompt& other) {
    return static_cast<std::size_t>(std::ranges::mismatch(one, other).in1 - one.begin());
  };
  std::size_t own = 0;
  std::size_t before = 0;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const std::size_t behind = i + 1 < prompts.size() ? shared(prompts[i], prompts[i + 1]) : 0;
    own += prompts[i].size() - std::max(std::exchange(before, behind), behind);
  }
  return own;
}

}  // namespace assay
