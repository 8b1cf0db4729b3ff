// What is offered where; and bash with the script that is printed for it.
#include <gmock/gmock.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "cli/run_cli_test.h"
#include "support/test_folder.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Completion : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    write("plans/a.yaml",
          "name: t\nvariants: [{name: bf16, model: o/m, baseline: true}, {name: fp8, model: o/f},"
          " {name: fp4, model: o/g}]\ntasks: [{name: aime24, max_gen_toks: 8}]\n");
    write("plans/notes.md", "");
    write("plans/.hidden.yaml", "");
    write("runs/one/store.sqlite", "");
    write("runs/two/notes.txt", "");
    before_ = fs::current_path();
    fs::current_path(folder_);
  }
  void TearDown() override {
    fs::current_path(before_);
    FolderTest::TearDown();
  }
  static std::vector<std::string> offered(std::vector<std::string> words) {
    words.insert(words.begin(), "__complete");
    const Told told = assay(std::move(words));
    EXPECT_EQ(told.exit_code, 0) << told.err;
    EXPECT_EQ(told.err, "");
    std::vector<std::string> lines = split(told.out, '\n');
    lines.pop_back();
    return lines;
  }

  fs::path before_;
};

TEST_F(Completion, OffersCommandsOptionsAndValues) {
  EXPECT_THAT(offered({"comp"}), ElementsAre("compare", "completion"));
  EXPECT_THAT(offered({"data", ""}), ElementsAre("list", "fetch", "check"));
  EXPECT_THAT(offered({"stop", "--l"}), ElementsAre("--limit-s"));
  EXPECT_THAT(offered({"init", "--m"}), ElementsAre("--model", "--max-tokens", "--margin"));
  EXPECT_THAT(offered({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(offered({"check", "x.yaml", "--until", ""}),
              ElementsAre("limits", "decided", "budget"));
  EXPECT_THAT(offered({"pass1", "--accept-missing", ""}), ElementsAre("memory_cgroup"));
  EXPECT_THAT(offered({"power", "--n", ""}), ElementsAre());
  EXPECT_THAT(offered({"nonsense", ""}), Not(Contains("nonsense")));
}

TEST_F(Completion, OffersPlansRunsAndFolders) {
  EXPECT_THAT(offered({"run", "pl"}), ElementsAre("plans/"));
  EXPECT_THAT(offered({"run", "plans/"}), ElementsAre("plans/a.yaml"));
  EXPECT_THAT(offered({"run", "plans/a.yaml", "--out", ""}), ElementsAre("plans/", "runs/"));
  EXPECT_THAT(offered({"report", "runs/"}), ElementsAre("runs/one", "runs/two/"));
  EXPECT_THAT(offered({"history", "runs/one", "runs/"}), ElementsAre("runs/one", "runs/two/"));
  EXPECT_THAT(offered({"check", "plans/a.yaml", ""}), ElementsAre());  // it takes one plan
  EXPECT_THAT(offered({"data", "check", "ru"}), ElementsAre("runs/"));
}

TEST_F(Completion, OffersTasksAndThePlansVariants) {
  EXPECT_THAT(offered({"data", "fetch", "math500", "m"}),
              ElementsAre("math500", "mmlu_pro", "mbpp"));
  EXPECT_THAT(offered({"init", "--tasks", "aime24,math500,a"}), ElementsAre());
  EXPECT_THAT(offered({"init", "--tasks", "math500,m"}),
              ElementsAre("math500,mmlu_pro", "math500,mbpp"));
  EXPECT_THAT(offered({"run", "plans/a.yaml", "--restart-variant=f"}),
              ElementsAre("--restart-variant=fp8", "--restart-variant=fp4"));
  EXPECT_THAT(offered({"run", "plans/a.yaml", "--restart-variant", "=", "f"}),
              ElementsAre("fp8", "fp4"));  // as bash cuts it
  EXPECT_THAT(offered({"run", "plans/a.yaml", "--out", "="}), ElementsAre("plans/", "runs/"));
  EXPECT_THAT(offered({"run", "plans/a.yaml", "--shard", "fp8,f"}), ElementsAre("fp8,fp4"));
  EXPECT_THAT(offered({"run", "plans/a.yaml", "--shard", "fp8:a"}), ElementsAre("fp8:aime24"));
  EXPECT_THAT(offered({"run", "plans/a.yaml", "--shard", "fp8", ":"}), ElementsAre("aime24"));
  EXPECT_THAT(offered({"run", "plans/a.yaml", "--shard", "fp8", ":", "a"}), ElementsAre("aime24"));
  EXPECT_THAT(offered({"run", "plans/a.yaml", "--shard", "fp8#"}), ElementsAre());
}

TEST_F(Completion, BashAsksTheProgram) {
  // A program of that name that answers as the real one would.
  write("bin/assay", "#!/bin/sh\nshift\nprintf '%s\\n' \"$#:$*\" 'demo runs'\n");
  fs::permissions("bin/assay", fs::perms::owner_all);
  write("script", assay({"completion", "bash"}).out);
  write("ask",
        "source ./script\nCOMP_WORDS=(bin/assay run \"\")\nCOMP_CWORD=2\n_assay\n"
        "printf '[%s]' \"${COMPREPLY[@]}\"\n");
  FILE* pipe = ::popen("bash ask 2>&1", "r");
  ASSERT_NE(pipe, nullptr);
  std::string said(200, '\0');
  said.resize(std::fread(said.data(), 1, said.size(), pipe));
  EXPECT_EQ(::pclose(pipe), 0);
  EXPECT_EQ(said, "[2:run ][demo runs]");
}

TEST_F(Completion, AShellThatIsNotKnownIsNamed) {
  const Told told = assay({"completion", "fishy"});
  EXPECT_EQ(told.exit_code, 2);
  EXPECT_THAT(told.err, HasSubstr("there is no completion for the shell 'fishy'"));
  EXPECT_THAT(told.err, HasSubstr("do:  write assay completion fish"));
  for (const char* shell : {"zsh", "fish"}) {
    EXPECT_THAT(assay({"completion", shell}).out, HasSubstr("__complete"));
  }
}

}  // namespace
}  // namespace assay
