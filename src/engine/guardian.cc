#include "engine/guardian.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "base/result.h"
#include "base/secrets.h"
#include "base/subprocess.h"
#include "engine/bounded_log.h"
#include "engine/frames.h"
#include "engine/pid_namespace.h"
#include "engine/process_tree.h"

namespace assay {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long Python's resource tracker is spared: it removes the shared memory of the processes that
// were killed, and ends by itself. On a busy machine that takes it more than a moment.
constexpr milliseconds kTrackerGrace{2000};

Result<int> number_argument(std::string_view text) {
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) {
    return usage_error("the guardian cannot start", fmt::format("'{}' is no number", text), "");
  }
  return value;
}

Result<GuardianOptions> parse_arguments(const std::vector<std::string_view>& words) {
  GuardianOptions options;
  int grace_ms = 0;
  const std::map<std::string_view, int*> numbers = {{"--alive-fd", &options.alive_fd},
                                                    {"--worker-in-fd", &options.worker_in_fd},
                                                    {"--worker-out-fd", &options.worker_out_fd},
                                                    {"--parent-pid", &options.parent_pid},
                                                    {"--grace-ms", &grace_ms}};
  std::size_t i = 0;
  for (; i + 1 < words.size() && words[i] != "--"; i += 2) {
    const auto number = numbers.find(words[i]);
    if (number == numbers.end()) {
      return usage_error("the guardian cannot start",
                         fmt::format("unknown argument '{}'", words[i]), "");
    }
    *number->second = TRY(number_argument(words[i + 1]));
  }
  for (++i; i < words.size(); ++i) options.command.emplace_back(words[i]);
  options.grace = milliseconds(grace_ms);
  if (options.command.empty() || options.alive_fd < 0) {
    return usage_error("the guardian cannot start", "no command or no --alive-fd",
                       "it is started by assay itself, never by hand");
  }
  return options;
}

