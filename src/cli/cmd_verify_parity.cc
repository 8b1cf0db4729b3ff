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
      return errno_error("cannot make a folder for the comparison", "name one with --out");
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
  const auto end = run_plan(resolved, {}, services);
  progress.clear();
  TRY(store.flush());
  if (!end) return std::unexpected(end.error());
  if (*end == RunEnd::interrupted) {
    return std::unexpected(interrupted_error());
  }
  return compare_ways(resolved, store, seen);
}

void print_report(const ParityReport& report, std::size_t columns) {
  std::vector<std::vector<std::string>> rows = {{"variant", "task", "lm-eval's", "items",
                                                 "compared", "same responses", "prompts",
                                                 "sampling", "outputs", "scores"}};
  for (const ParityTask& task : report.tasks) {
    if (!task.left_out.empty()) {
      rows.push_back({task.variant, task.name, "not compared: " + task.left_out});
      continue;
    }
    const auto number = [](int value) { return fmt::format("{}", value); };
    rows.push_back({task.variant, task.name, task.lm_eval_task, number(task.items),
                    number(task.compared), number(task.shared), number(task.prompts),
                    number(task.samplings), number(task.outputs), number(task.scores)});
  }
  fmt::print("{}", aligned(rows, columns));
  for (std::size_t i = 0; i < report.differences.size() && i < kShownDifferences; ++i) {
    const ParityDifference& d = report.differences[i];
    fmt::print("\n{} of {} under {}, item {}\n  native:  {}\n  lm-eval: {}\n", to_string(d.aspect),
               d.task, d.variant, d.item, d.native, d.lm_eval);
  }
  if (report.differences.size() > kShownDifferences) {
    fmt::print("\n… and {} more (--json lists all)\n",
               report.differences.size() - kShownDifferences);
  }
  fmt::print("{} differing, {} engine {}\n", report.differences.size(), report.engine_loads,
             report.engine_loads == 1 ? "load" : "loads");
}

Result<int> verify(const ParityOptions& options, const Session& session) {
  if (options.limit < 0) {
    return usage_error("--limit is below 0", "it says how many items of a task are compared",
                       "give a number from 1");
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
    print_report(report, session.columns);
  }
  if (compared == 0 && report.differences.empty()) {
    return environment_error("nothing was compared", "no item was answered",
                             fmt::format("see {}", (folder.path() / "logs").string()));
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
