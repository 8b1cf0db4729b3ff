#include "sandbox/runner.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "base/text.h"
#include "sandbox/embedded.h"
#include "sandbox/exchange.h"
#include "sandbox/fds.h"
#include "sandbox/keeper.h"

namespace assay {
namespace {

constexpr auto kWarmUpLimit = std::chrono::seconds(120);
constexpr std::uint64_t kCgroupSlackBytes = 64UL << 20;  // for page tables and kernel buffers
constexpr std::size_t kLogBytes = 600;

template <typename Message>
bool send_message(int socket, const Message& message, std::span<const int> fds = {}) {
  return send_with_fds(
      socket, std::string_view(reinterpret_cast<const char*>(&message), sizeof message), fds);
}

std::string tail_of(int fd, std::size_t bytes) {
  const off_t size = ::lseek(fd, 0, SEEK_END);
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(bytes));
  std::string out(static_cast<std::size_t>(size - from), '\0');
  const ssize_t n = ::pread(fd, out.data(), out.size(), from);
  out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return sanitize_utf8(replace_all(std::string(trim(out)), "\n", " | "));
}

// The next message with its sender's process id as we see it; nothing on end of file or time out.
std::optional<pid_t> receive_ready(int socket, const Deadline& until) {
  pollfd ready{socket, POLLIN, 0};
  while (::poll(&ready, 1, static_cast<int>(until.left().count())) <= 0) {
    if (until.over()) return std::nullopt;
  }
  box::ReadyMessage message;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
  iovec io{&message, sizeof message};
  msghdr header{};
  header.msg_iov = &io;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t n = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  const cmsghdr* part = CMSG_FIRSTHDR(&header);
  if (n != sizeof message || message.kind != box::MessageKind::ready || part == nullptr ||
      part->cmsg_type != SCM_CREDENTIALS) {
    return std::nullopt;
  }
  ucred sender{};
  std::memcpy(&sender, CMSG_DATA(part), sizeof sender);
  return sender.pid;
}

std::uint64_t to_ns(double seconds) {
  return static_cast<std::uint64_t>(seconds * 1e9);
}

std::unexpected<Error> no_cgroup() {
  return environment_error("the sandbox has no memory cgroup", "none can be made here",
                           MemoryCgroup::kFix);
}

// The kernel's own CPU limit kills only beyond the program's. What is left is an outsider, such as
// the machine's out-of-memory killer, which looks for the sandbox first and is no fault of the
// program, or, where the tree made a call that may end in one (Outcome::own_kill), the program.
bool was_killed_from_outside(const Outcome& out, const ProgramLimits& limits) {
  const box::EndedMessage& ended = out.ended;
  return WIFSIGNALED(ended.wait_status) && WTERMSIG(ended.wait_status) == SIGKILL &&
         ended.killed_for == box::KilledFor::nothing && out.oom_kills == 0 && !out.cpu_exceeded &&
         ended.cpu_ns <= to_ns(limits.cpu_s);
}

Outcome faulty(std::string why) {
  Outcome out;
  out.fault = std::move(why);
  return out;
}

}  // namespace

Result<std::unique_ptr<Runner>> Runner::start(const RunnerSpec& spec) {
  std::unique_ptr<Runner> runner(new Runner());
  runner->kind_ = spec.kind;
  runner->need_cgroup_ = spec.need_cgroup;
  if (spec.use_cgroup) {
    if (auto group = MemoryCgroup::create(spec.index)) runner->cgroup_.emplace(std::move(*group));
    const std::optional<MemoryCgroup>& group = runner->cgroup_;
    const MemoryCgroup* memory = group ? &*group : nullptr;
    if (auto account = CpuAccount::create(spec.index, memory)) {
      runner->cpu_.emplace(std::move(*account));
    }
  }
  if (spec.need_cgroup && !runner->cgroup_) return no_cgroup();
  SocketPair control = TRY(make_socket_pair(SOCK_SEQPACKET));
  SocketPair jobs = TRY(make_socket_pair(SOCK_SEQPACKET));
  const UniqueFd filter = TRY(sealed_file("filter", spec.filter));
  runner->log_ = UniqueFd(::memfd_create("log", MFD_CLOEXEC));
  const int on = 1;
  ::setsockopt(control.ours.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on);

  SpawnOptions options;
  options.keep_fds = {{control.theirs.get(), box::kControlFd},
                      {jobs.theirs.get(), box::kJobFd},
                      {filter.get(), box::kFilterFd}};
  std::vector<UniqueFd> contents;
  std::vector<InnerFile> files;
  for (const EmbeddedFile& file : box_files()) {
    contents.push_back(TRY(sealed_file("box", file.content)));
    const int inner_fd = box::kFilterFd + static_cast<int>(contents.size());
    options.keep_fds.emplace_back(contents.back().get(), inner_fd);
    files.push_back({"/box/" + std::string(file.name), inner_fd});
  }
  options.argv = bwrap_command(spec.bwrap, spec.interpreter, spec.kind, files, spec.as_root);
  options.clear_env = true;
  options.stdout_fd = runner->log_.get();
  options.stderr_fd = runner->log_.get();
  runner->bwrap_ = TRY(spawn_kept(options));
  control.theirs.reset();
  jobs.theirs.reset();
  runner->control_ = std::move(control.ours);
  runner->jobs_ = std::move(jobs.ours);
  return runner;
}

