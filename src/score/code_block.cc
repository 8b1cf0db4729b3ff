#include "score/code_block.h"

#include <vector>

namespace assay {

namespace {

constexpr std::string_view kFence = "```";
constexpr std::string_view kPythonFence = "```python";

bool is_python_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f' ||
         (c >= '\x1c' && c <= '\x1f');
}

// The text between the first `open` and the next fence.
std::string_view fenced(std::string_view output, std::string_view open) {
  std::string_view rest = output.substr(output.find(open) + open.size());
  return rest.substr(0, rest.find(kFence));
}

// "import …" or "from … import …" at the start of the line (white space before it aside).
bool is_import_line(std::string_view line) {
  if (line.starts_with("import ")) return true;
  if (!line.starts_with("from ")) return false;
  for (std::size_t at = line.find("import", 5); at != std::string_view::npos;
       at = line.find("import", at + 1)) {
    const std::size_t after = at + 6;
    if (at > 5 && is_python_space(line[at - 1]) && after < line.size() &&
        is_python_space(line[after])) {
      return true;
    }
  }
  // "from  import x": the name may be empty when white space stands in its place.
  return false;
}

std::string without_imports(std::string_view code) {
  std::string kept;
  kept.reserve(code.size());
  std::size_t at = 0;
  while (at <= code.size()) {
    // White space before an import goes with it, blank lines too, as "^\s*" takes them.
    std::size_t word = at;
    while (word < code.size() && is_python_space(code[word])) ++word;
    const std::size_t word_end = std::min(code.find('\n', word), code.size());
    if (is_import_line(code.substr(word, word_end - word))) {
      at = word_end;
    }
    const std::size_t line_end = std::min(code.find('\n', at), code.size());
    kept.append(code.substr(at, line_end - at));
    if (line_end == code.size()) break;
    kept.push_back('\n');
    at = line_end + 1;
  }
  return kept;
}

}  // namespace

CodeExtraction extract_livecodebench_code(std::string_view output) {
  // Offsets of the last two lines with a fence: where the first of them ends, the second begins.
  std::size_t before_end = std::string_view::npos;
  std::size_t last_begin = std::string_view::npos;
  std::size_t last_end = std::string_view::npos;
  int fences = 0;
  std::size_t at = 0;
  while (at <= output.size()) {
    const std::size_t end = std::min(output.find('\n', at), output.size());
    if (output.substr(at, end - at).find(kFence) != std::string_view::npos) {
      ++fences;
      before_end = last_end;
      last_begin = at;
      last_end = end;
    }
    if (end == output.size()) break;
    at = end + 1;
  }
  if (fences < 2) return {};
  const std::size_t begin = before_end + 1;
  if (begin >= last_begin) return {"", "last fence"};
  return {std::string(output.substr(begin, last_begin - 1 - begin)), "last fence"};
}

CodeExtraction extract_scicode_code(std::string_view output) {
  if (output.find(kPythonFence) != std::string_view::npos) {
    return {without_imports(fenced(output, kPythonFence)), "python fence"};
  }
  if (output.find(kFence) != std::string_view::npos) {
    return {without_imports(fenced(output, kFence)), "first fence"};
  }
  return {without_imports(output), "whole output"};
}

}  // namespace assay
