#include "task/python_random.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace assay {
namespace {

// Matsumoto and Nishimura, "Mersenne Twister" (1998), and their init_by_array of 2002.
constexpr std::size_t kShift = 397;

std::uint32_t twist(std::uint32_t high, std::uint32_t low) {
  const std::uint32_t joined = (high & 0x80000000U) | (low & 0x7fffffffU);
  return (joined >> 1U) ^ ((joined & 1U) != 0 ? 0x9908b0dfU : 0U);
}

}  // namespace

PythonRandom::PythonRandom(std::uint64_t seed) {
  const std::array<std::uint32_t, 2> key = {static_cast<std::uint32_t>(seed),
                                            static_cast<std::uint32_t>(seed >> 32U)};
  const std::size_t key_length = key[1] == 0 ? 1 : 2;
  seed_word(19650218U);
  std::size_t i = 1;
  std::size_t j = 0;
  const auto wrap = [&] {
    if (i >= kWords) {
      state_[0] = state_[kWords - 1];
      i = 1;
    }
  };
  const auto mixed = [&](std::uint32_t factor) {
    const std::uint32_t before = state_[i - 1];
    return state_[i] ^ ((before ^ (before >> 30U)) * factor);
  };
  for (std::size_t k = std::max(kWords, key_length); k > 0; --k) {
    state_[i] = mixed(1664525U) + key[j] + static_cast<std::uint32_t>(j);
    ++i;
    j = (j + 1) % key_length;
    wrap();
  }
  for (std::size_t k = kWords - 1; k > 0; --k) {
    state_[i] = mixed(1566083941U) - static_cast<std::uint32_t>(i);
    ++i;
    wrap();
  }
  state_[0] = 0x80000000U;
}

void PythonRandom::seed_word(std::uint32_t seed) {
  state_[0] = seed;
  for (std::size_t i = 1; i < kWords; ++i) {
    state_[i] =
        1812433253U * (state_[i - 1] ^ (state_[i - 1] >> 30U)) + static_cast<std::uint32_t>(i);
  }
  used_ = kWords;
}

void PythonRandom::refill() {
  for (std::size_t i = 0; i < kWords; ++i) {
    state_[i] = state_[(i + kShift) % kWords] ^ twist(state_[i], state_[(i + 1) % kWords]);
  }
  used_ = 0;
}

std::uint32_t PythonRandom::next_u32() {
  if (used_ == kWords) refill();
  std::uint32_t y = state_[used_++];
  y ^= y >> 11U;
  y ^= (y << 7U) & 0x9d2c5680U;
  y ^= (y << 15U) & 0xefc60000U;
  return y ^ (y >> 18U);
}

std::uint32_t PythonRandom::bits(int bits) {
  return next_u32() >> (32 - bits);
}

std::vector<std::size_t> PythonRandom::sample(std::size_t n, std::size_t k) {
  // Above this size a set of what was taken is smaller than a list of what is left: 21, or for
  // k > 5 that and the least power of 4 that is 3k or more.
  std::size_t set_size = 1;
  while (set_size < 3 * k) set_size *= 4;
  set_size = k > 5 ? 21 + set_size : 21;
  std::vector<std::size_t> taken;
  taken.reserve(k);
  if (n > set_size) {
    while (taken.size() < k) {
      const std::size_t drawn = below(static_cast<std::uint32_t>(n));
      if (std::ranges::find(taken, drawn) == taken.end()) taken.push_back(drawn);
    }
    return taken;
  }
  std::vector<std::size_t> left(n);
  std::iota(left.begin(), left.end(), std::size_t{0});
  while (taken.size() < k) {
    const std::size_t at = below(static_cast<std::uint32_t>(left.size()));
    taken.push_back(left[at]);
    left[at] = left.back();
    left.pop_back();
  }
  return taken;
}

std::uint32_t PythonRandom::below(std::uint32_t n) {
  const auto width = static_cast<int>(std::bit_width(n));
  std::uint32_t drawn = bits(width);
  while (drawn >= n) drawn = bits(width);
  return drawn;
}

}  // namespace assay
