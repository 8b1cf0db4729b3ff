#include "cli/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

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
  (void)std::fwrite(text.data(), 1, text.size(), stdout);
  (void)std::fflush(stdout);
}

namespace {

// Whether something that was printed is lost. A reader that has gone away (`| head`) had what it
// wanted.
bool output_is_lost() {
  const bool failed = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
  struct stat info{};
  const bool piped =
      ::fstat(STDOUT_FILENO, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
  return failed && !piped;
}

int parse_and_run(CLI::App& app, Session& session, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e);
    return code == 0 ? kExitDone : kExitUsage;
  } catch (const std::exception& e) {
    // What is printed throws when it cannot be written: run_cli looks at that. All else is a fault
    // of this program or of the machine, which must not end in abort.
    if (std::ferror(stdout) != 0) return session.exit_code;
    return report_error(Error{ErrorKind::environment, "assay cannot go on", e.what(),
                              "check memory, disk and the paths given; if they are sound, report "
                              "it with the command line"});
  }
  return session.exit_code;
}

}  // namespace

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
  add_merge(app, session);
  add_status(app, session);
  add_cancel(app, session);
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
  const int code = parse_and_run(app, session, argc, argv);
  if (!output_is_lost()) return code;
  const int lost = report_error(Error{ErrorKind::environment, "the output could not be written",
                                      "standard output is closed or its disk is full",
                                      "free some space, or send the output elsewhere"});
  return code == kExitDone ? lost : code;
}

}  // namespace assay
