#include "cli/new_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.h"
#include "cli/engine_setting.h"
#include "cli/model_choice.h"
#include "cli/plan_options.h"
#include "plan/plan.h"
#include "plan/sections.h"
#include "plan/suggest.h"
#include "plan/traps.h"
#include "task/task.h"
#include "values/margin.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr const char* kLmEvalTask = "lm_eval/";
constexpr int kUsualRoom = 4096;      // tokens, as in the plans that come with assay
constexpr int kRoomForPrompt = 3072;  // tokens: 5-shot prompts of MMLU-Pro need over 2,000

// Names that are taken get a number.
std::string unused(std::string name, std::set<std::string>& taken) {
  std::string out = name;
  for (int i = 2; !taken.insert(out).second; ++i) out = fmt::format("{}_{}", name, i);
  return out;
}

// --- tasks

Result<DraftTask> draft_task(const std::string& name, const NewPlan& wanted) {
  DraftTask out{.name = name, .limit = wanted.limit, .max_gen_toks = wanted.max_tokens};
  if (name.starts_with(kLmEvalTask) && name.size() > std::string_view(kLmEvalTask).size()) {
    if (lm_eval_generates_nothing(name.substr(std::string_view(kLmEvalTask).size()))) {
      out.max_gen_toks = 0;
    }
    return out;
  }
  const Task* task = find_task(name);
  if (task == nullptr) {
    const std::vector<std::string> names = task_names();
    const std::string near = nearest(name, names);
    return usage_error(bilingual("there is no task '{}'", "没有任务 '{}'", name.substr(0, 100)),
                       bilingual("known: {}", "已有：{}", join(names, ", ")),
                       near.empty() ? bilingual("one of lm-eval's is written {}NAME",
                                                "lm-eval 的任务写作 {}NAME", kLmEvalTask)
                                    : bilingual("did you mean '{}'?", "是不是想写 '{}'？", near));
  }
  if (task->kind == TaskKind::loglikelihood) out.max_gen_toks = 0;
  if (task->source.hub_items > 0 && task->source.hub_items <= wanted.limit) out.limit.reset();
  out.gated = task->source.gated;
  out.runs_code = task->kind == TaskKind::code;
  return out;
}

Result<std::vector<DraftTask>> draft_tasks(const NewPlan& wanted) {
  std::vector<DraftTask> out;
  for (const std::string& name : wanted.tasks.empty() ? usual_tasks() : wanted.tasks) {
    if (std::ranges::find(out, name, &DraftTask::name) != out.end()) {
      return usage_error(bilingual("task {} is named twice", "任务 {} 写了两次", name),
                         {"--tasks has it more than once", "--tasks 中它不止一次"},
                         {"leave one of them out", "去掉一个"});
    }
    out.push_back(TRY(draft_task(name, wanted)));
  }
  return out;
}

// --- all of it

Status check_numbers(const NewPlan& wanted) {
  if (wanted.limit < 1 || wanted.max_tokens < 1 || wanted.tensor_parallel_size < 1) {
    return usage_error({"a number is too small", "有一个数太小"},
                       {"--limit, --max-tokens and --tensor-parallel-size start at 1",
                        "--limit、--max-tokens 和 --tensor-parallel-size 从 1 开始"},
                       {"raise it, or leave it out", "增大它，或不写"});
  }
  if (!(wanted.margin_pp > 0 && wanted.margin_pp < 100)) {
    return usage_error(
        bilingual("a margin of {:g} points is none", "{:g} 个百分点不是界值", wanted.margin_pp),
        {"--margin is above 0 and below 100 percentage points",
         "--margin 大于 0 且小于 100 个百分点"},
        {"write for instance --margin 3", "例如写 --margin 3"});
  }
  TRY(refuse_share_as_margin("--margin", wanted.margin_pp));
  if (!wanted.budget.empty()) TRY(parse_duration(wanted.budget));
  return check_data_folder(wanted.data);
}

