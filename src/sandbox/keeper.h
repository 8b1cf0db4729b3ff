// Bubblewrap ends with its parent, but not at every moment: until it has set itself up, its inner
// process waits for the outer one, and would wait for ever were that one killed. So between us and
// bubblewrap stands a process that takes what is orphaned below it, and ends it.
#pragma once

#include "base/result.h"
#include "base/subprocess.h"

namespace assay {

// Starts a command below a keeper, which is the Child: in a session of its own, without any of our
// descriptors. When the command ends, or we do (SIGKILL included), the keeper kills all that is
// left below it, then ends with the command's exit code, 128 + signal where one killed it; 127: the
// command could not be started.
[[nodiscard]] Result<Child> spawn_kept(const SpawnOptions& options);

}  // namespace assay
