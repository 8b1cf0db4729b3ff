// Finding a data set's files, adapting rows, and the helper that reads Parquet.
#include "data/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "data/pickle.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

class Rows : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(testing::TempDir()) /
        ("rows_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
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
  // A stand-in for the interpreter: a shell script that gets "-m assay_worker.rows FILE".
  FindPython script(const std::string& body) {
    const fs::path file = write("python", "#!/bin/sh\n" + body);
    fs::permissions(file, fs::perms::owner_all);
    return [file] { return Result<std::string>(file.string()); };
  }
  // What is found below folder_, with no Python at hand.
  Result<DataSet> load(const std::vector<RowLayout>& layouts) {
    FoundRows found = TRY(find_data_set(folder_, layouts, {}));
    if (auto* set = std::get_if<DataSet>(&found)) return std::move(*set);
    return std::unexpected(absent_error(std::get<AbsentRows>(found)));
  }

  fs::path folder_;
};

Result<json> upper_case_field(const Row& raw) {
  if (raw.fields.contains("drop")) return json(nullptr);
  if (!raw.fields.contains("problem")) {
    return usage_error(raw.where + ": field 'problem' is missing", "", "");
  }
  return json{{"Problem", raw.fields["problem"]}};
}

TEST_F(Rows, TheFirstLayoutWithFilesWins) {
  write("aime24/other.jsonl", "{\"problem\": \"1+1\"}\n{\"drop\": 1}\n{\"problem\": \"2+2\"}\n");
  const std::vector<RowLayout> layouts = {{"hub", {"aime24/*.parquet"}, nullptr},
                                          {"lower case", {"aime24/o*.jsonl"}, upper_case_field},
                                          {"all", {"**/*.jsonl"}, nullptr}};
  const auto set = load(layouts);
  ASSERT_TRUE(set.has_value()) << set.error().to_string();
  EXPECT_EQ(set->layout, "lower case");
  EXPECT_THAT(set->files, ElementsAre("aime24/other.jsonl"));
  ASSERT_EQ(set->rows.size(), 2U);
  EXPECT_EQ(set->rows[1].fields, json({{"Problem", "2+2"}}));
  // hashlib.sha256((sha256(file).hexdigest() + "\n").encode()).hexdigest(), Python
  EXPECT_EQ(set->fingerprint, "eb67a9a0b30669eb94f406c686a054e2e3c6125be982a2b9b0f2a1f0840b8451");
}

TEST_F(Rows, EveryMatchOfAnyPatternIsReadInOrder) {
  write("b.jsonl", "{\"i\": 2}\n");
  write("a.jsonl", "{\"i\": 1}\n");
  write("c/d.json", "[{\"i\": 3}]");
  const auto set = load({{"x", {"c/*.json", "*.jsonl", "a.*", "none"}, nullptr}});
  ASSERT_TRUE(set.has_value()) << set.error().to_string();
  EXPECT_THAT(set->files, ElementsAre("a.jsonl", "b.jsonl", "c/d.json"));
  EXPECT_EQ(set->rows[2].fields["i"], 3);
}

TEST_F(Rows, FingerprintFollowsContentNotNames) {
  const std::vector<RowLayout> layouts = {{"x", {"*.jsonl"}, nullptr}};
  write("a.jsonl", "{\"i\": 1}\n");
  const std::string first = load(layouts)->fingerprint;
  fs::rename(folder_ / "a.jsonl", folder_ / "b.jsonl");
  EXPECT_EQ(load(layouts)->fingerprint, first);
  write("b.jsonl", "{\"i\": 2}\n");
  EXPECT_NE(load(layouts)->fingerprint, first);
}

TEST_F(Rows, ErrorsNameWhatWasLookedFor) {
  const std::vector<RowLayout> layouts = {{"hub", {"a/*.parquet"}, nullptr},
                                          {"lower case", {"a/*.jsonl"}, upper_case_field}};
  const auto none = load(layouts);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind, ErrorKind::usage);
  EXPECT_EQ(none.error().why, "looked for: hub (a/*.parquet); lower case (a/*.jsonl)");
  write("a/x.jsonl", "{\"q\": 1}\n");
  const auto bad = load(layouts);
  ASSERT_FALSE(bad.has_value());
  EXPECT_THAT(bad.error().what, HasSubstr("a/x.jsonl:1: field 'problem' is missing"));
  write("a/x.jsonl", "{\"drop\": 1}\n");
  const auto empty = load(layouts);
  ASSERT_FALSE(empty.has_value());
  EXPECT_THAT(empty.error().what, HasSubstr("no rows in"));
  const auto missing = find_data_set(folder_ / "missing", layouts, {});
  ASSERT_FALSE(missing.has_value());  // not absent: nobody knows what the folder would hold
  EXPECT_THAT(missing.error().what, HasSubstr("cannot read the folder"));
}

TEST_F(Rows, ThatAreNotThereAreNoError) {
  write("b/x.jsonl", "{\"q\": 1}\n");
  const auto found = find_data_set(folder_, {{"hub", {"a/*.csv", "a/*.jsonl"}, nullptr}}, {});
  ASSERT_TRUE(found.has_value()) << found.error().to_string();
  const auto* absent = std::get_if<AbsentRows>(&*found);
  ASSERT_NE(absent, nullptr);
  EXPECT_EQ(absent->folder, folder_);
  EXPECT_EQ(absent->looked_for, "hub (a/*.csv, a/*.jsonl)");
  EXPECT_EQ(absent_error(*absent).what, "no rows found in " + folder_.string());
}

