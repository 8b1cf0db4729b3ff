// Seeded random numbers that are the same on every platform and need no state beside a counter.
#pragma once

#include <cstdint>

namespace assay {

// Output number `counter` (from 0) of SplitMix64 with this seed (Steele, Lea, Flood, OOPSLA 2014).
[[nodiscard]] constexpr std::uint64_t random_bits(std::uint64_t seed, std::uint64_t counter) {
  std::uint64_t state = seed + (counter + 1) * 0x9e3779b97f4a7c15ULL;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ULL;
  state = (state ^ (state >> 27)) * 0x94d049bb133111ebULL;
  return state ^ (state >> 31);
}

// Uniform on [0, 1), from the top 53 bits.
[[nodiscard]] constexpr double random_unit(std::uint64_t seed, std::uint64_t counter) {
  return static_cast<double>(random_bits(seed, counter) >> 11) * 0x1.0p-53;
}

}  // namespace assay
