#include "run/reading_meter.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

Response answer(double first_token_s, double decode_s) {
  Response out;
  out.first_token_s = first_token_s;
  out.decode_s = decode_s;
  return out;
}

// Three prompts in one go, one of them long: all their first tokens come after 10 s.
TEST(ReadingMeter, AShortPromptIsReadWithTheLongOneBesideIt) {
  ReadingMeter meter;
  meter.asked(1, 0, 100);
  meter.asked(2, 0, 60);
  meter.asked(3, 0, 1500);
  EXPECT_EQ(meter.read_beside(1, 15, answer(10, 5)), 1560);
  EXPECT_EQ(meter.read_beside(2, 15, answer(10, 5)), 1600);
  EXPECT_EQ(meter.read_beside(3, 20, answer(10, 10)), 160);
}

// Sent while it decodes, or read before it was sent.
TEST(ReadingMeter, WhatIsReadAtAnotherTimeIsNotBeside) {
  ReadingMeter meter;
  meter.asked(1, 0, 100);
  meter.asked(2, 20, 1000);  // 1 had its first token at 10
  meter.asked(3, 40, 50);    // 2 has had its own at 30, but that is not known yet
  EXPECT_EQ(meter.read_beside(1, 50, answer(10, 40)), 0);
  EXPECT_EQ(meter.read_beside(3, 51, answer(10, 1)), 0);
  EXPECT_EQ(meter.read_beside(2, 60, answer(10, 30)), 0);
}

// Half of the second was read before the first had its token.
TEST(ReadingMeter, CountsTheShareThatWasReadInTheSameTime) {
  ReadingMeter meter;
  meter.asked(1, 0, 100);
  meter.asked(2, 5, 1000);
  EXPECT_EQ(meter.read_beside(2, 15, answer(10, 0)), 0);  // of the first it is not known
  EXPECT_EQ(meter.read_beside(1, 20, answer(10, 10)), 500);
}

TEST(ReadingMeter, AnIdThatWasNeverAskedHasNothingBesideIt) {
  ReadingMeter meter;
  meter.asked(1, 0, 100);
  EXPECT_EQ(meter.read_beside(7, 1, answer(1, 0)), 0);
}

}  // namespace
}  // namespace assay
