// What `assay check` prints.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
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

  // A sentence in the reader's language; as bilingual() (base/language.h).
  template <typename... Args>
  void add(fmt::format_string<const InOneLanguage<Args>&...> english,
           fmt::format_string<const InOneLanguage<Args>&...> chinese, const Args&... values) {
    text_ += bilingual(english, chinese, values...).in(style_.language);
  }
  void add(const Text& text) { text_ += text.in(style_.language); }
  [[nodiscard]] const std::string& in_its_language(const Text& text) const {
    return text.in(style_.language);
  }
  // Tables on a terminal that has room for their usual layout look the same everywhere.
  [[nodiscard]] bool has_room(std::size_t columns) const {
    return style_.columns == 0 || style_.columns >= columns;
  }
  // On a terminal that is too narrow for these widths as the other tables of the program; widths
  // below 0: of columns that stand to the left.
  void add_table(const std::vector<std::vector<std::string>>& rows, const std::vector<int>& widths,
                 std::size_t usual_columns) {
    if (!has_room(usual_columns)) {
      text_ += aligned(rows, style_.columns);
      return;
    }
    for (const auto& row : rows) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) {
        const auto cells = static_cast<std::size_t>(std::abs(widths[i]));
        line +=
            widths[i] < 0 ? "  " + filled_after(row[i], cells) : " " + filled_before(row[i], cells);
      }
      text_ += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
  }
  // In its colour, where there are any.
  [[nodiscard]] std::string toned(const std::string& text, const char* colour) const {
    return style_.colour ? colour + text + kPlain : text;
  }
  [[nodiscard]] Text toned_text(const Text& text, const char* colour) const {
    return {toned(text.en, colour), toned(text.zh, colour)};
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
Text best_of(const PlanLine& line, const CompareSpec& compare, int family) {
  const int count = line.count;
  if (!line.available) return {"none", "无"};
  if (count == 0) return {"depends on the data", "取决于数据"};
  const BestVerdict best = best_verdict(count, compare.margin_pp / 100, compare.alpha / family);
  const std::string_view label = verdict_label(best.best);
  if (best.best == Verdict::non_inferior) return std::string(label);
  return bilingual("{} ({} items needed)", "{}（需要 {} 题）", label, best.items_needed);
}

// What the budget leaves for each turn; one that ends early leaves more to the others.
void print_turns(const Plan& plan, long turns, Screen& screen) {
  if (plan.budget_s <= 0) return;
  const double share_s =
      variant_share_s(plan.budget_s, static_cast<double>(turns), report_reserve_s(plan.budget_s));
  Text twice;
  if (plan.compare.noise_floor) {
    twice = bilingual("; the baseline twice that, for its two passes ({})",
                      "；基线要答两遍，时间加倍（{}）", human_duration(2 * share_s));
  }
  screen.add("of {} each variant may take {}, loading included{}\n",
             "{} 之中每个变体可用 {}，含加载{}\n", human_duration(plan.budget_s),
             human_duration(share_s), twice);
}

void print_variants(const Plan& plan, Screen& screen) {
  screen.add(Text("\nvariants\n", "\n变体\n"));
  std::size_t left = kManyVariants;
  for (const VariantSpec& v : plan.variants) {
    if (left-- == 0) break;
    const Text baseline = v.baseline ? Text("  (baseline)", "  （基线）") : Text();
    screen.add(bilingual("  {:<12} {}{}{}{}\n", "  {:<12} {}{}{}{}\n", v.name, v.model,
                         v.revision.empty() ? "" : "@" + v.revision,
                         v.engine_args.empty() ? "" : " " + v.engine_args.dump(), baseline));
  }
  if (plan.variants.size() > kManyVariants) {
    screen.add("  … {} in all; `assay run` asks for --yes\n",
               "  … 共 {} 个；`assay run` 要求加 --yes\n", plan.variants.size());
  }
}

// A name of a plan's part, as wide in either language.
void print_named(const Text& name, const Text& value, Screen& screen) {
  constexpr std::size_t kNameCells = 9;
  screen.add(filled_after(screen.in_its_language(name), kNameCells) + " " +
             screen.in_its_language(value) + "\n");
}

void print_plan(const Plan& plan, Screen& screen) {
  print_named({"plan", "计划"}, plan.name, screen);
  print_named({"budget", "预算"},
              plan.budget_s > 0 ? Text(human_duration(plan.budget_s)) : Text("none", "无"), screen);
  print_named({"output", "输出"}, plan.output.empty() ? "--out" : plan.output, screen);
  print_named({"engine", "引擎"}, engine_name(plan.engine) + " " + plan.engine.args.dump(), screen);
  for (const auto& [name, value] : plan.env) {
    print_named({"env", "环境变量"}, fmt::format("{}={}", name, value), screen);
  }
  for (const std::string& part : plan.sandbox.accept_missing) {
    print_named({"sandbox", "沙箱"}, bilingual("may be without: {}", "可以缺少：{}", part), screen);
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
  std::vector<std::vector<std::string>> rows{{}};
  for (const Text& head : {Text("task", "任务"), Text("items", "题数"), Text("max_gen_toks"),
                           Text("output tokens", "输出 token"),
                           Text("best verdict it can reach", "可能达到的最好结论")}) {
    rows[0].push_back(screen.in_its_language(head));
  }
  long tokens = 0;
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    const PlanLine& line = check.lines[i];
    const auto& max_gen_toks = plan.tasks[i].max_gen_toks;
    tokens += line.output_tokens;
    const Text best = best_of(line, plan.compare, check.family);
    const std::string& note = screen.in_its_language(line.note);
    rows.push_back({line.name, screen.in_its_language(line.items),
                    max_gen_toks ? std::to_string(*max_gen_toks) : "-",
                    std::to_string(line.output_tokens),
                    screen.toned(screen.in_its_language(best), colour_of(best.en)) +
                        (note.empty() ? "" : "  [" + note + "]")});
  }
  screen.add("\n");
  screen.add_table(rows, {-16, 14, 13, 14, -1}, kUsualColumns);
  const long passes = turns_of(plan);
  const Text second = plan.compare.noise_floor
                          ? Text(" with the baseline's second pass", "，含基线的第二遍")
                          : Text();
  screen.add(
      "\nat most {} output tokens a variant, {} in all{}; margin {} points, alpha {} one-sided\n",
      "\n每个变体最多输出 {} 个 token，共 {} 个{}；非劣效界值 {} 个百分点，单侧 alpha {}\n", tokens,
      tokens * passes, second, plan.compare.margin_pp, plan.compare.alpha);
  print_turns(plan, passes, screen);
}

// Tasks that are priced by what their answers are expected to come to.
Text expected_lengths(const Plan& plan) {
  std::vector<std::string> each;
  for (const TaskSpec& task : plan.tasks) {
    if (task.expected_tokens)
      each.push_back(fmt::format("{} {:.0f}", task.name, *task.expected_tokens));
  }
  if (each.empty()) {
    return {"every answer counted at max_gen_toks", "每个回答都按 max_gen_toks 计"};
  }
  return bilingual("tokens expected of an answer: {}; every other one counted at max_gen_toks",
                   "预计每个回答的 token：{}；其他回答都按 max_gen_toks 计", join(each, ", "));
}

bool counts_grading(const Plan& plan) {
  return std::ranges::any_of(
      plan.tasks, [](const TaskSpec& task) { return task.expected_grading_tokens.has_value(); });
}

// How often a task's items are asked on average, where that is more than once.
Text times_each(const Forecast& forecast, std::size_t task) {
  if (forecast.entries[task] == forecast.items[task]) return {};
  return bilingual(
      " {:.1f} times each", " 题各 {:.1f} 次",
      static_cast<double>(forecast.entries[task]) / static_cast<double>(forecast.items[task]));
}

void print_forecast(const PlanCheck& check, Screen& screen) {
  if (!check.forecast) return;
  const Forecast& forecast = *check.forecast;
  const ExpectedSpeed& speed = check.speed;
  std::int64_t reached = 0;
  std::int64_t may = 0;
  std::vector<Text> each;
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    const PlanLine& line = check.lines[i];
    if (!line.available) continue;
    const std::int64_t most = check.plan.until == Until::limits ? line.count : line.most;
    reached += forecast.items[i];
    may += most;
    Text of_most;
    if (forecast.items[i] < most) of_most = bilingual(" of {}", "/{}", most);
    each.push_back(bilingual("{} {}{}{}", "{} {}{}{}", line.name, forecast.items[i], of_most,
                             times_each(forecast, i)));
  }
  screen.add(
      "\nforecast at {0:.6g} output tokens/s and {1:.3g} s a load: {2} of {3} items a variant, in "
      "{4} after its load\n  {5}\n  {6}; {7}a judge and reading back not counted\n",
      "\n按 {0:.6g} 输出 token/秒、每次加载 {1:.3g} 秒预计：每个变体答 {3} 题中的 {2} "
      "题，加载之后用时 "
      "{4}\n  {5}\n  {6}；{7}裁判模型与回读不计\n",
      speed.tokens_per_s, speed.load_s, reached, may, human_duration(std::ceil(forecast.work_s)),
      listed(each), expected_lengths(check.plan),
      counts_grading(check.plan) ? Text() : Text("grading, ", "评分、"));
}

