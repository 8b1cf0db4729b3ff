#include "run/budget.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>

namespace assay {
namespace {

template <typename T>
void push_bounded(std::vector<T>& window, T value, std::size_t bound) {
  if (window.size() == bound) window.erase(window.begin());
  window.push_back(value);
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// 0 for 1 in flight, 1 for 2 and 3, 2 for 4 to 7… These bands are narrower than those of reports
// (values/in_flight.h): by the widest of those, 17 to 64, the last 20 requests before a deadline
// would be expected to take up to three times as long as they do, and items be left out for it.
int band_of(double in_flight) {
  return static_cast<int>(std::bit_width(static_cast<unsigned>(std::max(1.0, in_flight)))) - 1;
}

// With up to so many times the requests that were measured, a token's time is taken to grow as it
// was seen to; with more, in proportion to their number.
constexpr double kReach = 4;
// Tokens that came faster than this, in seconds each, were not generated in that time: the server
// sent all of them in one piece.
constexpr double kFastestTokenS = 1e-4;

}  // namespace

double variant_share_s(double left_s, double turns_left, double reserve_s) {
  return std::max(0.0, left_s - reserve_s) / std::max(1.0, turns_left);
}

double tail_s(double worst_case_s, double expected_s, double turn_s) {
  return std::clamp(worst_case_s - expected_s, 0.0, 0.5 * turn_s);
}

double report_reserve_s(double budget_s) {
  return std::clamp(budget_s * 0.03, 4.0, 120.0);
}

double Accounts::end_s() const {
  if (!limited()) return std::numeric_limits<double>::infinity();
  return clock_.now().count() + left_s() - report_reserve_s(budget_s_);
}

double Accounts::work_left_s(double loads_after_s) const {
  if (!limited()) return std::numeric_limits<double>::infinity();
  return std::max(0.0, left_s() - report_reserve_s(budget_s_) - loads_after_s);
}

double least_budget_s(int variants, double load_s, double first_items_s) {
  const double work_s = variants * (load_s + first_items_s);
  return work_s + report_reserve_s(work_s);
}

void Pace::learn(const Response& response, int in_flight, int read_beside) {
  if (response.finish_reason == FinishReason::error) return;
  ++answers_;
  add_token_time(response, response.in_flight > 0 ? response.in_flight : std::max(1, in_flight));
  if (response.prompt_tokens > 0 && response.first_token_s > 0) {
    const double read = response.prompt_tokens + read_beside;
    push_bounded(prompt_token_s_, {response.first_token_s / read, read}, kWindow);
  }
  push_bounded(queued_s_, {response.queued_s}, kWindow);
  push_bounded(answer_s_, response.queued_s + response.first_token_s + response.decode_s, kWindow);
}

void Pace::learn_token_time(const Response& response, int in_flight) {
  if (response.finish_reason == FinishReason::error || output_tokens(response) < 2) return;
  ++answers_;
  add_token_time(response, response.in_flight > 0 ? response.in_flight : std::max(1, in_flight));
}

double Pace::longest_answer_s(int count) const {
  if (answer_s_.empty()) return 0;
  std::vector<double> sorted = answer_s_;
  std::ranges::sort(sorted);
  const auto rank = sorted.size() * static_cast<std::size_t>(count) / (count + 1UL);
  return std::max(mean(sorted), sorted[std::min(rank, sorted.size() - 1)]);
}

// The least value that, with those below it, has more than this share of the weight; 0 of none.
double Pace::percentile(std::vector<Seen> seen, double share) {
  std::ranges::sort(seen, {}, &Seen::value);
  double left = 0;
  for (const Seen& one : seen) left += share * one.weight;
  for (const Seen& one : seen) {
    left -= one.weight;
    if (left < -1e-9) return one.value;
  }
  return seen.empty() ? 0 : seen.back().value;
}

void Pace::add(Bands& bands, double in_flight, Seen token_s) {
  Band& band = bands[band_of(in_flight)];
  push_bounded(band.token_s, token_s, kWindow);
  push_bounded(band.in_flight, in_flight, kWindow);
}

void Pace::add_token_time(const Response& response, double in_flight) {
  const int tokens = output_tokens(response);
  const double took_s = response.first_token_s + response.decode_s;
  if (tokens > 1) {
    const double one_s = response.decode_s / (tokens - 1);
    const bool at_once = one_s < kFastestTokenS && took_s > 0;
    return add(at_once ? bounds_ : decoding_, in_flight,
               {at_once ? took_s / tokens : one_s, static_cast<double>(tokens)});
  }
  // A server may give an empty answer without asking its model, so the time that this took does not
  // show that the model is quick: a token is taken to cost at least what was guessed.
  if (took_s > 0) add(bounds_, in_flight, {std::max(took_s, guess_.token_s), 1});
}

double Pace::token_s(int in_flight) const {
  const Bands& bands = decoding_.empty() ? bounds_ : decoding_;
  if (bands.empty()) return guess_.token_s;
  auto next = bands.upper_bound(band_of(in_flight));
  // Where only more requests at a time were measured, fewer are taken to be no slower than these.
  if (next == bands.begin()) ++next;
  const Band& band = std::prev(next)->second;
  const double seconds = percentile(band.token_s, 0.9);
  const double seen = mean(band.in_flight);
  const double crowd = std::max(1.0, in_flight / seen);
  double growth = 1;
  if (const auto at = std::prev(next); at != bands.begin()) {
    const Band& below = std::prev(at)->second;
    const double before = percentile(below.token_s, 0.5);
    if (before > 0 && seconds > 0) {
      growth =
          std::clamp(std::log(seconds / before) / std::log(seen / mean(below.in_flight)), 0.0, 1.0);
    }
  }
  return seconds * std::pow(std::min(crowd, kReach), growth) * std::max(1.0, crowd / kReach);
}

bool Pace::holds_others_up(int prompt_tokens, int max_tokens) const {
  constexpr double kLongReading = 0.1;
  const double prompt_token_s =
      prompt_token_s_.empty() ? guess_.prompt_token_s : percentile(prompt_token_s_, 0.5);
  return prompt_tokens * prompt_token_s > kLongReading * max_tokens * token_s(1);
}

double Pace::worst_case_s(int prompt_tokens, int max_tokens, int steps, int in_flight_after,
                          int prompt_tokens_ahead) const {
  const double prompt_token_s =
      prompt_token_s_.empty() ? guess_.prompt_token_s : percentile(prompt_token_s_, 0.9);
  const double one = prompt_tokens * prompt_token_s + max_tokens * token_s(in_flight_after);
  return std::max(percentile(queued_s_, 0.9), prompt_tokens_ahead * prompt_token_s) + steps * one;
}

}  // namespace assay