Status draft_engine(const NewPlan& wanted, PlanDraft& draft) {
  draft.tensor_parallel_size = wanted.tensor_parallel_size;
  draft.max_model_len = std::max(kUsualRoom, wanted.max_tokens + kRoomForPrompt);
  std::vector<std::string> models = wanted.models;
  models.push_back(wanted.against);
  for (const std::string& model : models) {
    const int longest = longest_context(model);
    if (longest > 0) draft.max_model_len = std::min(draft.max_model_len, longest);
  }
  for (const std::string& setting : wanted.engine) {
    const auto [key, value] = TRY(engine_setting(setting));
    if (key == "max_model_len" && value.is_number_integer()) {
      draft.max_model_len = value.get<int>();
    } else if (key == "tensor_parallel_size" && value.is_number_integer()) {
      draft.tensor_parallel_size = value.get<int>();
    } else {
      draft.engine.emplace_back(yaml_word(key), value.dump());
    }
  }
  return {};
}

Status draft_variants(const NewPlan& wanted, const fs::path& file, PlanDraft& draft) {
  std::set<std::string> taken;
  draft.baseline = {unused(model_name(wanted.against), taken),
                    TRY(model_in_plan(wanted.against, file))};
  for (const std::string& model : wanted.models) {
    draft.candidates.push_back(
        {unused(variant_name(model, wanted.against), taken), TRY(model_in_plan(model, file))});
  }
  return {};
}

}  // namespace

const std::vector<std::string>& usual_tasks() {
  static const std::vector<std::string> tasks = {"math500", "mmlu_pro", "gpqa_diamond"};
  return tasks;
}

CLI::Option* add_new_plan_options(CLI::App& command, NewPlan& plan) {
  CLI::Option* model =
      command
          .add_option("--model", plan.models,
                      "Model to be compared: hub id or folder (several: repeat it, or with commas)")
          ->delimiter(',');
  const auto with_model = [&](CLI::Option* option) { option->needs(model); };
  with_model(command.add_option("--against", plan.against,
                                "The baseline: the model that the others are compared with"));
  with_model(command
                 .add_option("--tasks", plan.tasks,
                             fmt::format("Benchmarks, with commas; default: {}. `assay data list` "
                                         "names all; lm_eval/NAME is one of lm-eval's",
                                         join(usual_tasks(), ",")))
                 ->delimiter(','));
  with_model(command.add_option("--limit", plan.limit, "Items a task, the least that is run")
                 ->capture_default_str());
  with_model(command.add_option("--max-tokens", plan.max_tokens, "Output tokens an answer")
                 ->capture_default_str());
  with_model(command
                 .add_option("--margin", plan.margin_pp,
                             "The loss that is still fine, in percentage points")
                 ->capture_default_str());
  with_model(command
                 .add_option("--tensor-parallel-size", plan.tensor_parallel_size,
                             "GPUs a model is split over")
                 ->capture_default_str());
  with_model(command.add_option("--engine", plan.engine, "Engine argument KEY=VALUE (repeatable)"));
  return model;
}

std::string new_plan_name(const NewPlan& wanted) {
  return model_name(wanted.against.empty() && !wanted.models.empty() ? wanted.models.front()
                                                                     : wanted.against);
}

