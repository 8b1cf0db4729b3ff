#include "score/choice_words.h"

#include <unordered_map>

namespace assay::choice_words {

namespace {

using Lists = std::unordered_map<std::string_view, std::uint64_t>;

template <typename... List>
Lists lists_of(const List&... lists) {
  Lists result;
  const auto add = [&result](const auto& list) {
    for (const std::string_view word : list.words) result[word] |= std::uint64_t{1} << list.bit;
  };
  (add(lists), ...);
  return result;
}

}  // namespace

std::uint64_t lists_with(std::string_view word) {
  static const Lists kLists =
      lists_of(kAnswer, kOption, kBest, kFalse, kOtherAnswer, kIs, kBeforeLetter, kBehindLetter,
               kBehindGroup, kAnd, kBetweenGroup, kNot, kSupposed, kNoLongerSupposed, kTakesBack,
               kVerdict, kBeforeVerdict, kVerdictNoun, kBeforeSubject, kMakes, kFirstPerson,
               kBeforeChoosing, kChoosing, kConclusion, kLeadsTo, kBetweenLeads, kOptionWord,
               kSinglesOut, kBehindVerdict, kMistake, kListAhead, kSumsUp, kStating, kHeadsText,
               kSeems, kBetweenSeems, kFavours, kAffirms, kDenies);
  const auto found = kLists.find(word);
  return found == kLists.end() ? 0 : found->second;
}

}  // namespace assay::choice_words
