#include "cli/run_flow.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <map>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/files.h"
#include "base/text.h"
#include "cli/fetching.h"
#include "cli/folders.h"
#include "cli/machine_check.h"
#include "cli/stored_run.h"
#include "cli/world.h"
#include "cluster/merge.h"
#include "cluster/shard.h"
#include "report/build.h"
#include "report/words.h"
#include "report/write.h"
#include "store/failures.h"

namespace assay {
namespace {

const char* end_name(RunEnd end) {
  switch (end) {
    case RunEnd::complete:
      return "complete";
    case RunEnd::out_of_time:
      return "out_of_time";
    case RunEnd::interrupted:
      return "interrupted";
  }
  return "complete";
}

Progress::Style progress_style(const RunFlow& flow, const Session& session) {
  if (flow.quiet) return Progress::Style::silent;
  return session.live_progress ? Progress::Style::live : Progress::Style::plain;
}

void print_notes(const ResolvedRun& run, const Session& session) {
  for (const ResolvedTask& task : run.tasks) {
    for (const Text& note : task.notes) print_note(session, note);
  }
}

// What earlier runs on the folder left.
struct Before {
  std::optional<FrozenPlan> frozen;
  double spent_s = 0;
  bool complete = false;
};

// A store that cannot be read tells nothing: opening it for the run says why. A frozen plan of
// another format ends the run here, before anything is fetched for it.
Result<Before> runs_before(const std::filesystem::path& folder) {
  std::error_code code;
  Before out;
  if (!std::filesystem::exists(folder / "store.sqlite", code)) return out;
  const auto store = Store::open(folder, Store::Mode::read);
  if (!store) return out;
  if (const auto text = TRY(store->meta("frozen"))) {
    out.frozen = TRY(frozen_from_store(*text, TRY(store->meta("frozen_hash"))));
  }
  out.complete = TRY(store->meta("end")) == "complete" && TRY(kept_failures(*store)).empty();
  if (const auto text = TRY(store->meta("spent_s"))) {
    out.spent_s = std::strtod(text->c_str(), nullptr);
  }
  return out;
}

// When whoever waits outside the run's own loop gives up: the whole budget, less `kept_s`. Where
// nothing is left of it, nothing but grading is, and that takes what it takes.
Deadline end_of_budget(const Plan& plan, double spent_s, double kept_s,
                       const std::atomic<bool>* stop) {
  const double left_s = plan.budget_s - spent_s - kept_s;
  return (left_s > 0 ? Deadline::in(Seconds(left_s)) : Deadline()).or_stop(stop);
}

// A plan that says nothing of weights goes on with those the folder was frozen with.
WeightRule weights_of(const Plan& plan, const std::optional<FrozenPlan>& before) {
  if (plan.compare.weights) return *plan.compare.weights;
  if (!before) return kDefaultWeights;
  return before->plan.compare.weights.value_or(WeightRule::equal);
}

// The same of stop strings: what is asked must stay what was asked.
std::optional<HeadingStops> stop_strings_of(const Plan& plan,
                                            const std::optional<FrozenPlan>& before) {
  if (plan.chat.stop_strings || !before) return plan.chat.stop_strings;
  return before->plan.chat.stop_strings;
}

// Times of the first start and of the end that completed it; a run that had nothing to do adds
// none.
// Whoever judges alone finds the end that the shards had.
Status store_end(Store& store, const Clock& clock, RunEnd end, RunScope scope, bool worked) {
  if (scope != RunScope::judge) TRY(store.set_meta("end", end_name(end)));
  if (worked || !TRY(store.meta("ended_at"))) {
    TRY(store.set_meta("ended_at", fmt::format("{:.3f}", clock.wall().count())));
  }
  return store.flush();
}

// The folder itself, whatever it is called meanwhile.
struct FolderIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FolderIdentity&) const = default;
};

