// Text that is written without a tree is the one that a tree gives.
#include "base/json_text.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/json.h"

namespace assay {
namespace {

std::string string_text(std::string_view text) {
  std::string out = "before ";
  append_json_string(out, text);
  return out;
}

std::string number_text(double number) {
  std::string out = "before ";
  append_json_number(out, number);
  return out;
}

TEST(JsonText, StringsAreEscaped) {
  EXPECT_EQ(string_text(""), R"(before "")");
  EXPECT_EQ(string_text("plain"), R"(before "plain")");
  EXPECT_EQ(string_text("a \"b\" \\ c\nd\te\r"), R"(before "a \"b\" \\ c\nd\te\r")");
  EXPECT_EQ(string_text("\x01\x1f\b\f"), R"(before "\u0001\u001f\b\f")");
  EXPECT_EQ(string_text("x\n\xe4\xb8\xad\x7f</"), "before \"x\\n\xe4\xb8\xad\x7f</\"");
  EXPECT_EQ(string_text("a\"\xff"), "before \"a\\\"\xef\xbf\xbd\"");  // no UTF-8
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  EXPECT_EQ(string_text(all), "before " + Json(all).dump());
}

TEST(JsonText, ATreeIsWrittenAsTheLibraryDoes) {
  Json tree = {{"text", "a\"\n\xe4\xb8\xad"},
               {"list", {1, -2, 18446744073709551615ULL, 1.5, true, nullptr, Json::array()}},
               {"empty", Json::object()},
               {"\x01", "\xff"}};
  std::string out;
  append_json(out, tree);
  EXPECT_EQ(out, tree.dump(-1, ' ', false, Json::error_handler_t::replace));
  EXPECT_EQ(out,
            "{\"\\u0001\":\"\xef\xbf\xbd\",\"empty\":{},"
            "\"list\":[1,-2,18446744073709551615,1.5,true,null,[]],"
            "\"text\":\"a\\\"\\n\xe4\xb8\xad\"}");
}

TEST(JsonText, NumbersAreWrittenAsInATree) {
  EXPECT_EQ(number_text(1), "before 1.0");
  EXPECT_EQ(number_text(0), "before 0.0");
  EXPECT_EQ(number_text(-0.0), "before -0.0");
  EXPECT_EQ(number_text(0.1), "before 0.1");
  EXPECT_EQ(number_text(1e300), "before 1e+300");
  EXPECT_EQ(number_text(std::numeric_limits<double>::quiet_NaN()), "before null");
}

TEST(JsonText, FieldsStandByNameAndTheLaterOfTwoCounts) {
  JsonObjectText object;
  const auto text = [&object] {
    std::string out;
    object.append_to(out);
    return out;
  };
  EXPECT_EQ(text(), "{}");
  object.field("b") += "1";
  append_json_string(object.field("a"), "x");
  object.field("b \"") += "[]";
  object.field("b") += "2";
  EXPECT_EQ(text(), R"({"a":"x","b":2,"b \"":[]})");
  object.clear();
  object.field("c") += "3";
  EXPECT_EQ(text(), R"({"c":3})");
}

}  // namespace
}  // namespace assay
