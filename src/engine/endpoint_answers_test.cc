// Answers as servers really write them, and what is read of them (docs/openai_endpoint.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "engine/openai_engine.h"
#include "support/engine.h"
#include "support/fake_server.h"

namespace assay::testing {
namespace {

using ::testing::HasSubstr;

// A reply of the model "m", streamed piece by piece.
struct Read {
  Response response;
  std::string problem;
};
Read read(const std::vector<std::string>& events, const AnsweringModel& model = {.asked = "m"}) {
  ReplyReader reader(model);
  for (std::string event : events) {
    std::ranges::replace(event, '\n', ' ');
    reader.feed("data: " + event + "\n\n");
  }
  reader.end();
  return {generate_response(reader), reader.problem};
}
std::string piece(const std::string& delta, const std::string& finish = "null",
                  const std::string& index = "0") {
  return R"({"model": "m", "choices": [{"index": )" + index + R"(, "delta": )" + delta +
         R"(, "finish_reason": )" + finish + "}]}";
}
const std::string kStop = piece("{}", R"("stop")");
const std::string kCut = piece("{}", R"("length")");

// Mistral's servers and gateways: content as a list of parts.
TEST(EndpointAnswers, ContentInParts) {
  const Read parts = read({piece(R"({"content": [{"type": "thinking", "thinking": [{"type": "text",
                                    "text": "hm"}]}]})"),
                           piece(R"({"content": [{"type": "text", "text": "It is "},
                                                 {"type": "text", "text": "7."}]})"),
                           kStop});
  EXPECT_EQ(parts.response.text, "<think>\nhm\n</think>\n\nIt is 7.");
  const Read plain =
      read({piece(R"({"content": [{"type": "output_text", "text": "7"}, "!"]})"), kStop});
  EXPECT_EQ(plain.response.text, "7!");
}

TEST(EndpointAnswers, PartsWithoutTextAreNoEmptyAnswer) {
  const Read read_it =
      read({piece(R"({"content": [{"type": "image_url", "image_url": {}}]})"), kStop});
  EXPECT_EQ(read_it.response.finish_reason, FinishReason::error);
  EXPECT_EQ(read_it.response.error, "the server's answer is in parts that hold no text");
}

TEST(EndpointAnswers, PiecesWithoutANameBesideTheModels) {
  const std::string filter =
      R"({"id": "", "model": "", "choices": [], "prompt_filter_results": []})";
  const std::string nameless = R"({"choices": [{"index": 0, "delta": {"content": "7"}}]})";
  const Read answered = read({filter, piece(R"({"content": "It is "})"), nameless, kStop});
  EXPECT_EQ(answered.problem, "");
  EXPECT_EQ(answered.response.text, "It is 7");
  EXPECT_EQ(
      read({filter, nameless, R"({"choices": [{"delta": {}, "finish_reason": "stop"}]})"}).problem,
      "the reply names no model");
}

TEST(EndpointAnswers, AnotherNameOnlyIfThePlanSaysSo) {
  const std::string dated = R"({"model": "m-2026-05-01", "choices": [{"delta": {"content": "7"},
                                "finish_reason": "stop"}]})";
  EXPECT_EQ(read({dated}).problem, "the model 'm-2026-05-01' answered, not 'm'");
  EXPECT_EQ(read({dated}, {.asked = "m", .answers_as = "m-2026-05-01"}).problem, "");
  EXPECT_NE(read({dated}, {.asked = "m", .answers_as = "m-2026-05-02"}).problem, "");
}

// A judge may answer under a snapshot's name.
TEST(EndpointAnswers, AJudgesNameMayCarryADate) {
  const AnsweringModel judge{.asked = "gpt", .answers_as = "", .dated = true};
  for (const char* name : {"gpt", "gpt-2026-01-31", "gpt-20260131", "gpt-0613"}) {
    EXPECT_TRUE(judge.is(name)) << name;
  }
  for (const char* name : {"gpt-mini", "gpt-2026-01-31-mini", "gpt-5", "gpt2026-01-31", "gp", ""}) {
    EXPECT_FALSE(judge.is(name)) << name;
  }
}

TEST(EndpointAnswers, ALoneSurrogateBecomesU_FFFD) {
  EXPECT_EQ(read({piece(R"({"content": "x \ud83d 7"})"), kStop}).response.text, "x \uFFFD 7");
  EXPECT_EQ(read({piece(R"({"content": "\ud83d\ude00 \ude00"})"), kStop}).response.text,
            "\U0001F600 \uFFFD");
}

