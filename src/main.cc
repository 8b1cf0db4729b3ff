// Composition root. assay is its command line; started as the guardian it watches over a worker.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

#include "base/deadline.h"
#include "cli/cli.h"
#include "cli/signals.h"
#include "engine/guardian.h"

namespace {

assay::Signals signals;
static_assert(std::atomic<bool>::is_always_lock_free);

// A command that listens ends well within it. On a starved machine its end may take longer, or it
// may have come to a part that does not look: what is committed is safe either way.
constexpr unsigned kGraceS = 3;

// Made by main(), as a handler may make nothing; never destroyed, as a signal may come at the very
// end.
const std::string& words_of_end() {
  static const auto* const words = new std::string(assay::interrupted_error().to_string() + "\n");
  return *words;
}

[[noreturn]] void end_now(int) {
  if (::isatty(STDERR_FILENO) == 1) (void)!::write(STDERR_FILENO, "\n", 1);  // behind "^C"
  const std::string& words = words_of_end();
  (void)!::write(STDERR_FILENO, words.data(), words.size());
  std::_Exit(130);
}

void on_signal(int number) {
  if (signals.came.exchange(true)) std::_Exit(130);  // asked twice: at once
  if (!signals.heard) end_now(number);
  ::alarm(kGraceS);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && assay::kGuardianArgument == argv[1]) return assay::guardian_main(argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  (void)words_of_end();
  struct sigaction action{};
  action.sa_handler = on_signal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  // A terminal that is closed; under nohup it is ignored, and stays so.
  struct sigaction hangup{};
  ::sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) ::sigaction(SIGHUP, &action, nullptr);
  struct sigaction alarm{};
  alarm.sa_handler = end_now;
  ::sigaction(SIGALRM, &alarm, nullptr);
  return assay::run_cli(argc, argv, signals);
}
