#include "engine/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <thread>

namespace assay {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Empty when the process is gone or belongs to someone else.
std::string read_proc(pid_t pid, const char* name) {
  const UniqueFd fd(::open(fmt::format("/proc/{}/{}", pid, name).c_str(), O_RDONLY | O_CLOEXEC));
  std::string out;
  if (!fd.valid()) return out;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

// proc_pid_stat(5): "pid (name) state ppid …", the start time is field 22. The name may hold
// anything.
std::optional<ProcessInfo> read_stat(pid_t pid) {
  const std::string text = read_proc(pid, "stat");
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  ProcessInfo info;
  info.pid = pid;
  std::string_view rest = std::string_view(text).substr(name_end + 1);
  for (int field = 3; field <= 22 && !rest.empty(); ++field) {
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(' ')));
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (field == 3 && !word.empty()) info.state = word[0];
    if (field == 4) std::from_chars(word.data(), word.data() + word.size(), info.parent);
    if (field == 22) std::from_chars(word.data(), word.data() + word.size(), info.start_ticks);
    rest.remove_prefix(word.size());
  }
  return info;
}

bool has_entry(std::string_view environment, std::string_view entry) {
  while (!environment.empty()) {
    const std::string_view one = environment.substr(0, environment.find('\0'));
    if (one.starts_with(entry) && (one.size() == entry.size() || one[entry.size()] == '.')) {
      return true;
    }
    environment.remove_prefix(std::min(environment.size(), one.size() + 1));
  }
  return false;
}

std::set<pid_t> ancestors_of_self(const std::vector<ProcessInfo>& all) {
  std::map<pid_t, pid_t> parent_of;
  for (const ProcessInfo& process : all) parent_of[process.pid] = process.parent;
  std::set<pid_t> out;
  for (pid_t pid = ::getpid(); pid > 0 && out.insert(pid).second;) {
    const auto parent = parent_of.find(pid);
    pid = parent == parent_of.end() ? 0 : parent->second;
  }
  return out;
}

// The run's processes and all below them; ourselves and our ancestors left out.
std::vector<ProcessInfo> run_and_below(std::string_view token) {
  const std::vector<ProcessInfo> all = list_processes();
  const std::set<pid_t> spared = ancestors_of_self(all);
  std::map<pid_t, ProcessInfo> found;
  for (const ProcessInfo& process : with_run_token(token, all)) {
    if (spared.contains(process.pid)) continue;
    found[process.pid] = process;
    for (const ProcessInfo& below : descendants_of(process.pid, all)) {
      if (below.state != 'Z' && !spared.contains(below.pid)) found[below.pid] = below;
    }
  }
  std::vector<ProcessInfo> out;
  out.reserve(found.size());
  for (const auto& [pid, process] : found) out.push_back(process);
  return out;
}

}  // namespace

std::vector<ProcessInfo> list_processes() {
  std::vector<ProcessInfo> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), &::closedir);
  if (!folder) return out;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name(entry->d_name);
    pid_t pid = 0;
    const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (code != std::errc() || end != name.data() + name.size()) continue;
    if (const auto info = read_stat(pid)) out.push_back(*info);
  }
  return out;
}

std::vector<ProcessInfo> descendants_of(pid_t root, const std::vector<ProcessInfo>& all) {
  std::multimap<pid_t, const ProcessInfo*> children;
  for (const ProcessInfo& process : all) children.emplace(process.parent, &process);
  std::vector<ProcessInfo> out;
  std::vector<pid_t> to_visit = {root};
  std::set<pid_t> seen = {root};
  while (!to_visit.empty()) {
    const auto [first, last] = children.equal_range(to_visit.back());
    to_visit.pop_back();
    for (auto it = first; it != last; ++it) {
      if (!seen.insert(it->second->pid).second) continue;
      out.push_back(*it->second);
      to_visit.push_back(it->second->pid);
    }
  }
  return out;
}

std::vector<ProcessInfo> with_run_token(std::string_view token,
                                        const std::vector<ProcessInfo>& all) {
  std::vector<ProcessInfo> out;
  if (token.empty()) return out;
  const std::string entry = fmt::format("{}={}", kRunTokenVariable, token);
  for (const ProcessInfo& process : all) {
    if (process.state == 'Z' || process.pid == ::getpid()) continue;
    if (has_entry(read_proc(process.pid, "environ"), entry)) out.push_back(process);
  }
  return out;
}

void signal_process(const ProcessInfo& process, int signal_number) {
  const UniqueFd fd = open_pidfd(process.pid);
  const auto now = read_stat(process.pid);
  if (!now || now->start_ticks != process.start_ticks) return;
  if (!fd.valid()) {
    ::kill(process.pid, signal_number);  // an old kernel: a tiny race is left
    return;
  }
  ::syscall(SYS_pidfd_send_signal, fd.get(), signal_number, nullptr, 0);
}

std::string command_line_of(pid_t pid) {
  std::string text = read_proc(pid, "cmdline");
  std::replace(text.begin(), text.end(), '\0', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

UniqueFd open_pidfd(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));  // close-on-exec by itself
}

std::vector<pid_t> find_processes_of_run(std::string_view token) {
  const std::vector<ProcessInfo> all = list_processes();
  const std::set<pid_t> spared = ancestors_of_self(all);
  std::vector<pid_t> out;
  for (const ProcessInfo& process : with_run_token(token, all)) {
    if (!spared.contains(process.pid)) out.push_back(process.pid);
  }
  return out;
}

Result<int> kill_leftovers(std::string_view token, milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  std::set<pid_t> killed;
  while (true) {
    const std::vector<ProcessInfo> left = run_and_below(token);
    if (left.empty()) return static_cast<int>(killed.size());
    for (const ProcessInfo& process : left) {
      signal_process(process, SIGKILL);
      killed.insert(process.pid);
    }
    if (steady_clock::now() >= deadline) {
      return environment_error(
          "processes of an earlier run cannot be ended",
          fmt::format("process {} ({}) is still there after SIGKILL", left.front().pid,
                      command_line_of(left.front().pid)),
          "wait until it is gone, or restart the machine; it may hold the GPU's memory");
    }
    std::this_thread::sleep_for(milliseconds(10));
  }
}

}  // namespace assay
