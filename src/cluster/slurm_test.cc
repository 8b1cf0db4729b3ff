// What Slurm's commands print, read.
#include "cluster/slurm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace assay {
namespace {

using testing::ElementsAre;

std::string said(const JobState& job) {
  return job.id + (job.task ? "_" + std::to_string(*job.task) : "") + " " + job.state +
         (job.reason.empty() ? "" : " " + job.reason) +
         (job.nodes.empty() ? "" : " on " + job.nodes) +
         (job.exit_code == 0 ? "" : " exit " + std::to_string(job.exit_code));
}

std::vector<std::string> all_said(const std::vector<JobState>& jobs) {
  std::vector<std::string> out;
  for (const JobState& job : jobs) out.push_back(said(job));
  return out;
}

// As Slurm 22.05 prints it, most fields left out: a wait status of 1792 is exit code 7, 9 is a
// SIGKILL.
TEST(Squeue, OfSlurm2205) {
  const auto jobs = jobs_from_squeue(R"({"meta": {}, "errors": [], "jobs": [
    {"job_id": 2, "array_job_id": 1, "array_task_id": 0, "array_task_string": "",
     "job_state": "RUNNING", "state_reason": "None", "nodes": "n1", "exit_code": 0},
    {"job_id": 3, "array_job_id": 1, "array_task_id": 1, "array_task_string": "",
     "job_state": "FAILED", "state_reason": "NonZeroExitCode", "nodes": "n2", "exit_code": 1792},
    {"job_id": 1, "array_job_id": 1, "array_task_id": null, "array_task_string": "2-3,6%2",
     "job_state": "PENDING", "state_reason": "JobArrayTaskLimit", "nodes": "", "exit_code": 0},
    {"job_id": 4, "array_job_id": 0, "array_task_id": null, "array_task_string": "",
     "job_state": "CANCELLED", "state_reason": "None", "nodes": "n1", "exit_code": 9}]})");
  ASSERT_TRUE(jobs) << jobs.error().to_string();
  EXPECT_THAT(all_said(*jobs),
              ElementsAre("1_0 RUNNING on n1", "1_1 FAILED NonZeroExitCode on n2 exit 7",
                          "1_2 PENDING JobArrayTaskLimit", "1_3 PENDING JobArrayTaskLimit",
                          "1_6 PENDING JobArrayTaskLimit", "4 CANCELLED on n1 exit 137"));
}

// From data_parser v0.0.40 on numbers and states are wrapped (Slurm's OpenAPI documentation).
TEST(Squeue, OfLaterLayouts) {
  const auto jobs = jobs_from_squeue(R"({"jobs": [
    {"job_id": 12, "array_job_id": {"set": true, "infinite": false, "number": 0},
     "array_task_id": {"set": false, "infinite": false, "number": 0}, "array_task_string": "",
     "job_state": ["COMPLETED"], "state_reason": "None", "nodes": "n1",
     "exit_code": {"status": ["SUCCESS"], "return_code": {"set": true, "number": 0},
                   "signal": {"id": {"set": false, "number": 0}, "name": ""}}},
    {"job_id": 14, "array_job_id": {"set": true, "infinite": false, "number": 13},
     "array_task_id": {"set": true, "infinite": false, "number": 0},
     "job_state": ["FAILED"], "state_reason": "None", "nodes": "n2",
     "exit_code": {"status": ["SIGNALED"], "return_code": {"set": true, "number": 0},
                   "signal": {"id": {"set": true, "number": 15}, "name": "TERM"}}}]})");
  ASSERT_TRUE(jobs) << jobs.error().to_string();
  EXPECT_THAT(all_said(*jobs), ElementsAre("12 COMPLETED on n1", "13_0 FAILED on n2 exit 143"));
}

TEST(Squeue, ThatIsNoneIsAnError) {
  EXPECT_FALSE(jobs_from_squeue("slurm_load_jobs error"));
  EXPECT_FALSE(jobs_from_squeue("[1]"));
  EXPECT_FALSE(jobs_from_squeue(R"({"jobs": [7]})"));
  EXPECT_FALSE(jobs_from_squeue(R"({"jobs": [{"state_reason": 7}]})"));
}

TEST(Sacct, TellsOfJobsAndTasks) {
  EXPECT_THAT(
      all_said(jobs_from_sacct("12|COMPLETED|0:0|n1\n12.batch|COMPLETED|0:0|n1\n"
                               "13_0|CANCELLED by 1000|0:15|n2\n13_1|FAILED|3:0|n2\n"
                               "13_[2-3%1]|PENDING|0:0|None assigned\n")),
      ElementsAre("12 COMPLETED on n1", "13_0 CANCELLED on n2 exit 143", "13_1 FAILED on n2 exit 3",
                  "13_2 PENDING on None assigned", "13_3 PENDING on None assigned"));
}

TEST(JobState, GoesOnUntilNothingIsBeforeIt) {
  EXPECT_TRUE(goes_on({.state = "PENDING"}));
  EXPECT_TRUE(goes_on({.state = "COMPLETING"}));
  EXPECT_FALSE(goes_on({.state = "TIMEOUT"}));
  EXPECT_FALSE(goes_on({.state = "NODE_FAIL"}));
}

}  // namespace
}  // namespace assay
