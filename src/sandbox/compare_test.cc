#include "sandbox/compare.h"

#include <gtest/gtest.h>

#include <string>

#include "base/text.h"
#include "sandbox/python_json.h"
#include "sandbox/python_text.h"

namespace assay {
namespace {

// Expected values: what CPython 3.11 gives for the same texts (str.strip, str.split,
// decimal.Decimal, json.loads and ==).

bool lines_equal(std::string_view answer, std::string_view expected) {
  return compare_lines(answer, expected).equal;
}

TEST(CompareLines, StripsTheWholeAndEachLine) {
  EXPECT_TRUE(lines_equal("1\n2\n", "1\n2"));
  EXPECT_TRUE(lines_equal("\n\n 1 \r\n\t2\n\n", "1\n2"));
  EXPECT_FALSE(lines_equal("1\n\n2", "1\n2"));
  EXPECT_TRUE(lines_equal("", "\n"));
  EXPECT_FALSE(lines_equal("", "0"));
}

TEST(CompareLines, ComparesTokensAsDecimals) {
  EXPECT_TRUE(lines_equal("1.0 2", "1 2.00"));
  EXPECT_TRUE(lines_equal("1  2", "1 2"));
  EXPECT_TRUE(lines_equal("1e3", "1000"));
  EXPECT_TRUE(lines_equal("-0", "0"));
  EXPECT_TRUE(lines_equal("+5", "5"));
  EXPECT_TRUE(lines_equal("1_000", "1000"));
  EXPECT_TRUE(lines_equal(".5", "0.5"));
  EXPECT_TRUE(lines_equal("5.", "5"));
  EXPECT_TRUE(lines_equal("inf", "Infinity"));
  EXPECT_FALSE(lines_equal("nan", "NaN"));  // unequal as text, and NaN equals nothing
  EXPECT_TRUE(lines_equal("nan", "nan"));   // equal as text
  EXPECT_FALSE(lines_equal("0.30000000000000004", "0.3"));
  EXPECT_FALSE(lines_equal("50000000000000000", "50000000000000001"));
  EXPECT_FALSE(lines_equal("1 2", "1 2 3"));
  EXPECT_FALSE(lines_equal("a  b", "a b"));  // tokens that are no numbers compare as text only
  EXPECT_FALSE(lines_equal("YES", "Yes"));
  EXPECT_FALSE(lines_equal("1e", "1"));
  EXPECT_FALSE(lines_equal("0x10", "16"));
}

TEST(CompareLines, WhiteSpaceIsPythons) {
  EXPECT_TRUE(
      lines_equal("\xC2\xA0"
                  "1\xE3\x80\x80"
                  "2\x1F",
                  "1 2"));
  EXPECT_FALSE(lines_equal("1\xE2\x80\x8B", "1"));  // zero-width space is no white space
}

TEST(CompareLines, NamesTheFirstDifference) {
  EXPECT_EQ(compare_lines("1\n2\n3", "1\n5\n3").detail, "line 2: got 2, expected 5");
  EXPECT_EQ(compare_lines("1\n2", "1\n2\n3").detail, "2 lines, expected 3");
  EXPECT_EQ(compare_lines("1", "1").detail, "");
}

TEST(CompareLines, DetailsAreShortAndClean) {
  const Difference found = compare_lines(std::string(10 << 20, 'x') + "\xFF", "\xE2\x82");
  EXPECT_FALSE(found.equal);
  EXPECT_LE(found.detail.size(), 300U);
  EXPECT_TRUE(is_valid_utf8(found.detail));
  const Difference escape = compare_lines("\x1b[2J", "1");
  EXPECT_EQ(escape.detail.find('\x1b'), std::string::npos);
}

bool json_equal(std::string_view answer, std::string_view expected) {
  return compare_json(answer, expected).equal;
}

TEST(CompareJson, NumbersAreEqualAsInPython) {
  EXPECT_TRUE(json_equal("1", "1.0"));
  EXPECT_TRUE(json_equal("true", "1"));
  EXPECT_TRUE(json_equal("false", "0.0"));
  EXPECT_TRUE(json_equal("-0", "0"));
  EXPECT_TRUE(json_equal("-0.0", "0"));
  EXPECT_FALSE(json_equal("0.1", "0.10000000000000002"));
  EXPECT_TRUE(json_equal("0.1", "0.10000000000000000001"));  // the same double
  EXPECT_FALSE(json_equal("NaN", "NaN"));
  EXPECT_TRUE(json_equal("Infinity", "1e400"));
  EXPECT_FALSE(json_equal("Infinity", "-Infinity"));
  EXPECT_FALSE(json_equal("null", "0"));
  EXPECT_FALSE(json_equal("\"1\"", "1"));
}

TEST(CompareJson, WholeNumbersOfAnySizeAreExact) {
  const std::string big(5000, '9');
  EXPECT_TRUE(json_equal(big, big));
  EXPECT_FALSE(json_equal(big, big.substr(1) + "8"));
  // 2**53 + 1 is no double; float(2**53) == 2**53 but not 2**53 + 1.
  EXPECT_TRUE(json_equal("9007199254740992", "9007199254740992.0"));
  EXPECT_FALSE(json_equal("9007199254740993", "9007199254740992.0"));
  EXPECT_TRUE(json_equal("1e22", "10000000000000000000000"));
  EXPECT_FALSE(json_equal("1e23", "100000000000000000000000"));  // 1e23 is 99999999999999991611392
  EXPECT_FALSE(json_equal("Infinity", big));
}

TEST(CompareJson, ListsObjectsAndText) {
  EXPECT_TRUE(json_equal("[1, [2.0, null]]", "[1.0,[2,null]]"));
  EXPECT_FALSE(json_equal("[1, 2]", "[2, 1]"));
  EXPECT_FALSE(json_equal("[1]", "[1, 1]"));
  EXPECT_TRUE(json_equal(R"({"a": 1, "b": 2})", R"({"b": 2, "a": 1})"));
  EXPECT_TRUE(json_equal(R"({"a": 1, "a": 2})", R"({"a": 2})"));
  EXPECT_FALSE(json_equal(R"({"a": 1})", R"({"a": 1, "b": 1})"));
  EXPECT_TRUE(
      json_equal("\"\\u00e9\\ud83d\\ude00\\ud800\"", "\"\xC3\xA9\xF0\x9F\x98\x80\\ud800\""));
  EXPECT_FALSE(json_equal(R"("\n")", R"("\\n")"));
  EXPECT_TRUE(json_equal("[]", " [ ] \n"));
}

TEST(CompareJson, WhatIsNoJsonEqualsNothing) {
  for (const char* text : {"", "[1", "01", "1.", "{1: 2}", "[1,]", "'a'", "nul", "1 2", "\"\t\"",
                           "\"\\x41\"", "{\"a\" 1}", "-", "+1", "\"\\u12\""}) {
    EXPECT_FALSE(is_python_json(text)) << text;
    EXPECT_FALSE(json_equal(text, text)) << text;
  }
  EXPECT_FALSE(is_python_json(std::string(100000, '[')));
  EXPECT_TRUE(is_python_json(std::string(500, '[') + std::string(500, ']')));
}

TEST(PythonText, DecimalReadsWhatPythonReads) {
  const auto digits = [](std::string_view text) {
    const auto value = parse_decimal(text);
    return value ? value->digits : "none";
  };
  EXPECT_EQ(digits("00120.0"), "12");
  EXPECT_EQ(digits("0.00"), "");
  EXPECT_EQ(digits("."), "none");
  EXPECT_EQ(digits("1e+"), "none");
  EXPECT_EQ(digits("--1"), "none");
  EXPECT_EQ(digits("infinit"), "none");
  EXPECT_EQ(digits("1 "), "none");
  EXPECT_EQ(parse_decimal("-12.50e-3")->exponent, -4);
  EXPECT_TRUE(parse_decimal("-12.50e-3")->negative);
  EXPECT_EQ(parse_decimal("sNaN123")->kind, DecimalValue::Kind::nan);
  EXPECT_EQ(exact_decimal(0.1).digits, "1000000000000000055511151231257827021181583404541015625");
}

TEST(PrintableDetail, CutsAtACharacter) {
  EXPECT_EQ(printable_detail("abc", 10), "abc");
  EXPECT_EQ(printable_detail("abcdefghijk", 10), "abcdefg...");
  const std::string cut = printable_detail("\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", 10);
  EXPECT_LE(cut.size(), 10U);
  EXPECT_TRUE(is_valid_utf8(cut));
  EXPECT_EQ(printable_detail("a\nb\x7f", 10), "a b ");
}

}  // namespace
}  // namespace assay
