// Keeps runners warm, limits how many work at a time, and can let one of them work alone.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "sandbox/runner.h"

namespace assay {

class RunnerPool {
 public:
  // `spec` without kind and index.
  RunnerPool(RunnerSpec spec, int runners) : spec_(std::move(spec)), runners_(runners) {}
  RunnerPool(const RunnerPool&) = delete;
  RunnerPool& operator=(const RunnerPool&) = delete;
  ~RunnerPool();  // they end side by side

  // Runs one test on a warm runner of that kind, waiting for a free place. `alone`: nothing else of
  // this pool runs meanwhile. The runner is thrown away after a fault.
  [[nodiscard]] Result<Outcome> run(const ZygoteKind& kind, const TestJob& job, bool alone);

 private:
  void enter(bool alone);
  void leave(bool alone);
  [[nodiscard]] Result<std::unique_ptr<Runner>> take(const ZygoteKind& kind, const Deadline& until);
  void give_back(std::unique_ptr<Runner> runner);

  RunnerSpec spec_;
  int runners_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int running_ = 0;
  int waiting_alone_ = 0;  // tests waiting to run alone; new tests let them go first
  bool alone_ = false;
  int next_index_ = 0;
  std::deque<std::unique_ptr<Runner>> idle_;  // most recently used last
};

}  // namespace assay
