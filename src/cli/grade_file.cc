#include "cli/grade_file.h"

#include <fmt/format.h>

#include <map>
#include <memory>

#include "base/json.h"
#include "base/language.h"
#include "cli/data_notes.h"
#include "cli/rows_python.h"
#include "cli/world.h"
#include "data/recorded.h"
#include "engine/python.h"
#include "sandbox/sandbox.h"
#include "task/livecodebench_tests.h"
#include "task/load.h"
#include "task/task.h"

namespace assay {
namespace {

// What scoring may need beside the outputs; each part is made when the first item needs it.
class Graders {
 public:
  explicit Graders(const Deadline& until)
      : until_(until), found_(find_python(python_search_here(""))) {}

  Result<ProgramResult> run(const Program& program) {
    if (!sandbox_) {
      SandboxOptions options;
      options.python = TRY(find_grade_python(""));
      sandbox_ = std::make_unique<Sandbox>(TRY(Sandbox::create(options)));
    }
    return sandbox_->run(program, until_);
  }

  Result<EquivalenceOracle*> oracle(const std::string& task) {
    if (!oracle_) {
      const PythonEnv env = TRY(Result<PythonEnv>(found_));
      oracle_ = TRY(start_math_verify(env.python.string(), task, until_));
    }
    return oracle_.get();
  }

  // Math-Verify where it works here, for a task that is scored with it. Without it, answers that
  // need it are an error when they come; those that the fast path decides are none.
  EquivalenceOracle* oracle_at_hand(const Task& task) {
    if (!task.asks_oracle) return nullptr;
    if (!oracle_ && !looked_) static_cast<void>(oracle(task.name));
    looked_ = true;
    return oracle_.get();
  }

  // What decides mathematics; none: it was not started.
  [[nodiscard]] PackageVersions math_versions() const {
    return oracle_ ? oracle_->versions() : PackageVersions();
  }

 private:
  const Deadline until_;
  Result<PythonEnv> found_;
  std::unique_ptr<MathVerifyClient> oracle_;
  bool looked_ = false;  // whether it works was found out
  std::unique_ptr<Sandbox> sandbox_;
};

StepResult step_of(const RecordedOutput& output) {
  StepResult step;
  step.response.text = output.text;
  step.is_code = output.is_code;
  if (output.truncated) step.response.finish_reason = FinishReason::length;
  for (const double sum : output.loglikelihoods) {
    step.response.loglikelihoods.push_back({.sum = sum, .is_greedy = false, .tokens = 0});
  }
  return step;
}

// The problem's own steps in order, without those whose code is given; a step without a file has no
// program.
std::vector<StepResult> scicode_steps(const Item& item, const RecordedOutput& output) {
  std::vector<StepResult> steps;
  for (const Json& step : item.row.at("steps")) {
    if (step.at("supplied").is_string()) continue;
    const auto found = output.steps.find(step.at("id").get<std::string>());
    StepResult result;
    result.is_code = true;
    if (found != output.steps.end()) result.response.text = found->second;
    steps.push_back(std::move(result));
  }
  return steps;
}

// The data set's layout that MMLU-Pro's own checks know for recorded files.
constexpr const char* kRecordedLayout = "recorded model outputs";

class FileGrader {
 public:
  FileGrader(const Task& task, const GradeOptions& options, Json task_options)
      : task_(task), options_(options), graders_(options.until) {
    spec_.name = spec_.benchmark = task.name;
    spec_.max_gen_toks = 1;  // nothing is asked
    spec_.options = std::move(task_options);
    spec_.num_fewshot = task.exemplar_layouts.empty() ? std::nullopt : std::optional<int>(0);
  }

  Result<GradedFile> grade() {
    const Recorded recorded = TRY(read_recorded(options_.file, task_.name, python_));
    const std::map<std::string, Item> items = TRY(items_of(recorded));
    GradedFile out{.layout = recorded.layout, .outputs = {}};
    for (const RecordedItem& entry : recorded.items) {
      const auto item = items.find(entry.id);
      if (item == items.end()) return missing(entry.id);
      std::string untestable;
      if (task_.untestable != nullptr) {
        untestable = TRY(task_.untestable(item->second, context()));
      }
      for (const RecordedOutput& output : entry.outputs) {
        const int sample = static_cast<int>(&output - entry.outputs.data());
        Score scored = TRY(score(item->second, output));
        std::string metric = metric_beside(output.metric, scored);
        out.outputs.push_back({entry.id, sample, item->second.group, std::move(scored),
                               output.verdict, std::move(metric), output.answer, untestable});
      }
    }
    out.graders = graders_.math_versions();
    return out;
  }

 private:
  [[nodiscard]] TaskContext context() const {
    return {spec_, chat_, 0, {}, options_.data.string()};
  }

  // Of the folder with the data set, where one was named.
  [[nodiscard]] Result<ItemList> data_items() const {
    if (options_.data.empty()) return ItemList();
    Loaded loaded =
        TRY(load_items(spec_, task_, options_.data, {.chat = chat_, .python = python_}));
    if (const auto* absent = std::get_if<AbsentRows>(&loaded)) {
      return std::unexpected(absent_error(*absent));
    }
    return std::get<LoadedItems>(std::move(loaded)).items;
  }