TEST(EndpointAnswers, OtherChoicesAndTextBehindTheEndAreLeftOut) {
  const Read answered =
      read({piece(R"({"content": "7"})"), piece(R"({"content": "other"})", "null", "1"),
            piece(R"({"content": " apples"})", R"("stop")"),
            piece(R"({"content": "more", "reasoning": "hm"})"), piece("{}", R"("length")", "1")});
  EXPECT_EQ(answered.response.text, "7 apples");
  EXPECT_EQ(answered.response.finish_reason, FinishReason::stop);
}

TEST(EndpointAnswers, AThoughtThatWasCutIsNotClosed) {
  const std::string thought = piece(R"({"reasoning_content": "We try 7 but"})");
  EXPECT_EQ(read({thought, kCut}).response.text, "<think>\nWe try 7 but");
  EXPECT_EQ(read({thought, kStop}).response.text, "<think>\nWe try 7 but\n</think>\n\n");
  EXPECT_EQ(read({thought, piece(R"({"content": "7 app"})"), kCut}).response.text,
            "<think>\nWe try 7 but\n</think>\n\n7 app");
}

// --- what is too long

TEST(EndpointAnswers, ALineABodyAndAnAnswerHaveTheirLimit) {
  const std::string much(300'000, 'x');
  const auto end_of = [&much](const std::string& begin, const std::string& before,
                              const std::string& behind) {
    ReplyReader reader({.asked = "m"}, {.reply = 1 << 20, .stream = 2 << 20});
    bool goes_on = reader.feed(begin);
    int fed = 0;
    for (; goes_on && fed < 20; ++fed) goes_on = reader.feed(before + much + behind);
    reader.end();
    EXPECT_LE(fed, 7);
    EXPECT_TRUE(reader.over_limit);
    return reader.problem;
  };
  EXPECT_EQ(end_of(R"({"model": "m", "x": ")", "", ""), "the reply is longer than 1 MiB");
  EXPECT_EQ(end_of("data: {\"", "", ""), "a line of the stream is longer than 1 MiB");
  EXPECT_EQ(end_of(": begins\n", R"(data: {"model": "m", "choices": [{"delta": {"content": ")",
                   "\"}}]}\n\n"),
            "the answer is longer than 1 MiB");
  EXPECT_EQ(end_of(": begins\n", ": ", "\n"), "the stream is longer than 2 MiB");
  EXPECT_EQ(ReplyLimits{}.reply, 67'108'864U);  // 64 MiB
}

TEST(EndpointAnswers, AReplyThatIsTooLongEndsItsRequestAlone) {
  const TempFolder folder;
  const FakeServer server(json{{"faults", {{{"do", "spaces"}, {"match", "endless"}}}}});
  EndpointOptions asked = endpoint_options(server.url(), EndpointMode::chat, folder);
  const auto engine = must(OpenAiEngine::start(asked));
  must(engine->open(folder.path().string(), true, json::object()));
  must(engine->load(json::object(), seconds(1)));
  const auto ask = [&](std::int64_t id, const std::string& text) {
    must(engine->submit(id, RequestKind::generate,
                        must(engine->render({chat_request(text)})).front(), greedy(12), 20));
  };
  ask(1, "a good one");
  EXPECT_EQ(collect(*engine, 1)[1].error, "");
  ask(2, "an endless one");
  EXPECT_EQ(collect(*engine, 1)[2].error, "the reply is longer than 64 MiB");
  ask(3, "another good one");
  EXPECT_EQ(collect(*engine, 1)[3].error, "");
}

// --- the prompt

TEST(EndpointAnswers, APromptThatTheServerCutIsNoticed) {
  const TempFolder folder;
  const auto sent_of = [&](int counted) {
    const std::string reply =
        R"({"model": "fake-model", "choices": [{"text": "7", "finish_reason": "stop"}], "usage": )"
        R"({"completion_tokens": 1, "prompt_tokens": )" +
        std::to_string(counted) + "}}";
    const FakeServer server(
        json{{"vllm", false}, {"faults", {{{"do", "status"}, {"status", 200}, {"body", reply}}}}});
    EndpointOptions asked = endpoint_options(server.url(), EndpointMode::completions, folder);
    const auto engine = must(OpenAiEngine::start(asked));
    must(engine->open(folder.path().string(), true, json::object()));
    must(engine->load(json::object(), seconds(1)));
    Rendered prompt;
    prompt.text = "a prompt";
    prompt.prompt_tokens = std::vector<int>(1000, 5);
    must(engine->submit(1, RequestKind::generate, prompt, greedy(12), 20));
    const Response response = collect(*engine, 1)[1];
    EXPECT_EQ(response.error, "");
    return response.prompt_tokens_sent;
  };
  EXPECT_EQ(sent_of(12), 1000);
  EXPECT_EQ(sent_of(980), 1000);
  EXPECT_EQ(sent_of(999), 0);  // a server may leave out the token at the start
  EXPECT_EQ(sent_of(1000), 0);
  EXPECT_EQ(sent_of(1001), 0);
  EXPECT_EQ(sent_of(0), 0);  // it does not count
}

// --- parameters that a judge's server refuses

TEST(RefusedParameters, AreKnownByTheServersWords) {
  const auto change = [](const std::string& message, const std::string& param = "null") {
    const auto found = change_for(R"({"error": {"message": ")" + message + R"(", "param": )" +
                                  param + R"(, "type": "invalid_request_error"}})");
    return found ? found->parameter + (found->renamed ? ", renamed" : "") : std::string("-");
  };
  EXPECT_EQ(change("Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                   "'max_completion_tokens' instead."),
            "max_tokens, renamed");
  EXPECT_EQ(change("Unsupported value: 'temperature' does not support 0 with this model. Only the "
                   "default (1) value is supported."),
            "temperature");
  EXPECT_EQ(change("Unsupported parameter", R"("top_p")"), "top_p");
  EXPECT_EQ(change("unknown field `seed`"), "seed");
  // About a value or about something else: nothing of ours to leave out.
  EXPECT_EQ(change("max_tokens is too large: 512"), "-");
  EXPECT_EQ(change("Invalid value for 'temperature': must be below 2"), "-");
  EXPECT_EQ(change("Unsupported parameter: 'messages'"), "-");
  EXPECT_EQ(change("This model does not support images"), "-");
}

TEST(RefusedParameters, AJudgeLeavesThemOutOnceAndSaysSo) {
  const TempFolder folder;
  const auto refuse = [](const std::string& parameter, const std::string& words) {
    return json{
        {"do", "status"},
        {"status", 400},
        {"match", "\"" + parameter + "\""},
        {"body", R"({"error": {"message": ")" + words + R"(", "param": ")" + parameter + "\"}}"}};
  };
  for (const bool lenient : {true, false}) {
    const FakeServer server(
        json{{"vllm", false},
             {"faults",
              {refuse("max_tokens", "Use 'max_completion_tokens' instead."),
               refuse("temperature", "Only the default (1) value is supported.")}}});
    EndpointOptions asked = endpoint_options(server.url(), EndpointMode::chat, folder);
    asked.lenient = lenient;
    const auto engine = must(OpenAiEngine::start(asked));
    must(engine->open(folder.path().string(), true, json::object()));
    must(engine->load(json::object(), seconds(1)));
    for (std::int64_t id = 1; id <= 3; ++id) {
      must(engine->submit(id, RequestKind::generate,
                          must(engine->render({chat_request("q " + std::to_string(id))})).front(),
                          greedy(12), 20));
    }
    if (!lenient) {
      EXPECT_THAT(next_event<Died>(*engine)->error.why, HasSubstr("max_completion_tokens"));
      continue;
    }
    std::vector<std::string> said;
    int answered = 0;
    while (answered < 3) {
      const auto event = engine->wait(kPatience);
      ASSERT_TRUE(event);
      ASSERT_FALSE(std::holds_alternative<Died>(*event));
      if (const auto* text = std::get_if<Progressed>(&*event)) said.push_back(text->text);
      if (const auto* one = std::get_if<Answered>(&*event)) {
        EXPECT_EQ(one->response.error, "");
        ++answered;
      }
    }
    EXPECT_EQ(said, (std::vector<std::string>{
                        "max_tokens is sent as max_completion_tokens: the server refuses it",
                        "temperature is left out: the server refuses it"}));
    const json body = server.seen().back()["body"];
    EXPECT_EQ(body["max_completion_tokens"], 12);
    EXPECT_FALSE(body.contains("max_tokens") || body.contains("temperature"));
  }
}

}  // namespace
}  // namespace assay::testing
