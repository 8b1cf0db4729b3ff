#include "report/load_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "report/html_text.h"
#include "values/in_flight.h"

namespace assay {
namespace {

struct Times {
  std::vector<double> first_token_s;
  std::vector<double> inter_token_s;

  void add(const Response& response) {
    first_token_s.push_back(response.queued_s + response.first_token_s);
    const int tokens = output_tokens(response);
    if (tokens > 1) inter_token_s.push_back(response.decode_s / (tokens - 1));
  }
};

// The smallest value that at least this share of all does not exceed (nearest rank).
double quantile(const std::vector<double>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {static_cast<std::int64_t>(values.size()), quantile(values, 0.5), quantile(values, 0.95)};
}

LoadRow row_of(const Times& times) {
  LoadRow row;
  row.answers = static_cast<std::int64_t>(times.first_token_s.size());
  row.first_token_s = spread_of(times.first_token_s);
  row.inter_token_s = spread_of(times.inter_token_s);
  return row;
}

// Each generated answer once, by the band it ran in.
Result<std::map<std::size_t, Times>> timed_answers(const Store& store, const std::string& variant,
                                                   Times& all) {
  std::map<std::size_t, Times> bands;
  std::set<std::string> seen;
  for (const StoredStep& step : TRY(store.steps(variant))) {
    if (step.id.task == kReadBackTask || step.id.task == kJudgeTask) continue;
    if (step.response_key.empty() || !seen.insert(step.response_key).second) continue;
    const auto response = TRY(store.response(step.response_key));
    if (!response || response->finish_reason == FinishReason::error) continue;
    if (output_tokens(*response) == 0 || response->first_token_s <= 0) continue;
    all.add(*response);
    if (response->in_flight > 0) bands[in_flight_band(response->in_flight)].add(*response);
  }
  return bands;
}

struct Flow {
  double seconds = 0;
  double tokens = 0;
};

// The run's own account, over all loads of the variant.
std::map<std::size_t, Flow> flow_of(const std::vector<StoredLoad>& loads,
                                    const std::string& variant) {
  std::map<std::size_t, Flow> out;
  for (const StoredLoad& load : loads) {
    if (load.variant != variant) continue;
    for (const InFlightRow& band : load.facts.by_in_flight) {
      Flow& flow = out[in_flight_band(band.from)];
      flow.seconds += band.seconds;
      flow.tokens += band.tokens;
    }
  }
  return out;
}

std::string band_text(const LoadRow& row) {
  if (row.from == 0) return "";
  if (row.to == row.from) return std::to_string(row.from);
  return row.to == 0 ? fmt::format("{} or more", row.from) : fmt::format("{}–{}", row.from, row.to);
}

std::string milliseconds(double seconds) {
  return fmt::format("{:.{}f}", seconds * 1000, seconds < 0.1 ? 1 : 0);
}

std::string spread_text(const Spread& spread) {
  if (spread.n == 0) return "";
  return milliseconds(spread.median) + " / " + milliseconds(spread.p95);
}

std::vector<std::string> cells_of(const LoadRow& row) {
  return {std::to_string(row.answers), spread_text(row.first_token_s),
          spread_text(row.inter_token_s),
          row.seconds > 0 ? fmt::format("{:.1f}", row.tokens_per_s()) : ""};
}

bool any(const RunReport& report) {
  return std::any_of(report.variants.begin(), report.variants.end(),
                     [](const VariantValues& v) { return v.load.all.answers > 0; });
}

Json spread_json(const Spread& spread) {
  if (spread.n == 0) return nullptr;
  return {{"n", spread.n}, {"median", spread.median}, {"p95", spread.p95}};
}

Json row_json(const LoadRow& row) {
  Json out = {{"answers", row.answers},
              {"first_token_s", spread_json(row.first_token_s)},
              {"inter_token_s", spread_json(row.inter_token_s)},
              {"seconds", row.seconds},
              {"tokens", row.tokens},
              {"tokens_per_s", row.seconds > 0 ? Json(row.tokens_per_s()) : Json(nullptr)}};
  if (row.from > 0) {
    out["from"] = row.from;
    out["to"] = row.to == 0 ? Json(nullptr) : Json(row.to);
  }
  return out;
}

}  // namespace

Status measure_load(const Store& store, std::vector<VariantValues>& variants) {
  const auto loads = TRY(store.loads());
  for (VariantValues& variant : variants) {
    Times all;
    const auto bands = TRY(timed_answers(store, variant.name, all));
    if (all.first_token_s.empty()) continue;
    variant.load.all = row_of(all);
    const auto flow = flow_of(loads, variant.name);
    for (std::size_t band = 0; band < kInFlightBands.size(); ++band) {
      const auto times = bands.find(band);
      const auto moved = flow.find(band);
      if (times == bands.end() && moved == flow.end()) continue;
      LoadRow row = times == bands.end() ? LoadRow{} : row_of(times->second);
      row.from = kInFlightBands[band].from;
      row.to = kInFlightBands[band].to;
      if (moved != flow.end()) {
        row.seconds = moved->second.seconds;
        row.tokens = moved->second.tokens;
      }
      variant.load.all.seconds += row.seconds;
      variant.load.all.tokens += row.tokens;
      variant.load.by_in_flight.push_back(row);
    }
  }
  return {};
}

nlohmann::json load_json(const LoadValues& load) {
  if (load.all.answers == 0) return nullptr;
  Json out = row_json(load.all);
  out["by_in_flight"] = Json::array();
  for (const LoadRow& row : load.by_in_flight) out["by_in_flight"].push_back(row_json(row));
  return out;
}

std::string load_markdown(const RunReport& report) {
  if (!any(report)) return "";
  std::string out =
      "## Load\n\n| variant | in flight | answers | first token, ms: median / p95 | between "
      "tokens, "
      "ms: median / p95 | output tokens per second |\n|---|---|---|---|---|---|\n";
  for (const VariantValues& v : report.variants) {
    if (v.load.all.answers == 0) continue;
    out += fmt::format("| {} | all | {} |\n", v.name, join(cells_of(v.load.all), " | "));
    for (const LoadRow& row : v.load.by_in_flight) {
      out += fmt::format("| {} | {} | {} |\n", v.name, band_text(row), join(cells_of(row), " | "));
    }
  }
  return out +
         "\nOver answers of one token or more; the first token's time includes the wait for the "
         "engine.\n\n";
}

std::string load_section(const RunReport& report) {
  if (!any(report)) return "";
  std::string rows;
  const auto add = [&rows](const VariantValues& v, const std::string& band, const LoadRow& row) {
    std::vector<std::string> cells = {escaped(v.name) + (v.emulated ? " *" : ""), band};
    for (const std::string& cell : cells_of(row)) cells.push_back(escaped(cell));
    rows += html_row(cells);
  };
  for (const VariantValues& v : report.variants) {
    if (v.load.all.answers == 0) continue;
    add(v, both("all", "全部"), v.load.all);
    for (const LoadRow& row : v.load.by_in_flight) add(v, escaped(band_text(row)), row);
  }
  return "<section id=\"load\"><h2>" + both("Load", "负载") + "</h2>" +
         html_table(
             {both("variant", "变体"), both("in flight", "并发请求"), both("answers", "回答数"),
              both("first token, ms: median / p95", "首词延迟,毫秒:中位数 / p95"),
              both("between tokens, ms: median / p95", "词间延迟,毫秒:中位数 / p95"),
              both("output tokens/s", "输出词/秒")},
             rows) +
         "<p>" +
         both(
             "Over answers of one token or more; the first token's time includes the wait for the "
             "engine.",
             "只计至少输出一个词的回答;首词延迟包括在引擎中排队的时间。") +
         "</p></section>\n";
}

}  // namespace assay
