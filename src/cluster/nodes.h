// A command run once on each of several nodes, and what it printed there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace assay {

struct NodeOutput {
  std::string node;  // its name in Slurm
  std::string text;  // all that the command printed there, errors too
  int exit_code = 0;
};

// The words that srun starts on a node, for outputs_from_srun() to read: the node's name, what the
// command prints, its exit code.
[[nodiscard]] std::vector<std::string> told_by_node(const std::vector<std::string>& command);

// What `srun --label` printed of told_by_node(), in the order of its tasks. A node whose exit code
// did not come (srun ended it, or lost it) has 1.
[[nodiscard]] std::vector<NodeOutput> outputs_from_srun(std::string_view labelled);

}  // namespace assay
