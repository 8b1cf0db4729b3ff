// What SIGINT, SIGTERM and SIGHUP do to a command: shared with the handler in main.cc.
#pragma once

#include <atomic>

namespace assay {

// While a command listens, a signal sets `came`, and the command ends by itself. Before and after,
// it ends the program at once: there is nothing that SIGKILL would not leave as sound.
struct Signals {
  std::atomic<bool> came{false};
  std::atomic<bool> heard{false};  // somebody looks at `came` several times a second
};

}  // namespace assay
