// Bands of "requests in flight" over which figures of the traffic are given.
#pragma once

#include <array>
#include <cstddef>

namespace assay {

struct InFlightBand {
  int from = 0;
  int to = 0;  // 0: no end
};

inline constexpr std::array<InFlightBand, 6> kInFlightBands = {
    {{1, 1}, {2, 4}, {5, 16}, {17, 64}, {65, 256}, {257, 0}}};

// The band of a number from 1; lower ones count as 1.
[[nodiscard]] constexpr std::size_t in_flight_band(int in_flight) {
  std::size_t band = 0;
  while (kInFlightBands[band].to != 0 && in_flight > kInFlightBands[band].to) ++band;
  return band;
}

}  // namespace assay
