// Each container of rows: what is read, and the error for what is damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>
#include <zlib.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "base/files.h"
#include "data/byte_source.h"
#include "data/csv.h"
#include "data/glob.h"
#include "data/json_rows.h"
#include "data/rows.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

class Formats : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(testing::TempDir()) /
        ("formats_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, std::string_view content) {
    const fs::path file = folder_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

  fs::path write_gz(const std::string& name, std::string_view content) {
    const fs::path file = folder_ / name;
    gzFile gz = gzopen(file.c_str(), "wb");
    gzwrite(gz, content.data(), static_cast<unsigned>(content.size()));
    gzclose(gz);
    return file;
  }

  fs::path write_zip(const std::string& name,
                     const std::vector<std::pair<std::string, std::string>>& entries,
                     zip_int32_t method = ZIP_CM_DEFLATE) {
    const fs::path file = folder_ / name;
    zip_t* archive = zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    for (const auto& [entry, content] : entries) {
      zip_source_t* source = zip_source_buffer(archive, content.data(), content.size(), 0);
      const zip_int64_t index = zip_file_add(archive, entry.c_str(), source, ZIP_FL_ENC_UTF_8);
      zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), method, 0);
    }
    EXPECT_EQ(zip_close(archive), 0);
    return file;
  }

  std::string name(const fs::path& file) { return file.lexically_relative(folder_).string(); }

  fs::path folder_;
};

std::string what(const Result<RowList>& rows) {
  EXPECT_FALSE(rows.has_value());
  if (rows) return "";
  EXPECT_EQ(rows.error().kind, ErrorKind::usage);
  EXPECT_FALSE(rows.error().fix.empty());
  return rows.error().what + " | " + rows.error().why;
}

TEST_F(Formats, JsonLines) {
  const fs::path file = write("a.jsonl", "\xef\xbb\xbf{\"a\": 1}\r\n\n  \n{\"a\": \"é\"}");
  const auto rows = read_rows(file, {});
  ASSERT_TRUE(rows.has_value()) << rows.error().to_string();
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].fields, json({{"a", 1}}));
  EXPECT_EQ((*rows)[0].where, file.string() + ":1");
  EXPECT_EQ((*rows)[1].fields["a"], "é");
  EXPECT_EQ((*rows)[1].where, file.string() + ":4");
}

// Python's json writes and reads a lone half of a surrogate pair.
TEST_F(Formats, ALoneSurrogateBecomesU_FFFD) {
  const auto rows = read_rows(write("s.jsonl", "{\"a\": \"x \\ud83d y\"}\n"), {});
  ASSERT_TRUE(rows);
  EXPECT_EQ((*rows)[0].fields["a"], "x \uFFFD y");
}

// Python's json writes and reads these by default. In quotes they are text.
TEST_F(Formats, NumbersThatJsonHasNot) {
  const auto rows = read_rows(
      write("n.jsonl", "{\"a\": NaN, \"b\": [-Infinity, Infinity], \"c\": \"NaN \\\"NaN\"}\n"), {});
  ASSERT_TRUE(rows) << rows.error().to_string();
  const json& fields = (*rows)[0].fields;
  ASSERT_TRUE(fields["a"].is_number());
  EXPECT_TRUE(std::isnan(fields["a"].get<double>()));
  EXPECT_EQ(fields["b"][0], -std::numeric_limits<double>::infinity());
  EXPECT_EQ(fields["b"][1], std::numeric_limits<double>::infinity());
  EXPECT_EQ(fields["c"], "NaN \"NaN");
  EXPECT_FALSE(read_rows(write("nan.jsonl", "{\"a\": Nan}\n"), {}));
  EXPECT_FALSE(read_rows(write("inf.jsonl", "{NaN: 1, 2}\n"), {}));
}

