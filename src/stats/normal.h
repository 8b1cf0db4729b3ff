// The standard normal distribution, and exact binomial tails, to full double precision.
#pragma once

#include <cstdint>

namespace assay {

// Two ends of an interval, in the unit of what it is about (fractions unless a name says _pp).
struct Interval {
  double low = 0;
  double high = 0;
};

[[nodiscard]] double normal_cdf(double z);
// P(Z > z), accurate in the far tail.
[[nodiscard]] double normal_tail(double z);
// The inverse of normal_cdf; -inf at 0 and +inf at 1.
[[nodiscard]] double normal_quantile(double probability);
// P(X >= k) for X ~ Binomial(n, probability).
[[nodiscard]] double binomial_tail(std::int64_t k, std::int64_t n, double probability);

}  // namespace assay
