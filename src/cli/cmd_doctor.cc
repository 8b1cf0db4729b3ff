// assay doctor: is this machine ready for a plan? Every finding names its fix.
#include <fmt/format.h>

#include <filesystem>

#include "base/files.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/data_notes.h"
#include "cli/plan_options.h"
#include "cli/rows_python.h"
#include "cli/world.h"
#include "engine/fingerprint.h"
#include "sandbox/check.h"
#include "task/task.h"

namespace assay {
namespace {

class Findings {
 public:
  void good(const std::string& name, const std::string& detail) {
    fmt::print("ok       {:<22} {}\n", name, detail);
  }
  void bad(const std::string& name, const Error& error) {
    fmt::print("MISSING  {:<22} {}\n         why: {}\n         do:  {}\n", name, error.what,
               error.why, error.fix);
    all_good_ = false;
  }
  // What works, with less than the plan's owner may think.
  void note(const std::string& name, const std::string& detail) {
    fmt::print("note     {:<22} {}\n", name, detail);
  }
  [[nodiscard]] bool all_good() const { return all_good_; }

 private:
  bool all_good_ = true;
};

void look_at_math(const Plan& plan, const Deadline& until, Findings& findings) {
  const std::string task = math_task_of(plan);
  const auto python = find_python(python_search_here(plan.engine.python));
  if (task.empty() || !python) return;  // without one "engine" says what to do
  if (const auto client = start_math_verify(python->python.string(), task, until); client) {
    findings.good("Math-Verify",
                  fmt::format("{} for {}{}", reference_text((*client)->versions()), task,
                              (*client)->imitated() ? ""
                                                    : "; not the versions that the fast path "
                                                      "imitates: it decides every answer"));
  } else {
    findings.bad("Math-Verify", client.error());
  }
}

// Tests that cannot be run, of the tasks whose rows may lack them; the hub is not asked.
void look_at_tests(const Plan& plan, const PlanOptions& options, const FindPython& python,
                   Findings& findings) {
  for (const TaskSpec& spec : plan.tasks) {
    const Task* task = find_task_of_either(spec.benchmark);
    if (task == nullptr || task->untestable == nullptr) continue;
    const std::string name = "tests of " + spec.name;
    const auto folder = local_folder(spec, plan, options.data);
    if (!folder) {
      for (const std::string& note : hub_data_notes(spec, *task, plan)) findings.note(name, note);
      continue;
    }
    const auto resolved = resolve_in(*folder, spec, plan, python);
    if (!resolved) {
      findings.bad(name, resolved.error());
      continue;
    }
    for (const std::string& note : resolved->notes) findings.note(name, note);
    if (resolved->notes.empty() && resolved->available) {
      findings.good(name, fmt::format("of all {} items", resolved->items.size()));
    }
  }
}

void look_at_models(const Plan& plan, Findings& findings) {
  for (const VariantSpec& v : plan.variants) {
    if (!std::filesystem::path(v.model).is_absolute()) {
      findings.good("model " + v.name, v.model + " comes from the hub");
      continue;
    }
    if (const Status ok = check_model_folder(v.model); ok) {
      findings.good("model " + v.name, v.model);
    } else {
      findings.bad("model " + v.name, ok.error());
    }
  }
}

void look_at_disk(const std::filesystem::path& folder, Findings& findings) {
  std::filesystem::path there = std::filesystem::absolute(folder);
  while (!there.empty() && !std::filesystem::exists(there)) there = there.parent_path();
  const auto bytes = free_disk_bytes(there);
  if (!bytes) return findings.bad("disk", bytes.error());
  if (*bytes < (1UL << 30)) {
    return findings.bad("disk",
                        {ErrorKind::environment, "less than 1 GiB free below " + there.string(),
                         human_bytes(static_cast<double>(*bytes)) + " are left",
                         "free some space, or choose another disk with --out"});
  }
  findings.good("disk", human_bytes(static_cast<double>(*bytes)) + " free below " + there.string());
}

Result<int> doctor(const PlanOptions& options, const Deadline& until) {
  const Plan plan = TRY(load_with_options(options));
  Findings findings;
  findings.good("plan", plan.name);
  if (const auto python = find_worker_python(python_search_here(plan.engine.python)); python) {
    const auto engine = python->engine();
    findings.good("engine", fmt::format("{} {} in {}", engine ? engine->name : "?",
                                        engine ? engine->version : "?", python->python.string()));
  } else {
    findings.bad("engine", python.error());
  }
  if (const auto grade = find_grade_python(""); grade) {
    for (const SandboxFinding& f : check_sandbox(*grade, until)) {
      const bool accepted = !f.part.empty() && plan.sandbox.accepts(f.part);
      if (f.ok || accepted) {
        findings.good("sandbox: " + f.name,
                      f.ok ? f.detail : "missing, as the plan accepts: " + f.detail);
      } else {
        findings.bad("sandbox: " + f.name, {ErrorKind::environment, f.detail, "", f.fix});
      }
    }
  } else {
    findings.bad("graders' Python", grade.error());
  }
  look_at_math(plan, until, findings);
  look_at_tests(plan, options, rows_python(plan.engine.python, until), findings);
  if (until.stopped()) return std::unexpected(interrupted_error());
  look_at_models(plan, findings);
  const auto out = output_folder(plan, options);
  look_at_disk(out ? *out : std::filesystem::current_path(), findings);
  return findings.all_good() ? kExitDone : kExitEnvironment;
}

}  // namespace

void add_doctor(CLI::App& app, Session& session) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command = app.add_subcommand("doctor", "Is this machine ready for a plan?");
  add_plan_options(*command, *options, true);
  command->footer("Example:\n  assay doctor plans/demo.yaml");
  command->callback([options, &session] {
    finish(session, doctor(*options, Deadline().or_stop(session.interrupted)));
  });
}

}  // namespace assay
