// assay check: what a plan would run, and what it could show, before anything is rented.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/command.h"
#include "cli/plan_options.h"
#include "cli/prompt_estimate.h"
#include "data/sampling.h"
#include "plan/traps.h"
#include "run/budget.h"
#include "stats/power.h"
#include "stats/verdict.h"
#include "task/task.h"

namespace assay {
namespace {

struct LocalRows {
  int items = 0;
  std::string prompt_note;  // of the longest prompt; empty: it seems to fit
};

struct Line {
  std::string name;
  std::string title;
  std::string items;  // as shown
  int count = 0;      // 0: not known without the data
  long output_tokens = 0;
  std::string source;
  std::string note;
  std::string prompt_note;
};

// What the rows say when they are at hand; nothing when they come from the hub.
Result<std::optional<LocalRows>> local_rows(const TaskSpec& spec, const Task& task,
                                            const Plan& plan, const std::string& data) {
  const std::string place = !data.empty() ? data : spec.data.empty() ? plan.data : spec.data;
  if (place.empty() || place == "hub") return std::nullopt;
  auto loaded = load_data_set(place, task.source.layouts, "");
  if (!loaded && spec.if_gated == IfGated::skip) return LocalRows();
  const DataSet set = TRY(std::move(loaded));
  std::vector<nlohmann::json> exemplars;
  if (!task.exemplar_layouts.empty()) {
    for (const Row& row : TRY(load_data_set(place, task.exemplar_layouts, "")).rows) {
      exemplars.push_back(row.fields);
    }
  }
  const TaskContext context{spec, plan.chat, plan.seed, exemplars, place};
  auto made = TRY(task.make_items(set, context));
  const std::vector<Item> items = TRY(select_items(std::move(made), spec, plan.seed));
  return LocalRows{static_cast<int>(items.size()),
                   TRY(longest_prompt_note(task, items, context, smallest_max_model_len(plan)))};
}

Result<Line> describe(const TaskSpec& spec, const Plan& plan, const std::string& data) {
  Line line{spec.name, spec.benchmark, "all", 0, 0, "lm-eval", ""};
  const Task* task = find_task(spec.benchmark);
  if (spec.limit) line.count = *spec.limit;
  if (spec.first) line.count = *spec.first;
  if (!spec.ids.empty()) line.count = static_cast<int>(spec.ids.size());
  if (task != nullptr) {
    line.title = task->title;
    line.source = task->source.hub_id;
    if (task->source.gated || spec.if_gated == IfGated::skip) {
      line.note = spec.if_gated == IfGated::skip ? "N/A if gated" : "gated";
    }
    if (const auto rows = TRY(local_rows(spec, *task, plan, data))) {
      line.count = rows->items;
      line.prompt_note = rows->prompt_note;
      line.source = "local rows";
    }
  }
  if (line.count > 0) line.items = std::to_string(line.count);
  if (spec.limit_per == LimitPer::subject) line.items += " a subject";
  line.output_tokens = static_cast<long>(line.count) * spec.repeats * spec.max_gen_toks.value_or(0);
  return line;
}

std::string best_of(int count, const CompareSpec& compare) {
  if (count == 0) return "depends on the data";
  const BestVerdict best = best_verdict(count, compare.margin_pp / 100, compare.alpha);
  std::string text(verdict_label(best.best));
  if (best.best != Verdict::non_inferior)
    text += fmt::format(" ({} items needed)", best.items_needed);
  return text;
}

// What the budget leaves for each turn; one that ends early leaves more to the others.
void print_turns(const Plan& plan, long turns) {
  if (plan.budget_s <= 0) return;
  const double share_s =
      variant_share_s(plan.budget_s, static_cast<double>(turns), report_reserve_s(plan.budget_s));
  fmt::print("of {} each variant may take {}, loading included{}\n", human_duration(plan.budget_s),
             human_duration(share_s),
             plan.compare.noise_floor
                 ? fmt::format("; the baseline twice that, for its two passes ({})",
                               human_duration(2 * share_s))
                 : "");
}

Result<int> check(const PlanOptions& options) {
  const Plan plan = TRY(load_with_options(options));
  fmt::print("plan      {}\n", plan.name);
  fmt::print("budget    {}\n", plan.budget_s > 0 ? human_duration(plan.budget_s) : "none");
  fmt::print("output    {}\n", plan.output.empty() ? "--out" : plan.output);
  fmt::print("engine    {} {}\n", plan.engine.kind, plan.engine.args.dump());
  for (const auto& [name, value] : plan.env) fmt::print("env       {}={}\n", name, value);
  for (const std::string& part : plan.sandbox.accept_missing) {
    fmt::print("sandbox   may be without: {}\n", part);
  }
  fmt::print("\nvariants\n");
  for (const VariantSpec& v : plan.variants) {
    fmt::print("  {:<12} {}{}{}\n", v.name, v.model, v.revision.empty() ? "" : "@" + v.revision,
               v.baseline ? "  (baseline)" : "");
  }
  fmt::print("\n  {:<16} {:>14} {:>13} {:>14}  {}\n", "task", "items", "max_gen_toks",
             "output tokens", "best verdict it can reach");
  long tokens = 0;
  std::vector<std::string> notes = plan_traps(plan);
  for (const TaskSpec& spec : plan.tasks) {
    const Line line = TRY(describe(spec, plan, options.data));
    tokens += line.output_tokens;
    if (!line.prompt_note.empty()) notes.push_back(line.prompt_note);
    fmt::print("  {:<16} {:>14} {:>13} {:>14}  {}{}\n", line.name, line.items,
               spec.max_gen_toks ? std::to_string(*spec.max_gen_toks) : "-", line.output_tokens,
               best_of(line.count, plan.compare), line.note.empty() ? "" : "  [" + line.note + "]");
  }
  const long passes = static_cast<long>(plan.variants.size()) + (plan.compare.noise_floor ? 1 : 0);
  fmt::print(
      "\nat most {} output tokens a variant, {} in all{}; margin {} points, alpha {} one-sided\n",
      tokens, tokens * passes, plan.compare.noise_floor ? " with the baseline's second pass" : "",
      plan.compare.margin_pp, plan.compare.alpha);
  print_turns(plan, passes);
  const auto fewest = fewest_items_non_inferior(plan.compare.margin_pp / 100, plan.compare.alpha);
  fmt::print(
      "a task alone can be NON-INFERIOR from {} items on; the pooled difference over all tasks "
      "is the primary\n",
      fewest);
  fmt::print(
      "whether each prompt fits max_model_len is checked with the tokenizer before weights load\n");
  for (const std::string& note : notes) fmt::print("note: {}\n", note);
  return kExitDone;
}

}  // namespace

void add_check(CLI::App& app, Session& session) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command = app.add_subcommand("check", "Validate a plan and show what it would run.");
  add_plan_options(*command, *options, false);
  command->footer("Example:\n  assay check plans/qwen3_32b_3h.yaml");
  command->callback([options, &session] { finish(session, check(*options)); });
}

}  // namespace assay
