#include "engine/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/files.h"
#include "base/text.h"
#include "engine/frames.h"
#include "engine/guardian.h"
#include "engine/process_tree.h"

namespace assay {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kTailLines = 3;
constexpr std::size_t kTailBytes = 16UL << 10U;
constexpr std::size_t kTailTextBytes = 600;

// The descriptors' numbers in the guardian.
constexpr int kAliveFd = 3;
constexpr int kGuardianInFd = 4;
constexpr int kGuardianOutFd = 5;

std::string random_name() {
  std::array<unsigned char, 8> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return fmt::format("{}-{}", ::getpid(), steady_clock::now().time_since_epoch().count());
  }
  std::string out;
  for (unsigned char byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

Result<UniqueFd> open_log(const std::filesystem::path& path) {
  if (path.empty()) return UniqueFd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (path.has_parent_path()) TRY(make_dirs(path.parent_path()));
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd.valid()) {
    return errno_error("cannot write the engine's log " + path.string(),
                       "check that the output folder is yours and the disk has space");
  }
  return fd;
}

std::string describe_signal(int number) {
  return fmt::format("killed by signal {} ({})", number, ::strsignal(number));
}

}  // namespace

Result<WorkerProcess> WorkerProcess::start(const WorkerOptions& options) {
  if (options.command.empty())
    return environment_error("cannot start the engine", "no command", "");
  WorkerProcess out;
  out.log_file_ = options.log_file;
  out.token_ = random_name();
  if (!options.run_token.empty()) out.token_ = options.run_token + "." + out.token_;
  const UniqueFd log = TRY(open_log(options.log_file));
  struct stat info{};
  if (::fstat(log.get(), &info) == 0) out.log_start_ = static_cast<std::uintmax_t>(info.st_size);
  Pipe alive = TRY(make_pipe());
  Pipe to_worker = TRY(make_pipe());
  Pipe from_worker = TRY(make_pipe());

  GuardianOptions guarding;
  guarding.alive_fd = kAliveFd;
  guarding.worker_in_fd = kGuardianInFd;
  guarding.worker_out_fd = kGuardianOutFd;
  guarding.parent_pid = ::getpid();
  guarding.grace = options.kill_grace;
  guarding.command = options.command;
  const std::vector<std::string> fds = {"--in-fd", std::to_string(kWorkerInFd), "--out-fd",
                                        std::to_string(kWorkerOutFd)};
  guarding.command.insert(guarding.command.end(), fds.begin(), fds.end());
  SpawnOptions spawning;
  spawning.argv = options.guardian;
  for (std::string& word : to_arguments(guarding)) spawning.argv.push_back(std::move(word));
  spawning.env = options.env;
  spawning.env[std::string(kRunTokenVariable)] = out.token_;
  spawning.stdout_fd = log.get();
  spawning.stderr_fd = log.get();
  spawning.keep_fds = {{alive.read_end.get(), kAliveFd},
                       {to_worker.read_end.get(), kGuardianInFd},
                       {from_worker.write_end.get(), kGuardianOutFd}};
  spawning.new_session = true;  // Ctrl-C reaches assay alone, which then ends the worker politely
  out.guardian_ = TRY(spawn(spawning));
  out.started_ = true;
  out.ended_ = open_pidfd(out.guardian_.pid());
  out.alive_ = std::move(alive.write_end);
  out.to_worker_ = std::move(to_worker.write_end);
  out.from_worker_ = std::move(from_worker.read_end);
  TRY(set_nonblocking(out.to_worker_.get()));
  TRY(set_nonblocking(out.from_worker_.get()));
  return out;
}

WorkerProcess::~WorkerProcess() {
  end(std::chrono::seconds(5));
}

bool WorkerProcess::has_ended() {
  if (guardian_.running()) {
    if (const auto status = guardian_.try_wait()) status_ = status;
  }
  return !guardian_.running();
}

bool WorkerProcess::wait_ended(milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  while (!has_ended()) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) return false;
    if (ended_.valid()) {
      pollfd polled{ended_.get(), POLLIN, 0};
      ::poll(&polled, 1, static_cast<int>(std::min<long long>(left.count(), 1000)));
    } else {
      std::this_thread::sleep_for(std::min(left, milliseconds(10)));
    }
  }
  return true;
}

void WorkerProcess::end(milliseconds timeout) {
  alive_.reset();
  to_worker_.reset();
  if (!started_ || token_.empty()) return;  // never begun, done before, or moved from
  started_ = false;
  const bool in_time = wait_ended(timeout);
  if (!in_time) {
    guardian_.kill(SIGKILL);
    status_ = guardian_.wait();
  }
  // Without its guardian's last look something may be left.
  if (!in_time || !status_ || WIFSIGNALED(*status_)) {
    static_cast<void>(kill_leftovers(token_, std::chrono::seconds(2)));
  }
}

std::string WorkerProcess::how_it_ended() const {
  if (!status_) return "still running";
  if (WIFSIGNALED(*status_)) return "its guardian was " + describe_signal(WTERMSIG(*status_));
  const int code = WEXITSTATUS(*status_);
  if (code > 128 && code <= 128 + SIGRTMAX) return describe_signal(code - 128);
  return fmt::format("exit code {}", code);
}

std::string WorkerProcess::log_tail() const {
  const UniqueFd fd(::open(log_file_.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return "";
  const auto size = static_cast<std::uintmax_t>(info.st_size);
  // A log that was shortened since may end before the place where this engine's part began.
  const std::uintmax_t start = log_start_ <= size ? log_start_ : 0;
  const std::uintmax_t from =
      std::max(start, size > kTailBytes ? size - kTailBytes : std::uintmax_t{0});
  if (from >= size) return "";
  std::string text(static_cast<std::size_t>(size - from), '\0');
  const ssize_t n = ::pread(fd.get(), text.data(), text.size(), static_cast<off_t>(from));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  std::vector<std::string> lines;
  for (const std::string& line : split(text, '\n')) {
    const std::string_view trimmed = trim(line);
    if (!trimmed.empty()) lines.push_back(sanitize_utf8(trimmed));
  }
  if (lines.size() > kTailLines) lines.erase(lines.begin(), lines.end() - kTailLines);
  std::string out = join(lines, " | ");
  if (out.size() > kTailTextBytes)
    out = "…" + sanitize_utf8(out.substr(out.size() - kTailTextBytes));
  return out;
}

}  // namespace assay
