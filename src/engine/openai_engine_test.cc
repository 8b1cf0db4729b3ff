// What an endpoint can do wrong, and what comes of it (docs/openai_endpoint.md).
#include "engine/openai_engine.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/unique_fd.h"
#include "support/engine.h"
#include "support/fake_server.h"

namespace assay::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class EndpointTest : public ::testing::Test {
 protected:
  EndpointOptions options(const FakeServer& server, EndpointMode mode = EndpointMode::chat) const {
    return endpoint_options(server.url(), mode, folder_);
  }
  std::unique_ptr<Engine> loaded(EndpointOptions options) {
    auto engine = must(OpenAiEngine::start(std::move(options)));
    must(engine->open(folder_.path().string(), true, json::object()));
    must(engine->load(json::object(), seconds(1)));
    return engine;
  }
  void ask(Engine& engine, std::int64_t id, const std::string& text, int max_tokens = 12) {
    must(engine.submit(id, RequestKind::generate, must(engine.render({chat_request(text)})).front(),
                       greedy(max_tokens), 20));
  }
  // One question to a server with these faults.
  Response answer_despite(const json& faults) {
    const FakeServer server(json{{"faults", faults}});
    const auto engine = loaded(options(server));
    ask(*engine, 1, "What is two and two?");
    return collect(*engine, 1)[1];
  }
  // The death of an engine whose every request goes wrong that way.
  Died death_of(const json& fault, milliseconds retry_for = milliseconds(200)) {
    const FakeServer server(json{{"faults", json::array({fault})}});
    EndpointOptions impatient = options(server);
    impatient.retry_for = retry_for;
    const auto engine = loaded(impatient);
    ask(*engine, 1, "What is two and two?");
    const auto died = next_event<Died>(*engine);
    if (!died) return {};
    EXPECT_TRUE(died->final);
    EXPECT_EQ(died->unanswered, std::vector<std::int64_t>{1});
    EXPECT_FALSE(engine->wait(milliseconds(0)));
    EXPECT_FALSE(engine->stats());
    return *died;
  }
  std::string start_error(const FakeServer& server, const std::string& model = "fake-model",
                          const std::string& key = "", milliseconds patience = kPatience) {
    EndpointOptions asked = options(server);
    asked.model = model;
    asked.start_patience = patience;
    asked.api_key = key;
    if (!key.empty()) asked.api_key_env = "SOME_KEY";
    const auto engine = OpenAiEngine::start(asked);
    return engine ? "" : why(engine.error());
  }

  TempFolder folder_;
};

// --- meeting the server ---

TEST_F(EndpointTest, AServerThatIsNoEndpoint) {
  const FakeServer html(json{{"faults", {{{"path", "models"}, {"do", "html"}}}}});
  EXPECT_THAT(start_error(html), AllOf(HasSubstr("is no OpenAI-compatible endpoint"),
                                       HasSubstr("HTTP 200 with a page of HTML, 'Sign in'"),
                                       HasSubstr("base_url usually ends in /v1")));
  const FakeServer broken(json{
      {"faults", {{{"path", "models"}, {"do", "status"}, {"status", 200}, {"body", "{\"da"}}}}});
  EXPECT_THAT(start_error(broken), HasSubstr("is no OpenAI-compatible endpoint"));
  const FakeServer moved(json{{"faults", {{{"path", "models"}, {"do", "redirect"}}}}});
  EXPECT_THAT(start_error(moved), HasSubstr("gives HTTP 307"));
}

TEST_F(EndpointTest, AModelThatIsNotServed) {
  const FakeServer server(json{{"model", "this-one"}});
  EXPECT_THAT(start_error(server, "that-one"),
              AllOf(HasSubstr("does not serve 'that-one'"), HasSubstr("it serves this-one")));
}

TEST_F(EndpointTest, NobodyThere) {
  FakeServer server(json::object());
  server.kill();
  EXPECT_THAT(start_error(server, "fake-model", "", milliseconds(300)),
              HasSubstr("does not answer"));
}

