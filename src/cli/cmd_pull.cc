// assay pull: brings a finished run from another machine, by rsync over ssh.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "cli/command.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

struct Options {
  std::string source;
  std::string to = "artifacts";
  std::string ssh = "ssh -o BatchMode=yes";
};

// What a run's folder holds for reading. The store stays: copying it while it is written tears it.
constexpr const char* kParts[] = {"results/***",  "logs/***",    "report.md",       "report.html",
                                  "results.json", "results.csv", "plan.frozen.json"};

std::vector<std::string> rsync_command(const Options& options, const fs::path& target,
                                       std::vector<std::string> more) {
  std::vector<std::string> argv = {"rsync", "-a", "--partial", "-e", options.ssh};
  argv.insert(argv.end(), more.begin(), more.end());
  for (const char* part : kParts) argv.push_back(std::string("--include=/") + part);
  argv.emplace_back("--exclude=*");
  argv.push_back(options.source + "/");
  argv.push_back(target.string() + "/");
  return argv;
}

Result<CommandResult> rsync(const Options& options, const fs::path& target,
                            std::vector<std::string> more) {
  SpawnOptions spawn;
  spawn.argv = rsync_command(options, target, std::move(more));
  CommandResult result = TRY(run_command(spawn, "", std::chrono::hours(6)));
  if (result.exit_code == 0) return result;
  const std::string why(trim(result.err));
  const bool ssh = result.exit_code == 255 || why.find("Permission denied") != std::string::npos;
  return environment_error(
      fmt::format("cannot pull {}", options.source),
      why.empty() ? fmt::format("rsync ended with {}", result.exit_code) : split(why, '\n').front(),
      ssh ? "check that `ssh HOST true` works without a password, then run the same command again"
          : "run the same command again: it goes on where it stopped");
}

Result<int> pull(Options options) {
  while (options.source.ends_with('/')) options.source.pop_back();
  const std::size_t colon = options.source.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == options.source.size() ||
      options.source.starts_with('-')) {
    return usage_error("'" + options.source + "' names no folder on another machine",
                       "HOST:DIR is wanted", "write assay pull HOST:/path/of/the/run");
  }
  const std::string name = fs::path(options.source.substr(colon + 1)).filename().string();
  const fs::path target = fs::path(options.to) / name;
  TRY(make_dirs(target));
  TRY(rsync(options, target, {}));
  // Once more, by checksum: nothing may differ now.
  const CommandResult again =
      TRY(rsync(options, target, {"--checksum", "--dry-run", "--itemize-changes"}));
  for (const std::string& line : split(again.out, '\n')) {
    if (line.starts_with(">f")) {
      return environment_error("a file differs after the transfer", line,
                               "the run is still being written: pull again when it is done");
    }
  }
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(target)) {
    if (entry.is_regular_file()) ++files;
  }
  if (files == 0) {
    return usage_error("there is no run in " + options.source, "no results, logs or report there",
                       "name the folder an `assay run` wrote to");
  }
  fmt::print("{} files in {}, checksums agree\n", files, target.string());
  return kExitDone;
}

}  // namespace

void add_pull(CLI::App& app, Session& session) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("pull", "Bring a run's results, logs and reports to artifacts/<run>/.");
  command->add_option("HOST:DIR", options->source, "The run's folder on another machine")
      ->required();
  command->add_option("--to", options->to, "Folder to put it below")->capture_default_str();
  command->add_option("--ssh", options->ssh, "The ssh command rsync uses")->capture_default_str();
  command->footer("Example:\n  assay pull gpubox:/data/bench/qwen3_32b_vllm_stdbench_tp2_3hr");
  command->callback([options, &session] { finish(session, pull(*options)); });
}

}  // namespace assay
