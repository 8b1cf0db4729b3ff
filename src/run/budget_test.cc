#include "run/budget.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(Budget, SharesAreEqualAndTheReserveIsKept) {
  EXPECT_DOUBLE_EQ(variant_share_s(310, 3, 10), 100);
  EXPECT_DOUBLE_EQ(variant_share_s(110, 1, 10), 100);
  EXPECT_DOUBLE_EQ(variant_share_s(5, 2, 10), 0);
  EXPECT_DOUBLE_EQ(report_reserve_s(10800), 120);
  EXPECT_DOUBLE_EQ(report_reserve_s(300), 9);
  EXPECT_DOUBLE_EQ(report_reserve_s(20), 4);
}

TEST(Budget, TheTailIsAtMostHalfOfATurn) {
  EXPECT_DOUBLE_EQ(tail_s(20, 5, 100), 15);
  EXPECT_DOUBLE_EQ(tail_s(120, 5, 100), 50);
  EXPECT_DOUBLE_EQ(tail_s(4, 5, 100), 0);
}

Response timed(int tokens, double decode_s, int prompt_tokens, double first_token_s) {
  Response r;
  r.token_ids.assign(static_cast<std::size_t>(tokens), 1);
  r.decode_s = decode_s;
  r.prompt_tokens = prompt_tokens;
  r.first_token_s = first_token_s;
  return r;
}

TEST(Pace, GuessesSlowlyThenMeasures) {
  Pace pace;
  EXPECT_FALSE(pace.measured());
  EXPECT_DOUBLE_EQ(pace.worst_case_s(100, 10, 1, 1), 100 * 0.005 + 10 * 0.2);
  pace.learn(timed(11, 1.0, 100, 0.2), 4);  // 0.1 s a token, 2 ms a prompt token, 4 in flight
  EXPECT_TRUE(pace.measured());
  EXPECT_DOUBLE_EQ(pace.worst_case_s(100, 10, 1, 4), 100 * 0.002 + 10 * 0.1);
  EXPECT_DOUBLE_EQ(pace.worst_case_s(100, 10, 3, 4), 3 * (100 * 0.002 + 10 * 0.1));
  EXPECT_DOUBLE_EQ(pace.worst_case_s(100, 10, 1, 8), 100 * 0.002 + 10 * 0.2);  // twice the crowd
  EXPECT_DOUBLE_EQ(pace.worst_case_s(100, 10, 1, 2), 100 * 0.002 + 10 * 0.1);  // never faster
  // 5,000 tokens of prompts before its own.
  EXPECT_DOUBLE_EQ(pace.worst_case_s(100, 10, 1, 4, 5000), 5100 * 0.002 + 10 * 0.1);
}

// 100 tokens of its own prompt and 1,900 of others in 4 s.
TEST(Pace, APromptReadWithOthersDoesNotMakeReadingSlow) {
  Pace pace;
  pace.learn(timed(11, 1.0, 100, 4.0), 3, 1900);
  EXPECT_DOUBLE_EQ(pace.worst_case_s(100, 10, 1, 3), 100 * 0.002 + 10 * 0.1);
}

// 20 tokens beside which a long prompt was read, at 0.15 s each, and 400 at 0.02 s: nine of ten
// tokens took no longer than that.
TEST(Pace, AFewSlowTokensDoNotMakeLongAnswersSlow) {
  Pace pace;
  pace.learn(timed(21, 20 * 0.15, 1, 1e-9), 1);
  EXPECT_NEAR(pace.worst_case_s(0, 679, 1, 1), 679 * 0.15, 1e-6);
  pace.learn(timed(401, 400 * 0.02, 1, 1e-9), 1);
  EXPECT_NEAR(pace.worst_case_s(0, 679, 1, 1), 679 * 0.02, 1e-6);
}

TEST(Pace, GuessesWithinTheHardware) {
  const Pace gpu(kGpuGuess);
  EXPECT_DOUBLE_EQ(gpu.worst_case_s(100, 10, 1, 1), 100 * 0.001 + 10 * 0.05);
}

// One alone and four together take the same time a token, as on a GPU: 16 will, 64 may take four
// times as long. Where four take twice as long, growth goes as the root: 16 take twice that.
TEST(Pace, GrowsAsItWasSeenToGrow) {
  Pace flat;
  flat.learn(timed(11, 1.0, 1, 1e-9), 1);
  EXPECT_NEAR(flat.worst_case_s(0, 10, 1, 4), 4.0, 1e-6);  // one band: linear
  flat.learn(timed(11, 1.0, 1, 1e-9), 4);
  EXPECT_NEAR(flat.worst_case_s(0, 10, 1, 16), 1.0, 1e-6);
  EXPECT_NEAR(flat.worst_case_s(0, 10, 1, 64), 4.0, 1e-6);
  Pace root;
  root.learn(timed(11, 1.0, 1, 1e-9), 1);
  root.learn(timed(11, 2.0, 1, 1e-9), 4);
  EXPECT_NEAR(root.worst_case_s(0, 10, 1, 16), 4.0, 1e-6);
  EXPECT_NEAR(root.worst_case_s(0, 10, 1, 1), 1.0, 1e-6);  // as the ones alone were
  Pace busy;
  Response response = timed(11, 1.0, 1, 1e-9);
  response.in_flight = 8;  // on average, whatever it was at the end
  busy.learn(response, 1);
  EXPECT_NEAR(busy.worst_case_s(0, 10, 1, 8), 1.0, 1e-6);
}

