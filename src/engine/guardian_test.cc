// Death: whatever ends, nothing of the engine's tree is left.
#include "engine/guardian.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "base/subprocess.h"
#include "support/engine.h"

namespace assay::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// With a PID namespace (where the system allows one; else both are the same) and without.
class GuardianTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    ::setenv(std::string(kNamespaceVariable).c_str(), GetParam().c_str(), 1);
    options_.run_token = token_;
  }
  void TearDown() override {
    static_cast<void>(kill_leftovers(token_, seconds(5)));
    ::unsetenv(std::string(kNamespaceVariable).c_str());
  }

  // All of the run but the guardian's one or two processes.
  [[nodiscard]] std::vector<pid_t> guarded() const {
    std::vector<pid_t> out;
    for (const pid_t pid : of_run()) {
      if (command_line_of(pid).find("__guardian") == std::string::npos) out.push_back(pid);
    }
    return out;
  }

  // Seconds until nothing of the run is left; the design allows five.
  double seconds_until_gone() {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(eventually([&] { return of_run().empty(); }, seconds(5)));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    RecordProperty("seconds_until_gone", std::to_string(took.count()));
    return took.count();
  }

  // engine_client with a fake worker that has a grandchild in a session of its own.
  Child start_client(const std::vector<std::string>& command, const json& script) {
    SpawnOptions spawning;
    spawning.argv = {ASSAY_TEST_CLIENT, token_, folder_ / "engine.log", folder_.path(), "{}"};
    spawning.argv.insert(spawning.argv.end(), command.begin(), command.end());
    spawning.env["ASSAY_FAKE_SCRIPT"] = script.dump();
    Pipe out = *make_pipe();
    spawning.stdout_fd = out.write_end.get();
    Child client = *spawn(spawning);
    out.write_end.reset();
    std::array<char, 6> text{};
    EXPECT_EQ(::read(out.read_end.get(), text.data(), text.size()), 6)
        << read_text(folder_ / "engine.log");
    return client;
  }

  [[nodiscard]] std::vector<pid_t> of_run() const { return find_processes_of_run(token_); }

  TempFolder folder_;
  std::string token_ = "guardian-" + folder_.path().filename().string();
  WorkerOptions options_ = fake_options(folder_);
};

INSTANTIATE_TEST_SUITE_P(PidNamespace, GuardianTest, ::testing::Values("on", "off"),
                         [](const auto& tested) { return tested.param; });

TEST_P(GuardianTest, SigkillOfAssayLeavesNothing) {
  Child client = start_client(fake_command(), {{"grandchild", true}, {"tokens_per_s", 1}});
  EXPECT_TRUE(eventually([&] { return guarded().size() == 2; })) << "worker and grandchild";
  client.kill(SIGKILL);
  client.wait();
  std::printf("gone after %.2f s\n", seconds_until_gone());
}

// A worker that ignores the end of its pipe and SIGTERM, with children that hide: one in a session
// of its own, one orphaned, one without the token in its environment.
TEST_P(GuardianTest, StubbornAndHiddenProcessesGoToo) {
  const std::string script = R"(
import json, os, signal, struct, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
body = json.dumps({"type": "hello", "protocol": 2, "worker": "stubborn", "versions": {},
                   "capabilities": [], "max_in_flight": 1, "pid": os.getpid()}).encode()
pids = [os.getpid()]
pids.append(subprocess.Popen(["sleep", "600"], start_new_session=True).pid)
pids.append(subprocess.Popen(["sleep", "600"], env={}, start_new_session=True).pid)
middle = subprocess.run(["/bin/sh", "-c", "env -i setsid sleep 600 >/dev/null 2>&1 & echo $!"],
                        capture_output=True, text=True)
pids.append(int(middle.stdout))
open(sys.argv[1], "w").write(" ".join(map(str, pids)))
os.write(4, struct.pack("<I", len(body)) + body)
while True:
    time.sleep(600)
)";
  const std::string pid_file = folder_ / "pids";
  SpawnOptions spawning;
  spawning.argv = {
      ASSAY_TEST_CLIENT, token_, folder_ / "engine.log", "", "{}", ASSAY_TEST_PYTHON, "-c", script,
      pid_file};
  Child client = *spawn(spawning);
  ASSERT_TRUE(eventually([&] {
    const std::string text = read_text(pid_file);
    return std::count(text.begin(), text.end(), ' ') == 3;
  })) << read_text(folder_ / "engine.log");
  const std::vector<ProcessInfo> tree = descendants_of(client.pid(), list_processes());
  EXPECT_GE(tree.size(), 5) << "a guardian or two, the worker and three children";
  client.kill(SIGKILL);
  client.wait();
  const auto is_alive = [](const ProcessInfo& before) {
    const std::vector<ProcessInfo> now = list_processes();
    return std::any_of(now.begin(), now.end(), [&](const ProcessInfo& one) {
      return one.pid == before.pid && one.start_ticks == before.start_ticks && one.state != 'Z';
    });
  };
  const auto all_gone = [&] { return std::none_of(tree.begin(), tree.end(), is_alive); };
  EXPECT_TRUE(eventually(all_gone, seconds(5)));
  EXPECT_THAT(of_run(), IsEmpty());
}

