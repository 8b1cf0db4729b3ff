// Graders on the simulation's clock: a program takes as long as the world says, and scoring
// nothing.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "draw.h"
#include "run/grader.h"
#include "sim_engine.h"

namespace assay::sim {

// Queue, order and measure are those of GraderPool.
class SimGraders final : public Graders {
 public:
  SimGraders(const ResolvedRun& run, const World& world, Happened& happened);

  [[nodiscard]] bool submit(GradeJob& job) override;
  [[nodiscard]] std::vector<Graded> take_done() override;
  [[nodiscard]] std::size_t pending() const override;
  void abandon() override;
  [[nodiscard]] double worst_case_s(int before_it) const override;
  void wait_done(std::chrono::milliseconds timeout) override;

 private:
  struct Job {
    GradeJob job;
    double submitted_s = 0;
    double until_s = 0;  // its deadline
    double takes_s = 0;
    double ends_s = 0;         // once it is in work
    bool interrupted = false;  // by its deadline
    bool abandoned = false;
  };

  [[nodiscard]] double now_s() const { return happened_.clock.now().count(); }
  [[nodiscard]] double seconds_of(const AnswerId& id) const;
  // Ends and begins what was due since it was last called.
  void catch_up();
  void begin_next(double free_since_s);
  void end(const Job& job);

  const ResolvedRun& run_;
  const World& world_;
  Happened& happened_;
  std::deque<Job> waiting_;
  std::vector<Job> in_work_;
  std::vector<Graded> done_;
  GradingPace pace_;
};

}  // namespace assay::sim
