// What a person sees while a run goes on: one live line on a terminal, plain lines elsewhere.
#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <optional>
#include <string>

#include "base/clock.h"

namespace assay {

struct ProgressState {
  std::string variant;
  int items_done = 0;
  int items_total = 0;
  int in_flight = 0;
  double tokens_per_s = 0;   // of late; 0: not known
  double left_s = -1;        // until all is answered; -1: not known
  double share_left_s = -1;  // of the budget, until this variant's time ends; -1: no budget
  int being_graded = 0;      // answered, and not scored yet
  std::optional<std::int64_t> next_look_pairs = std::nullopt;  // until: decided
};

// "bf16  12/34 items  8 in flight  3 being graded  210 tok/s  about 1m 05s left
// (its time ends in 40m)", in one line.
[[nodiscard]] std::string progress_line(const ProgressState& state);

// Output tokens a second over the last 20 seconds, from a number that grows.
class RecentRate {
 public:
  // Times never go back. A number that has become smaller begins anew.
  void add(double at_s, std::int64_t tokens);
  // 0 before a second has passed.
  [[nodiscard]] double per_s() const;

 private:
  struct Sample {
    double at_s = 0;
    std::int64_t tokens = 0;
  };
  std::deque<Sample> samples_;
};

// What is asked and not answered, and what was answered, by one engine.
struct WorkLeft {
  std::int64_t answers_left = 0;
  std::int64_t most_tokens_left = 0;  // of these, where each uses all that it may
  std::int64_t answers = 0;
  std::int64_t tokens = 0;      // of these
  std::int64_t unfinished = 0;  // tokens of the answers on the way
};
// Seconds that it takes at this rate; -1: not known. An answer on the way has as many tokens to
// come as one that was never begun: so the mean length is all tokens over the answers that have
// ended, which long answers that run still do not make too short. It is never more than they may
// have.
[[nodiscard]] double time_left_s(const WorkLeft& work, double tokens_per_s);

class Progress {
 public:
  enum class Style { live, plain, silent };
  Progress(std::FILE* out, Style style, const Clock& clock);
  // A sentence of its own line: "bf16: loading", "bf16: done, 42 items in 1m 02s".
  void say(const std::string& text);
  // Whether update() would draw now: at most 5 times a second (live) or every 15 seconds (plain).
  [[nodiscard]] bool due() const;
  // Draws when due.
  void update(const ProgressState& state);
  void clear();  // ends the live line

 private:
  std::FILE* out_;
  Style style_;
  const Clock& clock_;
  Seconds last_{-1000};
  bool line_open_ = false;
};

}  // namespace assay
