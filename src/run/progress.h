// What a person sees while a run goes on: one live line on a terminal, plain lines elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <limits>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/language.h"

namespace assay {

// What goes on where no items are answered.
enum class Doing { answers, fetches, starts, reads_prompts, loads, canary, reads_back };

// One variant's turn, as it stands.
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
  Doing doing = Doing::answers;
  double doing_s = 0;            // for so long, where it is another
  std::string engine_says = "";  // its own last words on it
  // Doing::fetches: of the hub's files, those that were there before not counted.
  std::uint64_t fetched_bytes = 0;
  std::uint64_t to_fetch_bytes = 0;
};

// The run around that turn, as it looks when the turn begins.
struct RunOutlook {
  int turn = 0;            // of the variant shown, in its round
  int turns = 0;           // 0: no variant's turn is shown
  double load_s = 0;       // that this turn's load is expected to take
  double item_s = 0;       // that an item of this turn takes, by earlier loads; 0: not known
  double later_items = 0;  // of the turns that follow, each times as much longer as it takes there
  double later_loads_s = 0;
  double items = 0;  // of the run's other variants
  double items_done = 0;
  double end_s = std::numeric_limits<double>::infinity();  // of the budget, on the clock
};

struct TimeLeft {
  double s = -1;         // -1: not known
  bool at_most = false;  // all that is known is when the budget ends
};
// Until the run has ended, no later than its budget. By this turn's own pace where it is measured,
// else by that of earlier loads, so that a run that goes on knows at once. `item_s`: of this turn
// as last measured; 0: not yet.
[[nodiscard]] TimeLeft run_left(const ProgressState& state, const RunOutlook& run, double item_s,
                                double now_s);

// The line in at most so many columns; 0: all of it. What matters less is left out where it does
// not fit, never cut, but for a long name and the engine's words:
// "fp8 (2 of 3)  12/34 items  run 45 %  about 1m 05s left  8 in flight  3 being graded  210 tok/s
// its time ends in 40m". `left`: of the run; where something is fetched, until it is there.
[[nodiscard]] std::string progress_line(const ProgressState& state, const RunOutlook& run,
                                        const TimeLeft& left, std::size_t columns,
                                        Language language = Language::en);

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
  Progress(std::FILE* out, Style style, const Clock& clock, Language language = Language::en);
  // A sentence of its own line: "bf16: loading", "bf16: done, 42 items in 1m 02s".
  void say(const Text& text);
  void say(const std::string& english) = delete;  // it would stay English in a Chinese run
  void say(const char* english) = delete;
  // Another turn is shown from now on; without an argument one that is no variant's.
  void begin_turn(const RunOutlook& run = {});
  // Whether update() would draw now: at most 5 times a second (live) or every 15 seconds (plain).
  [[nodiscard]] bool due() const;
  // Draws when due.
  void update(const ProgressState& state);
  void clear();  // ends the live line

 private:
  std::FILE* out_;
  Style style_;
  const Clock& clock_;
  Language language_;
  Seconds last_{-1000};
  bool line_open_ = false;
  RunOutlook run_;
  double item_s_ = 0;  // of this turn, as last measured
  std::string shown_;  // the last plain line
};

}  // namespace assay
