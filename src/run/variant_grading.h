// The grading of one variant's answers: hands them to the graders as they come, stores the scores,
// and says what time left ungraded.
#pragma once

#include <limits>
#include <map>
#include <string>
#include <vector>

#include "run/grader.h"
#include "run/runner.h"
#include "run/work_list.h"
#include "store/graded_time.h"

namespace assay {

class VariantGrading {
 public:
  VariantGrading(std::string variant, WorkList& work, Graders& graders, RunServices& services)
      : variant_(std::move(variant)), work_(work), graders_(graders), services_(services) {}

  // Answers are graded no longer than until then, on services.clock; else without end.
  void set_end(double at_s) { end_s_ = at_s; }
  // By measured times, when all that is answered should be graded, on services.clock.
  [[nodiscard]] double expected_end_s() const;
  // Hands over what the graders have room for.
  [[nodiscard]] Status submit();
  // Stores the scores that are there.
  [[nodiscard]] Status collect();
  // Something is open, and there is time for it.
  [[nodiscard]] bool goes_on() const;
  // Waits for a grade, no longer than the time allows.
  void wait() { graders_.wait_done(deadline().left()); }
  // No more is graded. Where time ended it, each task's answers from its first ungraded one on are
  // `not scored (budget)`; what was answered after an item that time cut is `not run`. After a
  // signal nothing is put down, as the next run goes on. Says what is left.
  [[nodiscard]] Status end();
  // Whether time ended it.
  [[nodiscard]] bool left_ungraded() const { return left_ungraded_; }

 private:
  [[nodiscard]] bool stopped() const { return services_.stop != nullptr && *services_.stop; }
  [[nodiscard]] double now_s() const { return services_.clock.now().count(); }
  [[nodiscard]] Deadline deadline() const;
  [[nodiscard]] Status leave_ungraded();
  [[nodiscard]] Status put_time();
  [[nodiscard]] Status put_unscored(std::vector<AnswerId> ids, const char* reason);
  void say_what_is_left();

  std::string variant_;
  WorkList& work_;
  Graders& graders_;
  RunServices& services_;
  double end_s_ = std::numeric_limits<double>::infinity();
  bool left_ungraded_ = false;
  std::map<std::string, GradedTime> time_;  // by task; not in the store yet
  // Answers about which Math-Verify could not be asked, until the user is told; why, of the last.
  int without_library_ = 0;
  std::string why_without_;
};

}  // namespace assay
