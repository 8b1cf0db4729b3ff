#include "store/store.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/files.h"
#include "store/sqlite.h"

namespace assay {
namespace {

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("assay_store_") +
               testing::UnitTest::GetInstance()->current_test_info()->name() + "_" +
               std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

Response answer(const std::string& text) {
  Response r;
  r.text = text;
  return r;
}

TEST_F(StoreTest, EventsComeBackInTheirOrder) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  EXPECT_TRUE(store.events().value().empty());
  ASSERT_TRUE(store.add_event(20.5, "engine died", {{"variant", "fp8"}, {"why", "SIGKILL"}}));
  ASSERT_TRUE(store.add_event(10, "no judge", nlohmann::json::object()));
  const auto events = store.events().value();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].at_s, 20.5);
  EXPECT_EQ(events[0].kind, "engine died");
  EXPECT_EQ(events[0].body.at("why"), "SIGKILL");
  EXPECT_EQ(events[1].kind, "no judge");
}

TEST_F(StoreTest, KeepsWhatWasWritten) {
  {
    Store store = Store::open(folder_, Store::Mode::write).value();
    ASSERT_TRUE(store.set_meta("plan", "p1"));
    ASSERT_TRUE(store.put_items("t", {{"b", "s", "g", {{"q", 1}}}, {"a", "", "", {{"q", 2}}}}));
    ASSERT_TRUE(store.put_rendered("rk", Rendered{"text", {1, 2}, {}}));
    ASSERT_TRUE(store.put_response("k", answer("first"), 1));
    ASSERT_TRUE(store.put_response("k", answer("second"), 2));  // the first one stays
    ASSERT_TRUE(store.put_step({{"v", "t", "a"}, 1, "k2", "rk"}));
    ASSERT_TRUE(store.put_step({{"v", "t", "a"}, 0, "k", "rk"}));
    Score score;
    score.metrics["robust"] = 0.5;
    ASSERT_TRUE(store.put_score({{"v", "t", "a"}, score}));
    EXPECT_EQ(store.add_load("v", 5.0, {.load_s = 2}).value(), 1);
    ASSERT_TRUE(store.add_crash("k"));
    ASSERT_TRUE(store.add_crash("k"));
    ASSERT_TRUE(store.flush());
  }
  const Store store = Store::open(folder_, Store::Mode::read).value();
  EXPECT_EQ(store.folder(), folder_);
  EXPECT_EQ(store.meta("plan").value(), "p1");
  EXPECT_EQ(store.meta("none").value(), std::nullopt);
  EXPECT_EQ(store.items("t").value()[0].id, "b");  // in the order given
  EXPECT_EQ(store.items("t").value()[1].row["q"], 2);
  EXPECT_EQ(store.rendered("rk").value()->prompt_tokens, (std::vector<int>{1, 2}));
  EXPECT_EQ(store.response("k").value()->text, "first");
  EXPECT_EQ(store.response_count(), 1);
  const auto steps = store.steps({"v", "t", "a"}).value();
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].response_key, "k");
  EXPECT_EQ(store.scores().value()[0].score.metrics.at("robust"), 0.5);
  EXPECT_EQ(store.loads().value()[0].facts.load_s, 2);
  EXPECT_EQ(store.crashes("k").value(), 2);
}

TEST_F(StoreTest, WhatGivesWayTakesItsChecksumAlong) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  Response failed = answer("");
  failed.finish_reason = FinishReason::error;
  ASSERT_TRUE(store.put_response("k", failed, 1));
  ASSERT_TRUE(store.put_response("k", answer("later"), 2));
  EXPECT_EQ(store.response("k").value()->text, "later");
}

