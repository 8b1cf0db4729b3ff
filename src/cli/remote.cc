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

Error environment(Text what, Text why, Text fix) {
  return make_error(ErrorKind::environment, std::move(what), std::move(why), std::move(fix));
}

// The host as ssh knows it, without the user.
std::string bare_host(const std::string& host) {
  const std::size_t at = host.rfind('@');
  return at == std::string::npos ? host : host.substr(at + 1);
}

Error key_error(const RemotePlace& place, const std::string& words) {
  if (has(words, {"IDENTIFICATION HAS CHANGED"})) {
    return environment(
        bilingual("the host key of {} has changed", "{} 的主机密钥变了", place.host),
        telling_line(words, {"Offending"}),
        bilingual("make sure it is the same machine; then `ssh-keygen -R {}` (with a port: "
                  "'[HOST]:PORT') and connect once with ssh",
                  "确认是同一台机器，再执行 `ssh-keygen -R {}`（有端口时写 '[HOST]:PORT'），"
                  "并用 ssh 连接一次",
                  bare_host(place.host)));
  }
  return environment(
      bilingual("the host key of {} is not known here", "这里不认识 {} 的主机密钥", place.host),
      telling_line(words, {"host key is known", "verification failed"}),
      bilingual("connect once with `ssh {}` and compare the key", "用 `ssh {}` 连接一次并核对密钥",
                place.host));
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
    return usage_error(
        bilingual("'{}' names no folder on another machine", "'{}' 不是另一台机器上的目录", text),
        {"HOST:DIR is wanted", "应为 HOST:DIR"},
        {"write HOST:/path/of/the/run", "写成 HOST:/path/of/the/run"});
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
  return environment(
      {"the run is gone without a word", "运行消失了，没有留下任何话"},
      {"killed, or the machine was restarted", "被杀死，或机器重启过"},
      {"launch it again: everything answered is kept", "再次启动它：已有的回答都保留着"});
}

Result<CommandResult> run_there(const Remote& remote, const std::string& script,
                                const std::vector<std::string>& arguments,
                                std::chrono::seconds timeout, std::string_view input) {
  SpawnOptions spawning;
  spawning.argv = remote_command(remote, script, arguments);
  spawning.die_with_parent = true;
  spawning.env["LC_ALL"] = "C";  // its words are read below
  CommandResult result = TRY(run_command(spawning, input, remote.until.at_most(timeout)));
  const Text doing = bilingual("cannot reach {}", "无法连到 {}", remote.place.text());
  if (result.timed_out) {
    return environment_error(doing,
                             bilingual("no answer within {} s", "{} 秒内没有回应", timeout.count()),
                             {"run the same command again", "再执行同一条命令"});
  }
  if (result.exit_code == kSshFailed) {
    return std::unexpected(connection_error(remote.place, doing, result.err));
  }
  if (result.exit_code == kNoFolderThere) {
    return usage_error(bilingual("there is no folder {0} on {1}", "{1} 上没有目录 {0}",
                                 remote.place.folder, remote.place.host),
                       {"it does not exist there, or may not be entered", "那里没有它，或无权进入"},
                       {"name the folder of a run there; a relative one starts at the home folder",
                        "给出那里一次运行的目录；相对路径从主目录算起"});
  }
  return result;
}

std::string far_path(const Remote& remote, const std::string& path) {
  return remote.place.host + ":" + path;
}

Status rsync(const Remote& remote, std::vector<std::string> options, const std::string& from,
             const std::string& to, const Text& doing) {
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

Error connection_error(const RemotePlace& place, const Text& doing, const std::string& words) {
  if (has(words, {"IDENTIFICATION HAS CHANGED", "Host key verification failed"})) {
    return key_error(place, words);
  }
  if (has(words, {"Permission denied (", "Too many authentication failures"})) {
    return environment(
        bilingual("{} does not let us in without a password", "{} 不输入密码就不让登录",
                  place.host),
        telling_line(words, {"Permission denied (", "authentication failures"}),
        bilingual("set up a key (`ssh-copy-id {}`) or load it (`ssh-add`): nothing is asked for "
                  "here",
                  "设置密钥（`ssh-copy-id {}`）或加载它（`ssh-add`）：这里不会询问任何东西",
                  place.host));
  }
  if (has(words, {"Connection refused", "Connection timed out", "No route to host",
                  "Could not resolve", "Network is unreachable", "timed out during banner"})) {
    return environment(bilingual("{} cannot be reached", "连不上 {}", place.host),
                       telling_line(words, {"connect to host", "Could not resolve", "banner"}),
                       bilingual("check the name, the port and that `ssh {} true` works",
                                 "检查名称、端口，以及 `ssh {} true` 能否成功", place.host));
  }
  if (has(words, {"No space left on device", "Disk quota exceeded"})) {
    return environment(doing, telling_line(words, {"No space left", "quota"}),
                       {"free some space, then run the same command again: it goes on where it "
                        "stopped",
                        "腾出空间，再执行同一条命令：它从停下的地方继续"});
  }
  if (has(words, {"rsync: not found", "rsync: command not found"})) {
    return environment(doing, bilingual("there is no rsync on {}", "{} 上没有 rsync", place.host),
                       {"install rsync there", "在那里安装 rsync"});
  }
  return environment(
      doing, telling_line(words, {"onnection", "Broken pipe", "rsync error", "rsync: ", "Timeout"}),
      {"run the same command again: it goes on where it stopped",
       "再执行同一条命令：它从停下的地方继续"});
}

}  // namespace assay
