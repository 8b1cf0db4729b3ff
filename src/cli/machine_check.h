// The machine a plan's engine runs on, asked and judged (doctor/): all of it for `assay doctor`,
// the quick part for a run before it fetches and loads.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "data/hub.h"
#include "doctor/finding.h"
#include "engine/python.h"
#include "plan/plan.h"
#include "run/revisions.h"

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

// After an engine's death, before another one is started: the same without memory, which a dying
// engine may still hold. Environment error: a GPU has gone, which no other engine brings back.
[[nodiscard]] Status check_gpus_are_there(const Plan& plan, const PythonEnv& python,
                                          const Deadline& until);

// A model or data set that the cache holds as the hub has it.
struct InCache {
  HubRequest request;  // as a run asks
  HubResult result;    // what a fetch would give, bringing nothing
};

// All models and data sets of the plan that a run gets from the hub, which is asked once for each,
// side by side. Environment error: a file system has no room for all that is still to be fetched to
// it, by doctor's rule. Where nothing is, none is looked at. What the hub does not answer is no
// error here: the fetch tells why.
[[nodiscard]] Result<std::vector<InCache>> check_downloads(const Plan& plan,
                                                           const MachineCheck& check,
                                                           const FrozenRevisions& frozen,
                                                           const PythonEnv& python);

}  // namespace assay
