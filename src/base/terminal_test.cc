#include "base/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/unique_fd.h"

namespace assay {
namespace {

// The terminal's end of a pair, with so many columns.
class Terminal {
 public:
  explicit Terminal(unsigned short columns) : master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    EXPECT_EQ(::grantpt(master_.get()), 0);
    EXPECT_EQ(::unlockpt(master_.get()), 0);
    char name[128] = {};
    EXPECT_EQ(::ptsname_r(master_.get(), name, sizeof name), 0);
    end_ = UniqueFd(::open(name, O_RDWR | O_NOCTTY));
    const winsize size{24, columns, 0, 0};
    EXPECT_EQ(::ioctl(end_.get(), TIOCSWINSZ, &size), 0);
  }
  [[nodiscard]] int fd() const { return end_.get(); }

 private:
  UniqueFd master_;
  UniqueFd end_;
};

class Variables : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("NO_COLOR");
  }
};

TEST_F(Variables, ColoursGoToTerminalsThatWantThem) {
  const Terminal terminal(60);
  EXPECT_TRUE(takes_colour(terminal.fd()));
  ::setenv("NO_COLOR", "", 1);  // no-color.org: an empty one says nothing
  EXPECT_TRUE(takes_colour(terminal.fd()));
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(takes_colour(terminal.fd()));
  EXPECT_TRUE(draws_over(terminal.fd()));
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(takes_colour(terminal.fd()));
  EXPECT_FALSE(draws_over(terminal.fd()));
}

TEST_F(Variables, APipeIsNoTerminal) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd read(ends[0]);
  const UniqueFd write(ends[1]);
  EXPECT_FALSE(takes_colour(write.get()));
  EXPECT_FALSE(draws_over(write.get()));
  EXPECT_EQ(columns_of(write.get()), 0U);
}

TEST_F(Variables, ColumnsAreTheTerminalsOwn) {
  EXPECT_EQ(columns_of(Terminal(60).fd()), 60U);
  EXPECT_EQ(columns_of(Terminal(0).fd()), 80U);
}

TEST(Cells, CountWideCharactersTwiceAndColoursNotAtAll) {
  EXPECT_EQ(cells_of("abc…"), 4U);
  EXPECT_EQ(cells_of("基线："), 6U);
  EXPECT_EQ(cells_of("\033[31mWORSE\033[0m"), 5U);
  EXPECT_EQ(cut_to("Loading weights", 15), "Loading weights");
  EXPECT_EQ(cut_to("Loading weights", 9), "Loading …");
  EXPECT_EQ(cut_to("基线基线", 5), "基线…");
  EXPECT_EQ(cut_to("abc", 0), "");
}

TEST(Wrapped, BreaksBetweenWordsAndIndents) {
  EXPECT_EQ(wrapped("one two three", 8), "one two\nthree");
  EXPECT_EQ(wrapped("one two three four", 9, 2), "one two\n  three\n  four");
  EXPECT_EQ(wrapped("a averyveryverylongword b", 8, 2), "a\n  averyveryverylongword\n  b");
  EXPECT_EQ(wrapped("one two three", 0, 2), "one two three");
  EXPECT_EQ(wrapped("基线相差不大", 9), "基线相差\n不大");
  EXPECT_EQ(wrapped("基线相差，不大", 8), "基线相\n差，不大");  // no line begins with a comma
}

}  // namespace
}  // namespace assay
