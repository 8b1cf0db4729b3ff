#include "run/admission.h"

#include <gtest/gtest.h>

#include <vector>

namespace assay {
namespace {

using Kind = Decision::Kind;
using Standing = Offer::Standing;

// 0.1 s a token as guessed, and prompts for nothing: costs below are tokens / 10.
Pace unmeasured() {
  return Pace(SpeedGuess{.load_s = 10, .token_s = 0.1, .prompt_token_s = 0});
}

// 1 s a token, seen of a request alone.
Pace slow() {
  Pace pace = unmeasured();
  Response response;
  response.token_ids.assign(11, 7);
  response.decode_s = 10;
  pace.learn(response, 1);
  return pace;
}

Offer offer(std::size_t ticket, int max_tokens, Standing standing = Standing::in_turn) {
  Offer out;
  out.ticket = ticket;
  out.cost.max_tokens = max_tokens;
  out.standing = standing;
  return out;
}

AdmissionState until(double deadline_s, int in_flight = 0) {
  AdmissionState state;
  state.deadline_s = deadline_s;
  state.in_flight = in_flight;
  return state;
}

TEST(Admission, NothingOfferedWaits) {
  EXPECT_EQ(next_to_ask({}, until(100), slow()).kind, Kind::wait);
}

TEST(Admission, WithoutADeadlineTheFirstOfferIsAsked) {
  const std::vector<Offer> offers = {offer(4, 1000000), offer(9, 1, Standing::first_of_task)};
  const Decision decision = next_to_ask(offers, AdmissionState{}, unmeasured());
  EXPECT_EQ(decision.kind, Kind::ask);
  EXPECT_EQ(decision.offer, 0U);
}

TEST(Admission, APromisedStepIsAskedWhateverTheTime) {
  const std::vector<Offer> offers = {offer(1, 1, Standing::first_of_task),
                                     offer(2, 1000000, Standing::promised)};
  const Decision decision = next_to_ask(offers, until(1, 7), slow());
  EXPECT_EQ(decision.kind, Kind::ask);
  EXPECT_EQ(decision.offer, 1U);
}

TEST(Admission, FirstRequestsGoBeforeTheOthersTheCheapestFirst) {
  const std::vector<Offer> offers = {offer(1, 1), offer(2, 30, Standing::first_of_task),
                                     offer(3, 20, Standing::first_of_task)};
  EXPECT_EQ(next_to_ask(offers, until(1000), slow()).offer, 2U);
}

// A first request that does not fit holds up its own lane alone.
TEST(Admission, WhatDoesNotFitLeavesRoomForWhatDoes) {
  const std::vector<Offer> offers = {offer(1, 90), offer(2, 80, Standing::first_of_task),
                                     offer(3, 10)};
  const Decision decision = next_to_ask(offers, until(50), slow());
  EXPECT_EQ(decision.kind, Kind::ask);
  EXPECT_EQ(decision.offer, 2U);
}

TEST(Admission, BeforeAPaceIsMeasuredOnlyFirstRequestsAreAsked) {
  const std::vector<Offer> offers = {offer(1, 1), offer(2, 50, Standing::first_of_task)};
  EXPECT_EQ(next_to_ask(offers, until(1000, 1), unmeasured()).offer, 1U);
  EXPECT_EQ(next_to_ask({offers.data(), 1}, until(1000, 1), unmeasured()).kind, Kind::wait);
}

// An answer without tokens has come and others are due: they may tell how long a token takes.
TEST(Admission, FirstAnswersThatAreDueAreWaitedForUntilATokensTimeIsKnown) {
  Pace bound = unmeasured();
  Response empty;
  empty.first_token_s = 0.5;
  bound.learn(empty, 1);
  const std::vector<Offer> offers = {offer(1, 5)};
  AdmissionState state = until(1000, 1);
  EXPECT_EQ(next_to_ask(offers, state, bound).kind, Kind::ask);
  state.first_answers_due = true;
  EXPECT_EQ(next_to_ask(offers, state, bound).kind, Kind::wait);
  EXPECT_EQ(next_to_ask(offers, state, slow()).kind, Kind::ask);
  state.in_flight = 0;
  EXPECT_EQ(next_to_ask(offers, state, bound).kind, Kind::ask);
}

// 100 tokens are guessed to be written in 10 s; a prompt of 1,000 tokens is read in 1 s.
TEST(Admission, ALongPromptHoldsUpNoFirstAnswers) {
  const Pace guessed(SpeedGuess{.load_s = 10, .token_s = 0.1, .prompt_token_s = 0.001});
  const auto kind = [](int prompt_tokens, int in_flight, const Pace& pace) {
    std::vector<Offer> offers = {offer(1, 100, Standing::first_of_task)};
    offers[0].cost.prompt_tokens = prompt_tokens;
    return next_to_ask(offers, until(1000, in_flight), pace).kind;
  };
  EXPECT_EQ(kind(900, 1, guessed), Kind::ask);
  EXPECT_EQ(kind(1100, 1, guessed), Kind::wait);
  EXPECT_EQ(kind(1100, 0, guessed), Kind::ask) << "there is nothing to hold up";
  EXPECT_EQ(kind(1100, 1, slow()), Kind::ask) << "a token's time is known";
}

// 10 tokens of 1 s each cost 11.5 s with the margin of 15 %.
TEST(Admission, ARequestFitsWithAMarginOfFifteenPercent) {
  const std::vector<Offer> offers = {offer(1, 10)};
  EXPECT_EQ(next_to_ask(offers, until(11.6), slow()).kind, Kind::ask);
  EXPECT_EQ(next_to_ask(offers, until(11.4), slow()).kind, Kind::end);
  EXPECT_EQ(next_to_ask(offers, until(11.4, 1), slow()).kind, Kind::wait);
}

// What is in flight goes on; with nothing in flight the time is over.
TEST(Admission, NothingBeginsLaterThanItMay) {
  const std::vector<Offer> offers = {offer(1, 10), offer(2, 10, Standing::first_of_task)};
  AdmissionState state = until(1000);
  state.now_s = 50;
  state.begin_by_s = 50;
  EXPECT_EQ(next_to_ask(offers, state, slow()).kind, Kind::ask);
  state.begin_by_s = 49.9;
  EXPECT_EQ(next_to_ask(offers, state, slow()).kind, Kind::end);
  state.in_flight = 1;
  EXPECT_EQ(next_to_ask(offers, state, slow()).kind, Kind::wait);
}

TEST(Admission, GradingAndReadingBackCount) {
  std::vector<Offer> offers = {offer(1, 10)};
  offers[0].cost.grading_s = 5;  // 1.15 * (10 + 5) = 17.25
  EXPECT_EQ(next_to_ask(offers, until(17.2), slow()).kind, Kind::end);
  EXPECT_EQ(next_to_ask(offers, until(17.3), slow()).kind, Kind::ask);
  offers[0].cost = {.max_tokens = 10, .factor = 2};  // 1.15 * 20 = 23
  EXPECT_EQ(next_to_ask(offers, until(22.9), slow()).kind, Kind::end);
  EXPECT_EQ(next_to_ask(offers, until(23.1), slow()).kind, Kind::ask);
}

// Whatever the guess says, an engine that is loaded is asked once; the cheapest tells the pace.
TEST(Admission, WithNothingInFlightAGuessIsNoReasonToLeaveItemsOut) {
  const std::vector<Offer> offers = {offer(1, 900), offer(2, 800, Standing::first_of_task)};
  const Decision decision = next_to_ask(offers, until(1), unmeasured());
  EXPECT_EQ(decision.kind, Kind::ask);
  EXPECT_EQ(decision.offer, 1U);
  EXPECT_EQ(next_to_ask(offers, until(1, 1), unmeasured()).kind, Kind::wait);
  EXPECT_EQ(next_to_ask(offers, until(1), slow()).kind, Kind::end);
}

// Every task has begun and no answer told a pace: something is asked all the same.
TEST(Admission, NothingWaitsWhileNothingIsInFlight) {
  const std::vector<Offer> offers = {offer(1, 20), offer(2, 10)};
  EXPECT_EQ(next_to_ask(offers, until(100), unmeasured()).kind, Kind::ask);
}

TEST(Admission, AnExtraWaitsForNoFirstAnswers) {
  const std::vector<Offer> offers = {offer(1, 20, Standing::extra)};
  EXPECT_EQ(next_to_ask(offers, until(100, 1), unmeasured()).kind, Kind::ask);
}

}  // namespace
}  // namespace assay
