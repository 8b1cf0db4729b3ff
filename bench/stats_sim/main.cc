// Error rates of src/stats over realistic grids; see docs/statistics.md for how to read them.
// usage: stats_sim [--quick]. Exit code 1 when a promise is broken.
#include <fmt/core.h>

#include <string_view>

#include "sim.h"

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::string_view(argv[1]) == "--quick";
  std::vector<assay::sim::Check> checks;
  for (const auto part : {assay::sim::binary_grid, assay::sim::graded_items,
                          assay::sim::pooled_tasks, assay::sim::large_tasks}) {
    const std::vector<assay::sim::Check> more = part(quick);
    checks.insert(checks.end(), more.begin(), more.end());
  }
  fmt::print("\n### Promises\n\n| promise | found | allowed | kept |\n| --- | --- | --- | --- |\n");
  bool all_kept = true;
  for (const assay::sim::Check& check : checks) {
    fmt::print("| {} | {:.2f} % | {:.2f} to {:.2f} % | {} |\n", check.what, 100 * check.value,
               100 * check.low, 100 * check.high, check.kept() ? "yes" : "NO");
    all_kept = all_kept && check.kept();
  }
  return all_kept ? 0 : 1;
}
