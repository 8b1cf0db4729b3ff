// From a folder to items: what is there, what is absent, what is damaged.
#include "task/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr const char* kQuestion =
    R"({"question_id": 1, "question": "1 + 1?", "options": ["1", "2"], "answer": "B", )"
    R"("answer_index": 1, "cot_content": "", "category": "math"})";
constexpr const char* kExemplar =
    R"({"question_id": 9, "question": "2 + 2?", "options": ["4", "2"], "answer": "A", )"
    R"("answer_index": 0, "cot_content": "A: Let's think step by step. Four.", )"
    R"("category": "math"})";

std::string problem(const std::string& id) {
  return R"({"problem": "1 + 1?", "solution": "$\\boxed{2}$", "answer": "2", )"
         R"("subject": "Algebra", "level": 1, "unique_id": ")" +
         id + "\"}\n";
}

class Load : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(testing::TempDir()) /
        ("load_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    spec_.max_gen_toks = 64;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, std::string_view content) {
    const fs::path file = folder_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
  }

  Result<Loaded> load(const std::string& task, const LoadContext& context = {}) {
    spec_.name = spec_.benchmark = task;
    return load_items(spec_, *find_task(task), folder_, context);
  }
  // What is there; a test that finds nothing has failed.
  LoadedItems loaded(const std::string& task) {
    auto found = load(task);
    EXPECT_TRUE(found) << found.error().to_string();
    if (!found) return {};
    auto* items = std::get_if<LoadedItems>(&*found);
    EXPECT_NE(items, nullptr) << "absent";
    return items != nullptr ? std::move(*items) : LoadedItems();
  }
  // The error's first line; what there is instead where there is none.
  std::string error(const std::string& task) {
    const auto found = load(task);
    if (!found) return found.error().what;
    return std::holds_alternative<AbsentRows>(*found) ? "absent" : "loaded";
  }
  static std::vector<std::string> ids(const ItemList& items) {
    std::vector<std::string> out;
    for (const Item& item : items) out.push_back(item.id);
    return out;
  }

  fs::path folder_;
  TaskSpec spec_;
};

TEST_F(Load, ItemsAreChosenAndAllIdsKeepTheRowsOrder) {
  write("math500/test.jsonl", problem("c") + problem("a") + problem("b"));
  const LoadedItems all = loaded("math500");
  EXPECT_THAT(all.all_ids, ElementsAre("c", "a", "b"));
  EXPECT_THAT(ids(all.items), UnorderedElementsAre("a", "b", "c"));
  EXPECT_EQ(all.layout, "hub");
  EXPECT_THAT(all.rows, IsEmpty());  // nobody but lm-eval reads them
  spec_.ids = {"b"};
  const LoadedItems one = loaded("math500");
  EXPECT_THAT(ids(one.items), ElementsAre("b"));
  EXPECT_THAT(one.all_ids, ElementsAre("c", "a", "b"));
}

TEST_F(Load, LmEvalGetsTheRowsThemselves) {
  write("math500/test.jsonl", problem("c") + problem("a"));
  spec_.harness = Harness::lm_eval;
  spec_.first = 1;
  const LoadedItems all = loaded("math500");
  EXPECT_THAT(ids(all.items), ElementsAre("c"));
  ASSERT_EQ(all.rows.size(), 2U);
  EXPECT_EQ(all.rows[1].fields.at("unique_id"), "a");
}

TEST_F(Load, TheFingerprintIsOfRowsAndExemplars) {
  write("mmlu_pro/test.jsonl", std::string(kQuestion) + "\n");
  write("mmlu_pro/validation.jsonl", std::string(kExemplar) + "\n");
  spec_.num_fewshot = 1;
  const LoadedItems both = loaded("mmlu_pro");
  ASSERT_EQ(both.exemplars.size(), 1U);
  EXPECT_EQ(both.exemplars[0].at("question_id"), 9);
  // Python: h = lambda b: hashlib.sha256(b).hexdigest(); of = lambda f: h((h(f) + "\n").encode());
  // h((of(test) + of(validation)).encode())
  EXPECT_EQ(both.fingerprint, "12f381c74051cf9655e9a9abd3c94ab5998577adb9d08b7da51ff23507ab05a2");
}

