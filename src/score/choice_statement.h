// The letter that a text states as its answer, read as a careful person reads: the last statement
// counts, not the last capital. The metric `robust` of multiple-choice tasks; the benchmarks' own
// patterns are in score/choice.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace assay {

struct StatedChoice {
  std::optional<char> letter;  // 'A' …; nothing: none is stated, or two are
  // How it was stated: "boxed", "answer is", "is correct", "chosen", "concluded", "own line",
  // "listed". Empty: no statement. Without a letter it is the statement that names two.
  std::string stage;
};

// Letters run from A to the n_options-th. A statement counts for less where it is supposed ("if …",
// "at first glance"), asked, or followed by "wait" and the like; it does not count where it is
// negated or denied at once. "A" as an article and "I" as a pronoun are no letters. Linear in the
// text's length.
[[nodiscard]] StatedChoice stated_choice(std::string_view text, int n_options);

// The letter at the start of a text that is an answer already: what stands behind "Answer:". As
// above, "B", "(B)", "B - hydrogen", "Option B", "[B]", "B hydrogen"; nothing for "Because …".
[[nodiscard]] StatedChoice leading_choice(std::string_view answer, int n_options);

}  // namespace assay