// It takes the connection and never says a word; stall_timeout is ten minutes.
TEST_F(EndpointTest, AServerThatIsSilentIsGivenUpByTheDeadline) {
  const UniqueFd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listening.get(), 8), 0);
  ASSERT_EQ(::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  EndpointOptions asked;
  asked.base_url = fmt::format("http://127.0.0.1:{}/v1", ntohs(address.sin_port));
  asked.model = "m";
  asked.until = Deadline::in(std::chrono::seconds(1));
  const auto since = std::chrono::steady_clock::now();
  const auto started = OpenAiEngine::start(asked);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().why, "it is silent (tried for 1.0 s)");
  EXPECT_LT(std::chrono::steady_clock::now() - since, std::chrono::seconds(20));
}

TEST_F(EndpointTest, AServerThatIsStillStarting) {
  const FakeServer server(
      json{{"faults", {{{"path", "models"}, {"do", "status"}, {"status", 503}, {"times", 2}}}}});
  EXPECT_EQ(start_error(server), "");
}

TEST_F(EndpointTest, TheKeyIsSentAndNowhereElse) {
  const std::string key = "sk-very-secret-1234";
  const FakeServer server(json{{"api_key", key}});
  EXPECT_THAT(start_error(server, "fake-model", "sk-other-key"),
              AllOf(HasSubstr("refuses the key"), HasSubstr("check the variable SOME_KEY"),
                    HasSubstr("[secret]"), Not(HasSubstr("sk-other-key"))));
  EXPECT_THAT(start_error(server), HasSubstr("name the key's variable"));
  EndpointOptions with_key = options(server);
  with_key.api_key = key;
  const auto engine = must(OpenAiEngine::start(with_key));
  must(engine->open("", true, json::object()));
  const LoadFacts model = must(engine->load(json::object(), seconds(1)));
  ask(*engine, 1, "hello");
  EXPECT_EQ(collect(*engine, 1)[1].error, "");
  EXPECT_EQ(server.seen().back()["authorization"], "Bearer " + key);
  EXPECT_THAT(server.seen().back()["body"].dump(), Not(HasSubstr(key)));
  EXPECT_THAT(to_json(model).dump(), Not(HasSubstr(key)));
  EXPECT_THAT(read_text(folder_ / "endpoint.log"), Not(HasSubstr("secret")));
}

// --- what is sent ---

TEST_F(EndpointTest, VllmGetsTokenIdsAndEverySamplingParameter) {
  const FakeServer server(json::object());
  const auto engine = loaded(options(server, EndpointMode::completions));
  Sampling sampling = greedy(7);
  sampling.stop = {"\n\n"};
  const Rendered prompt = must(engine->render({chat_request("one two")})).front();
  must(engine->submit(1, RequestKind::generate, prompt, sampling, 20));
  EXPECT_EQ(collect(*engine, 1)[1].error, "");
  const json expected = {{"model", "fake-model"}, {"prompt", prompt.prompt_tokens},
                         {"max_tokens", 7},       {"temperature", 0.0},
                         {"top_p", 1.0},          {"top_k", 0},
                         {"min_p", 0.0},          {"repetition_penalty", 1.0},
                         {"stop", {"\n\n"}},      {"return_token_ids", true},
                         {"stream", true},        {"stream_options", {{"include_usage", true}}}};
  EXPECT_EQ(server.seen().back()["body"], expected);
}

TEST_F(EndpointTest, OthersGetWhatOpenAiDescribes) {
  const FakeServer server(json{{"vllm", false}});
  EndpointOptions asked = options(server);
  asked.extra_body = {{"reasoning_effort", "low"}};
  const auto engine = loaded(asked);
  ask(*engine, 1, "one two", 5);
  const Response response = collect(*engine, 1)[1];
  EXPECT_THAT(response.token_ids, SizeIs(0));
  EXPECT_EQ(response.unlisted_tokens, 5);
  EXPECT_EQ(output_tokens(response), 5);
  EXPECT_GT(response.prompt_tokens, 0);
  const json expected = {{"model", "fake-model"},
                         {"messages", {{{"role", "user"}, {"content", "one two"}}}},
                         {"max_tokens", 5},
                         {"temperature", 0.0},
                         {"top_p", 1.0},
                         {"stream", true},
                         {"stream_options", {{"include_usage", true}}},
                         {"reasoning_effort", "low"}};
  EXPECT_EQ(server.seen().back()["body"], expected);
}

