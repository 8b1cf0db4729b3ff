// Random numbers that are the same on every platform, unlike those of std's distributions.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

namespace assay::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }  // [0, 1)
  double uniform(double from, double to) { return from + (to - from) * uniform(); }
  double log_uniform(double from, double to) {
    return from * std::exp(std::log(to / from) * uniform());
  }
  int whole(int from, int to) {  // both included
    return from + static_cast<int>(uniform() * (to - from + 1));
  }
  bool chance(double p) { return uniform() < p; }
  double normal() {  // Box and Muller
    return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace assay::sim
