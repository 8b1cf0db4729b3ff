// `assay doctor` on made-up machines: a virtual environment whose Python prints what its modules
// would say there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/machine_check.h"
#include "cli/run_cli_test.h"
#include "plan/plan.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kNoGpus =
    R"({"memory": {"total_bytes": 25276514304, "available_bytes": 22494625792}, "gpus": {"nvml":
"absent", "why": "libnvidia-ml.so.1: cannot open", "gpus": []}, "pci": null, "models": {}})";

// A card as the driver tells it; 140 GiB, `used` of them.
std::string card(int index, const std::string& used = "0") {
  return R"({"index": ")" + std::to_string(index) +
         R"(", "name": "NVIDIA H200", "memory_total_bytes": 150754820096, "memory_used_bytes": )" +
         used + R"(, "compute_capability": [9, 0], "mig": "off", "vgpu": false,
"tells_energy": true, "processes": [{"pid": 4242, "name": "train", "used_bytes": )" +
         used + "}]}";
}

std::string with_gpus(const std::string& cards) {
  return R"({"memory": {}, "gpus": {"nvml": "ok", "why": "", "driver": "580.1", "driver_cuda":
"13.0", "gpus": [)" +
         cards + R"(]}, "pci": null, "models": {}})";
}

constexpr const char* kSoftware =
    R"({"torch": "2.11.0", "torch_cuda": "13.0", "arch_list": ["sm_90"], "vllm": "0.26.0",
"platform": "cuda", "kernels": {}, "why": ""})";

constexpr const char* kHung =
    R"({"verified": false, "transports": [], "all_reduces": [], "failed": {"what": "hung",
"ranks": [0, 1], "phase": "all-reduce of 4096 bytes", "after_s": 59.0, "why": "time"}})";

constexpr const char* kSummed =
    R"({"verified": true, "transports": ["SHM/direct"], "all_reduces": [{"bytes": 268435456,
"microseconds": 10068.0, "gb_per_s": 26.7, "by": "nccl"}], "failed": null})";

// Of three models and no data set.
constexpr const char* kDeadNetwork =
    R"({"endpoint": "https://hub.test", "reachable": false, "why": "Name or service not known",
"date_s": null, "found": [{"status": "offline", "message": "no network"}, {"status": "offline"},
{"status": "offline"}]})";

