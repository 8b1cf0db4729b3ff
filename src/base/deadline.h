// Until when somebody waits, as a value that is handed down: to an engine's start, a download, a
// graded program. It ends the wait by the clock, or earlier by the flag that a signal sets.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

#include "base/result.h"

namespace assay {

class Deadline {
 public:
  using Steady = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;

  Deadline() = default;  // never
  // So many seconds from now on; at once where they are not positive, never where they are infinite
  // or more than a year.
  [[nodiscard]] static Deadline in(Seconds time) { return Deadline().at_most(time); }

  // This one, or so many seconds from now on: whichever comes first.
  [[nodiscard]] Deadline at_most(Seconds limit) const {
    Deadline out = *this;
    if (limit < kLongest) {
      out.at_ = std::min(at_, Steady::now() + std::chrono::duration_cast<Steady::duration>(
                                                  std::max(limit, Seconds(0))));
    }
    return out;
  }
  // This one, and over as soon as the flag is set. `stop` outlives every copy; nullptr: no flag.
  [[nodiscard]] Deadline or_stop(const std::atomic<bool>* stop) const {
    Deadline out = *this;
    out.stop_ = stop;
    return out;
  }

  // Its flag without its time: for what is worth a moment even when time is over.
  [[nodiscard]] Deadline flag_alone() const { return Deadline().or_stop(stop_); }
  [[nodiscard]] const std::atomic<bool>* flag() const { return stop_; }
  [[nodiscard]] Steady::time_point at() const { return at_; }

  [[nodiscard]] bool stopped() const { return stop_ != nullptr && *stop_; }
  [[nodiscard]] bool passed() const { return Steady::now() >= at_; }
  [[nodiscard]] bool over() const { return stopped() || passed(); }
  // Until it has passed, in whole milliseconds rounded up; at most `slice`, so that whoever sleeps
  // looks at the flag that often.
  [[nodiscard]] std::chrono::milliseconds left(
      std::chrono::milliseconds slice = std::chrono::milliseconds(200)) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - Steady::now());
    return std::clamp(left, std::chrono::milliseconds(0), slice);
  }

 private:
  static constexpr Seconds kLongest{365.0 * 24 * 3600};

  Steady::time_point at_ = Steady::time_point::max();
  const std::atomic<bool>* stop_ = nullptr;
};

// What a wait ends with when the flag was set.
[[nodiscard]] inline Error interrupted_error() {
  return make_error(ErrorKind::interrupted, {"interrupted", "已中断"},
                    {"a signal came", "收到了信号"},
                    {"start the same command again to go on", "再执行同一条命令会继续"});
}

}  // namespace assay
