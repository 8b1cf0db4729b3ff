// Asks the worker's Python and the operating system. Every question ends by its deadline.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "doctor/machine.h"
#include "doctor/needs.h"
#include "doctor/rules.h"

namespace assay {

// Where the questions are put.
struct WorkerPython {
  std::string python;
  std::map<std::string, std::string> env;  // over our own: the plan's, with the cache folders
  Deadline until;
};

enum class GpuQuestion { ask, leave };

// A fraction of a second; no CUDA context is made. `folders`: of models, with the plan's dtype and
// quantization.
[[nodiscard]] Result<Hardware> ask_hardware(const WorkerPython& where, GpuQuestion gpus,
                                            const std::vector<VariantNeeds>& local_models);
// Imports torch and vLLM: many seconds. `formats`: of checkpoints, whose kernels are wanted.
[[nodiscard]] Result<Software> ask_software(const WorkerPython& where,
                                            const std::vector<std::string>& formats);
enum class PeerAccess { with, without };
// With peer access in vLLM's own group, which chooses the kernels as it will in the run; without it
// by NCCL.
[[nodiscard]] Result<AllReduce> ask_all_reduce(const WorkerPython& where, int ranks,
                                               PeerAccess peers);
[[nodiscard]] Result<HubLook> ask_hub(const WorkerPython& where,
                                      const std::vector<HubQuestion>& questions,
                                      const std::vector<VariantNeeds>& variants);
// What is there and what of it is still to be fetched, without what checkpoints need and without
// the hub's clock: it is asked no more than a fetch asks it.
[[nodiscard]] Result<HubLook> ask_hub_for_sizes(const WorkerPython& where,
                                                const std::vector<HubQuestion>& questions);

// The file system that a folder, or the nearest one above it that is there, lies on.
[[nodiscard]] Result<FileSystem> file_system_of(const std::filesystem::path& folder);
// Disks that are mounted, "/" left out, the one with most room first.
[[nodiscard]] std::vector<FileSystem> other_disks();

}  // namespace assay
