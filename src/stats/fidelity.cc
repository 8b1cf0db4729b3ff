#include "stats/fidelity.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace assay {
namespace {

constexpr double kLeastMass = 1e-10;  // of a bucket: rounded log-probabilities may leave none

std::map<int, double> listed(const TokenLogprobs& position) {
  std::map<int, double> out;
  for (std::size_t i = 0; i < position.top_tokens.size(); ++i) {
    out.emplace(position.top_tokens[i], position.top_logprobs[i]);
  }
  out.emplace(position.token, position.logprob);
  return out;
}

double kl_term(double p, double q) {
  return p <= 0 ? 0 : p * std::log(p / std::max(q, kLeastMass));
}

// A tie of two likeliest tokens agrees with either.
bool is_likeliest(const TokenLogprobs& position, int token) {
  for (std::size_t i = 0; i < position.top_tokens.size(); ++i) {
    if (position.top_logprobs[i] < position.top_logprobs[0]) return false;
    if (position.top_tokens[i] == token) return true;
  }
  return false;
}

}  // namespace

PositionFidelity compare_position(const TokenLogprobs& baseline, const TokenLogprobs& candidate) {
  PositionFidelity out;
  const std::map<int, double> theirs = listed(candidate);
  double p_rest = 1;
  double q_rest = 1;
  for (const auto& [token, logprob] : listed(baseline)) {
    const auto it = theirs.find(token);
    if (it == theirs.end()) continue;
    const double p = std::exp(logprob);
    const double q = std::exp(it->second);
    out.kl += kl_term(p, q);
    p_rest -= p;
    q_rest -= q;
  }
  out.kl = std::max(0.0, out.kl + kl_term(p_rest, q_rest));
  out.top1_agrees =
      !baseline.top_tokens.empty() && is_likeliest(candidate, baseline.top_tokens.front());
  out.loglik_difference = candidate.logprob - baseline.logprob;
  return out;
}

std::vector<PositionFidelity> compare_positions(std::span<const TokenLogprobs> baseline,
                                                std::span<const TokenLogprobs> candidate) {
  std::vector<PositionFidelity> out;
  const std::size_t n = std::min(baseline.size(), candidate.size());
  out.reserve(n);
  for (std::size_t i = 0; i < n; ++i) out.push_back(compare_position(baseline[i], candidate[i]));
  return out;
}

OutputFidelity sum_of(std::span<const PositionFidelity> positions) {
  OutputFidelity out;
  bool agreed = true;
  for (const PositionFidelity& position : positions) {
    ++out.tokens;
    out.kl_sum += position.kl;
    out.top1_agreements += position.top1_agrees ? 1 : 0;
    out.loglik_difference_sum += position.loglik_difference;
    agreed = agreed && position.top1_agrees;
    if (agreed) ++out.agreed_tokens;
  }
  return out;
}

OutputFidelity compare_output(std::span<const TokenLogprobs> baseline,
                              std::span<const TokenLogprobs> candidate) {
  return sum_of(compare_positions(baseline, candidate));
}

}  // namespace assay
