// Scoring beside generation: a few graders with bounded queues on both sides.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "run/grading_pace.h"
#include "run/resolve.h"
#include "score/oracle.h"
#include "values/answer_id.h"
#include "values/program.h"
#include "values/score.h"

namespace assay {

// Error (interrupted): the deadline was over before its verdict was there.
using RunProgram = std::function<Result<ProgramResult>(const Program&, const Deadline&)>;
using MakeOracle = std::function<std::unique_ptr<EquivalenceOracle>()>;

struct GradeJob {
  AnswerId id;
  const ResolvedTask* task = nullptr;  // outlives the pool
  Item item;
  std::size_t unit = 0;  // the caller's own number, given back
  std::vector<StepResult> steps;
  std::optional<Response> judgement;  // of a task with a judge, once it has spoken
  Deadline until{};                   // its programs run no longer
};

struct Graded {
  AnswerId id;
  std::size_t unit = 0;
  Score score;
  // Of a task with programs: seconds that it took, over the graders that work at a time.
  double seconds = 0;
};

// Scores one job in the calling thread. Never fails: a fault of the sandbox or of the task's own
// code becomes an unscored Score. One of reason::kInterrupted is no score, and is not to be stored.
[[nodiscard]] Score grade_now(const ResolvedRun& run, const GradeJob& job,
                              const RunProgram& run_program, EquivalenceOracle* oracle);

// Who scores beside generation. Answers of tasks with programs take time, which is measured.
class Graders {
 public:
  Graders() = default;
  Graders(const Graders&) = delete;
  Graders& operator=(const Graders&) = delete;
  virtual ~Graders() = default;

  // False when the queue is full: try again after take_done().
  [[nodiscard]] virtual bool submit(GradeJob& job) = 0;
  // Jobs that a signal or their deadline interrupted are not among them.
  [[nodiscard]] virtual std::vector<Graded> take_done() = 0;
  // Waiting, being graded, or done and not yet taken.
  [[nodiscard]] virtual std::size_t pending() const = 0;
  // Drops what waits, is being graded or was not yet taken: none of it is given back. What is in
  // work ends by its own deadline.
  virtual void abandon() = 0;
  // Seconds from an answer to its score, at worst, of a task with programs, when `before_it` others
  // of such tasks are to be graded first.
  [[nodiscard]] virtual double worst_case_s(int before_it) const = 0;
  // Blocks until something is done or `timeout` passes.
  virtual void wait_done(std::chrono::milliseconds timeout) = 0;
};

// So many jobs wait for a grader at most.
inline constexpr std::size_t kGraderQueue = 64;

// On threads of its own.
class GraderPool final : public Graders {
 public:
  // `make_oracle` is called once in each thread. threads >= 1, capacity >= 1.
  GraderPool(const ResolvedRun& run, int threads, std::size_t capacity, RunProgram run_program,
             MakeOracle make_oracle);
  ~GraderPool() override;  // finishes what is being graded, drops what waits

  [[nodiscard]] bool submit(GradeJob& job) override;
  [[nodiscard]] std::vector<Graded> take_done() override;
  [[nodiscard]] std::size_t pending() const override;
  void abandon() override;
  [[nodiscard]] double worst_case_s(int before_it) const override;
  void wait_done(std::chrono::milliseconds timeout) override;

 private:
  void work();

  const ResolvedRun& run_;
  const std::size_t capacity_;
  const RunProgram run_program_;
  const MakeOracle make_oracle_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_cv_;
  std::deque<GradeJob> waiting_;  // guarded by mutex_
  std::vector<Graded> done_;      // guarded by mutex_
  std::size_t in_work_ = 0;       // guarded by mutex_
  int abandoned_ = 0;             // guarded by mutex_; how often
  GradingPace pace_;              // guarded by mutex_
  bool stopping_ = false;         // guarded by mutex_
  std::vector<std::jthread> threads_;
};

}  // namespace assay
