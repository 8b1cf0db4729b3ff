#include "cli/stored_run.h"

#include <cstdint>
#include <utility>

#include "cli/world.h"
#include "plan/frozen.h"
#include "run/runner.h"
#include "store/store.h"

namespace assay {
namespace {

// The run as it was resolved: its items come from the store, the rest from the frozen plan.
Result<ResolvedRun> stored_run(const Store& store) {
  TRY(store.verify());
  const auto text = TRY(store.meta("frozen"));
  if (!text) {
    return usage_error({"this run was never begun", "这次运行从未开始"},
                       {"its store holds no frozen plan", "它的存储里没有冻结计划"},
                       {"name the folder an `assay run` wrote to", "给出 `assay run` 写入的目录"});
  }
  const FrozenPlan frozen = TRY(frozen_from_store(*text, TRY(store.meta("frozen_hash"))));
  ResolvedRun run;
  run.plan = frozen.plan;
  for (const FrozenTask& entry : frozen.tasks) {
    ResolvedTask task;
    for (const TaskSpec& spec : run.plan.tasks) {
      if (spec.name == entry.name) task.spec = spec;
    }
    task.task = find_task(task.spec.benchmark);
    task.available = entry.available;
    task.data_folder = entry.data_folder;
    task.items = TRY(store.items(task.spec.name));
    run.tasks.push_back(std::move(task));
  }
  for (const FrozenVariant& entry : frozen.variants) {
    for (const VariantSpec& spec : run.plan.variants) {
      if (spec.name != entry.name) continue;
      run.variants.push_back({spec, spec.model, entry.revision, entry.fingerprint});
    }
  }
  return run;
}

}  // namespace

Status keep_graders(Store& store, const PackageVersions& versions) {
  if (versions.empty()) return {};
  return store.set_meta("graders", nlohmann::json(versions).dump());
}

Result<AuditReport> rescore_folder(const std::filesystem::path& folder, std::int64_t audited,
                                   const Deadline& until) {
  TRY(Store::open(folder, Store::Mode::read));  // an error where there is none: none is made
  Store store = TRY(Store::open(folder, Store::Mode::write));
  const ResolvedRun run = TRY(stored_run(store));
  const auto world =
      TRY(World::make(run.plan, {.output = folder, .until = until, .grading = until}));
  TRY(world->try_math_verify());
  TRY(keep_graders(store, world->math_versions()));
  const SystemClock clock;
  Progress progress(stderr, Progress::Style::silent, clock);
  RunServices services{.store = store, .clock = clock, .progress = progress};
  world->equip(services);
  TRY(rescore(run, services));
  return audited > 0 ? audit_math(run, services, audited) : AuditReport();
}

}  // namespace assay
