// assay sandbox check: what this machine offers, and whether hostile programs are held.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/world.h"
#include "sandbox/attack_suite.h"
#include "sandbox/check.h"

namespace assay {
namespace {

Result<int> check(bool json, const Deadline& until) {
  const std::string python = TRY(find_grade_python(""));
  const auto findings = check_sandbox(python, until);
  if (until.stopped()) return std::unexpected(interrupted_error());
  bool usable = true;
  nlohmann::json out = {{"findings", nlohmann::json::array()},
                        {"attacks", nlohmann::json::array()}};
  for (const SandboxFinding& f : findings) {
    usable = usable && (f.ok || !f.required);
    out["findings"].push_back({{"name", f.name},
                               {"ok", f.ok},
                               {"required", f.required},
                               {"detail", f.detail},
                               {"fix", f.fix}});
    if (json) continue;
    fmt::print("{:<8} {:<24} {}\n",
               f.ok         ? "ok"
               : f.required ? "MISSING"
                            : "without",
               f.name, f.detail);
    if (!f.ok && !f.fix.empty()) fmt::print("         do: {}\n", f.fix);
  }
  int held = 0;
  int tried = 0;
  if (usable) {
    SandboxOptions options;
    options.python = python;
    Sandbox sandbox = TRY(Sandbox::create(options));
    for (const AttackResult& r : TRY(run_attack_suite(sandbox, TRY(built_in_attacks()), until))) {
      ++tried;
      if (r.held) ++held;
      out["attacks"].push_back({{"name", r.name},
                                {"what", r.what},
                                {"expected", r.expected},
                                {"verdict", to_string(r.verdict)},
                                {"held", r.held}});
      if (!json && !r.held) {
        fmt::print("NOT HELD {}: {} (wanted {}, was {})\n", r.name, r.what, r.expected,
                   to_string(r.verdict));
      }
    }
  }
  out["tried"] = tried;
  out["held"] = held;
  if (json) {
    fmt::print("{}\n", out.dump(1));
  } else {
    fmt::print("attacks: {} tried, {} held\n", tried, held);
  }
  return usable && held == tried ? kExitDone : kExitEnvironment;
}

}  // namespace

void add_sandbox(CLI::App& app, Session& session) {
  CLI::App* sandbox = app.add_subcommand("sandbox", "The sandbox that graded programs run in.");
  sandbox->require_subcommand(1);
  CLI::App* command = sandbox->add_subcommand("check", "Run the attack suite on this machine.");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "For machines");
  command->footer("Example:\n  assay sandbox check --json");
  command->callback(
      [json, &session] { finish(session, check(*json, Deadline().or_stop(session.interrupted))); });
}

}  // namespace assay
