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

std::vector<std::string> names(const Plan& plan) {
  std::vector<std::string> out;
  for (const VariantSpec& variant : plan.variants) out.push_back(variant.name);
  return out;
}

JobCommand command() {
  return {.assay = "/opt/as say", .plan = "/shared/p.yaml", .options = {"--set", "seed=7"}};
}

TEST(Sweep, HasTheBaselineThenArraysThenTheMerge) {
  const Plan plan = plan_of(3);
  const Sweep sweep = sweep_of(plan, "/shared/out", names(plan));
  ASSERT_EQ(sweep.jobs.size(), 3U);
  EXPECT_EQ(sweep.jobs[0], (SweepJob{JobKind::baseline, "baseline", {"v2"}, ""}));
  EXPECT_EQ(sweep.jobs[1], (SweepJob{JobKind::candidates, "candidates-1", {"v0", "v1"}, ""}));
  EXPECT_EQ(sweep.jobs[2], (SweepJob{JobKind::merge, "merge", {}, ""}));
  EXPECT_THAT(sweep.variants, ElementsAre("v2", "v0", "v1"));
  EXPECT_EQ(sweep_of(plan, "/shared/out", {"v1"}).jobs.size(), 2U);  // the baseline has ended
  EXPECT_EQ(sweep_of(plan, "/shared/out", {}).jobs.size(), 1U);
}

TEST(Sweep, HasArraysOfAThousand) {
  const Plan plan = plan_of(2002);  // 2,001 and the baseline
  const Sweep sweep = sweep_of(plan, "/shared/out", names(plan));
  ASSERT_EQ(sweep.jobs.size(), 5U);
  EXPECT_EQ(sweep.jobs[1].variants.size(), 1000U);
  EXPECT_EQ(sweep.jobs[3].name, "candidates-3");
  EXPECT_THAT(sweep.jobs[3].variants, ElementsAre("v2000"));
}

TEST(SbatchScript, OfTheBaseline) {
  const Plan plan = plan_of(2);
  const Sweep sweep = sweep_of(plan, "/shared/out", names(plan));
  EXPECT_EQ(
      sbatch_script(sweep, sweep.jobs[0],
                    {.partition = "gpu", .gpus_per_node = 2, .time_s = 3601, .more = {"-x n7"}},
                    command()),
      R"(#!/usr/bin/env bash
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

variant='v1'
shard='/shared/out/shards'/"$variant"
exec '/opt/as say' run '/shared/p.yaml' '--set' 'seed=7' --yes --quiet --shard "$variant" --out "$shard"
)");
}

TEST(SbatchScript, OfAnArrayAndOfTheMerge) {
  const Plan plan = plan_of(4);
  const Sweep sweep = sweep_of(plan, "/shared/out", names(plan));
  const std::string array = sbatch_script(sweep, sweep.jobs[1], {.width = 2}, command());
  EXPECT_THAT(array, HasSubstr("#SBATCH --array=0-2%2\n"));
  EXPECT_THAT(array, HasSubstr("candidates-1.%A_%a.log\n"));
  EXPECT_THAT(array, HasSubstr("variant=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" "
                               "'/shared/out/jobs/candidates-1.variants')\n"));
  EXPECT_THAT(array, HasSubstr(" --baseline-from '/shared/out/shards/v3' --out \"$shard\"\n"));
  EXPECT_THAT(array, Not(HasSubstr("--time")));
  EXPECT_EQ(list_of(sweep.jobs[1]), "v0\nv1\nv2\n");
  const std::string merge =
      sbatch_script(sweep, sweep.jobs[2], {.gpus_per_node = 2, .time_s = 3600}, command());
  EXPECT_THAT(merge, HasSubstr("exec '/opt/as say' merge '/shared/out/shards' --out '/shared/out' "
                               "--partial\n"));
  EXPECT_THAT(merge, Not(HasSubstr("gpus")));
}

TEST(SbatchScript, WritesTheStoreOnTheNodeAndBringsItBack) {
  const Plan plan = plan_of(2);
  const Sweep sweep = sweep_of(plan, "/shared/out", names(plan));
  const std::string script = sbatch_script(sweep, sweep.jobs[0], {.scratch = "$TMPDIR"}, command());
  EXPECT_THAT(script, HasSubstr("work=$TMPDIR/assay-demo-\"$variant\"\n"));
  EXPECT_THAT(script, HasSubstr(" --out \"$work\" &\nrun=$!\ntrap 'kill -TERM \"$run\"' TERM\n"));
  EXPECT_THAT(script, HasSubstr("bring\nrm -rf \"$work\"\nexit \"$code\"\n"));
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
  Sweep sweep = sweep_of(plan, folder_, names(plan));
  sweep.jobs[0].id = "12";
  ASSERT_TRUE(write_sweep(sweep));
  const auto again = read_sweep(folder_).value();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->jobs, sweep.jobs);
  EXPECT_EQ(again->variants, sweep.variants);
  EXPECT_EQ(again->plan_hash, sweep_hash(plan));
  write("sweep.json", R"({"format": 2})");
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
