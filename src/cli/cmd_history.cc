// assay history: how each variant's verdict and fidelity moved from run to run.
#include <algorithm>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "base/tell.h"
#include "base/text.h"
#include "cli/command.h"
#include "report/build.h"
#include "report/history.h"
#include "store/store.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

struct HistoryOptions {
  std::vector<std::string> folders;
  bool json = false;
  std::string html;
  bool force = false;
};

bool holds_run(const fs::path& folder) {
  std::error_code code;
  return fs::exists(folder / "store.sqlite", code);
}

// The folder itself where it is a run's, else the runs' folders in it.
Result<std::vector<fs::path>> runs_in(const std::string& folder) {
  std::error_code code;
  if (!fs::is_directory(folder, code)) {
    return usage_error(bilingual("there is no folder {}", "没有目录 {}", folder),
                       {"a history is made of runs' folders", "历史由各次运行的目录组成"},
                       {"name folders that `assay run` wrote, or one that holds them",
                        "给出 `assay run` 写的目录，或包含它们的目录"});
  }
  if (holds_run(folder)) return std::vector<fs::path>{folder};
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    if (holds_run(entry.path())) out.push_back(entry.path());
  }
  std::ranges::sort(out);
  if (!out.empty()) return out;
  return usage_error(
      bilingual("there are no runs in {}", "{} 里没有运行", folder),
      {"neither it nor a folder in it holds a store.sqlite", "它和其中的目录都没有 store.sqlite"},
      {"name folders that `assay run` wrote, or one that holds them",
       "给出 `assay run` 写的目录，或包含它们的目录"});
}

// Each once, whatever ways lead to it.
Result<std::vector<fs::path>> all_runs(const std::vector<std::string>& folders) {
  std::vector<fs::path> out;
  std::set<fs::path> seen;
  std::error_code code;
  for (const std::string& folder : folders) {
    for (const fs::path& run : TRY(runs_in(folder))) {
      if (seen.insert(fs::canonical(run, code)).second) out.push_back(run);
    }
  }
  return out;
}

Result<HistorySource> source_of(const fs::path& folder) {
  const Store store = TRY(Store::open(folder, Store::Mode::read));
  const auto text = TRY(store.meta("frozen"));
  if (!text) {
    return usage_error(
        bilingual("{} holds no run that has begun", "{} 里没有开始过的运行", folder.string()),
        {"its store has no frozen plan", "它的存储里没有冻结计划"},
        {"leave it out, or run its plan", "去掉它，或运行它的计划"});
  }
  HistorySource out{.folder = folder.string(),
                    .frozen = TRY(frozen_from_store(*text, TRY(store.meta("frozen_hash")))),
                    .report = TRY(build_report(store))};
  // Of many runs at once only the figures are wanted.
  out.report.items = {};
  out.report.texts = nullptr;
  out.report.prompt_hashes = nullptr;
  return out;
}

Status write_page(const History& history, const HistoryOptions& options, const Session& session) {
  std::error_code code;
  if (!options.force && fs::exists(options.html, code)) {
    return usage_error(bilingual("{} exists already", "{} 已存在", options.html),
                       {"it is not overwritten", "不会覆盖它"},
                       {"name another file, or add --force", "换一个文件名，或加上 --force"});
  }
  TRY(write_file_atomic(options.html, history_html(history, session.language)));
  print_beside(bilingual("page: {}", "网页：{}", options.html).in(session.language_beside));
  return {};
}

Result<int> history(const HistoryOptions& options, const Session& session) {
  std::vector<HistorySource> sources;
  for (const fs::path& folder : TRY(all_runs(options.folders))) {
    sources.push_back(TRY(source_of(folder)));
  }
  const History found = TRY(history_of(std::move(sources)));
  if (!options.html.empty()) TRY(write_page(found, options, session));
  print_out(options.json ? dump_json(history_json(found), 1) + "\n"
                         : history_text(found, session.language, session.colour));
  return kExitDone;
}

}  // namespace

void add_history(CLI::App& app, Session& session) {
  auto options = std::make_shared<HistoryOptions>();
  CLI::App* command = app.add_subcommand(
      "history", "How each variant's verdict and fidelity moved from run to run.");
  command
      ->add_option("FOLDER", options->folders,
                   "Runs' folders of one plan, or folders that hold them (docs/history.md)")
      ->required();
  command->add_flag("--json", options->json, "For machines");
  command->add_option("--html", options->html, "Write a page with charts to this file, too");
  command->add_flag("--force", options->force, "Overwrite that file if it is there");
  command->footer(
      "Examples:\n  assay history runs\n"
      "  assay history runs/vllm-0.25 runs/vllm-0.26 --html history.html");
  command->callback([options, &session] { finish(session, history(*options, session)); });
}

}  // namespace assay
