// What all commands share: how they are added, how they print and end.
#pragma once

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/signals.h"
#include "report/terminal.h"

namespace assay {

// Exit codes of docs/exit_codes.md.
inline constexpr int kExitDone = 0;
inline constexpr int kExitWorse = 1;
inline constexpr int kExitDiffers = 1;  // verify-parity, score --audit
inline constexpr int kExitUsage = 2;
inline constexpr int kExitEnvironment = 3;
inline constexpr int kExitInconclusive = 4;
inline constexpr int kExitInterrupted = 130;

struct Session {
  int exit_code = kExitDone;
  Language language = Language::en;         // of tables and help, on stdout
  Language language_beside = Language::en;  // of notes and the lines of a run, on stderr
  Signals* signals = nullptr;               // nullptr: none are looked at
  bool colour = false;                      // stdout is a terminal that takes colours
  std::size_t columns = 0;                  // of that terminal; 0: it is none
  bool live_progress = false;               // stderr is a terminal to draw on

  // The flag that a signal sets, for whoever looks at it several times a second from now on.
  [[nodiscard]] const std::atomic<bool>* listen() const;
  // From now on a signal ends the program at once. Error (interrupted): one has come before.
  [[nodiscard]] Status stop_listening() const;

  [[nodiscard]] ScreenStyle style() const { return {colour, columns, language}; }
};

// The program's command line with all its commands, which work on this session.
[[nodiscard]] std::unique_ptr<CLI::App> command_line(Session& session);

// Prints the error on stderr, as wide as a terminal there is, and gives its exit code.
[[nodiscard]] int report_error(const Error& error, Language language);

// Writes to stdout. A reader that has gone away (`| head`) has what it wanted: that is no error.
void print_out(std::string_view text);
// The same in the session's language.
void print_out(const Session& session, const Text& text);

// Prints the lines on stderr, broken where a terminal is too narrow for them.
void print_beside(const std::string& lines);

// Something that may not be meant, on stderr: "note: …".
void print_note(const Session& session, const Text& text);

// Runs a command's body and records how it ended.
void finish(Session& session, const Result<int>& result);

// Each adds one command to the program; the file of the same name holds it.
void add_init(CLI::App& app, Session& session);
void add_run(CLI::App& app, Session& session);
void add_check(CLI::App& app, Session& session);
void add_power(CLI::App& app, Session& session);
void add_doctor(CLI::App& app, Session& session);
void add_score(CLI::App& app, Session& session);
void add_merge(CLI::App& app, Session& session);
void add_status(CLI::App& app, Session& session);
void add_cancel(CLI::App& app, Session& session);
void add_report(CLI::App& app, Session& session);
void add_compare(CLI::App& app, Session& session);
void add_summarize(CLI::App& app, Session& session);
void add_history(CLI::App& app, Session& session);
void add_explain(CLI::App& app, Session& session);
void add_grade(CLI::App& app, Session& session);
void add_pass1(CLI::App& app, Session& session);
void add_pull(CLI::App& app, Session& session);
void add_launch(CLI::App& app, Session& session);
void add_watch(CLI::App& app, Session& session);
void add_stop(CLI::App& app, Session& session);
void add_data(CLI::App& app, Session& session);
void add_schema(CLI::App& app, Session& session);
void add_sandbox(CLI::App& app, Session& session);
void add_verify_parity(CLI::App& app, Session& session);
void add_completion(CLI::App& app, Session& session);

}  // namespace assay
