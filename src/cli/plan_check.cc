#include "cli/plan_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "cli/data_notes.h"
#include "cli/like.h"
#include "cli/prompt_estimate.h"
#include "cli/rows_python.h"
#include "cli/world.h"
#include "plan/traps.h"
#include "report/words.h"
#include "run/resolve.h"
#include "task/task.h"

namespace assay {
namespace {

int asked_for(const TaskSpec& spec) {
  if (spec.limit) return *spec.limit;
  if (spec.first) return *spec.first;
  return static_cast<int>(spec.ids.size());
}

// What a run would find in the rows at hand.
Status look_at_rows(const ResolvedTask& task, const Plan& plan, PlanLine& line) {
  if (task.task == nullptr) return {};  // its documents are lm-eval's own
  line.available = task.available;
  line.count = static_cast<int>(task.least());
  line.most = static_cast<int>(task.items.size());
  line.data_notes = task.notes;
  if (!task.available) {
    line.items = "N/A";
    line.note = reason_words(task.reason);
    return {};
  }
  const TaskContext context{task.spec, plan.chat, plan.seed, task.exemplars, task.data_folder};
  line.requests = requests_of(task, context);
  line.prompt_note =
      TRY(longest_prompt_note(*task.task, task.items, context, smallest_max_model_len(plan)));
  return {};
}

// Rows on the hub are not looked at: their number is the published one.
void take_published_size(const TaskSpec& spec, const DataSource& source, PlanLine& line) {
  const int published = source.hub_items;
  if (published == 0 || spec.limit_per == LimitPer::subject) return;
  for (const std::string& option : source.hub_items_unless) {
    if (spec.options.contains(option)) return;
  }
  line.count = line.count == 0 ? published : std::min(line.count, published);
  if (source.hub_requests > 0) {
    line.requests.steps = source.hub_requests / static_cast<double>(published);
  }
  if (spec.goes_on) line.most = std::min(published, spec.at_most.value_or(published));
}

Result<PlanLine> describe(const TaskSpec& spec, const Plan& plan, const std::string& data,
                          const FindPython& python) {
  PlanLine line{.name = spec.name, .count = asked_for(spec)};
  const Task* task = find_task_of_either(spec.benchmark);
  if (task != nullptr && spec.if_gated == IfGated::skip) {
    line.note = {"N/A if gated", "若需申请权限则为 N/A"};
  } else if (task != nullptr && task->source.gated) {
    line.note = {"gated", "需申请权限"};
  }
  const std::optional<std::string> folder = local_folder(spec, plan, data);
  if (task != nullptr && !folder) {
    take_published_size(spec, task->source, line);
    line.data_notes = hub_data_notes(spec, *task, plan);
  }
  if (task == nullptr || folder) {
    TRY(look_at_rows(TRY(resolve_in(folder.value_or(""), spec, plan, python)), plan, line));
  }
  if (line.count > 0) line.items = std::to_string(line.count);
  if (spec.limit_per == LimitPer::subject && line.available) {
    line.items = bilingual("{} a subject", "每科 {}", line.items);
  }
  if (spec.goes_on && line.available) {
    line.items = spec.at_most ? bilingual("{} to {}", "{} 至 {}", line.items, *spec.at_most)
                              : bilingual("{} and more", "{} 起", line.items);
  }
  line.most = std::max(line.most, line.count);
  line.passes = line.available ? passes_of(spec, static_cast<std::size_t>(line.most)) : 1;
  if (line.passes > 1) line.items = bilingual("{} x {}", "{} × {}", line.items, line.passes);
  line.output_tokens = std::lround(line.count * line.requests.steps) * spec.repeats *
                       static_cast<long>(spec.max_gen_toks.value_or(0));
  return line;
}

std::vector<GrowingTask> growing_tasks(const PlanCheck& check) {
  std::vector<GrowingTask> tasks;
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    const PlanLine& line = check.lines[i];
    tasks.push_back(line.available
                        ? growing_task(check.plan.tasks[i], static_cast<std::size_t>(line.most),
                                       static_cast<std::size_t>(line.count), line.requests)
                        : GrowingTask());
  }
  return tasks;
}

// As the frozen plan will have them, as far as the sizes are known.
std::vector<LookTask> look_tasks(const PlanCheck& check) {
  std::vector<LookTask> tasks;
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    const TaskSpec& spec = check.plan.tasks[i];
    const PlanLine& line = check.lines[i];
    LookTask& task = tasks.emplace_back();
    task.name = spec.name;
    task.distinct = line.passes > 1 ? static_cast<std::size_t>(line.most) : 0;
    task.weight = line.available && spec.harness == Harness::native
                      ? task_weight(check.weights, spec.weight, line.most)
                      : 0;
  }
  return tasks;
}

