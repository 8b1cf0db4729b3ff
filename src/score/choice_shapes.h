// Ways in which people's and models' texts state a letter, written for this project: each with the
// letter that a careful reader takes ('-': none is stated, or two are) and why. For tests alone.
#pragma once

#include <string_view>

namespace assay {

struct ChoiceShape {
  std::string_view text;
  char letter;
  std::string_view why;
  int n_options = 10;
};

inline constexpr ChoiceShape kChoiceShapes[] = {
    {"B", 'B', "the letter alone"},
    {"(C)\n\nThe other three ignore friction.", 'C', "the letter alone on its line"},
    {"**D**. I checked it against the table.", 'D', "the pronoun is no option"},
    {"B. Photosynthesis", 'B', "the option with its text"},
    {"Let me see. A would need heat, and I see none.\n\n**Answer: E**", 'E', "bold as a whole"},
    {"The correct choice here is therefore (H).", 'H', "words between noun and letter"},
    {"I'd go with option C, since A assumes a vacuum.", 'C', "a choice in the first person"},
    {"My final answer: F) 3.2 kPa. I rounded at the end.", 'F', "the text of the option follows"},
    {"Option D is correct; B confuses cause and effect.", 'D', "the letter is the subject"},
    {"The answer is not A but C.", 'C', "a negation with its correction"},
    {"It can't be B. The answer isn't D either. What remains is option A.", 'A', "by exclusion"},
    {"Initially I thought the answer was B, but the sign is negative, so the answer is G.", 'G',
     "a first thought"},
    {"The answer is B. Wait, the units are wrong. Recomputing, the answer is E.", 'E',
     "taken back and stated anew"},
    {"The answer is (J). If friction were included, the answer would be (A).", 'J',
     "what would be is not what is"},
    {"I cannot determine the answer from what is given.", '-', "a refusal; I is a pronoun"},
    {"I'm sorry, but I can't help with choosing between A and B.", '-', "a refusal"},
    {"The answer is either C or D.", '-', "two"},
    {"Both A and E are correct.", '-', "two"},
    {"A is wrong, B is wrong, C is wrong.", '-', "nothing but negations"},
    {"A careful look shows that I need more data.", '-', "an article and a pronoun"},
    {"$\\boxed{\\text{C}}$ A second route gives the same.", 'C', "an article after the box"},
    {"\\[\\boxed{\\textbf{(E)}\\ 12}\\]\nI am done.", 'E', "a letter with its text in the box"},
    {"So we get \\boxed{42}, which is option D.", 'D', "the box holds the value, not the letter"},
    {"Final answer\n\n(G)\n\nA note: I used SI units.", 'G', "a heading without a mark"},
    {"## Conclusion\n\nThe best option is **H** (moral hazard).", 'H', "an adjective"},
    {"Thus, A and B are out; the right one is C.", 'C', "'the right one'"},
    {"正确选项为（D）。A 项忽略了摩擦。", 'D', "Chinese, full-width brackets"},
    {"故选：B", 'B', "Chinese: therefore choose"},
    {"La respuesta correcta es la opción C.", 'C', "Spanish"},
    {"Die richtige Antwort lautet B, weil A nicht stimmt.", 'B', "German"},
    {"Réponse : D", 'D', "French, with a space before the colon"},
    {"the answer is b", 'B', "lower case at the end"},
    {"answer: (c)", 'C', "lower case in brackets"},
    {"Answer - I\n", 'I', "the ninth option"},
    {"The answer is I. I double-checked it.", 'I', "the ninth option, then the pronoun"},
    {"The answer is A, as a fall in price implies.", 'A', "the first option, not an article"},
    {"Answer: A decrease in demand.", '-', "an article: the text of an option, not its letter"},
    {"Is the answer B? No: the answer is F.", 'F', "a question and its answer"},
    {"Only E satisfies both conditions.", 'E', "what remains"},
    {"Therefore, D.", 'D', "a bare conclusion"},
    {"Hence the statement that is false, and so the answer, is (A).", 'A', "a comma before 'is'"},
    {"Choosing C would ignore tax. We choose B.", 'B', "a choice that is not made"},
    {"| Option | Verdict |\n|---|---|\n| A | false |\n| B | true |\n\nAnswer: **B**", 'B',
     "a table before it"},
    {"A. Heat – incorrect\nB. Work – correct\nC. Mass – incorrect", 'B', "a marked list"},
    {"A. 5 N\nB. 7 N\nC. 9 N", '-', "the options said again"},
    {"Statement I is correct, so the answer is D.", 'D', "a numbered statement"},
    {"Vitamin C is right there in the name, yet the answer is (F).", 'F', "a name with a letter"},
    {"Answer: B, C is a distractor.", 'B', "a new clause after the comma"},
    {"The answer is B and C is only half true.", 'B', "a new clause after 'and'"},
    {"I rule out C. I rule out D. The answer must be (A).", 'A', "ruled out is not stated"},
    {"The correct answer is B rather than D.", 'B', "what it is set against"},
    {"The answer is [[C]]", 'C', "double brackets, as judges are asked for"},
    {"ANSWER: G\nCONFIDENCE: HIGH", 'G', "capitals all through"},
    {"{\"answer\": \"E\"}", 'E', "JSON"},
    {"<answer>D</answer>", 'D', "a tag"},
    {"The answer is C\u2014not B, whatever A suggests.", 'C', "a dash"},
    {"Answer: B or C", '-', "two"},
    {"I don't think the answer is A; it is more likely (D).", 'D', "a negation before the phrase"},
    {"B is incorrect because I is a vector. Thus the correct answer is option (J): a scalar.", 'J',
     "a quantity named I"},
    {"The answer is E = mc^2.", '-', "a formula"},
    {"A common wrong answer is B. The correct one is A.", 'A', "the wrong answer"},
    {"The correct answer is (D): It follows from B that A holds.", 'D', "the explanation behind"},
    {"None of the options is right.", '-', "none"},
    {"As for the answer: I would say A.", 'A', "a pronoun after the colon"},
    {"I pick:\nH", 'H', "on the next line"},
    {"Answer: **(A)** I think.", 'A', "a pronoun behind the letter"},
};

}  // namespace assay
