// Runs a fuzz target without libFuzzer: each seed file, then mutations of them.
//
//   <name>_fuzz SEED_FOLDER ROUNDS [RANDOM_SEED]
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

// Cuts, repeats, joins with another seed, or changes bytes.
std::string mutated(const std::vector<std::string>& seeds, std::mt19937_64& random) {
  std::string text = seeds[random() % seeds.size()];
  for (std::uint64_t steps = 1 + random() % 6; steps > 0; --steps) {
    const std::size_t at = text.empty() ? 0 : random() % text.size();
    const std::size_t length = text.empty() ? 0 : random() % (text.size() - at) % 40;
    switch (random() % 5) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, text.substr(at, length));
        break;
      case 2: {
        const std::string& other = seeds[random() % seeds.size()];
        const std::size_t from = other.empty() ? 0 : random() % other.size();
        text.insert(at, other.substr(from, random() % 40));
        break;
      }
      case 3:
        if (!text.empty()) text[at] = static_cast<char>(random());
        break;
      default:
        if (!text.empty()) text[at] = "{}$\\()[],.^_=/-+ \n%&|<>0159aeixIdE"[random() % 35];
        break;
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s SEED_FOLDER ROUNDS [RANDOM_SEED]\n", argv[0]);
    return 2;
  }
  std::vector<std::string> seeds;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream in(entry.path(), std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    run(seeds.back());
  }
  if (seeds.empty()) return 2;
  std::mt19937_64 random(argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1);
  const std::uint64_t rounds = std::strtoull(argv[2], nullptr, 10);
  for (std::uint64_t i = 0; i < rounds; ++i) run(mutated(seeds, random));
  std::printf("%zu seeds, %llu mutations\n", seeds.size(), static_cast<unsigned long long>(rounds));
  return 0;
}
