// assay merge: shards into one folder with one report.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/plan_options.h"
#include "cluster/merge.h"
#include "report/build.h"
#include "report/terminal.h"
#include "report/write.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

struct MergeCommand {
  std::vector<std::string> shards;
  std::string out;
  bool partial = false;
};

Result<int> merge(const MergeCommand& options, const Session& session) {
  const std::vector<fs::path> folders = folders_with_stores(TRY(absolute_paths(options.shards)));
  const fs::path out = TRY(absolute_path(options.out));
  const Merged merged =
      TRY(merge_shards(folders, out, options.partial ? MissingShards::go_on : MissingShards::refuse,
                       SystemClock().wall().count()));
  const RunReport report = TRY(build_report(TRY(Store::open(out, Store::Mode::read))));
  TRY(write_reports(report, out));
  fmt::print("{}", terminal_table(report, session.style()));
  std::vector<std::string> missing;
  for (const ShardPart& part : merged.missing) missing.push_back(name_of(part));
  fmt::print("{} shards with {} variants{}\nreport: {}\n", folders.size(), merged.variants.size(),
             missing.empty() ? "" : "; missing: " + join(missing, "; "),
             (out / "report.html").string());
  if (merged.judge_to_come) {
    fmt::print(
        "shards ask no judge; on this folder it is asked by: assay run PLAN --out {} "
        "--judge-only\n",
        out.string());
  }
  return kExitDone;
}

}  // namespace

void add_merge(CLI::App& app, Session& session) {
  auto options = std::make_shared<MergeCommand>();
  CLI::App* command = app.add_subcommand(
      "merge", "Put shards of a plan (assay run --shard) into one folder, and write its report.");
  command
      ->add_option("SHARD", options->shards,
                   "The shards' folders, or a folder in which they lie side by side")
      ->required();
  command->add_option("--out", options->out, "The merged run's folder")->required();
  command->add_flag("--partial", options->partial,
                    "Go on without what no shard has; the report names it");
  command->footer("Example:\n  assay merge sweep/shards --out sweep");
  command->callback([options, &session] { finish(session, merge(*options, session)); });
}

}  // namespace assay