int report_failure(const Error& error) {
  std::fputs((error.to_string() + "\n").c_str(), stderr);
  return kGuardianFailed;
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The tree's output on its way to the log, without the secrets that the engine knows. It lies here
// and not in assay, because the last words of the tree are wanted when assay is gone.
class Output {
 public:
  Status open() {
    pipe_ = TRY(make_pipe());
    return set_nonblocking(pipe_.read_end.get());
  }
  [[nodiscard]] int read_fd() const { return pipe_.read_end.get(); }
  [[nodiscard]] int write_fd() const { return pipe_.write_end.get(); }
  void close_write_end() { pipe_.write_end.reset(); }

  // Passes on what is there, but no more than 4 MiB: who prints without end must not keep the
  // guardian from its work. Once every writer is gone the pipe is closed, and so polled no more.
  void pass_on() {
    std::array<char, 1 << 16> buffer{};
    for (int pieces = 0; pipe_.read_end.valid() && pieces < 64; ++pieces) {
      const ssize_t n = ::read(pipe_.read_end.get(), buffer.data(), buffer.size());
      if (n > 0) {
        write_log(filter_.feed({buffer.data(), static_cast<std::size_t>(n)}));
      } else if (n < 0 && errno == EINTR) {
        continue;
      } else {
        if (n == 0) pipe_.read_end.reset();
        return;
      }
    }
  }

  void finish() {
    pass_on();
    write_log(filter_.finish());
  }

 private:
  // A full disk loses lines of the log, never the run.
  static void write_log(std::string_view text) {
    shorten_log(STDOUT_FILENO, text.size());
    while (!text.empty()) {
      const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  Pipe pipe_;
  SecretFilter filter_{secret_values()};
};

class Guardian {
 public:
  // `parent` becomes readable when assay is gone; it may be invalid.
  Guardian(GuardianOptions options, UniqueFd parent)
      : options_(std::move(options)), parent_(std::move(parent)) {
    const char* token = std::getenv(std::string(kRunTokenVariable).c_str());
    if (token != nullptr) token_ = token;
  }

  [[nodiscard]] Result<int> run() {
    TRY(prepare());
    TRY(start_worker());
    const bool worker_ended = watch();
    end_tree(worker_ended ? milliseconds(0) : options_.grace);
    output_.finish();
    return worker_status_ ? exit_code_of(*worker_status_) : 128 + SIGKILL;
  }

 private:
  Status prepare() {
    // Orphans below us become our children, so that nothing leaves the tree.
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
      return errno_error("the guardian cannot adopt orphans",
                         "a Linux kernel of 3.4 or later is needed");
    }
    sigset_t held;
    ::sigemptyset(&held);
    for (int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGPIPE}) ::sigaddset(&held, number);
    ::sigprocmask(SIG_BLOCK, &held, nullptr);
    signals_ = UniqueFd(::signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_.valid()) return errno_error("the guardian cannot watch signals", "");
    close_other_fds();
    TRY(output_.open());
    for (int fd : {options_.alive_fd, options_.worker_in_fd, options_.worker_out_fd}) {
      ::fcntl(fd, F_SETFD, FD_CLOEXEC);  // the worker gets its own numbers for two of them
    }
    return {};
  }

  // Nothing that assay had open may live on in this tree (a lock on the store, say).
  void close_other_fds() const {
    const std::set<int> kept = {options_.alive_fd, options_.worker_in_fd, options_.worker_out_fd,
                                signals_.get(), parent_.get()};
    const int highest = std::max(2, *kept.rbegin());
    for (int fd = 3; fd < highest; ++fd) {
      if (!kept.contains(fd)) ::close(fd);
    }
    ::syscall(SYS_close_range, highest + 1, ~0U, 0);
  }

  Status start_worker() {
    SpawnOptions spawning;
    spawning.argv = options_.command;
    spawning.keep_fds = {{options_.worker_in_fd, kWorkerInFd},
                         {options_.worker_out_fd, kWorkerOutFd}};
    spawning.stdout_fd = output_.write_fd();
    spawning.stderr_fd = output_.write_fd();
    spawning.die_with_parent = true;  // should the guardian be killed, its worker goes as well
    Result<Child> child = spawn(spawning);
    if (!child) return std::unexpected(child.error());
    worker_ = *std::move(child);
    // Only the worker holds its ends now: assay sees the end of file when the worker is gone.
    ::close(options_.worker_in_fd);
    ::close(options_.worker_out_fd);
    output_.close_write_end();
    return {};
  }

  // Waits until the worker ends (true) or assay is gone or wants the end (false).
  bool watch() {
    while (true) {
      std::array<pollfd, 4> polled = {
          pollfd{options_.alive_fd, POLLIN, 0}, pollfd{signals_.get(), POLLIN, 0},
          pollfd{parent_.get(), POLLIN, 0}, pollfd{output_.read_fd(), POLLIN, 0}};
      if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return false;
      output_.pass_on();
      const bool told_to_stop = take_signals();
      reap();
      if (worker_status_) return true;
      if (told_to_stop || polled[0].revents != 0 || polled[2].revents != 0) return false;
    }
  }

  bool take_signals() {
    bool stop = false;
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
      stop = stop || info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
    }
    return stop;
  }

  // True when no child is left at all.
  bool reap() {
    while (true) {
      siginfo_t info{};
      // Looked at first and taken second: the worker's status belongs to its Child.
      if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return errno == ECHILD;
      if (info.si_pid == 0) return false;
      if (info.si_pid == worker_.pid()) {
        worker_status_ = worker_.try_wait();
      } else {
        ::waitpid(info.si_pid, nullptr, WNOHANG);
      }
    }
  }

  [[nodiscard]] std::vector<ProcessInfo> tree() const {
    const std::vector<ProcessInfo> all = list_processes();
    std::map<pid_t, ProcessInfo> found;
    for (const ProcessInfo& process : descendants_of(::getpid(), all)) {
      found[process.pid] = process;
    }
    for (const ProcessInfo& process : with_run_token(token_, all)) found[process.pid] = process;
    std::vector<ProcessInfo> out;
    out.reserve(found.size());
    for (const auto& [pid, process] : found) out.push_back(process);
    return out;
  }

  // SIGTERM, the grace, then SIGKILL until nothing is left.
  void end_tree(milliseconds grace) {
    const auto start = steady_clock::now();
    if (grace.count() > 0) {
      for (const ProcessInfo& process : tree()) signal_process(process, SIGTERM);
    }
    milliseconds pause(20);
    while (true) {
      const bool childless = reap();
      const std::vector<ProcessInfo> left = tree();
      if (childless && left.empty()) return;
      const auto passed = steady_clock::now() - start;
      if (passed >= grace) kill_all(left, passed >= grace + kTrackerGrace);
      std::array<pollfd, 2> polled = {pollfd{signals_.get(), POLLIN, 0},
                                      pollfd{output_.read_fd(), POLLIN, 0}};
      // SIGCHLD wakes us early.
      ::poll(polled.data(), polled.size(), static_cast<int>(pause.count()));
      take_signals();
      output_.pass_on();
      // A process that hangs in a driver is waited for, but not with a busy loop.
      if (passed > std::chrono::seconds(2)) pause = std::min(pause * 2, milliseconds(500));
    }
  }

  static void kill_all(const std::vector<ProcessInfo>& left, bool trackers_too) {
    for (const ProcessInfo& process : left) {
      if (process.state == 'Z') continue;
      if (!trackers_too && command_line_of(process.pid).find("multiprocessing.resource_tracker") !=
                               std::string::npos) {
        continue;
      }
      signal_process(process, SIGKILL);
    }
  }

  GuardianOptions options_;
  std::string token_;
  UniqueFd signals_;
  UniqueFd parent_;
  Output output_;
  Child worker_;
  std::optional<int> worker_status_;
};