TEST_F(Formats, JsonLinesErrorsNameTheLine) {
  const auto cut = read_rows(write("cut.jsonl", "{\"a\": 1}\n{\"a\": \"b"), {});
  EXPECT_THAT(what(cut), HasSubstr("cut.jsonl:2 is not valid JSON"));
  EXPECT_THAT(cut.error().fix, HasSubstr("to end in the middle of a row"));
  EXPECT_THAT(what(read_rows(write("utf8.jsonl", "{}\n{\"a\": \"\xff\"}\n"), {})),
              HasSubstr("utf8.jsonl:2 is not valid JSON"));
  EXPECT_THAT(what(read_rows(write("list.jsonl", "[1]\n"), {})),
              HasSubstr("list.jsonl:1 is no JSON object | it is of type array"));
  EXPECT_THAT(what(read_rows(write("deep.jsonl", std::string(300, '[') + "\n"), {})),
              HasSubstr("deep.jsonl:1 is nested too deeply"));
  EXPECT_THAT(what(read_rows(write("nul.jsonl", std::string("{\"a\":\0}\n", 8)), {})),
              HasSubstr("nul.jsonl:1 is not valid JSON"));
}

TEST_F(Formats, ErrorsStayShortAndValidWhateverTheRowHolds) {
  const std::string line = "{\"a\": \"" + std::string(1 << 20, 'x') + "\xff\"}";
  const auto rows = read_rows(write("long.jsonl", line), {});
  ASSERT_FALSE(rows.has_value());
  EXPECT_LT(rows.error().to_string().size(), 1000U);
  EXPECT_EQ(rows.error().why.find('\n'), std::string::npos);
}

TEST_F(Formats, LongLinesAreRead) {
  const std::string content =
      "{\"i\": 0}\n{\"i\": 1, \"a\": \"" + std::string(10 << 20, 'x') + "\"}\n{\"i\": 2}\n";
  const auto rows = read_rows(write_gz("long.jsonl.gz", content), {});
  ASSERT_TRUE(rows.has_value());
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ((*rows)[1].fields["a"].get_ref<const std::string&>().size(), std::size_t{10} << 20);
  EXPECT_EQ((*rows)[2].fields["i"], 2);
}

TEST_F(Formats, TruncatedGzipIsAnError) {
  std::string content;
  for (int i = 0; i < 2000; ++i) content += "{\"i\": " + std::to_string(i * 7919 % 10007) + "}\n";
  const fs::path file = write_gz("a.jsonl.gz", content);
  ASSERT_EQ(read_rows(file, {}).value().size(), 2000U);
  fs::resize_file(file, fs::file_size(file) - 20);
  EXPECT_THAT(what(read_rows(file, {})), HasSubstr("cannot be unpacked | it ends in the middle"));
}

TEST_F(Formats, DamagedGzipIsAnError) {
  const fs::path file = write_gz("a.jsonl.gz", std::string(100, ' ') + "{}\n");
  std::string bytes = read_file(file).value();
  bytes[bytes.size() - 6] ^= 1;  // in the checksum
  EXPECT_THAT(what(read_rows(write("b.jsonl.gz", bytes), {})), HasSubstr("cannot be unpacked"));
}

TEST_F(Formats, JsonDocuments) {
  const json one = {{"q", 1}};
  for (const char* text : {R"([{"q": 1}])", R"({"data": [{"q": 1}]})", R"({"rows": [{"q": 1}]})",
                           R"({"features": [], "rows": [{"row_idx": 0, "row": {"q": 1},
                               "truncated_cells": []}]})"}) {
    const auto rows = read_rows(write("a.json", text), {});
    ASSERT_TRUE(rows.has_value()) << rows.error().to_string();
    ASSERT_EQ(rows->size(), 1U);
    EXPECT_EQ((*rows)[0].fields, one) << text;
    EXPECT_THAT((*rows)[0].where, HasSubstr("a.json[0]"));
  }
}

TEST_F(Formats, JsonDocumentErrors) {
  EXPECT_THAT(what(read_rows(write("a.json", "{\"x\": 1}"), {})),
              HasSubstr("holds no list of rows"));
  EXPECT_THAT(what(read_rows(write("b.json", "[{}, 3]"), {})),
              HasSubstr("b.json[1] is no JSON object"));
  EXPECT_THAT(what(read_rows(write("c.json", "[{},"), {})), HasSubstr("c.json is not valid JSON"));
  EXPECT_THAT(what(read_rows(write("d.json", R"({"rows": [{"row": {"a": 1}, "truncated_cells":
                     ["a"]}]})"),
                             {})),
              HasSubstr("d.json[0] is not whole"));
  EXPECT_THAT(what(read_rows(write("e.json", ""), {})), HasSubstr("e.json is not valid JSON"));
}

