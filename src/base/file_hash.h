// The hash of a file that may be as large as a model: one can stop waiting for it.
#pragma once

#include <filesystem>
#include <string>

#include "base/deadline.h"
#include "base/result.h"

namespace assay {

// Streams the file; constant memory. When `until` is over: interrupted by a signal, else an
// environment error.
[[nodiscard]] Result<std::string> sha256_file_hex(const std::filesystem::path& path,
                                                  const Deadline& until);

}  // namespace assay
