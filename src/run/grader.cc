#include "run/grader.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "task/fields.h"

namespace assay {

Score grade_now(const ResolvedRun& run, const GradeJob& job, const RunProgram& run_program,
                EquivalenceOracle* oracle) {
  const bool failed = std::ranges::any_of(job.steps, [](const StepResult& step) {
    return step.response.finish_reason == FinishReason::error;
  });
  if (failed) {  // whatever the task
    if (auto score = unanswered(job.steps)) return *std::move(score);
  }
  const TaskContext context = run.context(*job.task);
  std::vector<ProgramResult> results;
  // A scorer that throws is our fault: the item stays unscored and the report shows why.
  try {
    if (job.task->task->programs != nullptr) {
      auto programs = job.task->task->programs(job.item, job.steps, context);
      if (!programs) return unscored(reason::kNoTests, programs.error().why);
      for (const Program& program : *programs) {
        auto result = run_program(program, job.until);
        if (!result && result.error().kind == ErrorKind::interrupted) {
          return unscored(reason::kInterrupted);
        }
        if (!result) return unscored(reason::kSandboxFault, result.error().what);
        results.push_back(*std::move(result));
      }
    }
    const Response* judgement = job.judgement ? &*job.judgement : nullptr;
    EquivalenceOracle* asked = job.task->task->asks_oracle ? oracle : nullptr;
    return job.task->task->score({job.item, job.steps, results, context, asked, judgement});
  } catch (const std::exception& e) {
    return unscored("scorer failed", e.what());
  }
}

GraderPool::GraderPool(const ResolvedRun& run, int threads, std::size_t capacity,
                       RunProgram run_program, MakeOracle make_oracle)
    : run_(run),
      capacity_(capacity),
      run_program_(std::move(run_program)),
      make_oracle_(std::move(make_oracle)) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

GraderPool::~GraderPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  wake_.notify_all();
}

bool GraderPool::submit(GradeJob& job) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= capacity_) return false;
    waiting_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

std::vector<Graded> GraderPool::take_done() {
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

std::size_t GraderPool::pending() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() + in_work_ + done_.size();
}

void GraderPool::abandon() {
  const std::lock_guard lock(mutex_);
  waiting_.clear();
  done_.clear();
  in_work_ = 0;
  ++abandoned_;
}

double GraderPool::worst_case_s(int before_it) const {
  const std::lock_guard lock(mutex_);
  return pace_.worst_case_s(before_it, static_cast<int>(threads_.size()));
}

void GraderPool::wait_done(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  done_cv_.wait_for(lock, timeout, [this] { return !done_.empty(); });
}

void GraderPool::work() {
  const std::unique_ptr<EquivalenceOracle> oracle = make_oracle_ ? make_oracle_() : nullptr;
  while (true) {
    GradeJob job;
    int abandoned = 0;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      job = std::move(waiting_.front());
      waiting_.pop_front();
      ++in_work_;
      abandoned = abandoned_;
    }
    const auto since = std::chrono::steady_clock::now();
    Graded graded{job.id, job.unit, grade_now(run_, job, run_program_, oracle.get())};
    const Deadline::Seconds took = std::chrono::steady_clock::now() - since;
    {
      const std::lock_guard lock(mutex_);
      const bool interrupted = graded.score.reason == reason::kInterrupted;
      if (job.task->task->programs != nullptr && !interrupted) {
        pace_.learn(took.count());
        graded.seconds = took.count() / static_cast<double>(threads_.size());
      }
      if (abandoned != abandoned_) continue;
      --in_work_;
      if (!interrupted) done_.push_back(std::move(graded));
    }
    done_cv_.notify_one();
  }
}

}  // namespace assay
