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

TEST(SecretNames, AreKnownByTheWordThatMatters) {
  for (const char* name : {"HF_TOKEN",      "OPENAI_API_KEY",
                           "MY_KEY",        "AWS_SECRET_ACCESS_KEY",
                           "PGPASSWORD",    "CLIENT_SECRET",
                           "TOKEN",         "SOMEAPIKEY",
                           "hf_token",      "api_key",
                           "x-api-key",     "apiKey",
                           "accessToken",   "GITHUB_PAT",
                           "HTTP_AUTH",     "Authorization",
                           "auth_header",   "session-cookie",
                           "DB_CREDENTIAL", "GOOGLE_CREDENTIALS",
                           "HF_TOKEN_2",    "OPENAI_API_KEY_PROD",
                           "secret",        "SSL_PASSPHRASE",
                           "authtoken"}) {
    EXPECT_TRUE(is_secret_name(name)) << name;
  }
  for (const char* name : {"ASSAY_RUN_TOKEN",  "HF_TOKEN_PATH",  "TOKENIZERS_PARALLELISM",
                           "MONKEY",           "PATH",           "",
                           "HF_HOME",          "max_tokens",     "max_tokens_key",
                           "tokenizer",        "tokenizer_mode", "eos_token",
                           "think_end_token",  "stop_token_ids", "api_key_env",
                           "prompt_cache_key", "path",           "pattern",
                           "author",           "keyboard",       "SSH_AUTH_SOCK",
                           "return_token_ids", "kv_cache_dtype", "compat",
                           "secretary",        "tokens"}) {
    EXPECT_FALSE(is_secret_name(name)) << name;
  }
}

std::string shape_in(std::string_view text) {
  const auto found = find_secret_shape(text);
  return found ? std::string(text.substr(found->begin, found->size)) : "";
}

// The keys are made up; their forms are those of the services' documentation.
TEST(SecretShapes, AreThoseOfCommonKeys) {
  for (const char* key :
       {"hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567", "sk-abcdefghijklmnop1234",
        "sk-proj-Ab1_cd-efghijkl", "ghp_abcdefghijklmnopqrst012345",
        "github_pat_11ABCDEFG0abcdefghij", "AKIAIOSFODNN7EXAMPLE", "nvapi-abcdefgh01234567",
        "xoxb-123456789012-abcdef", "Bearer abcdef0123456789", "bearer abcdef0123456789",
        "Basic dXNlcjpwYXNzd29yZA1=", "gsk_abcdefghijklmnop1234",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"}) {
    EXPECT_EQ(shape_in(key), key);
    EXPECT_EQ(shape_in(std::string("say \"") + key + "\"!"), key);
  }
  for (const char* text :
       {"sk-learn-pipeline-of-trees", "basic authentication", "Bearer authentication", "hf_token",
        "task-abcdefghijklmnop1234", "eyJ", "a.b.c", "hf_hub_download", "ghp_",
        "disk-0123456789abc", "Qwen/Qwen3-0.6B-GPTQ-Int8"}) {
    EXPECT_EQ(shape_in(text), "") << text;
  }
}

TEST(SecretShapes, UsersOfAddresses) {
  const auto user_in = [](std::string_view text) {
    const auto found = find_url_user(text);
    return found ? std::string(text.substr(found->begin, found->size)) : "";
  };
  EXPECT_EQ(user_in("see https://me:pass@host/v1"), "me:pass");
  EXPECT_EQ(user_in("http://token@host"), "token");
  EXPECT_EQ(user_in("socks5h://:pass@host:1080"), ":pass");
  EXPECT_EQ(user_in("http://a:p@ss@host/x"), "a:p@ss");
  EXPECT_EQ(user_in("https://host/a and https://u:p@b"), "u:p");
  for (const char* text : {"https://host/a@b", "me@host", "https://host and me@host", "://u:p@h"}) {
    EXPECT_EQ(user_in(text), "") << text;
  }
}

// Percent-encoding: RFC 3986; base64 by Python's base64.b64encode(b"user:pa/ss\"1234").
TEST(SecretSpellings, OneSecretInManyForms) {
  const std::vector<std::string> secrets = spellings_of("pa/ss\"1234");
  for (const char* text : {"pa/ss\"1234", "pa%2Fss%221234", "pa%2fss%221234", "pa/ss\\\"1234",
                           "pa\\/ss\\\"1234", "pa/ss&quot;1234", "PA/SS\"1234"}) {
    EXPECT_EQ(without_secrets(text, secrets), "[secret]") << text;
  }
  EXPECT_EQ(without_secrets("Basic dXNlcjpwYS9zcyIxMjM0.", secrets), "Basic dXNlcjpw[secret].");
}

TEST(SecretWords, LoseWhatLooksLikeASecretToo) {
  EXPECT_EQ(
      words_without_secrets("key sk-abcdefghijklmnop1234 at http://u:p@h, and mine", {"mine"}),
      "key [secret] at http://[secret]@h, and [secret]");
  EXPECT_EQ(without_secrets("sk-abcdefghijklmnop1234", {}), "sk-abcdefghijklmnop1234");
}

TEST(SecretValues, AreThoseOfTheEnvironmentAndOfTheTokenFile) {
  const auto home = std::filesystem::temp_directory_path() / "assay_secrets_test";
  ASSERT_TRUE(make_dirs(home));
  ASSERT_TRUE(write_file_atomic(home / "token", "hf_fromthefile\n"));
  ::setenv("HF_HOME", home.c_str(), 1);
  ::setenv("ASSAY_TEST_TOKEN", " hf_plantedplanted ", 1);
  ::setenv("ASSAY_TEST_KEY", "short", 1);
  ::setenv("ASSAY_TEST_PROXY", "http://somebody:of-importance@proxy:3128", 1);
  const auto values = secret_values();
  EXPECT_THAT(values, Contains(kToken));
  EXPECT_THAT(values, Contains("hf_fromthefile"));
  EXPECT_THAT(values, Not(Contains("short")));
  EXPECT_EQ(without_secrets("sent hf_fromthefile short"), "sent [secret] short");
  EXPECT_EQ(without_secrets("proxy user somebody:of-importance, of-importance, somebody"),
            "proxy user [secret], [secret], somebody");
  for (const char* name : {"HF_HOME", "ASSAY_TEST_TOKEN", "ASSAY_TEST_KEY", "ASSAY_TEST_PROXY"}) {
    ::unsetenv(name);
  }
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
