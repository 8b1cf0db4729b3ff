#include "stats/fidelity.h"

#include <gtest/gtest.h>

#include <cmath>

namespace assay {
namespace {

TokenLogprobs position(int token, double p, const std::vector<std::pair<int, double>>& top) {
  TokenLogprobs out;
  out.token = token;
  out.logprob = std::log(p);
  for (const auto& [t, probability] : top) {
    out.top_tokens.push_back(t);
    out.top_logprobs.push_back(std::log(probability));
  }
  return out;
}

// Tokens 1, 2 and 9 are listed by both; the rest is one bucket of 0.18 and 0.22. Expected:
// scipy 1.15 stats.entropy([.5, .3, .02, .18], [.4, .35, .03, .22]).
TEST(Fidelity, DivergenceOverSharedTokensAndTheRest) {
  const TokenLogprobs baseline = position(9, 0.02, {{1, 0.5}, {2, 0.3}, {3, 0.1}});
  const TokenLogprobs candidate = position(9, 0.03, {{1, 0.4}, {2, 0.35}, {4, 0.05}});
  const PositionFidelity got = compare_position(baseline, candidate);
  EXPECT_NEAR(got.kl, 0.021096544363576872, 1e-12);
  EXPECT_TRUE(got.top1_agrees);
  EXPECT_NEAR(got.loglik_difference, std::log(0.03 / 0.02), 1e-12);
}

TEST(Fidelity, TheSameDistributionDivergesByNothing) {
  const TokenLogprobs p = position(1, 0.7, {{1, 0.7}, {2, 0.2}});
  EXPECT_EQ(compare_position(p, p).kl, 0);
  // Rounded probabilities that add up to more than one leave no mass for the rest.
  const TokenLogprobs full = position(1, 0.8, {{1, 0.8}, {2, 0.2001}});
  EXPECT_EQ(compare_position(full, full).kl, 0);
}

TEST(Fidelity, NothingInCommonIsFiniteAndLarge) {
  const TokenLogprobs baseline = position(1, 0.999, {{1, 0.999}});
  TokenLogprobs candidate = position(1, 1e-30, {{2, 0.999}});
  const double kl = compare_position(baseline, candidate).kl;
  EXPECT_TRUE(std::isfinite(kl));
  EXPECT_GT(kl, 10);
}

TEST(Fidelity, TiesAgreeWithEither) {
  const TokenLogprobs baseline = position(2, 0.4, {{2, 0.4}, {1, 0.3}});
  EXPECT_TRUE(compare_position(baseline, position(2, 0.4, {{1, 0.4}, {2, 0.4}})).top1_agrees);
  EXPECT_FALSE(compare_position(baseline, position(2, 0.3, {{1, 0.4}, {2, 0.3}})).top1_agrees);
}

TEST(Fidelity, OutputsAddUpAndPartWhereTheLikeliestTokenChanges) {
  const TokenLogprobs one = position(1, 0.9, {{1, 0.9}, {2, 0.05}});
  const TokenLogprobs two = position(1, 0.05, {{2, 0.9}, {1, 0.05}});
  const OutputFidelity got =
      compare_output(std::vector{one, one, one, one}, std::vector{one, one, two, one, one});
  EXPECT_EQ(got.tokens, 4);
  EXPECT_EQ(got.top1_agreements, 3);
  EXPECT_EQ(got.agreed_tokens, 2);
  EXPECT_NEAR(got.kl_sum, 0.9 * std::log(0.9 / 0.05) + 0.05 * std::log(0.05 / 0.9), 1e-12);
  EXPECT_NEAR(got.loglik_difference_sum, std::log(0.05 / 0.9), 1e-12);
  EXPECT_EQ(compare_output(std::vector{one, one}, std::vector{one, one}).agreed_tokens, 2);
}

}  // namespace
}  // namespace assay
