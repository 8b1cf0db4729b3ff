// ssh's words as OpenSSH 9.2 writes them; tests/e2e/remote.py meets a real sshd.
#include "cli/remote.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using testing::HasSubstr;

TEST(ParsePlace, TakesHostAndFolder) {
  const auto place = parse_place("me@box:/data/a b//");
  ASSERT_TRUE(place.has_value());
  EXPECT_EQ(place->host, "me@box");
  EXPECT_EQ(place->folder, "/data/a b");
  EXPECT_EQ(place->name(), "a b");
  EXPECT_EQ(parse_place("[::1]:/run")->host, "[::1]");
  EXPECT_EQ(parse_place("[::1]:/run")->folder, "/run");
}

TEST(ParsePlace, RefusesWhatCouldBeAnOption) {
  for (const char* bad : {"", "box", "box:", ":/x", "-oProxyCommand=x:/x", "box:-x", "box:/",
                          "box:~", "box:/x/..", "./a:b", "two words:/x"}) {
    const auto place = parse_place(bad);
    ASSERT_FALSE(place.has_value()) << bad;
    EXPECT_EQ(place.error().kind, ErrorKind::usage);
  }
}

TEST(ShellWord, KeepsEveryCharacter) {
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's $HOME"), R"('it'\''s $HOME')");
}

TEST(RemoteCommand, NeverAsks) {
  const Remote remote = make_remote({"box", "/x"}, "ssh -F conf");
  const auto argv = remote_command(remote, "echo $1", {"a b"});
  EXPECT_EQ(argv[0], "ssh");
  EXPECT_THAT(argv, testing::Contains("BatchMode=yes"));
  EXPECT_EQ(argv[argv.size() - 2], "box");
  EXPECT_EQ(argv.back(), "sh -c 'echo $1' sh 'a b'");
}

TEST(ConnectionError, TellsCausesApart) {
  const RemotePlace place{"me@box", "/x"};
  const Error changed =
      connection_error(place, "cannot pull",
                       "@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@\n"
                       "Offending ED25519 key in /k:1\nHost key verification failed.\n");
  EXPECT_EQ(changed.what, "the host key of me@box has changed");
  EXPECT_EQ(changed.why, "Offending ED25519 key in /k:1");
  EXPECT_THAT(changed.fix, HasSubstr("ssh-keygen -R box"));
  const Error password =
      connection_error(place, "cannot pull", "me@box: Permission denied (publickey,password).\n");
  EXPECT_THAT(password.what, HasSubstr("without a password"));
  const Error refused = connection_error(
      place, "cannot pull", "ssh: connect to host box port 22: Connection refused\r\n");
  EXPECT_EQ(refused.what, "me@box cannot be reached");
  const Error lost = connection_error(
      place, "cannot pull", "rsync: connection unexpectedly closed (9 bytes received so far)\n");
  EXPECT_EQ(lost.what, "cannot pull");
  EXPECT_THAT(lost.fix, HasSubstr("goes on where it stopped"));
}

}  // namespace
}  // namespace assay
