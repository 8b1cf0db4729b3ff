#include "score/choice_statement.h"

#include <gtest/gtest.h>

#include <string>

#include "score/choice_shapes.h"

namespace assay {
namespace {

TEST(StatedChoice, ShapesOfProse) {
  for (const ChoiceShape& shape : kChoiceShapes) {
    const StatedChoice found = stated_choice(shape.text, shape.n_options);
    EXPECT_EQ(found.letter.value_or('-'), shape.letter)
        << shape.text << "\n(" << shape.why << "; found by '" << found.stage << "')";
  }
}

// What recorded outputs of two models taught (MMLU-Pro's eval_results), in words of our own.
TEST(StatedChoice, OtherQuestionsAreLeftOut) {
  const auto letter = [](std::string_view text) {
    return stated_choice(text, 10).letter.value_or('-');
  };
  EXPECT_EQ(letter("The answer is (G).\n\nNow, let's summarize all the answers:\nA. 25\nB. 12"),
            'G');
  EXPECT_EQ(letter("The answer is (C).\n\nQuestion: next\nOptions:\nA. x\nThe answer is (B)"), 'C');
  EXPECT_EQ(letter("Question: Which gas?\nOptions:\nA. argon\nB. neon\nThe answer is (B)."), 'B');
  EXPECT_EQ(letter("The answer is (A)\nThe answer is (I)\nThe answer is (C)"), '-');
  EXPECT_EQ(letter("(A) is correct, (B) is correct, so is the rest. The answer is (D)."), 'D');
  EXPECT_EQ(letter("The correct answer is:\nA. one of them\nJ. another one"), '-');
  EXPECT_EQ(letter("So the court will rule the testimony:\n\nC. admissible.\n\nThis is because "
                   "it was against interest."),
            'C');
  EXPECT_EQ(letter("The answer is (B). However, if it gets warmer, the answer is (C)."), 'B');
  EXPECT_EQ(letter("After weighing everything, I lean towards E."), 'E');
  EXPECT_EQ(letter("Therefore, the step that is taken next is (F) to begin again."), 'F');
}

TEST(StatedChoice, LettersThatAreNoOption) {
  EXPECT_FALSE(stated_choice("the answer is (E)", 4).letter);
  EXPECT_TRUE(stated_choice("the answer is (E)", 5).letter);
  EXPECT_FALSE(stated_choice("", 10).letter);
  for (const char* text : {"The answer is F(x).", "The answer is B-cells.", "The answer is C++.",
                           "The answer is U.S.A", "$x = A \\cdot B$"}) {
    EXPECT_FALSE(stated_choice(text, 26).letter) << text;
  }
}

TEST(StatedChoice, TwoLettersAreToldFromNone) {
  EXPECT_EQ(stated_choice("The answer is B or C.", 10).stage, "answer is");
  EXPECT_EQ(stated_choice("I do not know.", 10).stage, "");
}

TEST(LeadingChoice, BehindTheLabel) {
  for (const char* text :
       {"B", "(B)", "B \u2014 hydrogen", "B - hydrogen", "Option B", "[B]", "\"B\"", "B hydrogen",
        "B/hydrogen", "Choice (B)", "\\(\\mathbf{B}\\)", "\uff22", "b."}) {
    EXPECT_EQ(leading_choice(text, 26).letter, 'B') << text;
  }
  for (const char* text : {"", "Because it is so", "A and B", "Between B and C", "2"}) {
    EXPECT_FALSE(leading_choice(text, 26).letter) << text;
  }
}

}  // namespace
}  // namespace assay