// What the power is reckoned for: so many entries of each task.
void set_entries(const std::vector<std::int64_t>& entries, PlanCheck& check) {
  std::size_t counted = 0;
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    if (!check.lines[i].available) continue;
    PlannedTask& task = check.tasks[counted++];
    task.items = std::min<std::int64_t>(entries[i], check.lines[i].most);
    if (task.items == 0) continue;
    task.repeats = static_cast<double>(entries[i]) / static_cast<double>(task.items);
  }
  if (check.looks) {
    set_reached(check.plan, growing_tasks(check), entries, look_tasks(check), *check.looks);
  }
}

// How far a variant gets: by its looks, and by what the machine would do in the time.
void forecast(const ExpectedSpeed& speed, PlanCheck& check) {
  const std::vector<GrowingTask> tasks = growing_tasks(check);
  const bool decided = check.plan.until == Until::decided;
  std::size_t most = std::numeric_limits<std::size_t>::max();
  if (decided) {
    check.looks = looks_needed(check.plan, tasks, look_tasks(check));
    most = check.looks->items;
  }
  if (speed.tokens_per_s > 0) {
    check.forecast =
        forecast_of(check.plan, tasks, speed, static_cast<int>(turns_of(check.plan)), most);
  }
  if (decided && !check.forecast) {  // what the whole target comes to
    Plan without_budget = check.plan;
    without_budget.budget_s = 0;
    const ExpectedSpeed any{.tokens_per_s = 1, .load_s = 0};
    set_entries(forecast_of(without_budget, tasks, any, 1, most).entries, check);
  } else if (check.forecast) {
    set_entries(check.forecast->entries, check);
  }
}

Status check_speed(const CheckOptions& options) {
  const ExpectedSpeed& speed = options.speed;
  if (speed.tokens_per_s >= 0 && speed.load_s >= 0 &&
      (speed.load_s == 0 || speed.tokens_per_s > 0) && std::isfinite(speed.tokens_per_s) &&
      std::isfinite(speed.load_s)) {
    return {};
  }
  return usage_error({"the speed that is expected is none", "预计的速度不成立"},
                     {"--tokens-per-second must be above 0, and --load-s goes with it",
                      "--tokens-per-second 必须大于 0，并与 --load-s 同用"},
                     {"give both, as in --tokens-per-second 7000 --load-s 100",
                      "两个都给，例如 --tokens-per-second 7000 --load-s 100"});
}

}  // namespace

long turns_of(const Plan& plan) {
  return static_cast<long>(plan.variants.size()) + (plan.compare.noise_floor ? 1 : 0);
}

Result<PlanCheck> look_at(const CheckOptions& options) {
  TRY(check_speed(options));
  PlanCheck out{.plan = TRY(load_with_options(options.plan)), .speed = options.speed};
  if (out.speed.tokens_per_s == 0 && !options.plan.like.empty()) {
    out.speed = TRY(measured_run(options.plan.like)).speed;
  }
  const Plan& plan = out.plan;
  apply_env(plan);  // a run's Python has it too
  const FindPython python = rows_python(plan.engine.python);
  out.notes = plan_traps(plan, known_benchmarks());
  out.weights = plan.compare.weights.value_or(kDefaultWeights);
  for (const TaskSpec& spec : plan.tasks) {
    PlanLine line = TRY(describe(spec, plan, options.plan.data, python));
    if (!line.prompt_note.empty()) out.notes.push_back(line.prompt_note);
    out.notes.insert(out.notes.end(), line.data_notes.begin(), line.data_notes.end());
    if (line.available && spec.weight > 0 && line.count == 0) out.unknown.push_back(spec.name);
    if (line.available) out.tasks.push_back({spec.name, spec.weight, line.count, line.most});
    out.lines.push_back(std::move(line));
  }
  const auto candidates = static_cast<int>(plan.variants.size()) - 1;
  if (out.tasks.size() > 1)
    out.family = std::max(1, candidates * static_cast<int>(out.tasks.size()));
  forecast(out.speed, out);
  out.power =
      pooled_power(out.tasks, kFlipShares, plan.compare.margin_pp / 100, plan.compare.alpha);
  return out;
}

}  // namespace assay
