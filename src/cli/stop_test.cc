// `assay stop` against an ssh that runs what it is told here; tests/e2e/remote.py meets a real one.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "base/shell_word.h"
#include "cli/run_cli_test.h"
#include "support/test_folder.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Stop : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    write("ssh", "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\nshift 2\nexec sh -c \"$1\"\n");
    fs::permissions(folder_ / "ssh", fs::perms::owner_all);
    fs::create_directories(run() / ".launch");
  }
  void TearDown() override {
    fs::remove(run() / "hold");
    FolderTest::TearDown();
  }
  [[nodiscard]] fs::path run() const { return folder_ / "a run"; }

  // Starts `program` under a supervisor as `assay launch` does.
  void launch(const std::string& program) {
    std::ofstream(run() / "hold") << "";
    const std::string supervisor = "sh -c " + shell_word(program) +
                                   "; echo $? >.launch/exit.new; mv .launch/exit.new .launch/exit";
    const std::string line = "cd " + shell_word(run().string()) + " && { setsid sh -c " +
                             shell_word(supervisor) +
                             " </dev/null >/dev/null 2>&1 & pid=$!; sleep 0.3; "
                             "echo \"$pid $(cut -d' ' -f22 /proc/$pid/stat)\" >.launch/pid; }";
    ASSERT_EQ(std::system(line.c_str()), 0);
  }
  Told stop(const std::string& limit_s = "30", const std::string& folder = "") {
    return assay({"stop", "box:" + (folder.empty() ? run().string() : folder), "--limit-s", limit_s,
                  "--ssh", (folder_ / "ssh").string()});
  }
};

TEST_F(Stop, ARunThatHearsTheSignalEndsAndSaysHow) {
  launch("trap 'exit 130' TERM; while [ -e hold ]; do sleep 0.05; done");
  const Told told = stop();
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out,
              HasSubstr("the run has ended with exit code 130: everything answered is kept\n"
                        "bring it:   assay pull box:"));
  const Told again = stop();
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.out, "the run had ended before, with exit code 130\n");
}

TEST_F(Stop, ARunThatDoesNotEndInTimeIsNamed) {
  launch("trap '' TERM; while [ -e hold ]; do sleep 0.05; done");
  const Told told = stop("1");
  EXPECT_EQ(told.exit_code, 3);
  EXPECT_THAT(told.err, HasSubstr(" is still ending after 1 s\n  why: it was asked to; "));
  EXPECT_THAT(told.err, HasSubstr("\n  do:  watch it: assay watch box:"));
}

TEST_F(Stop, WhatIsNoRunIsNamed) {
  const Told none = stop();
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("error: no run was launched in box:"));
  const Told nowhere = stop("5", (folder_ / "nowhere").string());
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("error: there is no folder "));
  const Told no_place = assay({"stop", "run"});
  EXPECT_EQ(no_place.exit_code, 2);
  EXPECT_THAT(no_place.err, HasSubstr("HOST:DIR is wanted"));
  const Told no_time = stop("0");
  EXPECT_EQ(no_time.exit_code, 2);
  EXPECT_THAT(no_time.err, HasSubstr("error: --limit-s 0 is no time to wait\n"));
  std::ofstream(run() / ".launch/pid") << "999999999 1\n";
  const Told gone = stop();
  EXPECT_EQ(gone.exit_code, 3);
  EXPECT_THAT(gone.err, HasSubstr("error: the run is gone without a word\n"));
}

}  // namespace
}  // namespace assay