class Doctor : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / ("doctor_" + std::string(test->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    if (const char* set = std::getenv("ASSAY_PYTHON")) env_python_ = set;
    ::unsetenv("ASSAY_PYTHON");
  }
  void TearDown() override {
    if (env_python_) ::setenv("ASSAY_PYTHON", env_python_->c_str(), 1);
    fs::remove_all(folder_);
  }

  fs::path write(const std::string& name, std::string_view content) {
    const fs::path file = folder_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

  // Packages by name and version; what each module prints. `asked` gets a line a call, `asked.hub`
  // the questions that the hub's is asked.
  std::string venv(const std::string& vllm, const std::string& hardware,
                   const std::string& hub = kDeadNetwork) {
    write("venv/pyvenv.cfg", "include-system-site-packages = false\n");
    const std::string site = "venv/lib/python3.11/site-packages/";
    const auto package = [&](const std::string& name, const std::string& version) {
      write(site + name + ".dist-info/METADATA",
            "Name: " + name + "\nVersion: " + version + "\n\n");
    };
    package("vllm", vllm);
    package("assay_worker", "0.1.0");
    package("huggingface_hub", "2.4.0");
    const fs::path python =
        write("venv/bin/python3", "#!/bin/sh\necho \"$2 $3\" >> " + asked().string() +
                                      "\ncase \"$2 $3\" in\n"
                                      "'assay_worker.machine hardware') cat <<'END'\n" +
                                      hardware + "\nEND\n;;\n" +
                                      "'assay_worker.machine software') cat <<'END'\n" + kSoftware +
                                      "\nEND\n;;\nassay_worker.hub_look*) cat > " +
                                      asked().string() + ".hub; cat <<'END'\n" + hub +
                                      "\nEND\n;;\n'assay_worker.all_reduce --ranks=2')\nif [ "
                                      "\"$5\" = --vllm ]; then cat <<'END'\n" +
                                      kHung + "\nEND\nexit 3; else cat <<'END'\n" + kSummed +
                                      "\nEND\nfi;;\n*) exit 9;;\nesac\n");
    fs::permissions(python, fs::perms::owner_all);
    return python.string();
  }

  [[nodiscard]] fs::path asked() const { return folder_ / "asked"; }
  [[nodiscard]] std::string questions() const {
    std::ifstream file(asked());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // A folder with all that a model must have, and 4 bytes of weights.
  std::string model(const std::string& name) {
    write(name + "/config.json", "{}");
    write(name + "/tokenizer.json", "{}");
    const std::string header = R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(header.size());
    write(name + "/model.safetensors", bytes + header + "1234");
    return (folder_ / name).string();
  }

  fs::path plan(const std::string& model, const std::string& engine) {
    return write(
        "plan.yaml",
        "name: p\nengine: " + engine + "\nvariants: [{name: a, model: " + model +
            ", baseline: true}, {name: b, model: " + model +
            "}]\ncompare: {same_model: true}\ntasks: [{name: aime24, max_gen_toks: 8, data: " +
            ASSAY_SOURCE_DIR + "/data}]\n");
  }

  Told doctor(const fs::path& file, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"doctor", file.string(), "--out", (folder_ / "out").string()};
    words.insert(words.end(), more.begin(), more.end());
    return assay(words);
  }

  fs::path folder_;
  std::optional<std::string> env_python_;
};

nlohmann::json finding(const std::string& json, const std::string& name) {
  for (const auto& f : nlohmann::json::parse(json).at("findings")) {
    if (f.at("name") == name) return f;
  }
  return {};
}

TEST_F(Doctor, AMachineWithoutGpusIsEnoughForAPlanThatWantsNone) {
  const std::string python = venv("0.32.0+cpu", kNoGpus);
  const Told told = doctor(plan(model("m"), "{kind: vllm, python: " + python + "}"), {"--json"});
  EXPECT_EQ(finding(told.out, "GPUs").at("level"), "ok");
  EXPECT_EQ(finding(told.out, "GPUs").at("detail"), "not needed: vllm 0.32.0+cpu is the CPU build");
  EXPECT_EQ(finding(told.out, "model a").at("level"), "ok");
  EXPECT_EQ(finding(told.out, "hub").at("detail"), "not needed: models and data are folders");
  EXPECT_EQ(finding(told.out, "clock").at("level"), "ok");
  // Nobody imports torch or vLLM for it, and no GPU is asked for.
  EXPECT_EQ(questions(), "assay_worker.machine hardware\n");
}

TEST_F(Doctor, TheThreeHourPlanHereNamesWhatIsMissing) {
  ::setenv("ASSAY_PYTHON", venv("0.32.0+cpu", kNoGpus).c_str(), 1);
  const std::string file = std::string(ASSAY_SOURCE_DIR) + "/plans/qwen3_32b_3h.yaml";
  const Told told = doctor(file, {"--data", std::string(ASSAY_SOURCE_DIR) + "/data", "--json"});
  ::unsetenv("ASSAY_PYTHON");
  EXPECT_EQ(told.exit_code, 3);
  const auto gpus = finding(told.out, "GPUs");
  EXPECT_EQ(gpus.at("level"), "missing");
  EXPECT_EQ(gpus.at("detail"), "the plan asks for 2 GPUs, and vllm 0.32.0+cpu is the CPU build");
  EXPECT_THAT(gpus.at("why"), HasSubstr("CUDA_VISIBLE_DEVICES: 0,1"));
  EXPECT_EQ(finding(told.out, "memory bf16").at("level"), "not_checked");
  EXPECT_EQ(finding(told.out, "hub").at("level"), "not_checked");
  const auto model = finding(told.out, "model nvfp4");
  EXPECT_EQ(model.at("level"), "missing");
  EXPECT_EQ(model.at("fix"),
            "where there is a network, with this HF_HOME: `hf download "
            "RedHatAI/Qwen3-32B-NVFP4`");
  EXPECT_EQ(finding(told.out, "bytes to fetch").at("level"), "not_checked");
  EXPECT_FALSE(nlohmann::json::parse(told.out).at("ready"));
}

TEST_F(Doctor, TextAndJsonSayTheSame) {
  const std::string python = venv("0.26.0", with_gpus(card(0)));
  const fs::path file =
      plan(model("m"), "{kind: vllm, tensor_parallel_size: 2, python: " + python + "}");
  const Told json = doctor(file, {"--json"});
  const Told text = doctor(file);
  EXPECT_EQ(text.exit_code, 3);
  EXPECT_EQ(json.exit_code, 3);
  for (const auto& f : nlohmann::json::parse(json.out).at("findings")) {
    if (f.at("name") == "clock") continue;  // its minute may have changed
    EXPECT_THAT(text.out, HasSubstr(f.at("name").get<std::string>()));
    EXPECT_THAT(text.out, HasSubstr(f.at("fix").get<std::string>()));
  }
  EXPECT_THAT(text.out, HasSubstr("2 ranks need 2 GPUs, and 1 is visible"));
  // No sum is tried over ranks that have no GPU.
  EXPECT_EQ(finding(json.out, "all-reduce").at("level"), "not_checked");
  EXPECT_THAT(questions(), testing::Not(HasSubstr("all_reduce")));
}

// With peer access it hangs, which comes with exit code 3; without it the sums are right.
TEST_F(Doctor, RanksSumWithAndWithoutPeerAccess) {
  const std::string python = venv("0.26.0", with_gpus(card(0) + ", " + card(1)));
  const Told told =
      doctor(plan(model("m"), "{kind: vllm, tensor_parallel_size: 2, python: " + python + "}"),
             {"--json"});
  const auto found = finding(told.out, "all-reduce");
  EXPECT_EQ(found.at("level"), "missing");
  EXPECT_EQ(
      found.at("detail"),
      "GPUs do not add up: hung: ranks 0 and 1, in all-reduce of 4096 bytes, after 59 s: time");
  EXPECT_THAT(found.at("why"), HasSubstr("without peer access the sums are right"));
  EXPECT_THAT(found.at("fix"), HasSubstr("NCCL_P2P_DISABLE"));
  EXPECT_EQ(finding(told.out, "driver").at("level"), "ok");
}

TEST_F(Doctor, DummyWeightsNeedNoWeights) {
  const std::string python = venv("0.26.0", with_gpus(card(0)));
  const std::string folder = model("m");
  fs::remove(folder_ / "m/model.safetensors");
  const Told told =
      doctor(plan(folder, "{kind: vllm, load_format: dummy, python: " + python + "}"), {"--json"});
  EXPECT_EQ(finding(told.out, "model a").at("level"), "ok");
  EXPECT_EQ(finding(told.out, "GPU memory a").at("level"), "not_checked");
  EXPECT_EQ(finding(told.out, "driver").at("level"), "ok");
}

TEST_F(Doctor, AWorkerThatAnswersNothingIsNotChecked) {
  const std::string python = venv("0.26.0", "Traceback");
  const Told told = doctor(plan(model("m"), "{kind: vllm, python: " + python + "}"), {"--json"});
  EXPECT_EQ(finding(told.out, "GPUs").at("level"), "not_checked");
  EXPECT_THAT(finding(told.out, "GPUs").at("detail"), HasSubstr("printed what cannot be read"));
}

TEST_F(Doctor, ADeadEndpointIsMissingAndNobodyAsksForVllm) {
  const Told told = doctor(
      plan("served", "{kind: openai, base_url: 'http://127.0.0.1:9/v1', mode: chat}"), {"--json"});
  EXPECT_EQ(told.exit_code, 3);
  EXPECT_EQ(finding(told.out, "endpoint a").at("level"), "missing");
  EXPECT_THAT(finding(told.out, "endpoint a").at("detail"),
              HasSubstr("http://127.0.0.1:9/v1 does not answer"));
  EXPECT_TRUE(finding(told.out, "engine").is_null());
  EXPECT_TRUE(finding(told.out, "GPUs").is_null());
}

// --- the quick part, before a run ---

class BeforeARun : public Doctor {
 protected:
  Status check(const std::string& vllm, const std::string& hardware, const std::string& engine) {
    const std::string python = venv(vllm, hardware);
    const fs::path file = plan(model("m"), "{kind: vllm, python: " + python + engine + "}");
    const auto plan = load_plan(file, {{.name = "aime24"}});
    if (!plan) return std::unexpected(plan.error());
    const auto env = find_python(python_search_here(python));
    if (!env) return std::unexpected(env.error());
    const Status before = check_gpus(*plan, *env, Deadline());
    after_a_death_ = check_gpus_are_there(*plan, *env, Deadline());
    return before;
  }

  Status after_a_death_;  // on the same machine
};

TEST_F(BeforeARun, TooFewGpusEndItBeforeAnythingLoads) {
  const Status status = check("0.26.0", with_gpus(card(0)), ", tensor_parallel_size: 2");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::environment);
  EXPECT_EQ(status.error().what, "GPUs: 2 ranks need 2 GPUs, and 1 is visible");
  EXPECT_EQ(after_a_death_.error().what, status.error().what);
  EXPECT_EQ(questions(), "assay_worker.machine hardware\nassay_worker.machine hardware\n");
}

