#include "base/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

extern char** environ;

#include "base/sigpipe_block.h"

namespace assay {
namespace {

// Everything the child needs, made before fork: after it only async-signal-safe calls are allowed.
struct Prepared {
  std::string path;
  std::vector<std::string> env_text;
  std::vector<char*> argv;
  std::vector<char*> envp;
};

std::string look_up(const std::string& program) {
  if (program.find('/') != std::string::npos) return program;
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/bin:/bin";
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    std::string candidate = std::string(folder) + "/" + program;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
  }
  return program;
}

Prepared prepare(const SpawnOptions& options) {
  Prepared out;
  out.path = look_up(options.argv.front());
  if (!options.clear_env) {
    for (char** e = environ; *e != nullptr; ++e) {
      const std::string_view entry(*e);
      const std::string name(entry.substr(0, entry.find('=')));
      if (!options.env.contains(name)) out.env_text.emplace_back(entry);
    }
  }
  for (const auto& [name, value] : options.env) {
    out.env_text.push_back(fmt::format("{}={}", name, value));
  }
  for (std::string& text : out.env_text) out.envp.push_back(text.data());
  out.envp.push_back(nullptr);
  for (const std::string& argument : options.argv) {
    out.argv.push_back(const_cast<char*>(argument.c_str()));
  }
  out.argv.push_back(nullptr);
  return out;
}

// Moves descriptors to the numbers the child expects. All are first moved above every such number,
// so that none overwrites another.
bool place_fds(std::vector<std::pair<int, int>>& fds) {
  int above = 3;
  for (const auto& [ours, theirs] : fds) above = std::max(above, theirs + 1);
  for (auto& [ours, theirs] : fds) {
    ours = ::fcntl(ours, F_DUPFD_CLOEXEC, above);
    if (ours < 0) return false;
  }
  for (const auto& [ours, theirs] : fds) {
    if (::dup2(ours, theirs) < 0) return false;  // dup2 clears close-on-exec
  }
  return true;
}

[[noreturn]] void run_child(const SpawnOptions& options, Prepared& prepared,
                            std::vector<std::pair<int, int>>& fds, pid_t parent, int report_fd) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  bool ok = true;
  if (options.new_session) ok = ::setsid() >= 0;
  if (options.die_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
  }
  if (ok && !options.working_dir.empty()) ok = ::chdir(options.working_dir.c_str()) == 0;
  ok = ok && place_fds(fds);
  if (ok) ::execve(prepared.path.c_str(), prepared.argv.data(), prepared.envp.data());
  const int error = errno;
  [[maybe_unused]] const ssize_t n = ::write(report_fd, &error, sizeof error);
  ::_exit(127);
}

}  // namespace

Result<Pipe> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) {
    return errno_error("cannot make a pipe", "raise the limit of open files (ulimit -n)");
  }
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    if (running()) {
      kill(SIGKILL);
      wait();
    }
    pid_ = std::exchange(other.pid_, -1);
  }
  return *this;
}

Child::~Child() {
  if (!running()) return;
  kill(SIGKILL);
  wait();
}

std::optional<int> Child::try_wait() {
  int status = 0;
  const pid_t got = ::waitpid(pid_, &status, WNOHANG);
  if (got == 0) return std::nullopt;
  pid_ = -1;
  return status;
}

int Child::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

void Child::kill(int signal_number) const {
  if (pid_ > 0) ::kill(pid_, signal_number);
}

Result<Child> spawn(const SpawnOptions& options) {
  if (options.argv.empty())
    return environment_error("cannot start a process", "no program named", "");
  Prepared prepared = prepare(options);
  UniqueFd null_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::vector<std::pair<int, int>> fds = options.keep_fds;
  fds.emplace_back(options.stdin_fd >= 0 ? options.stdin_fd : null_fd.get(), 0);
  if (options.stdout_fd >= 0) fds.emplace_back(options.stdout_fd, 1);
  if (options.stderr_fd >= 0) fds.emplace_back(options.stderr_fd, 2);
  Pipe report = TRY(make_pipe());
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    return errno_error("cannot start " + prepared.path,
                       "free memory or raise the limit of processes");
  }
  if (pid == 0) run_child(options, prepared, fds, parent, report.write_end.get());
  Child child(pid);
  report.write_end.reset();
  int error = 0;
  ssize_t n = 0;
  while ((n = ::read(report.read_end.get(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  if (n == sizeof error) {
    child.wait();
    return environment_error("cannot start " + prepared.path, std::strerror(error),
                             "install it, or correct its path");
  }
  return child;
}

namespace {

struct Stream {
  UniqueFd* fd;
  std::string* text;
};

void drain(Stream& stream, std::size_t max_bytes) {
  std::array<char, 1 << 16> buffer{};
  const ssize_t n = ::read(stream.fd->get(), buffer.data(), buffer.size());
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n <= 0) {
    stream.fd->reset();
    return;
  }
  const std::size_t room = max_bytes - std::min(max_bytes, stream.text->size());
  stream.text->append(buffer.data(), std::min(room, static_cast<std::size_t>(n)));
}

void feed(UniqueFd& fd, std::string_view& input) {
  const ssize_t n = input.empty() ? 0 : ::write(fd.get(), input.data(), input.size());
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n > 0) input.remove_prefix(static_cast<std::size_t>(n));
  if (n < 0 || input.empty()) fd.reset();
}

}  // namespace

Result<CommandResult> run_command(SpawnOptions options, std::string_view input,
                                  const Deadline& until, std::size_t max_output_bytes,
                                  const OnOutput& on_output) {
  Pipe in = TRY(make_pipe());
  Pipe out = TRY(make_pipe());
  Pipe err = TRY(make_pipe());
  options.stdin_fd = in.read_end.get();
  options.stdout_fd = out.write_end.get();
  options.stderr_fd = err.write_end.get();
  // The kernel means the thread that forked: this one, which waits for the child here.
  options.die_with_parent = true;
  Child child = TRY(spawn(options));
  in.read_end.reset();
  out.write_end.reset();
  err.write_end.reset();
  ::fcntl(in.write_end.get(), F_SETFL, O_NONBLOCK);
  const SigpipeBlock no_sigpipe;  // a child may close its stdin early

  CommandResult result;
  std::array<Stream, 2> streams = {Stream{&out.read_end, &result.out},
                                   Stream{&err.read_end, &result.err}};
  while (out.read_end.valid() || err.read_end.valid()) {
    if (until.over()) {
      result.timed_out = true;
      child.kill(SIGKILL);
      break;
    }
    std::array<pollfd, 3> polled = {pollfd{out.read_end.get(), POLLIN, 0},
                                    pollfd{err.read_end.get(), POLLIN, 0},
                                    pollfd{in.write_end.get(), POLLOUT, 0}};
    ::poll(polled.data(), polled.size(), static_cast<int>(until.left().count()));
    for (std::size_t i = 0; i < streams.size(); ++i) {
      if (polled[i].revents != 0) drain(streams[i], max_output_bytes);
    }
    if (on_output && polled[0].revents != 0) on_output(result.out);
    if (polled[2].revents != 0) feed(in.write_end, input);
  }
  const int status = child.wait();
  if (result.timed_out && until.stopped()) return std::unexpected(interrupted_error());
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

Result<CommandResult> run_command(SpawnOptions options, std::string_view input,
                                  std::chrono::milliseconds timeout, std::size_t max_output_bytes) {
  return run_command(std::move(options), input, Deadline::in(timeout), max_output_bytes);
}

}  // namespace assay
