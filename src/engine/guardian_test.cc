// Death: whatever ends, nothing of the engine's tree is left.
#include "engine/guardian.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "base/subprocess.h"
#include "engine/test_support.h"

namespace assay::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class GuardianTest : public ::testing::Test {
 protected:
  void TearDown() override { static_cast<void>(kill_leftovers(token_, seconds(5))); }

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
};

TEST_F(GuardianTest, SigkillOfAssayLeavesNothing) {
  const std::string pid_file = folder_ / "grandchild";
  Child client = start_client(
      fake_command(), {{"grandchild", true}, {"grandchild_pid_file", pid_file}, {"tokens_per_s", 1}});
  EXPECT_THAT(of_run(), SizeIs(3)) << "guardian, worker, grandchild";
  const pid_t grandchild = std::stoi(read_text(pid_file));
  EXPECT_THAT(of_run(), ::testing::Contains(grandchild));
  client.kill(SIGKILL);
  client.wait();
  EXPECT_TRUE(eventually([&] { return of_run().empty(); }, seconds(5)));
  EXPECT_NE(::kill(grandchild, 0), 0);
}

// A worker that ignores the end of its pipe and SIGTERM, with children that hide: one in a session
// of its own, one orphaned, one without the token in its environment.
TEST_F(GuardianTest, StubbornAndHiddenProcessesGoToo) {
  const std::string script = R"(
import json, os, signal, struct, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
body = json.dumps({"type": "hello", "protocol": 1, "worker": "stubborn", "versions": {},
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
  spawning.argv = {ASSAY_TEST_CLIENT, token_, folder_ / "engine.log", "", "{}", ASSAY_TEST_PYTHON,
                   "-c", script, pid_file};
  Child client = *spawn(spawning);
  std::vector<pid_t> pids;
  ASSERT_TRUE(eventually([&] {
    std::istringstream text(read_text(pid_file));
    pids.assign(std::istream_iterator<pid_t>(text), {});
    return pids.size() == 4;
  })) << read_text(folder_ / "engine.log");
  client.kill(SIGKILL);
  client.wait();
  const auto all_gone = [&] {
    for (const pid_t pid : pids) {
      if (::kill(pid, 0) == 0) return false;
    }
    return of_run().empty();
  };
  EXPECT_TRUE(eventually(all_gone, seconds(5)));
}

TEST_F(GuardianTest, SigkillOfTheGuardianEndsTheWorkerAndIsDeath) {
  WorkerOptions options = fake_options(folder_, {{"grandchild", true}});
  options.run_token = token_;
  auto engine = WorkerEngine::start(options);
  ASSERT_TRUE(engine) << why(engine.error());
  for (const pid_t pid : of_run()) {
    if (command_line_of(pid).find("__guardian") != std::string::npos) ::kill(pid, SIGKILL);
  }
  const auto died = next_event<Died>(**engine);
  ASSERT_TRUE(died);
  EXPECT_EQ(died->error.why, "its guardian was killed by signal 9 (Killed)");
  EXPECT_THAT(of_run(), ElementsAre());
}

TEST_F(GuardianTest, SigkillOfTheWorkerTakesItsChildrenAlong) {
  WorkerOptions options = fake_options(folder_, {{"grandchild", true}});
  options.run_token = token_;
  auto engine = WorkerEngine::start(options);
  ASSERT_TRUE(engine) << why(engine.error());
  const auto worker = worker_of_run(token_);
  ASSERT_TRUE(worker);
  signal_process(*worker, SIGKILL);
  const auto died = next_event<Died>(**engine);
  ASSERT_TRUE(died);
  EXPECT_EQ(died->error.why, "killed by signal 9 (Killed)");
  EXPECT_THAT(of_run(), ElementsAre());
}

TEST_F(GuardianTest, DescriptorsOfAssayDoNotReachTheTree) {
  const UniqueFd leaked(::dup(2));  // not close-on-exec, as a careless library opens files
  WorkerOptions options = fake_options(folder_);
  options.run_token = token_;
  auto engine = WorkerEngine::start(options);
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
TEST_F(GuardianTest, SharedMemoryOfKilledProcessesIsRemoved) {
  const std::string script = R"(
import json, os, struct, sys, time
from multiprocessing import shared_memory
memory = shared_memory.SharedMemory(create=True, size=4096)
open(sys.argv[1], "w").write(memory.name)
body = json.dumps({"type": "hello", "protocol": 1, "worker": "x", "versions": {},
                   "capabilities": [], "max_in_flight": 1, "pid": os.getpid()}).encode()
os.write(4, struct.pack("<I", len(body)) + body)
time.sleep(600)
)";
  const std::string name_file = folder_ / "name";
  SpawnOptions spawning;
  spawning.argv = {ASSAY_TEST_CLIENT, token_, folder_ / "engine.log", "", "{}", ASSAY_TEST_PYTHON,
                   "-c", script, name_file};
  Child client = *spawn(spawning);
  ASSERT_TRUE(eventually([&] { return !read_text(name_file).empty(); }));
  const std::filesystem::path memory = std::filesystem::path("/dev/shm") / read_text(name_file);
  EXPECT_TRUE(std::filesystem::exists(memory));
  client.kill(SIGKILL);
  client.wait();
  EXPECT_TRUE(eventually([&] { return of_run().empty(); }, seconds(5)));
  EXPECT_FALSE(std::filesystem::exists(memory)) << memory;
}

TEST_F(GuardianTest, LeftoversOfADeadRunAreFoundAndEnded) {
  SpawnOptions spawning;
  spawning.argv = {"/bin/sh", "-c", "env -i sleep 600 & setsid sleep 600 & wait"};
  spawning.env[std::string(kRunTokenVariable)] = token_;
  Child orphan = *spawn(spawning);
  ASSERT_TRUE(eventually([&] { return of_run().size() == 2; }));
  EXPECT_THAT(find_processes_of_run(token_ + "x"), ElementsAre());
  EXPECT_THAT(find_processes_of_run(token_.substr(1)), ElementsAre());
  EXPECT_THAT(find_processes_of_run(""), ElementsAre());
  const auto killed = kill_leftovers(token_, seconds(30));
  ASSERT_TRUE(killed) << why(killed.error());
  EXPECT_EQ(*killed, 3) << "the one without token is below one that has it";
  orphan.wait();
  EXPECT_EQ(kill_leftovers(token_, seconds(30)).value(), 0);
}

TEST_F(GuardianTest, TheEndOfOneEngineLeavesAnotherOfTheSameRunAlone) {
  WorkerOptions options = fake_options(folder_);
  options.run_token = token_;
  auto first = must(WorkerEngine::start(options));
  auto second = must(WorkerEngine::start(options));
  EXPECT_THAT(of_run(), SizeIs(4));
  first.reset();
  EXPECT_THAT(of_run(), SizeIs(2));
  EXPECT_FALSE(second->wait(milliseconds(100))) << "it lives";
  EXPECT_EQ(must(kill_leftovers(token_, seconds(30))), 2);
}

TEST_F(GuardianTest, RefusesArgumentsItDoesNotKnow) {
  SpawnOptions spawning;
  spawning.argv = {ASSAY_TEST_GUARDIAN, "__guardian", "--what", "3", "--", "true"};
  const auto result = run_command(spawning, "", kPatience);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, kGuardianFailed);
  EXPECT_THAT(result->err, HasSubstr("unknown argument '--what'"));
}

}  // namespace
}  // namespace assay::testing
