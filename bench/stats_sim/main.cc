// Error rates of src/stats over realistic grids; see docs/statistics.md for how to read them.
// usage: stats_sim [--quick] [PART...]. Exit code 1 when a promise is broken.
//        stats_sim [--quick] --sequential: the parts of looks
//        stats_sim --nel-draws: data sets for bench/nel_gate/agree.py
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "pool_draws.h"
#include "sim.h"

namespace {

struct Part {
  std::string_view name;
  std::vector<assay::sim::Check> (*run)(bool quick);
};

constexpr std::array kParts{
    Part{"grid", assay::sim::binary_grid},
    Part{"graded", assay::sim::graded_items},
    Part{"pooled", assay::sim::pooled_tasks},
    Part{"large", assay::sim::large_tasks},
    Part{"tasks", assay::sim::task_verdicts},
    Part{"pools", assay::sim::pooled_verdicts},
    Part{"looks", assay::sim::sequential_looks},
    Part{"looks_pooled", assay::sim::sequential_looks_pooled},
    Part{"looks_repeats", assay::sim::sequential_looks_at_repeats},
};

int usage() {
  fmt::print(stderr, "usage: stats_sim --nel-draws | [--quick] [PART...], a PART of:");
  for (const Part& part : kParts) fmt::print(stderr, " {}", part.name);
  fmt::print(stderr, "\n");
  return 2;
}

bool report(const std::vector<assay::sim::Check>& checks) {
  fmt::print("\n### Promises\n\n| promise | found | allowed | kept |\n| --- | --- | --- | --- |\n");
  bool all_kept = true;
  for (const assay::sim::Check& check : checks) {
    fmt::print("| {} | {:.2f} % | {:.2f} to {:.2f} % | {} |\n", check.what, 100 * check.value,
               100 * check.low, 100 * check.high, check.kept() ? "yes" : "NO");
    all_kept = all_kept && check.kept();
  }
  return all_kept;
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  std::vector<std::string_view> asked;
  for (const std::string_view argument : std::vector<std::string_view>(argv + 1, argv + argc)) {
    const bool is_part = std::any_of(kParts.begin(), kParts.end(),
                                     [&](const Part& part) { return part.name == argument; });
    if (argument == "--nel-draws") {
      assay::sim::print_nel_draws();
      return 0;
    }
    if (argument == "--quick") {
      quick = true;
    } else if (is_part) {
      asked.push_back(argument);
    } else if (argument == "--sequential") {
      asked.insert(asked.end(), {"looks", "looks_pooled", "looks_repeats"});
    } else {
      return usage();
    }
  }
  std::vector<assay::sim::Check> checks;
  for (const Part& part : kParts) {
    if (!asked.empty() && std::find(asked.begin(), asked.end(), part.name) == asked.end()) continue;
    const std::vector<assay::sim::Check> more = part.run(quick);
    checks.insert(checks.end(), more.begin(), more.end());
  }
  return report(checks) ? 0 : 1;
}
