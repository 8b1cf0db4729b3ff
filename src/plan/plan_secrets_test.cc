// What a plan may not hold, because it is copied into the results (docs/secrets.md).
#include <gtest/gtest.h>

#include "plan/plan.h"

namespace assay {
namespace {

// Of a plan with this in it: the first line of its error, or "" where it is taken.
std::string refusal_of(const std::string& rest) {
  const std::string yaml = "name: p\n" + rest +
                           "\nvariants: [{name: a, model: o/a, baseline: true}]\n"
                           "tasks: [{name: aime24}]\n";
  const auto plan = parse_plan(yaml, "p.yaml", {{"aime24", {}}});
  if (plan) return "";
  const std::string text = plan.error().to_string();
  for (const char* secret : {"open-sesame", "AbCdEf01234567"}) {
    EXPECT_EQ(text.find(secret), std::string::npos) << text;
  }
  EXPECT_FALSE(plan.error().why.empty());
  EXPECT_NE(plan.error().fix.find("environment"), std::string::npos) << text;
  EXPECT_EQ(plan.error().kind, ErrorKind::usage);
  return plan.error().what;
}

TEST(PlanSecrets, ASettingThatIsNamedLikeOneIsRefused) {
  for (const char* key :
       {"hf_token", "api_key", "apiKey", "github_pat", "AUTH", "db-password", "Cookie"}) {
    const std::string name = key;
    EXPECT_EQ(refusal_of("env: {" + name + ": open-sesame}"),
              "p.yaml:2:7: " + name + " does not belong in a plan");
    EXPECT_EQ(refusal_of("engine: {" + name + ": open-sesame}"),
              "p.yaml:2:10: " + name + " does not belong in a plan");
    EXPECT_EQ(refusal_of("engine: {a: [{headers: {" + name + ": [open-sesame]}}]}"),
              "p.yaml:2:25: " + name + " does not belong in a plan");
    EXPECT_EQ(refusal_of("chat: {template_args: {" + name + ": '1234'}}"),
              "p.yaml:2:24: " + name + " does not belong in a plan");
  }
}

TEST(PlanSecrets, AValueThatLooksLikeOneIsRefused) {
  for (const char* value :
       {"hf_AbCdEf01234567", "sk-AbCdEf01234567", "ghp_AbCdEf01234567", "github_pat_AbCdEf01234567",
        "nvapi-AbCdEf01234567", "'Bearer AbCdEf01234567'", "xoxb-AbCdEf01234567"}) {
    EXPECT_EQ(refusal_of(std::string("env: {A: ") + value + "}"),
              "p.yaml:2:10: A holds what looks like a secret")
        << value;
    EXPECT_EQ(refusal_of(std::string("engine: {a: {b: [x, ") + value + "]}}"),
              "p.yaml:2:21: b holds what looks like a secret")
        << value;
    EXPECT_NE(refusal_of(std::string("engine: {") + value + ": 1}"), "") << value;
  }
}

TEST(PlanSecrets, AnAddressWithAUserOrAKeyIsRefused) {
  for (const char* url :
       {"http://me:open-sesame@proxy:3128", "https://open-sesame@hub.example/x",
        "https://h/v1?api_key=open-sesame", "https://h/v1?a=1&token=open-sesame"}) {
    EXPECT_EQ(refusal_of(std::string("env: {HTTPS_PROXY: '") + url + "'}"),
              "p.yaml:2:20: HTTPS_PROXY holds an address with a user, password or key in it")
        << url;
  }
  EXPECT_EQ(refusal_of("env: {HF_ENDPOINT: 'https://hub.example/x?page=1'}"), "");
}

TEST(PlanSecrets, WhatOnlySharesAWordIsTaken) {
  EXPECT_EQ(refusal_of("engine: {hf_token: true, max_num_batched_tokens: 64, tokenizer: o/t, "
                       "eos_token: '</s>', a: {properties: {token: {type: string}}}, "
                       "prompt_cache_key: abc, auth: null}\n"
                       "env: {TOKENIZERS_PARALLELISM: 'false', HF_HOME: /a/b, MONKEY: banana}"),
            "");
}

}  // namespace
}  // namespace assay
