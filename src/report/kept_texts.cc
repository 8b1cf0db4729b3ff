#include "report/kept_texts.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace assay {
namespace {

constexpr std::size_t kMostHeld = std::size_t{1} << 20;

std::unexpected<Error> failed(const char* what) {
  return errno_error(std::string("cannot ") + what + " the file that a report keeps texts in",
                     "free some space on the disk of the run's folder, then again");
}

// Not every file system makes a file without a name at once.
UniqueFd nameless_file(const std::filesystem::path& folder) {
  UniqueFd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.valid()) return file;
  std::string name = (folder / ".texts.XXXXXX").string();
  file = UniqueFd(::mkostemp(name.data(), O_CLOEXEC));
  if (file.valid()) ::unlink(name.c_str());
  return file;
}

}  // namespace

Result<KeptTexts> KeptTexts::in_folder(const std::filesystem::path& folder) {
  KeptTexts texts;
  texts.file_ = nameless_file(folder);
  if (!texts.file_.valid()) return failed("make");
  return texts;
}

Result<TextPlace> KeptTexts::put(std::string_view text) {
  const TextPlace place{written_ + held_.size(), text.size()};
  held_ += text;
  if (!file_.valid() || held_.size() < kMostHeld) return place;
  for (std::string_view rest = held_; !rest.empty();) {
    const ssize_t n = ::pwrite(file_.get(), rest.data(), rest.size(), static_cast<off_t>(written_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("write");
    rest.remove_prefix(static_cast<std::size_t>(n));
    written_ += static_cast<std::uint64_t>(n);
  }
  held_.clear();
  return place;
}

Result<std::string> KeptTexts::get(const TextPlace& place) const {
  if (place.at >= written_) return held_.substr(place.at - written_, place.size);
  std::string out(place.size, '\0');
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::pread(file_.get(), out.data() + done, out.size() - done,
                              static_cast<off_t>(place.at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failed("read");
    done += static_cast<std::size_t>(n);
  }
  return out;
}

}  // namespace assay
