// A plan from models on the command line: what `assay init` and `assay run --model` share.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/language.h"
#include "base/result.h"
#include "plan/draft.h"

namespace assay {

struct NewPlan {
  std::vector<std::string> models;  // that are compared with the baseline: hub ids or folders
  std::string against;              // the baseline
  std::vector<std::string> tasks;   // empty: kUsualTasks
  std::string budget;               // empty: kUsualBudget
  std::string data;                 // folder with the data sets' files; empty: the hub
  int limit = 100;                  // items a task
  int max_tokens = 1024;            // of an answer
  int tensor_parallel_size = 1;
  double margin_pp = 3;
  std::vector<std::string> engine;  // "KEY=VALUE"
};

inline constexpr const char* kUsualBudget = "1h";
// Without an account, and without programs to run: mathematics, knowledge; and GPQA where granted.
[[nodiscard]] const std::vector<std::string>& usual_tasks();

// --model, --against and what goes with them. Returns the option --model.
CLI::Option* add_new_plan_options(CLI::App& command, NewPlan& plan);

struct NewPlanText {
  PlanDraft draft;
  std::string yaml;         // parse_plan takes it
  std::vector<Text> notes;  // what may not be meant, a line each
};

// The plan that will lie at `file`; `schema`: the name of its JSON schema beside it, or empty;
// `output`: as YAML, seen from the plan's folder. Usage errors: a folder that is not there or holds
// no model, one model twice, no baseline, a task that nobody has (the nearest is named), numbers
// out of range.
[[nodiscard]] Result<NewPlanText> new_plan(const NewPlan& wanted, const std::filesystem::path& file,
                                           const std::string& schema, const std::string& output);

// How the plan of these models is called; reads nothing.
[[nodiscard]] std::string new_plan_name(const NewPlan& wanted);

// The answer to a question, trimmed; nothing at the end of the answers.
using Ask = std::function<std::optional<std::string>(const Text& question)>;
// Asks for what is missing: models, tasks, GPUs, budget and the plan's file, which `check_file` may
// refuse. A bad answer is told why (`tell`) and asked for again. Usage error: the answers ended
// early.
[[nodiscard]] Status ask_for(NewPlan& wanted, std::string& file, const Ask& ask,
                             const std::function<void(const Error&)>& tell,
                             const std::function<Status(const std::string&)>& check_file);

}  // namespace assay
