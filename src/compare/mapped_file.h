// A file's bytes without a copy of them in memory: results and samples of others may be of any
// size.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace assay {

class MappedFile {
 public:
  // Usage errors: it cannot be opened or mapped.
  [[nodiscard]] static Result<MappedFile> open(const std::filesystem::path& file);

  MappedFile(MappedFile&& other) noexcept
      : copy_(std::move(other.copy_)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(copy_, other.copy_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  // Valid as long as this object.
  [[nodiscard]] std::string_view text() const {
    return data_ == nullptr ? std::string_view(copy_)
                            : std::string_view(static_cast<const char*>(data_), size_);
  }

 private:
  explicit MappedFile(std::string copy) : copy_(std::move(copy)) {}
  MappedFile(void* data, std::size_t size) : data_(data), size_(size) {}
  std::string copy_;
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace assay
