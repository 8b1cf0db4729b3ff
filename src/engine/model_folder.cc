#include "engine/model_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <fstream>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "base/language.h"

namespace assay {
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the safetensors library's own limit

bool has_suffix(const std::string& name, std::initializer_list<std::string_view> suffixes) {
  return std::any_of(suffixes.begin(), suffixes.end(),
                     [&](std::string_view suffix) { return name.ends_with(suffix); });
}

bool is_safetensors(const std::string& name) {
  return name.ends_with(".safetensors");
}

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
  for (char c : name)
    lower.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  return lower.starts_with(".") || lower.starts_with("license") || lower.starts_with("notice") ||
         lower.starts_with("use_policy") ||
         has_suffix(lower, {".md", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".pdf"});
}

// Names in the folder and in its folder of further chat templates, sorted.
Result<std::vector<std::string>> list_files(const fs::path& folder) {
  std::error_code code;
  if (!fs::is_directory(folder, code)) {
    return usage_error(bilingual("no model folder {}", "没有模型目录 {}", folder.string()),
                       fs::exists(folder, code) ? Text("it is a file", "它是一个文件")
                                                : Text("there is no such folder", "没有这个目录"),
                       {"correct the variant's `model` in the plan", "改正计划中变体的 `model`"});
  }
  std::vector<std::string> out;
  for (const std::string sub : {"", "additional_chat_templates"}) {
    for (const auto& entry : fs::directory_iterator(folder / sub, code)) {
      const fs::path name = fs::path(sub) / entry.path().filename();
      if (entry.is_symlink() && !entry.exists(code)) {
        return usage_error(bilingual("{} in {} points to nothing", "{1} 里的 {0} 没有指向任何文件",
                                     name.string(), folder.string()),
                           {"its link's target is not there", "链接的目标不存在"},
                           {"download the model again", "重新下载模型"});
      }
      if (entry.is_regular_file(code)) out.push_back(name);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::unexpected<Error> missing(const fs::path& folder, const std::string& what,
                               const std::string& looked_for) {
  return usage_error(
      bilingual("the model folder {} has no {}", "模型目录 {} 没有 {}", folder.string(), what),
      bilingual("looked for {}", "找过 {}", looked_for),
      {"correct the variant's `model` in the plan, or download the model again",
       "改正计划中变体的 `model`，或重新下载模型"});
}

bool has_tokenizer(const std::set<std::string>& names) {
  const auto has = [&](const char* name) { return names.contains(name); };
  if (has("tokenizer.json") || has("tokenizer.model") || has("spiece.model") ||
      has("tekken.json")) {
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
    return usage_error(bilingual("{} is no index of weights", "{} 不是权重索引", path.string()),
                       {"it has no 'weight_map'", "它没有 'weight_map'"},
                       {"download the model again", "重新下载模型"});
  }
  std::set<std::string> lost;
  for (const auto& [tensor, file] : index["weight_map"].items()) {
    if (file.is_string() && !names.contains(file.get<std::string>())) lost.insert(file);
  }
  if (lost.empty()) return {};
  return usage_error(
      bilingual("the model folder {} lacks weights: {}", "模型目录 {} 缺少权重：{}",
                folder.string(), *lost.begin()),
      lost.size() == 1
          ? bilingual("{} names 1 file that is not there", "{} 提到的 1 个文件不存在", index_name)
          : bilingual("{} names {} files that are not there", "{} 提到的 {} 个文件不存在",
                      index_name, lost.size()),
      {"download the model again", "重新下载模型"});
}

std::unexpected<Error> broken_weights(const fs::path& path, std::string why) {
  return usage_error(
      bilingual("{} is no whole safetensors file", "{} 不是完整的 safetensors 文件", path.string()),
      std::move(why), {"download the model again", "重新下载模型"});
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
    return broken_weights(path,
                          fmt::format("a header of {} bytes in a file of {}", header_bytes, size));
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

}  // namespace

Result<std::vector<std::string>> files_that_count(const fs::path& folder, Weights weights) {
  const std::vector<std::string> all = TRY(list_files(folder));
  const std::set<std::string> names(all.begin(), all.end());
  if (!names.contains("config.json")) return missing(folder, "config.json", "config.json");
  const bool safetensors = std::any_of(all.begin(), all.end(), is_safetensors);
  const bool torch = !safetensors && std::any_of(all.begin(), all.end(), is_torch_weights);
  if (!safetensors && !torch && weights == Weights::needed) {
    return missing(folder, "weights", "*.safetensors and *.bin");
  }
  if (!has_tokenizer(names)) {
    return missing(folder, "tokenizer",
                   "tokenizer.json, tokenizer.model, vocab.json with merges.txt");
  }
  TRY(parse_json(TRY(read_file(folder / "config.json")), (folder / "config.json").string()));
  if (safetensors) TRY(check_index(folder, names, "model.safetensors.index.json"));
  if (torch) TRY(check_index(folder, names, "pytorch_model.bin.index.json"));
  std::vector<std::string> counted;
  for (const std::string& name : all) {
    if (is_safetensors(name)) TRY(check_safetensors(folder / name));
    const bool loaded_weights =
        is_safetensors(name) || name == "model.safetensors.index.json" ||
        (torch && (is_torch_weights(name) || name.ends_with(".bin.index.json")));
    if (loaded_weights || (!is_for_people(name) && !is_other_weights(name)))
      counted.push_back(name);
  }
  return counted;
}

Status check_model_folder(const fs::path& folder, Weights weights) {
  TRY(files_that_count(folder, weights));
  return {};
}

bool has_quantised_weights(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder / "hf_quant_config.json", ignored)) return true;
  const auto text = read_file(folder / "config.json");
  if (!text) return false;
  const auto config = parse_json(*text, "config.json");
  if (!config || !config->is_object()) return false;
  // Models of several parts have a configuration of their text part inside.
  const auto part = config->find("text_config");
  const bool in_part =
      part != config->end() && part->is_object() && part->contains("quantization_config");
  return in_part || config->contains("quantization_config") ||
         config->contains("compression_config");
}

}  // namespace assay