TEST_F(StoreTest, ForgettingAVariantKeepsWhatOthersReferTo) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  const std::int64_t load = store.add_load("one", 0, {}).value();
  const std::int64_t other = store.add_load("two", 0, {}).value();
  ASSERT_TRUE(store.put_response("own", answer("a"), load));
  ASSERT_TRUE(store.put_response("shared", answer("b"), load));
  ASSERT_TRUE(store.put_response("of lm-eval", answer("c"), load));  // no step refers to it
  ASSERT_TRUE(store.put_response("others", answer("d"), other));
  ASSERT_TRUE(store.put_step({{"one", "t", "1"}, 0, "own", ""}));
  ASSERT_TRUE(store.put_step({{"one", "t", "2"}, 0, "shared", ""}));
  ASSERT_TRUE(store.put_step({{"two", "t", "2"}, 0, "shared", ""}));
  ASSERT_TRUE(store.put_step({{"two", "t", "3"}, 0, "others", ""}));
  ASSERT_TRUE(store.add_crash("asked"));
  ASSERT_TRUE(store.add_crash("others"));
  ASSERT_TRUE(store.forget_variant("one"));
  EXPECT_FALSE(store.response("own").value());
  EXPECT_FALSE(store.response("of lm-eval").value());
  EXPECT_TRUE(store.response("shared").value());
  EXPECT_TRUE(store.response("others").value());
  EXPECT_EQ(store.steps("one", Purpose::answer).value().size(), 0U);
  EXPECT_EQ(store.steps("two", Purpose::answer).value().size(), 2U);
  EXPECT_EQ(store.crashes("asked").value(), 0);
  EXPECT_EQ(store.crashes("others").value(), 1);
}

TEST_F(StoreTest, SecondWriterIsTold) {
  Store first = Store::open(folder_, Store::Mode::write).value();
  const auto second = Store::open(folder_, Store::Mode::write);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().why, "process " + std::to_string(::getpid()) + " holds its lock");
  EXPECT_TRUE(Store::open(folder_, Store::Mode::read));
}

TEST_F(StoreTest, OtherSchemaIsRefusedAndUntouched) {
  ASSERT_TRUE(make_dirs(folder_));
  {
    const Database db = Database::open(folder_ / "store.sqlite", true).value();
    ASSERT_TRUE(db.exec("CREATE TABLE t(a); PRAGMA user_version = 7"));
  }
  const std::string before = read_file(folder_ / "store.sqlite").value();
  const auto store = Store::open(folder_, Store::Mode::write);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().what, (folder_ / "store.sqlite").string() + " has schema version 7");
  EXPECT_EQ(read_file(folder_ / "store.sqlite").value(), before);
}

TEST_F(StoreTest, DamagedFileIsRefusedAndUntouched) {
  ASSERT_TRUE(make_dirs(folder_));
  const std::string junk(8192, 'x');
  ASSERT_TRUE(write_file_atomic(folder_ / "store.sqlite", junk));
  const auto store = Store::open(folder_, Store::Mode::write);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind, ErrorKind::environment);
  EXPECT_NE(store.error().what.find("damaged"), std::string::npos);
  EXPECT_EQ(read_file(folder_ / "store.sqlite").value(), junk);
}

TEST_F(StoreTest, ReadingNothingIsAUsageError) {
  const auto store = Store::open(folder_, Store::Mode::read);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind, ErrorKind::usage);
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

// A full disk, made with a limit on file size in a child process: a clear error, and what was
// committed before stays readable.
TEST_F(StoreTest, FullDiskLosesNothingCommitted) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    auto store = Store::open(folder_, Store::Mode::write);
    bool ok = store && store->put_response("kept", answer("x"), 0) && store->flush();
    const rlimit limit{256 << 10, 256 << 10};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    Status status{};
    for (int i = 0; i < 100 && status; ++i) {
      status = store->put_response("k" + std::to_string(i), answer(std::string(20000, 'y')), 0);
      if (status) status = store->flush();
    }
    ::_exit(ok && !status && status.error().kind == ErrorKind::environment ? 0 : 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
  const Store store = Store::open(folder_, Store::Mode::read).value();
  EXPECT_EQ(store.response("kept").value()->text, "x");
}

constexpr int kSkipped = 77;
constexpr int kOtherNames = 78;

