// What `assay check` finds: what a plan would run and could show, before anything is rented.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/language.h"
#include "base/result.h"
#include "cli/forecast.h"
#include "cli/plan_options.h"
#include "plan/plan.h"
#include "report/terminal.h"
#include "stats/pooled_power.h"

namespace assay {

// A task of the plan.
struct PlanLine {
  std::string name;
  Text items = {"all", "全部"};  // as shown
  int count = 0;                 // 0: not known without the data
  int most = 0;                  // that the run may reach: more than `count` beyond a limit
  ItemRequests requests;         // as far as its rows are known
  std::size_t passes = 1;        // how often the run may go through the items; more: repeats: auto
  bool available = true;
  long output_tokens = 0;
  Text note;
  Text prompt_note;  // of the longest prompt; empty: it seems to fit
  std::vector<Text> data_notes;
};

struct CheckOptions {
  PlanOptions plan;
  ExpectedSpeed speed;  // all 0: not given
  bool json = false;
};

// Shares of items that flip, for which the power is said.
inline constexpr std::array kFlipShares{0.02, 0.05, 0.1, 0.2};

// What the plan would run and could show.
struct PlanCheck {
  Plan plan;
  std::vector<PlanLine> lines;
  std::vector<Text> notes;
  std::vector<PlannedTask> tasks;    // in the pool, as far as their items are known
  std::vector<std::string> unknown;  // in the pool, of a size the data alone tells
  WeightRule weights = kDefaultWeights;
  int family = 1;  // verdicts by task that share alpha
  std::vector<PooledPower> power;
  ExpectedSpeed speed;  // as given, or measured elsewhere; all 0: not known
  std::optional<Forecast> forecast;
  std::optional<LooksForecast> looks;  // until: decided
};

// A variant each, and one more where the baseline answers twice.
[[nodiscard]] long turns_of(const Plan& plan);

// Errors: the plan's own, those of rows that are at hand, a speed that is none.
[[nodiscard]] Result<PlanCheck> look_at(const CheckOptions& options);

// All of it for a person; or as JSON (docs/report_schema.md).
[[nodiscard]] std::string check_text(const PlanCheck& check, const ScreenStyle& style);
[[nodiscard]] nlohmann::json check_json(const PlanCheck& check);

}  // namespace assay
