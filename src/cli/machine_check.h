// The machine a plan's engine runs on, asked and judged (doctor/): all of it for `assay doctor`,
// the quick part for a run before it loads.
#pragma once

#include <filesystem>
#include <string>

#include "base/deadline.h"
#include "base/result.h"
#include "doctor/finding.h"
#include "engine/python.h"
#include "plan/plan.h"

namespace assay {

struct MachineCheck {
  std::string data;              // --data; empty: what the plan says
  std::filesystem::path output;  // the run's folder, there or not
  Deadline until;
};

// Engine or endpoints, packages, GPUs, memory, kernels, a sum over all ranks, hub, clock, disk.
// Nothing is fetched, loaded or made. Takes seconds, and at most some two minutes where GPUs hang.
[[nodiscard]] Findings check_machine(const Plan& plan, const MachineCheck& check);

// GPUs, their slices and their memory, as far as the driver tells at once; nothing is asked where
// vLLM is the CPU build. The first thing that is missing is an environment error.
[[nodiscard]] Status check_gpus(const Plan& plan, const PythonEnv& python, const Deadline& until);

}  // namespace assay
