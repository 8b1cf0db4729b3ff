#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/language.h"
#include "base/side_by_side.h"
#include "base/text.h"

namespace assay {
namespace {

Result<int> half(int x) {
  if (x % 2 != 0) return usage_error("odd", "not even", "give an even number");
  return x / 2;
}

Result<int> quarter(int x) {
  return TRY(half(TRY(half(x))));
}

TEST(Result, TryHandsTheErrorUp) {
  EXPECT_EQ(quarter(12).value(), 3);
  const auto failed = quarter(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().to_string(), "error: odd\n  why: not even\n  do:  give an even number");
}

// FIPS 180-4 examples.
TEST(Hash, Sha256) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // `printf abc | openssl dgst -sha256 -binary | base64`
  EXPECT_EQ(sha256_base64("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  EXPECT_EQ(sha256_u64("abc"), 0xba7816bf8f01cfeaULL);
}

TEST(Files, WrittenWholeAndReadBack) {
  const auto dir = std::filesystem::path(testing::TempDir()) / "assay_files";
  ASSERT_TRUE(make_dirs(dir));
  const auto path = dir / "a.txt";
  ASSERT_TRUE(write_file_atomic(path, "one"));
  ASSERT_TRUE(write_file_atomic(path, std::string("t\0wo", 4)));
  EXPECT_EQ(read_file(path).value(), std::string("t\0wo", 4));
  EXPECT_EQ(sha256_file_hex(path).value(), sha256_hex(std::string("t\0wo", 4)));
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& e : std::filesystem::directory_iterator(dir)) ++entries;
  EXPECT_EQ(entries, 1U);  // nothing temporary stays
  EXPECT_EQ(read_file(dir).error().why, "it is a folder");
  EXPECT_EQ(read_file(dir / "none").error().kind, ErrorKind::usage);
  std::filesystem::remove_all(dir);
}

TEST(Files, PiecesAreOneFileAndAnErrorKeepsTheOldOne) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "pieces";
  ASSERT_TRUE(write_file_atomic(path, [](const Append& append) -> Status {
    TRY(append("one, "));
    return append("two");
  }));
  EXPECT_EQ(read_file(path).value_or(""), "one, two");
  const Status failed = write_file_atomic(path, [](const Append& append) -> Status {
    TRY(append("three"));
    return usage_error("no", "it ends here", "");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().what, "no");
  EXPECT_EQ(read_file(path).value_or(""), "one, two");
}

TEST(Json, ErrorsNameTheField) {
  const Json row = {{"id", 3}, {"tags", {"a", 1}}};
  EXPECT_EQ(int_field(row, "id", "x:1").value(), 3);
  EXPECT_EQ(string_field(row, "id", "x:1").error().what, "x:1: field 'id' is not usable");
  EXPECT_EQ(string_field(row, "id", "x:1").error().why, "it is number, not text");
  EXPECT_EQ(string_field(row, "no", "x:1").error().why, "it is missing");
  EXPECT_FALSE(strings_field(row, "tags", "x:1"));
  EXPECT_FALSE(parse_json("{", "f"));
  EXPECT_EQ(dump_json(Json("a\xff")), "\"a\xef\xbf\xbd\"");
}

TEST(SideBySide, EachPlaceIsWorkedOnOnce) {
  std::vector<int> times(10'000, 0);  // more than two ranges
  for_each_side_by_side(times.size(), [&times](std::size_t i) { ++times[i]; });
  EXPECT_EQ(std::ranges::count(times, 1), 10'000);
  for_each_side_by_side(0, [](std::size_t) { ADD_FAILURE(); });
}

TEST(Text, Utf8) {
  EXPECT_TRUE(is_valid_utf8("h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_valid_utf8("\xc0\x80"));          // overlong
  EXPECT_FALSE(is_valid_utf8("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(is_valid_utf8("\xf4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_EQ(sanitize_utf8("a\xe2\x82z"), "a\xef\xbf\xbd\xef\xbf\xbdz");
}

TEST(Text, SmallHelpers) {
  EXPECT_EQ(trim(" \n a b\t"), "a b");
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(replace_all("aaa", "aa", "b"), "ba");
  EXPECT_EQ(human_duration(12.34), "12.3s");
  EXPECT_EQ(human_duration(245), "4m 05s");
  EXPECT_EQ(human_duration(3723), "1h 02m 03s");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
}

TEST(Error, IsReadInChineseWhereItHasBeenTranslated) {
  const auto failed = usage_error(bilingual("{} is odd", "{} 是奇数", 3), "Not a directory",
                                  {"give an even number", "给一个偶数"});
  const Error& error = failed.error();
  EXPECT_EQ(error.to_string(Language::zh),
            "错误：3 是奇数\n  原因：Not a directory\n  处理：给一个偶数");
  EXPECT_EQ(error.to_string(),
            "error: 3 is odd\n  why: Not a directory\n  do:  give an even number");
  EXPECT_EQ(error.why_text(), Text("Not a directory"));
  Error one = error;
  one.set_what("renamed");  // no Chinese stays of what it was
  EXPECT_EQ(one.to_string(Language::zh),
            "错误：renamed\n  原因：Not a directory\n  处理：给一个偶数");
}

TEST(Error, WhatTheSystemSaysOfAPathIsKnownInChinese) {
  const auto missing = read_file("/nowhere/at/all");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().to_string(Language::zh),
            "错误：无法读取 /nowhere/at/all\n  原因：没有这个文件或目录\n  处理：检查路径");
  EXPECT_EQ(missing.error().why, "No such file or directory");
}

TEST(Error, TextIsUtf8WhateverItQuotes) {
  const Error error{ErrorKind::usage, "no such key '\xe2\x82'", "", "see \xff"};
  EXPECT_EQ(error.to_string(), "error: no such key '\ufffd\ufffd'\n  do:  see \ufffd");
}

}  // namespace
}  // namespace assay
