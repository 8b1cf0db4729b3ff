// Composition root. assay is its command line; started as the guardian it watches over a worker.
#include <atomic>
#include <csignal>
#include <cstdlib>

#include "cli/cli.h"
#include "engine/guardian.h"

namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int) {
  if (interrupted.exchange(true)) std::_Exit(130);  // asked twice: at once
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && assay::kGuardianArgument == argv[1]) return assay::guardian_main(argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  struct sigaction action{};
  action.sa_handler = on_signal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  // A terminal that is closed; under nohup it is ignored, and stays so.
  struct sigaction hangup{};
  ::sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) ::sigaction(SIGHUP, &action, nullptr);
  return assay::run_cli(argc, argv, interrupted);
}
