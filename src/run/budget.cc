#include "run/budget.h"

#include <algorithm>

namespace assay {
namespace {

template <typename T>
void push_bounded(std::vector<T>& window, T value, std::size_t bound) {
  if (window.size() == bound) window.erase(window.begin());
  window.push_back(value);
}

double percentile_90(std::vector<double> values) {
  if (values.empty()) return 0;
  const std::size_t at = (values.size() * 9) / 10;
  const std::size_t index = std::min(at, values.size() - 1);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index),
                   values.end());
  return values[index];
}

}  // namespace

double variant_share_s(double left_s, double turns_left, double reserve_s) {
  return std::max(0.0, left_s - reserve_s) / std::max(1.0, turns_left);
}

double report_reserve_s(double budget_s) {
  return std::clamp(budget_s * 0.03, 4.0, 120.0);
}

double least_budget_s(int variants, double load_s, double first_items_s) {
  const double work_s = variants * (load_s + first_items_s);
  return work_s + report_reserve_s(work_s);
}

void Pace::note(const Response& response, int in_flight) {
  const int tokens = output_tokens(response);
  if (response.finish_reason == FinishReason::error) return;
  if (tokens > 1) {
    push_bounded(token_s_, Sample{response.decode_s / (tokens - 1), std::max(1, in_flight)},
                 kWindow);
  }
  if (response.prompt_tokens > 0 && response.first_token_s > 0) {
    push_bounded(prompt_token_s_, response.first_token_s / response.prompt_tokens, kWindow);
  }
  push_bounded(queued_s_, response.queued_s, kWindow);
}

double Pace::worst_case_s(int prompt_tokens, int max_tokens, int steps, int in_flight_after,
                          int prompt_tokens_ahead) const {
  double token_s = kGuessTokenS;
  if (measured()) {
    std::vector<double> scaled;
    scaled.reserve(token_s_.size());
    for (const Sample& sample : token_s_) {
      const double crowd = static_cast<double>(in_flight_after) / sample.in_flight;
      scaled.push_back(sample.seconds * std::max(1.0, crowd));
    }
    token_s = percentile_90(std::move(scaled));
  }
  const double prompt_token_s =
      prompt_token_s_.empty() ? kGuessPromptTokenS : percentile_90(prompt_token_s_);
  const double one = prompt_tokens * prompt_token_s + max_tokens * token_s;
  return std::max(percentile_90(queued_s_), prompt_tokens_ahead * prompt_token_s) + steps * one;
}

}  // namespace assay
