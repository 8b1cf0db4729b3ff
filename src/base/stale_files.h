// What a process that was killed while it wrote leaves behind.
#pragma once

#include <filesystem>

namespace assay {

// Removes the temporary files of write_file_atomic in a folder whose process is gone, or that are
// older than an hour: none is written for so long. What cannot be removed stays.
void remove_stale_temporaries(const std::filesystem::path& folder);

}  // namespace assay