TEST_F(Rows, OnlyParquetLooksForAPython) {
  const FindPython none = [] {
    return Result<std::string>(environment_error("there is no Python", "none here", "get one"));
  };
  EXPECT_TRUE(read_rows(write("a.jsonl", "{\"i\": 1}\n"), none).has_value());
  const auto rows = read_rows(write("t.parquet", "PAR1"), none);
  ASSERT_FALSE(rows.has_value());
  EXPECT_EQ(rows.error().kind, ErrorKind::environment);
  EXPECT_THAT(rows.error().what, HasSubstr("t.parquet"));
  EXPECT_EQ(rows.error().why, "Parquet is read through Python: there is no Python (none here)");
  EXPECT_EQ(rows.error().fix, "get one");
}

TEST_F(Rows, NobodyWaitsForParquetPastTheDeadline) {
  const fs::path file = write("t.parquet", "PAR1");
  const std::string slow = script("exec sleep 60\n")().value().program;
  const auto late = read_rows(file, [&]() -> Result<RowsPython> {
    return RowsPython(slow, Deadline::in(std::chrono::milliseconds(200)));
  });
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().what, "the budget ended while " + file.string() + " was read");
  const std::atomic<bool> stop{true};
  const auto stopped = read_rows(
      file, [&]() -> Result<RowsPython> { return RowsPython(slow, Deadline().or_stop(&stop)); });
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().kind, ErrorKind::interrupted);
}

TEST_F(Rows, ParquetThroughTheHelper) {
  const fs::path file = write("t.parquet", "PAR1");
  const auto rows = read_rows(file, script(R"([ "$1 $2" = "-m assay_worker.rows" ] || exit 9
[ "${3##*/}" = t.parquet ] || exit 8
echo '{"a": 1}'; echo '{"a": 2}'
)"));
  ASSERT_TRUE(rows.has_value()) << rows.error().to_string();
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[1].fields["a"], 2);
  EXPECT_THAT((*rows)[1].where, HasSubstr("t.parquet:2"));
}

TEST_F(Rows, ParquetErrors) {
  const fs::path file = write("t.parquet", "PAR1");
  const auto no_python = read_rows(file, {});
  ASSERT_FALSE(no_python.has_value());
  EXPECT_EQ(no_python.error().kind, ErrorKind::environment);
  const auto bad_file =
      read_rows(file, script("echo noise >&2; echo 'too short for Parquet' >&2; exit 2\n"));
  ASSERT_FALSE(bad_file.has_value());
  EXPECT_EQ(bad_file.error().kind, ErrorKind::usage);
  EXPECT_EQ(bad_file.error().why, "too short for Parquet");
  const auto no_module =
      read_rows(file, script("echo \"No module named 'pyarrow'\" >&2; exit 3\n"));
  ASSERT_FALSE(no_module.has_value());
  EXPECT_EQ(no_module.error().kind, ErrorKind::environment);
  EXPECT_EQ(no_module.error().why, "No module named 'pyarrow'");
}

// Real files below $ASSAY_SHARED/data, where it is given; the counts are those of their sources.
class RealRows : public testing::Test {
 protected:
  void SetUp() override {
    const char* shared = std::getenv("ASSAY_SHARED");
    if (shared == nullptr) GTEST_SKIP() << "ASSAY_SHARED names no folder with data";
    folder_ = fs::path(shared) / "data";
  }
  std::size_t count(const char* file) {
    const auto rows = read_rows(folder_ / file, {});
    EXPECT_TRUE(rows.has_value()) << rows.error().to_string();
    return rows ? rows->size() : 0;
  }
  fs::path folder_;
};

TEST_F(RealRows, AreAllRead) {
  EXPECT_EQ(count("aime24/aime24_qwen_format.jsonl"), 30U);
  EXPECT_EQ(count("math/math500_test.jsonl"), 500U);
  EXPECT_EQ(count("math/math_test_5000.jsonl"), 5000U);
  EXPECT_EQ(count("mmlu_pro/mmlu_pro_validation.jsonl"), 70U);
  EXPECT_EQ(count("mmlu_pro/model_outputs_Qwen1.5-72B-Chat_5shots.zip"), 12032U);
  EXPECT_EQ(count("mmlu_pro/model_outputs_gemini-1.5-flash-002_5shots.zip"), 12012U);
  EXPECT_EQ(count("scicode/problems_all.jsonl"), 65U);
  EXPECT_EQ(count("livecodebench/Qwen2.5-Ins-7B.codegeneration_1_0.2.json"), 1055U);
  EXPECT_EQ(count("code/HumanEvalPlus.jsonl.gz"), 164U);
}

TEST_F(RealRows, PrivateTestsAreUnpacked) {
  const auto rows = read_rows(folder_ / "livecodebench/sandboxfusion_live_code_bench_v1.jsonl", {});
  ASSERT_TRUE(rows.has_value()) << rows.error().to_string();
  std::vector<std::size_t> counts;
  for (const Row& row : *rows) {
    const auto text = private_tests_json(row.fields["test"].get<std::string>(), row.where);
    ASSERT_TRUE(text.has_value()) << text.error().to_string();
    counts.push_back(json::parse(*text)["inputs"].size());
  }
  EXPECT_THAT(counts, ElementsAre(5U, 14U, 15U));
}

}  // namespace
}  // namespace assay
