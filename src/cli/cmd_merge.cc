// assay merge: shards into one folder with one report.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/language.h"
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

// "1 shard", "3 shards".
Text count_of(std::size_t count, const char* noun, const char* noun_zh) {
  return {fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s"),
          fmt::format("{} 个{}", count, noun_zh)};
}

Text in_words(const Merged& merged, std::size_t shards, const fs::path& out) {
  std::vector<std::string> missing;
  missing.reserve(merged.missing.size());
  for (const ShardPart& part : merged.missing) missing.push_back(name_of(part));
  Text words = bilingual("{} with {}", "{}，{}", count_of(shards, "shard", "分片"),
                         count_of(merged.variants.size(), "variant", "变体"));
  if (!missing.empty()) {
    words = bilingual("{}; missing: {}", "{}；缺少：{}", words, join(missing, "; "));
  }
  words = bilingual("{}\nreport: {}\n", "{}\n报告：{}\n", words, (out / "report.html").string());
  if (!merged.judge_to_come) return words;
  return bilingual(
      "{}shards ask no judge; on this folder it is asked by: assay run PLAN --out {} "
      "--judge-only\n",
      "{}分片不询问裁判模型；对此目录由这条命令询问：assay run PLAN --out {} --judge-only\n", words,
      out.string());
}

Result<int> merge(const MergeCommand& options, const Session& session) {
  const std::vector<fs::path> folders = folders_with_stores(TRY(absolute_paths(options.shards)));
  const fs::path out = TRY(absolute_path(options.out));
  const Merged merged =
      TRY(merge_shards(folders, out, options.partial ? MissingShards::go_on : MissingShards::refuse,
                       SystemClock().wall().count()));
  const RunReport report = TRY(build_report(TRY(Store::open(out, Store::Mode::read))));
  TRY(write_reports(report, out));
  print_out(terminal_table(report, session.style()));
  print_out(session, in_words(merged, folders.size(), out));
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
