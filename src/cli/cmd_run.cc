// assay run: the main job, from plan to report.
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/plan_options.h"
#include "cli/run_flow.h"
#include "plan/traps.h"
#include "report/terminal.h"
#include "task/task.h"

namespace assay {
namespace {

struct RunCommand {
  PlanOptions plan;
  std::string budget;
  RunFlow flow;
};

Result<int> run(RunCommand options, const Session& session) {
  Plan plan = TRY(load_with_options(options.plan));
  if (!options.budget.empty()) plan.budget_s = TRY(parse_duration(options.budget));
  if (!options.flow.quiet) {
    for (const std::string& trap : plan_traps(plan, known_benchmarks())) {
      fmt::print(stderr, "note: {}\n", trap);
    }
  }
  options.flow.data = options.plan.data;
  options.flow.out = TRY(output_folder(plan, options.plan));
  const RunReport report = TRY(run_to_report(plan, options.flow, session));
  fmt::print("{}", terminal_table(report, session.colour));
  fmt::print("report: {}\n", (options.flow.out / "report.html").string());
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
  command->add_option("--budget", options->budget,
                      "Wall clock for all variants, as 3h, 45m or 1h30m");
  command->add_flag("--restart-variant", options->flow.restart_variant,
                    "Begin a half-done variant anew when its engine was upgraded");
  command->add_flag("--quiet", options->flow.quiet, "No progress lines");
  command->footer(
      "Examples:\n  assay run plans/demo.yaml --out demo-run\n"
      "  assay run plans/demo.yaml --data DIR --out real-run --budget 30m\n"
      "  assay run plans/demo.yaml --set tasks.hle.limit=2 --out small-run");
  command->callback([options, &session] { finish(session, run(*options, session)); });
}

}  // namespace assay
