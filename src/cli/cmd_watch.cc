// assay watch: the progress of a launched run; comes back after a lost connection.
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "base/text.h"
#include "cli/command.h"
#include "cli/remote.h"

namespace assay {
namespace {

struct WatchOptions {
  std::string source;
  std::string ssh = "ssh";
  int retry_s = 5;
};

constexpr int kLongestRetryS = 60;

// Prints one byte as a sign of life, then the log from byte $2 on until the run ends, and ends as
// the run did.
constexpr const char* kFollow = R"sh(
enter "$1"
[ -s .launch/pid ] || exit 98
printf .
if alive; then
  tail -c "+$2" -f --pid="$pid" logs/launch.log
else
  tail -c "+$2" logs/launch.log
fi
for pause in 1 2 3 4 5; do
  [ -e .launch/exit ] && break
  sleep 0.2
done
[ -e .launch/exit ] || exit 97
exit "$(cat .launch/exit)"
)sh";

struct Seen {
  std::size_t bytes = 0;   // of the log, shown so far
  bool connected = false;  // at least once
};

struct Connection {
  int status = 0;
  std::string err;
  bool alive = false;  // its sign of life has come
  bool interrupted = false;
};

// One connection: passes on what comes and counts it.
Result<Connection> follow(const Remote& remote, Seen& seen, const std::atomic<bool>* interrupted) {
  Pipe out = TRY(make_pipe());
  Pipe err = TRY(make_pipe());
  SpawnOptions spawning;
  spawning.argv =
      remote_command(remote, std::string(kEnterFunction) + std::string(kAliveFunction) + kFollow,
                     {remote.place.folder, std::to_string(seen.bytes + 1)});
  spawning.stdout_fd = out.write_end.get();
  spawning.stderr_fd = err.write_end.get();
  spawning.die_with_parent = true;
  spawning.env["LC_ALL"] = "C";
  Child child = TRY(spawn(spawning));
  out.write_end.reset();
  err.write_end.reset();
  Connection session;
  while (out.read_end.valid() || err.read_end.valid()) {
    if (interrupted != nullptr && *interrupted) {
      session.interrupted = true;
      return session;  // the child is ended by its destructor
    }
    std::array<pollfd, 2> polled = {pollfd{out.read_end.get(), POLLIN, 0},
                                    pollfd{err.read_end.get(), POLLIN, 0}};
    if (::poll(polled.data(), polled.size(), 200) <= 0) continue;
    std::array<char, 1 << 14> buffer{};
    if (polled[0].revents != 0) {
      const ssize_t n = ::read(out.read_end.get(), buffer.data(), buffer.size());
      if (n <= 0) out.read_end.reset();
      if (n > 0) {
        const std::size_t sign = session.alive ? 0 : 1;
        const std::size_t log_bytes = static_cast<std::size_t>(n) - sign;
        session.alive = seen.connected = true;
        seen.bytes += log_bytes;
        std::fwrite(buffer.data() + sign, 1, log_bytes, stdout);
        std::fflush(stdout);
      }
    }
    if (polled[1].revents != 0) {
      const ssize_t n = ::read(err.read_end.get(), buffer.data(), buffer.size());
      if (n <= 0) err.read_end.reset();
      if (n > 0 && session.err.size() < (1UL << 16)) {
        session.err.append(buffer.data(), static_cast<std::size_t>(n));
      }
    }
  }
  const int status = child.wait();
  session.status = WIFEXITED(status) ? WEXITSTATUS(status) : kSshFailed;
  return session;
}

bool pause(int seconds, const std::atomic<bool>* interrupted) {
  for (int tenth = 0; tenth < seconds * 10; ++tenth) {
    if (interrupted != nullptr && *interrupted) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return true;
}

std::unexpected<Error> stopped(const Remote& remote) {
  return std::unexpected(make_error(
      ErrorKind::interrupted, {"stopped watching", "不再查看"}, {"a signal came", "收到了信号"},
      bilingual("the run goes on: assay watch {}", "运行仍在继续：assay watch {}",
                remote.place.text())));
}

Result<int> ended(const Remote& remote, const Connection& last, const Session& session) {
  switch (last.status) {
    case kNoFolderThere:
    case kNeverLaunched:
      return usage_error(
          bilingual("no run was launched in {}", "{} 中没有启动过运行", remote.place.text()),
          last.status == kNoFolderThere ? Text("there is no such folder", "没有这个目录")
                                        : Text("there is no .launch folder", "没有 .launch 目录"),
          {"start one with assay launch, or name its folder",
           "用 assay launch 启动一个，或给出它的目录"});
    case kRunGone:
      return std::unexpected(gone_without_a_word());
    default:
      break;
  }
  print_out(session,
            bilingual("the run ended with exit code {}\n", "运行结束，退出码 {}\n", last.status));
  return last.status;
}

Result<int> watch(const WatchOptions& options, const Session& session) {
  const Remote remote = make_remote(TRY(parse_place(options.source)), options.ssh);
  const std::atomic<bool>* interrupted = session.listen();
  Seen seen;
  int wait_s = std::max(1, options.retry_s);
  while (true) {
    const std::size_t before = seen.bytes;
    const Connection one = TRY(follow(remote, seen, interrupted));
    if (one.interrupted) return stopped(remote);
    if (one.status != kSshFailed) return ended(remote, one, session);
    const Error error = connection_error(
        remote.place,
        bilingual("the connection to {} was lost", "与 {} 的连接断了", remote.place.host), one.err);
    // The first time something is wrong with name, key or password; later the network comes back.
    if (!seen.connected || error.what.find("host key") != std::string::npos) {
      return std::unexpected(error);
    }
    if (seen.bytes != before) wait_s = std::max(1, options.retry_s);
    print_beside(bilingual("{}: {}; again in {} s", "{}：{}；{} 秒后再试", error.what_text(),
                           error.why_text(), wait_s)
                     .in(session.language_beside));
    if (!pause(wait_s, interrupted)) return stopped(remote);
    wait_s = std::min(wait_s * 2, kLongestRetryS);
  }
}

}  // namespace

void add_watch(CLI::App& app, Session& session) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* command =
      app.add_subcommand("watch", "Progress of a launched run, until it ends; ends as it did.");
  command->add_option("RUN", options->source, "The run's folder there")
      ->type_name("HOST:DIR")
      ->required();
  command->add_option("--retry-s", options->retry_s, "Seconds before connecting again")
      ->capture_default_str();
  command->add_option("--ssh", options->ssh, "The ssh command")->capture_default_str();
  command->footer("Example:\n  assay watch gpubox:/data/bench/run");
  command->callback([options, &session] { finish(session, watch(*options, session)); });
}

}  // namespace assay
