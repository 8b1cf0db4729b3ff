#include "cli/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/tell.h"
#include "base/terminal.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/completion_values.h"
#include "cli/help_zh.h"

namespace assay {

void print_beside(const std::string& lines) {
  constexpr std::size_t kIndent = 7;  // what goes on stands below its words
  for (const std::string& line : split(lines, '\n')) {
    tell(stderr, wrapped(line, columns_of(STDERR_FILENO), kIndent) + "\n");
  }
}

int report_error(const Error& error, Language language) {
  print_beside(error.to_string(language));
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

void print_out(const Session& session, const Text& text) {
  print_out(text.in(session.language));
}

void print_note(const Session& session, const Text& text) {
  print_beside(bilingual("note: {}", "注意：{}", text).in(session.language_beside));
}

const std::atomic<bool>* Session::listen() const {
  if (signals == nullptr) return nullptr;
  signals->heard = true;
  return &signals->came;
}

Status Session::stop_listening() const {
  if (signals == nullptr) return {};
  signals->heard = false;
  if (signals->came) return std::unexpected(interrupted_error());
  return {};
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

int parse_and_run(CLI::App& app, Session& session, const std::vector<std::string>& words) {
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() != 0) {
      return report_error(command_line_error(app, e, words), session.language_beside);
    }
    app.exit(e);  // prints the help that was asked for
    return kExitDone;
  } catch (const std::exception& e) {
    // What is printed throws when it cannot be written: run_cli looks at that. All else is a fault
    // of this program or of the machine, which must not end in abort.
    if (std::ferror(stdout) != 0) return session.exit_code;
    const Error error = make_error(
        ErrorKind::environment, {"assay cannot go on", "assay 无法继续"}, e.what(),
        {"check memory, disk and the paths given; if they are sound, report it with the command "
         "line",
         "检查内存、磁盘和给出的路径；都没有问题时，请连同命令行一起报告"});
    return report_error(error, session.language_beside);
  }
  return session.exit_code;
}

// LANG chooses what a terminal shows, never what goes to a file or a program.
Language language_of_terminal(int descriptor) {
  if (::isatty(descriptor) != 1) return Language::en;
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return std::string_view(value).starts_with("zh") ? Language::zh : Language::en;
  }
  return Language::en;
}

// Takes --lang out of the words: help is made in that language before they are parsed. `report` has
// an option of that name, for its files, and keeps it.
Result<std::optional<Language>> take_language(std::vector<std::string>& words) {
  constexpr std::string_view kOption = "--lang";
  const auto at = std::ranges::find_if(words, [&](const std::string& word) {
    return word == kOption || word.starts_with(std::string(kOption) + "=");
  });
  if (at == words.end()) return std::nullopt;
  const bool apart = *at == kOption;
  if (apart && at + 1 == words.end()) {
    return usage_error({"--lang has no value", "--lang 没有给值"},
                       {"it is the language of what is shown", "它是显示内容的语言"},
                       {"write --lang en or --lang zh", "写 --lang en 或 --lang zh"});
  }
  const std::string value = apart ? *(at + 1) : at->substr(kOption.size() + 1);
  if (value != "en" && value != "zh") {
    return usage_error(
        bilingual("--lang cannot be '{}'", "--lang 不能是 '{}'", one_line(value, 60)),
        {"it is one of: en, zh", "只能是：en、zh"},
        {"write --lang en or --lang zh", "写 --lang en 或 --lang zh"});
  }
  if (words.front() != "report") words.erase(at, at + (apart ? 2 : 1));
  return value == "zh" ? Language::zh : Language::en;
}

// The command line after the program's name; "help data" is "data --help".
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + std::max(argc, 1));
  if (words.empty() || words.front() != "help") return words;
  words.erase(words.begin());
  words.emplace_back("--help");
  return words;
}

}  // namespace

void finish(Session& session, const Result<int>& result) {
  session.exit_code = result ? *result : report_error(result.error(), session.language_beside);
}

std::unique_ptr<CLI::App> command_line(Session& session) {
  auto made = std::make_unique<CLI::App>(
      "assay tells what a lower precision costs a model, and how sure that is.", "assay");
  CLI::App& app = *made;
  app.set_version_flag("--version", "assay " ASSAY_VERSION);
  app.add_option("--lang", "Language of what is shown: en or zh (default: LANG's, on a terminal)");
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  assay check plans/qwen3_32b_3h.yaml\n"
      "  assay run plans/demo.yaml --out demo-run\n"
      "  assay compare base-run candidate-run --margin 3 --gate\n"
      "Exit codes: 0 done, 1 --gate and WORSE, 2 bad usage or input, 3 environment or engine,\n"
      "4 --gate and INCONCLUSIVE or INVALID, 130 interrupted.");
  add_init(app, session);
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
  add_history(app, session);
  add_explain(app, session);
  add_grade(app, session);
  add_pass1(app, session);
  add_launch(app, session);
  add_watch(app, session);
  add_stop(app, session);
  add_pull(app, session);
  add_data(app, session);
  add_schema(app, session);
  add_sandbox(app, session);
  add_verify_parity(app, session);
  add_completion(app, session);
  return made;
}

int run_cli(int argc, char** argv, Signals& signals) {
  if (argc > 1 && kCompleteWords == argv[1]) {
    Session unused;
    return print_completions(*command_line(unused), {argv + 2, argv + argc});
  }
  std::vector<std::string> words = words_of(argc, argv);
  const auto language = take_language(words);
  if (!language) {
    return report_error(language.error(), language_of_terminal(STDERR_FILENO));
  }
  Session session;
  session.signals = &signals;
  session.language = language->value_or(language_of_terminal(STDOUT_FILENO));
  session.language_beside = language->value_or(language_of_terminal(STDERR_FILENO));
  session.colour = takes_colour(STDOUT_FILENO);
  session.columns = columns_of(STDOUT_FILENO);
  session.live_progress = draws_over(STDERR_FILENO);
  const auto app = command_line(session);
  if (session.language == Language::zh) translate_help(*app);
  const int code = parse_and_run(*app, session, words);
  if (!output_is_lost()) return code;
  const Error unwritten =
      make_error(ErrorKind::environment, {"the output could not be written", "输出无法写出"},
                 {"standard output is closed or its disk is full", "标准输出已关闭，或磁盘已满"},
                 {"free some space, or send the output elsewhere", "腾出空间，或把输出送到别处"});
  const int lost = report_error(unwritten, session.language_beside);
  return code == kExitDone ? lost : code;
}

}  // namespace assay
