// assay pull: brings a run from another machine, finished or not, by rsync over ssh.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/files.h"
#include "base/hash.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/remote.h"
#include "store/store.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

struct PullOptions {
  std::string source;
  std::string to = "artifacts";
  std::string ssh = "ssh";
  bool no_store = false;
};

constexpr int kNoRunThere = 67;
constexpr int kNoSnapshot = 68;
constexpr int kRounds = 3;
constexpr std::chrono::minutes kSnapshotTimeout{30};

// The store is never copied while it is written: SQLite's own backup makes a consistent copy in one
// read transaction, which is brought instead. Prints the folder's full name.
constexpr const char* kPrepare = R"sh(
enter "$1"
[ -e store.sqlite ] || [ -d results ] || [ -d logs ] || [ -e results.json ] || exit 67
if [ "$2" = store ] && [ -e store.sqlite ]; then
  new=.pull/store.sqlite.$$
  trap 'rm -f "$new" "$new-journal"' EXIT
  mkdir -p .pull || exit 68
  if command -v python3 >/dev/null; then
    python3 -c 'import sqlite3, sys
source = sqlite3.connect("file:store.sqlite?mode=ro", uri=True, timeout=60)
copy = sqlite3.connect(sys.argv[1])
source.backup(copy)
copy.execute("PRAGMA journal_mode=DELETE")
copy.close()' "$new" || exit 68
  elif command -v sqlite3 >/dev/null; then
    sqlite3 store.sqlite "VACUUM INTO '$new'" || exit 68
  else
    echo 'neither python3 nor sqlite3 is there' >&2
    exit 68
  fi
  mv -f "$new" .pull/store.sqlite || exit 68
fi
pwd -P
)sh";

// "<sha256>  <name>" for every file that is brought, each ended by a zero byte.
constexpr const char* kManifest = R"sh(
enter "$1"
for part in results logs report.md report.html report.tex results.json results.csv plan.frozen.json; do
  [ -e "$part" ] && find "$part" -type f ! -path '*/.rsync-partial/*' -print0
done | sort -z | xargs -0 -r sha256sum -z --
if [ "$2" = store ] && [ -e .pull/store.sqlite ]; then cd .pull && sha256sum -z -- store.sqlite; fi
exit 0
)sh";

using Manifest = std::map<std::string, std::string>;  // name -> SHA-256

Result<std::string> prepare(const Remote& remote, const PullOptions& options) {
  const CommandResult done =
      TRY(run_there(remote, std::string(kEnterFunction) + kPrepare,
                    {remote.place.folder, options.no_store ? "" : "store"}, kSnapshotTimeout));
  if (done.exit_code == kNoRunThere) {
    return usage_error(bilingual("there is no run in {}", "{} 中没有运行", remote.place.text()),
                       {"no store, results or logs there", "那里没有存储、结果或日志"},
                       {"name the folder an `assay run` wrote to", "给出 `assay run` 写入的目录"});
  }
  const std::vector<std::string> words = split(trim(done.err), '\n');
  if (done.exit_code == kNoSnapshot) {
    return environment_error(
        bilingual("cannot copy the store on {}", "无法复制 {} 上的存储", remote.place.host),
        words.back(),
        {"free space there or install python3; --no-store brings all but the store",
         "在那里腾出空间或安装 python3；--no-store 取回存储以外的全部"});
  }
  std::string folder(trim(done.out));
  if (done.exit_code != 0 || !folder.starts_with('/')) {
    return environment_error(
        bilingual("cannot look into {}", "无法查看 {}", remote.place.text()), words.front(),
        {"check that the account there has a POSIX shell", "检查那里的账户是否有 POSIX shell"});
  }
  return folder;
}

Result<Manifest> far_manifest(const Remote& remote, const std::string& folder,
                              const PullOptions& options) {
  const CommandResult done =
      TRY(run_there(remote, std::string(kEnterFunction) + kManifest,
                    {folder, options.no_store ? "" : "store"}, std::chrono::minutes(30)));
  Manifest out;
  for (const std::string& line : split(done.out, '\0')) {
    if (line.size() > 66) out[line.substr(66)] = line.substr(0, 64);
  }
  if (out.empty() || done.exit_code != 0) {
    return environment_error(
        bilingual("cannot read checksums on {}", "无法读取 {} 上的校验和", remote.place.host),
        std::string(trim(done.err)),
        {"install coreutils and findutils there", "在那里安装 coreutils 和 findutils"});
  }
  return out;
}

