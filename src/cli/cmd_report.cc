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
  print_out(terminal_table(values, session.style()));
  print_out(session, bilingual("report: {}\n", "报告：{}\n",
                               (std::filesystem::path(folder) / "report.html").string()));
  return kExitDone;
}

void print_audit(const AuditReport& audit, const Session& session) {
  const auto said = [](bool equal) {
    return equal ? Text("equal", "相等") : Text("not equal", "不相等");
  };
  for (const AuditDifference& d : audit.differences) {
    const Text line = bilingual(
        "differs: {0} of {1} under {2}: {3} by the fast path, {4} by Math-Verify, gold answer {5}",
        "不一致：{1} 的 {0}（变体 {2}）：快速路径判为{3}，Math-Verify 判为{4}，标准答案 {5}",
        d.id.item, d.id.task, d.id.variant, said(d.fast_path), said(d.library), d.gold);
    print_out(visible_text(line.in(session.language)) + "\n");
  }
  const Text undecided = audit.undecided == 0 ? Text()
                                              : bilingual(", {} it could not decide",
                                                          "，{} 条它未能判定", audit.undecided);
  print_out(session, bilingual("audit: {} answers of the fast path asked of Math-Verify too, {} "
                               "differing{}\n",
                               "复核：快速路径的 {} 条回答也问过 Math-Verify，{} 条不一致{}\n",
                               audit.asked, audit.differences.size(), undecided));
}

Result<int> score(const std::string& folder, std::int64_t audit, const Session& session) {
  const Deadline until = Deadline().or_stop(session.listen());
  const AuditReport audited = TRY(rescore_folder(folder, audit, until));
  TRY(session.stop_listening());
  const int code = TRY(report(folder, "en", session));
  if (audit == 0) return code;
  print_audit(audited, session);
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
