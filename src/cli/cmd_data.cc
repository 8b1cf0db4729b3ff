// assay data: where each benchmark's rows come from, and bringing them.
#include <fmt/format.h>

#include <algorithm>

#include "cli/command.h"
#include "data/hub.h"
#include "engine/python.h"
#include "task/task.h"

namespace assay {
namespace {

Result<int> list() {
  fmt::print("{:<15} {:<32} {:<12} {:<7} {}\n", "task", "data set", "split", "gated", "licence");
  for (const Task& task : all_tasks()) {
    const DataSource& source = task.source;
    fmt::print("{:<15} {:<32} {:<12} {:<7} {}\n", task.name, source.hub_id, source.hub_split,
               source.gated ? "yes" : "no", source.licence);
  }
  return kExitDone;
}

Result<int> fetch(const std::vector<std::string>& names) {
  const PythonEnv python = TRY(find_worker_python(python_search_here("")));
  HubClient client;
  client.python = python.python.string();
  int exit_code = kExitDone;
  for (const Task& task : all_tasks()) {
    const bool wanted =
        names.empty() || std::find(names.begin(), names.end(), task.name) != names.end();
    if (!wanted) continue;
    HubRequest request{HubKind::dataset, task.source.hub_id, "", task.source.hub_files};
    const HubResult found = TRY(hub_fetch(client, request));
    if (found.usable()) {
      fmt::print("{:<15} {} at {}\n", task.name, found.folder.string(), found.commit);
      continue;
    }
    fmt::print("{:<15} {}: {}\n", task.name, to_string(found.status), found.message);
    exit_code = kExitEnvironment;
  }
  return exit_code;
}

}  // namespace

void add_data(CLI::App& app, Session& session) {
  CLI::App* data = app.add_subcommand("data", "The benchmarks' data sets.");
  data->require_subcommand(1);
  CLI::App* list_command = data->add_subcommand("list", "Ids, splits, gates and licences.");
  list_command->callback([&session] { finish(session, list()); });
  auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* fetch_command = data->add_subcommand("fetch", "Bring data sets into the hub's cache.");
  fetch_command->add_option("TASK", *names, "Which; all when none is named");
  fetch_command->footer("Example:\n  assay data fetch math500 aime24");
  fetch_command->callback([names, &session] {
    for (const std::string& name : *names) {
      if (find_task(name) != nullptr) continue;
      finish(session,
             usage_error("no task is called " + name, "see `assay data list`", "correct the name"));
      return;
    }
    finish(session, fetch(*names));
  });
}

}  // namespace assay
