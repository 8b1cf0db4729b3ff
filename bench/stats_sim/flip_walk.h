// A right/wrong task whose items come one after the other, as the looks of stats_sim read it.
#pragma once

#include <cmath>
#include <cstdint>

#include "nel_gate.h"
#include "sim.h"

namespace assay::sim {

// What is true: every item flips with this probability, and so often to wrong that the true
// difference is this one.
struct Truth {
  const char* name;
  double discordance;
  double difference;
};

// The pairs of one task so far. Only flips cost time: the gaps between them are drawn.
class FlipWalk {
 public:
  explicit FlipWalk(const Truth& truth)
      : log_no_flip_(std::log1p(-truth.discordance)),
        to_wrong_(0.5 * (1 - truth.difference / truth.discordance)) {}

  void restart(Uniform& uniform) {
    flips_ = {};
    next_flip_ = gap(uniform);
  }

  void advance_to(std::int64_t n, Uniform& uniform) {
    while (next_flip_ <= n) {
      ++(uniform() < to_wrong_ ? flips_.to_wrong : flips_.to_right);
      next_flip_ += gap(uniform);
    }
    flips_.n = n;
  }

  [[nodiscard]] const Flips& flips() const { return flips_; }

 private:
  [[nodiscard]] std::int64_t gap(Uniform& uniform) const {
    return 1 + static_cast<std::int64_t>(std::log1p(-uniform()) / log_no_flip_);
  }

  double log_no_flip_;
  double to_wrong_;
  Flips flips_ = {};
  std::int64_t next_flip_ = 0;
};

}  // namespace assay::sim
