// What the parts of stats_sim share.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace assay::sim {

constexpr double kAlpha = 0.05;
constexpr double kMargin = 0.03;
constexpr double kZ95 = 1.959963984540054;

// Uniform on [0, 1) from the top 53 bits: the same on every platform, unlike std distributions.
class Uniform {
 public:
  explicit Uniform(std::uint64_t seed) : engine_(seed) {}
  double operator()() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }

 private:
  std::mt19937_64 engine_;
};

// One promise, and whether it was kept.
struct Check {
  std::string what;
  double value = 0;
  double low = 0;
  double high = 1;

  [[nodiscard]] bool kept() const { return value >= low && value <= high; }
};

// Each part prints its Markdown tables and returns what it promises.
std::vector<Check> binary_grid(bool quick);
std::vector<Check> graded_items(bool quick);
std::vector<Check> pooled_tasks(bool quick);
std::vector<Check> large_tasks(bool quick);
std::vector<Check> task_verdicts(bool quick);
std::vector<Check> pooled_verdicts(bool quick);
std::vector<Check> sequential_looks(bool quick);
std::vector<Check> sequential_looks_pooled(bool quick);
std::vector<Check> sequential_looks_at_repeats(bool quick);

}  // namespace assay::sim
