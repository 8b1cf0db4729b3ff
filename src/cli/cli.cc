#include "cli/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cli/command.h"

namespace assay {

int report_error(const Error& error) {
  fmt::print(stderr, "{}\n", error.to_string());
  switch (error.kind) {
    case ErrorKind::usage:
      return kExitUsage;
    case ErrorKind::environment:
      return kExitEnvironment;
    case ErrorKind::interrupted:
      return kExitInterrupted;
  }
  return kExitEnvironment;
}

void print_out(std::string_view text) {
  const bool whole =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!whole && errno != EPIPE) {
    fmt::print(stderr, "the output could not be written: {}\n", std::strerror(errno));
  }
}

void finish(Session& session, const Result<int>& result) {
  session.exit_code = result ? *result : report_error(result.error());
}

int run_cli(int argc, char** argv, const std::atomic<bool>& interrupted) {
  Session session;
  session.interrupted = &interrupted;
  session.colour = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  session.live_progress = ::isatty(STDERR_FILENO) == 1;
  CLI::App app{"assay tells what a lower precision costs a model, and how sure that is.", "assay"};
  app.set_version_flag("--version", "assay " ASSAY_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  assay check plans/qwen3_32b_3h.yaml\n"
      "  assay run plans/demo.yaml --out demo-run\n"
      "  assay compare base-run candidate-run --margin 3 --gate\n"
      "Exit codes: 0 done, 1 --gate and WORSE, 2 bad usage or input, 3 environment or engine,\n"
      "4 --gate and INCONCLUSIVE or INVALID, 130 interrupted.");
  add_run(app, session);
  add_check(app, session);
  add_power(app, session);
  add_doctor(app, session);
  add_score(app, session);
  add_report(app, session);
  add_compare(app, session);
  add_summarize(app, session);
  add_explain(app, session);
  add_grade(app, session);
  add_pass1(app, session);
  add_launch(app, session);
  add_watch(app, session);
  add_pull(app, session);
  add_data(app, session);
  add_sandbox(app, session);
  add_verify_parity(app, session);
  add_completion(app, session);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e);
    return code == 0 ? kExitDone : kExitUsage;
  }
  return session.exit_code;
}

}  // namespace assay