TEST_F(EndpointTest, EchoGivesLogLikelihoodsWhereThereIsNoVllm) {
  for (const bool echo : {true, false}) {
    const FakeServer server(json{{"vllm", false}, {"echo_logprobs", echo}});
    EndpointOptions asked = options(server, EndpointMode::completions);
    asked.prompt = EndpointPrompt::tokens;
    const auto engine = loaded(asked);
    Rendered scored;
    scored.scored = {{{5, 9, 13, 17}, 2}, {{5, 9, 21}, 2}};
    const auto sent = engine->submit(1, RequestKind::loglikelihood, scored, {}, 20);
    EXPECT_EQ(sent.has_value(), echo);
    if (!echo) continue;
    const Response response = collect(*engine, 1)[1];
    ASSERT_THAT(response.loglikelihoods, SizeIs(2));
    EXPECT_EQ(response.loglikelihoods[0].tokens, 2);
    EXPECT_EQ(response.loglikelihoods[1].tokens, 1);
    EXPECT_LT(response.loglikelihoods[0].sum, 0);
  }
}

TEST_F(EndpointTest, NoMoreAtOnceThanAllowed) {
  const FakeServer server(json{{"tokens_per_s", 100}});
  EndpointOptions asked = options(server);
  asked.max_concurrency = 2;
  const auto engine = loaded(asked);
  for (int i = 1; i <= 6; ++i) ask(*engine, i, "question " + std::to_string(i), 4);
  EXPECT_EQ(must(engine->stats()).running, 2);
  EXPECT_EQ(must(engine->stats()).waiting, 4);
  EXPECT_THAT(collect(*engine, 6), SizeIs(6));
}

// --- failures that pass ---

TEST_F(EndpointTest, FailuresThatPassAreNotSeen) {
  const std::vector<json> faults = {
      {{"do", "status"}, {"status", 500}, {"times", 3}},
      {{"do", "status"}, {"status", 429}, {"retry_after", "1"}, {"times", 1}},
      {{"do", "status"}, {"status", 503}, {"body", "<html><title>busy</title>"}, {"times", 1}},
      {{"do", "html"}, {"times", 2}},
      {{"do", "invalid_json"}, {"times", 2}},
      {{"do", "cut"}, {"times", 2}},
      {{"do", "end_early"}, {"times", 2}},
  };
  const std::string good = answer_despite(json::array()).text;
  EXPECT_NE(good, "");
  for (const json& fault : faults) {
    const Response response = answer_despite(json::array({fault}));
    EXPECT_EQ(response.error, "") << fault;
    EXPECT_EQ(response.text, good) << fault;
  }
  EXPECT_THAT(read_text(folder_ / "endpoint.log"),
              AllOf(HasSubstr("HTTP 500: scripted; again in"),
                    HasSubstr("the stream ended before the answer did"),
                    HasSubstr("a page of HTML, 'busy'")));
}

TEST_F(EndpointTest, FailedTriesAreNoWait) {
  const Response response = answer_despite(
      json::array({{{"do", "status"}, {"status", 429}, {"retry_after", "1"}, {"times", 1}}}));
  EXPECT_LT(response.queued_s, 1);  // the pause is a second at least
}

TEST_F(EndpointTest, AServerThatSaysNothingIsAskedAgain) {
  const FakeServer server(json{{"faults", {{{"do", "stall"}, {"times", 1}}}}});
  EndpointOptions asked = options(server);
  asked.stall_timeout = milliseconds(1000);
  const auto engine = loaded(asked);
  ask(*engine, 1, "hello");
  EXPECT_EQ(collect(*engine, 1)[1].error, "");
  EXPECT_THAT(read_text(folder_ / "endpoint.log"), HasSubstr("no byte came for 1 s"));
}

// --- failures that do not ---

TEST_F(EndpointTest, FailuresThatStayEndTheRunAndBlameNoRequest) {
  EXPECT_THAT(death_of({{"do", "status"}, {"status", 500}}).error.why, "HTTP 500: scripted");
  EXPECT_THAT(death_of({{"do", "html"}}).error.why,
              "the reply is not JSON: a page of HTML, 'Sign in'");
  EXPECT_THAT(death_of({{"do", "invalid_json"}}).error.why, HasSubstr("is not JSON"));
  const Died told_to_wait =
      death_of({{"do", "status"}, {"status", 429}, {"retry_after", "3600"}}, seconds(12));
  EXPECT_EQ(told_to_wait.error.what, "the endpoint failed");
  EXPECT_EQ(told_to_wait.error.why,
            "HTTP 429: scripted (it asks to wait 3600 s; of retry_for 12.0 s are left)");
}

