// assay sandbox check: what this machine offers, and whether hostile programs are held.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/terminal.h"
#include "cli/command.h"
#include "cli/world.h"
#include "sandbox/attack_suite.h"
#include "sandbox/check.h"

namespace assay {
namespace {

Text state_of(const SandboxFinding& f) {
  if (f.ok) return {"ok", "正常"};
  return f.required ? Text("MISSING", "缺失") : Text("without", "没有");
}

void print_finding(const SandboxFinding& f, Language language) {
  constexpr std::size_t kStateCells = 8;
  constexpr std::size_t kNameCells = 24;
  print_out(filled_after(state_of(f).in(language), kStateCells) + " " +
            filled_after(f.name.in(language), kNameCells) + " " + f.detail.in(language) + "\n");
  if (f.ok || f.fix.empty()) return;
  print_out(bilingual("         do: {}\n", "         处理：{}\n", f.fix).in(language));
}

Result<int> check(bool json, const Session& session) {
  const Deadline until = Deadline().or_stop(session.listen());
  const std::string python = TRY(find_grade_python(""));
  const auto findings = check_sandbox(python, until);
  if (until.stopped()) return std::unexpected(interrupted_error());
  bool usable = true;
  nlohmann::json out = {{"findings", nlohmann::json::array()},
                        {"attacks", nlohmann::json::array()}};
  for (const SandboxFinding& f : findings) {
    usable = usable && (f.ok || !f.required);
    out["findings"].push_back({{"name", f.name.en},
                               {"ok", f.ok},
                               {"required", f.required},
                               {"detail", f.detail.en},
                               {"fix", f.fix.en}});
    if (!json) print_finding(f, session.language);
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
        print_out(bilingual("NOT HELD {}: {} (wanted {}, was {})\n",
                            "没有拦住 {}：{}（应为 {}，实为 {}）\n", r.name, r.what, r.expected,
                            to_string(r.verdict))
                      .in(session.language));
      }
    }
  }
  out["tried"] = tried;
  out["held"] = held;
  if (json) {
    fmt::print("{}\n", out.dump(1));
  } else {
    print_out(
        bilingual("attacks: {} tried, {} held\n", "攻击：试了 {} 种，拦住 {} 种\n", tried, held)
            .in(session.language));
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
  command->callback([json, &session] { finish(session, check(*json, session)); });
}

}  // namespace assay
