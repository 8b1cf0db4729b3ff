// A store of release 0.1.0 (tests/store_v1): read as it is, migrated, and killed on the way.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace assay {
namespace {

using Rows = std::vector<std::string>;

std::string row(const AnswerId& id) {
  return id.variant + " " + id.task + " " + id.item + " " + std::to_string(id.repeat) + ":";
}

// The id, the step, and how its keys begin.
Rows steps_of(const Store& store, Purpose purpose) {
  Rows rows;
  for (const char* variant : {"bf16", "fp8", "(second pass)"}) {
    const auto steps = store.steps(variant, purpose).value();
    for (const StoredStep& step : steps) {
      EXPECT_EQ(step.id.purpose, purpose);
      rows.push_back(row(step.id) + " " + std::to_string(step.step) + " " +
                     step.response_key.substr(0, 4) + " " + step.rendered_key.substr(0, 4));
    }
  }
  return rows;
}

class MigrationTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("assay_migration_") +
               testing::UnitTest::GetInstance()->current_test_info()->name() + "_" +
               std::to_string(::getpid()));
    lay_down();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void lay_down() const {
    std::filesystem::remove_all(folder_);
    ASSERT_TRUE(make_dirs(folder_));
    const Database db = Database::open(folder_ / "store.sqlite", true).value();
    ASSERT_TRUE(db.exec("PRAGMA journal_mode = WAL"));  // as every store is left
    ASSERT_TRUE(db.exec(read_file(ASSAY_SOURCE_DIR "/tests/store_v1/store.sql").value().c_str()));
  }

  [[nodiscard]] std::int64_t number(const char* sql) const {
    const Database db = Database::open(folder_ / "store.sqlite", false).value();
    Statement statement = db.prepare(sql).value();
    EXPECT_TRUE(statement.step().value());
    return statement.integer(0);
  }
  [[nodiscard]] std::int64_t version() const { return number("PRAGMA user_version"); }

  // The rows of store.sql, turned by hand.
  static void expect_everything(const Store& store) {
    EXPECT_EQ(steps_of(store, Purpose::answer),
              (Rows{
                  "bf16 hle own-1 0: 0 c97e 21bd",
                  "bf16 hle own-5 0: 0 2fe5 ffdb",
                  "bf16 hle own-6 0: 0 1fe7 3250",
                  "bf16 math500 test/algebra/easy_5.json 0: 0 df9e b0d7",
                  "bf16 math500 test/geometry/easy_7.json 0: 0 9fc6 3f8c",
                  "bf16 math500 test/prealgebra/easy_2.json 0: 0 9cac 12dd",
                  "fp8 hle own-1 0: 0 0e5b 09c0",
                  "fp8 hle own-5 0: 0 0a6d 0408",
                  "fp8 hle own-6 0: 0 f2ab 2b73",
                  "fp8 math500 test/algebra/easy_5.json 0: 0 4081 6a37",
                  "fp8 math500 test/geometry/easy_7.json 0: 0 1eb0 63c5",
                  "fp8 math500 test/prealgebra/easy_2.json 0: 0 5f80 f29c",
              }));
    EXPECT_EQ(steps_of(store, Purpose::second_pass),
              (Rows{
                  "bf16 hle own-1 0: 0 3c67 21bd",
                  "bf16 hle own-5 0: 0 0f0a ffdb",
                  "bf16 hle own-6 0: 0 5d52 3250",
                  "bf16 math500 test/algebra/easy_5.json 0: 0 a8ba b0d7",
                  "bf16 math500 test/geometry/easy_7.json 0: 0 ef8f 3f8c",
                  "bf16 math500 test/prealgebra/easy_2.json 0: 0 3753 12dd",
              }));
    EXPECT_EQ(steps_of(store, Purpose::read_back),
              (Rows{
                  "bf16 hle own-5 0: 0 5774 ffdb",
                  "bf16 hle own-6 0: 0 4152 3250",
                  "bf16 math500 test/algebra/easy_5.json 0: 0 4d3d b0d7",
                  "bf16 math500 test/prealgebra/easy_2.json 0: 0 8034 12dd",
                  "fp8 hle own-5 0: 0 8b92 ffdb",
                  "fp8 hle own-6 0: 0 2911 3250",
                  "fp8 math500 test/algebra/easy_5.json 0: 0 930e b0d7",
                  "fp8 math500 test/prealgebra/easy_2.json 0: 0 6561 12dd",
              }));
    EXPECT_EQ(steps_of(store, Purpose::judgement), (Rows{
                                                       "bf16 hle own-5 0: 0 a091 46c5",
                                                       "bf16 hle own-6 0: 0 9f38 1143",
                                                       "fp8 hle own-5 0: 0 a091 46c5",
                                                       "fp8 hle own-6 0: 0 9f38 1143",
                                                   }));
    EXPECT_EQ(steps_of(store, Purpose::second_pass_judgement), (Rows{
                                                                   "bf16 hle own-5 0: 0 bd8d a560",
                                                                   "bf16 hle own-6 0: 0 9f38 1143",
                                                               }));
    const auto scores = store.scores().value();
    ASSERT_EQ(scores.size(), 18U);  // 6 items of two variants, and 6 once more
    EXPECT_EQ(store.scores(Purpose::second_pass).value().size(), 6U);
    Rows right;
    for (const StoredScore& s : scores) {
      if (s.score.metrics.at("robust") > 0.5) {
        right.push_back(row(s.id) + " " + to_string(s.id.purpose));
      }
    }
    EXPECT_EQ(right, (Rows{"bf16 hle own-1 0: answer", "bf16 hle own-1 0: second_pass",
                           "bf16 hle own-5 0: answer", "fp8 hle own-1 0: answer",
                           "fp8 hle own-5 0: answer"}));
    EXPECT_EQ(store.steps({"bf16", "hle", "own-5", 0, Purpose::second_pass}).value().size(), 1U);
    EXPECT_EQ(store.response_count(), 29);
    EXPECT_EQ(store.items("hle").value().size(), 3U);
    EXPECT_EQ(store.loads().value().size(), 2U);
  }

  std::filesystem::path folder_;
};

