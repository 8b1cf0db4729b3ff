// assay report and assay score: from the store, without an engine.
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/stored_run.h"
#include "report/build.h"
#include "report/terminal.h"
#include "report/write.h"

namespace assay {
namespace {

Result<int> report(const std::string& folder, const std::string& language, const Session& session) {
  const Store store = TRY(Store::open(folder, Store::Mode::read));
  const RunReport values = TRY(build_report(store));
  const Language in = language == "zh" ? Language::zh : Language::en;
  TRY(write_reports(values, folder, in));
  fmt::print("{}", terminal_table(values, session.colour, in));
  fmt::print("report: {}\n", (std::filesystem::path(folder) / "report.html").string());
  return kExitDone;
}

Result<int> score(const std::string& folder, const Session& session) {
  TRY(rescore_folder(folder, Deadline().or_stop(session.interrupted)));
  return report(folder, "en", session);
}

}  // namespace

void add_report(CLI::App& app, Session& session) {
  auto folder = std::make_shared<std::string>();
  auto language = std::make_shared<std::string>("en");
  CLI::App* command = app.add_subcommand("report", "Write a run's reports again from its store.");
  command->add_option("DIR", *folder, "The run's folder")->required();
  command->add_option("--lang", *language, "Its language: en or zh (the page holds both)")
      ->check(CLI::IsMember({"en", "zh"}));
  command->footer("Example:\n  assay report demo-run --lang zh");
  command->callback(
      [folder, language, &session] { finish(session, report(*folder, *language, session)); });
}

void add_score(CLI::App& app, Session& session) {
  auto folder = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("score", "Score a run's stored responses again, then report; no engine.");
  command->add_option("DIR", *folder, "The run's folder")->required();
  command->footer("Example:\n  assay score demo-run");
  command->callback([folder, &session] { finish(session, score(*folder, session)); });
}

}  // namespace assay
