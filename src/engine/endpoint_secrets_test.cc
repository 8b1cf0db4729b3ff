// A key that the server or the model repeats reaches no answer, message or log (docs/secrets.md).
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/secrets.h"
#include "engine/openai_engine.h"
#include "support/engine.h"
#include "support/fake_server.h"

namespace assay::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kKey = "ky/9%a\"bcdef-0123456789";

// All that an engine says to one question: its answer, its errors, its log.
struct Said {
  std::string all;
  std::string answer;
};

Said ask_with_key(json script, EndpointMode mode = EndpointMode::chat) {
  const TempFolder folder;
  script["api_key"] = kKey;
  const FakeServer server(script);
  EndpointOptions options = endpoint_options(server.url(), mode, folder);
  options.api_key = kKey;
  options.api_key_env = "SOME_KEY";
  options.retry_for = milliseconds(200);
  Said said;
  auto started = OpenAiEngine::start(options);
  if (!started) {
    said.all = started.error().to_string();
  } else {
    Engine& engine = **started;
    must(engine.open("", true, json::object()));
    const LoadFacts facts = must(engine.load(json::object(), seconds(1)));
    for (const auto& [name, value] : facts.engine) said.all += value + "\n";
    const auto rendered = must(engine.render({chat_request("what is it?")}));
    must(engine.submit(1, RequestKind::generate, rendered.at(0), greedy(400), 0));
    std::optional<EngineEvent> event;
    while (!event) event = engine.wait(milliseconds(100));
    if (const auto* answered = std::get_if<Answered>(&*event)) {
      said.answer = answered->response.text;
      said.all += to_json(answered->response).dump();
    } else if (const auto* died = std::get_if<Died>(&*event)) {
      said.all += died->error.to_string();
    }
  }
  said.all += read_file(options.log_file).value_or("");
  return said;
}

json answering(const std::string& text) {
  return {{"default", {{"text", text}}}};
}

// A piece of the key, 12 bytes long, would still say most of it.
void expect_no_key(const std::string& text) {
  for (const std::string& spelling : spellings_of(kKey)) {
    EXPECT_THAT(text, Not(HasSubstr(spelling)));
  }
  for (std::size_t at = 0; at + 12 <= kKey.size(); ++at) {
    EXPECT_THAT(text, Not(HasSubstr(kKey.substr(at, 12))));
  }
}

TEST(EndpointSecrets, AModelThatRepeatsTheKey) {
  const Said whole = ask_with_key(answering("it is " + kKey + ", says the header"));
  EXPECT_EQ(whole.answer, "it is [secret], says the header");
  expect_no_key(whole.all);
  json in_pieces = answering("it is " + kKey + "!");
  in_pieces["split"] = true;
  const Said split = ask_with_key(in_pieces);
  EXPECT_EQ(split.answer, "it is [secret]!");
  expect_no_key(split.all);
  const Said spelt = ask_with_key(answering("?k=ky%2F9%25a%22bcdef-0123456789&x=1"));
  EXPECT_EQ(spelt.answer, "?k=[secret]&x=1");
}

TEST(EndpointSecrets, AnErrorThatRepeatsIt) {
  const std::string told = "Incorrect API key provided: " + kKey;
  const std::string far = std::string(190, 'x') + kKey;  // where a message is cut off
  std::string escaped;
  for (const char c : kKey) escaped += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
  for (const std::string& body :
       {json{{"error", {{"message", told}}}}.dump(), json{{"error", {{"message", far}}}}.dump(),
        "{\"error\": {\"message\": \"no: " + escaped + "\"}}", told, far,
        "<html><title>" + told + "</title>", json(told).dump(), json{{"detail", far}}.dump()}) {
    for (const int status : {400, 500}) {
      const json fault = {{"do", "status"},
                          {"status", status},
                          {"body", body},
                          {"headers", {{"WWW_Authenticate", "Bearer " + std::string("abc")}}}};
      const Said said = ask_with_key({{"faults", {fault}}});
      expect_no_key(said.all);
      EXPECT_THAT(said.all, HasSubstr(std::to_string(status)));
    }
    json at_start = {{"do", "status"}, {"status", 403}, {"body", body}, {"path", "models"}};
    expect_no_key(ask_with_key({{"faults", {at_start}}}).all);
  }
}

TEST(EndpointSecrets, AServerThatCarriesItInANameOrAStream) {
  expect_no_key(ask_with_key({{"owned_by", "org of " + kKey}}).all);
  expect_no_key(ask_with_key({{"model", "m-" + kKey}}).all);
  std::vector<std::string> bodies = {
      R"({"model": "x )" + json(kKey).dump().substr(1) + R"(, "choices": []})",
      "data: {\"model\": broken " + kKey + "\n\n",
      "data: " + json{{"error", {{"message", std::string(190, 'y') + kKey}}}}.dump() + "\n\n",
      "no JSON, but " + std::string(185, 'z') + kKey};
  for (const std::string& body : bodies) {
    const Said said =
        ask_with_key({{"faults", {{{"do", "status"}, {"status", 200}, {"body", body}}}}});
    expect_no_key(said.all);
    EXPECT_NE(said.all, "");
  }
}

// What a gateway tells of the key it uses itself: nobody here knows it but by its shape.
TEST(EndpointSecrets, SomebodyElsesKeyIsKnownByItsShape) {
  const json fault = {{"do", "status"},
                      {"status", 400},
                      {"body", R"({"error": {"message": "bad key sk-abcdefghijkl0123456789"}})"}};
  const Said said = ask_with_key({{"faults", {fault}}});
  EXPECT_THAT(said.all, HasSubstr("bad key [secret]"));
  EXPECT_THAT(said.all, Not(HasSubstr("sk-abcdefghijkl0123456789")));
}

// What many local servers are given is no secret, and an answer may hold it by chance.
TEST(EndpointSecrets, AShortKeyIsLeftInAnswers) {
  const std::vector<std::string> secrets = {"EMPTY"};
  ReplyReader reader({.asked = "m"}, {}, &secrets);
  reader.feed(R"({"model": "m", "choices": [{"message": {"content": "EMPTY"},
                  "finish_reason": "stop"}]})");
  reader.end();
  EXPECT_EQ(reader.text, "EMPTY");
}

}  // namespace
}  // namespace assay::testing
