#include "table.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

namespace assay::sim {
namespace {

// A mean with its standard error.
struct Estimate {
  double mean = 0;
  double error = 0;
  [[nodiscard]] double z() const { return error > 0 ? mean / error : 0; }
};

// Of what / per, summed over plans: a plan's items are not independent of each other, so plans are
// what is counted for the error.
struct Ratio {
  std::vector<double> what;
  std::vector<double> per;

  void add(double of, double in) {
    if (in <= 0) return;
    what.push_back(of);
    per.push_back(in);
  }
  [[nodiscard]] Estimate value() const {
    double sum = 0;
    double of = 0;
    for (std::size_t i = 0; i < per.size(); ++i) {
      sum += what[i];
      of += per[i];
    }
    if (of <= 0) return {};
    double squares = 0;
    for (std::size_t i = 0; i < per.size(); ++i) {
      squares += std::pow(what[i] - sum / of * per[i], 2);
    }
    return {sum / of, std::sqrt(squares) / of};
  }
};

struct Sums {
  int plans = 0;
  int refused = 0;
  int failed = 0;
  int late = 0;
  int idle = 0;
  double idle_s = 0;
  int broken = 0;
  int beyond = 0;
  int open_lanes = 0;
  Ratio not_scored;  // for want of time, of what was answered
  int left_out = 0;  // variants
  Ratio cut;         // of items asked
  Ratio used;        // of the budget, where the plan wanted more
  Ratio used_knowing;
  std::vector<double> used_shares;
  Ratio in_all_items;
  Ratio in_all_work;    // seconds that these take the baseline's engine, one at a time
  Ratio in_all_tokens;  // to those of the knowing
  Ratio paired;         // of the baseline's items, those that all variants answered
  Ratio apart;
  Ratio right;  // less what is expected, by item
  Ratio right_by_plan;
  Ratio ahead;
};

void add_bias(const Outcome& real, Sums& sums) {
  double right = 0;
  double items = 0;
  double ahead = 0;
  double pairs = 0;
  for (std::size_t v = 0; v < real.variants.size(); ++v) {
    const VariantOutcome& variant = real.variants[v];
    right += variant.right - 0.5 * variant.scored;
    items += variant.scored;
    if (v == 0) continue;
    ahead += variant.ahead;
    pairs += variant.paired;
  }
  sums.right.add(100 * right, items);
  if (items > 0) sums.right_by_plan.add(100 * right / items, 1);
  sums.ahead.add(100 * ahead, pairs);
}

void add(const Played& played, Sums& sums) {
  const Outcome& real = played.real;
  const double budget_s = played.world.budget_s;
  ++sums.plans;
  if (!real.refused.empty()) {
    ++sums.refused;
    return;
  }
  sums.failed += real.failed.empty() ? 0 : 1;
  sums.late += real.end_s > budget_s ? 1 : 0;
  sums.idle += real.idle_s > 0 ? 1 : 0;
  sums.idle_s += real.idle_s;
  sums.broken += real.broken_prefixes;
  sums.beyond += real.beyond_baseline;
  sums.open_lanes += real.open_lanes;
  int items = 0;
  int not_scored = 0;
  for (const VariantOutcome& variant : real.variants) {
    sums.left_out += variant.items == 0 ? 1 : 0;
    items += variant.items;
    not_scored += variant.items - variant.scored;
  }
  sums.not_scored.add(100.0 * not_scored, items);
  sums.cut.add(100.0 * real.asked_in_vain, items + real.asked_in_vain);
  if (real.wanted_more) {
    sums.used.add(100 * real.end_s / budget_s, 1);
    sums.used_shares.push_back(100 * real.end_s / budget_s);
    if (!real.variants.empty()) {
      sums.paired.add(100.0 * real.in_all, real.variants.front().scored);
    }
    sums.in_all_items.add(real.in_all, 1);
    sums.in_all_work.add(100 * real.in_all_tokens * played.world.token_s / budget_s, 1);
    sums.in_all_tokens.add(100 * real.in_all_tokens / budget_s,
                           played.knowing.in_all_tokens / budget_s);
  }
  if (played.knowing.wanted_more) sums.used_knowing.add(100 * played.knowing.end_s / budget_s, 1);
  if (played.world.tasks.size() > 1) sums.apart.add(100 * real.apart, 1);
  add_bias(real, sums);
}

double percentile_5(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[values.size() / 20];
}

std::string percent(const Estimate& value) {
  return fmt::format("{:.1f} %", value.mean);
}

std::string points(const Estimate& value) {
  return fmt::format("{:+.2f} ({:.2f})", value.mean, value.error);
}

// Of what is used with all lengths known, in percent.
Estimate used_of_known(const Sums& sums) {
  const Estimate used = sums.used.value();
  const double known = std::max(1.0, sums.used_knowing.value().mean);
  return {100 * used.mean / known, 100 * used.error / known};
}

struct Row {
  std::string what;
  std::function<std::string(const Sums&)> value;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"plans", [](const Sums& s) { return std::to_string(s.plans); }},
      {"refused: the budget is too short", [](const Sums& s) { return std::to_string(s.refused); }},
      {"ended in an error each time", [](const Sums& s) { return std::to_string(s.failed); }},
      {"**deadline missed**", [](const Sums& s) { return std::to_string(s.late); }},
      {"**idle with something that waits**: plans (seconds in all)",
       [](const Sums& s) { return fmt::format("{} ({:.0f})", s.idle, s.idle_s); }},
      {"**tasks of a variant that are no prefix**",
       [](const Sums& s) { return std::to_string(s.broken); }},
      {"the same, not within the baseline's",
       [](const Sums& s) { return std::to_string(s.beyond); }},
      {"**tasks with a score behind a `not scored (budget)`**",
       [](const Sums& s) { return std::to_string(s.open_lanes); }},
      {"answers `not scored (budget)`, of all answers",
       [](const Sums& s) { return fmt::format("{:.2f} %", s.not_scored.value().mean); }},
      {"variants that answered nothing", [](const Sums& s) { return std::to_string(s.left_out); }},
      {"answers cut by a deadline, of all asked",
       [](const Sums& s) { return fmt::format("{:.2f} %", s.cut.value().mean); }},
      {"**budget used** where the plan wants more: mean",
       [](const Sums& s) { return percent(s.used.value()); }},
      {"the same: 5 % of the plans use less than",
       [](const Sums& s) { return fmt::format("{:.1f} %", percentile_5(s.used_shares)); }},
      {"the same: mean, with all lengths known",
       [](const Sums& s) { return percent(s.used_knowing.value()); }},
      {"**used, of what is used with all lengths known**",
       [](const Sums& s) { return percent(used_of_known(s)); }},
      {"**items answered by all variants**, a plan",
       [](const Sums& s) { return fmt::format("{:.1f}", s.in_all_items.value().mean); }},
      {"the same as work: the baseline's time for them, one at a time, of the budget",
       [](const Sums& s) { return percent(s.in_all_work.value()); }},
      {"tokens of these answers, of those with all lengths known",
       [](const Sums& s) { return percent(s.in_all_tokens.value()); }},
      {"the baseline's items that all variants answered",
       [](const Sums& s) { return percent(s.paired.value()); }},
      {"plans of several tasks: greatest less least share of a task done",
       [](const Sums& s) { return percent(s.apart.value()); }},
      {"**bias** of an accuracy where long answers are wrong, points (standard error)",
       [](const Sums& s) { return points(s.right.value()); }},
      {"the same of a difference to the baseline",
       [](const Sums& s) { return points(s.ahead.value()); }},
      {"the same of an accuracy, each plan counting alike",
       [](const Sums& s) { return points(s.right_by_plan.value()); }},
  };
  return all;
}

