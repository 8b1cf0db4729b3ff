#include "data/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/language.h"
#include "base/unique_fd.h"

namespace assay {
namespace {

constexpr std::size_t kPieceBytes = 1UL << 18;
constexpr std::size_t kLongestLineBytes = 1UL << 30;

class FileSource final : public ByteSource {
 public:
  FileSource(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    while (true) {
      const ssize_t n = ::read(fd_.get(), buffer.data(), buffer.size());
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) return errno_error("cannot read " + name_, "check the disk");
    }
  }

 private:
  UniqueFd fd_;
  std::string name_;
};

class GzipSource final : public ByteSource {
 public:
  GzipSource(gzFile file, std::string name) : file_(file, &gzclose), name_(std::move(name)) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    const std::size_t most = std::numeric_limits<int>::max();
    const int n =
        gzread(file_.get(), buffer.data(), static_cast<unsigned>(std::min(buffer.size(), most)));
    int code = Z_OK;
    const char* message = gzerror(file_.get(), &code);
    if (n > 0 && code == Z_OK) return static_cast<std::size_t>(n);
    if (n >= 0 && (code == Z_OK || code == Z_STREAM_END)) return static_cast<std::size_t>(n);
    return usage_error(name_ + " cannot be unpacked",
                       code == Z_BUF_ERROR ? "it ends in the middle" : message,
                       "fetch the file again");
  }

 private:
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
  std::string name_;
};

class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string_view text) : text_(text) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    const std::size_t n = std::min(buffer.size(), text_.size());
    std::memcpy(buffer.data(), text_.data(), n);
    text_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view text_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_source(const std::filesystem::path& file) {
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) {
    const int number = errno;
    return usage_error(bilingual("cannot read {}", "无法读取 {}", file.string()),
                       system_words(number), {"check the path", "检查路径"});
  }
  if (!S_ISREG(info.st_mode)) {
    return usage_error(bilingual("cannot read {}", "无法读取 {}", file.string()),
                       {"it is no regular file", "它不是普通文件"},
                       {"name a file", "给出一个文件"});
  }
  if (file.extension() != ".gz") {
    return std::make_unique<FileSource>(std::move(fd), file.string());
  }
  gzFile gz = gzdopen(fd.get(), "rb");
  if (gz == nullptr) return environment_error("cannot read " + file.string(), "out of memory", "");
  (void)fd.release();  // gzclose closes it
  return std::make_unique<GzipSource>(gz, file.string());
}

std::unique_ptr<ByteSource> text_source(std::string_view text) {
  return std::make_unique<TextSource>(text);
}

Result<std::string> read_all(ByteSource& source, std::size_t max_bytes, const std::string& where) {
  std::string all;
  std::string piece(kPieceBytes, '\0');
  while (const std::size_t n = TRY(source.read(piece))) {
    if (all.size() + n > max_bytes) {
      return usage_error(where + " is too large",
                         fmt::format("it holds more than {} MiB", max_bytes >> 20U),
                         "split it into several files, or use JSON lines");
    }
    all.append(piece, 0, n);
  }
  return all;
}

Result<bool> LineReader::next(std::string& line) {
  std::size_t searched = start_;
  std::size_t end = std::string::npos;
  while ((end = buffer_.find('\n', searched)) == std::string::npos && !at_end_) {
    buffer_.erase(0, start_);
    start_ = 0;
    searched = buffer_.size();
    if (searched > kLongestLineBytes) {
      return usage_error(fmt::format("line {} is too long", number_ + 1), "it has more than 1 GiB",
                         "is this a file of JSON lines?");
    }
    buffer_.resize(searched + kPieceBytes);
    const std::size_t n = TRY(source_.read(std::span(buffer_).subspan(searched)));
    buffer_.resize(searched + n);
    at_end_ = n == 0;
  }
  cut_off_ = end == std::string::npos;
  if (cut_off_ && start_ == buffer_.size()) return false;
  const std::size_t stop = cut_off_ ? buffer_.size() : end;
  line.assign(buffer_, start_, stop - start_);
  start_ = cut_off_ ? stop : stop + 1;
  if (line.ends_with('\r')) line.pop_back();
  if (++number_ == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
  return true;
}

}  // namespace assay
