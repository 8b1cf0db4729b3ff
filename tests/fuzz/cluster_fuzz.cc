// What Slurm's commands print and a sweep's file, over arbitrary bytes.
#include <cstdint>
#include <string_view>

#include "cluster/slurm.h"
#include "cluster/sweep.h"
#include "scratch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const fuzz::ScratchFolder folder;
  fuzz::check(jobs_from_squeue(text));
  for (const JobState& job : jobs_from_sacct(text)) fuzz::require(job.task.value_or(0) >= 0);
  (void)folder.write("sweep.json", text);
  fuzz::check(read_sweep(folder.path()));
  return 0;
}
