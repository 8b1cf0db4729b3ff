// For tests: answers of `assay_worker.machine`, as machines of several kinds give them.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "doctor/machine.h"
#include "plan/plan.h"

namespace assay {

struct RecordedGpu {
  std::string name = "NVIDIA H100 80GB HBM3";
  std::string total = "85520809984";  // 79.6 GiB
  std::string used = "535822336";
  std::string capability = "[9, 0]";
  std::string mig = "off";
  std::string vgpu = "false";
  std::string energy = "true";
  std::string processes = "[]";
};

inline std::string row_of(const RecordedGpu& g, int index) {
  return fmt::format(
      R"({{"index": "{}", "name": "{}", "uuid": "GPU-{}", "bus_id": "0000:1b:00.0",
          "memory_total_bytes": {}, "memory_used_bytes": {}, "compute_capability": {},
          "mig": "{}", "vgpu": {}, "tells_energy": {}, "processes": {}}})",
      index, g.name, index, g.total, g.used, g.capability, g.mig, g.vgpu, g.energy, g.processes);
}

inline std::string hardware_text(const std::vector<RecordedGpu>& gpus,
                                 const std::string& more = "\"nvml\": \"ok\", \"why\": \"\"",
                                 const std::string& pci = "null") {
  std::string rows;
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    rows += (i > 0 ? ", " : "") + row_of(gpus[i], static_cast<int>(i));
  }
  return fmt::format(
      R"({{"memory": {{"total_bytes": 270582939648, "available_bytes": 260000000000}},
          "gpus": {{{}, "driver": "580.159.04", "driver_cuda": "13.0", "asked": null,
                   "not_there": null, "gpus": [{}]}},
          "pci": {}, "models": {{}}}})",
      more, rows, pci);
}

inline Hardware hardware(const std::vector<RecordedGpu>& gpus,
                         const std::string& more = "\"nvml\": \"ok\", \"why\": \"\"",
                         const std::string& pci = "null") {
  auto parsed = parse_hardware(hardware_text(gpus, more, pci));
  if (!parsed) throw std::runtime_error(parsed.error().to_string());
  return *std::move(parsed);
}

inline const RecordedGpu kH200{.name = "NVIDIA H200", .total = "150754820096"};  // 140.4 GiB
inline const RecordedGpu kSlice{.name = "NVIDIA H100 80GB HBM3 MIG 3g.40gb",
                                .total = "42144366592",
                                .mig = "slice",
                                .energy = "false"};
inline const RecordedGpu kVgpu{.name = "NVIDIA A100-20C",
                               .total = "21474836480",
                               .capability = "[8, 0]",
                               .vgpu = "true",
                               .energy = "false"};
inline const RecordedGpu kSm120{.name = "NVIDIA RTX PRO 6000 Blackwell Workstation Edition",
                                .total = "102641958912",
                                .capability = "[12, 0]"};

// A plan of vLLM with these engine arguments.
inline Plan plan_of(const std::string& args) {
  Plan plan;
  plan.name = "p";
  plan.engine.args = nlohmann::json::parse(args);
  plan.variants.resize(1);
  plan.variants[0].name = "bf16";
  plan.variants[0].model = "/models/bf16";
  plan.variants[0].baseline = true;
  return plan;
}

}  // namespace assay