  // The data set's items go before what the file holds of them: they have the tests.
  Result<std::map<std::string, Item>> items_of(const Recorded& recorded) {
    std::map<std::string, Item> items;
    for (Item item : TRY(data_items())) items.emplace(item.id, std::move(item));
    DataSet embedded;
    embedded.layout = kRecordedLayout;
    embedded.files = {options_.file.string()};
    for (const RecordedItem& entry : recorded.items) {
      if (items.contains(entry.id) || entry.row.fields.is_null()) continue;
      if (entry.row_is_item) {
        Item item;
        item.id = entry.id;
        item.row = entry.row.fields;
        items.emplace(entry.id, std::move(item));
      } else {
        embedded.rows.push_back(entry.row);
      }
    }
    if (embedded.rows.empty()) return items;
    for (Item item : TRY(task_.make_items(embedded, context()))) {
      items.emplace(item.id, std::move(item));
    }
    return items;
  }

  // Which metric of ours the recorded verdict is set beside: the benchmark's own evaluation beside
  // the one that follows its rules, lm-eval's of a task without such a metric beside robust.
  static std::string metric_beside(const std::string& recorded, const Score& score) {
    if (recorded != "robust") return score.metrics.contains(recorded) ? recorded : "robust";
    return score.metrics.contains("official") ? "official" : "robust";
  }

  [[nodiscard]] std::unexpected<Error> missing(const std::string& id) const {
    return usage_error(
        bilingual("{} holds an output of item '{}', but not the question",
                  "{} 有题目 '{}' 的输出，但没有题目本身", options_.file.string(), id),
        options_.data.empty() ? Text("no folder with the data set was given", "没有给出数据集目录")
                              : bilingual("the data set in {} has no such item",
                                          "{} 中的数据集没有这道题", options_.data.string()),
        {"name the folder with the data set: --data DIR", "给出数据集目录：--data DIR"});
  }

  Result<Score> score(const Item& item, const RecordedOutput& output) {
    const bool generates = task_.kind != TaskKind::loglikelihood ||
                           spec_.options.value(task_.generates_with, Json(false)) == true;
    if (!generates && output.loglikelihoods.empty()) {
      return usage_error(
          bilingual("{} holds no log-likelihoods", "{} 不含对数似然", options_.file.string()),
          {"the task is scored by those of its choices, not by text",
           "这个任务按选项的对数似然评分，不按文本"},
          {"use lm-eval's samples file, or `assay score DIR` on the run's folder",
           "用 lm-eval 的 samples 文件，或对运行目录用 `assay score DIR`"});
    }
    const std::vector<StepResult> steps =
        output.steps.empty() ? std::vector{step_of(output)} : scicode_steps(item, output);
    std::vector<ProgramResult> results;
    if (task_.programs != nullptr) {
      for (const Program& program : TRY(task_.programs(item, steps, context()))) {
        results.push_back(TRY(graders_.run(program)));
      }
    }
    EquivalenceOracle* at_hand = graders_.oracle_at_hand(task_);
    Score score = task_.score({item, steps, results, context(), at_hand});
    if (score.reason == reason::kNoMathVerify) {  // not decided without
      EquivalenceOracle* oracle = TRY(graders_.oracle(task_.name));
      score = task_.score({item, steps, results, context(), oracle});
    }
    if (options_.until.over() || score.reason == reason::kInterrupted) {
      return std::unexpected(interrupted_error());
    }
    return score;
  }

  const Task& task_;
  const GradeOptions& options_;
  TaskSpec spec_;
  ChatSpec chat_;
  FindPython python_ = rows_python("", options_.until);
  Graders graders_;
};

}  // namespace

bool has_figures(const GradedOutput& output) {
  return output.untestable.empty() || output.untestable == kNoPrivateTests;
}

Result<GradedFile> grade_file(const GradeOptions& options) {
  const Task* task = find_task(options.task);
  if (task == nullptr) {
    return no_task_called(options.task);
  }
  std::error_code ignored;
  if (task->max_steps > 1 && !std::filesystem::is_directory(options.file, ignored)) {
    return usage_error(
        bilingual("recorded outputs of {} cannot be scored from a file",
                  "{} 的已记录输出无法从一个文件评分", options.task),
        {"each step's prompt holds the answers before it, and files keep one answer",
         "每一步的提示词含有前面各步的回答，而文件只存一个回答"},
        {"name the folder of <problem>.<step>.py that the benchmark's gencode.py wrote, or use "
         "`assay score DIR` on a run's own folder",
         "给出基准的 gencode.py 写出的 <problem>.<step>.py 的目录，或对运行目录用 "
         "`assay score DIR`"});
  }
  Json task_options = Json::object();
  if (!options.options.empty()) {
    task_options = TRY(parse_json(options.options, "--options"));
    if (!task_options.is_object()) {
      return usage_error({"--options is no JSON object", "--options 不是 JSON 对象"},
                         bilingual("it is {}", "它是 {}", dump_json(task_options)),
                         {"write it as {\"name\": value}", "写成 {\"name\": value}"});
    }
  }
  FileGrader grader(*task, options, std::move(task_options));
  return grader.grade();
}

}  // namespace assay
