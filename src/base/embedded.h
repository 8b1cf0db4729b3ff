// A file carried in the executable (made by cmake/embed.cmake).
#pragma once

#include <string_view>

namespace assay {

struct EmbeddedFile {
  std::string_view name;
  std::string_view content;
};

}  // namespace assay
