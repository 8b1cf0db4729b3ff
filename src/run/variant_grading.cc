#include "run/variant_grading.h"

#include <fmt/format.h>

#include <utility>

namespace assay {

double VariantGrading::expected_end_s() const {
  return now_s() + graders_.worst_case_s(work_.being_graded());
}

Deadline VariantGrading::deadline() const {
  return Deadline::in(Seconds(end_s_ - now_s())).or_stop(services_.stop);
}

Status VariantGrading::submit() {
  while (const auto next = work_.next_to_grade()) {
    const Unit& unit = work_.at(*next);
    GradeJob job{unit.id(variant_), unit.task, unit.item(), *next, TRY(work_.take_steps(*next)), {},
                 deadline()};
    if (!graders_.submit(job)) {
      work_.give_back(*next, std::move(job.steps));
      return {};
    }
    work_.set_grading(*next);
  }
  return {};
}

Status VariantGrading::collect() {
  for (Graded& graded : graders_.take_done()) {
    work_.set_scored(graded.unit);
    if (graded.score.reason == reason::kNoMathVerify) {
      ++without_library_;
      why_without_ = graded.score.detail;
    }
    if (graded.seconds > 0) {
      GradedTime& time = time_[graded.id.task];
      ++time.answers;
      time.seconds += graded.seconds;
    }
    TRY(services_.store.put_score({std::move(graded.id), std::move(graded.score)}));
  }
  return {};
}

bool VariantGrading::goes_on() const {
  return !stopped() && now_s() < end_s_ && (work_.next_to_grade() || graders_.pending() > 0);
}

Status VariantGrading::leave_ungraded() {
  left_ungraded_ = true;
  graders_.abandon();
  return put_unscored(work_.end_at_first_ungraded(), reason::kNotScoredBudget);
}

Status VariantGrading::end() {
  if (!stopped() && work_.being_graded() > 0) TRY(leave_ungraded());
  say_what_is_left();
  if (!stopped()) TRY(put_unscored(work_.end_at_first_gap(), reason::kNotRun));
  TRY(put_time());
  return services_.store.flush();
}

Status VariantGrading::put_time() {
  for (const auto& [task, time] : std::exchange(time_, {})) {
    TRY(add_graded_time(services_.store, task, time));
  }
  return {};
}

Status VariantGrading::put_unscored(std::vector<AnswerId> ids, const char* reason) {
  Score none;
  none.reason = reason;
  for (AnswerId& id : ids) TRY(services_.store.put_score({std::move(id), none}));
  return {};
}

void VariantGrading::say_what_is_left() {
  services_.progress.clear();
  if (const int left = work_.ungraded(); left > 0) {
    services_.progress.say(bilingual(
        "{}: {} answers are not graded yet: the next run on this folder or `assay score` does it",
        "{}：{} 个回答尚未评分：在本文件夹再运行一次或 `assay score` 会补上", variant_, left));
  }
  if (const int without = std::exchange(without_library_, 0); without > 0) {
    services_.progress.say(bilingual("{}: {} answers are unscored ({}): {}",
                                     "{0}：{1} 个回答因 Math-Verify 不可用而未评分：{3}", variant_,
                                     without, reason::kNoMathVerify, why_without_));
  }
}

}  // namespace assay
