// Whether the answers in samples look like answers. What is found is told beside a verdict; scores
// decide it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/language.h"

namespace assay {

struct AnswerCounts {
  std::int64_t looked_at = 0;    // answers that are text; log-likelihoods are none
  std::int64_t empty = 0;        // nothing but white space, thoughts aside
  std::int64_t looping = 0;      // the end repeats itself (score/soundness.h)
  std::int64_t cut = 0;          // ended by length, or a thought that never ended
  std::int64_t refusing = 0;     // begins as refusals do
  std::int64_t likelihoods = 0;  // samples that hold no text

  void add(const AnswerCounts& other);
  [[nodiscard]] bool sound() const { return empty + looping + cut + refusing == 0; }
};

// Fields of a sample as scan_fields gives them: `resps`, and `finish_reason` where there is one.
void look_at(const std::vector<std::pair<std::string_view, std::string_view>>& fields,
             AnswerCounts& counts);

// "12 of 150 empty, 3 looping"; empty: nothing to say.
[[nodiscard]] Text answers_text(const AnswerCounts& counts);

}  // namespace assay
