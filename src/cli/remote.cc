#include "cli/remote.h"

#include <fmt/format.h>

#include <initializer_list>

#include "base/text.h"

namespace assay {
namespace {

constexpr std::chrono::hours kLongestTransfer{12};

bool has(const std::string& text, std::initializer_list<const char*> words) {
  for (const char* word : words) {
    if (text.find(word) != std::string::npos) return true;
  }
  return false;
}

// The line that says most: the first with one of the words, else the first that is not empty.
std::string telling_line(const std::string& text, std::initializer_list<const char*> words) {
  std::string first;
  for (const std::string& raw : split(text, '\n')) {
    const std::string line = sanitize_utf8(trim(raw));
    if (line.empty() || line.starts_with("@@@")) continue;
    if (has(line, words)) return line;
    if (first.empty()) first = line;
  }
  return first;
}

Error environment(std::string what, std::string why, std::string fix) {
  return {ErrorKind::environment, std::move(what), std::move(why), std::move(fix)};
}

// The host as ssh knows it, without the user.
std::string bare_host(const std::string& host) {
  const std::size_t at = host.rfind('@');
  return at == std::string::npos ? host : host.substr(at + 1);
}

Error key_error(const RemotePlace& place, const std::string& words) {
  if (has(words, {"IDENTIFICATION HAS CHANGED"})) {
    return environment(
        fmt::format("the host key of {} has changed", place.host),
        telling_line(words, {"Offending"}),
        fmt::format("make sure it is the same machine; then `ssh-keygen -R {}` (with a port: "
                    "'[HOST]:PORT') and connect once with ssh",
                    bare_host(place.host)));
  }
  return environment(fmt::format("the host key of {} is not known here", place.host),
                     telling_line(words, {"host key is known", "verification failed"}),
                     fmt::format("connect once with `ssh {}` and compare the key", place.host));
}

}  // namespace

std::string RemotePlace::name() const {
  return std::filesystem::path(folder).filename().string();
}

Result<RemotePlace> parse_place(const std::string& text) {
  std::string rest = text;
  while (rest.size() > 1 && rest.ends_with('/')) rest.pop_back();
  // "[::1]:/dir": the brackets keep an address's colons apart from ours.
  const std::size_t bracket = rest.find("]:");
  const std::size_t colon = bracket != std::string::npos ? bracket + 1 : rest.find(':');
  RemotePlace place;
  if (colon != std::string::npos) {
    place.host = rest.substr(0, colon);
    place.folder = rest.substr(colon + 1);
  }
  const std::string name = place.name();
  if (place.host.empty() || place.folder.empty() || place.host.starts_with('-') ||
      place.folder.starts_with('-') || place.host.find('/') != std::string::npos || name.empty() ||
      name == "." || name == ".." || name == "~" || text.find_first_of("\n\r\t ") < colon) {
    return usage_error("'" + text + "' names no folder on another machine", "HOST:DIR is wanted",
                       "write HOST:/path/of/the/run");
  }
  return place;
}

Remote make_remote(RemotePlace place, const std::string& ssh_command) {
  Remote remote;
  remote.place = std::move(place);
  for (const std::string& word : split(ssh_command, ' ')) {
    if (!word.empty()) remote.ssh.push_back(word);
  }
  // ssh takes the first value it meets, so the user's own options win. No terminal is asked for
  // anything, and a connection that died is noticed within a minute.
  for (const char* option :
       {"BatchMode=yes", "ConnectTimeout=15", "ServerAliveInterval=15", "ServerAliveCountMax=4"}) {
    remote.ssh.insert(remote.ssh.end(), {"-o", option});
  }
  return remote;
}

std::vector<std::string> remote_command(const Remote& remote, const std::string& script,
                                        const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = remote.ssh;
  std::string host = remote.place.host;
  if (host.ends_with(']')) {  // ssh wants a bare address
    host.pop_back();
    std::erase(host, '[');
  }
  std::string command = "sh -c " + shell_word(script) + " sh";
  for (const std::string& argument : arguments) command += " " + shell_word(argument);
  argv.insert(argv.end(), {"--", host, command});
  return argv;
}

Error gone_without_a_word() {
  return environment("the run is gone without a word", "killed, or the machine was restarted",
                     "launch it again: everything answered is kept");
}

Result<CommandResult> run_there(const Remote& remote, const std::string& script,
                                const std::vector<std::string>& arguments,
                                std::chrono::seconds timeout, std::string_view input) {
  SpawnOptions spawning;
  spawning.argv = remote_command(remote, script, arguments);
  spawning.die_with_parent = true;
  spawning.env["LC_ALL"] = "C";  // its words are read below
  CommandResult result = TRY(run_command(spawning, input, remote.until.at_most(timeout)));
  const std::string doing = "cannot reach " + remote.place.text();
  if (result.timed_out) {
    return environment_error(doing, fmt::format("no answer within {} s", timeout.count()),
                             "run the same command again");
  }
  if (result.exit_code == kSshFailed) {
    return std::unexpected(connection_error(remote.place, doing, result.err));
  }
  if (result.exit_code == kNoFolderThere) {
    return usage_error(
        fmt::format("there is no folder {} on {}", remote.place.folder, remote.place.host),
        "it does not exist there, or may not be entered",
        "name the folder of a run there; a relative one starts at the home folder");
  }
  return result;
}

std::string far_path(const Remote& remote, const std::string& path) {
  return remote.place.host + ":" + path;
}

Status rsync(const Remote& remote, std::vector<std::string> options, const std::string& from,
             const std::string& to, const std::string& doing) {
  SpawnOptions spawning;
  // A file under its own name is whole: what a broken transfer leaves lies in .rsync-partial, and
  // the next one goes on from there. Paths reach the far side as they are (--protect-args).
  spawning.argv = {"rsync",          "-rltp",         "--safe-links",
                   "--protect-args", "--timeout=120", "--partial-dir=.rsync-partial"};
  spawning.argv.insert(spawning.argv.end(), options.begin(), options.end());
  spawning.argv.insert(spawning.argv.end(), {"-e", join(remote.ssh, " "), "--", from, to});
  spawning.die_with_parent = true;
  spawning.env["LC_ALL"] = "C";
  const CommandResult result =
      TRY(run_command(spawning, "", remote.until.at_most(kLongestTransfer)));
  if (result.exit_code == 0) return {};
  std::string words = result.err;
  if (trim(words).empty()) words = fmt::format("rsync ended with {}", result.exit_code);
  return std::unexpected(connection_error(remote.place, doing, words));
}

Error connection_error(const RemotePlace& place, const std::string& doing,
                       const std::string& words) {
  if (has(words, {"IDENTIFICATION HAS CHANGED", "Host key verification failed"})) {
    return key_error(place, words);
  }
  if (has(words, {"Permission denied (", "Too many authentication failures"})) {
    return environment(
        fmt::format("{} does not let us in without a password", place.host),
        telling_line(words, {"Permission denied (", "authentication failures"}),
        fmt::format("set up a key (`ssh-copy-id {}`) or load it (`ssh-add`): nothing is asked for "
                    "here",
                    place.host));
  }
  if (has(words, {"Connection refused", "Connection timed out", "No route to host",
                  "Could not resolve", "Network is unreachable", "timed out during banner"})) {
    return environment(
        fmt::format("{} cannot be reached", place.host),
        telling_line(words, {"connect to host", "Could not resolve", "banner"}),
        fmt::format("check the name, the port and that `ssh {} true` works", place.host));
  }
  if (has(words, {"No space left on device", "Disk quota exceeded"})) {
    return environment(doing, telling_line(words, {"No space left", "quota"}),
                       "free some space, then run the same command again: it goes on where it "
                       "stopped");
  }
  if (has(words, {"rsync: not found", "rsync: command not found"})) {
    return environment(doing, fmt::format("there is no rsync on {}", place.host),
                       "install rsync there");
  }
  return environment(
      doing, telling_line(words, {"onnection", "Broken pipe", "rsync error", "rsync: ", "Timeout"}),
      "run the same command again: it goes on where it stopped");
}

}  // namespace assay
