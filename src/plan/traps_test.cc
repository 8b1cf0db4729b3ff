#include "plan/traps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<KnownBenchmark> kKnown = {
    {.name = "math500", .lm_eval = "hendrycks_math500"},
    {.name = "mmlu_pro", .lm_eval = "mmlu_pro"},
    {"gpqa_diamond", false, "generative", "gpqa_diamond_zeroshot"}};

std::vector<std::string> traps_of(const std::string& chat, const std::string& tasks,
                                  const std::string& model = "org/Qwen3-8B") {
  const auto plan =
      parse_plan("name: p\noutput: out\n" + chat + "variants:\n  - {name: a, model: " + model +
                     ", baseline: true}\ntasks:\n" + tasks,
                 "plan.yaml", kKnown);
  EXPECT_TRUE(plan) << plan.error().to_string();
  return plan ? english_of(plan_traps(*plan, kKnown)) : std::vector<std::string>();
}

const std::string kNotThinking = "chat: {enable_thinking: false}\n";
const std::string kThinking = "chat: {enable_thinking: true}\n";

TEST(Traps, APlanWithoutAny) {
  EXPECT_THAT(
      traps_of(kNotThinking, "  - {name: math500, max_gen_toks: 512}\n  - {name: gpqa_diamond}\n"),
      IsEmpty());
  EXPECT_THAT(traps_of("", "  - {name: math500, max_gen_toks: 512}\n", "org/Other-8B"), IsEmpty());
  EXPECT_THAT(traps_of("", "  - {name: gpqa_diamond}\n"), IsEmpty());
}

TEST(Traps, LmEvalsMathReadsDollarsAlone) {
  EXPECT_THAT(traps_of(kNotThinking, "  - {name: lm_eval/hendrycks_math500, max_gen_toks: 512}\n"),
              ElementsAre(HasSubstr("lm_eval_hendrycks_math500: lm-eval compares the text between "
                                    "the first and the last $")));
  // Under our own name it is the same task.
  EXPECT_THAT(
      traps_of(kNotThinking, "  - {name: math500, harness: lm_eval, max_gen_toks: 512}\n").size(),
      1U);
}

TEST(Traps, LmEvalsStopStringsEndThoughts) {
  const std::string sampled = "sampling: {temperature: 0.6}";
  EXPECT_THAT(
      traps_of(kThinking, "  - {name: lm_eval/mmlu_pro, max_gen_toks: 512, " + sampled + "}\n"),
      ElementsAre(HasSubstr("think_end_token")));
  EXPECT_THAT(traps_of(kThinking, "  - {name: lm_eval/mmlu_pro, max_gen_toks: 512, " + sampled +
                                      ", lm_eval: {think_end_token: </think>}}\n"),
              IsEmpty());
}

TEST(Traps, LmEvalsLimitCountsEachSubtask) {
  EXPECT_THAT(traps_of(kNotThinking, "  - {name: lm_eval/bbh, limit: 20, max_gen_toks: 512}\n"),
              ElementsAre(HasSubstr("20 documents of each subtask")));
  EXPECT_THAT(
      traps_of(kNotThinking, "  - {name: lm_eval/mmlu_pro, limit: 20, max_gen_toks: 512}\n"),
      IsEmpty());
}

// The run goes on beyond limits, and tasks of lm-eval's do not.
TEST(Traps, WhatLmEvalAsksStaysAtItsLimit) {
  const std::string task = "  - {name: lm_eval/mmlu_pro, limit: 20, max_gen_toks: 512}\n";
  const std::string ours = "  - {name: math500, limit: 20, max_gen_toks: 512}\n";
  EXPECT_THAT(
      traps_of(kNotThinking + std::string("budget: 3h\nuntil: decided\n"), ours + task),
      ElementsAre("task lm_eval_mmlu_pro: lm-eval asks it as a whole, so it stays at its limit and "
                  "has no part in the pooled difference"));
  EXPECT_THAT(
      traps_of(kNotThinking + std::string("budget: 3h\nuntil: budget\n"), ours + task),
      ElementsAre("task lm_eval_mmlu_pro: lm-eval asks it as a whole, so it stays at its limit"));
}

TEST(Traps, Qwen3ThinksUnlessTold) {
  const std::string sampled =
      "  - {name: math500, max_gen_toks: 512, sampling: {temperature: 0.6}}\n";
  EXPECT_THAT(traps_of("", sampled), ElementsAre(HasSubstr("chat.enable_thinking is not said")));
  EXPECT_THAT(traps_of("", sampled, "./models/qwen3-4b-fp8").size(), 1U);
  EXPECT_THAT(traps_of("", sampled, "Qwen/Qwen3-30B-A3B-Instruct-2507"), IsEmpty());
}

TEST(Traps, GreedyWhileThinkingAndGreedyRepeats) {
  EXPECT_THAT(traps_of(kThinking,
                       "  - {name: math500, max_gen_toks: 512}\n  - {name: mmlu_pro, max_gen_toks: "
                       "512}\n  - {name: gpqa_diamond}\n"),
              ElementsAre(HasSubstr("math500, mmlu_pro: Qwen3's card advises against greedy")));
  EXPECT_THAT(traps_of(kNotThinking, "  - {name: math500, max_gen_toks: 512, repeats: 4}\n"),
              ElementsAre(HasSubstr("4 greedy answers to one item are the same answer")));
  const std::string until = "budget: 3h\nuntil: budget\n";
  EXPECT_THAT(
      traps_of(kNotThinking + until, "  - {name: math500, max_gen_toks: 512, repeats: auto}\n"),
      ElementsAre("task math500: repeats: auto asks each item once, as another answer would be the "
                  "same. Add sampling with a temperature, or leave repeats out"));
  EXPECT_THAT(traps_of(kNotThinking + until, "  - {name: gpqa_diamond, repeats: auto}\n"),
              ElementsAre(HasSubstr("It is scored by log-likelihoods: leave repeats out")));
}

}  // namespace
}  // namespace assay
