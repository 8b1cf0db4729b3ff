// assay check: what a plan would run, and what it could show, before anything is rented.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/text.h"
#include "cli/command.h"
#include "cli/data_notes.h"
#include "cli/forecast.h"
#include "cli/plan_options.h"
#include "cli/prompt_estimate.h"
#include "cli/rows_python.h"
#include "cli/world.h"
#include "plan/traps.h"
#include "run/budget.h"
#include "run/resolve.h"
#include "stats/pooled_power.h"
#include "stats/power.h"
#include "stats/verdict.h"
#include "task/task.h"

namespace assay {
namespace {

struct Line {
  std::string name;
  std::string items = "all";  // as shown
  int count = 0;              // 0: not known without the data
  int most = 0;               // that the run may reach: more than `count` beyond a limit
  double steps = 1;           // requests an item makes, on average
  bool available = true;
  long output_tokens = 0;
  std::string note;
  std::string prompt_note;  // of the longest prompt; empty: it seems to fit
  std::vector<std::string> data_notes;
};

int asked_for(const TaskSpec& spec) {
  if (spec.limit) return *spec.limit;
  if (spec.first) return *spec.first;
  return static_cast<int>(spec.ids.size());
}

// What a run would find in the rows at hand.
Status look_at_rows(const ResolvedTask& task, const Plan& plan, Line& line) {
  if (task.task == nullptr) return {};  // its documents are lm-eval's own
  line.available = task.available;
  line.count = static_cast<int>(task.least());
  line.most = static_cast<int>(task.items.size());
  line.data_notes = task.notes;
  if (!task.available) {
    line.items = "N/A";
    line.note = task.reason;
    return {};
  }
  line.steps = task.mean_steps();
  const TaskContext context{task.spec, plan.chat, plan.seed, task.exemplars, task.data_folder};
  line.prompt_note =
      TRY(longest_prompt_note(*task.task, task.items, context, smallest_max_model_len(plan)));
  return {};
}

// Rows on the hub are not looked at: their number is the published one.
void take_published_size(const TaskSpec& spec, const DataSource& source, Line& line) {
  const int published = source.hub_items;
  if (published == 0 || spec.limit_per == LimitPer::subject) return;
  for (const std::string& option : source.hub_items_unless) {
    if (spec.options.contains(option)) return;
  }
  line.count = line.count == 0 ? published : std::min(line.count, published);
  if (source.hub_requests > 0) line.steps = source.hub_requests / static_cast<double>(published);
  if (spec.goes_on) line.most = std::min(published, spec.at_most.value_or(published));
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
  if (task != nullptr && !folder) {
    take_published_size(spec, task->source, line);
    line.data_notes = hub_data_notes(spec, *task, plan);
  }
  if (task == nullptr || folder) {
    TRY(look_at_rows(TRY(resolve_in(folder.value_or(""), spec, plan, python)), plan, line));
  }
  if (line.count > 0) line.items = std::to_string(line.count);
  if (spec.limit_per == LimitPer::subject && line.available) line.items += " a subject";
  if (spec.goes_on && line.available) {
    line.items += spec.at_most ? fmt::format(" to {}", *spec.at_most) : " and more";
  }
  line.most = std::max(line.most, line.count);
  line.output_tokens = std::lround(line.count * line.steps) * spec.repeats *
                       static_cast<long>(spec.max_gen_toks.value_or(0));
  return line;
}

// `family`: verdicts by task that share alpha.
std::string best_of(const Line& line, const CompareSpec& compare, int family) {
  const int count = line.count;
  if (!line.available) return "none";
  if (count == 0) return "depends on the data";
  const BestVerdict best = best_verdict(count, compare.margin_pp / 100, compare.alpha / family);
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

constexpr std::array kFlipShares{0.02, 0.05, 0.1, 0.2};

struct CheckOptions {
  PlanOptions plan;
  ExpectedSpeed speed;  // all 0: not given
  bool json = false;
};

// What the plan would run and could show; both printers take it from here.
struct PlanCheck {
  Plan plan;
  std::vector<Line> lines;
  std::vector<std::string> notes;
  std::vector<PlannedTask> tasks;    // in the pool, as far as their items are known
  std::vector<std::string> unknown;  // in the pool, of a size the data alone tells
  WeightRule weights = kDefaultWeights;
  int family = 1;  // verdicts by task that share alpha
  std::vector<PooledPower> power;
  std::optional<Forecast> forecast;
  std::optional<LooksForecast> looks;  // until: decided
};

// A variant each, and one more where the baseline answers twice.
long turns_of(const Plan& plan) {
  return static_cast<long>(plan.variants.size()) + (plan.compare.noise_floor ? 1 : 0);
}

std::vector<GrowingTask> growing_tasks(const PlanCheck& check) {
  std::vector<GrowingTask> tasks;
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    const Line& line = check.lines[i];
    tasks.push_back(line.available
                        ? growing_task(check.plan.tasks[i], static_cast<std::size_t>(line.most),
                                       static_cast<std::size_t>(line.count), line.steps)
                        : GrowingTask());
  }
  return tasks;
}

// As the frozen plan will have them, as far as the sizes are known.
std::vector<LookTask> look_tasks(const PlanCheck& check) {
  std::vector<LookTask> tasks;
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    const TaskSpec& spec = check.plan.tasks[i];
    const Line& line = check.lines[i];
    LookTask& task = tasks.emplace_back();
    task.name = spec.name;
    task.weight = line.available && spec.harness == Harness::native
                      ? task_weight(check.weights, spec.weight, line.most)
                      : 0;
  }
  return tasks;
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
  if (!decided) return;
  const ExpectedSpeed any{.tokens_per_s = 1, .load_s = 0};  // what the whole target comes to
  Plan without_budget = check.plan;
  without_budget.budget_s = 0;
  set_reached(check.plan,
              check.forecast ? check.forecast->items
                             : forecast_of(without_budget, tasks, any, 1, most).items,
              look_tasks(check), *check.looks);
}

Status check_speed(const CheckOptions& options) {
  const ExpectedSpeed& speed = options.speed;
  if (speed.tokens_per_s >= 0 && speed.load_s >= 0 &&
      (speed.load_s == 0 || speed.tokens_per_s > 0) && std::isfinite(speed.tokens_per_s) &&
      std::isfinite(speed.load_s)) {
    return {};
  }
  return usage_error("the speed that is expected is none",
                     "--tokens-per-second must be above 0, and --load-s goes with it",
                     "give both, as in --tokens-per-second 7000 --load-s 100");
}

Result<PlanCheck> look_at(const CheckOptions& options) {
  TRY(check_speed(options));
  PlanCheck out{.plan = TRY(load_with_options(options.plan))};
  const Plan& plan = out.plan;
  apply_env(plan);  // a run's Python has it too
  const FindPython python = rows_python(plan.engine.python);
  out.notes = plan_traps(plan, known_benchmarks());
  out.weights = plan.compare.weights.value_or(kDefaultWeights);
  for (const TaskSpec& spec : plan.tasks) {
    Line line = TRY(describe(spec, plan, options.plan.data, python));
    if (!line.prompt_note.empty()) out.notes.push_back(line.prompt_note);
    out.notes.insert(out.notes.end(), line.data_notes.begin(), line.data_notes.end());
    if (line.available && spec.weight > 0 && line.count == 0) out.unknown.push_back(spec.name);
    if (line.available) out.tasks.push_back({spec.name, spec.weight, line.count, line.most});
    out.lines.push_back(std::move(line));
  }
  const auto candidates = static_cast<int>(plan.variants.size()) - 1;
  if (out.tasks.size() > 1)
    out.family = std::max(1, candidates * static_cast<int>(out.tasks.size()));
  forecast(options.speed, out);
  if (out.forecast) {
    std::size_t counted = 0;
    for (std::size_t i = 0; i < out.lines.size(); ++i) {
      if (out.lines[i].available) out.tasks[counted++].items = out.forecast->items[i];
    }
  }
  out.power =
      pooled_power(out.tasks, kFlipShares, plan.compare.margin_pp / 100, plan.compare.alpha);
  return out;
}

void print_plan(const Plan& plan) {
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
}

void print_tasks(const PlanCheck& check) {
  const Plan& plan = check.plan;
  fmt::print("\n  {:<16} {:>14} {:>13} {:>14}  {}\n", "task", "items", "max_gen_toks",
             "output tokens", "best verdict it can reach");
  long tokens = 0;
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    const Line& line = check.lines[i];
    const auto& max_gen_toks = plan.tasks[i].max_gen_toks;
    tokens += line.output_tokens;
    fmt::print("  {:<16} {:>14} {:>13} {:>14}  {}{}\n", line.name, line.items,
               max_gen_toks ? std::to_string(*max_gen_toks) : "-", line.output_tokens,
               best_of(line, plan.compare, check.family),
               line.note.empty() ? "" : "  [" + line.note + "]");
  }
  const long passes = turns_of(plan);
  fmt::print(
      "\nat most {} output tokens a variant, {} in all{}; margin {} points, alpha {} one-sided\n",
      tokens, tokens * passes, plan.compare.noise_floor ? " with the baseline's second pass" : "",
      plan.compare.margin_pp, plan.compare.alpha);
  print_turns(plan, passes);
}

