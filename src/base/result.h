// Result<T>: a value or an Error that says what happened, why, and what to do about it.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/text_in_languages.h"

namespace assay {

// Decides the exit code of the program (docs/exit_codes.md).
enum class ErrorKind {
  usage,        // bad command line, plan or input file: exit code 2
  environment,  // machine, engine, disk or network failed: exit code 3
  interrupted,  // the user stopped us: exit code 130
};

struct Error {
  ErrorKind kind = ErrorKind::environment;
  std::string what;  // one line: what happened
  std::string why;   // one line: why, with the system's or the library's own words
  std::string fix;   // one line: what to do

  // The same for whoever reads Chinese. An empty part stays as it is in English: the system's own
  // words, and what nobody has translated. Logs and files for programs hold the parts above alone.
  struct Chinese {
    std::string what;
    std::string why;
    std::string fix;
  };
  Chinese zh = {};

  // What failed is one part's own fault (a variant's engine, say): the other parts can go on.
  bool others_can_go_on = false;

  [[nodiscard]] Text what_text() const;
  [[nodiscard]] Text why_text() const;
  [[nodiscard]] Text fix_text() const;
  void set_what(Text text);
  void set_fix(Text text);

  // Three lines, "error: …", "why: …", "do: …"; empty parts are left out. Always
  // valid UTF-8.
  [[nodiscard]] std::string to_string(Language language = Language::en) const;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

// A part given as one string is the same in both languages.
[[nodiscard]] Error make_error(ErrorKind kind, Text what, Text why, Text fix);
[[nodiscard]] std::unexpected<Error> usage_error(Text what, Text why, Text fix);
[[nodiscard]] std::unexpected<Error> environment_error(Text what, Text why, Text fix);
// What the system calls an errno: "No such file or directory".
[[nodiscard]] Text system_words(int number);
// "what: strerror(errno)" as an environment error; call it right after the failed system call.
[[nodiscard]] std::unexpected<Error> errno_error(Text what, Text fix);

namespace internal {
template <typename T>
auto take(Result<T>&& r) -> T {
  return *std::move(r);
}
inline void take(Status&&) {}
}  // namespace internal

}  // namespace assay

// auto x = TRY(may_fail());  returns the error to the caller, or yields the value.
#define TRY(...) ASSAY_TRY_NAMED(ASSAY_TRY_NAME(__COUNTER__), __VA_ARGS__)
#define ASSAY_TRY_NAME(n) ASSAY_TRY_JOIN(assay_try_, n)
#define ASSAY_TRY_JOIN(a, b) a##b
#define ASSAY_TRY_NAMED(name, ...)                     \
  __extension__({                                      \
    auto name = (__VA_ARGS__);                         \
    if (!name) [[unlikely]]                            \
      return std::unexpected(std::move(name).error()); \
    ::assay::internal::take(std::move(name));          \
  })