// The examples of RFC 4180, section 2.
TEST_F(Formats, Csv) {
  const auto rows = read_csv("a,b,c\r\n\"aaa\",\"b\r\nbb\",\"c\"\"c\"\r\nzzz,,\"x,y\"", "f.csv");
  ASSERT_TRUE(rows.has_value()) << rows.error().to_string();
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].fields, json({{"a", "aaa"}, {"b", "b\r\nbb"}, {"c", "c\"c"}}));
  EXPECT_EQ((*rows)[1].fields, json({{"a", "zzz"}, {"b", ""}, {"c", "x,y"}}));
  EXPECT_EQ((*rows)[1].where, "f.csv:4");
}

TEST_F(Formats, CsvOfBareLineEndsAndEmptyLines) {
  const auto rows = read_csv("\xef\xbb\xbfq\n1\n\n2\n", "f.csv");
  ASSERT_TRUE(rows.has_value());
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[1].fields["q"], "2");
  EXPECT_EQ((*rows)[1].where, "f.csv:4");
}

TEST_F(Formats, CsvErrorsNameTheLine) {
  EXPECT_THAT(what(read_csv("", "f")), HasSubstr("f is empty"));
  EXPECT_THAT(what(read_csv("a,a\n", "f")), HasSubstr("f:1 names 'a' twice"));
  EXPECT_THAT(what(read_csv("a,b\n1,2\n3\n", "f")), HasSubstr("f:3 has another number of fields"));
  EXPECT_THAT(what(read_csv("a\n\"x\ny\n", "f")),
              HasSubstr("f:2 is not valid CSV | a quote is never"));
  EXPECT_THAT(what(read_csv("a\n\"x\"y\n", "f")), HasSubstr("f:2 is not valid CSV | text follows"));
  EXPECT_THAT(what(read_csv("a\nx\"y\n", "f")), HasSubstr("f:2 is not valid CSV | a quote stands"));
  EXPECT_THAT(what(read_csv("a\n\xff\n", "f")), HasSubstr("f is not text"));
}

TEST_F(Formats, ZipReadsAllJsonInside) {
  for (const zip_int32_t method : {ZIP_CM_DEFLATE, ZIP_CM_STORE}) {
    const fs::path file = write_zip("a.zip",
                                    {{"b.jsonl", "{\"i\": 2}\n{\"i\": 3}\n"},
                                     {"a/a.json", "[{\"i\": 1}]"},
                                     {"readme.txt", "no rows"},
                                     {"__MACOSX/a.json", "rubbish"}},
                                    method);
    const auto rows = read_rows(file, {});
    ASSERT_TRUE(rows.has_value()) << rows.error().to_string();
    ASSERT_EQ(rows->size(), 3U);
    EXPECT_EQ((*rows)[0].where, file.string() + "!a/a.json[0]");
    EXPECT_EQ((*rows)[2].where, file.string() + "!b.jsonl:2");
    EXPECT_EQ((*rows)[2].fields["i"], 3);
  }
}

TEST_F(Formats, ZipErrors) {
  EXPECT_THAT(what(read_rows(write("no.zip", "PK not an archive"), {})),
              HasSubstr("cannot be unpacked"));
  EXPECT_THAT(what(read_rows(write_zip("e.zip", {{"a.txt", "x"}}), {})),
              HasSubstr("holds nothing usable"));
  EXPECT_THAT(what(read_rows(write_zip("j.zip", {{"x.json", "[{]"}}), {})),
              HasSubstr("j.zip!x.json is not valid JSON"));
  const fs::path file = write_zip("c.zip", {{"a.json", "[{\"text\": \"a b c\"}]"}}, ZIP_CM_STORE);
  std::string bytes = read_file(file).value();
  const std::string whole = bytes;
  bytes[bytes.find("a b c")] = 'z';  // the checksum no longer fits
  EXPECT_THAT(what(read_rows(write("d.zip", bytes), {})),
              HasSubstr("d.zip!a.json cannot be unpacked"));
  for (std::size_t n = 0; n < whole.size(); n += 7) {
    EXPECT_FALSE(read_rows(write("t.zip", whole.substr(0, n)), {}).has_value()) << n;
  }
}

