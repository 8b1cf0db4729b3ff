// assay data: where each benchmark's rows come from, bringing them, and checking a folder of them.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/data_notes.h"
#include "cli/fetching.h"
#include "cli/rows_python.h"
#include "cli/scicode_targets.h"
#include "data/hub.h"
#include "engine/python.h"
#include "task/load.h"
#include "task/task.h"

namespace assay {
namespace {

constexpr const char* kScicodeNote =
    "scicode: most tests compare with test_data.h5, which the authors publish apart.\n"
    "  Get it: the README of the repository scicode-bench/SciCode links the folder that holds it.\n"
    "  Put it: beside the rows or into the data folder's scicode/; for rows from the hub into\n"
    "  $XDG_DATA_HOME/assay/scicode/ (~/.local/share/assay/scicode/); with it 13.6.txt, 62.1.txt\n"
    "  and 76.3.txt of eval/data.\n"
    "  Check it: assay data check DIR scicode\n";

const char* kind_name(TaskKind kind) {
  switch (kind) {
    case TaskKind::generate:
      return "generate";
    case TaskKind::loglikelihood:
      return "loglikelihood";
    case TaskKind::code:
      return "code";
  }
  return "";
}

Result<int> list_json() {
  nlohmann::json tasks = nlohmann::json::array();
  for (const Task& task : all_tasks()) {
    const DataSource& source = task.source;
    tasks.push_back({{"task", task.name},
                     {"title", task.title},
                     {"kind", kind_name(task.kind)},
                     {"hub_id", source.hub_id},
                     {"split", source.hub_split},
                     {"items", source.hub_items > 0 ? nlohmann::json(source.hub_items)
                                                    : nlohmann::json(nullptr)},
                     {"gated", source.gated},
                     {"licence", source.licence},
                     {"lm_eval", task.lm_eval.name.empty() ? nlohmann::json(nullptr)
                                                           : nlohmann::json(task.lm_eval.name)}});
  }
  const nlohmann::json out = {{"schema_version", 1}, {"tasks", std::move(tasks)}};
  fmt::print("{}\n", out.dump(1));
  return kExitDone;
}

Result<int> list() {
  fmt::print("{:<15} {:<32} {:<12} {:<7} {}\n", "task", "data set", "split", "gated", "licence");
  for (const Task& task : all_tasks()) {
    const DataSource& source = task.source;
    fmt::print("{:<15} {:<32} {:<12} {:<7} {}\n", task.name, source.hub_id, source.hub_split,
               source.gated ? "yes" : "no", source.licence);
  }
  fmt::print("\n{}", kScicodeNote);
  return kExitDone;
}

bool is_wanted(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

Result<int> fetch(const std::vector<std::string>& names, const Session& session) {
  const SystemClock clock;
  Progress progress(stderr, session.live_progress ? Progress::Style::live : Progress::Style::plain,
                    clock, session.language_beside);
  const PythonEnv python = TRY(find_python(python_search_here("")));
  HubClient client;
  client.python = python.python.string();
  client.until = Deadline().or_stop(session.listen());
  client.on_fetch = show_fetching(progress, clock);
  int exit_code = kExitDone;
  for (const Task& task : all_tasks()) {
    if (!is_wanted(names, task.name)) continue;
    HubRequest request{HubKind::dataset, task.source.hub_id, "", task.source.hub_files};
    const auto fetched = hub_fetch(client, request);
    progress.clear();
    const HubResult found = TRY(fetched);
    if (found.usable()) {
      fmt::print("{:<15} {} at {}\n", task.name, found.folder.string(), found.commit);
      if (task.name == "scicode") fmt::print("{}", kScicodeNote);
      continue;
    }
    fmt::print("{:<15} {}: {}\n", task.name, to_string(found.status), found.message);
    exit_code = kExitEnvironment;
  }
  return exit_code;
}

// --- check

// One task's rows below `folder`: read, and every field checked. Nothing is asked, so that the
// plan's own part is only what makes every item.
Result<Loaded> checked_items(const Task& task, const std::filesystem::path& folder,
                             const FindPython& python) {
  TaskSpec spec;
  spec.name = spec.benchmark = task.name;
  spec.max_gen_toks = 1;
  if (task.name == "scicode") spec.options["split"] = "all";
  return load_items(spec, task, folder, {.python = python});
}

// Says whether SciCode's test data is there and whole; the exit code.
Result<int> check_targets(const std::string& folder, const ItemList& items) {
  const ScicodeTargets targets = TRY(check_scicode_targets(folder, items));
  fmt::print("{:<15} test_data.h5: {}\n", "", targets.text);
  if (!targets.there) fmt::print("{}", kScicodeNote);
  return targets.there && !targets.usable ? kExitUsage : kExitDone;
}

// Prints what there is of one task; the exit code. `named`: the user asked for this very one.
Result<int> check_task(const Task& task, const std::string& folder, const FindPython& python,
                       bool named) {
  const Result<Loaded> found = checked_items(task, folder, python);
  if (!found) {
    fmt::print("{:<15} {}: {}\n", task.name, found.error().what, found.error().why);
    return found.error().kind == ErrorKind::environment ? kExitEnvironment : kExitUsage;
  }
  if (const auto* absent = std::get_if<AbsentRows>(&*found)) {
    fmt::print("{:<15} not there: looked for: {}\n", task.name, absent->looked_for);
    return named ? kExitUsage : kExitDone;
  }
  const auto& loaded = std::get<LoadedItems>(*found);
  fmt::print("{:<15} {} items, layout '{}'\n", task.name, loaded.items.size(), loaded.layout);
  return task.name == "scicode" ? check_targets(folder, loaded.items) : kExitDone;
}

Result<int> check(const std::string& folder, const std::vector<std::string>& names) {
  if (!std::filesystem::is_directory(folder)) {
    return usage_error(folder + " is no folder", "the data sets lie below one (docs/tasks.md)",
                       "name the folder that --data would name");
  }
  const FindPython python = rows_python("");
  int exit_code = kExitDone;
  for (const Task& task : all_tasks()) {
    if (!is_wanted(names, task.name)) continue;
    const int its = TRY(check_task(task, folder, python, !names.empty()));
    if (its == kExitUsage || exit_code == kExitDone) exit_code = its;  // rows before the machine
  }
  return exit_code;
}

Result<int> for_known_tasks(const std::vector<std::string>& names,
                            const std::function<Result<int>()>& command) {
  for (const std::string& name : names) {
    if (find_task(name) != nullptr) continue;
    return no_task_called(name);
  }
  return command();
}

}  // namespace

void add_data(CLI::App& app, Session& session) {
  CLI::App* data = app.add_subcommand("data", "The benchmarks' data sets.");
  data->require_subcommand(1);
  CLI::App* list_command = data->add_subcommand("list", "Ids, splits, gates and licences.");
  auto json = std::make_shared<bool>(false);
  list_command->add_flag("--json", *json, "For machines");
  list_command->footer("Examples:\n  assay data list\n  assay data list --json");
  list_command->callback([json, &session] { finish(session, *json ? list_json() : list()); });
  auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* fetch_command = data->add_subcommand("fetch", "Bring data sets into the hub's cache.");
  fetch_command->add_option("TASK", *names, "Which; all when none is named");
  fetch_command->footer("Example:\n  assay data fetch math500 aime24");
  fetch_command->callback([names, &session] {
    finish(session, for_known_tasks(*names, [&] { return fetch(*names, session); }));
  });
  auto folder = std::make_shared<std::string>();
  CLI::App* check_command =
      data->add_subcommand("check", "Read a data folder and check every row; asks no hub.");
  check_command->add_option("DIR", *folder, "The folder --data would name")->required();
  check_command->add_option("TASK", *names, "Which; all when none is named");
  check_command->footer("Example:\n  assay data check data math500 scicode");
  check_command->callback([folder, names, &session] {
    finish(session, for_known_tasks(*names, [&] { return check(*folder, *names); }));
  });
}

}  // namespace assay
