// Recorded outputs in each layout, as their evaluators write them.
#include "data/recorded.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>

#include "base/json.h"

namespace assay {
namespace {

Result<Recorded> read(const std::string& benchmark, const std::vector<Json>& rows) {
  RowList all;
  all.reserve(rows.size());
  for (const Json& row : rows) all.push_back({row, "f[" + std::to_string(all.size()) + "]"});
  return recorded_from_rows(all, benchmark, "f");
}

std::string error_of(const std::string& benchmark, const std::vector<Json>& rows) {
  const auto recorded = read(benchmark, rows);
  return recorded ? "" : recorded.error().to_string();
}

TEST(Recorded, LiveCodeBench) {
  const Json row = {{"question_id", "a1"},           {"difficulty", "easy"},
                    {"output_list", {"x", nullptr}}, {"code_list", {"y", ""}},
                    {"graded_list", {true, false}},  {"pass@1", 0.5}};
  const auto recorded = read("livecodebench", {row});
  ASSERT_TRUE(recorded) << recorded.error().to_string();
  EXPECT_EQ(recorded->layout, "LiveCodeBench");
  ASSERT_EQ(recorded->items.size(), 1U);
  const RecordedItem& item = recorded->items[0];
  EXPECT_EQ(item.id, "a1");
  ASSERT_EQ(item.outputs.size(), 2U);
  EXPECT_EQ(item.outputs[0].text, "x");
  EXPECT_EQ(item.outputs[0].verdict, true);
  EXPECT_EQ(item.outputs[1].text, "");
  EXPECT_EQ(item.outputs[1].verdict, false);
  EXPECT_EQ(item.row.fields.at("public_test_cases"), "[]");
  EXPECT_FALSE(item.row.fields.contains("code_list"));
  Json bad = row;
  bad["graded_list"] = {true};
  EXPECT_NE(error_of("livecodebench", {bad}).find("f[0]: field 'graded_list'"), std::string::npos);
  bad = row;
  bad["output_list"] = {3};
  EXPECT_NE(error_of("livecodebench", {bad}).find("'output_list'"), std::string::npos);
}

TEST(Recorded, MmluPro) {
  const Json row = {{"question_id", 70},     {"question", "q"}, {"options", {"a", "b"}},
                    {"answer", "B"},         {"category", "c"}, {"pred", "B"},
                    {"generated_text", "so"}};
  Json none = row;
  none["question_id"] = 71;
  none["pred"] = nullptr;
  none["generated_text"] = nullptr;
  const auto recorded = read("mmlu_pro", {row, none});
  ASSERT_TRUE(recorded) << recorded.error().to_string();
  EXPECT_EQ(recorded->items[0].id, "70");
  EXPECT_EQ(recorded->items[0].outputs[0].text, "so");
  EXPECT_EQ(recorded->items[0].outputs[0].answer, "B");
  EXPECT_EQ(recorded->items[0].outputs[0].verdict, true);
  EXPECT_EQ(recorded->items[1].outputs[0].answer, "");
  EXPECT_EQ(recorded->items[1].outputs[0].verdict, false);
  EXPECT_NE(error_of("mmlu_pro",
                     {Json{{"question_id", 1}, {"options", {"a"}}, {"answer", 2}, {"pred", "A"}}})
                .find("answer"),
            std::string::npos);
}

TEST(Recorded, Mathematics) {
  const auto recorded = read("math500", {Json{{"idx", 3},
                                              {"question", "1+1?"},
                                              {"gt", "2"},
                                              {"solution", "so \\boxed{02}"},
                                              {"level", "Level 4"},
                                              {"code", {"a", "b"}},
                                              {"score", {true, false}}}});
  ASSERT_TRUE(recorded) << recorded.error().to_string();
  const RecordedItem& item = recorded->items[0];
  EXPECT_EQ(item.id, "3");
  EXPECT_EQ(item.row.fields.at("answer"), "2");
  EXPECT_EQ(item.row.fields.at("solution"), "so \\boxed{02}");
  EXPECT_EQ(item.row.fields.at("level"), 4);
  EXPECT_EQ(item.outputs[1].verdict, false);
}

// lm-eval 0.4.13 with --log_samples: one line a document and filter.
TEST(Recorded, LmEvalSamples) {
  const Json line = {{"doc_id", 0},
                     {"doc", {{"ID", "e-1"}, {"Problem", "p"}, {"Answer", 5}}},
                     {"target", "5"},
                     {"resps", {{"It is 5"}}},
                     {"filtered_resps", {"It is 5"}},
                     {"filter", "none"},
                     {"exact_match", 0.0}};
  Json other = line;
  other["filter"] = "strict";
  const auto recorded = read("aime24", {line, other});
  ASSERT_TRUE(recorded) << recorded.error().to_string();
  ASSERT_EQ(recorded->items.size(), 1U);
  EXPECT_EQ(recorded->items[0].id, "e-1");
  ASSERT_EQ(recorded->items[0].outputs.size(), 1U);
  EXPECT_EQ(recorded->items[0].outputs[0].text, "It is 5");
  EXPECT_EQ(recorded->items[0].outputs[0].metric, "lm_eval");
  EXPECT_EQ(recorded->items[0].outputs[0].verdict, false);
  EXPECT_EQ(recorded->items[0].row.fields.at("Answer"), 5);
}

// Of an answer that went on behind lm-eval's stop string, resps end there; ours is all of it.
TEST(Recorded, AssaysSamplesHoldTheWholeAnswer) {
  const Json line = {{"doc_id", 0},
                     {"doc", {{"id", "e-1"}, {"group", ""}}},
                     {"resps", {{"It is "}}},
                     {"finish_reason", "stop"},
                     {"output", "It is Question: 5"},
                     {"output_finish_reason", "length"},
                     {"filter", "none"},
                     {"robust", 1.0}};
  const auto recorded = read("aime24", {line});
  ASSERT_TRUE(recorded) << recorded.error().to_string();
  EXPECT_EQ(recorded->items[0].outputs[0].text, "It is Question: 5");
  EXPECT_TRUE(recorded->items[0].outputs[0].truncated);
}

TEST(Recorded, LmEvalChoices) {
  Json doc = {{"Question", "q"}, {"Correct Answer", "b"}, {"answer", "(B)"}};
  for (const auto& [field, text] : std::vector<std::pair<const char*, const char*>>{
           {"choice1", "a"}, {"choice2", "b"}, {"choice3", "c"}, {"choice4", "d"}}) {
    doc[field] = text;
  }
  const Json line = {
      {"doc_id", 4},
      {"doc", doc},
      {"resps",
       {Json::array({Json::array({-1.5, false})}), Json::array({Json::array({"-0.5", "True"})}),
        Json::array({Json::array({-2, false})}), Json::array({Json::array({-3, false})})}},
      {"acc", 1.0}};
  const auto recorded = read("gpqa_diamond", {line});
  ASSERT_TRUE(recorded) << recorded.error().to_string();
  const RecordedItem& item = recorded->items[0];
  EXPECT_TRUE(item.row_is_item);
  EXPECT_EQ(item.row.fields.at("answer"), 1);
  ASSERT_EQ(item.outputs.size(), 1U);
  EXPECT_EQ(item.outputs[0].loglikelihoods, (std::vector<double>{-1.5, -0.5, -2, -3}));
  EXPECT_EQ(item.outputs[0].verdict, true);
}

// lm-eval's documents of HumanEval have their id in `task_id`, and its metric is pass@1.
TEST(Recorded, LmEvalHumanEval) {
  const auto recorded = read("humaneval", {Json{{"doc_id", 0},
                                                {"doc",
                                                 {{"task_id", "HumanEval/7"},
                                                  {"prompt", "def f():"},
                                                  {"entry_point", "f"},
                                                  {"test", "t"}}},
                                                {"resps", Json::array({Json::array({"a", "b"})})},
                                                {"pass@1", 0.0},
                                                {"exact_match", 1.0}}});
  ASSERT_TRUE(recorded) << recorded.error().to_string();
  const RecordedItem& item = recorded->items[0];
  EXPECT_EQ(item.id, "HumanEval/7");
  EXPECT_EQ(item.row.fields.at("entry_point"), "f");
  ASSERT_EQ(item.outputs.size(), 2U);
  EXPECT_EQ(item.outputs[0].verdict, false);
  EXPECT_EQ(item.outputs[0].metric, "lm_eval");
}

// GSM8K's documents have no id: a row is called by its place in the split, lm-eval's doc_id.
TEST(Recorded, DocumentsWithoutAnIdAreCalledByTheirPlace) {
  const auto line = [](int doc_id) {
    return Json{{"doc_id", doc_id},
                {"doc", {{"question", "q"}, {"answer", "#### 1"}, {"more", 1}}},
                {"resps", Json::array({Json::array({"#### 1"})})}};
  };
  const auto recorded = read("gsm8k", {line(4), line(9)});
  ASSERT_TRUE(recorded) << recorded.error().to_string();
  ASSERT_EQ(recorded->items.size(), 2U);
  EXPECT_EQ(recorded->items[1].id, "9");
  EXPECT_EQ(recorded->items[0].row.position, 4);
  EXPECT_EQ(recorded->items[1].row.position, 9);
}

// What human_eval/evaluation.py reads, and writes with `passed`: several lines an item.
TEST(Recorded, HumanEvalSamples) {
  const auto recorded =
      read("humaneval", {Json{{"task_id", "HumanEval/0"}, {"completion", "    return 1\n"}},
                         Json{{"task_id", "HumanEval/0"},
                              {"completion", ""},
                              {"result", "failed: "},
                              {"passed", false}}});
  ASSERT_TRUE(recorded) << recorded.error().to_string();
  EXPECT_EQ(recorded->layout, "human-eval");
  ASSERT_EQ(recorded->items.size(), 1U);
  const RecordedItem& item = recorded->items[0];
  EXPECT_TRUE(item.row.fields.is_null());
  ASSERT_EQ(item.outputs.size(), 2U);
  EXPECT_EQ(item.outputs[0].text, "    return 1\n");
  EXPECT_TRUE(item.outputs[0].is_code);
  EXPECT_FALSE(item.outputs[0].verdict);
  EXPECT_EQ(item.outputs[1].verdict, false);
  const auto solutions = read("mbpp", {Json{{"task_id", "Mbpp/2"}, {"solution", "def f(): pass"}}});
  ASSERT_TRUE(solutions) << solutions.error().to_string();
  EXPECT_EQ(solutions->layout, "EvalPlus");
  EXPECT_EQ(solutions->items[0].outputs[0].text, "def f(): pass");
  EXPECT_NE(error_of("humaneval", {Json{{"task_id", "a"}, {"completion", "x"}, {"passed", "yes"}}})
                .find("f[0]: field 'passed'"),
            std::string::npos);
}

// What eval/scripts/gencode.py of SciCode's repository leaves.
TEST(Recorded, SciCodeFolder) {
  const std::filesystem::path folder = testing::TempDir() + "/generated_code";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  EXPECT_NE(read_recorded(folder, "scicode", {}).error().why.find("<problem>.<step>.py"),
            std::string::npos);
  for (const char* name : {"11.1.py", "11.10.py", "9.1.py", "notes.txt", "x.1.py"}) {
    std::ofstream(folder / name) << "# " << name;
  }
  const auto recorded = read_recorded(folder, "scicode", {});
  ASSERT_TRUE(recorded) << recorded.error().to_string();
  ASSERT_EQ(recorded->items.size(), 2U);
  EXPECT_EQ(recorded->items[0].id, "11");
  const RecordedOutput& output = recorded->items[0].outputs.at(0);
  EXPECT_TRUE(output.is_code);
  EXPECT_EQ(output.steps,
            (std::map<std::string, std::string>{{"11.1", "# 11.1.py"}, {"11.10", "# 11.10.py"}}));
}

TEST(Recorded, WhatIsNoNumberAndWhatIsNoAnswer) {
  const Json doc = {{"ID", "1"}, {"Problem", "p"}, {"Answer", 5}};
  Json line = {{"doc_id", 0}, {"doc", doc}, {"resps", {{nullptr}}}, {"exact_match", 0.0}};
  const auto none = read("aime24", {line});
  ASSERT_TRUE(none) << none.error().to_string();
  EXPECT_EQ(none->items[0].outputs[0].text, "");
  EXPECT_EQ(none->items[0].outputs[0].verdict, false);
  line["exact_match"] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(read("aime24", {line})->items[0].outputs[0].verdict, std::nullopt);

  line["resps"] = {Json::array({Json::array({"nan", "False"})}),
                   Json::array({Json::array({nullptr, false})}),
                   Json::array({Json::array({"-inf", "False"})})};
  const auto choices = read("gpqa_diamond", {line});
  ASSERT_TRUE(choices) << choices.error().to_string();
  const std::vector<double>& sums = choices->items[0].outputs[0].loglikelihoods;
  ASSERT_EQ(sums.size(), 3U);
  EXPECT_TRUE(std::isnan(sums[0]));
  EXPECT_TRUE(std::isnan(sums[1]));
  EXPECT_EQ(sums[2], -std::numeric_limits<double>::infinity());
  line["resps"] = Json::array({Json::array({Json::array({"-1.5x", "False"})})});
  EXPECT_NE(error_of("gpqa_diamond", {line}).find("'resps'"), std::string::npos);
}

// assay's own files name the item and leave its question out.
TEST(Recorded, OwnSamples) {
  const auto recorded = read("math500", {Json{{"doc_id", 0},
                                              {"doc", {{"id", "sum-1"}, {"group", "Algebra"}}},
                                              {"resps", {{"5"}}},
                                              {"robust", 1.0},
                                              {"finish_reason", "length"}}});
  ASSERT_TRUE(recorded) << recorded.error().to_string();
  EXPECT_EQ(recorded->items[0].id, "sum-1");
  EXPECT_TRUE(recorded->items[0].row.fields.is_null());
  EXPECT_TRUE(recorded->items[0].outputs[0].truncated);
  EXPECT_EQ(recorded->items[0].outputs[0].verdict, true);
}

TEST(Recorded, OtherFiles) {
  EXPECT_NE(error_of("math500", {}).find("no rows"), std::string::npos);
  EXPECT_NE(error_of("math500", {Json{{"text", "x"}}}).find("other fields"), std::string::npos);
  EXPECT_NE(error_of("aime24", {Json{{"gt", "1"}, {"code", {"1"}}, {"question", "q"}}}), "");
  EXPECT_NE(error_of("aime24", {Json{{"doc", {{"id", "a"}}}, {"resps", {{3}}}}}).find("'resps'"),
            std::string::npos);
}

}  // namespace
}  // namespace assay
