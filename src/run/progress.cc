#include "run/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace assay {

std::string progress_line(const ProgressState& state) {
  std::string line = fmt::format("{}  {}/{} items  {} in flight", state.variant, state.items_done,
                                 state.items_total, state.in_flight);
  if (state.being_graded > 0) line += fmt::format("  {} being graded", state.being_graded);
  if (state.next_look_pairs) line += fmt::format("  next look at {} pairs", *state.next_look_pairs);
  if (state.tokens_per_s > 0) line += fmt::format("  {:.0f} tok/s", state.tokens_per_s);
  if (state.left_s >= 0) line += "  about " + human_duration(state.left_s) + " left";
  if (state.share_left_s >= 0) {
    line += "  (its time ends in " + human_duration(state.share_left_s) + ")";
  }
  return line;
}

void RecentRate::add(double at_s, std::int64_t tokens) {
  constexpr double kWindowS = 20;
  if (!samples_.empty() && tokens < samples_.back().tokens) samples_.clear();
  samples_.push_back({at_s, tokens});
  while (samples_.size() > 2 && samples_[1].at_s <= at_s - kWindowS) samples_.pop_front();
}

double RecentRate::per_s() const {
  if (samples_.empty()) return 0;
  const double seconds = samples_.back().at_s - samples_.front().at_s;
  if (seconds < 1) return 0;
  return static_cast<double>(samples_.back().tokens - samples_.front().tokens) / seconds;
}

double time_left_s(const WorkLeft& work, double tokens_per_s) {
  if (tokens_per_s <= 0) return -1;
  auto most = static_cast<double>(work.most_tokens_left - work.unfinished);
  if (work.answers > 0) {
    const double mean =
        static_cast<double>(work.tokens + work.unfinished) / static_cast<double>(work.answers);
    most = std::min(most, mean * static_cast<double>(work.answers_left));
  }
  return std::max(0.0, most) / tokens_per_s;
}

Progress::Progress(std::FILE* out, Style style, const Clock& clock)
    : out_(out), style_(style), clock_(clock) {}

void Progress::say(const std::string& text) {
  if (style_ == Style::silent) return;
  clear();
  fmt::print(out_, "{}\n", text);
  std::fflush(out_);
}

bool Progress::due() const {
  if (style_ == Style::silent) return false;
  const double pause_s = style_ == Style::live ? 0.2 : 15.0;
  return (clock_.now() - last_).count() >= pause_s;
}

void Progress::update(const ProgressState& state) {
  if (!due()) return;
  last_ = clock_.now();
  if (style_ == Style::live) {
    fmt::print(out_, "\r\033[K{}", progress_line(state));
    line_open_ = true;
  } else {
    fmt::print(out_, "{}\n", progress_line(state));
  }
  std::fflush(out_);
}

void Progress::clear() {
  if (!line_open_) return;
  fmt::print(out_, "\r\033[K");
  line_open_ = false;
}

}  // namespace assay
