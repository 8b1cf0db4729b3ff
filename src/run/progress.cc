#include "run/progress.h"

#include <fmt/format.h>

#include "base/text.h"

namespace assay {

std::string progress_line(const ProgressState& state) {
  const double elapsed = state.elapsed_s > 0 ? state.elapsed_s : 1e-9;
  std::string line = fmt::format("{}  {}/{} items  {} in flight", state.variant, state.items_done,
                                 state.items_total, state.in_flight);
  if (state.being_graded > 0) line += fmt::format("  {} being graded", state.being_graded);
  if (state.next_look_pairs) line += fmt::format("  next look at {} pairs", *state.next_look_pairs);
  if (state.generated_tokens > 0) {
    line += fmt::format("  {:.0f} tok/s", static_cast<double>(state.generated_tokens) / elapsed);
  }
  if (state.items_done > 0 && state.items_done < state.items_total) {
    const double left =
        elapsed / state.items_done * static_cast<double>(state.items_total - state.items_done);
    line += "  about " + human_duration(left) + " left";
  }
  if (state.budget_left_s >= 0) line += "  (budget " + human_duration(state.budget_left_s) + ")";
  return line;
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
