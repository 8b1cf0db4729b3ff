// assay schema: the JSON schema of plan files, for editors.
#include "cli/command.h"
#include "plan/schema.h"
#include "task/task.h"

namespace assay {

void add_schema(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("schema", "Print the JSON schema of plan files, for editors.");
  command->footer(
      "An editor with a YAML language server completes keys and marks mistakes where a plan's "
      "first "
      "line is\n  # yaml-language-server: $schema=plan.schema.json\n"
      "`assay init` writes both.\n\nExample:\n  assay schema > plan.schema.json");
  command->callback([&session] {
    print_out(plan_schema_text(known_benchmarks()));
    finish(session, kExitDone);
  });
}

}  // namespace assay
