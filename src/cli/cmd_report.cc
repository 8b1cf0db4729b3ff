// assay report and assay score: from the store, without an engine.
#include <fmt/format.h>

#include <cstdint>

#include "base/visible.h"
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
  fmt::print("{}", terminal_table(values, session.style()));
  fmt::print("report: {}\n", (std::filesystem::path(folder) / "report.html").string());
  return kExitDone;
}

void print_audit(const AuditReport& audit) {
  for (const AuditDifference& d : audit.differences) {
    fmt::print("{}\n", visible_text(fmt::format(
                           "differs: {} of {} under {}: {} by the fast path, {} by Math-Verify, "
                           "gold answer {}",
                           d.id.item, d.id.task, d.id.variant, d.fast_path ? "equal" : "not equal",
                           d.library ? "equal" : "not equal", d.gold)));
  }
  fmt::print("audit: {} answers of the fast path asked of Math-Verify too, {} differing",
             audit.asked, audit.differences.size());
  if (audit.undecided > 0) fmt::print(", {} it could not decide", audit.undecided);
  fmt::print("\n");
}

Result<int> score(const std::string& folder, std::int64_t audit, const Session& session) {
  const Deadline until = Deadline().or_stop(session.listen());
  const AuditReport audited = TRY(rescore_folder(folder, audit, until));
  TRY(session.stop_listening());
  const int code = TRY(report(folder, "en", session));
  if (audit == 0) return code;
  print_audit(audited);
  return audited.differences.empty() ? code : kExitDiffers;
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
  auto audit = std::make_shared<std::int64_t>(0);
  command->add_option("DIR", *folder, "The run's folder")->required();
  command
      ->add_option("--audit", *audit,
                   "Ask Math-Verify of this many answers that the fast path decides, too")
      ->check(CLI::PositiveNumber);
  command->footer(
      "Exit codes: 1 where an audit finds a difference.\n"
      "Example:\n  assay score demo-run --audit 500");
  command->callback(
      [folder, audit, &session] { finish(session, score(*folder, *audit, session)); });
}

}  // namespace assay
