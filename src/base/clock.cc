#include "base/clock.h"

namespace assay {

Seconds SystemClock::now() const {
  return std::chrono::steady_clock::now().time_since_epoch();
}
Seconds SystemClock::wall() const {
  return std::chrono::system_clock::now().time_since_epoch();
}

}  // namespace assay
