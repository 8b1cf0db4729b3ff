// A plan as jobs: which there are, and the text of their scripts.
#include "cluster/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/test_folder.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Plan plan_of(int variants) {
  Plan plan;
  plan.name = "demo";
  for (int i = 0; i < variants; ++i) {
    plan.variants.push_back(
        {.name = "v" + std::to_string(i), .model = "m", .baseline = i == variants - 1});
  }
  return plan;
}

Sweep whole(const Plan& plan, const std::filesystem::path& folder = "/shared/out") {
  Sweep sweep = sweep_of(plan, folder, parts_of(plan, {}).value());
  add_jobs(plan, sweep.shards, sweep);
  return sweep;
}

ShardPart of(const std::string& name) {
  return {{name}, {}, {}};
}

JobCommand command() {
  return {.assay = "/opt/as say", .plan = "/shared/p.yaml", .options = {"--set", "seed=7"}};
}

TEST(Sweep, HasTheBaselineThenArraysThenTheMerge) {
  const Plan plan = plan_of(3);
  const Sweep sweep = whole(plan);
  ASSERT_EQ(sweep.jobs.size(), 3U);
  EXPECT_EQ(sweep.jobs[0], (SweepJob{JobKind::baseline, "baseline", {of("v2")}, ""}));
  EXPECT_EQ(sweep.jobs[1],
            (SweepJob{JobKind::candidates, "candidates-1", {of("v0"), of("v1")}, ""}));
  EXPECT_EQ(sweep.jobs[2], (SweepJob{JobKind::merge, "merge", {}, ""}));
  EXPECT_THAT(sweep.shards, ElementsAre(of("v2"), of("v0"), of("v1")));
  Sweep begun = sweep_of(plan, "/shared/out", sweep.shards);
  add_jobs(plan, {of("v1")}, begun);  // the baseline has ended
  EXPECT_EQ(begun.jobs.size(), 2U);
  Sweep ended = sweep_of(plan, "/shared/out", sweep.shards);
  add_jobs(plan, {}, ended);
  EXPECT_EQ(ended.jobs.size(), 1U);
}

TEST(Sweep, HasArraysOfPartsOfVariants) {
  Plan plan = plan_of(2);
  plan.tasks = {{.name = "t"}, {.name = "u"}};
  Sweep sweep = sweep_of(plan, "/shared/out", parts_of(plan, {.tasks = 2}).value());
  add_jobs(plan, sweep.shards, sweep);
  ASSERT_EQ(sweep.jobs.size(), 3U);
  EXPECT_EQ(sweep.jobs[0].name, "baseline-1");
  EXPECT_TRUE(sweep.jobs[0].is_array());
  EXPECT_EQ(list_of(sweep.jobs[0]), "v1:t\nv1:u\n");
  EXPECT_THAT(sbatch_script(sweep, sweep.jobs[0], {}, command()),
              AllOf(HasSubstr("#SBATCH --array=0-1\n"), HasSubstr("/jobs/baseline-1.shards'")));
  EXPECT_EQ(list_of(sweep.jobs[1]), "v0:t\nv0:u\n");
  EXPECT_THAT(sbatch_script(sweep, sweep.jobs[1], {}, command()),
              HasSubstr(" --baseline-from '/shared/out/shards/v1:t' --baseline-from "
                        "'/shared/out/shards/v1:u' --out \"$folder\"\n"));
}

TEST(Sweep, HasArraysOfAThousand) {
  const Plan plan = plan_of(2002);  // 2,001 and the baseline
  const Sweep sweep = whole(plan);
  ASSERT_EQ(sweep.jobs.size(), 5U);
  EXPECT_EQ(sweep.jobs[1].shards.size(), 1000U);
  EXPECT_EQ(sweep.jobs[3].name, "candidates-3");
  EXPECT_THAT(sweep.jobs[3].shards, ElementsAre(of("v2000")));
}

TEST(SbatchScript, OfTheBaseline) {
  const Plan plan = plan_of(2);
  const Sweep sweep = whole(plan);
  EXPECT_EQ(
      sbatch_script(sweep, sweep.jobs[0],
                    {.partition = "gpu", .gpus_per_node = 2, .time_s = 3601, .more = {"-x n7"}},
                    command()),
      R"sh(#!/usr/bin/env bash
#SBATCH --job-name=assay-demo-baseline
#SBATCH --output=/shared/out/jobs/baseline.%j.log
#SBATCH --open-mode=append
#SBATCH --partition=gpu
#SBATCH --nodes=1
#SBATCH --requeue
#SBATCH --gpus-per-node=2
#SBATCH --time=61
#SBATCH --signal=B:TERM@120
#SBATCH -x n7
set -euo pipefail
echo "job $SLURM_JOB_ID on $SLURMD_NODENAME, $(date)"

shard='v1'
folder='/shared/out/shards'/"$shard"
rm -f "$folder/brought"
exec '/opt/as say' run '/shared/p.yaml' '--set' 'seed=7' --yes --quiet --shard "$shard" --out "$folder"
)sh");
}