TEST_F(BeforeARun, AGpuThatIsLostIsNamed) {
  const std::string lost = R"({"index": "1", "lost": true, "name": null, "processes": []})";
  const Status status =
      check("0.26.0", with_gpus(card(0) + ", " + lost), ", tensor_parallel_size: 2");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().what, "GPU 1: it has fallen off the bus, or must be reset");
  EXPECT_EQ(after_a_death_.error().what, status.error().what);
}

TEST_F(BeforeARun, ACardThatIsHeldNamesItsHolder) {
  const Status status =
      check("0.26.0", with_gpus(card(0, "100000000000")), ", gpu_memory_utilization: 0.92");
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().why, HasSubstr("pid 4242 (train)"));
  EXPECT_TRUE(after_a_death_);  // the dead engine's own, perhaps
  EXPECT_TRUE(check("0.26.0", with_gpus(card(0, "100000000000")), ", gpu_memory_utilization: 0.3"));
}

TEST_F(BeforeARun, NothingIsAskedForTheCpuBuild) {
  EXPECT_TRUE(check("0.32.0+cpu", with_gpus(""), ", tensor_parallel_size: 2"));
  EXPECT_EQ(questions(), "");
}

TEST_F(BeforeARun, WhatCannotBeAskedEndsNoRun) {
  EXPECT_TRUE(check("0.26.0", "Traceback", ""));
  EXPECT_TRUE(after_a_death_);
}