TEST_F(EndpointTest, AnotherModelEndsTheRunAtOnce) {
  const Died died = death_of({{"do", "wrong_model"}}, kPatience);
  EXPECT_THAT(died.error.what, HasSubstr("another model answers"));
  EXPECT_EQ(died.error.why, "the model 'another-model' answered, not 'fake-model'");
  EXPECT_TRUE(died.error.others_can_go_on);
}

TEST_F(EndpointTest, RefusalsEndTheRunAtOnce) {
  for (const int status : {400, 401, 403, 404}) {
    const Died died = death_of({{"do", "status"}, {"status", status}}, kPatience);
    EXPECT_EQ(died.error.why, "HTTP " + std::to_string(status) + ": scripted");
  }
  EXPECT_THAT(death_of({{"do", "redirect"}}, kPatience).error.fix, HasSubstr("redirects"));
}

TEST_F(EndpointTest, AServerThatDiesEndsTheRun) {
  FakeServer server(json{{"tokens_per_s", 5}});
  EndpointOptions asked = options(server);
  asked.retry_for = milliseconds(200);
  const auto engine = loaded(asked);
  ask(*engine, 1, "Tell me a long story.", 12);
  (void)engine->wait(milliseconds(300));
  server.kill();
  EXPECT_TRUE(next_event<Died>(*engine)->final);
}

TEST_F(EndpointTest, OneRequestThatAlwaysFailsIsSetAside) {
  const FakeServer server(json{{"faults", {{{"do", "status"}, {"match", "poison"}}}}});
  EndpointOptions asked = options(server);
  asked.retry_for = milliseconds(200);
  const auto engine = loaded(asked);
  ask(*engine, 1, "This is poison.");  // alone: a question of our own finds the server well
  const Response bad = collect(*engine, 1)[1];
  EXPECT_EQ(bad.finish_reason, FinishReason::error);
  EXPECT_THAT(bad.error, HasSubstr("HTTP 500: scripted"));
  ask(*engine, 2, "This is not.");
  EXPECT_EQ(collect(*engine, 1)[2].error, "");
}

TEST_F(EndpointTest, OneRequestThatIsRefusedIsSetAside) {
  const FakeServer server(
      json{{"faults", {{{"do", "status"}, {"status", 422}, {"match", "poison"}}}}});
  const auto engine = loaded(options(server));
  ask(*engine, 1, "This is good.");
  EXPECT_EQ(collect(*engine, 1)[1].error, "");
  ask(*engine, 2, "This is poison.");
  EXPECT_THAT(collect(*engine, 1)[2].error, "the server refuses it: HTTP 422: scripted");
}

// What servers say of a prompt that is too long, each as the first answer of its server: with a
// status or, as SGLang does when it streams, within a stream that began well. Only the request is
// set aside, at once.
TEST_F(EndpointTest, ATooLongRequestIsSetAsideInAnyServersWords) {
  const std::string stream =
      R"(data: {"error": {"object": "error", "message": "The input (5000 tokens) is longer than the )"
      R"(model's context length (4096 tokens).", "code": 400}})"
      "\n\ndata: [DONE]\n\n";
  const std::vector<std::pair<int, std::string>> refusals = {
      {400, R"({"object": "error", "message": "The input (5000 tokens) is longer than the model's )"
            R"(context length (4096 tokens).", "type": "BadRequest", "code": 400})"},
      {200, stream},
      {400, R"({"error": {"message": "Input length (5000 tokens) exceeds the maximum allowed )"
            R"(length (4091 tokens). Use a shorter input."}})"},
      {400, R"({"error": {"code": 400, "message": "request (5000 tokens) exceeds the available )"
            R"(context size (4096 tokens), try increasing it"}})"},
      {400, R"({"error": {"code": 400, "message": "?", "type": "exceed_context_size_error"}})"},
      {500, R"({"error": {"code": 500, "message": "Context size has been exceeded."}})"},
      {422, R"({"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= )"
            R"(4096. Given: 5000 `inputs` tokens", "error_type": "validation"})"},
      {400, R"({"error": {"message": "This model's maximum context length is 4096 tokens."}})"},
  };
  for (const auto& [status, body] : refusals) {
    const FakeServer server(json{
        {"faults", {{{"do", "status"}, {"status", status}, {"body", body}, {"match", "long"}}}}});
    const auto engine = loaded(options(server));
    ask(*engine, 1, "a long question");
    ask(*engine, 2, "another");
    auto answers = collect(*engine, 2);
    EXPECT_EQ(answers[1].error, "prompt does not fit") << body;
    EXPECT_EQ(answers[2].error, "") << body;
    EXPECT_EQ(server.seen().size(), 4U) << body;  // models, version, and each question once
  }
  EXPECT_THAT(read_text(folder_ / "endpoint.log"),
              HasSubstr("request 1: HTTP 400: The input (5000 tokens) is longer"));
}

