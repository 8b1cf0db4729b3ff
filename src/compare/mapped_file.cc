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
    return usage_error(bilingual("cannot read {}", "无法读取 {}", file.string()),
                       {"it cannot be opened", "它打不开"},
                       {"check its permissions", "检查它的权限"});
  }
  if (!S_ISREG(facts.st_mode)) {
    ::close(descriptor);
    return usage_error(
        bilingual("cannot read {}", "无法读取 {}", file.string()),
        {"it is no regular file", "它不是普通文件"},
        {"name a file: pipes and devices may never end", "给出一个文件：管道和设备可能没有尽头"});
  }
  const auto size = static_cast<std::size_t>(facts.st_size);
  void* data = nullptr;
  if (size > 0) data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  ::close(descriptor);
  if (data == MAP_FAILED) {
    return usage_error(bilingual("cannot read {}", "无法读取 {}", file.string()),
                       {"it cannot be mapped into memory", "它无法映射到内存"},
                       {"check that it is a plain file", "检查它是不是普通文件"});
  }
  return MappedFile(data, size);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace assay