// Whether this process may mount without anybody else seeing it; in a user namespace where it must.
bool own_mounts() {
  const std::string user = "0 " + std::to_string(::getuid()) + " 1";
  if (::unshare(CLONE_NEWNS) != 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    std::ofstream("/proc/self/uid_map") << user;
  }
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// In a child with a small tmpfs of its own over `folder`.
int fill_a_disk(const std::filesystem::path& folder) {
  if (!own_mounts()) return kSkipped;
  if (::mount("none", folder.c_str(), "tmpfs", 0, "size=600k") != 0) return kSkipped;
  int confirmed = 0;
  {
    auto store = Store::open(folder, Store::Mode::write);
    if (!store) return 1;
    Status status{};
    while (confirmed < 1000 && status) {
      status =
          store->put_response("k" + std::to_string(confirmed), answer(std::string(20000, 'y')), 0);
      if (status) status = store->flush();
      if (status) ++confirmed;
    }
    if (status || status.error().what.find("is full") == std::string::npos) return kOtherNames;
    // Whoever goes on is not told of a transaction that is not active.
    for (const Status& later : {store->set_meta("a", std::string(90000, 'z')), store->flush()}) {
      if (!later && later.error().why.find("full") == std::string::npos) return kOtherNames;
    }
  }
  if (::mount("none", folder.c_str(), "tmpfs", MS_REMOUNT, "size=4m") != 0) return 2;
  auto store = Store::open(folder, Store::Mode::write);
  if (!store) return 3;
  for (int i = 0; i < confirmed; ++i) {
    const auto response = store->response("k" + std::to_string(i));
    if (!response || !*response) return 4;
  }
  const bool goes_on = store->put_response("next", answer("x"), 0) && store->flush();
  return confirmed > 3 && goes_on && store->verify() ? 0 : 5;
}

TEST_F(StoreTest, AFullDiskIsNamedAndTheRunGoesOn) {
  ASSERT_TRUE(make_dirs(folder_));
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(fill_a_disk(folder_));
  int status = 0;
  ::waitpid(pid, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kSkipped) GTEST_SKIP() << "mounting is not allowed";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(StoreTest, WhatIsNoRegularFileIsRefused) {
  ASSERT_TRUE(make_dirs(folder_));
  const auto file = folder_ / "store.sqlite";
  const auto expect_refused = [&](const std::string& why) {
    for (const auto mode : {Store::Mode::read, Store::Mode::write}) {
      const auto store = Store::open(folder_, mode);
      ASSERT_FALSE(store);
      EXPECT_EQ(store.error().what, file.string() + " is no store of assay");
      EXPECT_EQ(store.error().why, why);
    }
    std::filesystem::remove(file);
  };
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  expect_refused("it is no regular file");
  ASSERT_EQ(::symlink("store.sqlite", file.c_str()), 0);
  expect_refused("Too many levels of symbolic links");
}

// The looks at a store go on side by side; whichever finds something, it is told.
TEST_F(StoreTest, EveryLookAtTheStoreTellsWhatItFinds) {
  {
    Store store = Store::open(folder_, Store::Mode::write).value();
    ASSERT_TRUE(store.set_meta("plan", "p1"));
    ASSERT_TRUE(store.put_step({{"v", "t", "a"}, 0, "k", "rk"}));
    ASSERT_TRUE(store.put_score({{"v", "t", "a"}, {}}));
    EXPECT_TRUE(store.verify());  // what is not committed yet is looked at, too
    ASSERT_TRUE(store.flush());
    EXPECT_TRUE(store.verify());
  }
  const struct {
    const char* table;
    const char* edit;
    const char* undo;
  } edits[] = {
      {"meta", "UPDATE meta SET value = 'p2'", "UPDATE meta SET value = 'p1'"},
      {"steps", "UPDATE steps SET response_key = 'K'", "UPDATE steps SET response_key = 'k'"},
      {"scores", "UPDATE scores SET task = 'T'", "UPDATE scores SET task = 't'"},
  };
  for (const auto& [table, edit, undo] : edits) {
    const Database db = Database::open(folder_ / "store.sqlite", /*write=*/true).value();
    ASSERT_TRUE(db.exec(edit));
    const Status found = Store::open(folder_, Store::Mode::read).value().verify();
    ASSERT_FALSE(found) << table;
    EXPECT_NE(found.error().why.find(std::string("of its table ") + table), std::string::npos)
        << found.error().why;
    ASSERT_TRUE(db.exec(undo));
    EXPECT_TRUE(Store::open(folder_, Store::Mode::read).value().verify());
  }
}

// A statement that was used before keeps nothing of what it was bound to.
TEST_F(StoreTest, StepsComeOneByOneAndAllAtOnceAlike) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  for (const char* item : {"b", "a"}) {
    ASSERT_TRUE(store.put_step({{"v", "t", item}, 0, std::string("key of ") + item, ""}));
    ASSERT_TRUE(store.put_response(std::string("key of ") + item, answer(item), 1));
  }
  std::vector<std::string> seen;
  ASSERT_TRUE(store.each_step("v", Purpose::answer, [&](const StoredStep& step) -> Status {
    seen.push_back(store.response(step.response_key).value()->text);
    EXPECT_EQ(store.steps(step.id).value().size(), 1U);  // the same tables, read meanwhile
    return {};
  }));
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(store.steps("v", Purpose::answer).value().size(), 2U);
  EXPECT_EQ(store.steps({"v", "t", "none"}).value().size(), 0U);
  EXPECT_FALSE(store.response("none").value().has_value());
}

// Real SIGKILLs at growing distances: everything a flush() confirmed (told over a pipe) is there.
TEST_F(StoreTest, ScoresOfAnItemAreThoseOfEveryVariantAndTask) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  EXPECT_TRUE(store.scores_of_item("a").value().empty());
  for (const char* variant : {"fp8", "bf16"}) {
    for (const char* task : {"math", "code", "hle"}) {
      for (const char* item : {"a", "ab", "b"}) {
        ASSERT_TRUE(store.put_score({{variant, task, item}, Score{}}));
      }
    }
  }
  ASSERT_TRUE(store.put_score({{"bf16", "math", "a", 1}, Score{}}));
  ASSERT_TRUE(store.put_score({{"bf16", "math", "a", 0, Purpose::second_pass}, Score{}}));
  ASSERT_TRUE(store.put_score({{"nvfp4", "math", "c"}, Score{}}));
  std::string found;
  for (const StoredScore& s : store.scores_of_item("a").value()) {
    found += s.id.variant + " " + s.id.task + " " + s.id.item + std::to_string(s.id.repeat) +
             (s.id.purpose == Purpose::second_pass ? " again\n" : "\n");
  }
  EXPECT_EQ(found,
            "bf16 code a0\nbf16 hle a0\nbf16 math a0\nbf16 math a0 again\nbf16 math a1\n"
            "fp8 code a0\nfp8 hle a0\nfp8 math a0\n");
  EXPECT_EQ(store.scores_of_item("c").value().size(), 1U);
  EXPECT_TRUE(store.scores_of_item("").value().empty());
}

