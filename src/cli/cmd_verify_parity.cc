// assay verify-parity: a plan's items asked by our tasks and by lm-eval's own code, on one engine a
// variant.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/folders.h"
#include "cli/plan_options.h"
#include "cli/world.h"
#include "report/heads.h"
#include "report/printers.h"
#include "run/parity.h"
#include "run/runner.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kShownDifferences = 10;

struct ParityOptions {
  PlanOptions plan;
  std::string variant;
  int limit = 0;
  bool json = false;
  bool quiet = false;
};

// The run's folder: --out, or one of our own that goes when all went well.
class WorkFolder {
 public:
  static Result<WorkFolder> make(const std::string& given) {
    if (!given.empty()) return WorkFolder(fs::absolute(given), false);
    std::error_code code;
    std::string pattern = (fs::temp_directory_path(code) / "assay-parity-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      return errno_error({"cannot make a folder for the comparison", "无法为比较建立目录"},
                         {"name one with --out", "用 --out 给出一个目录"});
    }
    return WorkFolder(pattern, true);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }
  void remove_own() const {
    std::error_code code;
    if (own_) fs::remove_all(path_, code);
  }

 private:
  WorkFolder(fs::path path, bool own) : path_(std::move(path)), own_(own) {}
  fs::path path_;
  bool own_;
};

// lm-eval's side is run anew each time; what both asked before comes from the store.
Status forget_lm_eval(const ResolvedRun& run, Store& store) {
  for (const ResolvedVariant& variant : run.variants) {
    for (const ResolvedTask& task : run.tasks) {
      TRY(store.remove_meta(LmEvalSource::done_name(variant.spec.name, task.spec.name)));
    }
  }
  return store.flush();
}

Result<ParityReport> run_both_ways(const Plan& plan, const ParityOptions& options,
                                   const fs::path& out, const Session& session) {
  apply_env(plan);
  TRY(prepare_folders(out));
  const Deadline until = Deadline().or_stop(session.listen());
  const auto world = TRY(World::make(
      plan, {.data = options.plan.data, .output = out, .until = until, .grading = until}));
  TRY(world->check_downloads());
  const ResolvedRun resolved = TRY(resolve(plan, world->resolve_services()));
  TRY(world->try_math_verify());
  Store store = TRY(Store::open(out, Store::Mode::write));
  const SystemClock clock;
  const auto style = options.quiet           ? Progress::Style::silent
                     : session.live_progress ? Progress::Style::live
                                             : Progress::Style::plain;
  Progress progress(stderr, style, clock, session.language_beside);
  RunServices services{.store = store, .clock = clock, .progress = progress};
  world->equip(services);
  std::vector<LmEvalItem> seen;
  services.lm_eval_seen = [&seen](const LmEvalItem& item) { seen.push_back(item); };
  TRY(forget_lm_eval(resolved, store));
  const auto end = end_without_failures(run_plan(resolved, {}, services));
  progress.clear();
  TRY(store.flush());
  if (!end) return std::unexpected(end.error());
  if (*end == RunEnd::interrupted) {
    return std::unexpected(interrupted_error());
  }
  return compare_ways(resolved, store, seen);
}

Text aspect_words(ParityAspect aspect) {
  const char* english = to_string(aspect);
  switch (aspect) {
    case ParityAspect::answered:
      return {english, "是否回答"};
    case ParityAspect::prompt:
      return {english, "提示词"};
    case ParityAspect::sampling:
      return {english, "采样"};
    case ParityAspect::output:
      return {english, "输出"};
    case ParityAspect::score:
      return {english, "得分"};
  }
  return english;
}

// Of a request that one way alone answered there are no figures, but words.
Text side_words(const ParityDifference& difference, const std::string& side) {
  if (difference.aspect != ParityAspect::answered) return side;
  return side == "answered" ? Text(side, "已回答") : Text(side, "没有回答");
}

