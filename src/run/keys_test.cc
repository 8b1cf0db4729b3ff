// What decides a stored answer's name, and what does not.
#include "run/keys.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

using nlohmann::json;

ResolvedRun served(const std::string& url, const std::string& mode) {
  ResolvedRun run;
  run.plan.name = "p";
  run.plan.engine.kind = "openai";
  run.plan.engine.args = {{"base_url", url}, {"mode", mode}, {"max_concurrency", 4}};
  VariantSpec spec{"a", "m", "", true, {{"retry_for", 5.0}}};
  run.plan.variants = {spec};
  run.variants = {ResolvedVariant{spec, "", "", "fingerprint"}};
  return run;
}

TEST(Keys, AServerMayMove) {
  EXPECT_EQ(frozen_hash(freeze(served("http://a/v1", "chat"))),
            frozen_hash(freeze(served("http://b/v1", "chat"))));
  EXPECT_NE(frozen_hash(freeze(served("http://a/v1", "chat"))),
            frozen_hash(freeze(served("http://a/v1", "completions"))));
  const json args = {{"base_url", "http://a/v1"}, {"api_key_env", "K"}, {"prompt", "text"}};
  EXPECT_EQ(identity_args("openai", args), json({{"mode", "chat"}, {"prompt", "text"}}));
  EXPECT_EQ(identity_args("vllm", args), args);
}

// Stores that were written before penalties were known keep their keys.
TEST(Keys, PenaltiesCountOnlyWhereTheyAreOn) {
  const ResolvedVariant variant{{}, "", "", "fingerprint"};
  const auto key = [&](const Sampling& sampling) {
    return response_key(variant, {"vllm", {}, {}}, RequestKind::generate, {"", {1, 2}, {}},
                        sampling, 0);
  };
  EXPECT_EQ(to_json(Sampling{}), json::parse(R"({"max_tokens": 0, "temperature": 0.0, "top_p": 1.0,
                                                 "top_k": 0, "min_p": 0.0, "stop": []})"));
  EXPECT_NE(key({}), key({.presence_penalty = 1.5}));
  EXPECT_NE(key({}), key({.frequency_penalty = 0.5}));
  EXPECT_NE(key({}), key({.repetition_penalty = 1.1}));
}

TEST(Keys, AChatHasNoTokensAndItsTextDecides) {
  const ResolvedVariant variant{{}, "", "", "fingerprint"};
  const auto key = [&](const Rendered& rendered) {
    return response_key(variant, {"openai", {}, {}}, RequestKind::generate, rendered, {}, 0);
  };
  EXPECT_NE(key({"one", {}, {}}), key({"two", {}, {}}));
  EXPECT_EQ(key({"one", {1, 2}, {}}), key({"two", {1, 2}, {}}));  // the engine sees tokens only
  EXPECT_NE(key({"one", {1, 2}, {}}), key({"one", {1, 3}, {}}));
}

}  // namespace
}  // namespace assay
