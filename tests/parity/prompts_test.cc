// Compares what our tasks ask with what lm-eval 0.4.13 asks: messages, plain prompt, stop strings,
// temperature, target, for GPQA the options' order and the continuations, and lm-eval's score of
// outputs where the record holds some. Records come from
// $ASSAY_SHARED/parity/open/prompts.jsonl.xz and from the file $ASSAY_PARITY_RECORDS names (written
// by make_records.py over the rows in data/); a source that is not given is skipped.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "base/files.h"
#include "base/json.h"
#include "base/subprocess.h"
#include "score/boxed.h"
#include "task/task.h"

namespace assay {
namespace {

constexpr int kShownDifferences = 5;

std::string our_task(const std::string& lm_eval_task) {
  if (lm_eval_task == "aime24") return "aime24";
  if (lm_eval_task == "hendrycks_math500") return "math500";
  if (lm_eval_task == "gpqa_diamond_zeroshot") return "gpqa_diamond";
  if (lm_eval_task.starts_with("mmlu_pro_")) return "mmlu_pro";
  return "";  // not one of the seven
}

std::vector<Json> parse_lines(const std::string& text) {
  std::vector<Json> values;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) values.push_back(Json::parse(line));
  }
  return values;
}

class Prompts : public ::testing::Test {
 protected:
  void compare_all(const std::vector<Json>& records, const std::vector<Json>& exemplars) {
    exemplars_ = exemplars;
    std::map<std::string, std::vector<const Json*>> by_task;
    int others = 0;
    for (const Json& record : records) {
      const std::string task = our_task(record.at("task").get<std::string>());
      if (task.empty()) {
        ++others;
      } else {
        by_task[task].push_back(&record);
      }
    }
    for (const auto& [name, list] : by_task) compare_task(*find_task(name), list);
    int total = 0;
    int differing = 0;
    for (const auto& [what, count] : counts_) {
      std::cout << "parity " << what << ": compared " << count.first << ", differing "
                << count.second << '\n';
      total += count.first;
      differing += count.second;
    }
    std::cout << "parity in all: compared " << total << ", differing " << differing
              << "; scores compared " << scores_ << ", records of other tasks " << others << '\n';
    EXPECT_GT(total, 0);
    EXPECT_EQ(differing, 0);
  }

 private:
  // lm-eval keeps its rows in one order for all records of a task; a row that is not among the
  // records only matters for the place it takes in GPQA's shuffles.
  static DataSet rows_of(const std::vector<const Json*>& records, bool keep_positions) {
    std::map<std::pair<std::string, int>, Json> rows;
    for (const Json* record : records) {
      rows[{record->at("task").get<std::string>(), record->at("doc_index").get<int>()}] =
          record->at("row");
    }
    DataSet data;
    data.layout = "hub";
    int position = 0;
    for (auto& [key, row] : rows) {
      for (; keep_positions && position < key.second; ++position) {
        const std::string filler = "filler " + std::to_string(position);
        data.rows.push_back({Json{{"Question", filler},
                                  {"Correct Answer", "a"},
                                  {"Incorrect Answer 1", "b"},
                                  {"Incorrect Answer 2", "c"},
                                  {"Incorrect Answer 3", "d"}},
                             filler});
      }
      ++position;
      data.rows.push_back({row, key.first + ":" + std::to_string(key.second)});
    }
    return data;
  }

  static std::string text_of_row(const Json& row) {
    for (const char* field : {"Problem", "problem", "question", "Question"}) {
      if (row.contains(field)) return row.at(field).get<std::string>();
    }
    return "";
  }

  void compare_task(const Task& task, const std::vector<const Json*>& records) {
    TaskSpec spec;
    spec.name = spec.benchmark = task.name;
    spec.max_gen_toks = 512;
    const ChatSpec chat;
    const TaskContext context{spec, chat, 0, exemplars_, ""};
    const auto items = task.make_items(rows_of(records, task.name == "gpqa_diamond"), context);
    ASSERT_TRUE(items) << items.error().to_string();
    std::map<std::string, const Item*> by_text;
    for (const Item& item : *items) by_text[text_of_row(item.row)] = &item;
    for (const Json* record : records) {
      const Item* item = by_text[text_of_row(record->at("row"))];
      ASSERT_NE(item, nullptr);
      compare_record(task, *item, *record);
    }
  }

  void compare_record(const Task& task, const Item& item, const Json& record) {
    TaskSpec spec;
    spec.name = spec.benchmark = task.name;
    spec.max_gen_toks = 512;
    spec.options = Json::object();
    ChatSpec chat;
    chat.apply_template = record.at("apply_chat_template").get<bool>();
    if (task.name == "mmlu_pro") {
      spec.options["fewshot_as_multiturn"] = record.at("fewshot_as_multiturn");
    }
    const TaskContext context{spec, chat, 0, exemplars_, ""};
    const auto next = task.next(item, {}, context);
    std::vector<std::string> found;
    if (!next || !*next) {
      found.push_back("no request");
    } else {
      compare_request(**next, record, chat.apply_template, found);
      compare_target(task, item, record, context, found);
      compare_scores(task, item, record, context, found);
    }
    const auto name = record.at("task").get<std::string>();
    const std::string what = (task.name == "mmlu_pro" ? "mmlu_pro_<subject>" : name) + " " +
                             record.at("tokenizer").get<std::string>() +
                             (chat.apply_template ? " chat" : " plain") +
                             (record.at("fewshot_as_multiturn").get<bool>() ? "" : " one turn") +
                             (record.at("enable_thinking").is_null()
                                  ? ""
                                  : " thinking " + record.at("enable_thinking").dump());
    auto& count = counts_[what];
    ++count.first;
    if (found.empty()) return;
    if (++count.second <= kShownDifferences) {
      ADD_FAILURE() << what << " " << item.id << ": " << found.front();
    }
  }

