#include "base/stale_files.h"

#include <signal.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <string>

namespace assay {
namespace fs = std::filesystem;
namespace {

// The process a name like ".results.json.1234" speaks of; 0: it is no such name.
int process_of(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (!name.starts_with(".") || dot == 0 || dot == std::string::npos) return 0;
  const std::string digits = name.substr(dot + 1);
  int pid = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  const bool has_extension = name.find('.', 1) < dot;
  return whole && has_extension && pid > 0 ? pid : 0;
}

bool is_gone(int pid) {
  return ::kill(pid, 0) != 0 && errno == ESRCH;
}

}  // namespace

void remove_stale_temporaries(const fs::path& folder) {
  std::error_code code;
  const auto hour_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    const int pid = process_of(it->path().filename().string());
    std::error_code ignored;
    if (pid == 0 || !it->is_regular_file(ignored)) continue;
    const auto written = it->last_write_time(ignored);
    if (is_gone(pid) || (!ignored && written < hour_ago)) fs::remove(it->path(), ignored);
  }
}

}  // namespace assay