TEST_F(StoreTest, ASnapshotDoesNotSeeWhatIsWrittenMeanwhile) {
  Store writer = Store::open(folder_, Store::Mode::write).value();
  ASSERT_TRUE(writer.set_meta("end", "before"));
  ASSERT_TRUE(writer.flush());
  const Store reader = Store::open(folder_, Store::Mode::read).value();
  {
    const Store::Snapshot one_state = reader.snapshot();
    EXPECT_EQ(reader.meta("end").value(), "before");
    ASSERT_TRUE(writer.set_meta("end", "after"));
    ASSERT_TRUE(writer.flush());
    EXPECT_EQ(reader.meta("end").value(), "before");
    const Store::Snapshot inner = reader.snapshot();  // does nothing, and ends nothing
  }
  EXPECT_EQ(reader.meta("end").value(), "after");
}

TEST_F(StoreTest, SideBySideEveryReaderSeesWhatThisStoreSees) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  for (const bool committed : {false, true}) {
    ASSERT_TRUE(store.set_meta("committed", committed ? "yes" : "no"));
    if (committed) ASSERT_TRUE(store.flush());
    std::vector<std::string> seen(5);
    ASSERT_TRUE(store.read_side_by_side(5, [&](const Store& from, std::size_t i) -> Status {
      seen[i] = TRY(from.meta("committed")).value_or("nothing") + std::to_string(i);
      return {};
    }));
    const std::string word = committed ? "yes" : "no";
    EXPECT_EQ(seen, (std::vector<std::string>{word + "0", word + "1", word + "2", word + "3",
                                              word + "4"}));
  }
  const Status failed = store.read_side_by_side(4, [](const Store&, std::size_t i) -> Status {
    if (i == 0) return {};
    return usage_error("piece " + std::to_string(i), "", "");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().what, "piece 1");  // the first in order, whichever ended first
}

