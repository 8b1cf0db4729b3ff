// assay run: the main job, from plan to report.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/tell.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/many_variants.h"
#include "cli/new_plan.h"
#include "cli/plan_options.h"
#include "cli/run_flow.h"
#include "cli/run_on_slurm.h"
#include "plan/traps.h"
#include "report/terminal.h"
#include "task/task.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr const char* kPlanOfModels = "plan.yaml";  // in the run's folder

// The value of --restart-variant without names; no variant can be called so.
constexpr const char* kThoseMeant = "*";

struct RunCommand {
  PlanOptions plan;
  NewPlan models;          // in place of a plan
  std::string from;        // a folder whose answers are taken over
  std::string start_over;  // names, or all that are meant without any
  RunFlow flow;
  bool yes = false;
  bool judge_only = false;
  std::string shard;  // its part, in words
  std::vector<std::string> baseline_from;
  SlurmOptions slurm;
};

// The folder's plan goes on or is left alone; its budget is --budget's.
Status refuse_other_plan(const fs::path& file, const std::string& yaml) {
  std::error_code code;
  if (!fs::exists(file, code)) {
    if (!fs::exists(file.parent_path() / "store.sqlite", code)) return {};
    return usage_error(
        bilingual("{} was begun with a plan from elsewhere", "{} 是用别处的计划开始的",
                  file.parent_path().string()),
        bilingual("it holds answers and no {}", "它有回答，却没有 {}", file.filename().string()),
        {"go on with that plan, or name another folder with --out",
         "用那份计划继续，或用 --out 另选目录"});
  }
  const auto without_budget = [](const std::string& text) {
    std::vector<std::string> lines = split(text, '\n');
    std::erase_if(lines, [](const std::string& line) { return line.starts_with("budget: "); });
    return lines;
  };
  const std::vector<std::string> before = without_budget(TRY(read_file(file)));
  const std::vector<std::string> now = without_budget(yaml);
  const auto [there, here] = std::ranges::mismatch(before, now);
  if (there == before.end() && here == now.end()) return {};
  const auto shown = [](const auto& at, const auto& end) {
    return at == end ? Text("nothing", "空") : Text("'" + one_line(*at, 100) + "'");
  };
  return usage_error(
      bilingual("{} is another plan than these options make", "{} 与这些选项生成的计划不同",
                file.string()),
      bilingual("it has {} where they have {}", "它是 {}，而选项给出 {}",
                shown(there, before.end()), shown(here, now.end())),
      bilingual("go on with it: assay run {0} --out {1}; or name another folder with --out",
                "用它继续：assay run {0} --out {1}；或用 --out 另选目录", file.string(),
                file.parent_path().string()));
}

// The plan that the models on the command line make; it will lie in the run's folder.
Status take_models(RunCommand& options, const Session& session) {
  if (!options.plan.plan.empty()) {
    return usage_error(
        {"a plan and --model stand together", "同时给了计划和 --model"},
        bilingual("{} names its models itself", "{} 自己写明了模型", options.plan.plan),
        {"leave one of them out; --set changes a value of a plan",
         "去掉其中一个；--set 可修改计划里的值"});
  }
  NewPlan wanted = options.models;
  wanted.budget = options.plan.budget;
  wanted.data = options.plan.data;
  if (options.plan.out.empty()) options.plan.out = new_plan_name(wanted) + "-run";
  options.plan.plan = (fs::path(options.plan.out) / kPlanOfModels).string();
  const NewPlanText made = TRY(new_plan(wanted, options.plan.plan, "", "."));
  TRY(refuse_other_plan(options.plan.plan, made.yaml));
  options.plan.text = made.yaml;
  if (options.flow.quiet) return {};
  for (const Text& note : made.notes) print_note(session, note);
  return {};
}

// What no run has refused is kept; a plan that is there already is the same but for its budget.
Status keep_plan(const PlanOptions& options, const Session& session) {
  std::error_code code;
  if (!options.text || fs::exists(options.plan, code)) return {};
  TRY(make_dirs(fs::path(options.plan).parent_path()));
  TRY(write_file_atomic(options.plan, *options.text));
  print_beside(bilingual("plan: {}", "计划：{}", options.plan).in(session.language_beside));
  return {};
}