TEST_F(MigrationTest, IsReadAsItIs) {
  expect_everything(Store::open(folder_, Store::Mode::read).value());
  EXPECT_EQ(version(), 1);
}

TEST_F(MigrationTest, IsMigratedWhenOpenedForWriting) {
  expect_everything(Store::open(folder_, Store::Mode::write).value());
  EXPECT_EQ(version(), 3);
  EXPECT_EQ(number("SELECT count(*) FROM steps"), 32);
  EXPECT_EQ(number("SELECT count(*) FROM sqlite_master WHERE name IN ('steps_1', 'scores_1')"), 0);
  expect_everything(Store::open(folder_, Store::Mode::read).value());
  Store store = Store::open(folder_, Store::Mode::write).value();  // nothing to migrate any more
  expect_everything(store);
  ASSERT_TRUE(store.forget_variant("bf16"));
  EXPECT_EQ(store.scores().value().size(), 6U);  // the second pass goes with its variant
}

// Version 2 is version 3 without checksums.
TEST_F(MigrationTest, Version2IsReadAndMigrated) {
  ASSERT_TRUE(Store::open(folder_, Store::Mode::write));
  {
    const Database db = Database::open(folder_ / "store.sqlite", true).value();
    for (const std::string table : {"meta", "items", "rendered", "responses", "loads", "crashes",
                                    "events", "steps", "scores"}) {
      ASSERT_TRUE(db.exec(("ALTER TABLE " + table + " DROP COLUMN sum").c_str()));
    }
    ASSERT_TRUE(db.exec("PRAGMA user_version = 2"));
  }
  expect_everything(Store::open(folder_, Store::Mode::read).value());
  EXPECT_EQ(version(), 2);
  expect_everything(Store::open(folder_, Store::Mode::write).value());
  EXPECT_EQ(version(), 3);
  EXPECT_EQ(number("SELECT count(*) FROM steps WHERE sum IS row_sum('steps', variant, task, item, "
                   "repeat, purpose, step, response_key, rendered_key)"),
            32);
  EXPECT_TRUE(Store::open(folder_, Store::Mode::read).value().verify());
}

// 3 is one bit from 2 and from 1: the checksums must not be passed over.
TEST_F(MigrationTest, AVersionThatLostABitIsRefused) {
  ASSERT_TRUE(Store::open(folder_, Store::Mode::write));
  for (const char* sql : {"PRAGMA user_version = 2", "PRAGMA user_version = 1"}) {
    ASSERT_TRUE(Database::open(folder_ / "store.sqlite", true).value().exec(sql));
    for (const auto mode : {Store::Mode::read, Store::Mode::write}) {
      const auto store = Store::open(folder_, mode);
      ASSERT_FALSE(store) << sql;
      EXPECT_EQ(store.error().what, (folder_ / "store.sqlite").string() + " is damaged");
    }
  }
}

// A reader that began before the file was migrated goes on with what it began to read.
TEST_F(MigrationTest, AReaderIsNotDisturbed) {
  const Store reader = Store::open(folder_, Store::Mode::read).value();
  expect_everything(Store::open(folder_, Store::Mode::write).value());
  EXPECT_EQ(version(), 3);
  expect_everything(reader);
}

// The kernel kills the process at its first write beyond a size that no file may exceed: at each
// page of the migration in turn.
TEST_F(MigrationTest, KilledOnTheWayLeavesVersion1) {
  constexpr rlim_t kPage = 4096;
  constexpr rlim_t kSharedMemoryFile = 32768;  // store.sqlite-shm needs as much
  int killed = 0;
  bool done = false;
  for (rlim_t limit = kSharedMemoryFile + kPage; !done && killed < 1000; limit += kPage) {
    lay_down();
    const pid_t pid = ::fork();
    if (pid == 0) {
      const rlimit no_core{0, 0};
      const rlimit size{limit, limit};
      ::setrlimit(RLIMIT_CORE, &no_core);
      ::setrlimit(RLIMIT_FSIZE, &size);
      ::_exit(Store::open(folder_, Store::Mode::write) ? 0 : 1);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!done) {
      ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ) << "at " << limit;
      ++killed;
    }
    EXPECT_EQ(version(), done ? 3 : 1) << "at " << limit;
    expect_everything(Store::open(folder_, Store::Mode::read).value());
  }
  EXPECT_TRUE(done);
  EXPECT_GT(killed, 3);
  expect_everything(Store::open(folder_, Store::Mode::write).value());
}

}  // namespace
}  // namespace assay
