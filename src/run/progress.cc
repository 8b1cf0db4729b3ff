#include "run/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/tell.h"
#include "base/terminal.h"
#include "base/text.h"

namespace assay {

namespace {

constexpr std::size_t kLongestNameCells = 24;
constexpr std::size_t kLongestEngineWords = 80;
constexpr std::size_t kFewestEngineWords = 12;  // fewer say nothing

// Of the line; those with the highest number are left out first.
struct Part {
  std::string text;
  int rank = 0;
};

std::size_t width_of(const std::vector<Part>& parts) {
  std::size_t width = 0;
  for (const Part& part : parts) width += cells_of(part.text) + (width > 0 ? 2 : 0);
  return width;
}

// 1.0s, 59.0s: the seconds of a line that is drawn anew all the time need no tenths.
std::string rough_duration(double seconds) {
  const double whole = std::max(0.0, std::round(seconds));
  return whole < 60 ? fmt::format("{:.0f}s", whole) : human_duration(whole);
}

Text name_part(const ProgressState& state, const RunOutlook& run) {
  const std::string name = cut_to(state.variant, kLongestNameCells);
  if (run.turns <= 1) return name;
  return bilingual("{} ({} of {})", "{}（{}/{}）", name, run.turn, run.turns);
}

Text doing_words(Doing doing) {
  switch (doing) {
    case Doing::answers:
      break;
    case Doing::fetches:
      return {"fetching", "正在下载"};
    case Doing::starts:
      return {"starting", "正在启动"};
    case Doing::reads_prompts:
      return {"reads prompts", "读取提示词"};
    case Doing::loads:
      return {"loading", "正在加载"};
    case Doing::canary:
      return {"canary", "金丝雀检查"};
    case Doing::reads_back:
      return {"reads outputs back", "回读输出"};
  }
  return {};
}

// "1.2 of 16 GiB" of what is fetched; no part where the hub did not say how much it is.
Text fetched_part(const ProgressState& state) {
  const std::string done = human_bytes(static_cast<double>(state.fetched_bytes));
  if (state.to_fetch_bytes == 0) return {};
  return bilingual("{} of {}", "{}，共 {}", done,
                   human_bytes(static_cast<double>(state.to_fetch_bytes)));
}

// Of all items of the run, in per cent; no part where this is the only variant.
Text run_part(const ProgressState& state, const RunOutlook& run) {
  const double items = run.items + state.items_total;
  if (run.items <= 0 || state.items_total <= 0) return "";
  return bilingual("run {:.0f} %", "全部 {:.0f} %",
                   std::floor(100 * (run.items_done + state.items_done) / items));
}

std::vector<Part> parts_of(const ProgressState& state, const RunOutlook& run, const TimeLeft& left,
                           Language language) {
  std::vector<Part> parts;
  const auto add = [&](const Text& text, int rank) {
    if (!text.empty()) parts.push_back({text.in(language), rank});
  };
  const bool answers = state.doing == Doing::answers;
  add(name_part(state, run), 0);
  if (answers) {
    add(bilingual("{}/{} items", "{}/{} 题", state.items_done, state.items_total), 1);
  } else {
    add(bilingual("{} {}", "{} {}", doing_words(state.doing), rough_duration(state.doing_s)), 1);
  }
  if (state.doing == Doing::fetches) add(fetched_part(state), 1);
  add(run_part(state, run), 4);
  if (left.s >= 0) {
    const Text how = left.at_most ? Text{"at most", "最多剩"} : Text{"about", "约剩"};
    add(bilingual("{} {} left", "{} {}", how, rough_duration(left.s)), 2);
  }
  if (answers) {
    add(bilingual("{} in flight", "{} 条在答", state.in_flight), 5);
    if (state.being_graded > 0) {
      add(bilingual("{} being graded", "{} 条在评分", state.being_graded), 3);
    }
    if (state.next_look_pairs) {
      add(bilingual("next look at {} pairs", "下次检验在 {} 对", *state.next_look_pairs), 8);
    }
    if (state.tokens_per_s > 0) {
      add(bilingual("{:.0f} tok/s", "{:.0f} token/秒", state.tokens_per_s), 6);
    }
  }
  if (state.share_left_s >= 0 && run.turns != 1) {
    const std::string ends_in = rough_duration(state.share_left_s);
    add(bilingual("its time ends in {}", "本变体的时间还有 {}", ends_in), 7);
  }
  return parts;
}

}  // namespace

TimeLeft run_left(const ProgressState& state, const RunOutlook& run, double item_s, double now_s) {
  const double budget_left_s = std::max(0.0, run.end_s - now_s);
  const int open = state.items_total - state.items_done;
  if (item_s <= 0) item_s = run.item_s;
  double left_s = state.left_s;
  if (left_s < 0 && (open == 0 || item_s > 0)) left_s = open * item_s;
  const bool known = left_s >= 0 && (run.later_items <= 0 || item_s > 0);
  if (!known) return std::isfinite(budget_left_s) ? TimeLeft{budget_left_s, true} : TimeLeft();
  if (state.doing == Doing::loads) left_s += std::max(0.0, run.load_s - state.doing_s);
  return {std::min(left_s + run.later_loads_s + run.later_items * item_s, budget_left_s)};
}

std::string progress_line(const ProgressState& state, const RunOutlook& run, const TimeLeft& left,
                          std::size_t columns, Language language) {
  std::vector<Part> parts = parts_of(state, run, left, language);
  while (columns > 0 && width_of(parts) > columns && parts.size() > 1) {
    parts.erase(std::ranges::max_element(parts, {}, &Part::rank));
  }
  if (columns > 0) parts[0].text = cut_to(parts[0].text, columns);
  std::string line;
  for (const Part& part : parts) line += (line.empty() ? "" : "  ") + part.text;
  if (state.doing == Doing::answers || state.engine_says.empty()) return line;
  const std::size_t used = cells_of(line) + 2;
  const std::size_t room = columns == 0      ? kLongestEngineWords
                           : columns <= used ? 0
                                             : std::min(kLongestEngineWords, columns - used);
  return room < kFewestEngineWords ? line : line + "  " + cut_to(state.engine_says, room);
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

Progress::Progress(std::FILE* out, Style style, const Clock& clock, Language language)
    : out_(out), style_(style), clock_(clock), language_(language) {}

void Progress::say(const Text& text) {
  if (style_ == Style::silent) return;
  clear();
  tell(out_, wrapped(text.in(language_), columns_of(::fileno(out_)), 2) + "\n");
}

void Progress::begin_turn(const RunOutlook& run) {
  run_ = run;
  item_s_ = 0;
}

bool Progress::due() const {
  if (style_ == Style::silent) return false;
  const double pause_s = style_ == Style::live ? 0.2 : 15.0;
  return (clock_.now() - last_).count() >= pause_s;
}

void Progress::update(const ProgressState& state) {
  if (!due()) return;
  last_ = clock_.now();
  const int open = state.items_total - state.items_done;
  if (state.left_s > 0 && open > 0) item_s_ = state.left_s / open;
  const TimeLeft left = state.doing == Doing::fetches
                            ? TimeLeft{state.left_s}
                            : run_left(state, run_, item_s_, last_.count());
  if (style_ == Style::live) {
    // One column stays free: in the last one some terminals begin another line.
    const std::size_t columns = columns_of(::fileno(out_));
    const std::string line =
        progress_line(state, run_, left, columns > 1 ? columns - 1 : columns, language_);
    tell(out_, "\r\033[K" + line);
    line_open_ = true;
  } else {
    std::string line = progress_line(state, run_, left, /*columns=*/0, language_);
    if (line == shown_) return;  // nothing has moved: a log need not say it twice
    tell(out_, line + "\n");
    shown_ = std::move(line);
  }
}

void Progress::clear() {
  if (!line_open_) return;
  tell(out_, "\r\033[K");
  line_open_ = false;
}

}  // namespace assay
