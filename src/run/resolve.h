// From plan and data to what is really run: the items of every task, the folder and fingerprint of
// every variant. Everything that can be wrong with the input is found here, before a model loads.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/language.h"
#include "base/result.h"
#include "data/rows.h"
#include "data/sampling.h"
#include "plan/frozen.h"
#include "plan/plan.h"
#include "run/revisions.h"
#include "task/task.h"
#include "values/math_reference.h"

namespace assay {

struct ResolvedTask {
  TaskSpec spec;
  const Task* task = nullptr;  // nullptr: an lm-eval task this program does not know by itself
  bool available = true;
  std::string reason;  // why not available: "HF gated"
  std::string layout;
  std::string fingerprint;
  std::string data_folder;
  std::string revision;  // hub commit of the rows; empty for a folder
  ItemList items;        // selected, in the run's order
  std::vector<nlohmann::json> exemplars;
  // What whoever runs it should know before anything is asked: items whose tests cannot be run,
  // files that are not there. One line each, beginning with the task's name.
  std::vector<Text> notes;
  // harness lm_eval: the rows of `items`, in the data set's own order and with its own columns,
  // each with the item's id as `assay_id`.
  std::vector<nlohmann::json> lm_eval_rows;
  // Where lm-eval must read all rows, because what it makes of one hangs on those before it: which
  // of lm_eval_rows are the items'. Empty: all are.
  std::vector<int> lm_eval_samples;

  // assay asks its items, one by one.
  [[nodiscard]] bool items_are_ours() const { return available && spec.harness == Harness::native; }
  // The items that the plan's limits ask for; `items` has more where the task goes on beyond them.
  [[nodiscard]] std::size_t least() const;
  // How often the order goes through the items, at the most.
  [[nodiscard]] std::size_t passes() const { return passes_of(spec, items.size()); }
  // Requests that an item makes, on average; 1 without items.
  [[nodiscard]] double mean_steps() const;
};

// What an item asks for on average. Prompts are measured on the first requests of the first 64
// items: what they do not share with another of these, at 4 bytes a token.
[[nodiscard]] ItemRequests requests_of(const ResolvedTask& task, const TaskContext& context);

struct ResolvedVariant {
  VariantSpec spec;
  std::string folder;       // where the weights lie
  std::string revision;     // hub commit; empty for a folder
  std::string fingerprint;  // engine/fingerprint.h
  bool quantised = false;   // its weights, as far as that is known
};

// What a folder has already of a run that is decided by looks, where its plan goes beyond it.
struct GrownFrom {
  std::vector<std::size_t> order;          // the task of each item, as the folder has them
  std::vector<std::size_t> weighed_items;  // of each task, by which it is weighed
  std::size_t declared_items = 0;          // of `order`, when it was first frozen
  LookSchedule schedule;
};

struct ResolvedRun {
  Plan plan;
  std::vector<ResolvedTask> tasks;        // the plan's order
  std::vector<ResolvedVariant> variants;  // running order: baseline first
  PackageVersions graders;                // of Math-Verify, where a task is scored with it
  std::optional<GrownFrom> grown_from = std::nullopt;
  std::vector<int> repeats = {};       // that are asked here, as in a shard; empty: all
  const ResolvedRun* whole = nullptr;  // of which this is a part, and which outlives it

  // Whether this repeat of an item is asked here.
  [[nodiscard]] bool asks_repeat(int repeat) const;
  // How many answers an item of the task is to have here, in one pass.
  [[nodiscard]] int repeats_here(const TaskSpec& task) const;
  // The variant the others are compared with.
  [[nodiscard]] const ResolvedVariant& baseline() const { return variants.front(); }
  [[nodiscard]] TaskContext context(const ResolvedTask& task) const;
};

// Where the rows of a task come from: a folder with the files in place, or a reason why not.
struct LocatedData {
  std::string folder;
  bool gated = false;    // the hub refused: with if_gated skip the task becomes N/A
  std::string revision;  // hub commit; empty for a folder
};

// Parts of the world resolve() needs; the composition root supplies them.
struct ResolveServices {
  std::function<Result<LocatedData>(const TaskSpec&, const Task&)> locate_data;
  // Hub id or folder -> folder, revision, fingerprint. Errors: missing config or weights.
  std::function<Result<ResolvedVariant>(const VariantSpec&)> locate_model;
  FindPython python;  // for parquet rows
  // Items whose tests an earlier run on the folder looked at and found to be there: they are not
  // unpacked again.
  TestedItems tested = {};
};

// One task: its rows found and read, its items made, chosen and put in order. Whatever else looks
// at a plan's rows (`assay check`, `assay doctor`) asks this too, so that it says what a run would
// say. Errors, too (usage): tests of a chosen item that are damaged, or that are not the
// benchmark's where the task cannot do without (Task::untestable_fix).
[[nodiscard]] Result<ResolvedTask> resolve_task(const TaskSpec& spec, const Plan& plan,
                                                const ResolveServices& services);

[[nodiscard]] Result<ResolvedRun> resolve(const Plan& plan, const ResolveServices& services);

// What a folder's run was expected to come to is expected still, where the plan does not say. With
// `until: decided` its order, levels and weights stay as they were first frozen, and what the plan
// adds comes after it.
void go_on_from(const FrozenPlan& stored, ResolvedRun& run);

// Of the items that assay asks, over all tasks, the order in which they are admitted: with
// `until: limits` the tasks interleaved, else as growing_order (data/sampling.h). An entry stands
// for an item and all answers that TaskSpec::repeats asks for, in that pass.
[[nodiscard]] std::vector<ItemRef> order_of_items(const ResolvedRun& run);

// With `until: decided` its looks are as for a folder on which nothing has run, or as go_on_from()
// has found them.
[[nodiscard]] FrozenPlan freeze(const ResolvedRun& run);

}  // namespace assay
