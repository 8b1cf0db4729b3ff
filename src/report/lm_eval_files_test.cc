// results/<variant>/ beside what lm-eval 0.4.13 itself wrote (tests/lm_eval_files).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "report/write.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

// One variant, one task of two answered items.
class LmEvalKeysTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("assay_lm_eval_keys_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    report_.started_at_s = 1000;
    report_.spent_s = 12.5;
    report_.prompts = {.seed = 7, .system_instruction = "Be brief.", .fewshot_as_multiturn = true};
    VariantValues variant{.name = "bf16", .model = "our/model:a"};
    variant.facts.versions = {{"transformers", "5.19.0"}, {"vllm", "0.32.0"}};
    variant.facts.devices = {"a GPU"};
    variant.facts.max_model_len = 4096;
    variant.template_hash = "cafe";
    report_.variants.push_back(variant);
    TaskValues task{.name = "gsm8k", .title = "GSM8K", .kind = "generate"};
    task.num_fewshot = 5;
    task.generation = {{"max_gen_toks", 64}, {"do_sample", false}, {"temperature", 0}};
    task.metrics = {"robust"};
    task.planned = 3;
    Cell cell;
    cell.run = cell.scored = 2;
    cell.metrics = {{"robust", 0.5}};
    task.cells = {cell};
    report_.tasks.push_back(task);
    for (const std::string id : {"1", "2"}) {
      ItemValues item{.task = "gsm8k", .id = id, .target = "4"};
      OutputValues output;
      output.text = report_.texts->put("It is 4.");
      output.outcome = "scored";
      output.prompt_hash = report_.prompt_hashes->put("beef" + id);
      item.outputs.emplace_back(output);
      report_.items.push_back(item);
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  // The file of that beginning, in a folder.
  static std::string text_of(const fs::path& folder, const std::string& begin) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename().string().starts_with(begin)) return *read_file(entry.path());
    }
    ADD_FAILURE() << "no " << begin << " in " << folder;
    return "{}";
  }
  static Json first_line(const std::string& text) {
    return Json::parse(text.substr(0, text.find('\n')));
  }
  // Keys of `theirs` that `ours` lacks.
  static std::set<std::string> missing(const Json& theirs, const Json& ours) {
    std::set<std::string> out;
    for (const auto& [key, value] : theirs.items()) {
      if (!ours.contains(key)) out.insert(key);
    }
    return out;
  }
  void write() {
    ASSERT_TRUE(write_lm_eval_files(report_, 0, folder_));
    results_ = Json::parse(text_of(folder_ / "bf16", "results_"));
    sample_ = first_line(text_of(folder_ / "bf16", "samples_gsm8k_"));
  }

  RunReport report_;
  fs::path folder_;
  Json results_;
  Json sample_;
};

TEST_F(LmEvalKeysTest, NoKeyOfLmEvalsOwnIsMissing) {
  write();
  const fs::path theirs =
      fs::path(ASSAY_SOURCE_DIR) / "tests" / "lm_eval_files" / "0.4.13" / "folder" / "our__model";
  // A run without groups of tasks has none in lm-eval either.
  EXPECT_EQ(missing(Json::parse(text_of(theirs, "results_")), results_),
            std::set<std::string>{"groups"});
  const Json sample = first_line(text_of(theirs, "samples_our_generated"));
  EXPECT_EQ(missing(sample, sample_), std::set<std::string>{"exact_match"});
  // The recorded run had a model without tokenizer and no environment; lm_eval/result_schema.py
  // names what a real one adds. The tokens that begin, end and pad are not known to the store.
  for (const char* key : {"git_hash", "upper_git_hash", "pretty_env_info", "transformers_version",
                          "lm_eval_version", "max_length"}) {
    EXPECT_TRUE(results_.contains(key)) << key;
  }
}

TEST_F(LmEvalKeysTest, TheyHoldWhatLmEvalMeansByThem) {
  write();
  EXPECT_EQ(results_["n-shot"], (Json{{"gsm8k", 5}}));
  EXPECT_EQ(results_["higher_is_better"], (Json{{"gsm8k", {{"robust", true}}}}));
  EXPECT_EQ(results_["group_subtasks"], Json::object());
  EXPECT_EQ(results_["results"]["gsm8k"]["sample_len"], 2);
  EXPECT_EQ(results_["configs"]["gsm8k"]["generation_kwargs"]["max_gen_toks"], 64);
  EXPECT_EQ(results_["configs"]["gsm8k"]["output_type"], "generate_until");
  EXPECT_EQ(results_["model_name_sanitized"], "our__model__a");
  EXPECT_EQ(results_["lm_eval_version"], "0.4.13");
  EXPECT_EQ(results_["transformers_version"], "5.19.0");
  EXPECT_EQ(results_["pretty_env_info"], "transformers 5.19.0\nvllm 0.32.0\ndevice 0: a GPU\n");
  EXPECT_EQ(results_["max_length"], 4096);
  EXPECT_EQ(results_["chat_template_sha"], "cafe");
  EXPECT_EQ(results_["system_instruction"], "Be brief.");
  // printf 'Be brief.' | sha256sum
  EXPECT_EQ(results_["system_instruction_sha"],
            "213c22ed7234eb11116e1e88f314c73cb3a019b5c87fe224b6ce5665bd9ec50e");
  EXPECT_EQ(results_["fewshot_as_multiturn"], true);
  EXPECT_EQ(results_["total_evaluation_time_seconds"], "12.5");
  EXPECT_EQ(results_["config"]["random_seed"], 7);
  EXPECT_EQ(results_["git_hash"], nullptr);
}

// printf 4 | sha256sum; a task's hash is that of doc_hash, prompt_hash and target_hash of all its
// lines: printf "$(printf gsm8k/1 | sha256sum | cut -c -64)beef1…" | sha256sum.
TEST_F(LmEvalKeysTest, SamplesSayWhatWasAskedWithoutTheQuestion) {
  write();
  EXPECT_EQ(sample_["target_hash"],
            "4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a");
  EXPECT_EQ(
      sample_["arguments"],
      (Json{{"gen_args_0",
             {{"arg_0", "sha256:beef1"},
              {"arg_1", {{"max_gen_toks", 64}, {"do_sample", false}, {"temperature", 0}}}}}}));
  EXPECT_EQ(results_["task_hashes"]["gsm8k"],
            "58dbad630a0784cb4623fb8f31c59ffb9a69d5984c6fbbc38c0b8b28ebb1cdfc");
}

}  // namespace
}  // namespace assay
