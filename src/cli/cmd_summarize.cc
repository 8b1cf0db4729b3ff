// assay summarize: one table from runs of assay or of lm-eval.
#include "cli/command.h"
#include "compare/summarize.h"

namespace assay {
namespace {

struct SummarizeOptions {
  std::vector<std::string> folders;
  TableFormat format = TableFormat::terminal;
};

Result<int> summary(const SummarizeOptions& options, const Session& session) {
  const std::vector<std::filesystem::path> folders(options.folders.begin(), options.folders.end());
  print_out(TRY(summarize(folders, options.format, session.language)));
  return kExitDone;
}

}  // namespace

void add_summarize(CLI::App& app, Session& session) {
  auto options = std::make_shared<SummarizeOptions>();
  CLI::App* command =
      app.add_subcommand("summarize", "Tables from folders of assay or lm-eval results.");
  command->add_option("DIR", options->folders, "Folders")->required();
  const std::map<std::string, TableFormat> formats = {{"terminal", TableFormat::terminal},
                                                      {"markdown", TableFormat::markdown},
                                                      {"csv", TableFormat::csv},
                                                      {"latex", TableFormat::latex},
                                                      {"json", TableFormat::json}};
  command->add_option("--format", options->format, "terminal, markdown, csv, latex or json")
      ->transform(CLI::CheckedTransformer(formats));
  command->footer("Example:\n  assay summarize demo-run --format markdown");
  command->callback([options, &session] { finish(session, summary(*options, session)); });
}

}  // namespace assay
