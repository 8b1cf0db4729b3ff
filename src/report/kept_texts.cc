#include "report/kept_texts.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace assay {
namespace {

constexpr std::size_t kMostHeld = std::size_t{1} << 20;

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

KeptTexts KeptTexts::in_folder(const std::filesystem::path& folder) {
  KeptTexts texts;
  texts.file_ = nameless_file(folder);
  texts.takes_more_ = texts.file_.valid();
  return texts;
}

TextPlace KeptTexts::put(std::string_view text) {
  const TextPlace place{written_ + held_.size(), text.size()};
  held_ += text;
  if (takes_more_ && held_.size() >= kMostHeld) write_held();
  return place;
}

void KeptTexts::write_held() {
  std::string_view rest = held_;
  while (!rest.empty() && takes_more_) {
    const ssize_t n = ::pwrite(file_.get(), rest.data(), rest.size(), static_cast<off_t>(written_));
    if (n < 0 && errno == EINTR) continue;
    takes_more_ = n > 0;
    if (!takes_more_) break;
    rest.remove_prefix(static_cast<std::size_t>(n));
    written_ += static_cast<std::uint64_t>(n);
  }
  held_.erase(0, held_.size() - rest.size());
}

Result<std::string> KeptTexts::get(const TextPlace& place) const {
  if (place.at >= written_) return held_.substr(place.at - written_, place.size);
  const std::uint64_t in_file = std::min(place.size, written_ - place.at);
  std::string out(in_file, '\0');
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::pread(file_.get(), out.data() + done, out.size() - done,
                              static_cast<off_t>(place.at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      return errno_error("cannot read the file that a report keeps texts in",
                         "look at the disk of the run's folder, then again");
    }
    done += static_cast<std::size_t>(n);
  }
  return out + held_.substr(0, place.size - in_file);
}

}  // namespace assay
