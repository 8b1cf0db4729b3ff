#include "store/stored_values.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "store/laid_out_json.h"

namespace assay {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

// All that a field can hold, every character that is escaped among it.
Response whole_response() {
  Response r;
  for (char c = 1; c < 127; ++c) r.text += c;
  r.text += "é 数 \xf0\x9f\x98\x80";
  r.token_ids = {1, 2, 128'255};
  r.finish_reason = FinishReason::length;
  r.stop_reason = "Q:\n\"";
  r.loglikelihoods = {{kNever, true, 3}, {-0.1, false, 1}};
  r.positions = {{7, -0.25, 1, {7, 8}, {-0.25, kNever}}, {9, kNever, 40, {}, {}}};
  r.error = "why\\";
  r.prompt_tokens = 12;
  r.prompt_tokens_sent = 14;
  r.failed_times = 2;
  r.unlisted_tokens = 5;
  r.queued_s = 1e-9;
  r.first_token_s = 3;
  r.decode_s = 0.1 + 0.2;
  r.in_flight = 9;
  return r;
}

Score whole_score() {
  Score s;
  s.outcome = Outcome::scored;
  s.metrics = {{"robust", 1.0}, {"exact_match,flexible-extract", 1.0 / 3}};
  s.extracted = "\\frac{1}{2}\t\"";
  s.extraction = "boxed";
  s.target = "½";
  s.detail = "line 2: {\"a\": 1}";
  s.truncated = s.looping = s.not_extractable = true;
  s.prompt_cut = s.odd_likelihoods = true;
  s.month = "2024-03";
  s.substeps = Substeps{1, 2};
  s.confidence = Confidence{};
  s.options = 10;
  s.remarks = {{"verdict", "}\"\\"}, {"of", {{"of", {1, "]"}}}}};
  return s;
}

template <typename T>
void expect_back(const T& value, Result<T> (*read)(std::string_view, const std::string&),
                 std::optional<T> (*as_laid_out)(std::string_view)) {
  const std::string stored = dump_json(to_json(value));
  EXPECT_TRUE(as_laid_out(stored));  // or a report of many answers takes twice as long
  const auto back = read(stored, "store.sqlite");
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(dump_json(to_json(*back)), stored);
  // As no assay writes it.
  const auto spaced = read(dump_json(to_json(value), 2), "store.sqlite");
  ASSERT_TRUE(spaced) << spaced.error().to_string();
  EXPECT_EQ(dump_json(to_json(*spaced)), stored);
  // Cut anywhere it is an error, not a crash or less of the value.
  for (std::size_t size = 0; size < stored.size(); ++size) {
    EXPECT_FALSE(as_laid_out(std::string_view(stored).substr(0, size))) << size;
  }
  EXPECT_FALSE(read(std::string_view(stored).substr(0, stored.size() / 2), "store.sqlite"));
}

TEST(StoredValues, ComeBackWholeHoweverTheirTextIsLaidOut) {
  expect_back(whole_response(), read_response, response_as_laid_out);
  expect_back(Response{}, read_response, response_as_laid_out);
  expect_back(whole_score(), read_score, score_as_laid_out);
  expect_back(Score{}, read_score, score_as_laid_out);
  expect_back(Rendered{"text\n", {1, 2}, {{{1, 2, 3}, 2}, {{}, 0}}}, read_rendered,
              rendered_as_laid_out);
  expect_back(Rendered{}, read_rendered, rendered_as_laid_out);
}

TEST(StoredValues, WhatNoReaderKnowsIsAnError) {
  const auto response = read_response(R"({"text":1})", "store.sqlite");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().what, "store.sqlite holds a record that cannot be read");
  EXPECT_FALSE(read_rendered("", "store.sqlite"));
  std::string score = dump_json(to_json(Score{}));
  score.replace(score.find(R"("extra":{})"), 10, R"("extra":{"options":"ten"})");
  EXPECT_FALSE(read_score(score, "store.sqlite"));
}

// A field that this version does not know, another order, a character by its number.
TEST(StoredValues, WhatIsLaidOutOtherwiseIsReadAllTheSame) {
  const auto score = read_score(
      R"({"target":"A","outcome":"scored","reason":"","metrics":{"robust":1},"extracted":"\u0041",)"
      R"("extraction":"","detail":"","truncated":false,"empty":true,"looping":false,)"
      R"("not_extractable":false,"thinking_not_closed":false,"extra":{},"later":[{}]})",
      "store.sqlite");
  ASSERT_TRUE(score) << score.error().to_string();
  EXPECT_EQ(score->extracted, "A");
  EXPECT_EQ(score->metrics.at("robust"), 1.0);
  EXPECT_TRUE(score->empty);
}

TEST(LaidOutJson, ReadsWhatDumpJsonWrites) {
  const Json written = {
      {"a", {1, -2.5, 1e300}}, {"b", {{"x", true}}}, {"c", "\x01\n\"é"}, {"d", nullptr}};
  const std::string text = dump_json(written);
  LaidOutJson in(text);
  std::vector<double> numbers;
  std::string c;
  in.begin_object();
  EXPECT_FALSE(in.has_key("b"));
  in.key("a");
  in.begin_list();
  while (in.next_element()) in.read(numbers.emplace_back());
  in.key("b");
  EXPECT_EQ(in.object(), R"({"x":true})");
  in.key("c");
  in.read(c);
  in.key("d");
  EXPECT_TRUE(in.take_null());
  in.end_object();
  EXPECT_TRUE(in.ended());
  EXPECT_EQ(numbers, (std::vector<double>{1, -2.5, 1e300}));
  EXPECT_EQ(c, "\x01\n\"é");
}

TEST(LaidOutJson, WhatIsNotAskedForEndsIt) {
  for (const std::string_view text :
       {R"({"n":1.5})", R"({"n":nan})", R"({"n":-})", R"({"n": 1})", R"({"n":99999999999})",
        R"({"n":1)", R"({"n":1}})", R"({"m":1})", R"({,"n":1})", R"(["n":1])"}) {
    LaidOutJson in(text);
    int n = 0;
    in.begin_object();
    in.key("n");
    in.read(n);
    in.end_object();
    EXPECT_FALSE(in.ended()) << text;
    EXPECT_FALSE(in.next_element()) << text;
  }
}

}  // namespace
}  // namespace assay
