// Checks whether this machine has what the sandbox needs.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/language.h"

namespace assay {

struct SandboxFinding {
  Text name;
  bool ok = false;
  bool required = true;  // false: there is a weaker substitute, named in `detail`
  Text detail;
  Text fix;          // empty when ok
  std::string part;  // the name by which a plan may accept that it is missing; usually empty
};

// Looks at bubblewrap, namespaces, the interpreter and its packages, seccomp, cgroups, and starts
// one sandbox. `python`: as in SandboxOptions.
[[nodiscard]] std::vector<SandboxFinding> check_sandbox(const std::string& python,
                                                        const Deadline& until = {});

}  // namespace assay
