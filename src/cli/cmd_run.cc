// assay run: the main job, from plan to report.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/many_variants.h"
#include "cli/plan_options.h"
#include "cli/run_flow.h"
#include "cli/run_on_slurm.h"
#include "plan/traps.h"
#include "report/terminal.h"
#include "task/task.h"

namespace assay {
namespace {

// The value of --restart-variant without names; no variant can be called so.
constexpr const char* kThoseMeant = "*";

struct RunCommand {
  PlanOptions plan;
  std::string from;        // a folder whose answers are taken over
  std::string start_over;  // names, or all that are meant without any
  RunFlow flow;
  bool yes = false;
  std::string shard;  // names
  SlurmOptions slurm;
};

Result<int> run(RunCommand options, const Session& session) {
  const Plan plan = TRY(load_with_options(options.plan));
  if (!options.yes) TRY(refuse_unmeant_many(plan));
  if (!options.flow.quiet) {
    for (const std::string& trap : plan_traps(plan, known_benchmarks())) {
      fmt::print(stderr, "note: {}\n", trap);
    }
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
    options.flow.shard = split(options.shard, ',');
    TRY(run_to_end(plan, options.flow, session));
    fmt::print("shard {} has ended; merge it with the others: assay merge\n", options.shard);
    return kExitDone;
  }
  const RunReport report = TRY(run_to_report(plan, options.flow, session));
  fmt::print("{}", terminal_table(report, session.style()));
  fmt::print("report: {}\n", (options.flow.out / "report.html").string());
  TRY(baseline_answered(report));
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
  command->add_option("--like", options->plan.like, kLikeHelp);
  command->add_flag(
      fmt::format("--restart-variant{{{}}}", kThoseMeant), options->start_over,
      "Start variants over, their answers forgotten: --restart-variant=NAME,NAME those; without "
      "names those that another engine began, at an endpoint all");
  command->add_flag("--yes", options->yes,
                    fmt::format("Run a plan of more than {} variants", kManyVariants));
  CLI::Option* shard =
      command->add_option("--shard", options->shard,
                          "Run these variants alone (NAME,NAME), to be merged (docs/cluster.md)");
  command
      ->add_option("--baseline-from", options->flow.baseline_from,
                   "With --shard: the folder in which the baseline was run")
      ->needs(shard);
  add_slurm_options(*command, options->slurm);
  command->add_option("--from", options->from,
                      "Another folder of results: answers that would be the same are taken over");
  command->add_flag("--quiet", options->flow.quiet, "No progress lines");
  command->footer(
      "Examples:\n  assay run plans/demo.yaml --out demo-run\n"
      "  assay run plans/demo.yaml --data DIR --out real-run --budget 30m\n"
      "  assay run plans/demo.yaml --out sweep --on slurm --time 1h --dry-run\n"
      "  assay run plans/demo.yaml --set tasks.hle.limit=2 --out small-run");
  command->callback([options, &session] { finish(session, run(*options, session)); });
}

}  // namespace assay
