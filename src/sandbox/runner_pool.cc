#include "sandbox/runner_pool.h"

#include <algorithm>

namespace assay {
namespace {

constexpr std::size_t kIdleKinds = 3;  // plain, numpy, scientific: all stay warm

}  // namespace

RunnerPool::~RunnerPool() {
  for (const auto& runner : idle_) runner->let_end();
}

Result<Outcome> RunnerPool::run(const ZygoteKind& kind, const TestJob& job, bool alone) {
  enter(alone);
  Result<Outcome> out;
  auto runner = take(kind, job.until);
  if (runner) {
    out = (*runner)->run(job);
    if (out->fault.empty()) give_back(std::move(*runner));
    runner->reset();
  } else {
    out = std::unexpected(std::move(runner).error());
  }
  leave(alone);
  return out;
}

void RunnerPool::enter(bool alone) {
  std::unique_lock lock(mutex_);
  if (alone) {
    ++waiting_alone_;
    changed_.wait(lock, [this] { return running_ == 0; });
    --waiting_alone_;
    alone_ = true;
  } else {
    changed_.wait(lock, [this] { return !alone_ && waiting_alone_ == 0 && running_ < runners_; });
  }
  ++running_;
}

void RunnerPool::leave(bool alone) {
  {
    const std::lock_guard lock(mutex_);
    --running_;
    if (alone) alone_ = false;
  }
  changed_.notify_all();
}

Result<std::unique_ptr<Runner>> RunnerPool::take(const ZygoteKind& kind, const Deadline& until) {
  RunnerSpec spec = spec_;
  {
    const std::lock_guard lock(mutex_);
    const auto it = std::find_if(idle_.rbegin(), idle_.rend(),
                                 [&](const auto& runner) { return runner->kind() == kind; });
    if (it != idle_.rend()) {
      std::unique_ptr<Runner> found = std::move(*it);
      idle_.erase(std::next(it).base());
      return found;
    }
    spec.index = next_index_++;
  }
  spec.kind = kind;
  std::unique_ptr<Runner> started = TRY(Runner::start(spec));
  TRY(started->wait_ready(until));
  return started;
}

void RunnerPool::give_back(std::unique_ptr<Runner> runner) {
  std::unique_ptr<Runner> evicted;  // declared first, so ended after the lock is released
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(runner));
  if (idle_.size() > static_cast<std::size_t>(runners_) * kIdleKinds) {
    evicted = std::move(idle_.front());
    idle_.pop_front();
  }
}

}  // namespace assay
