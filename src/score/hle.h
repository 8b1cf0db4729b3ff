// Humanity's Last Exam: the official answer format and the judge's verdict.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace assay {

struct HleAnswer {
  std::string answer;  // text after the last "Answer:" up to "Confidence:"; empty: none
  std::optional<double> confidence;  // 0 to 1
};

// "Explanation: … Answer: … Confidence: 80%", with or without Markdown emphasis around the labels;
// "Final Answer:", "Exact Answer:" and the like, and Chinese, for "Answer:".
[[nodiscard]] HleAnswer parse_hle_answer(std::string_view output);

// Multiple choice: the letter of "B", "(B)", "B.", "**B**", "B) text", "\boxed{B}"; nothing else.
[[nodiscard]] std::optional<char> hle_choice_letter(std::string_view answer);

// Exact-match items without a judge: equal after trimming, case folding of ASCII, and dropping of
// "$", Markdown emphasis and a final full stop. True is certain; false may only mean that
// the same answer is written in another way.
[[nodiscard]] bool hle_same_text(std::string_view answer, std::string_view gold);

// A judge's verdict on a free answer.
struct HleVerdict {
  std::optional<bool> correct;  // nothing: the judge's text holds no verdict
  std::string reasoning;        // its "Reasoning:", one line; may be empty
};

// The last line "Correct: yes" or "Correct: no" decides (true and false too), with or without
// Markdown emphasis, list marks, a number or quotes, or with the word on the line below "###
// Correct" or "Correct:"; a reason may follow behind a mark or in brackets. Of a JSON object, on
// one line or several, its field "correct" does, as HLE's own judge writes it. Thoughts are left
// out. No verdict is read from "yes or no", "yes/no", from a word that goes on ("no doubt"), or
// from one that is taken back ("yes, but not exactly").
[[nodiscard]] HleVerdict parse_hle_verdict(std::string_view judge_output);

}  // namespace assay
