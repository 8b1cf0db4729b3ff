#include "score/code_block.h"

#include <algorithm>

#include "base/ascii.h"

namespace assay {

namespace {

constexpr std::string_view kFence = "```";
constexpr std::string_view kPythonFence = "```python";

// The text between the first `open` and the next fence.
std::string_view fenced(std::string_view output, std::string_view open) {
  std::string_view rest = output.substr(output.find(open) + open.size());
  return rest.substr(0, rest.find(kFence));
}

constexpr std::size_t kNone = std::string_view::npos;

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_python_space(text[at])) ++at;
  return at;
}

std::size_t line_end(std::string_view text, std::size_t at) {
  return std::min(text.find('\n', at), text.size());
}

// Where an import that starts at `at` ends, by "import .*|from .*\s+import\s+.*"; kNone: no import.
// White space may hold line breaks, so "from x" and "import y" on two lines count as one.
std::size_t import_end(std::string_view code, std::size_t at) {
  if (code.substr(at).starts_with("import ")) return line_end(code, at);
  if (!code.substr(at).starts_with("from ")) return kNone;
  const std::size_t names = at + 5;
  const auto keyword_end = [&](std::size_t keyword) -> std::size_t {
    constexpr std::string_view kImport = "import";
    if (!code.substr(keyword).starts_with(kImport)) return kNone;
    const std::size_t after = keyword + kImport.size();
    if (after >= code.size() || !is_python_space(code[after])) return kNone;
    return line_end(code, skip_space(code, after));
  };
  const std::size_t end = line_end(code, names);
  if (end < code.size()) {
    if (const std::size_t found = keyword_end(skip_space(code, end)); found != kNone) return found;
  }
  for (std::size_t i = end; i > names; --i) {
    if (!is_python_space(code[i - 1])) continue;
    if (const std::size_t found = keyword_end(i); found != kNone) return found;
  }
  return kNone;
}

std::string without_imports(std::string_view code) {
  std::string kept;
  kept.reserve(code.size());
  std::size_t at = 0;  // always the start of a line
  while (true) {
    // White space before an import goes with it, blank lines too, as "^\s*" takes them.
    const std::size_t word = skip_space(code, at);
    const std::size_t import = word < code.size() ? import_end(code, word) : kNone;
    const std::size_t end = import != kNone ? import : line_end(code, word);
    if (import == kNone) kept.append(code.substr(at, end - at));
    const std::size_t next = line_end(code, end);
    kept.append(code.substr(end, next - end));
    if (next == code.size()) return kept;
    kept.push_back('\n');
    at = next + 1;
  }
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
