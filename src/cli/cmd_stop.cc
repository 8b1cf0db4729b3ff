// assay stop: ends a launched run as a signal would, and waits for its end.
#include <fmt/format.h>

#include <charconv>
#include <chrono>

#include "base/text.h"
#include "cli/command.h"
#include "cli/remote.h"

namespace assay {
namespace {

struct StopOptions {
  std::string source;
  std::string ssh = "ssh";
  int limit_s = 120;
};

constexpr int kStillEnding = 71;
constexpr int kNotOurs = 72;
constexpr int kLongestLimitS = 24 * 3600;
constexpr int kConnectionS = 60;  // beside the limit itself

// $1 the folder, $2 how many seconds to wait. The supervisor of `assay launch` stays, so that it
// can note how the run ended: the signal goes to its children. Prints "stopped CODE", or "ended
// CODE" where there was nothing to stop.
constexpr const char* kStop = R"sh(
enter "$1"
[ -s .launch/pid ] || exit 98
if [ -e .launch/exit ]; then
  echo "ended $(cat .launch/exit)"
  exit 0
fi
alive || exit 97
signalled=
for status in /proc/[0-9]*/status; do
  grep -q "^PPid:[[:space:]]*$pid\$" "$status" 2>/dev/null || continue
  child=${status#/proc/}
  kill -TERM "${child%/status}" && signalled=yes
done
if [ ! "$signalled" ] && alive; then exit 72; fi
left=$(($2 * 5))
while alive; do
  [ "$left" -gt 0 ] || exit 71
  left=$((left - 1))
  sleep 0.2
done
[ -e .launch/exit ] || exit 97
echo "stopped $(cat .launch/exit)"
)sh";

Text words_of_end(const std::string& code) {
  if (code == "130") return {"everything answered is kept", "已有的回答都保留着"};
  if (code == "0") return {"it was done", "它已完成"};
  return {"see logs/launch.log there", "见那里的 logs/launch.log"};
}

Result<int> told(const Remote& remote, const CommandResult& result, int limit_s,
                 const Session& session) {
  const std::string place = remote.place.text();
  switch (result.exit_code) {
    case 0:
      break;
    case kNeverLaunched:
      return usage_error(
          bilingual("no run was launched in {}", "{} 中没有启动过运行", place),
          {"there is no .launch folder", "没有 .launch 目录"},
          {"name the folder that assay launch was given", "给出 assay launch 用的那个目录"});
    case kRunGone:
      return std::unexpected(gone_without_a_word());
    case kStillEnding:
      return environment_error(
          bilingual("the run in {} is still ending after {} s", "{} 中的运行过了 {} 秒仍在结束",
                    place, limit_s),
          {"it was asked to; an engine that is being loaded may hold it up",
           "已要求它结束；正在加载的引擎可能会拖延"},
          bilingual("watch it: assay watch {}; or stop it again, which ends it at once",
                    "查看进度：assay watch {}；或再停一次，它会立即结束", place));
    case kNotOurs:
      return environment_error(
          bilingual("the run in {} could not be asked to end", "无法要求 {} 中的运行结束", place),
          trim(result.err).empty() ? Text("its process was not found, or is another account's",
                                          "没有找到它的进程，或属于另一个账户")
                                   : Text(one_line(result.err)),
          {"use the account that launched it", "用启动它的账户"});
    default:
      return environment_error(
          bilingual("the run in {} could not be stopped", "无法停止 {} 中的运行", place),
          one_line(trim(result.err)), {"see the reason above", "见上面的原因"});
  }
  const std::vector<std::string> words = split(trim(result.out), ' ');
  const std::string code = words.size() == 2 ? words[1] : "?";
  if (words.front() == "ended") {
    print_out(session, bilingual("the run had ended before, with exit code {}\n",
                                 "运行先前已结束，退出码 {}\n", code));
    return kExitDone;
  }
  print_out(session, bilingual("the run has ended with exit code {}: {}\n",
                               "运行已结束，退出码 {}：{}\n", code, words_of_end(code)));
  print_out(session,
            bilingual("bring it:   assay pull {0}\ngo on:      assay launch {0} PLAN\n",
                      "取回结果：assay pull {0}\n继续运行：assay launch {0} PLAN\n", place));
  return kExitDone;
}

Result<int> stop(const StopOptions& options, const Session& session) {
  if (options.limit_s < 1 || options.limit_s > kLongestLimitS) {
    return usage_error(
        bilingual("--limit-s {} is no time to wait", "--limit-s {} 不是等待时间", options.limit_s),
        bilingual("it is from 1 to {} seconds", "它从 1 到 {} 秒", kLongestLimitS),
        {"leave it out for 120", "不写则为 120"});
  }
  Remote remote = make_remote(TRY(parse_place(options.source)), options.ssh);
  remote.until = Deadline().or_stop(session.listen());
  const CommandResult result =
      TRY(run_there(remote, std::string(kEnterFunction) + std::string(kAliveFunction) + kStop,
                    {remote.place.folder, std::to_string(options.limit_s)},
                    std::chrono::seconds(options.limit_s + kConnectionS)));
  return told(remote, result, options.limit_s, session);
}

}  // namespace

void add_stop(CLI::App& app, Session& session) {
  auto options = std::make_shared<StopOptions>();
  CLI::App* command = app.add_subcommand(
      "stop",
      "End a launched run as Ctrl-C would, and wait for its end; what it answered is kept.");
  command->add_option("RUN", options->source, "The run's folder there")
      ->type_name("HOST:DIR")
      ->required();
  command->add_option("--limit-s", options->limit_s, "Seconds to wait for its end")
      ->capture_default_str();
  command->add_option("--ssh", options->ssh, "The ssh command")->capture_default_str();
  command->footer("Example:\n  assay stop gpubox:/data/bench/run");
  command->callback([options, &session] { finish(session, stop(*options, session)); });
}

}  // namespace assay