TEST_P(GuardianTest, SigkillOfTheGuardianEndsTheWorkerAndIsDeath) {
  options_.env["ASSAY_FAKE_SCRIPT"] = R"({"grandchild": true})";
  auto engine = WorkerEngine::start(options_);
  ASSERT_TRUE(engine) << why(engine.error());
  for (const ProcessInfo& child : descendants_of(::getpid(), list_processes())) {
    if (child.parent == ::getpid()) signal_process(child, SIGKILL);
  }
  const auto died = next_event<Died>(**engine);
  ASSERT_TRUE(died);
  EXPECT_EQ(died->error.why, "its guardian was killed by signal 9 (Killed)");
  EXPECT_THAT(of_run(), IsEmpty());
}

TEST_P(GuardianTest, SigkillOfTheWorkerTakesItsChildrenAlong) {
  options_.env["ASSAY_FAKE_SCRIPT"] = R"({"grandchild": true})";
  auto engine = WorkerEngine::start(options_);
  ASSERT_TRUE(engine) << why(engine.error());
  const auto worker = worker_of_run(token_);
  ASSERT_TRUE(worker);
  signal_process(*worker, SIGKILL);
  const auto died = next_event<Died>(**engine);
  ASSERT_TRUE(died);
  EXPECT_EQ(died->error.why, "killed by signal 9 (Killed)");
  EXPECT_THAT(of_run(), IsEmpty());
}

TEST_P(GuardianTest, TheSwitchTurnsTheNamespaceOff) {
  auto engine = must(WorkerEngine::start(options_));
  const auto worker = worker_of_run(token_);
  ASSERT_TRUE(worker);
  const auto namespace_of = [](const std::string& pid) {
    return std::filesystem::read_symlink("/proc/" + pid + "/ns/pid").string();
  };
  const bool own = namespace_of(std::to_string(worker->pid)) != namespace_of("self");
  if (GetParam() == "on" && !own) GTEST_SKIP() << "this system allows no PID namespace";
  EXPECT_EQ(own, GetParam() == "on");
}

TEST_P(GuardianTest, DescriptorsOfAssayDoNotReachTheTree) {
  const UniqueFd leaked(::dup(2));  // not close-on-exec, as a careless library opens files
  auto engine = WorkerEngine::start(options_);
  ASSERT_TRUE(engine) << why(engine.error());
  const auto worker = worker_of_run(token_);
  ASSERT_TRUE(worker);
  std::vector<int> fds;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(worker->pid) + "/fd")) {
    fds.push_back(std::stoi(entry.path().filename().string()));
  }
  EXPECT_THAT(fds, ::testing::UnorderedElementsAre(0, 1, 2, 3, 4));
}