TEST_F(Load, AnotherTasksRowsAreAbsentAndNoError) {
  write("math500/test.jsonl", problem("a"));
  const auto found = load("hle");
  ASSERT_TRUE(found) << found.error().to_string();
  const auto* absent = std::get_if<AbsentRows>(&*found);
  ASSERT_NE(absent, nullptr);
  EXPECT_EQ(absent->folder, folder_);
  EXPECT_THAT(absent->looked_for, HasSubstr("hle/*.jsonl"));
  EXPECT_EQ(error("aime24"), "absent");
}

TEST_F(Load, DamageIsNoAbsence) {
  write("hle/test.jsonl", R"({"id": "h1", "question": )");  // torn
  EXPECT_THAT(error("hle"), HasSubstr("hle/test.jsonl:1"));
  write("hle/test.jsonl", "");
  EXPECT_THAT(error("hle"), HasSubstr("no rows in"));
  write("hle/test.jsonl", "{\"id\": \"h1\"}\n");
  EXPECT_THAT(error("hle"), HasSubstr("question"));
  folder_ /= "missing";
  EXPECT_THAT(error("hle"), HasSubstr("cannot read the folder"));
}

TEST_F(Load, ExemplarsThatAreNotThere) {
  write("mmlu_pro/test.jsonl", std::string(kQuestion) + "\n");
  EXPECT_EQ(error("mmlu_pro"), "no few-shot exemplars of task mmlu_pro in " + folder_.string());
  spec_.num_fewshot = 0;  // none is shown
  EXPECT_THAT(loaded("mmlu_pro").exemplars, IsEmpty());
}

TEST_F(Load, ExemplarsThatAreTornOrTooFew) {
  write("mmlu_pro/test.jsonl", std::string(kQuestion) + "\n");
  write("mmlu_pro/validation.jsonl", "{\"question_id\"");
  EXPECT_THAT(error("mmlu_pro"), HasSubstr("mmlu_pro/validation.jsonl:1"));
  spec_.num_fewshot = 0;
  EXPECT_THAT(error("mmlu_pro"), HasSubstr("mmlu_pro/validation.jsonl:1"));
  write("mmlu_pro/validation.jsonl", std::string(kExemplar) + "\n");
  spec_.num_fewshot = 2;
  EXPECT_THAT(error("mmlu_pro"), HasSubstr("1 few-shot exemplars of 'math', 2 wanted"));
}

TEST_F(Load, WhatThePlanAsksForIsNotInTheRows) {
  write("math500/test.jsonl", problem("a"));
  spec_.ids = {"nobody"};
  EXPECT_THAT(error("math500"), HasSubstr("nobody"));
  spec_.ids.clear();
  write("math500/test.jsonl", problem("a") + problem("a"));
  EXPECT_THAT(error("math500"), HasSubstr("two rows have the id 'a'"));
}

TEST_F(Load, RowsThatMakeNoItem) {
  fs::copy(fs::path(ASSAY_SOURCE_DIR) / "data/livecodebench", folder_ / "livecodebench");
  spec_.options = {{"start_date", "2100-01-01"}};
  const auto found = load("livecodebench");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::usage);
  EXPECT_EQ(found.error().what, "task livecodebench has no items");
  EXPECT_EQ(found.error().why,
            "none of the 6 rows in " + folder_.string() + " is one that the task asks");
}

TEST_F(Load, APythonIsLookedForOnlyWhereRowsAreParquet) {
  int asked = 0;
  LoadContext context;
  context.python = [&asked]() -> Result<std::string> {
    ++asked;
    return environment_error("no Python", "none", "get one");
  };
  write("math500/test.jsonl", problem("a"));
  EXPECT_TRUE(load("math500", context));
  EXPECT_EQ(asked, 0);
  write("humaneval/test.parquet", "PAR1");
  const auto found = load("humaneval", context);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::environment);
  EXPECT_THAT(found.error().why, HasSubstr("no Python"));
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace assay
