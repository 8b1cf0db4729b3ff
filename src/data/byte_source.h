// Reads bytes piece by piece from a file or a text, and splits them into lines.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace assay {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // How many bytes were read; 0 at the end.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> buffer) = 0;
};

// A file; one that ends in .gz is unpacked while it is read. Missing: usage error.
[[nodiscard]] Result<std::unique_ptr<ByteSource>> open_source(const std::filesystem::path& file);
// `text` must outlive the source.
[[nodiscard]] std::unique_ptr<ByteSource> text_source(std::string_view text);

// Reads everything; more than max_bytes is a usage error that names `where`.
[[nodiscard]] Result<std::string> read_all(ByteSource& source, std::size_t max_bytes,
                                           const std::string& where);

// Lines without their end ("\n" or "\r\n") and without a byte-order mark.
class LineReader {
 public:
  explicit LineReader(ByteSource& source) : source_(source) {}
  // False at the end. A line longer than 1 GiB is a usage error.
  [[nodiscard]] Result<bool> next(std::string& line);
  [[nodiscard]] std::size_t number() const { return number_; }  // of the line last read, from 1
  // True when the line last read had no line end, so that the file ends with it.
  [[nodiscard]] bool cut_off() const { return cut_off_; }

 private:
  ByteSource& source_;
  std::string buffer_;
  std::size_t start_ = 0;
  std::size_t number_ = 0;
  bool at_end_ = false;
  bool cut_off_ = false;
};

}  // namespace assay
