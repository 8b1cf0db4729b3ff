// Random plans through the real scheduler on a clock of its own; docs/budget.md says how to read
// the table. usage: budget_sim [--quick] [--plans N] [--from SEED] [--each] [--decided]
// N plans: half of them wide and tight ones, a quarter with long prompts, a quarter with slow
// grading; SEED is the first one's of each kind. With --decided N plans that go on until their
// variants are decided, for each of three true losses.
// Exit code 1 when a promise is broken.
#include <fmt/core.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "decided.h"
#include "table.h"

namespace {

using namespace assay::sim;

struct Options {
  bool quick = false;
  bool each = false;  // a line a plan
  bool decided = false;
  int plans = 10000;
  std::uint64_t from = 1;
};

// The store's files where they cost no disk.
std::filesystem::path scratch() {
  const std::filesystem::path memory = "/dev/shm";
  const auto base =
      std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
  return base / fmt::format("budget_sim_{}", ::getpid());
}

std::vector<Played> play_all(const Options& options) {
  const auto usual = static_cast<std::size_t>(options.plans) / 2;
  const std::size_t slow_from = usual + usual / 2;
  std::vector<Played> plans(2 * usual);
  const std::filesystem::path folder = scratch();
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    while (true) {
      const std::size_t i = next++;
      if (i >= plans.size()) return;
      Played& played = plans[i];
      const std::uint64_t seed = i < usual       ? i
                                 : i < slow_from ? kFirstOfLongPrompts + i - usual
                                                 : kFirstOfSlowGrading + i - slow_from;
      played.world = draw_world(options.from + seed);
      const std::filesystem::path own = folder / std::to_string(played.world.seed);
      played.real = play(played.world, false, own);
      played.knowing = play(played.world, true, own);
    }
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
      workers.emplace_back(work);
    }
  }
  std::filesystem::remove_all(folder);
  return plans;
}

void print_each(const std::vector<Played>& plans) {
  for (const Played& played : plans) {
    fmt::print("{} {} budget {:.0f} used {:.0f} (knowing {:.0f}) idle {:.1f} cut {} broken {} |",
               played.world.seed, played.world.tight ? "tight" : "wide", played.world.budget_s,
               played.real.end_s, played.knowing.end_s, played.real.idle_s,
               played.real.asked_in_vain, played.real.broken_prefixes);
    for (std::size_t v = 0; v < played.real.variants.size(); ++v) {
      fmt::print(" {} (x{:.1f})", played.real.variants[v].items, played.world.variants[v].slowness);
    }
    fmt::print(" {}{}\n", played.real.refused, played.real.failed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--quick") {
      options.quick = true;
      options.plans = 600;
    } else if (argument == "--each") {
      options.each = true;
    } else if (argument == "--decided") {
      options.decided = true;
    } else if (argument == "--plans" && i + 1 < argc) {
      options.plans = std::atoi(argv[++i]);
    } else if (argument == "--from" && i + 1 < argc) {
      options.from = std::strtoull(argv[++i], nullptr, 10);
    } else {
      fmt::print(stderr,
                 "usage: budget_sim [--quick] [--plans N] [--from SEED] [--each] [--decided]\n");
      return 2;
    }
  }
  // SQLite counts its memory under one lock for all stores; the threads here would wait for it.
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  if (options.decided) {
    const std::filesystem::path folder = scratch();
    const bool kept = report_decided(options.plans, options.from, folder);
    std::filesystem::remove_all(folder);
    return kept ? 0 : 1;
  }
  const std::vector<Played> plans = play_all(options);
  if (options.each) print_each(plans);
  return report(plans, options.quick) ? 0 : 1;
}