FolderIdentity identity_of(const std::filesystem::path& folder) {
  struct stat info{};
  if (::stat(folder.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino};
}

// Reports go where the store is, never to a new folder at its old place.
Status check_not_moved(const std::filesystem::path& folder, const FolderIdentity& began) {
  if (identity_of(folder) == began) return {};
  return environment_error(
      bilingual("{} is no longer the folder this run began in", "{} 不再是这次运行开始时的目录",
                folder.string()),
      {"it was moved, removed or replaced meanwhile, and the store with all answers went with it",
       "期间它被移走、删除或替换，存有全部回答的存储也随之而去"},
      {"move it back and run the same command, or write the reports where it is: assay report DIR",
       "把它移回来再执行同一条命令，或在它现在的位置写报告：assay report DIR"});
}

// What must be true of the folder before its run begins.
Status begin_scope(const Plan& plan, const RunFlow& flow) {
  switch (flow.scope) {
    case RunScope::whole:
      return {};
    case RunScope::shard:
      return begin_shard(flow.out, plan, flow.part, flow.baseline_from);
    case RunScope::judge:
      break;
  }
  return check_merged(flow.out);
}

// What --from names; what cannot be taken over from it is said.
Result<std::unique_ptr<EarlierAnswers>> open_earlier(const RunFlow& flow, const ResolvedRun& run,
                                                     const RunServices& services) {
  if (flow.from.empty()) return nullptr;
  std::error_code code;
  if (std::filesystem::equivalent(flow.from, flow.out, code)) {
    return usage_error({"--from names the run's own folder", "--from 指向这次运行自己的目录"},
                       {"its answers are kept anyway", "它的回答本来就会保留"},
                       {"leave --from out", "去掉 --from"});
  }
  auto earlier = TRY(EarlierAnswers::open(flow.from, run, services.identity, services.clock));
  for (const std::string& difference : earlier->differences()) {
    services.progress.say(bilingual("not taken over: {}", "没有沿用：{}", difference));
  }
  return earlier;
}

}  // namespace

Result<Store> run_to_end(const Plan& plan, const RunFlow& flow, const Session& session) {
  const SystemClock clock;
  const double started_s = clock.now().count();
  apply_env(plan);
  TRY(begin_scope(plan, flow));
  const Before before = TRY(runs_before(flow.out));
  // A finished folder needs no engine, and so no room for what engines write.
  const bool may_load = !before.complete || flow.start_over.asked || flow.scope == RunScope::judge;
  TRY(prepare_folders(flow.out, /*engine=*/may_load));
  Progress progress(stderr, progress_style(flow, session), clock, session.language_beside);
  const double reserve_s = report_reserve_s(plan.budget_s);
  const double spent_s = spent_of_budget_s(flow.scope, before.spent_s);
  const std::atomic<bool>* stop = session.signals == nullptr ? nullptr : &session.signals->came;
  const auto end = [&](double kept_s) { return end_of_budget(plan, spent_s, kept_s, stop); };
  const auto world = TRY(World::make(
      plan, {.data = flow.data,
             .output = flow.out,
             .grade_python = "",
             .frozen = before.frozen ? FrozenRevisions(*before.frozen) : FrozenRevisions(),
             .until = end(reserve_s),
             .grading = end(reserve_s / 2),
             .fetching = show_fetching(progress, clock)}));
  if (may_load) {
    TRY(check_gpus(plan, world->python(), end(reserve_s)));
  }
  // Beside what takes longer: finding models and data.
  auto math = std::async(std::launch::async, [&world] { return world->try_math_verify(); });
  TRY(world->check_downloads());
  auto found = resolve(plan, world->resolve_services());
  progress.clear();  // of what was fetched
  ResolvedRun resolved = TRY(std::move(found));
  if (before.frozen) go_on_from(*before.frozen, resolved);
  if (!flow.quiet) print_notes(resolved, session);
  TRY(world->try_sandbox());
  TRY(math.get());
  resolved.graders = world->math_versions();
  (void)session.listen();  // to `stop`, until the run has ended
  Store store = TRY(Store::open(flow.out, Store::Mode::write));
  const FolderIdentity began_in = identity_of(flow.out);
  resolved.plan.compare.weights = weights_of(plan, before.frozen);
  resolved.plan.chat.stop_strings = stop_strings_of(plan, before.frozen);
  if (flow.scope == RunScope::shard) TRY(keep_shard(flow.part, store));
  if (!TRY(store.meta("started_at"))) {
    TRY(store.set_meta("started_at", fmt::format("{:.3f}", clock.wall().count())));
  }

  TRY(keep_graders(store, resolved.graders));
  if (const auto missing = world->missing_sandbox_parts(); !missing.empty()) {
    TRY(store.set_meta("sandbox_missing", join(missing, ", ")));
  }

  RunServices services{.store = store, .clock = clock, .progress = progress};
  world->equip(services);
  const auto earlier = TRY(open_earlier(flow, resolved, services));
  services.earlier = earlier.get();
  RunOptions options;
  options.budget_s = plan.budget_s;
  options.spent_s = clock.now().count() - started_s;
  options.load_timeout_s = plan.engine.load_timeout_s;
  options.start_over = flow.start_over;
  options.scope = flow.scope;
  options.part = flow.part;
  const std::int64_t responses_before = store.response_count();
  const auto outcome = run_plan(resolved, options, services);
  progress.clear();
  const Status flushed = store.flush();
  // What ended the run comes first: after a full disk, say, there is nothing left to commit.
  if (!outcome) return std::unexpected(outcome.error());
  TRY(flushed);
  if (outcome->end == RunEnd::interrupted) {
    return std::unexpected(make_error(ErrorKind::interrupted, {"interrupted", "已中断"},
                                      {"a signal came", "收到了信号"},
                                      {"run the same command to go on: everything answered is kept",
                                       "再执行同一条命令会继续：已有的回答都保留着"}));
  }
  TRY(session.stop_listening());
  TRY(store_end(store, clock, outcome->end, flow.scope,
                store.response_count() != responses_before));
  TRY(check_not_moved(flow.out, began_in));
  const std::string frozen = TRY(store.meta("frozen")).value_or("");
  TRY(write_file_atomic(flow.out / "plan.frozen.json",
                        to_json(TRY(frozen_from_text(frozen))).dump(1) + "\n"));
  return store;
}

