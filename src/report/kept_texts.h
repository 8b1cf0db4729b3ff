// Texts kept aside, because those of a million answers do not fit into memory: in a file that has
// no name and goes with its last user.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace assay {

// Where a text lies.
struct TextPlace {
  std::uint64_t at = 0;
  std::uint64_t size = 0;  // bytes
};

class KeptTexts {
 public:
  KeptTexts() = default;  // all in memory: for few texts
  // The file is made in this folder. Where none can be made, or the disk is full, the rest is held
  // in memory.
  [[nodiscard]] static KeptTexts in_folder(const std::filesystem::path& folder);

  [[nodiscard]] TextPlace put(std::string_view text);
  // A text that was put; from several threads at once as long as none puts.
  [[nodiscard]] Result<std::string> get(const TextPlace& place) const;
  // Bytes in memory; with a file that takes them at most 1 MiB, and a text.
  [[nodiscard]] std::size_t held_bytes() const { return held_.size(); }

 private:
  void write_held();

  UniqueFd file_;
  bool takes_more_ = false;    // the file
  std::uint64_t written_ = 0;  // bytes in the file
  std::string held_;           // what follows them
};

}  // namespace assay
