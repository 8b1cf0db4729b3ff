#include "score/math_extract.h"

#include <algorithm>

#include "score/math_extract_parts.h"
#include "score/math_scan.h"

namespace assay {

std::vector<AnswerPlace> AnswerScanner::places(AnswerStage stage) const {
  std::vector<AnswerPlace> found;
  switch (stage) {
    case AnswerStage::final_i_hope:
      extract::latex_i_hope(text_, found);
      extract::plain_i_hope(text_, found);
      break;
    case AnswerStage::final_or_boxed:
      extract::latex_final_answer(text_, found);
      extract::latex_anywhere(text_, true, found);
      extract::bare_box(text_, found);
      extract::plain_final_answer(text_, found);
      break;
    case AnswerStage::answer_colon:
    case AnswerStage::answer:
      extract::latex_answer(text_, stage == AnswerStage::answer_colon, found);
      extract::plain_answer(text_, stage == AnswerStage::answer_colon, found);
      break;
    case AnswerStage::anywhere:
      extract::latex_anywhere(text_, false, found);
      extract::plain_expressions(text_, found);
      extract::plain_numbers(text_, found);
      break;
  }
  // Rightmost end first; of those the longest; else in the order of the rules.
  std::stable_sort(found.begin(), found.end(), [](const AnswerPlace& a, const AnswerPlace& b) {
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

std::string delimited_gold(std::string_view gold) {
  for (std::size_t i = gold.find('$'); i != scan::kNone; i = gold.find('$', i + 1)) {
    if (i == 0 || gold[i - 1] != '\\') return std::string(gold);
  }
  if (gold.find("\\boxed") != scan::kNone) return std::string(gold);
  std::string delimited(1, '$');
  delimited.append(gold).append(1, '$');
  return delimited;
}

}  // namespace assay
