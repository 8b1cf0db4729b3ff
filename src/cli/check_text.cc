// What `assay check` prints.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "base/terminal.h"
#include "base/text.h"
#include "cli/many_variants.h"
#include "cli/plan_check.h"
#include "report/printers.h"
#include "run/budget.h"
#include "stats/power.h"
#include "stats/verdict.h"

namespace assay {
namespace {

constexpr const char* kPlain = "\033[0m";

// What is printed, line by line, as far as the terminal is wide.
class Screen {
 public:
  explicit Screen(const ScreenStyle& style) : style_(style) {}

  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format(format, std::forward<Args>(args)...);
  }
  // Tables on a terminal that has room for their usual layout look the same everywhere.
  [[nodiscard]] bool has_room(std::size_t columns) const {
    return style_.columns == 0 || style_.columns >= columns;
  }
  void add_table(const std::vector<std::vector<std::string>>& rows) {
    text_ += aligned(rows, style_.columns);
  }
  // In its colour, where there are any.
  [[nodiscard]] std::string toned(const std::string& text, const char* colour) const {
    return style_.colour ? colour + text + kPlain : text;
  }
  [[nodiscard]] std::string broken_lines() const {
    std::vector<std::string> lines = split(text_, '\n');
    for (std::string& line : lines) {
      const std::size_t indent = std::min<std::size_t>(line.find_first_not_of(' '), 4);
      line = wrapped(line, style_.columns, line.empty() ? 0 : indent + 2);
    }
    return join(lines, "\n");
  }