// Python's resource tracker removes the shared memory of processes that were killed.
TEST_P(GuardianTest, SharedMemoryOfKilledProcessesIsRemoved) {
  const std::string script = R"(
import json, os, signal, struct, sys, time
from multiprocessing import shared_memory
signal.signal(signal.SIGTERM, signal.SIG_IGN)  # so that SIGKILL is what ends it
memory = shared_memory.SharedMemory(create=True, size=4096)
open(sys.argv[1], "w").write(memory.name)
body = json.dumps({"type": "hello", "protocol": 2, "worker": "x", "versions": {},
                   "capabilities": [], "max_in_flight": 1, "pid": os.getpid()}).encode()
os.write(4, struct.pack("<I", len(body)) + body)
time.sleep(600)
)";
  const std::string name_file = folder_ / "name";
  SpawnOptions spawning;
  spawning.argv = {
      ASSAY_TEST_CLIENT, token_, folder_ / "engine.log", "", "{}", ASSAY_TEST_PYTHON, "-c", script,
      name_file};
  Child client = *spawn(spawning);
  ASSERT_TRUE(eventually([&] { return !read_text(name_file).empty(); }));
  const std::filesystem::path memory = std::filesystem::path("/dev/shm") / read_text(name_file);
  EXPECT_TRUE(std::filesystem::exists(memory));
  client.kill(SIGKILL);
  client.wait();
  EXPECT_TRUE(eventually([&] { return of_run().empty(); }, seconds(5)));
  EXPECT_FALSE(std::filesystem::exists(memory)) << memory;
}

TEST_P(GuardianTest, LeftoversOfADeadRunAreFoundAndEnded) {
  SpawnOptions spawning;
  spawning.argv = {"/bin/sh", "-c", "env -i sleep 600 & setsid sleep 600 & wait"};
  spawning.env[std::string(kRunTokenVariable)] = token_;
  Child orphan = *spawn(spawning);
  ASSERT_TRUE(eventually([&] { return of_run().size() == 2; }));
  EXPECT_THAT(find_processes_of_run(token_ + "x"), IsEmpty());
  EXPECT_THAT(find_processes_of_run(token_.substr(1)), IsEmpty());
  EXPECT_THAT(find_processes_of_run(""), IsEmpty());
  const auto killed = kill_leftovers(token_, seconds(30));
  ASSERT_TRUE(killed) << why(killed.error());
  EXPECT_EQ(*killed, 3) << "the one without token is below one that has it";
  orphan.wait();
  EXPECT_EQ(kill_leftovers(token_, seconds(30)).value(), 0);
}

TEST_P(GuardianTest, TheEndOfOneEngineLeavesAnotherOfTheSameRunAlone) {
  auto first = must(WorkerEngine::start(options_));
  auto second = must(WorkerEngine::start(options_));
  EXPECT_THAT(guarded(), SizeIs(2));
  first.reset();
  EXPECT_THAT(guarded(), SizeIs(1));
  EXPECT_FALSE(second->wait(milliseconds(100))) << "it lives";
  EXPECT_GE(must(kill_leftovers(token_, seconds(30))), 2);
}

TEST_P(GuardianTest, TheLogHoldsNoSecret) {
  ::setenv("ASSAY_TEST_TOKEN", "hf_plantedplanted", 1);
  options_.command = {"/bin/sh", "-c",
                      "printf 'before hf_plan'; sleep 0.3; printf 'tedplanted after\n';"
                      "echo \"$ASSAY_TEST_TOKEN\" >&2; printf 'end hf_plan'; exit 7"};
  const auto started = WorkerEngine::start(options_);
  ::unsetenv("ASSAY_TEST_TOKEN");
  ASSERT_FALSE(started);
  EXPECT_EQ(read_text(options_.log_file), "before [secret] after\n[secret]\nend hf_plan");
  EXPECT_THAT(started.error().why, HasSubstr("exit code 7: before [secret] after | [secret]"));
}

// More than a pipe holds, and the last words after the kill.
TEST_P(GuardianTest, TheLogIsWhole) {
  options_.command = {"/bin/sh", "-c",
                      "seq 1 200000; (trap '' TERM; sleep 0.3; echo orphan) & exit 7"};
  const auto started = WorkerEngine::start(options_);
  ASSERT_FALSE(started);
  const std::string log = read_text(options_.log_file);
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 200000);
  EXPECT_TRUE(log.ends_with("\n200000\n"));
}

TEST_P(GuardianTest, RefusesArgumentsItDoesNotKnow) {
  SpawnOptions spawning;
  spawning.argv = {ASSAY_TEST_GUARDIAN, "__guardian", "--what", "3", "--", "true"};
  const auto result = run_command(spawning, "", kPatience);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, kGuardianFailed);
  EXPECT_THAT(result->err, HasSubstr("unknown argument '--what'"));
}

}  // namespace
}  // namespace assay::testing
