// An outage blames nobody: the canary decides (docs/openai_endpoint.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "engine/openai_engine.h"
#include "support/engine.h"
#include "support/fake_server.h"

namespace assay::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class OutageTest : public ::testing::Test {
 protected:
  std::unique_ptr<Engine> engine_at(const FakeServer& server, milliseconds retry_for) {
    EndpointOptions asked = endpoint_options(server.url(), EndpointMode::chat, folder_);
    asked.retry_for = retry_for;
    auto engine = must(OpenAiEngine::start(asked));
    must(engine->open(folder_.path().string(), true, json::object()));
    must(engine->load(json::object(), seconds(1)));
    return engine;
  }
  static void ask(Engine& engine, std::int64_t id, const std::string& text) {
    must(engine.submit(id, RequestKind::generate, must(engine.render({chat_request(text)})).front(),
                       greedy(12), 20));
  }
  // How often a body with this text was asked.
  static int asked_with(const FakeServer& server, const std::string& text) {
    int n = 0;
    for (const json& seen : server.seen()) n += seen["body"].dump().find(text) != std::string::npos;
    return n;
  }
  TempFolder folder_;
};

// A slow answer comes in after the others began to fail, and then nothing does: the server is ill,
// and the answer that came says nothing about who is to blame.
TEST_F(OutageTest, ALateAnswerBlamesNobody) {
  const json ill = {{"do", "status"}, {"status", 502}, {"match", "failing"}};
  json ill_later = ill;
  ill_later.update({{"match", "slow"}, {"after", 1}});
  const FakeServer server(json{{"tokens_per_s", 20}, {"faults", {ill, ill_later}}});
  const auto engine = engine_at(server, milliseconds(1500));
  ask(*engine, 1, "slow");  // it is let through once, and takes 0.6 s
  for (int id = 2; id <= 6; ++id) ask(*engine, id, "failing " + std::to_string(id));
  int answered = 0;
  while (true) {
    const auto event = engine->wait(kPatience);
    ASSERT_TRUE(event);
    if (std::holds_alternative<Died>(*event)) break;
    const auto* one = std::get_if<Answered>(&*event);
    ASSERT_NE(one, nullptr);
    EXPECT_EQ(one->id, 1) << one->response.error;
    ++answered;
  }
  EXPECT_EQ(answered, 1);
  EXPECT_EQ(asked_with(server, "Say yes."), 0);  // the canary is the request that was answered
}

// The server is well again just when the canary asks: who failed before is asked once more.
TEST_F(OutageTest, WhoFailedDuringTheOutageIsAskedOnceMore) {
  // Of each request the first try and the one at the end of its time fail.
  const FakeServer server(
      json{{"faults", {{{"do", "status"}, {"status", 502}, {"match", "question"}, {"times", 4}}}}});
  const auto engine = engine_at(server, milliseconds(300));
  ask(*engine, 1, "a good one");
  EXPECT_EQ(collect(*engine, 1)[1].error, "");
  for (int id = 2; id <= 3; ++id) ask(*engine, id, "question " + std::to_string(id));
  auto answers = collect(*engine, 2);
  for (int id = 2; id <= 3; ++id) EXPECT_EQ(answers[id].error, "");
  EXPECT_EQ(asked_with(server, "question"), 6);
}

// Only a request that fails before and after a good canary is set aside; time and cause are true.
TEST_F(OutageTest, TheGuiltyOneIsSetAside) {
  const FakeServer server(json{{"faults", {{{"do", "status"}, {"match", "poison"}}}}});
  const auto engine = engine_at(server, milliseconds(300));
  ask(*engine, 1, "This is poison.");
  ask(*engine, 2, "This is not.");
  auto answers = collect(*engine, 2);
  EXPECT_EQ(answers[2].error, "");
  EXPECT_THAT(answers[1].error,
              AllOf(HasSubstr("it failed for 0."), HasSubstr("HTTP 500: scripted"),
                    Not(HasSubstr("for 0.0 s"))));
}

TEST_F(OutageTest, AWaitBeyondTheLimitOfOneRequestIsThatRequestsAlone) {
  const FakeServer server(
      json{{"faults",
            {{{"do", "status"}, {"status", 503}, {"match", "poison"}, {"retry_after", "3600"}}}}});
  const auto engine = engine_at(server, seconds(60));
  ask(*engine, 1, "This is poison.");
  ask(*engine, 2, "This is not.");
  auto answers = collect(*engine, 2);
  EXPECT_EQ(answers[2].error, "");
  EXPECT_THAT(answers[1].error, HasSubstr("HTTP 503: scripted"));
}

}  // namespace
}  // namespace assay::testing