 private:
  ScreenStyle style_;
  std::string text_;
};

// `family`: verdicts by task that share alpha.
std::string best_of(const PlanLine& line, const CompareSpec& compare, int family) {
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
void print_turns(const Plan& plan, long turns, Screen& screen) {
  if (plan.budget_s <= 0) return;
  const double share_s =
      variant_share_s(plan.budget_s, static_cast<double>(turns), report_reserve_s(plan.budget_s));
  screen.add("of {} each variant may take {}, loading included{}\n", human_duration(plan.budget_s),
             human_duration(share_s),
             plan.compare.noise_floor
                 ? fmt::format("; the baseline twice that, for its two passes ({})",
                               human_duration(2 * share_s))
                 : "");
}

void print_variants(const Plan& plan, Screen& screen) {
  screen.add("\nvariants\n");
  std::size_t left = kManyVariants;
  for (const VariantSpec& v : plan.variants) {
    if (left-- == 0) break;
    screen.add("  {:<12} {}{}{}{}\n", v.name, v.model, v.revision.empty() ? "" : "@" + v.revision,
               v.engine_args.empty() ? "" : " " + v.engine_args.dump(),
               v.baseline ? "  (baseline)" : "");
  }
  if (plan.variants.size() > kManyVariants) {
    screen.add("  … {} in all; `assay run` asks for --yes\n", plan.variants.size());
  }
}

void print_plan(const Plan& plan, Screen& screen) {
  screen.add("plan      {}\n", plan.name);
  screen.add("budget    {}\n", plan.budget_s > 0 ? human_duration(plan.budget_s) : "none");
  screen.add("output    {}\n", plan.output.empty() ? "--out" : plan.output);
  screen.add("engine    {} {}\n", engine_name(plan.engine), plan.engine.args.dump());
  for (const auto& [name, value] : plan.env) screen.add("env       {}={}\n", name, value);
  for (const std::string& part : plan.sandbox.accept_missing) {
    screen.add("sandbox   may be without: {}\n", part);
  }
  print_variants(plan, screen);
}

const char* colour_of(const std::string& best_verdict) {
  if (best_verdict.starts_with("NON-INFERIOR")) return "\033[32m";
  return best_verdict.starts_with("INCONCLUSIVE") ? "\033[33m" : "\033[2m";
}

void print_tasks(const PlanCheck& check, Screen& screen) {
  const Plan& plan = check.plan;
  constexpr std::size_t kUsualColumns = 100;
  const bool room = screen.has_room(kUsualColumns);
  const std::vector<std::string> head = {"task", "items", "max_gen_toks", "output tokens",
                                         "best verdict it can reach"};
  std::vector<std::vector<std::string>> rows{head};
  long tokens = 0;
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    const PlanLine& line = check.lines[i];
    const auto& max_gen_toks = plan.tasks[i].max_gen_toks;
    tokens += line.output_tokens;
    const std::string best = best_of(line, plan.compare, check.family);
    rows.push_back(
        {line.name, line.items, max_gen_toks ? std::to_string(*max_gen_toks) : "-",
         std::to_string(line.output_tokens),
         screen.toned(best, colour_of(best)) + (line.note.empty() ? "" : "  [" + line.note + "]")});
  }
  screen.add("\n");
  if (!room) screen.add_table(rows);
  for (const auto& row : rows) {
    if (!room) break;
    screen.add("  {:<16} {:>14} {:>13} {:>14}  {}\n", row[0], row[1], row[2], row[3], row[4]);
  }
  const long passes = turns_of(plan);
  screen.add(
      "\nat most {} output tokens a variant, {} in all{}; margin {} points, alpha {} one-sided\n",
      tokens, tokens * passes, plan.compare.noise_floor ? " with the baseline's second pass" : "",
      plan.compare.margin_pp, plan.compare.alpha);
  print_turns(plan, passes, screen);
}

// Tasks that are priced by what their answers are expected to come to.
std::string expected_lengths(const Plan& plan) {
  std::vector<std::string> each;
  for (const TaskSpec& task : plan.tasks) {
    if (task.expected_tokens)
      each.push_back(fmt::format("{} {:.0f}", task.name, *task.expected_tokens));
  }
  return join(each, ", ");
}

bool counts_grading(const Plan& plan) {
  return std::ranges::any_of(
      plan.tasks, [](const TaskSpec& task) { return task.expected_grading_tokens.has_value(); });
}

// How often a task's items are asked on average, where that is more than once.
std::string times_each(const Forecast& forecast, std::size_t task) {
  if (forecast.entries[task] == forecast.items[task]) return "";
  return fmt::format(" {:.1f} times each", static_cast<double>(forecast.entries[task]) /
                                               static_cast<double>(forecast.items[task]));
}

void print_forecast(const PlanCheck& check, Screen& screen) {
  if (!check.forecast) return;
  const Forecast& forecast = *check.forecast;
  const ExpectedSpeed& speed = check.speed;
  const std::string lengths = expected_lengths(check.plan);
  std::int64_t reached = 0;
  std::int64_t may = 0;
  std::vector<std::string> each;
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    const PlanLine& line = check.lines[i];
    if (!line.available) continue;
    const std::int64_t most = check.plan.until == Until::limits ? line.count : line.most;
    reached += forecast.items[i];
    may += most;
    each.push_back(fmt::format("{} {}{}{}", line.name, forecast.items[i],
                               forecast.items[i] < most ? fmt::format(" of {}", most) : "",
                               times_each(forecast, i)));
  }
  screen.add(
      "\nforecast at {:.6g} output tokens/s and {:.3g} s a load: {} of {} items a variant, in {} "
      "after "
      "its load\n  {}\n  {}; {}a judge and reading back not counted\n",
      speed.tokens_per_s, speed.load_s, reached, may, human_duration(std::ceil(forecast.work_s)),
      join(each, ", "),
      lengths.empty() ? "every answer counted at max_gen_toks"
                      : fmt::format("tokens expected of an answer: {}; every other one counted at "
                                    "max_gen_toks",
                                    lengths),
      counts_grading(check.plan) ? "" : "grading, ");
}

void print_looks(const PlanCheck& check, Screen& screen) {
  if (!check.looks) return;
  const LooksForecast& looks = *check.looks;
  const Plan& plan = check.plan;
  const double flips = plan.decide.discordance() * 100;
  screen.add(
      "\nuntil decided: WORSE is asked at 64 pairs, 128, 256, …, NON-INFERIOR at a quarter, half "
      "and "
      "all of {}\n",
      looks.target);
  if (looks.margin_pp) {
    screen.add(
        "  the data are too few for {:g} points: with {:g} % of flips the {} pairs that there are "
        "would do for {}\n",
        plan.compare.margin_pp, flips, looks.target,
        *looks.margin_pp < 100 ? fmt::format("{:g} points", *looks.margin_pp) : "no margin");
  }
  screen.add(
      "  {} of {} pairs{}: {:.0f} % power to show NON-INFERIOR at {:g} points when {:g} % flip, "
      "with "
      "all looks\n",
      looks.pairs, looks.target, check.forecast ? " within the budget" : "", looks.power * 100,
      plan.compare.margin_pp, flips);
}

