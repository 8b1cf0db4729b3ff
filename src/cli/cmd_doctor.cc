// assay doctor: is this machine ready for a plan? Every finding names its fix.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "cli/command.h"
#include "cli/data_notes.h"
#include "cli/doctor_on_slurm.h"
#include "cli/machine_check.h"
#include "cli/plan_options.h"
#include "cli/rows_python.h"
#include "cli/world.h"
#include "doctor/finding.h"
#include "sandbox/check.h"
#include "task/task.h"

namespace assay {
namespace {

struct DoctorOptions {
  PlanOptions plan;
  NodeOptions nodes;
  bool json = false;
};

void look_at_math(const Plan& plan, const Deadline& until, Findings& findings) {
  const std::string task = math_task_of(plan);
  const auto python = find_python(python_search_here(plan.engine.python));
  if (task.empty() || !python) return;  // without one "engine" says what to do
  if (const auto client = start_math_verify(python->python.string(), task, until); client) {
    const Text other =
        (*client)->imitated()
            ? Text()
            : Text("; not the versions that the fast path imitates: it decides every answer",
                   "；不是快速路径所模仿的版本：每个答案都由它判定");
    findings.push_back(
        ok("Math-Verify", bilingual("{0} for {1}{2}", "{1} 用 {0}{2}",
                                    reference_text((*client)->versions()), task, other)));
  } else {
    findings.push_back(missing("Math-Verify", client.error()));
  }
}

// Tests that cannot be run, of the tasks whose rows may lack them; the hub is not asked.
void look_at_tests(const Plan& plan, const PlanOptions& options, const FindPython& python,
                   Findings& findings) {
  for (const TaskSpec& spec : plan.tasks) {
    const Task* task = find_task_of_either(spec.benchmark);
    if (task == nullptr || task->untestable == nullptr) continue;
    const Text name = bilingual("tests of {}", "{} 的测试", spec.name);
    const auto folder = local_folder(spec, plan, options.data);
    if (!folder) {
      for (const Text& text : hub_data_notes(spec, *task, plan))
        findings.push_back(note(name, text));
      continue;
    }
    const auto resolved = resolve_in(*folder, spec, plan, python);
    if (!resolved) {
      findings.push_back(missing(name, resolved.error()));
      continue;
    }
    for (const Text& text : resolved->notes) findings.push_back(note(name, text));
    if (resolved->notes.empty() && resolved->available) {
      findings.push_back(
          ok(name, bilingual("of all {} items", "全部 {} 题都有", resolved->items.size())));
    }
  }
}

void look_at_sandbox(const Plan& plan, const Deadline& until, Findings& findings) {
  const auto grade = find_grade_python("");
  if (!grade)
    return findings.push_back(missing({"graders' Python", "评分用的 Python"}, grade.error()));
  for (const SandboxFinding& f : check_sandbox(*grade, until)) {
    const Text name = bilingual("sandbox: {}", "沙箱：{}", f.name);
    const bool accepted = !f.part.empty() && plan.sandbox.accepts(f.part);
    if (f.ok || accepted) {
      findings.push_back(ok(name, f.ok ? f.detail
                                       : bilingual("missing, as the plan accepts: {}",
                                                   "缺少，计划允许如此：{}", f.detail)));
    } else {
      findings.push_back(missing(name, f.detail, {}, f.fix));
    }
  }
}

Result<int> doctor(const DoctorOptions& options, const Session& session) {
  if (!options.nodes.on.empty()) {
    return doctor_on_slurm(options.plan, options.nodes, options.json, session);
  }
  const Deadline until = Deadline().or_stop(session.listen());
  const Plan plan = TRY(load_with_options(options.plan));
  const auto out = output_folder(plan, options.plan);
  Findings findings{ok({"plan", "计划"}, plan.name)};
  const MachineCheck check{options.plan.data, out ? *out : std::filesystem::current_path(), until};
  std::ranges::move(check_machine(plan, check), std::back_inserter(findings));
  if (until.stopped()) return std::unexpected(interrupted_error());
  look_at_sandbox(plan, until, findings);
  look_at_math(plan, until, findings);
  look_at_tests(plan, options.plan, rows_python(plan.engine.python, until), findings);
  if (until.stopped()) return std::unexpected(interrupted_error());
  print_out(options.json
                ? findings_json(plan.name, findings)
                : findings_text(findings, session.colour, session.columns, session.language));
  return anything_missing(findings) ? kExitEnvironment : kExitDone;
}

}  // namespace

void add_doctor(CLI::App& app, Session& session) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand("doctor", "Is this machine ready for a plan?");
  add_plan_options(*command, options->plan, true);
  command->add_flag("--json", options->json, "The same findings as JSON");
  add_node_options(*command, options->nodes);
  command->footer(
      "Looks at engine, GPUs, memory, kernels, a sum over all ranks, hub, disk, sandbox and tests. "
      "Nothing is\nfetched or loaded. What cannot be looked at says \"not checked\". Ends with 3 "
      "when something is missing.\n\n"
      "Examples:\n  assay doctor plans/demo.yaml\n  assay doctor plans/qwen3_32b_3h.yaml --json\n"
      "  assay doctor plans/demo.yaml --on slurm --partition gpu --gpus-per-node 2 --nodes 4");
  command->callback([options, &session] { finish(session, doctor(*options, session)); });
}

}  // namespace assay
