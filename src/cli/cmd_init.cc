// assay init: a commented plan from two models, asked for on a terminal or named as options.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "base/files.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/new_plan.h"
#include "plan/schema.h"
#include "task/task.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

// Beside the plan, so that an editor finds it wherever the two are taken to.
constexpr const char* kSchemaFile = "assay-plan.schema.json";

struct InitOptions {
  std::string file = "plan.yaml";
  NewPlan plan;
  bool force = false;
};

Status ask_on_terminal(InitOptions& options, const Session& session) {
  if (::isatty(STDIN_FILENO) != 1) {
    return usage_error("no model is named", "there is no terminal to ask on",
                       "write assay init --model MODEL --against BASELINE");
  }
  fmt::print(stderr,
             "What is compared? Enter takes what stands in brackets; nothing is written "
             "before the last answer.\n");
  const Ask ask = [](const std::string& question) -> std::optional<std::string> {
    fmt::print(stderr, "{}", question);
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    return std::string(trim(line));
  };
  const Status asked = ask_for(options.plan, options.file, ask,
                               [](const std::string& text) { fmt::print(stderr, "{}\n", text); });
  if (session.interrupted != nullptr && *session.interrupted) {
    return std::unexpected(interrupted_error());
  }
  return asked;
}

Status refuse_existing(const InitOptions& options) {
  std::error_code code;
  if (fs::is_directory(options.file, code)) {
    return usage_error(options.file + " is a folder", "the plan is a file",
                       fmt::format("write {}", (fs::path(options.file) / "plan.yaml").string()));
  }
  if (options.force || !fs::exists(options.file, code)) return {};
  return usage_error(options.file + " exists already", "it is not overwritten",
                     "name another file, or add --force");
}

// Ours from an earlier release may be replaced; a file of that name that is another's may not.
Status write_schema(const fs::path& folder) {
  const fs::path file = folder / kSchemaFile;
  const std::string text = plan_schema_text(known_benchmarks());
  std::error_code code;
  if (fs::exists(file, code)) {
    const std::string before = TRY(read_file(file));
    if (before.find(kPlanSchemaTitle) == std::string::npos) {
      return usage_error(file.string() + " exists already", "it is no schema of assay's",
                         "move it, or name a plan in another folder");
    }
    if (before == text) return {};
  }
  return write_file_atomic(file, text);
}

Result<int> init(InitOptions options, const Session& session) {
  if (options.plan.models.empty()) TRY(ask_on_terminal(options, session));
  TRY(refuse_existing(options));
  const NewPlanText made = TRY(new_plan(options.plan, options.file, kSchemaFile, "${name}-run"));
  const fs::path folder = fs::path(options.file).parent_path();
  if (!folder.empty()) TRY(make_dirs(folder));
  TRY(write_schema(folder));
  TRY(write_file_atomic(options.file, made.yaml));
  for (const std::string& note : made.notes) fmt::print(stderr, "note: {}\n", note);
  std::vector<std::string> names;
  for (const DraftVariant& variant : made.draft.candidates) names.push_back(variant.name);
  fmt::print("{}: {} against {}, {} tasks, budget {}\n", options.file, join(names, ", "),
             made.draft.baseline.name, made.draft.tasks.size(), made.draft.budget);
  fmt::print("next: assay check {0}\n      assay doctor {0}\n      assay run {0}\n", options.file);
  return kExitDone;
}

}  // namespace

void add_init(CLI::App& app, Session& session) {
  auto options = std::make_shared<InitOptions>();
  CLI::App* command = app.add_subcommand(
      "init", "Write a commented plan: from options, or asked for on a terminal.");
  command->add_option("FILE", options->file, "The plan to write")->capture_default_str();
  add_new_plan_options(*command, options->plan);
  command->add_option(
      "--budget", options->plan.budget,
      fmt::format("Wall clock for all variants, as 3h, 45m or 1h30m; default: {}", kUsualBudget));
  command->add_option("--data", options->plan.data,
                      "Folder with the data sets' files; without it the hub is asked");
  command->add_flag("--force", options->force, "Overwrite the file if it is there");
  command->footer(
      "Examples:\n  assay init\n"
      "  assay init --model Qwen/Qwen3-8B-FP8 --against Qwen/Qwen3-8B\n"
      "  assay init plans/int4.yaml --model ./int4,./int8 --against ./bf16 --tasks gsm8k,math500");
  command->callback([options, &session] { finish(session, init(*options, session)); });
}

}  // namespace assay
