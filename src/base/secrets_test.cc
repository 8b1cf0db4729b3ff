#include "base/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"

namespace assay {
namespace {

using testing::Contains;
using testing::Not;

constexpr std::string_view kToken = "hf_plantedplanted";

TEST(SecretNames, AreKnownByTheirLastWord) {
  for (const char* name : {"HF_TOKEN", "OPENAI_API_KEY", "MY_KEY", "AWS_SECRET_ACCESS_KEY",
                           "PGPASSWORD", "CLIENT_SECRET", "TOKEN", "SOMEAPIKEY"}) {
    EXPECT_TRUE(is_secret_name(name)) << name;
  }
  for (const char* name : {"ASSAY_RUN_TOKEN", "HF_TOKEN_PATH", "TOKENIZERS_PARALLELISM", "MONKEY",
                           "PATH", "", "HF_HOME"}) {
    EXPECT_FALSE(is_secret_name(name)) << name;
  }
}

TEST(SecretValues, AreThoseOfTheEnvironmentAndOfTheTokenFile) {
  const auto home = std::filesystem::temp_directory_path() / "assay_secrets_test";
  ASSERT_TRUE(make_dirs(home));
  ASSERT_TRUE(write_file_atomic(home / "token", "hf_fromthefile\n"));
  ::setenv("HF_HOME", home.c_str(), 1);
  ::setenv("ASSAY_TEST_TOKEN", " hf_plantedplanted ", 1);
  ::setenv("ASSAY_TEST_KEY", "short", 1);
  const auto values = secret_values();
  EXPECT_THAT(values, Contains(kToken));
  EXPECT_THAT(values, Contains("hf_fromthefile"));
  EXPECT_THAT(values, Not(Contains("short")));
  EXPECT_EQ(without_secrets("sent hf_fromthefile short"), "sent [secret] short");
  for (const char* name : {"HF_HOME", "ASSAY_TEST_TOKEN", "ASSAY_TEST_KEY"}) ::unsetenv(name);
  std::filesystem::remove_all(home);
}

TEST(SecretFilter, SeesASecretHoweverItIsCut) {
  const std::string text = "a hf_planted hf_plantedplanted, hf_hf_plantedplanted\n";
  const std::string expected = "a hf_planted [secret], hf_[secret]\n";
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      SecretFilter filter({std::string(kToken)});
      std::string out = filter.feed(text.substr(0, first));
      out += filter.feed(text.substr(first, second - first));
      out += filter.feed(text.substr(second));
      out += filter.finish();
      ASSERT_EQ(out, expected) << first << " " << second;
    }
  }
}

TEST(SecretFilter, HoldsBackNoMoreThanItMust) {
  SecretFilter filter({std::string(kToken)});
  EXPECT_EQ(filter.feed("all of this line\n"), "all of this line\n");
  EXPECT_EQ(filter.feed("token: hf_plan"), "token: ");
  EXPECT_EQ(filter.feed("e\n"), "hf_plane\n");
  EXPECT_EQ(filter.feed("hf_"), "");
  EXPECT_EQ(filter.finish(), "hf_");
}

TEST(SecretFilter, TheLongerOfTwoGoesFirst) {
  SecretFilter filter({"abcdefgh", "abcdefghijkl"});
  EXPECT_EQ(filter.feed("abcdefghij"), "");  // may become the longer one
  EXPECT_EQ(filter.feed("kl abcdefgh."), "[secret] [secret].");
  EXPECT_EQ(SecretFilter({}).feed("abcdefgh"), "abcdefgh");
}

}  // namespace
}  // namespace assay
