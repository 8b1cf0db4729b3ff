// CPython's random module, as far as lm-eval's option orders and few-shot exemplars need it: the
// same numbers, bit for bit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace assay {

// random.Random(seed) of CPython 3.2 and later for a non-negative integer seed: MT19937 seeded by
// init_by_array over the seed's 32-bit words, least significant first (Modules/_randommodule.c).
class PythonRandom {
 public:
  explicit PythonRandom(std::uint64_t seed);

  [[nodiscard]] std::uint32_t next_u32();
  // random.getrandbits(bits); 1 to 32 bits.
  [[nodiscard]] std::uint32_t bits(int bits);
  // random.randrange(n) as Random._randbelow_with_getrandbits draws it; n >= 1.
  [[nodiscard]] std::uint32_t below(std::uint32_t n);

  // random.sample(range(n), k) of CPython 3.11 (Lib/random.py); k <= n < 2^32. What sample() takes
  // from another population lies at these places of it.
  [[nodiscard]] std::vector<std::size_t> sample(std::size_t n, std::size_t k);

  // random.shuffle(values): Fisher-Yates from the end (Lib/random.py).
  template <typename T>
  void shuffle(std::span<T> values) {
    for (std::size_t i = values.size(); i > 1; --i) {
      std::swap(values[i - 1], values[below(static_cast<std::uint32_t>(i))]);
    }
  }

 private:
  static constexpr std::size_t kWords = 624;
  void seed_word(std::uint32_t seed);
  void refill();

  std::array<std::uint32_t, kWords> state_{};
  std::size_t used_ = kWords;
};

}  // namespace assay
