// Compares what our tasks ask with what lm-eval 0.4.13 asks: messages, plain prompt, stop strings,
// temperature, target, for GPQA the options' order and the continuations, and lm-eval's score of
// outputs where the record holds some. Records come from
// $ASSAY_SHARED/parity/open/prompts.jsonl.xz and from the file $ASSAY_PARITY_RECORDS names (written
// by make_records.py over the rows in data/); a source that is not given is skipped.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iomanip>
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

// nullptr: none of ours.
const Task* our_task(const std::string& lm_eval_task) {
  const bool subject = lm_eval_task.starts_with("mmlu_pro_");
  const Task* task = find_task_of_either(subject ? "mmlu_pro" : lm_eval_task);
  return task != nullptr && task->lm_eval.has_metric ? task : nullptr;
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
  // `data`: a folder that has the tasks' few-shot exemplars.
  void compare_all(const std::vector<Json>& records, const std::string& data) {
    std::map<const Task*, std::vector<const Json*>> by_task;
    int others = 0;
    for (const Json& record : records) {
      const Task* task = our_task(record.at("task").get<std::string>());
      if (task == nullptr) {
        ++others;
      } else {
        by_task[task].push_back(&record);
      }
    }
    for (const auto& [task, list] : by_task) {
      exemplars_ = exemplars_of(*task, data);
      compare_task(*task, list);
    }
    print_table(others);
  }

  void print_table(int others) {
    Counts total;
    print_line("task, tokenizer and template", "prompts", "arguments", "scores", "differing");
    for (const auto& [what, count] : counts_) {
      print_counts(what, count);
      total.prompts += count.prompts;
      total.arguments += count.arguments;
      total.scores += count.scores;
      total.differing += count.differing;
    }
    print_counts("in all", total);
    if (others > 0) std::cout << "records of tasks assay does not have: " << others << '\n';
    EXPECT_GT(total.prompts, 0);
    EXPECT_EQ(total.differing, 0);
  }

 private:
  static std::vector<Json> exemplars_of(const Task& task, const std::string& data) {
    std::vector<Json> out;
    if (task.exemplar_layouts.empty()) return out;
    auto found = find_data_set(data, task.exemplar_layouts, {});
    EXPECT_TRUE(found && std::holds_alternative<DataSet>(*found)) << task.name;
    if (!found || !std::holds_alternative<DataSet>(*found)) return out;
    for (Row row : std::get<DataSet>(*found).rows) out.push_back(std::move(row.fields));
    return out;
  }

  struct Counts {
    int prompts = 0;    // with exemplars, target, option order and continuations
    int arguments = 0;  // records whose stop strings and generation arguments were compared
    int scores = 0;     // made outputs, under each of the task's filters
    int differing = 0;  // records with any difference
  };

  template <typename... Columns>
  static void print_line(const std::string& what, const Columns&... columns) {
    std::cout << "parity " << std::left << std::setw(58) << what << std::right;
    ((std::cout << std::setw(11) << columns), ...);
    std::cout << '\n';
  }

  static void print_counts(const std::string& what, const Counts& count) {
    print_line(what, count.prompts, count.arguments, count.scores, count.differing);
  }

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
      data.rows.push_back({row, key.first + ":" + std::to_string(key.second), key.second});
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
    std::map<std::string, Item> by_text;
    for (const Item& item : *items) by_text[text_of_row(item.row)] = item;
    for (const Json* record : records) {
      const auto item = by_text.find(text_of_row(record->at("row")));
      ASSERT_NE(item, by_text.end());
      compare_record(task, item->second, *record);
    }
  }

  void compare_record(const Task& task, const Item& item, const Json& record) {
    TaskSpec spec;
    spec.name = spec.benchmark = task.name;
    // Where the task sets no max_gen_toks, lm-eval's backend takes 256 (docs/parity.md).
    spec.max_gen_toks =
        record.value("generation_kwargs", Json::object()).value("max_gen_toks", 256);
    spec.options = Json::object();
    ChatSpec chat;
    chat.apply_template = record.at("apply_chat_template").get<bool>();
    chat.stop_strings = HeadingStops::engine;
    if (!task.exemplar_layouts.empty()) {
      spec.options["fewshot_as_multiturn"] = record.at("fewshot_as_multiturn");
    }
    const TaskContext context{spec, chat, 0, exemplars_, ""};
    const auto next = task.next(item, {}, context);
    std::vector<std::string> found;
    Counts count{.prompts = 1};
    if (!next || !*next) {
      found.push_back("no request");
    } else {
      compare_request(**next, record, chat.apply_template, found);
      compare_target(task, item, record, context, found);
      count.arguments = compare_arguments((*next)->sampling, record, found);
      count.scores = compare_scores(task, item, record, context, found);
    }
    const auto name = record.at("task").get<std::string>();
    const std::string what = (task.name == "mmlu_pro" ? "mmlu_pro_<subject>" : name) + " " +
                             record.at("tokenizer").get<std::string>() +
                             (chat.apply_template ? " chat" : " plain") +
                             (record.at("fewshot_as_multiturn").get<bool>() ? "" : " one turn") +
                             (record.at("enable_thinking").is_null()
                                  ? ""
                                  : " thinking " + record.at("enable_thinking").dump());
    Counts& sum = counts_[what];
    sum.prompts += count.prompts;
    sum.arguments += count.arguments;
    sum.scores += count.scores;
    if (found.empty()) return;
    if (++sum.differing <= kShownDifferences) {
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
      if (Json(request.plain) != prompt) found.push_back("plain: " + request.plain);
    }
    if (likelihood) {
      for (std::size_t i = 0; i < record.at("pairs").size(); ++i) {
        if (i >= request.continuations.size() ||
            Json(request.continuations[i]) != record.at("pairs")[i].at("continuation")) {
          found.push_back("continuation");
        }
      }
    }
  }

  // The task's own arguments, and what lm-eval's backend makes of them (`sent`), where recorded.
  static int compare_arguments(const Sampling& ours, const Json& record,
                               std::vector<std::string>& found) {
    if (!record.contains("generation_kwargs")) return 0;
    const Json& arguments = record.at("generation_kwargs");
    if (Json(ours.stop) != arguments.at("until")) found.push_back("stop strings");
    if (ours.temperature != arguments.at("temperature")) found.push_back("temperature");
    if (arguments.at("do_sample") != false) found.push_back("do_sample");
    const Json sent = record.value("sent", Json::object());
    const bool same = ours.max_tokens == sent.value("max_tokens", ours.max_tokens) &&
                      ours.temperature == sent.value("temperature", ours.temperature) &&
                      ours.top_p == sent.value("top_p", ours.top_p) && !ours.seed &&
                      sent.value("seed", Json()).is_null();
    if (!same) found.push_back("arguments sent: " + sent.dump());
    return 1;
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
    if (task.name == "gsm8k") target = item.row.at("answer").get<std::string>();
    if (Json(target) != record.at("target")) found.push_back("target: " + target);
  }

  static int compare_scores(const Task& task, const Item& item, const Json& record,
                            const TaskContext& context, std::vector<std::string>& found) {
    int compared = 0;
    const auto check = [&](const StepResult& step, const std::string& metric, const Json& expected,
                           const std::string& what) {
      const std::vector<StepResult> steps = {step};
      const std::vector<ProgramResult> programs;
      const Score score = task.score({item, steps, programs, context});
      ++compared;
      // Where lm-eval raises there is no score to compare with; ours says so.
      const std::string name = score.metrics.contains(metric) ? metric : "lm_eval";
      const bool same = expected.is_null() ? score.remarks.contains("lm_eval_raises")
                                           : score.metrics.at(name) == expected;
      if (!same) found.push_back("score of " + what);
    };
    for (const Json& scored : record.value("scored", Json::array())) {
      StepResult step;
      step.response.text = scored.at("output").get<std::string>();
      for (const auto& [filter, value] : scored.at("exact_match").items()) {
        check(step, "exact_match," + filter, value,
              step.response.text + " (filter " + filter + ")");
      }
    }
    for (const Json& scored : record.value("likelihoods", Json::array())) {
      StepResult step;
      for (const Json& sum : scored.at("sums")) {
        step.response.loglikelihoods.push_back({.sum = sum, .is_greedy = false, .tokens = 3});
      }
      check(step, "acc", scored.at("acc"), scored.dump());
    }
    return compared;
  }

  std::vector<Json> exemplars_;
  std::map<std::string, Counts> counts_;
};

TEST_F(Prompts, SharedRecords) {
  const char* shared = std::getenv("ASSAY_SHARED");
  if (shared == nullptr) GTEST_SKIP() << "ASSAY_SHARED names no folder with records";
  SpawnOptions options;
  options.argv = {"xz", "-dc", std::string(shared) + "/parity/open/prompts.jsonl.xz"};
  const auto records = run_command(options, "", std::chrono::minutes(1), 256UL << 20);
  ASSERT_TRUE(records && records->exit_code == 0);
  compare_all(parse_lines(records->out), std::string(shared) + "/data");
}

TEST_F(Prompts, ShippedRows) {
  const char* file = std::getenv("ASSAY_PARITY_RECORDS");
  if (file == nullptr) GTEST_SKIP() << "ASSAY_PARITY_RECORDS names no file (make_records.py)";
  const auto records = read_file(file);
  ASSERT_TRUE(records) << records.error().to_string();
  compare_all(parse_lines(*records), std::string(ASSAY_SOURCE_DIR) + "/data");
}

}  // namespace
}  // namespace assay
