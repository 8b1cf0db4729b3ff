#include "base/result.h"

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace assay {

std::string Error::to_string() const {
  std::string out = "error: " + what;
  if (!why.empty()) out += "\n  why: " + why;
  if (!fix.empty()) out += "\n  do:  " + fix;
  return sanitize_utf8(out);
}

std::unexpected<Error> usage_error(std::string what, std::string why, std::string fix) {
  return std::unexpected(Error{ErrorKind::usage, std::move(what), std::move(why), std::move(fix)});
}

std::unexpected<Error> environment_error(std::string what, std::string why, std::string fix) {
  return std::unexpected(
      Error{ErrorKind::environment, std::move(what), std::move(why), std::move(fix)});
}

std::unexpected<Error> errno_error(std::string what, std::string fix) {
  return environment_error(std::move(what), std::strerror(errno), std::move(fix));
}

}  // namespace assay
