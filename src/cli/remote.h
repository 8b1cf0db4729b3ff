// A folder on another machine, reached by ssh and rsync: what pull, launch and watch share.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/language.h"
#include "base/result.h"
#include "base/shell_word.h"
#include "base/subprocess.h"

namespace assay {

struct RemotePlace {
  std::string host;    // as ssh takes it: "gpubox", "user@10.0.0.5"
  std::string folder;  // as given; relative or "~/…": from the home folder there

  [[nodiscard]] std::string name() const;  // the folder's last part
  [[nodiscard]] std::string text() const { return host + ":" + folder; }
};

// "HOST:DIR". A usage error when there is no host, no folder, or either could be taken for an
// option.
[[nodiscard]] Result<RemotePlace> parse_place(const std::string& text);

struct Remote {
  RemotePlace place;
  std::vector<std::string> ssh;  // the command, without the host; never asks for anything
  Deadline until;                // its flag, set by a signal, ends whatever runs there for us
};

// `ssh_command` is split at spaces; options that keep it from asking or hanging are added.
[[nodiscard]] Remote make_remote(RemotePlace place, const std::string& ssh_command);

// argv of `ssh HOST sh -c SCRIPT sh ARGUMENTS`.
[[nodiscard]] std::vector<std::string> remote_command(const Remote& remote,
                                                      const std::string& script,
                                                      const std::vector<std::string>& arguments);

// Exit codes of the scripts run there; 255 is ssh's own.
inline constexpr int kSshFailed = 255;
inline constexpr int kNoFolderThere = 66;

// A shell function for those scripts: `enter DIR` changes to it, "~/" expanded, or ends with 66.
inline constexpr std::string_view kEnterFunction = R"sh(enter() {
  d=$1
  case $d in '~') d=$HOME ;; '~/'*) d=$HOME/${d#'~/'} ;; esac
  cd -- "$d" 2>/dev/null || exit 66
}
)sh";

// Of what `assay launch` leaves in .launch/. `alive`, a shell function inside that folder: is the
// run that was started last still there? It sets $pid and $started, the run's start time, for
// numbers of processes are used again.
inline constexpr std::string_view kAliveFunction = R"sh(alive() {
  [ -s .launch/pid ] && [ ! -e .launch/exit ] || return 1
  read -r pid started < .launch/pid
  [ "$(cut -d' ' -f22 "/proc/$pid/stat" 2>/dev/null)" = "$started" ]
}
)sh";
// Exit codes of scripts about it: it ended without leaving its exit code; none was launched.
inline constexpr int kRunGone = 97;
inline constexpr int kNeverLaunched = 98;
[[nodiscard]] Error gone_without_a_word();

// Runs the script there. An ssh failure (255) and a missing folder (66) are errors of their own;
// any other status is the caller's to judge.
[[nodiscard]] Result<CommandResult> run_there(const Remote& remote, const std::string& script,
                                              const std::vector<std::string>& arguments,
                                              std::chrono::seconds timeout,
                                              std::string_view input = "");

// rsync with `options` from `from` to `to`; either may be far_path(). `doing` says what for.
[[nodiscard]] Status rsync(const Remote& remote, std::vector<std::string> options,
                           const std::string& from, const std::string& to, const Text& doing);
[[nodiscard]] std::string far_path(const Remote& remote, const std::string& path);

// What ssh's (or rsync's) words mean: host key changed or unknown, a password wanted, host not
// reached, connection lost, rsync missing there, disk full.
[[nodiscard]] Error connection_error(const RemotePlace& place, const Text& doing,
                                     const std::string& words);

}  // namespace assay
