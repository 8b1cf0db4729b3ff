#include "data/zip.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <memory>

#include "base/text.h"

namespace assay {
namespace {

constexpr std::size_t kLargestBytes = 4UL << 30;
constexpr std::size_t kZipPieceBytes = 1UL << 20;

using Archive = std::unique_ptr<zip_t, decltype(&zip_discard)>;
using EntryFile = std::unique_ptr<zip_file_t, decltype(&zip_fclose)>;

std::unexpected<Error> damaged(const std::string& where, const std::string& why) {
  return usage_error(where + " cannot be unpacked", why, "fetch the file again");
}

bool wanted(const std::string& name, const std::vector<std::string>& suffixes) {
  if (name.starts_with("__MACOSX/")) return false;
  return std::ranges::any_of(suffixes, [&](const std::string& s) { return name.ends_with(s); });
}

Result<std::string> read_entry(zip_t* archive, zip_uint64_t index, const std::string& where,
                               std::size_t room_bytes) {
  const EntryFile entry(zip_fopen_index(archive, index, 0), &zip_fclose);
  if (!entry) return damaged(where, zip_strerror(archive));
  std::string content;
  std::string piece(kZipPieceBytes, '\0');
  while (true) {
    const zip_int64_t n = zip_fread(entry.get(), piece.data(), piece.size());
    if (n < 0) return damaged(where, zip_file_strerror(entry.get()));
    if (n == 0) return content;
    // The size that the archive states may be wrong.
    if (content.size() + static_cast<std::size_t>(n) > room_bytes) {
      return damaged(where, fmt::format("it unpacks to more than {} GiB", kLargestBytes >> 30U));
    }
    content.append(piece, 0, static_cast<std::size_t>(n));
  }
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip(const std::filesystem::path& file,
                                       const std::vector<std::string>& suffixes) {
  int code = 0;
  const Archive archive(zip_open(file.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code), &zip_discard);
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    return damaged(file.string(), why);
  }
  std::vector<ZipEntry> entries;
  std::size_t total_bytes = 0;
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const auto index = static_cast<zip_uint64_t>(i);
    const char* raw_name = zip_get_name(archive.get(), index, 0);
    if (raw_name == nullptr) return damaged(file.string(), zip_strerror(archive.get()));
    const std::string name = sanitize_utf8(raw_name);
    if (!wanted(name, suffixes)) continue;
    std::string content =
        TRY(read_entry(archive.get(), index, fmt::format("{}!{}", file.string(), name),
                       kLargestBytes - total_bytes));
    total_bytes += content.size();
    entries.push_back({name, std::move(content)});
  }
  if (entries.empty()) {
    return usage_error(file.string() + " holds nothing usable",
                       "no entry ends in " + join(suffixes, " or "), "is this the right archive?");
  }
  std::ranges::sort(entries, {}, &ZipEntry::name);
  return entries;
}

}  // namespace assay
