#include "sim_graders.h"

#include <algorithm>
#include <utility>

namespace assay::sim {
namespace {

double seconds_left(const Deadline& until) {
  if (until.at() == Deadline::Steady::time_point::max()) {
    return std::numeric_limits<double>::infinity();
  }
  return Deadline::Seconds(until.at() - Deadline::Steady::now()).count();
}

}  // namespace

SimGraders::SimGraders(const ResolvedRun& run, const World& world, Happened& happened)
    : run_(run), world_(world), happened_(happened) {}

double SimGraders::seconds_of(const AnswerId& id) const {
  const VariantWorld& variant = world_.variants[std::stoul(id.variant)];
  return variant.answers[std::stoul(id.task.substr(1))][std::stoul(id.item)].grading_s;
}

void SimGraders::begin_next(double free_since_s) {
  if (waiting_.empty()) return;
  Job job = std::move(waiting_.front());
  waiting_.pop_front();
  const double begins_s = std::max(free_since_s, job.submitted_s);
  job.ends_s = std::max(begins_s, std::min(begins_s + job.takes_s, job.until_s));
  job.interrupted = job.ends_s + 1e-9 < begins_s + job.takes_s;
  in_work_.push_back(std::move(job));
}

void SimGraders::end(const Job& job) {
  if (job.interrupted) return;
  if (job.job.task->task->programs != nullptr) pace_.learn(job.takes_s);
  if (job.abandoned) return;
  const RunProgram passes = [](const Program&, const Deadline&) -> Result<ProgramResult> {
    return ProgramResult{};
  };
  done_.push_back({job.job.id, job.job.unit, grade_now(run_, job.job, passes, nullptr)});
}

void SimGraders::catch_up() {
  while (!in_work_.empty()) {
    const auto first = std::ranges::min_element(in_work_, {}, &Job::ends_s);
    if (first->ends_s > now_s()) return;
    const Job job = std::move(*first);
    in_work_.erase(first);
    end(job);
    begin_next(job.ends_s);
  }
}

bool SimGraders::submit(GradeJob& job) {
  catch_up();
  if (waiting_.size() >= kGraderQueue) return false;
  Job added;
  added.submitted_s = now_s();
  added.until_s = now_s() + seconds_left(job.until);
  added.takes_s = seconds_of(job.id);
  added.job = std::move(job);
  waiting_.push_back(std::move(added));
  if (in_work_.size() < static_cast<std::size_t>(world_.graders)) begin_next(now_s());
  catch_up();
  return true;
}

std::vector<Graded> SimGraders::take_done() {
  catch_up();
  return std::exchange(done_, {});
}

std::size_t SimGraders::pending() const {
  const auto still_wanted = std::ranges::count(in_work_, false, &Job::abandoned);
  return waiting_.size() + static_cast<std::size_t>(still_wanted) + done_.size();
}

void SimGraders::abandon() {
  catch_up();
  waiting_.clear();
  done_.clear();
  for (Job& job : in_work_) job.abandoned = true;
}

double SimGraders::worst_case_s(int before_it) const {
  return pace_.worst_case_s(before_it, world_.graders);
}

void SimGraders::wait_done(std::chrono::milliseconds timeout) {
  catch_up();
  if (!done_.empty()) return;
  // Whoever waits with no time left, by a clock that only this moves, would do so for ever.
  const auto least = std::max(timeout, std::chrono::milliseconds(1));
  double until_s = now_s() + static_cast<double>(least.count()) / 1000;
  for (const Job& job : in_work_) until_s = std::min(until_s, job.ends_s);
  happened_.pass_until(until_s, world_);
  catch_up();
}

}  // namespace assay::sim
