// What a person sees while a run goes on: one live line on a terminal, plain lines elsewhere.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "base/clock.h"

namespace assay {

struct ProgressState {
  std::string variant;
  int items_done = 0;
  int items_total = 0;
  int in_flight = 0;
  std::int64_t generated_tokens = 0;
  double elapsed_s = 0;       // of this variant, since its engine was ready
  double budget_left_s = -1;  // -1: no budget
  int being_graded = 0;       // answered, and not scored yet
  std::optional<std::int64_t> next_look_pairs = std::nullopt;  // until: decided
};

// "bf16  12/34 items  8 in flight  3 being graded  210 tok/s  about 1m 05s left  (budget 2h 10m)"
[[nodiscard]] std::string progress_line(const ProgressState& state);

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