std::vector<std::vector<std::string>> parity_rows(const ParityReport& report, Language language) {
  std::vector<std::vector<std::string>> rows(1);
  for (const Text& head :
       {heads::variant(), heads::task(), Text("lm-eval's", "lm-eval 的任务"), heads::items(),
        Text("compared", "已比较"), Text("same responses", "回答相同"), Text("prompts", "提示词"),
        Text("sampling", "采样"), Text("outputs", "输出"), Text("scores", "得分")}) {
    rows[0].push_back(head.in(language));
  }
  for (const ParityTask& task : report.tasks) {
    if (!task.left_out.empty()) {
      rows.push_back({task.variant, task.name,
                      bilingual("not compared: {}", "没有比较：{}", task.left_out).in(language)});
      continue;
    }
    const auto number = [](int value) { return fmt::format("{}", value); };
    rows.push_back({task.variant, task.name, task.lm_eval_task, number(task.items),
                    number(task.compared), number(task.shared), number(task.prompts),
                    number(task.samplings), number(task.outputs), number(task.scores)});
  }
  return rows;
}

void print_report(const ParityReport& report, const Session& session) {
  print_out(aligned(parity_rows(report, session.language), session.columns));
  for (std::size_t i = 0; i < report.differences.size() && i < kShownDifferences; ++i) {
    const ParityDifference& d = report.differences[i];
    print_out(session,
              bilingual("\n{0} of {1} under {2}, item {3}\n  native:  {4}\n  lm-eval: {5}\n",
                        "\n{2} 的 {1}，题目 {3}：{0}\n  assay：  {4}\n  lm-eval：{5}\n",
                        aspect_words(d.aspect), d.task, d.variant, d.item, side_words(d, d.native),
                        side_words(d, d.lm_eval)));
  }
  if (report.differences.size() > kShownDifferences) {
    print_out(session, bilingual("\n… and {} more (--json lists all)\n",
                                 "\n……另有 {} 处（--json 列出全部）\n",
                                 report.differences.size() - kShownDifferences));
  }
  print_out(session, bilingual("{} differing, {} engine {}\n", "{} 处不一致，加载引擎 {} 次{}\n",
                               report.differences.size(), report.engine_loads,
                               report.engine_loads == 1 ? Text("load", "") : Text("loads", "")));
}

Result<int> verify(const ParityOptions& options, const Session& session) {
  if (options.limit < 0) {
    return usage_error({"--limit is below 0", "--limit 小于 0"},
                       {"it says how many items of a task are compared", "它是每个任务比较多少题"},
                       {"give a number from 1", "给一个不小于 1 的数"});
  }
  const Plan plan = TRY(load_with_options(options.plan));
  ParityPlan both = TRY(parity_plan(plan, options.variant, options.limit));
  const WorkFolder folder = TRY(WorkFolder::make(options.plan.out));
  ParityReport report = TRY(run_both_ways(both.plan, options, folder.path(), session));
  int compared = 0;
  for (const ParityTask& task : report.tasks) compared += task.compared;
  for (ParityTask& task : both.left_out) report.tasks.push_back(std::move(task));
  if (options.json) {
    fmt::print("{}\n", to_json(report).dump(1));
  } else {
    print_report(report, session);
  }
  if (compared == 0 && report.differences.empty()) {
    return environment_error({"nothing was compared", "什么也没有比较"},
                             {"no item was answered", "没有一道题得到回答"},
                             bilingual("see {}", "见 {}", (folder.path() / "logs").string()));
  }
  folder.remove_own();
  return report.differences.empty() ? kExitDone : kExitDiffers;
}

}  // namespace

void add_verify_parity(CLI::App& app, Session& session) {
  auto options = std::make_shared<ParityOptions>();
  CLI::App* command = app.add_subcommand(
      "verify-parity",
      "Asks a plan's items by our tasks and by lm-eval's own code, on one engine a variant.");
  add_plan_options(*command, options->plan, false);
  command->add_option("--out", options->plan.out,
                      "Keep the run here; default: a temporary folder, removed at the end");
  command->add_option("--variant", options->variant, "Only this variant; default: all");
  command->add_option("--limit", options->limit,
                      "Items a task, at most; default: as the plan says");
  command->add_flag("--json", options->json, "Counts and all differences as JSON");
  command->add_flag("--quiet", options->quiet, "No progress");
  command->footer(
      "Exit codes: 0 nothing differs, 1 something does.\n"
      "Example:\n  assay verify-parity plans/demo.yaml --limit 4");
  command->callback([options, &session] { finish(session, verify(*options, session)); });
}

}  // namespace assay
