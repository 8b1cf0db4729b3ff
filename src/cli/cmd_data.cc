// assay data: where each benchmark's rows come from, bringing them, and checking a folder of them.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/terminal.h"
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

Text scicode_note() {
  return {
      "scicode: most tests compare with test_data.h5, which the authors publish apart.\n"
      "  Get it: the README of the repository scicode-bench/SciCode links the folder that holds "
      "it.\n"
      "  Put it: beside the rows or into the data folder's scicode/; for rows from the hub into\n"
      "  $XDG_DATA_HOME/assay/scicode/ (~/.local/share/assay/scicode/); with it 13.6.txt, "
      "62.1.txt\n"
      "  and 76.3.txt of eval/data.\n"
      "  Check it: assay data check DIR scicode\n",
      "scicode：多数测试要与 test_data.h5 对照，作者另行发布这个文件。\n"
      "  获取：仓库 scicode-bench/SciCode 的 README 给出了存放它的文件夹的链接。\n"
      "  放置：放在数据行旁边，或数据目录的 scicode/ 里；数据行来自 hub 时放到\n"
      "  $XDG_DATA_HOME/assay/scicode/（~/.local/share/assay/scicode/）；eval/data 的 13.6.txt、\n"
      "  62.1.txt 和 76.3.txt 与它放在一起。\n"
      "  检查：assay data check DIR scicode\n"};
}

// A task's name, and what is said of it.
Text line_of(std::string_view name, const Text& said) {
  constexpr std::size_t kNameCells = 15;
  const std::string begin = filled_after(name, kNameCells) + " ";
  return {begin + said.en + "\n", begin + said.zh + "\n"};
}

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
                     {"licence", source.licence.en},
                     {"lm_eval", task.lm_eval.name.empty() ? nlohmann::json(nullptr)
                                                           : nlohmann::json(task.lm_eval.name)}});
  }
  const nlohmann::json out = {{"schema_version", 1}, {"tasks", std::move(tasks)}};
  fmt::print("{}\n", out.dump(1));
  return kExitDone;
}

Text row_of(std::string_view data_set, const Text& split, const Text& gated, const Text& licence) {
  constexpr std::size_t kDataSetCells = 32;
  constexpr std::size_t kSplitCells = 12;
  constexpr std::size_t kGatedCells = 7;
  const auto in = [&](Language language) {
    return filled_after(data_set, kDataSetCells) + " " +
           filled_after(split.in(language), kSplitCells) + " " +
           filled_after(gated.in(language), kGatedCells) + " " + licence.in(language);
  };
  return {in(Language::en), in(Language::zh)};
}

Result<int> list(const Session& session) {
  const Language language = session.language;
  print_out(line_of(Text("task", "任务").in(language),
                    row_of(Text("data set", "数据集").in(language), {"split", "划分"},
                           {"gated", "需授权"}, {"licence", "许可证"}))
                .in(language));
  for (const Task& task : all_tasks()) {
    const DataSource& source = task.source;
    print_out(session,
              line_of(task.name,
                      row_of(source.hub_id, source.hub_split,
                             source.gated ? Text("yes", "是") : Text("no", "否"), source.licence)));
  }
  print_out("\n");
  print_out(session, scicode_note());
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
      print_out(session, line_of(task.name, bilingual("{} at {}", "{}，版本 {}",
                                                      found.folder.string(), found.commit)));
      if (task.name == "scicode") print_out(session, scicode_note());
      continue;
    }
    print_out(session,
              line_of(task.name, bilingual("{}: {}", "{}：{}", hub_status_words(found.status),
                                           found.message)));
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
Result<int> check_targets(const std::string& folder, const ItemList& items,
                          const Session& session) {
  const ScicodeTargets targets = TRY(check_scicode_targets(folder, items));
  print_out(session, line_of("", bilingual("test_data.h5: {}", "test_data.h5：{}", targets.text)));
  if (!targets.there) print_out(session, scicode_note());
  return targets.there && !targets.usable ? kExitUsage : kExitDone;
}

// Prints what there is of one task; the exit code. `named`: the user asked for this very one.
Result<int> check_task(const Task& task, const std::string& folder, const FindPython& python,
                       bool named, const Session& session) {
  const Result<Loaded> found = checked_items(task, folder, python);
  if (!found) {
    const Error& error = found.error();
    print_out(session, line_of(task.name,
                               bilingual("{}: {}", "{}：{}", error.what_text(), error.why_text())));
    return error.kind == ErrorKind::environment ? kExitEnvironment : kExitUsage;
  }
  if (const auto* absent = std::get_if<AbsentRows>(&*found)) {
    print_out(session, line_of(task.name, bilingual("not there: looked for: {}", "没有：找过 {}",
                                                    absent->looked_for)));
    return named ? kExitUsage : kExitDone;
  }
  const auto& loaded = std::get<LoadedItems>(*found);
  print_out(session, line_of(task.name, bilingual("{} items, layout '{}'", "{} 题，布局 '{}'",
                                                  loaded.items.size(), loaded.layout)));
  return task.name == "scicode" ? check_targets(folder, loaded.items, session) : kExitDone;
}

Result<int> check(const std::string& folder, const std::vector<std::string>& names,
                  const Session& session) {
  if (!std::filesystem::is_directory(folder)) {
    return usage_error(
        bilingual("{} is no folder", "{} 不是目录", folder),
        {"the data sets lie below one (docs/tasks.md)", "数据集放在一个目录之下（docs/tasks.md）"},
        {"name the folder that --data would name", "给出 --data 会指向的目录"});
  }
  const FindPython python = rows_python("");
  int exit_code = kExitDone;
  for (const Task& task : all_tasks()) {
    if (!is_wanted(names, task.name)) continue;
    const int its = TRY(check_task(task, folder, python, !names.empty(), session));
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
  list_command->callback(
      [json, &session] { finish(session, *json ? list_json() : list(session)); });
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
    finish(session, for_known_tasks(*names, [&] { return check(*folder, *names, session); }));
  });
}

}  // namespace assay