TEST_F(StoreTest, WantedRowsComeInTheFilesOrder) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  for (const char* key : {"c", "a", "b", "d"}) {
    ASSERT_TRUE(store.put_response(key, answer(std::string("answer ") + key), 1));
    ASSERT_TRUE(store.put_rendered(key, Rendered{std::string("prompt ") + key, {}, {}}));
  }
  std::string found;
  const auto take_response = [&](const std::string& key, const Response& response) -> Status {
    found += key + ":" + response.text + "\n";
    return {};
  };
  for (const std::string letters : {"abc", "d"}) {
    const auto wanted = [&](std::string_view key) {
      return letters.find(key) != std::string::npos;
    };
    ASSERT_TRUE(store.each_response(wanted, take_response));
    ASSERT_TRUE(
        store.each_rendered(wanted, [&](const std::string& key, const Rendered& prompt) -> Status {
          found += key + ":" + prompt.text + "\n";
          return {};
        }));
  }
  EXPECT_EQ(found,
            "c:answer c\na:answer a\nb:answer b\nc:prompt c\na:prompt a\nb:prompt b\n"
            "d:answer d\nd:prompt d\n");
  const Status ended = store.each_response(
      [](std::string_view) { return true; },
      [](const std::string& key, const Response&) -> Status { return usage_error(key, "", ""); });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().what, "c");
  // Rows that are not wanted are not read, so what is the matter with them is not found either.
  ASSERT_TRUE(store.flush());
  {
    const Database db = Database::open(folder_ / "store.sqlite", true).value();
    ASSERT_TRUE(db.exec("UPDATE responses SET body = '{}' WHERE key = 'd'"));
  }
  found.clear();
  EXPECT_TRUE(store.each_response([](std::string_view key) { return key != "d"; }, take_response));
  const Status damaged =
      store.each_response([](std::string_view key) { return key == "d"; }, take_response);
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().why.find("does not agree with its checksum"), std::string::npos);
}

TEST_F(StoreTest, KilledWriterLosesNothingConfirmed) {
  for (int round = 0; round < 5; ++round) {
    int fds[2];
    ASSERT_EQ(::pipe(fds), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      auto store = Store::open(folder_, Store::Mode::write);
      for (int i = 0; store; ++i) {
        const std::string key = std::to_string(round) + ":" + std::to_string(i);
        if (!store->put_response(key, answer(key), 0) || !store->flush()) break;
        if (::write(fds[1], &i, sizeof i) != sizeof i) break;
      }
      ::_exit(1);
    }
    ::close(fds[1]);
    int last = -1;
    while (last < 3 * round + 2 && ::read(fds[0], &last, sizeof last) == sizeof last) {
    }
    ::kill(pid, SIGKILL);
    while (::read(fds[0], &last, sizeof last) == sizeof last) {
    }
    ::close(fds[0]);
    int status = 0;
    ::waitpid(pid, &status, 0);
    const Store store = Store::open(folder_, Store::Mode::write).value();
    for (int i = 0; i <= last; ++i) {
      const std::string key = std::to_string(round) + ":" + std::to_string(i);
      ASSERT_TRUE(store.response(key).value().has_value()) << key;
    }
  }
}

}  // namespace
}  // namespace assay