void print_forecast(const PlanCheck& check, const ExpectedSpeed& speed) {
  if (!check.forecast) return;
  const Forecast& forecast = *check.forecast;
  std::int64_t reached = 0;
  std::int64_t may = 0;
  std::vector<std::string> each;
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    const Line& line = check.lines[i];
    if (!line.available) continue;
    const std::int64_t most = check.plan.until == Until::limits ? line.count : line.most;
    reached += forecast.items[i];
    may += most;
    each.push_back(fmt::format("{} {}{}", line.name, forecast.items[i],
                               forecast.items[i] < most ? fmt::format(" of {}", most) : ""));
  }
  fmt::print(
      "\nforecast at {:g} output tokens/s and {:g} s a load: {} of {} items a variant, in {} after "
      "its load\n  {}\n  every answer counted at max_gen_toks; grading, a judge and reading back "
      "not counted\n",
      speed.tokens_per_s, speed.load_s, reached, may, human_duration(std::ceil(forecast.work_s)),
      join(each, ", "));
}

void print_looks(const PlanCheck& check) {
  if (!check.looks) return;
  const LooksForecast& looks = *check.looks;
  const Plan& plan = check.plan;
  const double flips = plan.decide.expected_discordance * 100;
  fmt::print(
      "\nuntil decided: WORSE is asked at 64 pairs, 128, 256, …, NON-INFERIOR at a quarter, half "
      "and "
      "all of {}\n",
      looks.target);
  if (looks.margin_pp) {
    fmt::print(
        "  the data are too few for {:g} points: with {:g} % of flips the {} pairs that there are "
        "would do for {}\n",
        plan.compare.margin_pp, flips, looks.target,
        *looks.margin_pp < 100 ? fmt::format("{:g} points", *looks.margin_pp) : "no margin");
  }
  fmt::print(
      "  {} of {} pairs{}: {:.0f} % power to show NON-INFERIOR at {:g} points when {:g} % flip, "
      "with "
      "all looks\n",
      looks.pairs, looks.target, check.forecast ? " within the budget" : "", looks.power * 100,
      plan.compare.margin_pp, flips);
}

