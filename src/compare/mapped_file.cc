#include "compare/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <system_error>

#include "base/files.h"

namespace assay {
namespace {

constexpr std::uintmax_t kCopied = std::uintmax_t{16} << 20;

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& file) {
  std::error_code code;
  if (std::filesystem::file_size(file, code) <= kCopied && !code) {
    return MappedFile(TRY(read_file(file)));
  }
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat facts = {};
  if (descriptor < 0 || ::fstat(descriptor, &facts) != 0) {
    if (descriptor >= 0) ::close(descriptor);
    return usage_error("cannot read " + file.string(), "it cannot be opened",
                       "check its permissions");
  }
  if (!S_ISREG(facts.st_mode)) {
    ::close(descriptor);
    return usage_error("cannot read " + file.string(), "it is no regular file",
                       "name a file: pipes and devices may never end");
  }
  const auto size = static_cast<std::size_t>(facts.st_size);
  void* data = nullptr;
  if (size > 0) data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  ::close(descriptor);
  if (data == MAP_FAILED) {
    return usage_error("cannot read " + file.string(), "it cannot be mapped into memory",
                       "check that it is a plain file");
  }
  return MappedFile(data, size);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace assay
