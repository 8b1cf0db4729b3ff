#include "run/traffic_meter.h"

#include <algorithm>
#include <cmath>

namespace assay {
namespace {

constexpr std::size_t kMostChanges = std::size_t{1} << 16U;  // longer ago than any answer takes

double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

}  // namespace

template <typename Use>
void TrafficMeter::for_each_piece(double from_s, double to_s, Use use) const {
  double end_s = to_s;
  for (auto change = changes_.rbegin(); change != changes_.rend() && end_s > from_s; ++change) {
    const bool oldest = change + 1 == changes_.rend();
    const double begin_s = oldest ? from_s : std::max(change->at_s, from_s);
    if (end_s > begin_s) use(end_s - begin_s, change->count);
    end_s = std::min(end_s, begin_s);
  }
}

void TrafficMeter::drop_old() {
  while (changes_.size() > kMostChanges) changes_.pop_front();
}

void TrafficMeter::set_in_flight(double at_s, int count) {
  if (!changes_.empty() && changes_.back().count == count) return;
  if (!changes_.empty() && changes_.back().count > 0) {
    bands_[in_flight_band(changes_.back().count)].seconds += at_s - changes_.back().at_s;
  }
  changes_.push_back({at_s, count});
  drop_old();
}

int TrafficMeter::count(const Response& answer, double at_s) {
  const int tokens = output_tokens(answer);
  if (tokens > 0) {
    const double decode_s = std::max(answer.decode_s, 1e-6);
    for_each_piece(at_s - decode_s, at_s, [&](double seconds, int count) {
      bands_[in_flight_band(count)].tokens += tokens * seconds / decode_s;
    });
  }
  const double life_s = answer.queued_s + answer.first_token_s + answer.decode_s;
  double sum = 0;
  for_each_piece(at_s - life_s, at_s,
                 [&sum](double seconds, int count) { sum += seconds * count; });
  return std::max(1, life_s > 0 ? static_cast<int>(std::lround(sum / life_s)) : 1);
}

std::vector<InFlightRow> TrafficMeter::rows(double at_s) const {
  std::vector<InFlightRow> out;
  auto bands = bands_;
  if (!changes_.empty() && changes_.back().count > 0) {
    bands[in_flight_band(changes_.back().count)].seconds += at_s - changes_.back().at_s;
  }
  for (std::size_t i = 0; i < bands.size(); ++i) {
    if (rounded(bands[i].seconds) <= 0) continue;
    out.push_back({kInFlightBands[i].from, kInFlightBands[i].to, rounded(bands[i].seconds),
                   rounded(bands[i].tokens)});
  }
  return out;
}

}  // namespace assay
