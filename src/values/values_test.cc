#include <gtest/gtest.h>

#include <limits>

#include "values/program.h"
#include "values/request.h"
#include "values/score.h"

namespace assay {
namespace {

TEST(Values, ResponseKeepsEverything) {
  Response r;
  r.text = "é\n";
  r.token_ids = {1, 2};
  r.finish_reason = FinishReason::length;
  r.stop_reason = "Q:";
  r.loglikelihoods = {{-std::numeric_limits<double>::infinity(), true, 3}, {-0.1, false, 1}};
  r.positions = {{7, -0.25, 1, {7, 8}, {-0.25, -std::numeric_limits<double>::infinity()}}};
  r.prompt_tokens = 12;
  r.decode_s = 0.5;
  r.in_flight = 9;
  const Response back = response_from_json(nlohmann::json::parse(to_json(r).dump()));
  EXPECT_EQ(to_json(back).dump(), to_json(r).dump());
  EXPECT_EQ(back.loglikelihoods[0].sum, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(back.positions[0].top_logprobs[1], -std::numeric_limits<double>::infinity());
  EXPECT_EQ(back.finish_reason, FinishReason::length);
  EXPECT_EQ(back.in_flight, 9);
}

TEST(Values, ScoreAndRenderedKeepEverything) {
  Score s;
  s.outcome = Outcome::scored;
  s.metrics = {{"robust", 1.0}, {"lm_eval", 0.0}};
  s.truncated = true;
  s.extra = {{"confidence", 0.5}};
  EXPECT_EQ(to_json(score_from_json(to_json(s))).dump(), to_json(s).dump());
  Rendered r{"text", {1, 2}, {{{1, 2, 3}, 2}}};
  EXPECT_EQ(to_json(rendered_from_json(to_json(r))).dump(), to_json(r).dump());
}

TEST(Values, LayoutErrorsThrowInsideTheRoomOnly) {
  EXPECT_THROW((void)response_from_json({{"text", 1}}), nlohmann::json::exception);
  EXPECT_STREQ(to_string(ProgramVerdict::no_code), "no code found");
}

TEST(Request, TokensToReadCountsEveryContinuation) {
  Rendered generate{"", {1, 2, 3}, {}};
  EXPECT_EQ(tokens_to_read(generate), 3);
  Rendered scored{"", {1, 2, 3}, {{{1, 2, 3, 4}, 3}, {{1, 2, 3, 5, 6}, 3}}};
  EXPECT_EQ(tokens_to_read(scored), 9);
}

}  // namespace
}  // namespace assay
