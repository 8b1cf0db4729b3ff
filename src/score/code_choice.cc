#include "score/code_choice.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/ascii.h"
#include "base/text.h"

namespace assay {

namespace {

constexpr std::size_t kLeastTicks = 3;

struct FencedBlock {
  std::string code;
  std::string_view language;
  bool closed = false;
};

// A line that opens or closes a block: "```python", "  ~~~".
struct FenceLine {
  std::size_t indentation = 0;
  char mark = '`';
  std::size_t marks = 0;
  std::string_view info;
};

std::size_t indentation_of(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

std::optional<FenceLine> fence_line(std::string_view line) {
  FenceLine fence;
  fence.indentation = indentation_of(line);
  line.remove_prefix(fence.indentation);
  if (line.empty() || (line[0] != '`' && line[0] != '~')) return std::nullopt;
  fence.mark = line[0];
  fence.marks = std::min(line.find_first_not_of(fence.mark), line.size());
  if (fence.marks < kLeastTicks) return std::nullopt;
  fence.info = trim(line.substr(fence.marks));
  if (fence.info.find('`') != std::string_view::npos) return std::nullopt;  // inline code
  return fence;
}

std::string_view next_line(std::string_view text, std::size_t& at) {
  const std::size_t end = std::min(text.find('\n', at), text.size());
  const std::string_view line = text.substr(at, end - at);
  at = end + 1;
  return line;
}

std::vector<FencedBlock> fenced_blocks(std::string_view output) {
  std::vector<FencedBlock> blocks;
  std::optional<FenceLine> open;
  for (std::size_t at = 0; at < output.size();) {
    std::string_view line = next_line(output, at);
    const auto fence = fence_line(line);
    if (open && fence && fence->mark == open->mark && fence->marks >= open->marks) {
      blocks.back().closed = true;
      open.reset();
      if (fence->info.empty()) continue;  // else a block that begins before the last one ended
    }
    if (!open && fence) {
      open = fence;
      blocks.push_back({.code = "", .language = fence->info});
    } else if (open) {
      line.remove_prefix(std::min(open->indentation, indentation_of(line)));
      blocks.back().code.append(line).push_back('\n');
    }
  }
  for (FencedBlock& block : blocks) {
    if (block.code.ends_with('\n')) block.code.pop_back();
  }
  return blocks;
}

// A block that says that it is Python, or nothing.
bool may_be_python(std::string_view language) {
  std::string name(language.substr(0, language.find_first_of(" {:,")));
  std::ranges::transform(name, name.begin(), to_lower);
  return name.empty() || name.starts_with("py") || name == "code" || name == "solution";
}

bool has_word(std::string_view text, std::string_view word) {
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    if (at == 0 || !is_word_char(text[at - 1])) return true;
  }
  return false;
}

std::string_view word_at_start(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, is_word_char);
  return {text.begin(), end};
}

// The name that a line defines: "def f(", "async def f(", "class C", "f = lambda".
std::string_view defined_name(std::string_view line) {
  for (const std::string_view keyword : {"def ", "async def ", "class "}) {
    if (line.starts_with(keyword)) return word_at_start(trim(line.substr(keyword.size())));
  }
  const std::string_view name = word_at_start(line);
  const std::string_view rest = trim(line.substr(name.size()));
  if (rest.starts_with('=') && trim(rest.substr(1)).starts_with("lambda")) return name;
  return {};
}

bool defines_one(std::string_view code, const WantedCode& wanted) {
  for (std::size_t at = 0; at < code.size();) {
    std::string_view line = next_line(code, at);
    if (wanted.in_class) line = trim(line);
    const std::string_view name = defined_name(line);
    if (!name.empty() && std::ranges::find(wanted.names, name) != wanted.names.end()) return true;
  }
  return false;
}

bool reads_and_prints(std::string_view code) {
  const bool reads = has_word(code, "input(") || has_word(code, "stdin") ||
                     has_word(code, "open(0") || has_word(code, "input\n");
  return reads &&
         (has_word(code, "print(") || has_word(code, "stdout") || has_word(code, "write("));
}

bool is_wanted(std::string_view code, const WantedCode& wanted) {
  return wanted.names.empty() ? reads_and_prints(code) : defines_one(code, wanted);
}

// --- code without fences

bool begins_code(std::string_view line) {
  static constexpr auto kStarts = std::to_array<std::string_view>(
      {"def ", "class ", "import ", "from ", "@", "async def ", "if __name__"});
  if (line.starts_with("from ") && line.find(" import ") == std::string_view::npos) return false;
  if (line.starts_with("class ") && line.find(':') == std::string_view::npos) return false;
  return std::ranges::any_of(kStarts, [line](auto start) { return line.starts_with(start); });
}

// Two plain words side by side, of which the first is no keyword, a list item, or Markdown.
bool is_prose(std::string_view line) {
  static constexpr auto kKeywords = std::to_array<std::string_view>(
      {"def",   "class",  "import", "from",  "async", "if",     "for",      "while", "with",
       "elif",  "return", "assert", "raise", "del",   "global", "nonlocal", "not",   "lambda",
       "yield", "await",  "except", "match", "case",  "print",  "exec"});
  if (line.empty() || line[0] == ' ' || line[0] == '\t') return false;
  if (line.starts_with("**") || line.starts_with("- ") || line.starts_with("* ")) return true;
  const std::string_view first = word_at_start(line);
  if (first.empty()) return false;
  if (is_digit(first[0])) return line.substr(first.size()).starts_with(". ");
  if (std::ranges::find(kKeywords, first) != kKeywords.end()) return false;
  const std::string_view rest = line.substr(first.size());
  if (rest.starts_with(':'))
    return rest.size() == 1 && first != "else" && first != "try" && first != "finally";
  if (rest.size() < 2 || rest[0] != ' ') return false;
  const std::string_view second = word_at_start(rest.substr(1));
  static constexpr auto kOperators =
      std::to_array<std::string_view>({"in", "is", "and", "or", "if", "not"});
  return !second.empty() && std::ranges::find(kOperators, second) == kOperators.end();
}

// Counts the triple quotes of a line: within them a line is text.
bool toggles_text(std::string_view line) {
  std::size_t quotes = 0;
  for (const std::string_view mark : {"\"\"\"", "'''"}) {
    for (auto at = line.find(mark); at != std::string_view::npos; at = line.find(mark, at + 3)) {
      ++quotes;
    }
  }
  return quotes % 2 == 1;
}

std::string_view bare_code(std::string_view output) {
  std::optional<std::size_t> begin;
  std::size_t end = 0;
  bool in_text = false;
  for (std::size_t at = 0; at < output.size();) {
    const std::size_t from = at;
    const std::string_view line = next_line(output, at);
    if (!begin && begins_code(line)) begin = from;
    if (!begin) continue;
    if (!in_text && is_prose(line)) break;
    if (toggles_text(line)) in_text = !in_text;
    if (!trim(line).empty()) end = from + line.size();
  }
  return begin ? output.substr(*begin, end - *begin) : std::string_view();
}

}  // namespace

CodeExtraction extract_wanted_code(std::string_view output, const WantedCode& wanted) {
  const std::vector<FencedBlock> blocks = fenced_blocks(output);
  for (const bool closed : {true, false}) {
    for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
      if (block->closed != closed || !may_be_python(block->language)) continue;
      if (is_wanted(block->code, wanted)) {
        return {block->code, closed ? "defining block" : "open block"};
      }
    }
  }
  if (!blocks.empty()) return {};
  const std::string_view bare = bare_code(output);
  return is_wanted(bare, wanted) ? CodeExtraction{std::string(bare), "bare code"}
                                 : CodeExtraction{};
}

}  // namespace assay
