#include "base/json_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/json.h"

namespace assay {
namespace {

// Every text here is JSON's common case: the quick reader must not leave it to nlohmann.
TEST(JsonText, ReadsWhatNlohmannReads) {
  const std::vector<std::string> texts = {
      "null",
      " true\n",
      "[false]",
      "0",
      "-0",
      "17",
      "-17",
      "18446744073709551615",
      "-9223372036854775808",
      "0.1",
      "-1.5e-3",
      "1E+2",
      "4.9e-324",
      "1.7976931348623157e308",
      "123456789012345678.5",
      "\"\"",
      R"("a\"\\\/\b\f\n\r\tz")",
      R"("\u0041\u00e9\u20AC\ud83d\ude00\u0000")",
      "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \x7f\"",
      "\"\xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbd \xf4\x8f\xbf\xbf \xe0\xa0\x80\"",
      "[]",
      "[ ]",
      "{}",
      "{ }",
      R"([1, [2, {"a": [3]}], "x"])",
      R"({"b": 1, "a": {"c": null}, "b": 2})",
      "\t{\"k\" :\r\n[1 , 2 ] }  ",
  };
  for (const std::string& text : texts) {
    const auto read = read_json_text(text);
    ASSERT_TRUE(read.has_value()) << text;
    const Json expected = Json::parse(text);
    EXPECT_EQ(*read, expected) << text;
    EXPECT_EQ(read->type(), expected.type()) << text;
    EXPECT_EQ(read->dump(), expected.dump()) << text;
  }
  EXPECT_EQ(read_json_text(R"({"b": 1, "b": 2})")->dump(), R"({"b":2})");
  EXPECT_EQ(read_json_text(R"("\ud83d\ude00")")->get<std::string>(), "\xf0\x9f\x98\x80");
}

TEST(JsonText, LeavesTheRestToNlohmann) {
  const std::string deep = std::string(70, '[') + std::string(70, ']');
  const std::vector<std::string> texts = {
      "",
      "{",
      "[1,]",
      "{\"a\":1,}",
      "{\"a\" 1}",
      "{1:2}",
      "tru",
      "nul",
      "01",
      "1.",
      ".5",
      "-",
      "+1",
      "1e",
      "1e400",
      "NaN",
      "'a'",
      "\"a",
      "\"a\\",
      "\"\\x\"",
      "\"\\u12\"",
      "\"\\u12g4\"",
      "\"\n\"",
      "1 2",
      "[1] ]",
      "// c\n1",
      "\"\xff\"",
      "\"\xc3\"",
      "\"\xed\xa0\x80\"",
      "\"\xe0\x80\x80\"",
      "\"\xf0\x80\x80\x80\"",
      "\"\xf4\x90\x80\x80\"",
      R"("\ud83d")",
      R"("\ud83dx")",
      R"("\ude00")",
      "18446744073709551616",
      "-9223372036854775809",
      "\xef\xbb\xbf{}",
      deep,
  };
  for (const std::string& text : texts) {
    EXPECT_FALSE(read_json_text(text).has_value()) << text;
    EXPECT_EQ(json_or_discarded(text).dump(), Json::parse(text, nullptr, false).dump()) << text;
  }
}

TEST(JsonText, WritesWhatNlohmannWrites) {
  std::string bytes;
  for (int c = 0; c < 0x80; ++c) bytes.push_back(static_cast<char>(c));
  const Json value = {
      {"text", bytes + "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
      {"quo\"te", Json::array()},
      {"empty", Json::object()},
      {"numbers",
       {0, -1, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::uint64_t>::max(),
        0.1, 1.0, -0.0, 1e22, 1e-7, 5e-324, 1.7976931348623157e308}},
      {"none", {std::nan(""), std::numeric_limits<double>::infinity(), nullptr, true, false}},
  };
  std::string out = "before ";
  ASSERT_TRUE(write_json_text(value, out));
  EXPECT_EQ(out, "before " + value.dump());
  EXPECT_EQ(dump_json(value), value.dump());
  EXPECT_EQ(dump_json(value, 1), value.dump(1));
}

TEST(JsonText, TextThatIsNoUtf8IsWrittenByNlohmann) {
  for (const char* text : {"a\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                           "\xe0\x80\x80", "\xf0\x80\x80\x80"}) {
    std::string out;
    EXPECT_FALSE(write_json_text(Json::array({"x", text}), out));
    EXPECT_EQ(dump_json(Json::array({"x", text})),
              Json::array({"x", text}).dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  std::string out;
  EXPECT_FALSE(write_json_text(Json::binary({1, 2}), out));
}

}  // namespace
}  // namespace assay