// --- room for all that comes from the hub ---

// Two models of the hub, as its look tells them. No disk has 4 EiB.
class Downloads : public Doctor {
 protected:
  static constexpr const char* kTooMuch = "4611686018427387904";

  // `together`: bytes still to be fetched; `model`: fields of each model's beside its own 4 EiB.
  std::string look(const std::string& together, const std::string& model = "") const {
    const std::string one = R"({"status": "ok", "commit": "c0", "online": true, "files": 3,
"bytes_to_fetch": )" + std::string(kTooMuch) +
                            model + "}";
    return R"({"endpoint": "https://hub.test", "reachable": true, "why": "", "date_s": null,
"cache": ")" +
           (folder_ / "cache/hub").string() + R"(", "bytes_to_fetch": )" + together +
           R"(, "found": [)" + one + ", " + one + "]}";
  }
  fs::path hub_plan(const std::string& python) {
    return write("plan.yaml", "name: p\nengine: {kind: vllm, python: " + python +
                                  "}\nvariants: [{name: a, model: org/a, baseline: true}, "
                                  "{name: b, model: org/b}]\ntasks: [{name: aime24, "
                                  "max_gen_toks: 8, data: " +
                                  ASSAY_SOURCE_DIR + "/data}]\n");
  }
  Result<std::vector<InCache>> check(const std::string& hub, const FrozenRevisions& frozen = {},
                                     const Deadline& until = {}) {
    const std::string python = venv("0.32.0+cpu", kNoGpus, hub);
    const auto plan = load_plan(hub_plan(python), {{.name = "aime24"}});
    if (!plan) return std::unexpected(plan.error());
    const auto env = find_python(python_search_here(python));
    if (!env) return std::unexpected(env.error());
    return check_downloads(*plan, {"", folder_ / "out", until}, frozen, *env);
  }
};

