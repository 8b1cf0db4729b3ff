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

std::string words_of_end(const std::string& code) {
  if (code == "130") return "everything answered is kept";
  if (code == "0") return "it was done";
  return "see logs/launch.log there";
}

Result<int> told(const Remote& remote, const CommandResult& result, int limit_s) {
  const std::string place = remote.place.text();
  switch (result.exit_code) {
    case 0:
      break;
    case kNeverLaunched:
      return usage_error("no run was launched in " + place, "there is no .launch folder",
                         "name the folder that assay launch was given");
    case kRunGone:
      return std::unexpected(gone_without_a_word());
    case kStillEnding:
      return environment_error(
          fmt::format("the run in {} is still ending after {} s", place, limit_s),
          "it was asked to; an engine that is being loaded may hold it up",
          fmt::format("watch it: assay watch {}; or stop it again, which ends it at once", place));
    case kNotOurs:
      return environment_error(
          "the run in " + place + " could not be asked to end",
          one_line(trim(result.err).empty() ? "its process was not found, or is another account's"
                                            : result.err),
          "use the account that launched it");
    default:
      return environment_error("the run in " + place + " could not be stopped",
                               one_line(trim(result.err)), "see the reason above");
  }
  const std::vector<std::string> words = split(trim(result.out), ' ');
  const std::string code = words.size() == 2 ? words[1] : "?";
  if (words.front() == "ended") {
    fmt::print("the run had ended before, with exit code {}\n", code);
    return kExitDone;
  }
  fmt::print("the run has ended with exit code {}: {}\n", code, words_of_end(code));
  fmt::print("bring it:   assay pull {0}\ngo on:      assay launch {0} PLAN\n", place);
  return kExitDone;
}

Result<int> stop(const StopOptions& options, const Session& session) {
  if (options.limit_s < 1 || options.limit_s > kLongestLimitS) {
    return usage_error(fmt::format("--limit-s {} is no time to wait", options.limit_s),
                       fmt::format("it is from 1 to {} seconds", kLongestLimitS),
                       "leave it out for 120");
  }
  Remote remote = make_remote(TRY(parse_place(options.source)), options.ssh);
  remote.until = Deadline().or_stop(session.listen());
  const CommandResult result =
      TRY(run_there(remote, std::string(kEnterFunction) + std::string(kAliveFunction) + kStop,
                    {remote.place.folder, std::to_string(options.limit_s)},
                    std::chrono::seconds(options.limit_s + kConnectionS)));
  return told(remote, result, options.limit_s);
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