struct Promise {
  std::string what;
  std::string found;
  bool kept = false;
};

Promise none(std::string what, int found) {
  return {std::move(what), std::to_string(found), found == 0};
}

// In short, a mean may lie below its promise by as much as chance makes it.
Promise at_least(std::string what, const Estimate& found, double least, bool quick) {
  const double missed_by = least - found.mean;
  return {fmt::format("{}, at least {:.0f} %", what, least), percent(found),
          missed_by <= (quick ? 2 * found.error : 0)};
}

// In short a bias must not be seen; at length it must be small as well.
Promise unbiased(std::string what, const Estimate& bias, bool quick) {
  const bool kept =
      quick ? std::abs(bias.z()) < 3.3 : std::abs(bias.z()) < 1.96 && std::abs(bias.mean) <= 0.2;
  return {std::move(what), points(bias), kept};
}

std::vector<Promise> promises(const Sums& wide, const Sums& tight, const Sums& reading,
                              const Sums& grading, const Sums& all, bool quick) {
  return {
      none("deadlines missed", all.late),
      none("plans with idle time while something waits", all.idle),
      none("tasks of a variant that are no prefix", all.broken),
      none("items beyond the baseline's", all.beyond),
      none("tasks with a score behind a `not scored (budget)`", all.open_lanes),
      at_least("wide plans: budget used", wide.used.value(), 92, quick),
      at_least("tight plans: of what is used with all lengths known", used_of_known(tight), 90,
               quick),
      at_least("long prompts: of what is used with all lengths known", used_of_known(reading), 90,
               quick),
      at_least("slow grading: of what is used with all lengths known", used_of_known(grading), 90,
               quick),
      unbiased("bias of an accuracy", all.right.value(), quick),
      unbiased("bias of a difference", all.ahead.value(), quick),
  };
}

}  // namespace

bool report(const std::vector<Played>& plans, bool quick) {
  Sums wide;
  Sums tight;
  Sums reading;
  Sums grading;
  Sums all;
  for (const Played& played : plans) {
    const std::uint64_t seed = played.world.seed;
    Sums& short_and_quick = played.world.tight ? tight : wide;
    add(played, seed >= kFirstOfSlowGrading   ? grading
                : seed >= kFirstOfLongPrompts ? reading
                                              : short_and_quick);
    add(played, all);
  }
  fmt::print(
      "| | wide | tight | long prompts | slow grading | all |\n"
      "| --- | --- | --- | --- | --- | --- |\n");
  for (const Row& row : rows()) {
    fmt::print("| {} | {} | {} | {} | {} | {} |\n", row.what, row.value(wide), row.value(tight),
               row.value(reading), row.value(grading), row.value(all));
  }
  fmt::print("\n| promise | found | kept |\n| --- | --- | --- |\n");
  bool all_kept = true;
  for (const Promise& promise : promises(wide, tight, reading, grading, all, quick)) {
    fmt::print("| {} | {} | {} |\n", promise.what, promise.found, promise.kept ? "yes" : "NO");
    all_kept = all_kept && promise.kept;
  }
  return all_kept;
}

}  // namespace assay::sim