Result<NewPlanText> new_plan(const NewPlan& wanted, const fs::path& file, const std::string& schema,
                             const std::string& output) {
  TRY(check_numbers(wanted));
  TRY(check_models(wanted.models, wanted.against));
  NewPlanText out;
  PlanDraft& draft = out.draft;
  draft.file = file.string();
  draft.schema = schema;
  draft.name = new_plan_name(wanted);
  draft.budget = wanted.budget.empty() ? kUsualBudget : wanted.budget;
  draft.output = output;
  if (!wanted.data.empty()) draft.data = TRY(model_in_plan(wanted.data, file));
  draft.margin_pp = wanted.margin_pp;
  TRY(draft_engine(wanted, draft));
  TRY(draft_variants(wanted, file, draft));
  draft.tasks = TRY(draft_tasks(wanted));
  draft.thinks =
      thinks_by_default(wanted.against) || std::ranges::any_of(wanted.models, thinks_by_default);
  if (const Text note = note_of_sides(wanted.models, wanted.against); !note.empty()) {
    out.notes.push_back(note);
  }
  out.yaml = draft_yaml(draft);
  TRY(parse_plan(out.yaml, file, known_benchmarks()));
  return out;
}

namespace {

// Asks until `take` is content with the answer; an empty one is the usual.
Status ask_until(const Ask& ask, const std::function<void(const Error&)>& tell,
                 const Text& question, const std::string& usual,
                 const std::function<Status(const std::string&)>& take) {
  while (true) {
    const auto answer = ask(usual.empty() ? bilingual("{}: ", "{}：", question)
                                          : bilingual("{} [{}]: ", "{} [{}]：", question, usual));
    if (!answer) {
      return usage_error(
          {"the answers ended before the plan was complete", "计划还没写完，回答就结束了"},
          bilingual("this question was open: {}", "还没有回答的问题：{}", question),
          {"answer it, or give everything on the command line: assay init --help",
           "回答它，或在命令行上给出全部：assay init --help"});
    }
    const Status taken = take(answer->empty() ? usual : *answer);
    if (taken) return {};
    tell(taken.error());
  }
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> out;
  for (const std::string& part : split(text, ',')) {
    if (const std::string_view word = trim(part); !word.empty()) out.emplace_back(word);
  }
  return out;
}

Status take_number(const std::string& text, int& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc() && end == text.data() + text.size() && out >= 1) return {};
  return usage_error(bilingual("'{}' is no number of GPUs", "'{}' 不是 GPU 数", text.substr(0, 60)),
                     {"it is a whole number from 1", "它是不小于 1 的整数"},
                     {"write for instance 2", "例如写 2"});
}

}  // namespace

Status ask_for(NewPlan& wanted, std::string& file, const Ask& ask,
               const std::function<void(const Error&)>& tell,
               const std::function<Status(const std::string&)>& check_file) {
  TRY(ask_until(
      ask, tell,
      {"Baseline, at its full precision (hub id or folder)", "基线，原始精度（hub 名或目录）"}, "",
      [&](const std::string& text) -> Status {
        TRY(check_model(text));
        wanted.against = text;
        return {};
      }));
  TRY(ask_until(ask, tell,
                {"Compared with it (several: with commas)", "与它比较的模型（多个用逗号分隔）"}, "",
                [&](const std::string& text) -> Status {
                  wanted.models = words_of(text);
                  return check_models(wanted.models, wanted.against);
                }));
  TRY(ask_until(ask, tell,
                {"Tasks (`assay data list` names all)", "任务（`assay data list` 列出全部）"},
                join(usual_tasks(), ","), [&](const std::string& text) -> Status {
                  wanted.tasks = words_of(text);
                  TRY(draft_tasks(wanted));
                  return {};
                }));
  TRY(ask_until(
      ask, tell, {"GPUs a model is split over", "一个模型切分到多少个 GPU"}, "1",
      [&](const std::string& text) { return take_number(text, wanted.tensor_parallel_size); }));
  TRY(ask_until(ask, tell, {"Budget, wall clock for all of it", "预算：全部加起来的时长"},
                kUsualBudget, [&](const std::string& text) -> Status {
                  TRY(parse_duration(text));
                  wanted.budget = text;
                  return {};
                }));
  return ask_until(ask, tell, {"Plan file", "计划文件"}, file,
                   [&](const std::string& text) -> Status {
                     TRY(check_file(text));
                     file = text;
                     return {};
                   });
}

}  // namespace assay
