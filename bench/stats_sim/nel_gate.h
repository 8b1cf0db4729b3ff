// The rule of another tool's release gate, for comparison only: `nel gate` of NVIDIA NeMo Evaluator
// 0.3.0 (PyPI nemo-evaluator), with a largest acceptable drop of the margin. By its documented
// rule; bench/nel_gate holds it against the installed package. No code of it is used here.
//   one benchmark     PASS when the lower end of a two-sided 95 % interval of the items' mean
//                     difference is at -margin or above; never with fewer than 10 items
//   no categories     mean +- t(0.975, n - 1) * s / sqrt(n), s the sample's standard deviation
//   categories        mean +- 1.96 * sqrt(G / (G - 1) / n^2 * sum over the G categories of the
//                     squared sum of what their items differ from the mean)
//   several           GO when every benchmark is PASS
#pragma once

#include <cstdint>
#include <span>

namespace assay::sim {

// One category's, or one whole benchmark's, right/wrong items.
struct Flips {
  std::int64_t n = 0;
  std::int64_t to_wrong = 0;
  std::int64_t to_right = 0;
};

// The t quantile it multiplies with. n >= 2.
[[nodiscard]] double nel_quantile(std::int64_t n);
// `t` is nel_quantile(flips.n), which callers reckon once.
[[nodiscard]] bool nel_passes(const Flips& flips, double t, double margin);
// One benchmark whose items carry categories. At least two.
[[nodiscard]] bool nel_passes_by_category(std::span<const Flips> categories, double margin);

}  // namespace assay::sim
