// assay init: a commented plan from two models, asked for on a terminal or named as options.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "base/files.h"
#include "base/tell.h"
#include "base/terminal.h"
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

Status refuse_existing(const std::string& file, bool force) {
  std::error_code code;
  if (fs::is_directory(file, code)) {
    return usage_error(bilingual("{} is a folder", "{} 是目录", file),
                       {"the plan is a file", "计划是一个文件"},
                       bilingual("write {}", "写 {}", (fs::path(file) / "plan.yaml").string()));
  }
  if (force || !fs::exists(file, code)) return {};
  return usage_error(bilingual("{} exists already", "{} 已存在", file),
                     {"it is not overwritten", "不会覆盖它"},
                     {"name another file, or add --force", "换一个文件名，或加上 --force"});
}

Status ask_on_terminal(InitOptions& options, const Session& session) {
  if (::isatty(STDIN_FILENO) != 1) {
    return usage_error({"no model is named", "没有给出模型"},
                       {"there is no terminal to ask on", "没有可以询问的终端"},
                       {"write assay init --model MODEL --against BASELINE",
                        "写 assay init --model MODEL --against BASELINE"});
  }
  const std::atomic<bool>* interrupted = session.listen();
  const Text head = {
      "What is compared? Enter takes what stands in brackets; nothing is written before the last "
      "answer.",
      "比较什么？直接回车采用方括号中的值；答完最后一题才会写文件。"};
  const Language language = session.language_beside;
  tell(stderr, wrapped(head.in(language), columns_of(STDERR_FILENO)) + "\n");
  const Ask ask = [language](const Text& question) -> std::optional<std::string> {
    tell(stderr, wrapped(question.in(language), columns_of(STDERR_FILENO)));
    std::string line;
    if (!std::getline(std::cin, line)) {
      tell(stderr, "\n");  // the question's line is still open
      return std::nullopt;
    }
    return std::string(trim(line));
  };
  const auto check_file = [force = options.force](const std::string& file) {
    return refuse_existing(file, force);
  };
  const auto say = [language](const Error& error) { print_beside(error.to_string(language)); };
  const Status asked = ask_for(options.plan, options.file, ask, say, check_file);
  if (interrupted != nullptr && *interrupted) {
    return std::unexpected(interrupted_error());
  }
  return asked;
}

// Ours from an earlier release may be replaced; a file of that name that is another's may not.
Status write_schema(const fs::path& folder) {
  const fs::path file = folder / kSchemaFile;
  const std::string text = plan_schema_text(known_benchmarks());
  std::error_code code;
  if (fs::exists(file, code)) {
    const std::string before = TRY(read_file(file));
    if (before.find(kPlanSchemaTitle) == std::string::npos) {
      return usage_error(
          bilingual("{} exists already", "{} 已存在", file.string()),
          {"it is no schema of assay's", "它不是 assay 的 schema"},
          {"move it, or name a plan in another folder", "移走它，或把计划写到别的目录"});
    }
    if (before == text) return {};
  }
  return write_file_atomic(file, text);
}

Result<int> init(InitOptions options, const Session& session) {
  if (options.plan.models.empty()) TRY(ask_on_terminal(options, session));
  TRY(refuse_existing(options.file, options.force));
  const NewPlanText made = TRY(new_plan(options.plan, options.file, kSchemaFile, "${name}-run"));
  const fs::path folder = fs::path(options.file).parent_path();
  if (!folder.empty()) TRY(make_dirs(folder));
  TRY(write_schema(folder));
  TRY(write_file_atomic(options.file, made.yaml));
  for (const Text& note : made.notes) print_note(session, note);
  std::vector<std::string> names;
  names.reserve(made.draft.candidates.size());
  for (const DraftVariant& variant : made.draft.candidates) names.push_back(variant.name);
  const std::size_t count = made.draft.tasks.size();
  const Text tasks = bilingual("{0} task{1}", "{0} 个任务", count, count == 1 ? "" : "s");
  print_out(bilingual("{}: {} against {}, {}, budget {}\n", "{}：{} 对比基线 {}，{}，预算 {}\n",
                      options.file, join(names, ", "), made.draft.baseline.name, tasks,
                      made.draft.budget)
                .in(session.language));
  print_out(bilingual("next: assay check {0}\n      assay doctor {0}\n      assay run {0}\n",
                      "接着：assay check {0}\n      assay doctor {0}\n      assay run {0}\n",
                      options.file)
                .in(session.language));
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
