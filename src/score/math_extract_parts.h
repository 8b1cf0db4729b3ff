// The regular expressions of Math-Verify's extraction, one function each; private to src/score.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "score/math_extract.h"
#include "score/math_scan.h"

namespace assay::extract {

// Every place of the lower-case phrase, in any case, that `rest` can complete.
template <typename Rest>
void after_phrase(std::string_view text, std::string_view phrase, Rest rest,
                  std::vector<AnswerPlace>& places) {
  std::size_t from = 0;
  while (true) {
    const std::size_t begin = scan::find_word(text, phrase, from);
    if (begin == scan::kNone) return;
    std::optional<AnswerPlace> place = rest(begin + phrase.size());
    if (place) {
      place->begin = begin;
      from = place->end;
      places.push_back(*std::move(place));
    } else {
      from = begin + 1;
    }
  }
}

// Every place `at_pos` finds, from left to right, none over another.
template <typename At>
void everywhere(std::string_view text, At at_pos, std::vector<AnswerPlace>& places) {
  std::size_t pos = 0;
  while (pos < text.size()) {
    if (auto place = at_pos(pos)) {
      pos = place->end;
      places.push_back(*std::move(place));
    } else {
      pos += code_point_at(text, pos).bytes;
    }
  }
}

void latex_i_hope(std::string_view text, std::vector<AnswerPlace>& places);
void latex_final_answer(std::string_view text, std::vector<AnswerPlace>& places);
void latex_answer(std::string_view text, bool colon, std::vector<AnswerPlace>& places);
void latex_anywhere(std::string_view text, bool boxed, std::vector<AnswerPlace>& places);
void bare_box(std::string_view text, std::vector<AnswerPlace>& places);

void plain_i_hope(std::string_view text, std::vector<AnswerPlace>& places);
void plain_final_answer(std::string_view text, std::vector<AnswerPlace>& places);
void plain_answer(std::string_view text, bool colon, std::vector<AnswerPlace>& places);
void plain_expressions(std::string_view text, std::vector<AnswerPlace>& places);
void plain_numbers(std::string_view text, std::vector<AnswerPlace>& places);

}  // namespace assay::extract
