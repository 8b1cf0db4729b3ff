#include "engine/fingerprint.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "base/file_hash.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"

namespace assay {
namespace fs = std::filesystem;

namespace {

constexpr unsigned kMaxThreads = 4;  // a disk gives no more
// A file changed again within the clock's grain keeps its mtime: so young, it is not remembered.
constexpr std::int64_t kYoungNs = 2'000'000'000;

struct FileState {
  std::string path;  // links followed
  std::uint64_t bytes = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileState&, const FileState&) = default;
};

Result<FileState> state_of(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    return errno_error("cannot look at " + path.string(), "check the model folder");
  }
  std::error_code code;
  return FileState{fs::canonical(path, code).string(), static_cast<std::uint64_t>(info.st_size),
                   info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec, info.st_ino};
}

// <hub cache>/snapshots/<revision>/<name> links to ../../blobs/<sha256>; small files' blobs are
// named by another hash of 40 letters.
std::optional<std::string> hash_by_hub_name(const fs::path& path) {
  std::error_code code;
  const fs::path target = fs::read_symlink(path, code);
  if (code || target.parent_path().filename() != "blobs") return std::nullopt;
  std::string name = target.filename();
  const bool hex = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (!hex || name.size() != 64) return std::nullopt;
  return name;
}

class HashCache {
 public:
  explicit HashCache(fs::path file) : file_(std::move(file)), content_(load(file_)) {}

  [[nodiscard]] std::optional<std::string> find(const FileState& state) const {
    const auto entry = content_.find(state.path);
    if (entry == content_.end() || !entry->is_object()) return std::nullopt;
    if (entry->value("bytes", Json()) != state.bytes ||
        entry->value("inode", Json()) != state.inode ||
        entry->value("mtime_ns", Json()) != state.mtime_ns) {
      return std::nullopt;
    }
    const Json hash = entry->value("sha256", Json());
    if (!hash.is_string() || hash.get_ref<const std::string&>().size() != 64) return std::nullopt;
    return hash.get<std::string>();
  }

  void add(const FileState& state, const std::string& sha256) {
    added_[state.path] = {{"bytes", state.bytes},
                          {"mtime_ns", state.mtime_ns},
                          {"inode", state.inode},
                          {"sha256", sha256}};
  }

  // What another process wrote meanwhile stays. A cache that cannot be written is no error.
  void save() const {
    if (file_.empty() || added_.empty()) return;
    Json files = load(file_);
    files.update(added_);
    if (file_.has_parent_path()) static_cast<void>(make_dirs(file_.parent_path()));
    static_cast<void>(write_file_atomic(file_, dump_json({{"version", 1}, {"files", files}}, 1)));
  }

 private:
  static Json load(const fs::path& file) {
    std::error_code code;
    if (file.empty() || !fs::exists(file, code)) return Json::object();
    const Result<std::string> text = read_file(file);
    const Json content = text ? Json::parse(*text, nullptr, false) : Json();
    if (!content.is_object() || content.value("version", Json()) != 1 ||
        !content.contains("files") || !content["files"].is_object()) {
      return Json::object();
    }
    return content["files"];
  }

  fs::path file_;
  Json content_;
  Json added_ = Json::object();
};

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct ToHash {
  fs::path path;
  FileState before;
  Result<std::string> hash = std::string();
};

// The largest first, so that no thread is left with it at the end.
void hash_all(std::vector<ToHash>& work, const Deadline& until) {
  std::sort(work.begin(), work.end(),
            [](const ToHash& a, const ToHash& b) { return a.before.bytes > b.before.bytes; });
  std::atomic<std::size_t> next{0};
  const auto hash_some = [&] {
    for (std::size_t i = next++; i < work.size(); i = next++) {
      work[i].hash = sha256_file_hex(work[i].path, until);
    }
  };
  const unsigned wanted = std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads);
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < wanted && i < work.size(); ++i) threads.emplace_back(hash_some);
  hash_some();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

Result<ModelFingerprint> fingerprint_model(const fs::path& folder, const fs::path& cache_file,
                                           Weights weights, const Deadline& until) {
  const std::vector<std::string> names = TRY(files_that_count(folder, weights));
  HashCache cache(cache_file);
  ModelFingerprint out;
  std::vector<ToHash> work;
  for (const std::string& name : names) {
    const FileState state = TRY(state_of(folder / name));
    std::optional<std::string> known = hash_by_hub_name(folder / name);
    if (!known) known = cache.find(state);
    if (!known) work.push_back({folder / name, state});
    out.files.push_back({name, known.value_or(""), state.bytes});
    out.bytes += state.bytes;
  }
  hash_all(work, until);
  out.hashed_files = static_cast<int>(work.size());
  for (const ToHash& done : work) {
    if (!done.hash) continue;
    const std::string& hash = *done.hash;
    for (ModelFile& file : out.files) {
      if (folder / file.name == done.path) file.sha256 = hash;
    }
    const bool unchanged = TRY(state_of(done.path)) == done.before;
    if (unchanged && now_ns() - done.before.mtime_ns > kYoungNs) cache.add(done.before, hash);
  }
  cache.save();
  for (const ToHash& done : work) {
    if (!done.hash) return std::unexpected(done.hash.error());
  }
  std::string listing;
  for (const ModelFile& file : out.files) listing += file.sha256 + "  " + file.name + "\n";
  out.sha256 = sha256_hex(listing);
  return out;
}

}  // namespace assay
