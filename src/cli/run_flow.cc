#include "cli/run_flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <future>

#include "base/clock.h"
#include "base/files.h"
#include "base/text.h"
#include "cli/folders.h"
#include "cli/world.h"
#include "report/build.h"
#include "report/write.h"
#include "run/runner.h"

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

// What an earlier run on the folder was frozen to. A store that cannot be read tells nothing:
// opening it for the run says why. A frozen plan of another format ends the run here, before
// anything is fetched for it.
Result<std::optional<FrozenPlan>> frozen_before(const std::filesystem::path& folder) {
  std::error_code code;
  if (!std::filesystem::exists(folder / "store.sqlite", code)) return std::nullopt;
  const auto store = Store::open(folder, Store::Mode::read);
  if (!store) return std::nullopt;
  const auto text = TRY(store->meta("frozen"));
  if (!text) return std::nullopt;
  return TRY(frozen_from_text(*text));
}

// A plan that says nothing of weights goes on with those the folder was frozen with.
WeightRule weights_of(const Plan& plan, const std::optional<FrozenPlan>& before) {
  if (plan.compare.weights) return *plan.compare.weights;
  if (!before) return kDefaultWeights;
  return before->plan.compare.weights.value_or(WeightRule::equal);
}

// Times of the first start and of the end that completed it; a run that had nothing to do adds
// none.
Status store_end(Store& store, const Clock& clock, RunEnd end, bool worked) {
  TRY(store.set_meta("end", end_name(end)));
  if (worked || !TRY(store.meta("ended_at"))) {
    TRY(store.set_meta("ended_at", fmt::format("{:.3f}", clock.wall().count())));
  }
  return store.flush();
}

}  // namespace

Result<RunReport> run_to_report(const Plan& plan, const RunFlow& flow, const Session& session) {
  const SystemClock clock;
  const double started_s = clock.now().count();
  apply_env(plan);
  TRY(prepare_folders(flow.out));
  const std::optional<FrozenPlan> before = TRY(frozen_before(flow.out));
  const auto world =
      TRY(World::make(plan, {.data = flow.data,
                             .output = flow.out,
                             .grade_python = "",
                             .frozen = before ? FrozenRevisions(*before) : FrozenRevisions(),
                             .stop = session.interrupted}));
  // Beside what takes longer: finding models and data.
  auto math = std::async(std::launch::async, [&world] { return world->try_math_verify(); });
  ResolvedRun resolved = TRY(resolve(plan, world->resolve_services()));
  TRY(world->try_sandbox());
  TRY(math.get());
  Store store = TRY(Store::open(flow.out, Store::Mode::write));
  resolved.plan.compare.weights = weights_of(plan, before);
  if (!TRY(store.meta("started_at"))) {
    TRY(store.set_meta("started_at", fmt::format("{:.3f}", clock.wall().count())));
  }

  if (const auto missing = world->missing_sandbox_parts(); !missing.empty()) {
    TRY(store.set_meta("sandbox_missing", join(missing, ", ")));
  }

  Progress progress(stderr, progress_style(flow, session), clock);
  RunServices services{.store = store, .clock = clock, .progress = progress};
  world->equip(services);
  RunOptions options;
  options.budget_s = plan.budget_s;
  options.spent_s = clock.now().count() - started_s;
  options.start_over = flow.start_over;
  const std::int64_t responses_before = store.response_count();
  const auto end = run_plan(resolved, options, services);
  progress.clear();
  TRY(store.flush());
  if (!end) return std::unexpected(end.error());
  if (*end == RunEnd::interrupted) {
    return std::unexpected(Error{ErrorKind::interrupted, "interrupted", "a signal came",
                                 "run the same command to go on: everything answered is kept"});
  }
  TRY(store_end(store, clock, *end, store.response_count() != responses_before));
  TRY(write_file_atomic(flow.out / "plan.frozen.json", to_json(freeze(resolved)).dump(1) + "\n"));
  RunReport report = TRY(build_report(store));
  TRY(write_reports(report, flow.out));
  return report;
}

}  // namespace assay
