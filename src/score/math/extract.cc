#include "score/math/extract.h"

#include <algorithm>

#include "score/math/extract_parts.h"
#include "score/math/scan.h"

namespace assay {

AnswerPlaces AnswerScanner::places(AnswerStage stage) const {
  AnswerPlaces found;
  const auto collect = [&](auto rule, auto... options) {
    extract::PlaceList list;
    rule(text_, options..., list);
    list.move_to(found);
  };
  switch (stage) {
    case AnswerStage::final_i_hope:
      collect(extract::latex_i_hope);
      collect(extract::plain_i_hope);
      break;
    case AnswerStage::final_or_boxed:
      collect(extract::latex_final_answer);
      collect(extract::latex_anywhere, true);
      collect(extract::bare_box);
      collect(extract::plain_final_answer);
      break;
    case AnswerStage::answer_colon:
    case AnswerStage::answer:
      collect(extract::latex_answer, stage == AnswerStage::answer_colon);
      collect(extract::plain_answer, stage == AnswerStage::answer_colon);
      break;
    case AnswerStage::anywhere:
      collect(extract::latex_anywhere, false);
      collect(extract::plain_expressions);
      collect(extract::plain_numbers);
      break;
  }
  // The rightmost end first; of equal ends the longest; of equal places the order of the rules.
  std::stable_sort(found.places.begin(), found.places.end(),
                   [](const AnswerPlace& a, const AnswerPlace& b) {
                     return a.end != b.end ? a.end > b.end : a.begin < b.begin;
                   });
  return found;
}

bool AnswerScanner::out_of_reach() const {
  for (std::size_t i = 0; i < text_.size();) {
    const CodePoint c = code_point_at(text_, i);
    if (c.value >= 0x80 && is_decimal(c.value)) return true;
    i += c.bytes;
  }
  return false;
}

}  // namespace assay