Status bring(const Remote& remote, const std::string& folder, const fs::path& target,
             const PullOptions& options, bool by_checksum) {
  const Text doing = bilingual("cannot pull {}", "无法取回 {}", remote.place.text());
  std::vector<std::string> rules;
  if (by_checksum) rules.emplace_back("--checksum");
  std::vector<std::string> all = rules;
  for (const char* part : {"results/***", "logs/***", "report.md", "report.html", "report.tex",
                           "results.json", "results.csv", "plan.frozen.json"}) {
    all.push_back(std::string("--include=/") + part);
  }
  all.emplace_back("--exclude=*");
  TRY(rsync(remote, all, far_path(remote, folder + "/"), target.string() + "/", doing));
  if (options.no_store) return {};
  // Leftovers of an older copy, opened here, would be taken for part of the new one.
  std::error_code code;
  for (const char* ending : {"-wal", "-shm"}) {
    fs::remove(target / (std::string("store.sqlite") + ending), code);
  }
  rules.insert(rules.end(), {"--include=/store.sqlite", "--exclude=*"});
  return rsync(remote, rules, far_path(remote, folder + "/.pull/"), target.string() + "/", doing);
}

std::vector<std::string> differing(const Manifest& manifest, const fs::path& target) {
  std::vector<std::string> out;
  for (const auto& [name, hash] : manifest) {
    const auto here = sha256_file_hex(target / name);
    if (!here || *here != hash) out.push_back(name);
  }
  return out;
}

// For `sha256sum -c`, later on.
Status write_sums(const Manifest& manifest, const std::vector<std::string>& except,
                  const fs::path& target) {
  std::string text;
  for (const auto& [name, hash] : manifest) {
    if (std::find(except.begin(), except.end(), name) != except.end()) continue;
    if (name.find_first_of("\n\\") == std::string::npos) {
      text += fmt::format("{}  {}\n", hash, name);
    }
  }
  return write_file_atomic(target / "SHA256SUMS", text);
}

Result<int> pull(const PullOptions& options, const Session& session) {
  Remote remote = make_remote(TRY(parse_place(options.source)), options.ssh);
  remote.until = Deadline().or_stop(session.listen());
  const std::string folder = TRY(prepare(remote, options));
  const fs::path target = fs::path(options.to) / remote.place.name();
  TRY(make_dirs(target));
  Manifest manifest;
  std::vector<std::string> wrong;
  for (int round = 0; round < kRounds; ++round) {
    TRY(bring(remote, folder, target, options, round > 0));
    manifest = TRY(far_manifest(remote, folder, options));
    wrong = differing(manifest, target);
    if (wrong.empty()) break;
  }
  // A log may grow for as long as the run goes on; anything else must agree.
  for (const std::string& name : wrong) {
    if (name.starts_with("logs/")) continue;
    return environment_error(
        {"a file differs after the transfer", "传输后有文件不一致"}, name,
        {"the run is still writing it: pull again in a while", "运行仍在写它：过一会再取"});
  }
  TRY(write_sums(manifest, wrong, target));
  print_out(session, bilingual("{} files in {}, checksums agree (SHA256SUMS)\n",
                               "{} 个文件在 {}，校验和一致（SHA256SUMS）\n",
                               manifest.size() - wrong.size(), target.string()));
  for (const std::string& name : wrong) {
    print_out(session, bilingual("still being written: {}\n", "仍在写入：{}\n", name));
  }
  if (manifest.contains("store.sqlite")) {
    const Store store = TRY(Store::open(target, Store::Mode::read));
    print_out(session,
              bilingual("store: {} responses\n", "存储：{} 条回答\n", store.response_count()));
  }
  return kExitDone;
}

}  // namespace

void add_pull(CLI::App& app, Session& session) {
  auto options = std::make_shared<PullOptions>();
  CLI::App* command = app.add_subcommand(
      "pull", "Bring a run's results, logs, reports and store to artifacts/<run>/.");
  command->add_option("RUN", options->source, "The run's folder on another machine")
      ->type_name("HOST:DIR")
      ->required();
  command->add_option("--to", options->to, "Folder to put it below")->capture_default_str();
  command->add_option("--ssh", options->ssh, "The ssh command")->capture_default_str();
  command->add_flag("--no-store", options->no_store, "Leave the store there");
  command->footer("Example:\n  assay pull gpubox:/data/bench/qwen3_32b_vllm_stdbench_tp2_3hr");
  command->callback([options, &session] { finish(session, pull(*options, session)); });
}

}  // namespace assay
