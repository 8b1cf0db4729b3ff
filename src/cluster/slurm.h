// Slurm's own commands: submitting jobs, asking after them, ending them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "cluster/nodes.h"
#include "cluster/sweep.h"

namespace assay {

// A job, or one task of an array.
struct JobState {
  std::string id;           // of the job or the array
  std::optional<int> task;  // its place in the array
  std::string state;        // as Slurm says: "PENDING", "RUNNING", "COMPLETED", "FAILED"…
  std::string reason;       // why it waits; empty: nothing is said
  std::string nodes;
  int exit_code = 0;  // of a job that has ended; 128 + signal when killed by one
};

// Whether it is still to run or running.
[[nodiscard]] bool goes_on(const JobState& job);

// What `squeue --json` printed, of Slurm 22.05 and the later layouts in which numbers and states
// are wrapped. A waiting array is one entry for many tasks: here each has its own.
[[nodiscard]] Result<std::vector<JobState>> jobs_from_squeue(std::string_view text);
// What `sacct --parsable2 --noheader --format=JobID,State,ExitCode,NodeList` printed.
[[nodiscard]] std::vector<JobState> jobs_from_sacct(std::string_view text);

class Slurm {
 public:
  explicit Slurm(Deadline until) : until_(until) {}

  // Environment error where Slurm's commands are not there or the controller does not answer;
  // usage error where a partition is asked for that is not there, with those that are.
  [[nodiscard]] Status check(const std::string& partition) const;
  // The job's number. `after`: dependencies as sbatch takes them ("afterok:12"); empty: none. A job
  // whose dependency can never be met is cancelled.
  [[nodiscard]] Result<std::string> submit(const std::filesystem::path& script,
                                           const std::string& after) const;
  // States of these jobs, by squeue; of those it has forgotten by sacct, where there is accounting.
  [[nodiscard]] Result<std::vector<JobState>> states(const std::vector<std::string>& ids) const;
  [[nodiscard]] Status cancel(const std::vector<std::string>& ids) const;
  // Runs `command` (told_by_node) once on each of `count` nodes, which Slurm chooses as it would
  // for a job with these limits, and waits for them: as long as they are busy.
  [[nodiscard]] Result<std::vector<NodeOutput>> on_nodes(
      int count, const JobLimits& limits, const std::vector<std::string>& command) const;

 private:
  Deadline until_;
};

}  // namespace assay
