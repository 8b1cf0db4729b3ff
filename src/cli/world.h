// The real parts of the world a command uses, made from a plan: data, models, engine, sandbox.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/result.h"
#include "cli/machine_check.h"
#include "data/hub.h"
#include "engine/python.h"
#include "engine/worker_process.h"
#include "plan/plan.h"
#include "run/math_verify_client.h"
#include "run/resolve.h"
#include "run/revisions.h"
#include "run/runner.h"
#include "sandbox/sandbox.h"

namespace assay {

struct WorldOptions {
  std::filesystem::path data;    // --data; empty: the plan's, else the hub
  std::filesystem::path output;  // the run's folder
  std::string grade_python;      // interpreter of graded programs; empty: looked up
  FrozenRevisions frozen;        // of an earlier run on the folder
  Deadline until;    // finding models and data ends by it; its flag, set by a signal, ends
                     // every wait
  Deadline grading;  // formulas and programs are graded no longer
  OnFetch fetching;  // told while something comes from the hub; may be empty
};

class World {
 public:
  // Finds the worker's Python (needed) and the graders' (only when a code task is in the plan).
  [[nodiscard]] static Result<std::unique_ptr<World>> make(const Plan& plan, WorldOptions options);

  // Before the first download: is there room for all of them? Environment error: there is not. What
  // the hub says to lie in the cache already is not asked for again.
  [[nodiscard]] Status check_downloads();
  [[nodiscard]] ResolveServices resolve_services();
  // Runs one program where code tasks are in the plan, so that a machine that cannot hold programs
  // is an environment error before a model loads.
  [[nodiscard]] Status try_sandbox();
  // Starts Math-Verify once where a task of the plan is scored with it, so that a Python without it
  // is an environment error before a model loads. Takes a second or two; may run in a thread of its
  // own.
  [[nodiscard]] Status try_math_verify();
  // After try_math_verify(): what decides mathematics; none where no task needs it.
  [[nodiscard]] const PackageVersions& math_versions() const { return math_versions_; }
  // What the plan accepts to be missing and is: after try_sandbox().
  [[nodiscard]] std::vector<std::string> missing_sandbox_parts() const;
  // Fills in what run_plan needs beside store and progress.
  void equip(RunServices& services);
  [[nodiscard]] const PythonEnv& python() const { return python_; }

 private:
  World(const Plan& plan, WorldOptions options, PythonEnv python);
  Result<LocatedData> locate_data(const TaskSpec& spec, const Task& task);
  Result<ResolvedVariant> locate_model(const VariantSpec& spec);
  Result<ResolvedVariant> locate_served(const VariantSpec& spec);
  Result<std::unique_ptr<Engine>> start_engine(const ResolvedVariant& variant,
                                               const EngineWaits& waits);
  // How a worker for this variant is started, its waits aside.
  [[nodiscard]] Result<WorkerOptions> worker_options(const ResolvedVariant& variant) const;
  void prepare_next(const ResolvedVariant& variant);
  [[nodiscard]] bool starts_ahead() const;
  Result<ProgramResult> run_program(const Program& program, const Deadline& until);
  [[nodiscard]] HubClient hub() const;
  [[nodiscard]] Result<HubResult> fetch(const HubRequest& request) const;
  [[nodiscard]] std::filesystem::path hash_cache() const;

  const Plan& plan_;
  WorldOptions options_;
  PythonEnv python_;
  std::string run_token_;
  PackageVersions math_versions_;
  std::vector<InCache> in_cache_;
  int graders_ = 1;  // programs at a time
  // The worker that prepare_next() started.
  struct Prepared {
    std::string variant;
    WorkerProcess process;
  };
  std::optional<Prepared> prepared_;
  std::mutex sandbox_mutex_;
  std::optional<Sandbox> sandbox_;  // made when the first program comes; guarded by sandbox_mutex_
};

// The interpreter for graded programs: `given`, then ASSAY_GRADE_PYTHON, then .venv-grade in the
// current folder, above the binary or beside it. Environment error when there is none.
[[nodiscard]] Result<std::string> find_grade_python(const std::string& given);

// A task of the plan that our own scorer asks Math-Verify about; empty: there is none.
[[nodiscard]] std::string math_task_of(const Plan& plan);

// A client whose helper has started, for grading `task`. Environment error: this Python has no
// Math-Verify that works.
[[nodiscard]] Result<std::unique_ptr<MathVerifyClient>> start_math_verify(const std::string& python,
                                                                          const std::string& task,
                                                                          const Deadline& until);

// Makes the plan's `env` this process's own, so that it reaches every child.
void apply_env(const Plan& plan);

}  // namespace assay
