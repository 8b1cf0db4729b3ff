// Time as an interface, so that budgets and deadlines can be tested without waiting.
#pragma once

#include <chrono>

namespace assay {

using Seconds = std::chrono::duration<double>;

class Clock {
 public:
  virtual ~Clock() = default;
  // Seconds since an arbitrary start; never goes back.
  [[nodiscard]] virtual Seconds now() const = 0;
  // Seconds since 1970-01-01 UTC.
  [[nodiscard]] virtual Seconds wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Seconds now() const override;
  [[nodiscard]] Seconds wall() const override;
};

// For tests: the time changes only when the test says so.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] Seconds now() const override { return now_; }
  [[nodiscard]] Seconds wall() const override { return now_; }
  void advance(Seconds by) { now_ += by; }

 private:
  Seconds now_{0};
};

}  // namespace assay