// An empty answer tells how long it took.
TEST_F(EndpointTest, AnEmptyAnswerHasATime) {
  const Response empty = answer_despite(json::array(
      {{{"do", "status"},
        {"status", 200},
        {"body",
         R"(data: {"model": "fake-model", "choices": [{"delta": {}, "finish_reason": "stop"}]})"
         "\n\n"}}}));
  EXPECT_EQ(empty.error, "");
  EXPECT_EQ(output_tokens(empty), 0);
  EXPECT_GT(empty.first_token_s, 0);
}

// --- the output tokens of a server that does not count them ---

int tokens_of(const std::vector<std::string>& deltas, const std::string& usage) {
  ReplyReader reader({.asked = "m"});
  for (const std::string& delta : deltas) {
    reader.feed(R"(data: {"model": "m", "choices": [{"delta": )" + delta + "}]}\n\n");
  }
  reader.feed(R"(data: {"model": "m", "choices": [{"delta": {}, "finish_reason": "stop"}])" +
              usage + "}\n\n");
  reader.end();
  EXPECT_EQ(reader.problem, "");
  return output_tokens(generate_response(reader));
}

TEST(CountedTokens, PiecesWhereThereIsNoUsage) {
  const std::vector<std::string> pieces = {R"({"role": "assistant", "content": ""})",
                                           R"({"reasoning_content": "Hm"})", R"({"content": "4"})",
                                           R"({"content": "2."})"};
  EXPECT_EQ(tokens_of(pieces, ""), 3);
  EXPECT_EQ(tokens_of(pieces, R"(, "usage": {"prompt_tokens": 0, "completion_tokens": 0})"), 3);
  EXPECT_EQ(tokens_of(pieces, R"(, "usage": {"prompt_tokens": 9, "completion_tokens": 7})"), 7);
  EXPECT_EQ(tokens_of({R"({"content": ""})"}, ""), 0);
}

// Several tokens in a piece, or all in one: a token for each 5 bytes.
TEST(CountedTokens, BytesWhereAPieceHoldsMany) {
  EXPECT_EQ(tokens_of({R"({"content": "It comes to forty"})", R"({"content": "-two."})"}, ""), 4);
  ReplyReader whole({.asked = "m"});
  whole.feed(R"({"model": "m", "choices": [{"message": {"content": "It comes to forty-two."},
             "finish_reason": "stop"}]})");
  whole.end();
  EXPECT_EQ(output_tokens(generate_response(whole)), 4);
}

TEST(RetryPause, DoublesUpToItsLimit) {
  for (int tries = 1; tries <= 12; ++tries) {
    // 100, 200, 400, … at most 5000 ms, of which a half to all is waited.
    const std::int64_t whole = std::min(5000, 100 << (tries - 1));
    const auto pause = retry_pause(tries, milliseconds(100), milliseconds(5000), 7);
    EXPECT_GE(pause.count(), whole / 2);
    EXPECT_LE(pause.count(), whole);
  }
  EXPECT_NE(retry_pause(3, milliseconds(1000), milliseconds(9000), 1),
            retry_pause(3, milliseconds(1000), milliseconds(9000), 2));
}

}  // namespace
}  // namespace assay::testing
