// assay check: what a plan would run, and what it could show, before anything is rented.
#include <fmt/format.h>

#include <optional>
#include <string>

#include "base/text.h"
#include "cli/command.h"
#include "cli/plan_options.h"
#include "cli/prompt_estimate.h"
#include "cli/rows_python.h"
#include "cli/world.h"
#include "plan/traps.h"
#include "run/budget.h"
#include "run/resolve.h"
#include "stats/power.h"
#include "stats/verdict.h"
#include "task/task.h"

namespace assay {
namespace {

struct Line {
  std::string name;
  std::string items = "all";  // as shown
  int count = 0;              // 0: not known without the data
  bool available = true;
  long output_tokens = 0;
  std::string note;
  std::string prompt_note;  // of the longest prompt; empty: it seems to fit
};

// The folder the task's rows lie in; nothing when they come from the hub, which is not asked.
std::optional<std::string> local_folder(const TaskSpec& spec, const Plan& plan,
                                        const std::string& data) {
  const std::string& place = !data.empty() ? data : spec.data.empty() ? plan.data : spec.data;
  if (place.empty() || place == "hub") return std::nullopt;
  return place;
}

int asked_for(const TaskSpec& spec) {
  if (spec.limit) return *spec.limit;
  if (spec.first) return *spec.first;
  return static_cast<int>(spec.ids.size());
}

// What a run would find in the rows at hand.
Status look_at_rows(const TaskSpec& spec, const Plan& plan, const ResolveServices& services,
                    Line& line) {
  const ResolvedTask task = TRY(resolve_task(spec, plan, services));
  if (task.task == nullptr) return {};  // its documents are lm-eval's own
  line.available = task.available;
  line.count = static_cast<int>(task.items.size());
  if (!task.available) {
    line.items = "N/A";
    line.note = task.reason;
    return {};
  }
  const TaskContext context{task.spec, plan.chat, plan.seed, task.exemplars, task.data_folder};
  line.prompt_note =
      TRY(longest_prompt_note(*task.task, task.items, context, smallest_max_model_len(plan)));
  return {};
}

Result<Line> describe(const TaskSpec& spec, const Plan& plan, const std::string& data,
                      const FindPython& python) {
  Line line{.name = spec.name, .count = asked_for(spec)};
  const Task* task = find_task_of_either(spec.benchmark);
  if (task != nullptr && spec.if_gated == IfGated::skip) {
    line.note = "N/A if gated";
  } else if (task != nullptr && task->source.gated) {
    line.note = "gated";
  }
  const std::optional<std::string> folder = local_folder(spec, plan, data);
  if (task == nullptr || folder) {
    ResolveServices services{.python = python};
    services.locate_data = [&](const TaskSpec&, const Task&) {
      return Result<LocatedData>({.folder = folder.value_or("")});
    };
    TRY(look_at_rows(spec, plan, services, line));
  }
  if (line.count > 0) line.items = std::to_string(line.count);
  if (spec.limit_per == LimitPer::subject && line.available) line.items += " a subject";
  line.output_tokens = static_cast<long>(line.count) * spec.repeats * spec.max_gen_toks.value_or(0);
  return line;
}

std::string best_of(const Line& line, const CompareSpec& compare) {
  const int count = line.count;
  if (!line.available) return "none";
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
  apply_env(plan);  // a run's Python has it too
  const FindPython python = rows_python(plan.engine.python);
  fmt::print("plan      {}\n", plan.name);
  fmt::print("budget    {}\n", plan.budget_s > 0 ? human_duration(plan.budget_s) : "none");
  fmt::print("output    {}\n", plan.output.empty() ? "--out" : plan.output);
  fmt::print("engine    {} {}\n", engine_name(plan.engine), plan.engine.args.dump());
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
  std::vector<std::string> notes = plan_traps(plan, known_benchmarks());
  for (const TaskSpec& spec : plan.tasks) {
    const Line line = TRY(describe(spec, plan, options.data, python));
    tokens += line.output_tokens;
    if (!line.prompt_note.empty()) notes.push_back(line.prompt_note);
    fmt::print("  {:<16} {:>14} {:>13} {:>14}  {}{}\n", line.name, line.items,
               spec.max_gen_toks ? std::to_string(*spec.max_gen_toks) : "-", line.output_tokens,
               best_of(line, plan.compare), line.note.empty() ? "" : "  [" + line.note + "]");
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