// The first thing that a run does: no model is fetched, no engine started.
TEST_F(Downloads, WithoutRoomForAllARunEndsBeforeTheFirst) {
  const std::string python = venv("0.32.0+cpu", kNoGpus, look(kTooMuch));
  const Told told =
      assay({"run", hub_plan(python).string(), "--out", (folder_ / "out").string(), "--quiet"});
  EXPECT_EQ(told.exit_code, 3);
  EXPECT_THAT(told.err, testing::ContainsRegex("error: disk /.*: .* free, 4194304.0 TiB needed\n"
                                               "  why: 4194304.0 TiB to fetch and [12].0 GiB to "
                                               "spare, for .*models and data.*\n"
                                               "  do:  free some, .*`assay doctor` says more"));
  EXPECT_EQ(questions(), "assay_worker.hub_look --limit-s=20\n");
  EXPECT_FALSE(fs::exists(folder_ / "out/logs"));
}

// Each alone would be too much: they share their contents, and the cache has those.
TEST_F(Downloads, WhatLiesInTheCacheAsksForNoRoom) {
  const auto found = check(look("0", R"(, "whole": true, "folder": "/cache/a")"));
  ASSERT_TRUE(found) << found.error().to_string();
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ((*found)[1].request.id, "org/b");
  EXPECT_EQ((*found)[1].result.folder, "/cache/a");
  EXPECT_EQ((*found)[1].result.commit, "c0");
  // Nothing to be fetched and nothing to be written are two things.
  EXPECT_TRUE(check(look("0")).value().empty());
}

TEST_F(Downloads, DoctorCountsAsTheRunDoes) {
  const std::string python = venv("0.32.0+cpu", kNoGpus, look("0"));
  const auto disk = [&] {
    const Told told = doctor(hub_plan(python), {"--json"});
    for (const auto& f : nlohmann::json::parse(told.out).at("findings")) {
      const std::string name = f.at("name");
      if (name.starts_with("disk ") && f.at("level") == "missing") return f.dump();
    }
    return std::string();
  };
  EXPECT_EQ(disk(), "");
  venv("0.32.0+cpu", kNoGpus, look(kTooMuch));
  EXPECT_THAT(disk(), HasSubstr("4194304.0 TiB to fetch"));
}

// Those a run on the folder would fetch, not what a branch stands for by now.
TEST_F(Downloads, TheFrozenCommitIsAskedFor) {
  FrozenPlan frozen;
  for (const char* name : {"a", "b"}) {
    frozen.plan.variants.push_back({.name = name, .model = std::string("org/") + name});
    frozen.variants.push_back(
        {name, std::string("org/") + name, "commit-of-" + std::string(name), "f", false});
  }
  ASSERT_TRUE(check(look("0"), FrozenRevisions(frozen)));
  std::ifstream file(asked().string() + ".hub");
  const auto rows = nlohmann::json::parse(file);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("id"), "org/a");
  EXPECT_EQ(rows[0].at("revision"), "commit-of-a");
  EXPECT_EQ(rows[1].at("revision"), "commit-of-b");
}

TEST_F(Downloads, WhatTheHubDoesNotSayEndsNoRunAndASignalDoes) {
  const auto silent = check("Traceback");
  ASSERT_TRUE(silent) << silent.error().to_string();
  EXPECT_TRUE(silent->empty());
  const std::atomic<bool> stop{true};
  const auto stopped = check(look("0"), {}, Deadline().or_stop(&stop));
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::interrupted);
}

}  // namespace
}  // namespace assay