Result<int> run(RunCommand options, const Session& session) {
  if (!options.models.models.empty()) {
    TRY(take_models(options, session));
  } else if (options.plan.plan.empty()) {
    return usage_error(
        {"there is nothing to run", "没有可运行的"},
        {"neither a plan nor a model is named", "既没有给计划，也没有给模型"},
        {"name a plan, or write assay run --model MODEL --against BASELINE; assay init writes a "
         "plan",
         "给出计划，或写 assay run --model MODEL --against BASELINE；assay init 会写一份计划"});
  }
  const Plan plan = TRY(load_with_options(options.plan));
  if (!options.yes) TRY(refuse_unmeant_many(plan));
  TRY(keep_plan(options.plan, session));
  if (!options.flow.quiet) {
    for (const Text& trap : plan_traps(plan, known_benchmarks())) print_note(session, trap);
  }
  if (!options.slurm.on.empty()) {
    return run_on_slurm(plan, options.plan, options.slurm, session);
  }
  options.flow.data = options.plan.data;
  if (!options.from.empty()) options.flow.from = TRY(absolute_path(options.from));
  options.flow.start_over.asked = !options.start_over.empty();
  if (options.flow.start_over.asked && options.start_over != kThoseMeant) {
    options.flow.start_over.names = split(options.start_over, ',');
  }
  options.flow.out = TRY(output_folder(plan, options.plan));
  if (!options.shard.empty()) {
    options.flow.scope = RunScope::shard;
    options.flow.part = TRY(shard_part_from(options.shard));
    for (const std::string& folder : options.baseline_from) {
      options.flow.baseline_from.push_back(TRY(absolute_path(folder)));
    }
    TRY(run_to_end(plan, options.flow, session));
    print_out(session, bilingual("shard {} has ended; merge it with the others: assay merge\n",
                                 "分片 {} 已结束；与其他分片合并：assay merge\n", options.shard));
    return kExitDone;
  }
  if (options.judge_only) options.flow.scope = RunScope::judge;
  const RunReport report = TRY(run_to_report(plan, options.flow, session));
  print_out(terminal_table(report, session.style()));
  print_out(session,
            bilingual("report: {}\n", "报告：{}\n", (options.flow.out / "report.html").string()));
  TRY(baseline_answered(report));
  TRY(no_variant_failed(report));
  return kExitDone;
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
  auto options = std::make_shared<RunCommand>();
  CLI::App* command = app.add_subcommand(
      "run",
      "Evaluate every variant of a plan and write the report. On the same folder it goes on "
      "where it stopped.");
  add_plan_options(*command, options->plan, true);
  command->get_option("PLAN")->required(false);
  add_new_plan_options(*command, options->models);
  command->add_option("--like", options->plan.like, kLikeHelp);
  command->add_flag(
      fmt::format("--restart-variant{{{}}}", kThoseMeant), options->start_over,
      "Start variants over, their answers forgotten: --restart-variant=NAME,NAME those; without "
      "names those that another engine began, at an endpoint all");
  command->add_flag("--yes", options->yes,
                    fmt::format("Run a plan of more than {} variants", kManyVariants));
  CLI::Option* shard =
      command->add_option("--shard", options->shard,
                          "Run this part of the plan alone, VARIANTS[:TASKS][#REPEATS] with commas "
                          "between, to be merged (docs/cluster.md)");
  command
      ->add_option("--baseline-from", options->baseline_from,
                   "With --shard: a folder in which the baseline was run (repeatable)")
      ->needs(shard)
      ->allow_extra_args(false);
  CLI::Option* judge =
      command
          ->add_flag("--judge-only", options->judge_only,
                     "On a folder of merged shards: ask the judge alone, and write the report")
          ->excludes(shard);
  add_slurm_options(*command, options->slurm);
  command->get_option("--on")->excludes(shard)->excludes(judge);  // its jobs are told of them
  command->add_option("--from", options->from,
                      "Another folder of results: answers that would be the same are taken over");
  command->add_flag("--quiet", options->flow.quiet, "No progress lines");
  command->footer(
      "Without a plan --model and --against make the one that `assay init` would write; it is kept "
      "in "
      "the run's\nfolder as plan.yaml.\n\n"
      "Examples:\n  assay run plans/demo.yaml --out demo-run\n"
      "  assay run --model Qwen/Qwen3-8B-FP8 --against Qwen/Qwen3-8B --budget 1h\n"
      "  assay run plans/demo.yaml --data DIR --out real-run --budget 30m\n"
      "  assay run plans/demo.yaml --out sweep --on slurm --time 1h --dry-run\n"
      "  assay run plans/demo.yaml --set tasks.hle.limit=2 --out small-run");
  command->callback([options, &session] { finish(session, run(*options, session)); });
}

}  // namespace assay