// One line a weight rule: power and smallest detectable loss at each share of flips.
void print_power(const PlanCheck& check) {
  if (check.power.empty()) return;
  std::int64_t items = 0;
  int tasks = 0;
  for (const PlannedTask& task : check.tasks) {
    if (task.items == 0 || !(task.factor > 0)) continue;
    items += task.items;
    ++tasks;
  }
  fmt::print("\nprimary: the pooled difference of {} items in {} tasks{}, when this share flips\n",
             items, tasks, check.looks ? ", as one look at the end would show it" : "");
  fmt::print("  {:<16}", "weights");
  for (const double share : kFlipShares) fmt::print(" {:>16}", fmt::format("{:g} %", share * 100));
  for (std::size_t i = 0; i < check.power.size(); ++i) {
    const PooledPower& p = check.power[i];
    if (i % kFlipShares.size() == 0) {
      fmt::print("\n  {:<16}", fmt::format("{}{}", name_of(p.weights),
                                           p.weights == check.weights ? " (used)" : ""));
    }
    fmt::print(" {:>16}",
               fmt::format("{:.0f} %, {}", p.non_inferior * 100,
                           p.detectable ? fmt::format("{:.1f}", *p.detectable * 100) : "-"));
  }
  const LargestVariance most = largest_variance(check.tasks, check.weights);
  fmt::print(
      "\n  the chance to show NON-INFERIOR when the two are alike, and the smallest loss in points "
      "that is called WORSE 80 times in 100\n  most of the variance: {} ({:.0f} %)\n",
      most.task, most.share * 100);
  if (!check.unknown.empty()) {
    fmt::print("  not counted, for their size is known by the data alone: {}\n",
               join(check.unknown, ", "));
  }
}

