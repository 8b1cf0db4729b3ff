// Answers that say the question again before they answer it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "task/prompt.h"
#include "task/task_test.h"

namespace assay {
namespace {

class Restated : public TaskTest {};

// An answer may say the question again under a heading that is a stop string; lm-eval cuts there.
TEST_F(Restated, RestatedProblemsAreRead) {
  const Task& task = use("math500");
  const Json row = {
      {"problem", "Harold tosses a nickel 4 times. What is the probability of 2 heads?"},
      {"solution", "It is $\\boxed{\\frac{3}{8}}$."},
      {"answer", "\\frac{3}{8}"},
      {"subject", "Counting & Probability"},
      {"level", 1},
      {"unique_id", "test/1"}};
  const auto items = items_of(task, {row});
  const std::string said = row.at("problem").get<std::string>();
  const auto robust = [&](const std::string& output) {
    const Score score = score_of(task, items[0], {answered(output)});
    EXPECT_EQ(score.metrics.at("lm_eval"), 0);
    return score.metrics.at("robust");
  };
  EXPECT_EQ(robust("**Problem:** " + said + "\n\nIt is \\boxed{3/8}"), 1);
  EXPECT_EQ(robust("Problem: " + said + "\nThe answer is $3/8$."), 1);
  EXPECT_EQ(robust("Alright, let us see.\n\n### Problem: " + said + "\n\\boxed{0.375}"), 1);
  EXPECT_EQ(robust("Problem: Harold tosses his nickel 4 times; we want the probability that "
                   "exactly 2 are heads.\n\\boxed{\\frac38}"),
            1);
  EXPECT_EQ(robust("<think>Hm</think>Problem: " + said + "\n\\boxed{0.375}"), 1);
  EXPECT_EQ(robust("**Problem:** " + said + "\n\n\\boxed{5/8}"), 0);
  // What follows is another question, or comes behind an answer.
  EXPECT_EQ(robust("Problem: A die is rolled twice. Find the sum's mean.\n\\boxed{3/8}"), 0);
  EXPECT_EQ(robust("I do not know.\n\nProblem: What is $3/8$ of 1? \\boxed{3/8}"), 0);
  EXPECT_EQ(robust("It is $1/2$.\n\nProblem: " + said + "\n\\boxed{3/8}"), 0);
  EXPECT_EQ(robust("Problem: " + said + "\n\\boxed{1/2}\n\nProblem: Next one. \\boxed{3/8}"), 0);
}

TEST_F(Restated, RestatedQuestionsOfAimeAreRead) {
  const Task& task = use("aime24");
  const Json row = {{"ID", "x"}, {"Problem", "What is the sum of 2 and 3?"}, {"Answer", 5}};
  const auto items = items_of(task, {row});
  const auto robust = [&](const std::string& output) {
    return score_of(task, items[0], {answered(output)}).metrics.at("robust");
  };
  EXPECT_EQ(robust("**Question:** What is the sum of 2 and 3?\n\n\\boxed{5}"), 1);
  EXPECT_EQ(robust("**Question:** What is the sum of 2 and 3?\n\n\\boxed{6}"), 0);
  EXPECT_EQ(robust("</s>What is the sum of 2 and 3? \\boxed{6}\nQuestion: \\boxed{5}"), 0);
  EXPECT_EQ(robust("\\boxed{6}\nQuestion: What is the sum of 2 and 3?\n\\boxed{5}"), 0);
}

// A heading of the answer's own steps opens no other question.
TEST_F(Restated, HeadingsOfStepsAreNoOtherQuestions) {
  const Task& task = use("math500");
  const Json row = {
      {"problem", "Harold tosses a nickel 4 times. What is the probability of 2 heads?"},
      {"solution", "It is $\\boxed{\\frac{3}{8}}$."},
      {"answer", "\\frac{3}{8}"},
      {"subject", "Counting & Probability"},
      {"level", 1},
      {"unique_id", "test/1"}};
  const auto items = items_of(task, {row});
  const auto score = [&](const std::string& output) {
    return score_of(task, items[0], {answered(output)});
  };
  for (const char* heading : {"### Understanding the Problem:", "**Restating the Problem:**",
                              "1. **Analyze the Problem:**", "Step 1: Understand the Problem:",
                              "## Given Problem:", "The Problem:"}) {
    EXPECT_EQ(
        score(std::string(heading) + " 4 tosses.\n\n$6/16 = \\boxed{3/8}$").metrics.at("robust"), 1)
        << heading;
  }
  EXPECT_EQ(score("1. **Problem:** Harold tosses a nickel 4 times; probability of 2 heads.\n"
                  "2. **Answer:** \\boxed{3/8}")
                .metrics.at("robust"),
            1);
  for (const char* heading :
       {"Problem:", "**Problem:**", "### Problem:", "Next Problem:", "Another Problem:",
        "**Practice Problem:**", "Similar Problem:", "That makes 3/8 of them Problem:"}) {
    const Score other = score("It is \\boxed{3/8}.\n\n" + std::string(heading) +
                              " A die is rolled.\n\n\\boxed{1/6}");
    EXPECT_EQ(other.metrics.at("robust"), 1) << heading;
    EXPECT_EQ(other.extracted, "\\frac{3}{8}") << heading;
  }
}

// What the engine does not cut is cut here, and the metrics of lm-eval are those of the cut text.
TEST_F(Restated, LmEvalSeesWhatAnEngineWouldHaveCut) {
  const Task& task = use("gsm8k");
  spec_.num_fewshot = 0;
  const auto items = items_of(task, {{{"question", "What is 4 + 1?"}, {"answer", "5\n#### 5"}}});
  EXPECT_EQ(cut_afterwards(task.lm_eval.stop, chat_), std::vector<std::string>{"Question:"});
  const auto metrics = [&](const std::string& output) {
    return score_of(task, items[0], {answered(output)}).metrics;
  };
  for (const char* output : {"4\n#### 5\n\nQuestion: b?\n#### 7", "#### 7 Question: #### 5",
                             "Question: What is 4 + 1?\n#### 5"}) {
    const std::string whole = output;
    const std::string cut = whole.substr(0, whole.find("Question:"));
    for (const char* metric :
         {"lm_eval", "exact_match,strict-match", "exact_match,flexible-extract"}) {
      EXPECT_EQ(metrics(whole).at(metric), metrics(cut).at(metric)) << output << metric;
    }
  }
  EXPECT_EQ(metrics("Question: What is 4 + 1?\n#### 5").at("robust"), 1);
  EXPECT_EQ(metrics("Question: What is 4 + 1?\n#### 5").at("lm_eval"), 0);
}

// Where the text goes on to other questions up to its limit, the answer itself was not cut.
TEST_F(Restated, WhatFollowsTheAnswerIsNotItsOwn) {
  const Task& task = use("gsm8k");
  spec_.num_fewshot = 0;
  const auto items = items_of(task, {{{"question", "What is 4 + 1?"}, {"answer", "5\n#### 5"}}});
  StepResult step = answered("#### 5\n\nQuestion: b?\nAnswer: it is");
  step.response.finish_reason = FinishReason::length;
  EXPECT_FALSE(score_of(task, items[0], {step}).truncated);
  step.response.text = "#### 5\n\nAnswer: it is";
  EXPECT_TRUE(score_of(task, items[0], {step}).truncated);
}

TEST_F(Restated, WhichStopStringsTheEngineIsTold) {
  const Task& task = use("aime24");
  const Item item = items_of(task, {{{"ID", "x"}, {"Problem", "Which?"}, {"Answer", 5}}})[0];
  const std::vector<std::string> tokens = {"</s>", "<|im_end|>", "<|eot_id|>"};
  const std::vector<std::string> all = {"Question:", "</s>", "<|im_end|>", "<|eot_id|>"};
  EXPECT_EQ(ask(task, item).sampling.stop, tokens);
  chat_.stop_strings = HeadingStops::engine;  // as in folders of earlier releases
  EXPECT_EQ(ask(task, item).sampling.stop, all);
  EXPECT_TRUE(cut_afterwards(task.lm_eval.stop, chat_).empty());
  chat_ = {.apply_template = false};  // a text is continued: the heading ends it
  EXPECT_EQ(ask(task, item).sampling.stop, all);
  chat_ = {.enable_thinking = true};
  EXPECT_TRUE(ask(task, item).sampling.stop.empty());
  EXPECT_TRUE(cut_afterwards(task.lm_eval.stop, chat_).empty());
}

TEST_F(Restated, LettersBeforeAnotherQuestionCount) {
  const Task& task = use("mmlu_pro");
  spec_.num_fewshot = 0;
  const Item item = items_of(task, {{{"question_id", 1},
                                     {"question", "Which gas?"},
                                     {"options", {"argon", "neon", "xenon"}},
                                     {"answer", "B"},
                                     {"answer_index", 1},
                                     {"category", "physics"}}})[0];
  const auto letter = [&](const std::string& output) {
    return score_of(task, item, {answered(output)}).extracted;
  };
  const std::string answer = "It glows red. The answer is (B).";
  for (const char* next : {" Question: Which is heavier? The answer is (C).",
                           "\n\n**Question:** Which is heavier?\nThe answer is (C).",
                           "\n\n### Question: Which?\nThe answer is (C).",
                           "\n\nNext Question: Which?\nThe answer is (C)."}) {
    EXPECT_EQ(letter(answer + next), "B") << next;
  }
  EXPECT_EQ(letter("**Question:** Which gas?\nA. argon\nB. neon\n\n" + answer), "B");
  EXPECT_EQ(letter("First, understanding the Question: which gas glows. " + answer), "B");
  EXPECT_EQ(letter("Answer: (C)? Let me see.\n### Analysis of the Question: it is red.\n" + answer),
            "B");
}

}  // namespace
}  // namespace assay
