// The hub client against a shell script in the interpreter's place; the Python side has its own
// tests against a hub on loopback (worker/tests/test_hub.py).
#include "data/hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Hub : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("hub_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  HubClient client(const std::string& script) {
    const fs::path file = folder_ / "python";
    std::ofstream(file) << "#!/bin/sh\n" << script;
    fs::permissions(file, fs::perms::owner_all);
    HubClient made;
    made.python = file.string();
    return made;
  }
  static std::string answer(const std::string& status, const std::string& message = "") {
    return R"(echo '{"id": "o/n", "kind": "model", "revision": "", "status": ")" + status +
           R"(", "renamed_to": "", "commit": "", "folder": "", "files": 0, "bytes": 0, "message": ")" +
           message + "\"}'\n";
  }

  fs::path folder_;
};

// A Ctrl-C goes to a whole session: a client that died of it would look like a broken one.
TEST_F(Hub, TheClientHasASessionOfItsOwn) {
  const auto result = hub_fetch(
      client("read -r _ _ _ _ _ session _ < /proc/$$/stat\n" + answer("ok", "'$session'")),
      {.id = "o/n"});
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  EXPECT_THAT(result->message, testing::MatchesRegex("[0-9]+"));
  EXPECT_NE(result->message, std::to_string(::getsid(0)));
}

TEST_F(Hub, PassesTheRequestAndReadsTheAnswer) {
  const HubClient made = client(R"(echo "$@" > "$0.args"
[ "$HF_HOME" = /hf ] || exit 7
echo '{"id": "o/n", "kind": "dataset", "revision": "v1", "status": "renamed", "renamed_to": "o/m", "commit": "0123456789012345678901234567890123456789", "folder": "/hf/x", "files": 2, "bytes": 65000000000, "message": "it is now called o/m"}'
)");
  HubClient with_env = made;
  with_env.env = {{"HF_HOME", "/hf"}};
  const auto result =
      hub_fetch(with_env, {HubKind::dataset, "o/n", "v1", {"data/*.parquet", "*.jsonl"}, true});
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  EXPECT_EQ(result->status, HubStatus::renamed);
  EXPECT_TRUE(result->usable());
  EXPECT_EQ(result->renamed_to, "o/m");
  EXPECT_EQ(result->commit, "0123456789012345678901234567890123456789");
  EXPECT_EQ(result->folder, "/hf/x");
  EXPECT_EQ(result->files, 2);
  EXPECT_EQ(result->bytes, 65'000'000'000U);
  EXPECT_EQ(result->message, "it is now called o/m");
  std::ifstream args(made.python + ".args");
  std::string line;
  std::getline(args, line);
  EXPECT_EQ(line,
            "-m assay_worker.hub fetch --kind=dataset --id=o/n --revision=v1 "
            "--allow=data/*.parquet --allow=*.jsonl --offline");
}

TEST_F(Hub, TellsWhatHasComeBeforeTheAnswer) {
  HubClient watched = client(R"(case "$*" in *--progress*) ;; *) exit 7;; esac
echo '{"fetched_bytes": 0, "to_fetch_bytes": 500}'
sleep 0.2
echo '{"fetched_bytes": 300, "to_fetch_bytes": 500}'
sleep 0.2
)" + answer("ok", "done"));
  std::vector<std::uint64_t> come;
  watched.on_fetch = [&](const HubRequest& request, const HubProgress& seen) {
    EXPECT_EQ(request.id, "o/n");
    EXPECT_EQ(seen.to_fetch_bytes, 500U);
    come.push_back(seen.fetched_bytes);
  };
  const auto result = hub_fetch(watched, {.id = "o/n"});
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  EXPECT_EQ(result->message, "done");
  EXPECT_THAT(come, testing::ElementsAre(0U, 300U));
}

TEST_F(Hub, EveryStatusIsItsOwn) {
  for (const HubStatus status :
       {HubStatus::ok, HubStatus::renamed, HubStatus::gated, HubStatus::missing,
        HubStatus::rate_limited, HubStatus::offline, HubStatus::error}) {
    const auto result = hub_fetch(client(answer(to_string(status), "why")), {.id = "o/n"});
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(result->status, status);
    EXPECT_EQ(result->usable(), status == HubStatus::ok || status == HubStatus::renamed);
    EXPECT_EQ(result->message, "why");
  }
}

TEST_F(Hub, AHelperThatBreaksItsProtocolIsAnError) {
  for (const std::string& script :
       {std::string("exit 0\n"), std::string("echo not json\n"), std::string("echo '[]'\n"),
        std::string("echo '{\"status\": \"ok\"}'\n"), answer("splendid"),
        std::string("echo 'No module named assay_worker' >&2; exit 1\n")}) {
    const auto result = hub_fetch(client(script), {.id = "o/n"});
    ASSERT_FALSE(result.has_value()) << script;
    EXPECT_EQ(result.error().kind, ErrorKind::environment);
    EXPECT_EQ(result.error().what, "cannot ask the hub about o/n");
  }
  const auto failed = hub_fetch(
      client("echo noise >&2; echo 'No module named assay_worker' >&2; exit 1\n"), {.id = "o/n"});
  EXPECT_EQ(failed.error().why, "its helper ended with 1: No module named assay_worker");
}

TEST_F(Hub, NoMessageHoldsAToken) {
  ::setenv("HF_TOKEN", "hf_plantedplanted", 1);
  const auto said = hub_fetch(client(answer("gated", "hf_plantedplanted may not")), {.id = "o/n"});
  const auto failed = hub_fetch(client("echo sent hf_plantedplanted >&2; exit 1\n"), {.id = "o/n"});
  ::unsetenv("HF_TOKEN");
  ASSERT_TRUE(said.has_value());
  EXPECT_EQ(said->message, "[secret] may not");
  EXPECT_EQ(failed.error().why, "its helper ended with 1: sent [secret]");
}

TEST_F(Hub, NoPythonAndNoAnswerInTime) {
  const auto none = hub_fetch({}, {.id = "o/n"});
  ASSERT_FALSE(none.has_value());
  EXPECT_THAT(none.error().fix, HasSubstr("ASSAY_PYTHON"));
  HubClient slow = client("exec sleep 60\n");
  slow.timeout = std::chrono::seconds(1);
  const auto late = hub_fetch(slow, {.id = "o/n"});
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().why, "no answer within 1 s");
}

TEST_F(Hub, ErrorsSayWhatToDo) {
  const HubRequest hle{HubKind::dataset, "cais/hle", "", {}, false};
  HubResult result;
  result.status = HubStatus::gated;
  result.message = "Access is restricted";
  const Error gated = hub_error(hle, result);
  EXPECT_EQ(gated.what, "dataset cais/hle: gated");
  EXPECT_EQ(gated.why, "Access is restricted");
  EXPECT_THAT(gated.fix, HasSubstr("if_gated: skip"));
  EXPECT_EQ(gated.kind, ErrorKind::environment);
  result.status = HubStatus::missing;
  EXPECT_EQ(hub_error(hle, result).kind, ErrorKind::usage);
  for (const HubStatus status : {HubStatus::rate_limited, HubStatus::offline, HubStatus::error}) {
    result.status = status;
    EXPECT_FALSE(hub_error(hle, result).fix.empty());
  }
}

}  // namespace
}  // namespace assay
