// A log that an engine may print into without end: its first and its last part are kept.
#pragma once

#include <cstddef>

namespace assay {

struct LogBounds {
  std::size_t most = std::size_t{64} << 20;   // bytes of the whole file
  std::size_t first = std::size_t{32} << 20;  // of its beginning, always kept
  std::size_t last = std::size_t{16} << 20;   // kept of its end each time it is shortened
};

// Before `coming` bytes are appended: when the file would grow beyond bounds.most, what lies
// between its first and its last part is taken out, and a line says how much that was. `fd` is open
// for reading and appending; what is no regular file is left alone. Never fails: a log that cannot
// be shortened is left as it is.
void shorten_log(int fd, std::size_t coming, const LogBounds& bounds = {});

}  // namespace assay