  static void compare_request(const Request& request, const Json& record, bool chat,
                              std::vector<std::string>& found) {
    const bool likelihood = record.contains("pairs");
    if (chat) {
      Json messages = Json::array();
      for (const Message& message : request.messages) {
        messages.push_back({{"role", message.role}, {"content", message.content}});
      }
      if (messages != record.at("messages")) found.push_back("messages: " + messages.dump());
    } else {
      const Json& prompt = likelihood ? record.at("pairs")[0].at("context") : record.at("prompt");
      if (request.plain != prompt) found.push_back("plain: " + request.plain);
    }
    if (likelihood) {
      for (std::size_t i = 0; i < record.at("pairs").size(); ++i) {
        if (i >= request.continuations.size() ||
            request.continuations[i] != record.at("pairs")[i].at("continuation")) {
          found.push_back("continuation");
        }
      }
      return;
    }
    const Json& arguments = record.at("generation_kwargs");
    if (Json(request.sampling.stop) != arguments.at("until")) found.push_back("stop strings");
    if (request.sampling.temperature != arguments.at("temperature")) found.push_back("temperature");
  }

  static void compare_target(const Task& task, const Item& item, const Json& record,
                             const TaskContext& context, std::vector<std::string>& found) {
    StepResult step;
    step.response.text = "x";
    step.response.loglikelihoods.resize(4);
    const std::vector<StepResult> steps = {step};
    const std::vector<ProgramResult> programs;
    std::string target = task.score({item, steps, programs, context}).target;
    if (task.name == "gpqa_diamond") {
      target = "(" + target + ")";
      if (item.row.at("choices") != record.at("choice_order")) found.push_back("option order");
    }
    if (task.name == "math500") {  // lm-eval's gold is the box of the solution
      target = last_boxed(item.row.at("solution").get<std::string>()).value_or("");
    }
    if (target != record.at("target")) found.push_back("target: " + target);
  }

  void compare_scores(const Task& task, const Item& item, const Json& record,
                      const TaskContext& context, std::vector<std::string>& found) {
    const auto check = [&](const StepResult& step, const Json& expected, const std::string& what) {
      const std::vector<StepResult> steps = {step};
      const std::vector<ProgramResult> programs;
      const Score score = task.score({item, steps, programs, context});
      ++scores_;
      // Where lm-eval raises there is no score to compare with; ours says so.
      const bool same = expected.is_null() ? score.extra.contains("lm_eval_raises")
                                           : score.metrics.at("lm_eval") == expected;
      if (!same) found.push_back("score of " + what);
    };
    for (const Json& scored : record.value("scored", Json::array())) {
      StepResult step;
      step.response.text = scored.at("output").get<std::string>();
      check(step, scored.at("exact_match"), step.response.text);
    }
    for (const Json& scored : record.value("likelihoods", Json::array())) {
      StepResult step;
      for (const Json& sum : scored.at("sums")) {
        step.response.loglikelihoods.push_back({.sum = sum, .is_greedy = false, .tokens = 3});
      }
      check(step, scored.at("acc"), scored.dump());
    }
  }

  std::vector<Json> exemplars_;
  std::map<std::string, std::pair<int, int>> counts_;  // compared, differing
  int scores_ = 0;
};

TEST_F(Prompts, SharedRecords) {
  const char* shared = std::getenv("ASSAY_SHARED");
  if (shared == nullptr) GTEST_SKIP() << "ASSAY_SHARED names no folder with records";
  SpawnOptions options;
  options.argv = {"xz", "-dc", std::string(shared) + "/parity/open/prompts.jsonl.xz"};
  const auto records = run_command(options, "", std::chrono::minutes(1), 256UL << 20);
  ASSERT_TRUE(records && records->exit_code == 0);
  const auto exemplars =
      read_file(std::string(shared) + "/data/mmlu_pro/mmlu_pro_validation.jsonl");
  ASSERT_TRUE(exemplars) << exemplars.error().to_string();
  compare_all(parse_lines(records->out), parse_lines(*exemplars));
}

TEST_F(Prompts, ShippedRows) {
  const char* file = std::getenv("ASSAY_PARITY_RECORDS");
  if (file == nullptr) GTEST_SKIP() << "ASSAY_PARITY_RECORDS names no file (make_records.py)";
  const auto records = read_file(file);
  ASSERT_TRUE(records) << records.error().to_string();
  const auto exemplars =
      read_file(std::string(ASSAY_SOURCE_DIR) + "/data/mmlu_pro/validation.jsonl");
  ASSERT_TRUE(exemplars) << exemplars.error().to_string();
  compare_all(parse_lines(*records), parse_lines(*exemplars));
}

}  // namespace
}  // namespace assay
