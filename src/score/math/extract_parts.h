// The regular expressions of Math-Verify's extraction, one function each; private to score/math.
#pragma once

#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "score/math/extract.h"
#include "score/math/scan.h"

namespace assay::extract {

// The places that one rule finds, from left to right. When there are very many, only the last ones
// are kept.
class PlaceList {
 public:
  void push_back(AnswerPlace place) {
    places_.push_back(std::move(place));
    if (std::ssize(places_) < 2 * kKept) return;
    places_.erase(places_.begin(), places_.begin() + kKept);
    more_ = true;
  }
  // Appends the places to `all`.
  void move_to(AnswerPlaces& all) {
    all.more = all.more || more_;
    for (AnswerPlace& place : places_) all.places.push_back(std::move(place));
  }

 private:
  static constexpr std::ptrdiff_t kKept = 300;
  std::vector<AnswerPlace> places_;
  bool more_ = false;
};

// Every place where the phrase (given in lower case, found in any case) is followed by what `rest`
// matches.
template <typename Rest>
void after_phrase(std::string_view text, std::string_view phrase, Rest rest, PlaceList& places) {
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

// ".{0,100}?\s+is" and what `rest` matches after it, from `pos` on; "." matches a line break when
// `across_lines`.
template <typename Rest>
std::optional<AnswerPlace> after_is(std::string_view text, std::size_t pos, bool across_lines,
                                    Rest rest) {
  for (int k = 0; k <= 100 && pos < text.size(); ++k) {
    const std::size_t word = scan::space_at(text, pos) > 0 ? scan::skip_space(text, pos) : pos;
    if (word > pos && scan::stands(text, word, "is")) {
      if (auto place = rest(word + 2)) return place;
    }
    if (text[pos] == '\n' && !across_lines) return std::nullopt;
    pos += code_point_at(text, pos).bytes;
  }
  return std::nullopt;
}

// Every place that `at_pos` finds, from left to right, without overlaps.
template <typename At>
void everywhere(std::string_view text, At at_pos, PlaceList& places) {
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

void latex_i_hope(std::string_view text, PlaceList& places);
void latex_final_answer(std::string_view text, PlaceList& places);
void latex_answer(std::string_view text, bool colon, PlaceList& places);
void latex_anywhere(std::string_view text, bool boxed, PlaceList& places);
void bare_box(std::string_view text, PlaceList& places);

void plain_i_hope(std::string_view text, PlaceList& places);
void plain_final_answer(std::string_view text, PlaceList& places);
void plain_answer(std::string_view text, bool colon, PlaceList& places);
void plain_expressions(std::string_view text, PlaceList& places);
void plain_numbers(std::string_view text, PlaceList& places);

}  // namespace assay::extract
