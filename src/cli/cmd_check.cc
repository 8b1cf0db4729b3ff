// assay check: what a plan would run, and what it could show, before anything is rented.
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/plan_check.h"
#include "cli/plan_options.h"

namespace assay {
namespace {

Result<int> check(const CheckOptions& options, const Session& session) {
  const PlanCheck found = TRY(look_at(options));
  if (options.json) {
    fmt::print("{}\n", check_json(found).dump(1));
  } else {
    print_out(check_text(found, session.style()));
  }
  return kExitDone;
}

}  // namespace

void add_check(CLI::App& app, Session& session) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = app.add_subcommand("check", "Validate a plan and show what it would run.");
  add_plan_options(*command, options->plan, false);
  command->add_option("--like", options->plan.like, kLikeHelp);
  command->add_flag("--json", options->json, "For machines");
  command->add_option("--tokens-per-second", options->speed.tokens_per_s,
                      "Output tokens a second of the machine you think of: how far it would get");
  command->add_option("--load-s", options->speed.load_s, "Seconds it takes to load a variant");
  command->footer(
      "Examples:\n  assay check plans/qwen3_32b_3h.yaml\n  assay check plans/qwen3_32b_3h.yaml "
      "--until decided --tokens-per-second 7000 --load-s 100");
  command->callback([options, &session] { finish(session, check(*options, session)); });
}

}  // namespace assay