void print_looks(const PlanCheck& check, Screen& screen) {
  if (!check.looks) return;
  const LooksForecast& looks = *check.looks;
  const Plan& plan = check.plan;
  const double flips = plan.decide.discordance() * 100;
  screen.add(
      "\nuntil decided: WORSE is asked at 64 pairs, 128, 256, …, NON-INFERIOR at a quarter, half "
      "and all of {}\n",
      "\nuntil decided：在 64、128、256、… 对时检验 WORSE，在 {} 对的四分之一、一半与全部时检验 "
      "NON-INFERIOR\n",
      looks.target);
  if (looks.margin_pp) {
    const Text enough = *looks.margin_pp < 100
                            ? bilingual("{:g} points", "{:g} 个百分点", *looks.margin_pp)
                            : Text("no margin", "任何非劣效界值都不够");
    screen.add(
        "  the data are too few for {0:g} points: with {1:g} % of flips the {2} pairs that there "
        "are "
        "would do for {3}, if {4:g} % power is wanted of all looks\n",
        "  数据太少，不足以检验 {0:g} 个百分点：翻转率 {1:g} %、要求全部检验合计功效 {4:g} % "
        "时，现有的 {2} 对只够检验：{3}\n",
        plan.compare.margin_pp, flips, looks.target, enough, plan.decide.power * 100);
  }
  screen.add(
      "  {0} of {1} pairs{2}: {3:.0f} % power to show NON-INFERIOR at {4:g} points when {5:g} % "
      "flip, at the last look; {6:.0f} % with all looks, where a WORSE by chance may come first\n",
      "  {1} 对中的 {0} 对{2}：翻转率 {5:g} % 时，以 {4:g} 个百分点为界值证明 NON-INFERIOR "
      "的功效，最后一次检验为 {3:.0f} %；全部检验合计为 {6:.0f} %（此前可能偶然判为 WORSE）\n",
      looks.pairs, looks.target,
      check.forecast ? Text(" within the budget", "（预算之内）") : Text(), looks.power * 100,
      plan.compare.margin_pp, flips, looks.power_of_all * 100);
}

