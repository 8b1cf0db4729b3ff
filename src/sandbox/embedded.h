// The files that run inside the sandbox, carried in the executable (made by cmake/embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace assay {

struct EmbeddedFile {
  std::string_view name;
  std::string_view content;
};

[[nodiscard]] std::span<const EmbeddedFile> box_files();     // box.so, zygote.py, runner.py
[[nodiscard]] std::span<const EmbeddedFile> attack_files();  // tests/programs/*.py

}  // namespace assay
