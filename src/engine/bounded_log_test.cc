#include "engine/bounded_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "support/engine.h"

namespace assay::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// 10,000 lines of 10 bytes into a log of 1,000.
TEST(BoundedLog, TheFirstAndTheLastPartAreKept) {
  const TempFolder folder;
  const auto path = folder / "log";
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  const LogBounds bounds{.most = 1000, .first = 300, .last = 200};
  std::size_t longest = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string line = fmt::format("line {:04}\n", i);
    shorten_log(fd.get(), line.size(), bounds);
    ASSERT_EQ(::write(fd.get(), line.data(), line.size()), 10);
    longest = std::max<std::size_t>(longest, std::filesystem::file_size(path));
  }
  EXPECT_LE(longest, 1000U);
  const std::string text = read_text(path);
  EXPECT_THAT(text,
              AllOf(StartsWith("line 0000\nline 0001\n"), HasSubstr("line 0029\n\n[assay: "),
                    HasSubstr(" bytes are left out here"), EndsWith("line 9998\nline 9999\n")));
  // What is left out and what is kept are all that was printed.
  const std::size_t notice = text.find("\n[assay: ");
  const std::size_t end = text.find("]\n", notice);
  EXPECT_EQ(std::stoul(text.substr(notice + 9)) + text.size() - (end + 2 - notice), 100'000U);
  EXPECT_THAT(text, HasSubstr("line 9990\n"));  // at least 180 of the last 200 bytes
}

TEST(BoundedLog, AnythingButAFileIsLeftAlone) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  shorten_log(pipe_ends[1], std::size_t{1} << 40);
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
}

}  // namespace
}  // namespace assay::testing