TEST(SbatchScript, OfAnArrayAndOfTheMerge) {
  const Plan plan = plan_of(4);
  const Sweep sweep = whole(plan);
  const std::string array = sbatch_script(sweep, sweep.jobs[1], {.width = 2}, command());
  EXPECT_THAT(array, HasSubstr("#SBATCH --array=0-2%2\n"));
  EXPECT_THAT(array, HasSubstr("candidates-1.%A_%a.log\n"));
  EXPECT_THAT(array, HasSubstr("shard=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" "
                               "'/shared/out/jobs/candidates-1.shards')\n"));
  EXPECT_THAT(array, HasSubstr(" --baseline-from '/shared/out/shards/v3' --out \"$folder\"\n"));
  EXPECT_THAT(array, Not(HasSubstr("--time")));
  EXPECT_EQ(list_of(sweep.jobs[1]), "v0\nv1\nv2\n");
  const std::string merge =
      sbatch_script(sweep, sweep.jobs[2], {.gpus_per_node = 2, .time_s = 3600}, command());
  EXPECT_THAT(merge, HasSubstr("exec '/opt/as say' merge '/shared/out/shards' --out '/shared/out' "
                               "--partial\n"));
  EXPECT_THAT(merge, Not(HasSubstr("gpus")));
}

TEST(SbatchScript, OfTheJudgeAfterTheMerge) {
  Plan plan = plan_of(2);
  plan.tasks = {{.name = "hle"}};
  plan.tasks[0].options = {{"judge", "baseline"}};
  const Sweep sweep = whole(plan);
  ASSERT_EQ(sweep.jobs.size(), 4U);
  EXPECT_EQ(sweep.jobs[3], (SweepJob{JobKind::judge, "judge", {}, ""}));
  const std::string script = sbatch_script(sweep, sweep.jobs[3], {.gpus_per_node = 2}, command());
  EXPECT_THAT(script, HasSubstr("#SBATCH --gpus-per-node=2\n"));
  EXPECT_THAT(script, HasSubstr("exec '/opt/as say' run '/shared/p.yaml' '--set' 'seed=7' --yes "
                                "--quiet --judge-only --out '/shared/out'\n"));
  const std::string there = sbatch_script(sweep, sweep.jobs[3], {.scratch = "$TMPDIR"}, command());
  EXPECT_THAT(there, HasSubstr("work=$TMPDIR/assay-demo-40ab5790-judge\nrm -rf \"$work\"\n"));
  EXPECT_THAT(there, HasSubstr(" --judge-only --out \"$work\" &\n"));
  EXPECT_THAT(there,
              HasSubstr("mv '/shared/out'/store.judged.sqlite '/shared/out'/store.sqlite\n"));
}

TEST(SbatchScript, WritesTheStoreOnTheNodeAndBringsItBack) {
  const Plan plan = plan_of(2);
  const Sweep sweep = whole(plan);
  const std::string script = sbatch_script(sweep, sweep.jobs[0], {.scratch = "$TMPDIR"}, command());
  // The first digits of the SHA-256 of "/shared/out": another sweep of this plan is not met there.
  EXPECT_THAT(script, HasSubstr("work=$TMPDIR/assay-demo-40ab5790-\"$shard\"\n"));
  EXPECT_THAT(sbatch_script(sweep, sweep.jobs[0], {.time_s = 3600, .scratch = "/s"}, command()),
              HasSubstr("#SBATCH --signal=B:USR1@120\n"));
  EXPECT_THAT(script, HasSubstr("new='/shared/out'/bringing/\"$shard\"\n"));
  EXPECT_THAT(script,
              HasSubstr(" --out \"$work\" &\nrun=$!\ntrap 'kill -TERM \"$run\" || :' USR1\n"));
  EXPECT_THAT(script, HasSubstr("fi\nrm -rf \"$work\" \"$work.from\"\nexit \"$code\"\n"));
}

TEST(JobLimits, TimeIsTheBudgetAndWhatIsBesideIt) {
  Plan plan = plan_of(2);
  EXPECT_EQ(with_time({}, plan)->time_s, 0);
  EXPECT_EQ(with_time({.time_s = 300}, plan)->time_s, 300);
  EXPECT_THAT(with_time({.time_s = 299}, plan).error().what, HasSubstr("hardly enough"));
  plan.budget_s = 3600;
  EXPECT_EQ(with_time({}, plan)->time_s, 4200);
  const auto refused = with_time({.time_s = 3600}, plan);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "--time 1h 00m 00s is less than the plan needs");
  EXPECT_THAT(refused.error().fix, HasSubstr("1h 10m 00s"));
}

class SweepFile : public FolderTest {};

TEST_F(SweepFile, ComesBack) {
  ASSERT_TRUE(make_dirs(folder_));
  EXPECT_FALSE(read_sweep(folder_).value());
  const Plan plan = plan_of(3);
  Sweep sweep = whole(plan, folder_);
  sweep.jobs[0].id = "12";
  ASSERT_TRUE(write_sweep(sweep));
  const auto again = read_sweep(folder_).value();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->jobs, sweep.jobs);
  EXPECT_EQ(again->shards, sweep.shards);
  EXPECT_EQ(again->baseline, "v2");
  EXPECT_EQ(again->plan_hash, sweep_hash(plan));
  write("sweep.json", R"({"format": 1})");
  EXPECT_THAT(read_sweep(folder_).error().what, HasSubstr("another format"));
}

TEST(SweepHash, IsOfWhatIsAskedAlone) {
  Plan plan = plan_of(2);
  const std::string hash = sweep_hash(plan);
  plan.output = "/elsewhere";
  plan.budget_s = 60;
  EXPECT_EQ(sweep_hash(plan), hash);
  plan.seed = 7;
  EXPECT_NE(sweep_hash(plan), hash);
}

}  // namespace
}  // namespace assay
