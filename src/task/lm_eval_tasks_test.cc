// The four tasks that lm-eval has. Prompts are written out as lm-eval 0.4.13 makes them from the
// same rows (tests/parity compares many more).
#include "task/fields.h"
#include "task/prompt.h"
#include "task/task_test.h"

namespace assay {
namespace {

class LmEvalTasks : public TaskTest {};

TEST_F(LmEvalTasks, AimePromptAndScores) {
  const Task& task = use("aime24");
  const Json row = {{"ID", "x"}, {"Problem", "What is $2 + 3$?"}, {"Answer", 5}};
  const auto items = items_of(task, {row});
  const Request request = ask(task, items[0]);
  EXPECT_EQ(request.kind, RequestKind::generate);
  EXPECT_EQ(request.plain, "Question: What is $2 + 3$?\nAnswer:");
  EXPECT_EQ(request.messages,
            (std::vector<Message>{{"user", "Question: What is $2 + 3$?\nAnswer:"}}));
  EXPECT_EQ(request.sampling.stop, (std::vector<std::string>{"</s>", "<|im_end|>", "<|eot_id|>"}));
  EXPECT_EQ(request.sampling.max_tokens, 64);
  EXPECT_EQ(request.sampling.temperature, 0);

  const Score right = score_of(task, items[0], {answered("It is $\\boxed{005}$.")});
  EXPECT_EQ(right.outcome, Outcome::scored);
  EXPECT_EQ(right.metrics.at("robust"), 1);
  EXPECT_EQ(right.metrics.at("lm_eval"), 0);  // lm-eval compares the text "005" with "5"
  EXPECT_EQ(right.target, "5");
  const Score wrong = score_of(task, items[0], {answered("\\boxed{6}")});
  EXPECT_EQ(wrong.metrics.at("robust"), 0);
  const Score none = score_of(task, items[0], {answered("no idea")});
  EXPECT_TRUE(none.not_extractable);
}

TEST_F(LmEvalTasks, AimeRows) {
  const Task& task = use("aime24");
  const Json good = {{"ID", "x"}, {"Problem", "p"}, {"Answer", "025"}};
  EXPECT_EQ(items_of(task, {good})[0].row.at("answer"), 25);
  for (const auto& [field, value] : std::vector<std::pair<std::string, Json>>{{"ID", nullptr},
                                                                              {"Problem", 3},
                                                                              {"Problem", " "},
                                                                              {"Answer", 1000},
                                                                              {"Answer", "x"},
                                                                              {"Answer", 2.5},
                                                                              {"Answer", -1}}) {
    Json bad = good;
    bad[field] = value;
    const std::string error = error_of(task, {good, bad});
    EXPECT_NE(error.find("rows.jsonl:2"), std::string::npos) << field << ": " << error;
    EXPECT_NE(error.find("'" + field + "'"), std::string::npos) << error;
  }
  EXPECT_NE(error_of(task, {good, good}).find("two rows have the id 'x'"), std::string::npos);
}

TEST_F(LmEvalTasks, MathPromptAndScores) {
  const Task& task = use("math500");
  const Json row = {{"problem", "Compute $3 + 4$."},
                    {"solution", "It is $\\boxed{7}$."},
                    {"answer", "7"},
                    {"subject", "Prealgebra"},
                    {"level", 1},
                    {"unique_id", "test/1"}};
  const auto items = items_of(task, {row});
  EXPECT_EQ(items[0].stratum, "Prealgebra");
  const Request request = ask(task, items[0]);
  EXPECT_EQ(request.plain, "Problem: Compute $3 + 4$.\nAnswer:");
  EXPECT_TRUE(request.sampling.stop.empty());
  const Score boxed = score_of(task, items[0], {answered("So $\\boxed{7}$.")});
  EXPECT_EQ(boxed.metrics.at("robust"), 1);
  EXPECT_EQ(boxed.metrics.at("lm_eval"), 0);  // it compares "\boxed{7}" with "7"
  EXPECT_EQ(score_of(task, items[0], {answered("The answer is $7$.")}).metrics.at("lm_eval"), 1);
  Json unboxed = row;
  unboxed["solution"] = "It is 7.";
  EXPECT_NE(error_of(task, {unboxed}).find("'solution'"), std::string::npos);
}

class MmluPro : public TaskTest {
 protected:
  MmluPro() {
    exemplars_ = {exemplar("history", "Skipped?", "A"), exemplar("law", "First?", "B"),
                  exemplar("law", "Second?", "A")};
    spec_.num_fewshot = 2;
  }
  static Json exemplar(const std::string& subject, const std::string& question,
                       const std::string& answer) {
    return {{"question_id", 1},
            {"question", question},
            {"options", {"yes", " no "}},
            {"answer", answer},
            {"category", subject},
            {"cot_content", "A: Let's think step by step. So. The answer is (" + answer + ")."}};
  }
  Json row_{{"question_id", 70}, {"question", "Third?"}, {"options", {"a", "b", "c"}},
            {"answer", "C"},     {"answer_index", 2},    {"category", "law"},
            {"cot_content", ""}};
};

constexpr const char* kLaw =
    "The following are multiple choice questions (with answers) about law. Think step by step and "
    "then finish your answer with \"the answer is (X)\" where X is the correct letter choice.\n";

TEST_F(MmluPro, PlainPrompt) {
  const Task& task = use("mmlu_pro");
  const Request request = ask(task, items_of(task, {row_})[0]);
  EXPECT_EQ(request.plain, std::string(kLaw) +
                               "Question:\nFirst?\nOptions:\nA. yes\nB. no\n"
                               "Answer: Let's think step by step. So. The answer is (B).\n\n"
                               "Question:\nSecond?\nOptions:\nA. yes\nB. no\n"
                               "Answer: Let's think step by step. So. The answer is (A).\n\n"
                               "Question:\nThird?\nOptions:\nA. a\nB. b\nC. c\n"
                               "Answer: Let's think step by step.");
  EXPECT_TRUE(request.sampling.stop.empty());
}

TEST_F(MmluPro, ChatTurns) {
  const Task& task = use("mmlu_pro");
  const std::string question =
      "Question:\nFirst?\nOptions:\nA. yes\nB. no\nAnswer: Let's think step by step.";
  Request request = ask(task, items_of(task, {row_})[0]);
  ASSERT_EQ(request.messages.size(), 6U);
  EXPECT_EQ(request.messages[0], (Message{"system", kLaw}));
  EXPECT_EQ(request.messages[1], (Message{"user", question}));
  EXPECT_EQ(request.messages[2], (Message{"assistant", "So. The answer is (B)."}));

  spec_.options["fewshot_as_multiturn"] = false;
  request = ask(task, items_of(task, {row_})[0]);
  ASSERT_EQ(request.messages.size(), 2U);
  EXPECT_EQ(request.messages[0].content + request.messages[1].content, request.plain);

  chat_.system = "Be brief.";  // lm-eval's system_instruction, joined by a blank line
  request = ask(task, items_of(task, {row_})[0]);
  EXPECT_EQ(request.messages[0].content, "Be brief.\n\n" + std::string(kLaw));
}

TEST_F(MmluPro, ScoresAndThoughts) {
  const Task& task = use("mmlu_pro");
  const Item item = items_of(task, {row_})[0];
  Score score = score_of(task, item, {answered("So the answer is (C).")});
  EXPECT_EQ(score.metrics.at("robust"), 1);
  EXPECT_EQ(score.metrics.at("lm_eval"), 1);
  score = score_of(task, item, {answered("**Answer: C**")});
  EXPECT_EQ(score.metrics.at("robust"), 1);
  EXPECT_EQ(score.metrics.at("lm_eval"), 0);
  // The question said again is no other question, but the official stages end there.
  score =
      score_of(task, item, {answered("Question: First?\nOptions:\nA. yes\nThe answer is (C).")});
  EXPECT_EQ(score.metrics.at("robust"), 1);
  EXPECT_EQ(score.metrics.at("official"), 0);
  score = score_of(task, item, {answered("\\boxed{C}. I am sure.")});
  EXPECT_EQ(score.metrics.at("robust"), 1);
  EXPECT_EQ(score.metrics.at("official"), 0);
  EXPECT_EQ(score_of(task, item, {answered("A or C, so the answer is B or C.")}).detail,
            "two letters are stated");

  // With thinking on, stop strings must not cut the thoughts; they cut the answer afterwards.
  chat_.enable_thinking = true;
  EXPECT_TRUE(ask(task, item).sampling.stop.empty());
  score = score_of(task, item,
                   {answered("<think>Question: the answer is (A)?</think>\n\n"
                             "The answer is (C).\n\nQuestion: the answer is (B)")});
  EXPECT_EQ(score.extracted, "C");
  EXPECT_EQ(score.metrics.at("lm_eval"), 1);
}

// Answers of gemini-1.5-flash-002 hold six such lines, of which the first five answer the
// exemplars.
TEST_F(MmluPro, AListWithTheExemplarsAnswers) {
  const Task& task = use("mmlu_pro");
  spec_.num_fewshot = 2;
  const Item item = items_of(task, {row_})[0];
  const auto robust = [&](const std::string& output) {
    return score_of(task, item, {answered(output)}).extracted;
  };
  EXPECT_EQ(robust("The answer is (A)\nThe answer is (B).\nThe answer is (C)\n"), "C");
  EXPECT_EQ(robust("The answer is (A)\n\nThe answer is (C)\n\nThe answer is (B)"), "B");
  // Fewer, more, or with other text: two letters are stated.
  EXPECT_EQ(robust("The answer is (A)\nThe answer is (C)"), "");
  EXPECT_EQ(robust("The answer is (A)\nThe answer is (B)\nThe answer is (A)\nThe answer is (C)"),
            "");
  EXPECT_EQ(robust("The answer is (A)\nThe answer is (B)\nThe answer is (A) and (C)"), "");
  spec_.num_fewshot = 0;
  EXPECT_EQ(robust("The answer is (C)"), "C");
}

TEST_F(MmluPro, BadRowsAndExemplars) {
  const Task& task = use("mmlu_pro");
  for (const auto& [field, value] : std::vector<std::pair<std::string, Json>>{{"answer", "D"},
                                                                              {"answer", "c"},
                                                                              {"answer_index", 1},
                                                                              {"options", "a"},
                                                                              {"options", {"a", 1}},
                                                                              {"category", nullptr},
                                                                              {"question", ""}}) {
    Json bad = row_;
    bad[field] = value;
    const std::string error = error_of(task, {bad});
    EXPECT_NE(error.find("rows.jsonl:1"), std::string::npos) << field;
    EXPECT_NE(error.find("'" + field + "'"), std::string::npos) << error;
  }
  spec_.num_fewshot = 3;
  EXPECT_NE(error_of(task, {row_}).find("2 few-shot exemplars of 'law', 3 wanted"),
            std::string::npos);
  spec_.num_fewshot = 0;
  EXPECT_EQ(ask(task, items_of(task, {row_})[0]).messages.size(), 2U);
}

class Gpqa : public TaskTest {
 protected:
  static Json row(int i) {
    return {{"Question", "Question " + std::to_string(i)},
            {"Incorrect Answer 1", "a"},
            {"Incorrect Answer 2", "b"},
            {"Incorrect Answer 3", "c"},
            {"Correct Answer", "d"}};
  }
};

// random.seed(0), then random.shuffle(list("abcd")) a row: cabd, abdc, acbd, badc (CPython 3.11.7).
TEST_F(Gpqa, OptionOrder) {
  const Task& task = use("gpqa_diamond");
  const auto items = items_of(task, {row(1), row(2), row(3), row(4)});
  EXPECT_EQ(items[0].row.at("choices"), (Json{"c", "a", "b", "d"}));
  EXPECT_EQ(items[1].row.at("choices"), (Json{"a", "b", "d", "c"}));
  EXPECT_EQ(items[2].row.at("choices"), (Json{"a", "c", "b", "d"}));
  EXPECT_EQ(items[3].row.at("choices"), (Json{"b", "a", "d", "c"}));
  EXPECT_EQ(items[1].row.at("answer"), 2);
}

TEST_F(Gpqa, PromptAndContinuations) {
  const Task& task = use("gpqa_diamond");
  spec_.max_gen_toks.reset();  // nothing is generated
  Json fields = row(1);
  fields["Correct Answer"] = "  d  [title] e ";
  const auto items = items_of(task, {fields});
  chat_.apply_template = false;
  Request request = ask(task, items[0]);
  EXPECT_EQ(request.kind, RequestKind::loglikelihood);
  EXPECT_EQ(request.plain,
            "What is the correct answer to this question:Question 1\nChoices:\n"
            "(A) c\n(B) a\n(C) b\n(D) d . e\nAnswer:");
  EXPECT_EQ(request.continuations, (std::vector<std::string>{" (A)", " (B)", " (C)", " (D)"}));
  chat_.apply_template = true;
  request = ask(task, items[0]);
  EXPECT_EQ(request.continuations, (std::vector<std::string>{"(A)", "(B)", "(C)", "(D)"}));
}

TEST_F(Gpqa, Scores) {
  const Task& task = use("gpqa_diamond");
  const Item item = items_of(task, {row(1)})[0];  // the right one is (D)
  StepResult step;
  for (const double sum : {-3.0, -2.0, -4.0, -1.0}) {
    step.response.loglikelihoods.push_back({.sum = sum, .is_greedy = false, .tokens = 3});
  }
  Score score = score_of(task, item, {step});
  EXPECT_EQ(score.metrics.at("robust"), 1);
  EXPECT_EQ(score.metrics.at("lm_eval"), 1);
  EXPECT_EQ(score.extracted, "D");
  step.response.loglikelihoods[1].sum = -0.5;
  EXPECT_EQ(score_of(task, item, {step}).metrics.at("robust"), 0);
  step.response.loglikelihoods.pop_back();
  EXPECT_EQ(score_of(task, item, {step}).reason, reason::kEngineError);
}

// lm-eval takes a NaN for the greatest, and the first of equal ones.
TEST_F(Gpqa, LogLikelihoodsThatTellNoChoice) {
  const Task& task = use("gpqa_diamond");
  const Item item = items_of(task, {row(1)})[0];
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto score = [&](std::vector<double> sums, int missing = 0) {
    StepResult step;
    for (const double sum : sums) {
      step.response.loglikelihoods.push_back(
          {.sum = sum, .is_greedy = false, .tokens = 3, .missing = missing});
    }
    return score_of(task, item, {step});
  };
  for (const std::vector<double>& sums : {std::vector<double>{-1, kNan, -2, -3},
                                          {kNan, kNan, kNan, kNan},
                                          {-1, -1, -1, -1},
                                          {-kInfinity, -kInfinity, -kInfinity, -kInfinity}}) {
    const Score none = score(sums);
    EXPECT_EQ(none.outcome, Outcome::unscored);
    EXPECT_EQ(none.reason, reason::kNoChoice);
    EXPECT_TRUE(none.odd_likelihoods);
    EXPECT_TRUE(none.metrics.empty());
    EXPECT_EQ(none.target, "D");
  }
  const Score positive = score({-1, -2, -3, 0.5});
  EXPECT_EQ(positive.metrics.at("robust"), 1);
  EXPECT_TRUE(positive.odd_likelihoods);
  EXPECT_TRUE(score({-1, -2, -3, -0.5}, 1).odd_likelihoods);
  EXPECT_EQ(score({-1, -2, -3, -0.5}, 1).outcome, Outcome::scored);
  const Score one = score({-kInfinity, -kInfinity, -kInfinity, -4});
  EXPECT_EQ(one.metrics.at("robust"), 1);
  EXPECT_FALSE(one.odd_likelihoods);
  EXPECT_FALSE(score({-1, -2, -3, 1e-6}).odd_likelihoods);  // rounding
}

TEST_F(Gpqa, GenerativeMode) {
  const Task& task = use("gpqa_diamond");
  spec_.options["generative"] = true;
  const Item item = items_of(task, {row(1)})[0];
  const Request request = ask(task, item);
  EXPECT_EQ(request.kind, RequestKind::generate);
  EXPECT_TRUE(request.plain.ends_with("\n(D) d\nLet's think step by step: "));
  EXPECT_EQ(score_of(task, item, {answered("The answer is (D).")}).metrics.at("robust"), 1);
  spec_.max_gen_toks.reset();
  EXPECT_NE(error_of(task, {row(1)}).find("max_gen_toks is missing"), std::string::npos);
}

TEST_F(Gpqa, OptionsAreChecked) {
  const Task& task = use("gpqa_diamond");
  spec_.options["shuffle"] = 1;
  EXPECT_NE(error_of(task, {row(1)}).find("unknown option 'shuffle'"), std::string::npos);
  spec_.options = Json::object();
  spec_.num_fewshot = 5;
  EXPECT_NE(error_of(task, {row(1)}).find("has no few-shot exemplars"), std::string::npos);
  spec_.num_fewshot = 0;
  spec_.options = {{"generative", "yes"}};
  EXPECT_NE(error_of(task, {row(1)}).find("option 'generative' is not true or false"),
            std::string::npos);
}

// SHA-256 of "7\ne-1\n0\n0" begins with 0baf0707, of "7\ne-1\n1\n0" with 2c6f5708 (sha256sum).
// Only the engine knew the prompt's length: the same reason as where assay counts the tokens.
TEST(Unanswered, ARequestThatTheEngineFoundTooLongIsNoEngineError) {
  StepResult step;
  step.response.finish_reason = FinishReason::error;
  step.response.error = "prompt does not fit";
  const auto score = unanswered({step});
  ASSERT_TRUE(score);
  EXPECT_EQ(score->outcome, Outcome::unscored);
  EXPECT_EQ(score->reason, "prompt does not fit");
  step.response.error = "the server refuses it: HTTP 422";
  EXPECT_EQ(unanswered({step})->reason, "engine error");
  EXPECT_EQ(unanswered({step})->detail, "the server refuses it: HTTP 422");
}

TEST(SamplingSeed, OneForEachDrawTheSameInEveryRun) {
  Request greedy;
  set_sampling_seed(greedy, {.plan = 7}, "e-1", 0, 0);
  EXPECT_FALSE(greedy.sampling.seed);
  Request first;
  first.sampling.temperature = 0.6;
  Request second = first;
  Request other_engine = first;
  set_sampling_seed(first, {.plan = 7}, "e-1", 0, 0);
  set_sampling_seed(second, {.plan = 7}, "e-1", 1, 0);
  set_sampling_seed(other_engine, {.plan = 7, .engine = 3}, "e-1", 0, 0);
  EXPECT_EQ(first.sampling.seed, 0x0baf0707U & 0x7fffffffU);
  EXPECT_EQ(second.sampling.seed, 0x2c6f5708U & 0x7fffffffU);
  EXPECT_EQ(other_engine.sampling.seed, 0x1f2b030cU & 0x7fffffffU);
  set_sampling_seed(first, {.plan = 8}, "e-2", 5, 1);
  EXPECT_EQ(first.sampling.seed, 0x0baf0707U & 0x7fffffffU);
}

TEST_F(LmEvalTasks, UnscoredReasons) {
  const Task& task = use("aime24");
  const Item item = items_of(task, {{{"ID", "x"}, {"Problem", "p"}, {"Answer", 1}}})[0];
  EXPECT_EQ(score_of(task, item, {}).reason, reason::kNotRun);
  StepResult failed = answered("\\boxed{1}");
  failed.response.finish_reason = FinishReason::error;
  EXPECT_EQ(score_of(task, item, {failed}).reason, reason::kEngineError);
  StepResult too_long;
  too_long.prompt_did_not_fit = true;
  EXPECT_EQ(score_of(task, item, {too_long}).reason, reason::kPromptDoesNotFit);
}

}  // namespace
}  // namespace assay