nlohmann::json as_json(const PlanCheck& check) {
  const CompareSpec& compare = check.plan.compare;
  nlohmann::json tasks = nlohmann::json::array();
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    const Line& line = check.lines[i];
    tasks.push_back({{"name", line.name},
                     {"available", line.available},
                     {"items", line.count > 0 ? nlohmann::json(line.count) : nullptr},
                     {"output_tokens", line.output_tokens},
                     {"best_verdict", best_of(line, compare, check.family)},
                     {"note", line.note}});
  }
  nlohmann::json power = nlohmann::json::array();
  for (const PooledPower& p : check.power) {
    power.push_back({{"weights", name_of(p.weights)},
                     {"used", p.weights == check.weights},
                     {"discordance", p.discordance},
                     {"non_inferior", p.non_inferior},
                     {"detectable_pp", p.detectable ? nlohmann::json(*p.detectable * 100)
                                                    : nlohmann::json(nullptr)}});
  }
  const LargestVariance most = largest_variance(check.tasks, check.weights);
  return {{"schema_version", 1},
          {"name", check.plan.name},
          {"budget_s", check.plan.budget_s},
          {"margin_pp", compare.margin_pp},
          {"alpha", compare.alpha},
          {"family", check.family},
          {"tasks", tasks},
          {"pooled",
           {{"power", power},
            {"largest_variance", {{"task", most.task}, {"share", most.share}}},
            {"items_unknown", check.unknown}}},
          {"notes", check.notes}};
}

nlohmann::json forecast_json(const PlanCheck& check, const Forecast& forecast) {
  nlohmann::json items = nlohmann::json::object();
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    items[check.lines[i].name] = forecast.items[i];
  }
  return {{"items", items},
          {"tokens", forecast.tokens},
          {"work_s", forecast.work_s},
          {"all", forecast.all}};
}

nlohmann::json looks_json(const Plan& plan, const LooksForecast& looks) {
  return {{"target", looks.target},
          {"pairs", looks.pairs},
          {"level", looks.level},
          {"power", looks.power},
          {"discordance", plan.decide.expected_discordance},
          {"margin_pp_that_the_data_allow",
           looks.margin_pp ? nlohmann::json(*looks.margin_pp) : nlohmann::json(nullptr)}};
}

Result<int> check(const CheckOptions& options) {
  const PlanCheck check = TRY(look_at(options));
  if (options.json) {
    nlohmann::json out = as_json(check);
    if (check.forecast) out["forecast"] = forecast_json(check, *check.forecast);
    if (check.looks) out["looks"] = looks_json(check.plan, *check.looks);
    fmt::print("{}\n", out.dump(1));
    return kExitDone;
  }
  print_plan(check.plan);
  print_tasks(check);
  print_forecast(check, options.speed);
  print_looks(check);
  print_power(check);
  const CompareSpec& compare = check.plan.compare;
  fmt::print(
      "a task alone can be NON-INFERIOR from {} items on, without gains ({} verdicts by task share "
      "alpha)\n",
      fewest_items_non_inferior(compare.margin_pp / 100, compare.alpha / check.family),
      check.family);
  fmt::print(
      "whether each prompt fits max_model_len is checked with the tokenizer before weights load\n");
  for (const std::string& note : check.notes) fmt::print("note: {}\n", note);
  return kExitDone;
}

}  // namespace

void add_check(CLI::App& app, Session& session) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = app.add_subcommand("check", "Validate a plan and show what it would run.");
  add_plan_options(*command, options->plan, false);
  command->add_flag("--json", options->json, "For machines");
  command->add_option("--tokens-per-second", options->speed.tokens_per_s,
                      "Output tokens a second of the machine you think of: how far it would get");
  command->add_option("--load-s", options->speed.load_s, "Seconds it takes to load a variant");
  command->footer(
      "Examples:\n  assay check plans/qwen3_32b_3h.yaml\n  assay check plans/qwen3_32b_3h.yaml "
      "--until decided --tokens-per-second 7000 --load-s 100");
  command->callback([options, &session] { finish(session, check(*options)); });
}

}  // namespace assay