// Each weight rule's power and smallest detectable loss, a column a share of flips.
std::vector<std::vector<std::string>> power_rows(const PlanCheck& check, const Screen& screen) {
  std::vector<std::vector<std::string>> rows{{screen.in_its_language({"weights", "权重"})}};
  for (const double share : kFlipShares) rows[0].push_back(fmt::format("{:g} %", share * 100));
  for (std::size_t i = 0; i < check.power.size(); ++i) {
    const PooledPower& p = check.power[i];
    if (i % kFlipShares.size() == 0) {
      const Text used = p.weights == check.weights ? Text(" (used)", "（采用）") : Text();
      rows.push_back({std::string(name_of(p.weights)) + screen.in_its_language(used)});
    }
    rows.back().push_back(
        fmt::format("{:.0f} %, {}", p.non_inferior * 100,
                    p.detectable ? fmt::format("{:.1f}", *p.detectable * 100) : "-"));
  }
  return rows;
}

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
  screen.add(
      "\nprimary: the pooled difference of {0} {1} in {2} tasks{3}, when this share flips\n",
      "\n主要问题：{2} 个任务共 {0} 题{1}的合并差值{3}；各列为翻转率\n", items,
      repeats ? Text("items, each the mean of its repeats,", "（每题取各次作答的平均）")
              : Text("items", ""),
      tasks,
      check.looks ? Text(", as one look at the end would show it", "，按最后检验一次计") : Text());
  screen.add_table(power_rows(check, screen), {-16, 16, 16, 16, 16}, 86);
  const LargestVariance most = largest_variance(check.tasks, check.weights);
  screen.add(
      "  the chance to show NON-INFERIOR when the two are alike, and the smallest loss in points "
      "that is called WORSE 80 times in 100\n  most of the variance: {} ({:.0f} %)\n",
      "  前者是两者相同时证明 NON-INFERIOR 的机会，后者是 100 次中有 80 次判为 WORSE "
      "的最小损失（百分点）\n  方差主要来自：{}（{:.0f} %）\n",
      most.task, most.share * 100);
  if (!check.unknown.empty()) {
    screen.add("  not counted, for their size is known by the data alone: {}\n",
               "  未计入（题数要看数据才知道）：{}\n", join(check.unknown, ", "));
  }
}

nlohmann::json as_json(const PlanCheck& check) {
  const CompareSpec& compare = check.plan.compare;
  nlohmann::json tasks = nlohmann::json::array();
  for (std::size_t i = 0; i < check.lines.size(); ++i) {
    const PlanLine& line = check.lines[i];
    const std::optional<double>& expected = check.plan.tasks[i].expected_tokens;
    tasks.push_back({{"name", line.name},
                     {"available", line.available},
                     {"items", line.count > 0 ? nlohmann::json(line.count) : nullptr},
                     {"output_tokens", line.output_tokens},
                     {"expected_tokens", expected ? nlohmann::json(*expected) : nullptr},
                     {"best_verdict", best_of(line, compare, check.family).en},
                     {"note", line.note.en}});
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
          {"notes", english_of(check.notes)}};
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
          {"power_of_all_looks", looks.power_of_all},
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
      "单个任务不算提升时至少 {} 题才可能 NON-INFERIOR（各任务共 {} 个结论分摊 alpha）\n",
      fewest_items_non_inferior(compare.margin_pp / 100, compare.alpha / check.family),
      check.family);
  screen.add(
      Text("whether each prompt fits max_model_len is checked with the tokenizer before weights "
           "load\n",
           "每条提示词是否超出 max_model_len，在加载权重之前用分词器检查\n"));
  for (const Text& note : check.notes) {
    screen.add(
        bilingual("{} {}\n", "{}{}\n", screen.toned_text({"note:", "注意："}, "\033[33m"), note));
  }
  return screen.broken_lines();
}

}  // namespace assay
