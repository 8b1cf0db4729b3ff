// Files that are none, text that steers, and what killed processes leave.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/files.h"
#include "base/stale_files.h"
#include "base/visible.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

TEST(OddFiles, WhatMayNeverEndIsRefused) {
  const fs::path fifo = fs::path(testing::TempDir()) / ("assay_fifo_" + std::to_string(::getpid()));
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {fifo.string(), std::string("/dev/zero")}) {
    const auto content = read_file(path);
    ASSERT_FALSE(content) << path;
    EXPECT_EQ(content.error().kind, ErrorKind::usage);
    EXPECT_EQ(content.error().why, "it is no regular file");
  }
  fs::remove(fifo);
}

TEST(StaleFiles, OfDeadProcessesGo) {
  const fs::path folder =
      fs::path(testing::TempDir()) / ("assay_stale_" + std::to_string(::getpid()));
  ASSERT_TRUE(make_dirs(folder));
  const std::string own = ".results.json." + std::to_string(::getpid());
  // No process can have the number 2^31 - 1: Linux gives them up to 2^22.
  for (const std::string& name :
       {std::string(".samples_math500_x.jsonl.2147483647"), own, std::string(".lock"),
        std::string("a.json.2147483647"), std::string(".x.2147483647"), std::string(".a.b.c")}) {
    std::ofstream(folder / name) << "x";
  }
  remove_stale_temporaries(folder);
  EXPECT_FALSE(fs::exists(folder / ".samples_math500_x.jsonl.2147483647"));
  for (const std::string& kept : {own, std::string(".lock"), std::string("a.json.2147483647"),
                                  std::string(".x.2147483647"), std::string(".a.b.c")}) {
    EXPECT_TRUE(fs::exists(folder / kept)) << kept;
  }
  fs::remove_all(folder);
}

TEST(VisibleText, SpellsOutWhatSteers) {
  EXPECT_EQ(visible_text("a\x1b[31mb\a\n\tc\x7f"), "a\\x1b[31mb\\x07\n\tc\\x7f");
  EXPECT_EQ(visible_text("\xe2\x80\xae"
                         "evil\xe2\x81\xa6"),
            "\\u202eevil\\u2066");  // RLO, LRI
  EXPECT_EQ(visible_text("\xc2\x9b"
                         "2J"),
            "\\x9b2J");  // CSI as one character of C1
  EXPECT_EQ(visible_text("Größe 中文 \xff"), "Größe 中文 \xef\xbf\xbd");
}

}  // namespace
}  // namespace assay
