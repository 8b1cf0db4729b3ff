// Time spans of an endpoint's requests, in seconds.
#pragma once

#include <algorithm>
#include <chrono>

namespace assay {

// Never negative.
[[nodiscard]] inline double seconds_between(std::chrono::steady_clock::time_point from,
                                            std::chrono::steady_clock::time_point to) {
  return std::max(0.0, std::chrono::duration<double>(to - from).count());
}

[[nodiscard]] inline double seconds_of(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace assay
