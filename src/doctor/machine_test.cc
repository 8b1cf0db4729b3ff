#include "doctor/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doctor/recorded_machines_test.h"

namespace assay {
namespace {

using testing::HasSubstr;

TEST(Machine, HardwareOfTwoCards) {
  RecordedGpu held = kH200;
  held.processes = R"([{"pid": 4242, "name": "VLLM::Worker_TP1", "used_bytes": 25769803776,
                        "left_over": true},
                       {"pid": 7, "name": "", "used_bytes": null, "left_over": false}])";
  const Hardware found = hardware({held, kH200}, "\"nvml\": \"ok\", \"why\": \"\"",
                                  R"({"iommu_types": ["DMA-FQ"], "acs_bridges": ["0000:00:01.0"],
                   "acs_unread": false, "virtual_machine": true})");
  ASSERT_TRUE(found.gpus);
  ASSERT_EQ(found.gpus->gpus.size(), 2U);
  const Gpu& gpu = found.gpus->gpus[0];
  EXPECT_EQ(gpu.name, "NVIDIA H200");
  EXPECT_EQ(gpu.memory_total_bytes, 150754820096U);
  EXPECT_EQ(gpu.compute_capability, (ComputeCapability{9, 0}));
  EXPECT_EQ(gpu.mig, Mig::off);
  EXPECT_TRUE(gpu.tells_energy);
  ASSERT_EQ(gpu.processes.size(), 2U);
  EXPECT_EQ(gpu.processes[0].pid, 4242);
  EXPECT_TRUE(gpu.processes[0].left_over);
  EXPECT_FALSE(gpu.processes[1].used_bytes);
  EXPECT_EQ(found.gpus->driver_cuda, "13.0");
  ASSERT_TRUE(found.pci);
  EXPECT_EQ(found.pci->acs_bridges, std::vector<std::string>{"0000:00:01.0"});
  EXPECT_TRUE(found.pci->virtual_machine);
  EXPECT_EQ(found.memory_available_bytes, 260000000000U);
}

TEST(Machine, WhatIsNotToldStaysUnknown) {
  const auto found = parse_hardware(
      R"({"memory": {"total_bytes": null, "available_bytes": null}, "gpus": {"nvml": "ok",
          "gpus": [{"index": "GPU-x", "name": null, "memory_total_bytes": null,
                    "compute_capability": null}]}, "pci": null,
          "models": {"/m": {"weights_bytes": null, "weight_bits": 4, "activation_bits": null,
                            "format": "nvfp4", "kv_bytes_per_token": null}}})");
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_FALSE(found->memory_total_bytes);
  EXPECT_FALSE(found->gpus->gpus[0].memory_total_bytes);
  EXPECT_FALSE(found->gpus->gpus[0].compute_capability);
  EXPECT_FALSE(found->gpus->gpus[0].tells_energy);
  EXPECT_FALSE(found->pci);
  EXPECT_EQ(found->models.at("/m").weight_bits, 4);
  EXPECT_FALSE(found->models.at("/m").weights_bytes);
}

TEST(Machine, NoGpusAskedIsNotNoGpusThere) {
  const auto found = parse_hardware(R"({"memory": {}, "gpus": null, "pci": null, "models": {}})");
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->gpus);
}

TEST(Machine, SoftwareKeepsTheOrderOfKernels) {
  const auto found = parse_software(
      R"({"torch": "2.11.0+cu130", "torch_cuda": "13.0", "arch_list": ["sm_80", "sm_90"],
          "vllm": "0.26.0", "platform": "cuda", "why": "",
          "kernels": {"mxfp4": null, "nvfp4": [
            {"layer": "linear", "name": "CutlassNvFp4LinearKernel", "weight_bits": 4,
             "activation_bits": 4, "emulated": false, "allowed": false, "why": "no"},
            {"layer": "linear", "name": "MarlinNvFp4LinearKernel", "weight_bits": 4,
             "activation_bits": 16, "emulated": false, "allowed": true, "why": ""}]}})");
  ASSERT_TRUE(found) << found.error().to_string();
  ASSERT_EQ(found->kernels.size(), 1U);  // a format that this vLLM does not know is not there
  EXPECT_EQ(found->kernels.at("nvfp4")[1].fact.name, "MarlinNvFp4LinearKernel");
  EXPECT_TRUE(found->kernels.at("nvfp4")[1].allowed);
}

TEST(Machine, AllReduceThatHung) {
  const auto found = parse_all_reduce(
      R"({"verified": false, "ranks": 2, "transports": [], "all_reduces": [], "failed":
          {"what": "hung", "ranks": [0, 1], "phase": "all-reduce of 65536 bytes",
           "after_s": 24.0, "why": "the time limit was reached"}})");
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_FALSE(found->verified);
  EXPECT_EQ(found->failed->ranks, (std::vector<int>{0, 1}));
}

TEST(Machine, HubLook) {
  const auto found = parse_hub_look(
      R"({"endpoint": "https://hub", "reachable": true, "why": "", "date_s": 1764403200.0,
          "cache": "/data/hf/hub", "bytes_to_fetch": 7, "found": [{"id": "o/n", "kind": "model", "status": "ok", "commit": "abcdef0123",
                     "files": 3, "bytes": 65000000000, "message": "", "online": true,
                     "gated": true, "whole": true, "bytes_to_fetch": 5, "renamed_to": "", "folder": "",
                     "needs": {"weights_bytes": 64000000000, "format": ""}},
                    {"id": "o/m", "status": "of tomorrow"}]})");
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->date_s, 1764403200.0);
  EXPECT_EQ(found->found[0].bytes_to_fetch, 5U);
  EXPECT_TRUE(found->found[0].gated);
  EXPECT_TRUE(found->found[0].whole);
  EXPECT_EQ(found->cache, "/data/hf/hub");
  EXPECT_EQ(found->bytes_to_fetch, 7U);
  EXPECT_EQ(found->found[0].needs->weights_bytes, 64000000000U);
  EXPECT_FALSE(found->found[1].whole);
  EXPECT_EQ(found->found[1].result.status, HubStatus::error);  // never taken for usable
}

TEST(Machine, ATextThatIsNoAnswerIsAnErrorThatNamesTheModule) {
  for (const char* text : {"", "[]", "{\"gpus\": 3}", "Traceback", R"({"gpus": {"gpus": [{}]}})"}) {
    const auto found = parse_hardware(text);
    ASSERT_FALSE(found) << text;
    EXPECT_THAT(found.error().what, HasSubstr("assay_worker.machine hardware"));
  }
}

}  // namespace
}  // namespace assay