TEST_F(Formats, ChangedZipBytesNeverCrash) {
  const fs::path file =
      write_zip("c.zip", {{"a.json", "[{\"text\": \"aaaaaaaaaaaaaaaaaaaaaaa\"}]"}});
  const std::string whole = read_file(file).value();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char byte : {'\0', '\x7f', '\xff'}) {
      std::string changed = whole;
      changed[i] = byte;
      (void)read_rows(write("t.zip", changed), {});
    }
  }
}

TEST_F(Formats, UnknownEndingAndMissingFile) {
  EXPECT_THAT(what(read_rows(write("a.xml", "<a/>"), {})), HasSubstr("its ending is not known"));
  EXPECT_THAT(what(read_rows(folder_ / "none.jsonl", {})), HasSubstr("No such file"));
  EXPECT_THAT(what(read_rows(folder_, {})), HasSubstr("cannot read"));
  fs::create_directories(folder_ / "d.jsonl");
  EXPECT_THAT(what(read_rows(folder_ / "d.jsonl", {})), HasSubstr("no regular file"));
}

TEST(Glob, Matches) {
  EXPECT_TRUE(glob_match("a/*.jsonl", "a/x.jsonl"));
  EXPECT_FALSE(glob_match("a/*.jsonl", "a/b/x.jsonl"));
  EXPECT_TRUE(glob_match("**/*.jsonl", "x.jsonl"));
  EXPECT_TRUE(glob_match("**/*.jsonl", "a/b/x.jsonl"));
  EXPECT_TRUE(glob_match("a/**", "a/b/c"));
  EXPECT_TRUE(glob_match("a/**/c", "a/c"));
  EXPECT_FALSE(glob_match("a/**/c", "b/c"));
  EXPECT_TRUE(glob_match("test-0000?-of-*.parquet", "test-00001-of-00002.parquet"));
  EXPECT_FALSE(glob_match("a.json", "aXjson"));
  EXPECT_FALSE(glob_match("*.json", "x.jsonl"));
  EXPECT_TRUE(glob_match("*a*b*c", "xxaxxbxxabc"));
  EXPECT_FALSE(glob_match(std::string(40, '*') + "b", std::string(5000, 'a')));
}

TEST_F(Formats, ListsFilesSortedWithoutHiddenOnes) {
  write("b/x.json", "");
  write("a.json", "");
  write(".cache/y.json", "");
  write("b/.hidden", "");
  fs::create_symlink(folder_ / "a.json", folder_ / "c.json");
  fs::create_symlink(folder_ / "gone", folder_ / "d.json");
  fs::create_directory_symlink(folder_, folder_ / "loop");
  EXPECT_THAT(list_files(folder_).value(), ElementsAre("a.json", "b/x.json", "c.json"));
  EXPECT_FALSE(list_files(folder_ / "none").has_value());
}

TEST_F(Formats, FollowsLinksToFoldersElsewhereOnce) {
  write("elsewhere/math500/test.jsonl", "");
  write("rows/aime24/a.json", "");
  const fs::path rows = folder_ / "rows";
  fs::create_directory_symlink(folder_ / "elsewhere/math500", rows / "math500");
  fs::create_directory_symlink(folder_ / "elsewhere/math500", rows / "the_same");
  fs::create_directory_symlink(rows / "aime24", rows / "inside");
  fs::create_directory_symlink(folder_, rows / "above");
  fs::create_directory_symlink(rows, folder_ / "elsewhere/math500/back");
  const auto files = list_files(rows).value();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0], "aime24/a.json");
  EXPECT_TRUE(files[1].ends_with("/test.jsonl")) << files[1];  // whichever link comes first
}

TEST(LineReader, CutsLines) {
  const auto source = text_source("a\r\nb\n\nc");
  LineReader reader(*source);
  std::string line;
  std::vector<std::string> lines;
  while (reader.next(line).value()) lines.push_back(line);
  EXPECT_THAT(lines, ElementsAre("a", "b", "", "c"));
  EXPECT_TRUE(reader.cut_off());
  EXPECT_EQ(reader.number(), 4U);
}

}  // namespace
}  // namespace assay