bool namespace_wanted() {
  const char* value = std::getenv(std::string(kNamespaceVariable).c_str());
  return value == nullptr || std::string_view(value) != "off";
}

Result<int> guard(const GuardianOptions& options) {
  ::prctl(PR_SET_NAME, "assay-guardian");
  UniqueFd parent;
  if (options.parent_pid > 0) {
    parent = open_pidfd(options.parent_pid);
    // Asked after it is open: the number can no more belong to another process.
    if (::getppid() != options.parent_pid) {
      return environment_error("the guardian cannot start", "assay is gone already", "");
    }
  }
  if (namespace_wanted()) {
    const auto inside = [&] {
      const Result<int> code = Guardian(options, std::move(parent)).run();
      return code ? *code : report_failure(code.error());
    };
    if (const auto status = run_in_pid_namespace(inside)) return exit_code_of(*status);
  }
  return Guardian(options, std::move(parent)).run();
}

}  // namespace

std::vector<std::string> to_arguments(const GuardianOptions& options) {
  std::vector<std::string> out = {"--alive-fd",
                                  std::to_string(options.alive_fd),
                                  "--worker-in-fd",
                                  std::to_string(options.worker_in_fd),
                                  "--worker-out-fd",
                                  std::to_string(options.worker_out_fd),
                                  "--parent-pid",
                                  std::to_string(options.parent_pid),
                                  "--grace-ms",
                                  std::to_string(options.grace.count()),
                                  "--"};
  out.insert(out.end(), options.command.begin(), options.command.end());
  return out;
}

int guardian_main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + std::min(argc, 2), argv + argc);
  Result<GuardianOptions> options = parse_arguments(words);
  const Result<int> code = options ? guard(*options) : std::unexpected(options.error());
  return code ? *code : report_failure(code.error());
}

}  // namespace assay
