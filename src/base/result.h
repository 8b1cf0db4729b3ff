// Result<T>: a value or an Error that says what happened, why, and what to do about it.
#pragma once

#include <expected>
#include <string>
#include <utility>

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

  // Three lines, "error: …", "why: …", "do: …"; empty parts are left out. Always
  // valid UTF-8.
  [[nodiscard]] std::string to_string() const;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] std::unexpected<Error> usage_error(std::string what, std::string why,
                                                 std::string fix);
[[nodiscard]] std::unexpected<Error> environment_error(std::string what, std::string why,
                                                       std::string fix);
// "what: strerror(errno)" as an environment error; call it right after the failed system call.
[[nodiscard]] std::unexpected<Error> errno_error(std::string what, std::string fix);

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
