#include "engine/fingerprint.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <chrono>
#include <fstream>
#include <optional>
#include <set>
#include <thread>

#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"

namespace assay {
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the safetensors library's own limit
constexpr unsigned kMaxThreads = 4;                     // a disk gives no more
// A file changed again within the clock's grain keeps its mtime: so young, it is not remembered.
constexpr std::int64_t kYoungNs = 2'000'000'000;

bool has_suffix(const std::string& name, std::initializer_list<std::string_view> suffixes) {
  return std::any_of(suffixes.begin(), suffixes.end(),
                     [&](std::string_view suffix) { return name.ends_with(suffix); });
}

bool is_safetensors(const std::string& name) { return name.ends_with(".safetensors"); }

bool is_torch_weights(const std::string& name) {
  static const std::set<std::string> kTraining = {"training_args.bin", "optimizer.bin",
                                                  "scheduler.bin"};
  return name.ends_with(".bin") && !kTraining.contains(name);
}

bool is_other_weights(const std::string& name) {
  return has_suffix(name, {".bin", ".pt", ".pth", ".gguf", ".onnx", ".h5", ".msgpack", ".ot",
                           ".tflite", ".index.json"});
}

bool is_for_people(const std::string& name) {
  std::string lower;
  for (char c : name) lower.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  return lower.starts_with(".") || lower.starts_with("license") || lower.starts_with("notice") ||
         lower.starts_with("use_policy") ||
         has_suffix(lower, {".md", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".pdf"});
}

// Names in the folder and in its folder of further chat templates, sorted.
Result<std::vector<std::string>> list_files(const fs::path& folder) {
  std::error_code code;
  if (!fs::is_directory(folder, code)) {
    return usage_error("no model folder " + folder.string(),
                       fs::exists(folder, code) ? "it is a file" : "there is no such folder",
                       "correct the variant's `model` in the plan");
  }
  std::vector<std::string> out;
  for (const std::string sub : {"", "additional_chat_templates"}) {
    for (const auto& entry : fs::directory_iterator(folder / sub, code)) {
      const fs::path name = fs::path(sub) / entry.path().filename();
      if (entry.is_symlink() && !entry.exists(code)) {
        return usage_error(fmt::format("{} in {} points to nothing", name.string(), folder.string()),
                           "its link's target is not there", "download the model again");
      }
      if (entry.is_regular_file(code)) out.push_back(name);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::unexpected<Error> missing(const fs::path& folder, const std::string& what,
                               const std::string& looked_for) {
  return usage_error(fmt::format("the model folder {} has no {}", folder.string(), what),
                     "looked for " + looked_for,
                     "correct the variant's `model` in the plan, or download the model again");
}

bool has_tokenizer(const std::set<std::string>& names) {
  const auto has = [&](const char* name) { return names.contains(name); };
  if (has("tokenizer.json") || has("tokenizer.model") || has("spiece.model") || has("tekken.json")) {
    return true;
  }
  if (has("vocab.json") && has("merges.txt")) return true;
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.ends_with(".tiktoken") || name.ends_with(".spm");
  });
}

// Every shard that the index names.
Status check_index(const fs::path& folder, const std::set<std::string>& names,
                   const std::string& index_name) {
  if (!names.contains(index_name)) return {};
  const fs::path path = folder / index_name;
  const Json index = TRY(parse_json(TRY(read_file(path)), path.string()));
  if (!index.contains("weight_map") || !index["weight_map"].is_object()) {
    return usage_error(path.string() + " is no index of weights", "it has no 'weight_map'",
                       "download the model again");
  }
  std::set<std::string> lost;
  for (const auto& [tensor, file] : index["weight_map"].items()) {
    if (file.is_string() && !names.contains(file.get<std::string>())) lost.insert(file);
  }
  if (lost.empty()) return {};
  return usage_error(
      fmt::format("the model folder {} lacks weights: {}", folder.string(), *lost.begin()),
      fmt::format("{} names {} file{} that {} not there", index_name, lost.size(),
                  lost.size() == 1 ? "" : "s", lost.size() == 1 ? "is" : "are"),
      "download the model again");
}

std::unexpected<Error> broken_weights(const fs::path& path, std::string why) {
  return usage_error(path.string() + " is no whole safetensors file", std::move(why),
                     "download the model again");
}

// The format: 8 bytes little-endian length, so many bytes of JSON, then the tensors' bytes.
Status check_safetensors(const fs::path& path) {
  std::error_code code;
  const std::uint64_t size = fs::file_size(path, code);
  std::ifstream file(path, std::ios::binary);
  std::array<char, 8> start{};
  file.read(start.data(), start.size());
  if (code || !file) return broken_weights(path, fmt::format("it has {} bytes", size));
  if (std::string_view(start.data(), start.size()) == "version ") {
    return broken_weights(path, "it is a Git LFS pointer, not the file itself");
  }
  std::uint64_t header_bytes = 0;
  for (std::size_t i = 0; i < start.size(); ++i) {
    header_bytes |= static_cast<std::uint64_t>(static_cast<unsigned char>(start[i])) << (8 * i);
  }
  if (header_bytes > kMaxHeaderBytes || 8 + header_bytes > size) {
    return broken_weights(path, fmt::format("a header of {} bytes in a file of {}", header_bytes, size));
  }
  std::string text(header_bytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  std::uint64_t data_bytes = 0;
  try {
    const Json header = Json::parse(text);
    for (const auto& [name, tensor] : header.items()) {
      if (name == "__metadata__") continue;
      data_bytes = std::max(data_bytes, tensor.at("data_offsets").at(1).get<std::uint64_t>());
    }
  } catch (const Json::exception& e) {
    return broken_weights(path, e.what());
  }
  const std::uint64_t expected = 8 + header_bytes + data_bytes;
  if (size == expected) return {};
  return broken_weights(path, fmt::format("it has {} bytes, its header says {}", size, expected));
}

Result<std::vector<std::string>> checked_files(const fs::path& folder, Weights weights) {
  const std::vector<std::string> all = TRY(list_files(folder));
  const std::set<std::string> names(all.begin(), all.end());
  if (!names.contains("config.json")) return missing(folder, "config.json", "config.json");
  const bool safetensors = std::any_of(all.begin(), all.end(), is_safetensors);
  const bool torch = !safetensors && std::any_of(all.begin(), all.end(), is_torch_weights);
  if (!safetensors && !torch && weights == Weights::needed) {
    return missing(folder, "weights", "*.safetensors and *.bin");
  }
  if (!has_tokenizer(names)) {
    return missing(folder, "tokenizer", "tokenizer.json, tokenizer.model, vocab.json with merges.txt");
  }
  TRY(parse_json(TRY(read_file(folder / "config.json")), (folder / "config.json").string()));
  if (safetensors) TRY(check_index(folder, names, "model.safetensors.index.json"));
  if (torch) TRY(check_index(folder, names, "pytorch_model.bin.index.json"));
  std::vector<std::string> counted;
  for (const std::string& name : all) {
    if (is_safetensors(name)) TRY(check_safetensors(folder / name));
    const bool loaded_weights = is_safetensors(name) || name == "model.safetensors.index.json" ||
                                (torch && (is_torch_weights(name) || name.ends_with(".bin.index.json")));
    if (loaded_weights || (!is_for_people(name) && !is_other_weights(name))) counted.push_back(name);
  }
  return counted;
}

// --- hashes, and where they are kept ---

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

// <hub cache>/snapshots/<revision>/<name> links to ../../blobs/<sha256>; small files' blobs are named
// by another hash of 40 letters.
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
    if (entry->value("bytes", Json()) != state.bytes || entry->value("inode", Json()) != state.inode ||
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
void hash_all(std::vector<ToHash>& work) {
  std::sort(work.begin(), work.end(),
            [](const ToHash& a, const ToHash& b) { return a.before.bytes > b.before.bytes; });
  std::atomic<std::size_t> next{0};
  const auto hash_some = [&] {
    for (std::size_t i = next++; i < work.size(); i = next++) {
      work[i].hash = sha256_file_hex(work[i].path);
    }
  };
  const unsigned wanted = std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads);
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < wanted && i < work.size(); ++i) threads.emplace_back(hash_some);
  hash_some();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

Status check_model_folder(const fs::path& folder, Weights weights) {
  TRY(checked_files(folder, weights));
  return {};
}

Result<ModelFingerprint> fingerprint_model(const fs::path& folder, const fs::path& cache_file,
                                           Weights weights) {
  const std::vector<std::string> names = TRY(checked_files(folder, weights));
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
  hash_all(work);
  out.hashed_files = static_cast<int>(work.size());
  for (ToHash& done : work) {
    const std::string hash = TRY(std::move(done.hash));
    for (ModelFile& file : out.files) {
      if (folder / file.name == done.path) file.sha256 = hash;
    }
    const bool unchanged = TRY(state_of(done.path)) == done.before;
    if (unchanged && now_ns() - done.before.mtime_ns > kYoungNs) cache.add(done.before, hash);
  }
  cache.save();
  std::string listing;
  for (const ModelFile& file : out.files) listing += file.sha256 + "  " + file.name + "\n";
  out.sha256 = sha256_hex(listing);
  return out;
}

}  // namespace assay
