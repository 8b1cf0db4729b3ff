// How far a candidate's next-token distribution is from the baseline's, where both read the same
// tokens (teacher forcing). Free functions over one position or one output.
#pragma once

#include <span>
#include <vector>

#include "values/request.h"

namespace assay {

struct PositionFidelity {
  // KL(baseline || candidate) in nats over the tokens that both list (their top k and the token
  // that stands there) and one bucket for all others. Merging outcomes never raises a divergence
  // (log-sum inequality; Cover & Thomas, Elements of Information Theory, theorem 2.7.1): a lower
  // bound of the divergence over the whole vocabulary.
  double kl = 0;
  bool top1_agrees = false;      // the same likeliest token
  double loglik_difference = 0;  // of the token that stands there: candidate - baseline, nats
};

// Both from the same place of the same text, each with its top k, likeliest first.
[[nodiscard]] PositionFidelity compare_position(const TokenLogprobs& baseline,
                                                const TokenLogprobs& candidate);

// One output: sums over its positions, to be clusters of a bootstrap.
struct OutputFidelity {
  int tokens = 0;
  double kl_sum = 0;
  int top1_agreements = 0;
  double loglik_difference_sum = 0;
  // Tokens before the candidate's likeliest one is not the baseline's: where greedy decoding would
  // part. `tokens` when it never does.
  int agreed_tokens = 0;
};

// Compared up to the shorter of the two.
[[nodiscard]] std::vector<PositionFidelity> compare_positions(
    std::span<const TokenLogprobs> baseline, std::span<const TokenLogprobs> candidate);
[[nodiscard]] OutputFidelity sum_of(std::span<const PositionFidelity> positions);
[[nodiscard]] OutputFidelity compare_output(std::span<const TokenLogprobs> baseline,
                                            std::span<const TokenLogprobs> candidate);

}  // namespace assay