Result<RunReport> run_to_report(const Plan& plan, const RunFlow& flow, const Session& session) {
  // The rows are gone by now: a report of many items needs their memory.
  const Store store = TRY(run_to_end(plan, flow, session));
  RunReport report = TRY(build_report(store));
  TRY(write_reports(report, flow.out));
  return report;
}

Status no_variant_failed(const RunReport& report) {
  if (report.failures.empty()) return {};
  return std::unexpected(report.failures.front().error);
}

Status baseline_answered(const RunReport& report) {
  const auto base = std::ranges::find_if(report.variants, &VariantValues::baseline);
  if (base == report.variants.end()) return {};
  constexpr std::array kUnanswered{reason::kNotRun, reason::kEngineError,
                                   reason::kPromptDoesNotFit};
  std::map<std::string, std::int64_t> why;
  for (const TaskValues& task : report.tasks) {
    if (task.status != "ok") continue;
    const Cell& cell = task.cells[static_cast<std::size_t>(base - report.variants.begin())];
    if (cell.scored > 0) return {};
    for (const auto& [reason, items] : cell.unscored) {
      if (std::ranges::find(kUnanswered, reason) == kUnanswered.end()) return {};
      why[reason] += items;
    }
  }
  if (why.empty()) return {};
  std::vector<Text> words;
  words.reserve(why.size());
  for (const auto& [reason, items] : why) {
    words.push_back(bilingual("{} {}", "{} 题{}", items, reason_words(reason)));
  }
  return environment_error(
      bilingual("the baseline {} answered nothing, so nothing can be compared",
                "基线 {} 没有回答任何题，无法比较", base->name),
      bilingual("of its items: {}", "它的题目：{}", listed(words, ", ", "，")),
      why.contains(reason::kEngineError)
          ? Text("read logs/ and what the report quotes; the same command asks once more",
                 "查看 logs/ 和报告里的引文；同一条命令会再问一次")
          : Text("give it a larger budget: the same command goes on",
                 "增大预算：同一条命令会继续"));
}

}  // namespace assay
