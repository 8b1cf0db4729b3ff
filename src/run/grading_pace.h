// How long grading takes where programs are run: measured from what was graded; before, a guess.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <numeric>

namespace assay {

class GradingPace {
 public:
  void learn(double took_s) {
    took_s_.push_back(took_s);
    if (took_s_.size() > kWindow) took_s_.pop_front();
  }

  // Seconds from an answer to its score, at worst: the longest seen, after the mean of those that
  // are graded before it, `threads` at a time.
  [[nodiscard]] double worst_case_s(int before_it, int threads) const {
    if (took_s_.empty()) return kGuessS;
    const double mean_s =
        std::accumulate(took_s_.begin(), took_s_.end(), 0.0) / static_cast<double>(took_s_.size());
    return std::ranges::max(took_s_) + mean_s * before_it / std::max(1, threads);
  }

 private:
  static constexpr double kGuessS = 12;       // a program that runs into its time limit, twice
  static constexpr std::size_t kWindow = 64;  // the newest

  std::deque<double> took_s_;
};

}  // namespace assay