// What one token or none took is the most that a token takes, until a token's time is measured.
TEST(Pace, AnswersOfNoMoreThanATokenAreABound) {
  Pace pace({.load_s = 0, .token_s = 0.2, .prompt_token_s = 0.005});
  pace.learn(timed(0, 0, 0, 0), 1);  // the engine answers; how fast it does not say
  EXPECT_TRUE(pace.measured());
  EXPECT_FALSE(pace.measured(0));
  EXPECT_DOUBLE_EQ(pace.worst_case_s(100, 10, 1, 1), 100 * 0.005 + 10 * 0.2);
  pace.learn(timed(1, 0, 100, 0.5), 1);  // 5 ms a prompt token
  EXPECT_TRUE(pace.measured(0));
  EXPECT_TRUE(pace.measured(1));
  EXPECT_FALSE(pace.measured(2));
  EXPECT_DOUBLE_EQ(pace.worst_case_s(100, 10, 1, 1), 100 * 0.005 + 10 * 0.5);
  EXPECT_DOUBLE_EQ(pace.worst_case_s(100, 10, 1, 2), 100 * 0.005 + 10 * 1.0);  // twice the crowd
  pace.learn(timed(11, 1.0, 100, 0.5), 1);
  EXPECT_TRUE(pace.measured(2));
  EXPECT_DOUBLE_EQ(pace.worst_case_s(100, 10, 1, 1), 100 * 0.005 + 10 * 0.1);
}

// A filter answers for the model in no time; a token is still taken to cost what was guessed.
TEST(Pace, AQuickEmptyAnswerMakesNothingQuick) {
  Pace pace({.load_s = 0, .token_s = 0.2, .prompt_token_s = 0.005});
  pace.learn(timed(0, 0, 0, 0.001), 1);
  EXPECT_DOUBLE_EQ(pace.worst_case_s(0, 10, 1, 1), 2.0);
}

// A server that does not stream: 10 tokens in 1 s, although none seems to have followed another.
TEST(Pace, AnAnswerInOnePieceTellsItsShareOfTheTime) {
  Pace pace;
  pace.learn(timed(10, 0, 0, 1.0), 1);
  EXPECT_FALSE(pace.measured(2));
  EXPECT_DOUBLE_EQ(pace.worst_case_s(0, 50, 1, 1), 5.0);
}

TEST(Pace, WhatFailedTellsNothing) {
  Pace pace;
  Response failed = timed(11, 1.0, 100, 0.2);
  failed.finish_reason = FinishReason::error;
  pace.learn(failed, 1);
  EXPECT_FALSE(pace.measured());
}

TEST(Pace, TellsAsMuch) {
  Pace decoding;
  decoding.learn(timed(11, 1.0, 1, 1e-9), 1);
  Pace reading;
  EXPECT_FALSE(reading.tells_as_much_as(Pace()));
  reading.learn(timed(1, 0, 100, 0.5), 1);
  EXPECT_TRUE(reading.tells_as_much_as(Pace()));
  EXPECT_FALSE(reading.tells_as_much_as(decoding));
  EXPECT_TRUE(decoding.tells_as_much_as(reading));
}

// Of answers of 1 to 9 s: the longest of one is the mean, of three the upper quartile.
TEST(Pace, TheLongestOfSeveralAnswers) {
  Pace pace;
  EXPECT_EQ(pace.longest_answer_s(4), 0);
  for (int i = 1; i <= 9; ++i) pace.learn(timed(2, i, 0, 0), 1);
  EXPECT_DOUBLE_EQ(pace.longest_answer_s(1), 5);
  EXPECT_DOUBLE_EQ(pace.longest_answer_s(3), 7);
  EXPECT_DOUBLE_EQ(pace.longest_answer_s(100), 9);
}

TEST(Pace, TakesThe90thPercentileAndForgets) {
  Pace pace;
  for (int i = 1; i <= 10; ++i) pace.learn(timed(2, i, 1, 1e-9), 1);
  EXPECT_NEAR(pace.worst_case_s(0, 1, 1, 1), 10, 1e-6);
  for (int i = 0; i < 64; ++i) pace.learn(timed(2, 0.5, 1, 1e-9), 1);
  EXPECT_NEAR(pace.worst_case_s(0, 1, 1, 1), 0.5, 1e-6);
  Response failed = timed(2, 100, 1, 1);
  failed.finish_reason = FinishReason::error;
  for (int i = 0; i < 64; ++i) pace.learn(failed, 1);
  EXPECT_NEAR(pace.worst_case_s(0, 1, 1, 1), 0.5, 1e-6);
}

}  // namespace
}  // namespace assay
