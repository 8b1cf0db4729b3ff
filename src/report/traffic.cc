#include "report/traffic.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

#include "base/json.h"
#include "values/in_flight.h"

namespace assay {
namespace {

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

Json spread_json(const Spread& spread) {
  if (spread.n == 0) return nullptr;
  return {{"n", spread.n}, {"median", spread.median}, {"p95", spread.p95}};
}

Json row_json(const TrafficRow& row) {
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

void AnswerTimes::Times::add(const Response& response) {
  first_token_s.push_back(response.queued_s + response.first_token_s);
  const int tokens = output_tokens(response);
  if (tokens > 1) inter_token_s.push_back(response.decode_s / (tokens - 1));
}

TrafficRow AnswerTimes::row_of(const Times& times) {
  TrafficRow row;
  row.answers = static_cast<std::int64_t>(times.first_token_s.size());
  row.first_token_s = spread_of(times.first_token_s);
  row.inter_token_s = spread_of(times.inter_token_s);
  return row;
}

void AnswerTimes::add(const Response& response) {
  if (response.finish_reason == FinishReason::error) return;
  if (output_tokens(response) == 0 || response.first_token_s <= 0) return;
  all_.add(response);
  if (response.in_flight > 0) bands_[in_flight_band(response.in_flight)].add(response);
}

TrafficValues AnswerTimes::values(const std::vector<StoredLoad>& loads,
                                  const std::string& variant) const {
  TrafficValues out;
  if (all_.first_token_s.empty()) return out;
  out.all = row_of(all_);
  const auto flow = flow_of(loads, variant);
  for (std::size_t band = 0; band < kInFlightBands.size(); ++band) {
    const auto times = bands_.find(band);
    const auto moved = flow.find(band);
    if (times == bands_.end() && moved == flow.end()) continue;
    TrafficRow row = times == bands_.end() ? TrafficRow{} : row_of(times->second);
    row.from = kInFlightBands[band].from;
    row.to = kInFlightBands[band].to;
    if (moved != flow.end()) {
      row.seconds = moved->second.seconds;
      row.tokens = moved->second.tokens;
    }
    out.all.seconds += row.seconds;
    out.all.tokens += row.tokens;
    out.by_in_flight.push_back(row);
  }
  return out;
}

nlohmann::json traffic_json(const TrafficValues& traffic) {
  if (traffic.all.answers == 0) return nullptr;
  Json out = row_json(traffic.all);
  out["by_in_flight"] = Json::array();
  for (const TrafficRow& row : traffic.by_in_flight) out["by_in_flight"].push_back(row_json(row));
  return out;
}

}  // namespace assay