// End of file on the control socket ends the zygote, and its end the whole pid namespace.
void Runner::let_end() {
  control_.reset();
  jobs_.reset();
}

Runner::~Runner() {
  let_end();
  // One that is still importing sees the end late; whoever interrupts a start should not wait for
  // it.
  const int looks = log_.valid() ? 60 : 400;
  for (int i = 0; i < looks && bwrap_.running() && !bwrap_.try_wait(); ++i) ::usleep(5000);
}

Status Runner::wait_ready(const Deadline& until) {
  const auto pid = receive_ready(control_.get(), until.at_most(kWarmUpLimit));
  if (!pid) {
    std::string why = tail_of(log_.get(), kLogBytes);
    if (why.empty()) why = "it ended, or took more than two minutes, without saying why";
    return environment_error("the sandbox did not start", std::move(why),
                             "run `assay sandbox check`, which names what this machine lacks");
  }
  log_.reset();
  if (cgroup_ && !cgroup_->add(*pid)) cgroup_.reset();
  if (cpu_ && !cpu_->add(*pid)) cpu_.reset();
  if (need_cgroup_ && !cgroup_) return no_cgroup();
  if (!send_message(control_.get(), box::GoMessage{})) {
    return environment_error("the sandbox did not start", "the zygote ended at once",
                             "run `assay sandbox check`, which names what this machine lacks");
  }
  return {};
}

Outcome Runner::run(const TestJob& job) {
  auto exchange = Exchange::make(job);
  if (!exchange) return faulty(exchange.error().what + ": " + exchange.error().why);
  const ProgramLimits& limits = job.limits;
  if (cgroup_) cgroup_->set_limit(limits.memory_bytes + kCgroupSlackBytes);
  box::StartMessage start;
  start.cpu_ns = to_ns(limits.cpu_s);
  start.wall_ns = to_ns(limits.wall_s);
  start.memory_bytes = limits.memory_bytes;
  box::JobMessage message;
  // Far above the limit that the zygote enforces: the kernel counts clock ticks, and on a busy
  // machine it may charge a tick to a process that ran only a part of it.
  message.cpu_limit_s = 2 * static_cast<std::uint64_t>(std::ceil(limits.cpu_s)) + 2;
  message.memory_bytes = limits.memory_bytes;
  message.file_bytes = limits.file_bytes;
  message.processes = static_cast<std::uint64_t>(limits.processes);
  // The zygote must know the limits before the program can end.
  if (!send_message(control_.get(), start) ||
      !send_message(jobs_.get(), message, exchange->their_fds())) {
    return faulty("the zygote is gone");
  }
  Outcome out = exchange->run(control_.get(), cpu_ ? &*cpu_ : nullptr);
  if (cgroup_) {
    const std::uint64_t kills = cgroup_->oom_kills();
    out.oom_kills = kills - oom_kills_;
    oom_kills_ = kills;
  }
  if (out.fault.empty() && was_killed_from_outside(out, limits)) {
    out.fault = "something outside the sandbox killed the program";
    out.own_kill = out.ended.own_kill != 0;
  }
  return out;
}

}  // namespace assay