// One line a weight rule: power and smallest detectable loss at each share of flips.
void print_power(const PlanCheck& check, Screen& screen) {
  if (check.power.empty()) return;
  std::int64_t items = 0;
  int tasks = 0;
  for (const PlannedTask& task : check.tasks) {
    if (task.items == 0 || !(task.factor > 0)) continue;
    items += task.items;
    ++tasks;
  }
  const bool repeats =
      std::ranges::any_of(check.lines, [](const PlanLine& line) { return line.passes > 1; });
  screen.add("\nprimary: the pooled difference of {} {} in {} tasks{}, when this share flips\n",
             items, repeats ? "items, each the mean of its repeats," : "items", tasks,
             check.looks ? ", as one look at the end would show it" : "");
  constexpr std::size_t kUsualColumns = 86;
  std::vector<std::vector<std::string>> rows{{"weights"}};
  for (const double share : kFlipShares) rows[0].push_back(fmt::format("{:g} %", share * 100));
  for (std::size_t i = 0; i < check.power.size(); ++i) {
    const PooledPower& p = check.power[i];
    if (i % kFlipShares.size() == 0) {
      rows.push_back(
          {fmt::format("{}{}", name_of(p.weights), p.weights == check.weights ? " (used)" : "")});
    }
    rows.back().push_back(
        fmt::format("{:.0f} %, {}", p.non_inferior * 100,
                    p.detectable ? fmt::format("{:.1f}", *p.detectable * 100) : "-"));
  }
  const bool room = screen.has_room(kUsualColumns);
  if (!room) screen.add_table(rows);
  for (const auto& row : rows) {
    if (!room) break;
    screen.add("  {:<16}", row[0]);
    for (std::size_t i = 1; i < row.size(); ++i) screen.add(" {:>16}", row[i]);
    screen.add("\n");
  }
  const LargestVariance most = largest_variance(check.tasks, check.weights);
  screen.add(
      "  the chance to show NON-INFERIOR when the two are alike, and the smallest loss in points "
      "that is called WORSE 80 times in 100\n  most of the variance: {} ({:.0f} %)\n",
      most.task, most.share * 100);
  if (!check.unknown.empty()) {
    screen.add("  not counted, for their size is known by the data alone: {}\n",
               join(check.unknown, ", "));
  }
}

nlohmann::json as_json(const PlanCheck& check) {
  const CompareSpec& compare = check.plan.compare;
  nlohmann::json tasks = nlohmann::json::array();
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    const PlanLine& line = check.lines[i];
    tasks.push_back({{"name", line.name},
                     {"available", line.available},
                     {"items", line.count > 0 ? nlohmann::json(line.count) : nullptr},
                     {"output_tokens", line.output_tokens},
                     {"expected_tokens", check.plan.tasks[i].expected_tokens
                                             ? nlohmann::json(*check.plan.tasks[i].expected_tokens)
                                             : nlohmann::json(nullptr)},
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
  nlohmann::json answers = nlohmann::json::object();
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    items[check.lines[i].name] = forecast.items[i];
    answers[check.lines[i].name] = forecast.entries[i] * check.plan.tasks[i].repeats;
  }
  return {{"items", items},
          {"answers", answers},
          {"tokens_per_s", check.speed.tokens_per_s},
          {"load_s", check.speed.load_s},
          {"tokens", forecast.tokens},
          {"work_s", forecast.work_s},
          {"all", forecast.all}};
}

nlohmann::json looks_json(const Plan& plan, const LooksForecast& looks) {
  return {{"target", looks.target},
          {"pairs", looks.pairs},
          {"level", looks.level},
          {"power", looks.power},
          {"discordance", plan.decide.discordance()},
          {"margin_pp_that_the_data_allow",
           looks.margin_pp ? nlohmann::json(*looks.margin_pp) : nlohmann::json(nullptr)}};
}

}  // namespace

nlohmann::json check_json(const PlanCheck& check) {
  nlohmann::json out = as_json(check);
  if (check.forecast) out["forecast"] = forecast_json(check, *check.forecast);
  if (check.looks) out["looks"] = looks_json(check.plan, *check.looks);
  return out;
}

std::string check_text(const PlanCheck& check, const ScreenStyle& style) {
  Screen screen(style);
  print_plan(check.plan, screen);
  print_tasks(check, screen);
  print_forecast(check, screen);
  print_looks(check, screen);
  print_power(check, screen);
  const CompareSpec& compare = check.plan.compare;
  screen.add(
      "a task alone can be NON-INFERIOR from {} items on, without gains ({} verdicts by task share "
      "alpha)\n",
      fewest_items_non_inferior(compare.margin_pp / 100, compare.alpha / check.family),
      check.family);
  screen.add(
      "whether each prompt fits max_model_len is checked with the tokenizer before weights load\n");
  for (const std::string& note : check.notes) {
    screen.add("{} {}\n", screen.toned("note:", "\033[33m"), note);
  }
  return screen.broken_lines();
}

}  // namespace assay
