// Shapes in which judges give a verdict, and phrases that look like one and are none.
#include <gtest/gtest.h>

#include "score/hle.h"

namespace assay {
namespace {

std::optional<bool> verdict(std::string_view text) {
  return parse_hle_verdict(text).correct;
}

TEST(HleVerdictShapes, UnmistakableOnesAreRead) {
  for (const char* yes :
       {"correct: yes (both are 7)",
        "1. extracted_final_answer: 7\n2. reasoning: same\n3. correct: yes", "### Correct\nyes",
        "## Correct\n\n**Yes**", "**Correct**\nYes.", "Correct:\n  yes", "correct: 'yes'",
        "correct: true", "Correct: `yes`", "3) **Correct:** yes", "- correct: Yes",
        "Correct (yes/no): yes", "Correct: Yes, the values agree.", "Correct: yes - same number",
        "correct: yes: both are Rome", R"({"extracted_final_answer": "7", "correct": "yes"})",
        R"({"correct": true, "confidence": 90})",
        "```json\n{\"reasoning\": \"a: b\", \"correct\": \"yes\"}\n```",
        "Here it is: {\"correct\": \"YES\"}"}) {
    EXPECT_EQ(verdict(yes), true) << yes;
  }
  for (const char* no :
       {"correct: no (7 is not 8)", "Correct: No, the correct answer is 7.", "### Correct\nno",
        "correct: false", "4. Correct: \"no\"", R"({"reasoning": "yes?", "correct": "no"})",
        R"({"correct": false})", "Correct: no; it says Rome", "**Correct: no**"}) {
    EXPECT_EQ(verdict(no), false) << no;
  }
}

TEST(HleVerdictShapes, NothingIsReadFromWhatCanBeMistaken) {
  for (const char* none : {"correct: yes or no",
                           "correct: yes/no",
                           "Correct: yes, no",
                           "Correct: no, wait: yes",
                           "Correct: yes, but not exactly",
                           "Correct: yes (if rounding is allowed)",
                           "Correct: not yes",
                           "Correct: no doubt",
                           "correct: yes and no",
                           "Correct: yesterday",
                           "Correct answer: yes",
                           "Incorrect: yes",
                           "The response is correct: yes",
                           "Correct: yes, it doesn't differ... no",
                           "### Correct\nThe answer is yes",
                           "Correct: maybe",
                           "correct",
                           "correct\nyes",
                           R"({"correct": "yes or no"})",
                           R"({"correct": null})",
                           R"({"correct": 1})",
                           "Correct: partially",
                           "Correct: yes?no",
                           "<think>correct: yes</think>"}) {
    EXPECT_EQ(verdict(none), std::nullopt) << none;
  }
}

TEST(HleVerdictShapes, TheReasonIsKept) {
  EXPECT_EQ(parse_hle_verdict(R"({"reasoning": "same number", "correct": "yes"})").reasoning,
            "same number");
  EXPECT_EQ(parse_hle_verdict("2. reasoning: same\n3. correct: yes").reasoning, "same");
}

}  // namespace
}  // namespace assay
