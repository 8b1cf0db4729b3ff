// The files that run inside the sandbox, carried in the executable (made by cmake/embed.cmake).
#pragma once

#include <span>

#include "base/embedded.h"

namespace assay {

[[nodiscard]] std::span<const EmbeddedFile> box_files();     // box.so, zygote.py, runner.py
[[nodiscard]] std::span<const EmbeddedFile> attack_files();  // tests/programs/*.py

}  // namespace assay
