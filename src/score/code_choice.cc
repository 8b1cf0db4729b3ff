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
    // Where the limit cut the closing fence itself.
    while (!block.closed && block.code.ends_with('`')) block.code.pop_back();
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

// Whether the definition on `line`, whose body begins at `body`, does nothing: a signature that is
// said again, with "..." or "pass" below.
bool is_stub(std::string_view code, std::string_view line, std::size_t body) {
  const auto does_nothing = [](std::string_view text) {
    return text.empty() || text == "..." || text == "pass" || text[0] == '#' ||
           text.starts_with("raise NotImplementedError");
  };
  const std::string_view whole = trim(line);
  if (!whole.ends_with(':')) return whole.ends_with("...") || whole.ends_with(": pass");
  const std::size_t outer = indentation_of(line);
  bool in_text = false;
  while (body < code.size()) {
    const std::string_view inner = next_line(code, body);
    const std::string_view text = trim(inner);
    if (text.empty()) continue;
    if (!in_text && indentation_of(inner) <= outer && inner[0] != '\t') break;
    const bool quoted = in_text || text.starts_with("\"\"\"") || text.starts_with("'''");
    if (toggles_text(inner)) in_text = !in_text;
    if (!quoted && !does_nothing(text)) return false;
  }
  return true;
}

bool defines_one(std::string_view code, const WantedCode& wanted) {
  for (std::size_t at = 0; at < code.size();) {
    const std::string_view line = next_line(code, at);
    const std::string_view name = defined_name(wanted.in_class ? trim(line) : line);
    if (name.empty() || std::ranges::find(wanted.names, name) == wanted.names.end()) continue;
    const bool assigned = trim(line).starts_with(name);  // f = lambda
    if (assigned || !is_stub(code, line, at)) return true;
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
  for (const std::string_view mark : {"**", "- ", "* ", "</", "[/", "\\end{", "<|"}) {
    if (line.starts_with(mark)) return true;
  }
  const std::string_view first = word_at_start(line);
  if (first.empty()) return false;
  if (is_digit(first[0])) return line.substr(first.size()).starts_with(". ");
  if (std::ranges::find(kKeywords, first) != kKeywords.end()) return false;
  const std::string_view rest = line.substr(first.size());
  if (rest.starts_with(':')) {
    if (rest.size() == 1) return first != "else" && first != "try" && first != "finally";
    // "Note: it doubles." and not "total: int = 0".
    const std::string_view said = trim(rest.substr(1));
    const std::string_view word = word_at_start(said);
    const std::string_view behind = said.substr(word.size());
    return rest[1] == ' ' && !word.empty() &&
           (said.ends_with('.') || (behind.size() > 1 && behind[0] == ' ' && is_letter(behind[1])));
  }
  if (rest.size() < 2 || rest[0] != ' ') return false;
  const std::string_view second = word_at_start(rest.substr(1));
  static constexpr auto kOperators =
      std::to_array<std::string_view>({"in", "is", "and", "or", "if", "not"});
  return !second.empty() && std::ranges::find(kOperators, second) == kOperators.end();
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

// The same of code that is set off by indentation, which is taken off.
std::string indented_code(std::string_view output) {
  std::string code;
  std::size_t indentation = 0;
  for (std::size_t at = 0; at < output.size();) {
    const std::string_view line = next_line(output, at);
    if (code.empty()) {
      constexpr std::size_t kSetOff = 4;
      indentation = indentation_of(line);
      if (indentation < kSetOff || !begins_code(line.substr(indentation))) continue;
    } else if (!trim(line).empty() && indentation_of(line) < indentation) {
      break;
    }
    code.append(line.substr(std::min(indentation, indentation_of(line)))).push_back('\n');
  }
  return code;
}

// `f(x)` on a line of its own, in ticks.
std::string_view in_ticks(std::string_view output) {
  output = trim(output);
  if (output.size() < 3 || output.front() != '`' || output.back() != '`') return {};
  const std::string_view inner = output.substr(1, output.size() - 2);
  return inner.find('`') == std::string_view::npos ? inner : std::string_view();
}

// --- parts in several blocks

// A block of definitions and imports alone: to have it before another one changes nothing else.
bool only_defines(std::string_view code) {
  bool in_text = false;
  for (std::size_t at = 0; at < code.size();) {
    const std::string_view line = next_line(code, at);
    const bool inside = in_text || line.empty() || line[0] == ' ' || line[0] == '\t';
    if (toggles_text(line)) in_text = !in_text;
    const bool passes = inside || begins_code(line) || line[0] == '#' || line[0] == ')' ||
                        !defined_name(line).empty();
    if (!passes || line.starts_with("if __name__")) return false;
  }
  return true;
}

// The names that a block of definitions gives: of functions, classes and imports.
std::vector<std::string_view> given_names(std::string_view code) {
  std::vector<std::string_view> names;
  for (std::size_t at = 0; at < code.size();) {
    const std::string_view line = next_line(code, at);
    if (const auto name = defined_name(line); !name.empty()) names.push_back(name);
    if (!line.starts_with("import ") && !line.starts_with("from ")) continue;
    const std::size_t from = line.starts_with("from ") ? line.find(" import ") : 0;
    for (std::size_t i = from + 7; i < line.size(); ++i) {
      if (!is_word_char(line[i]) || is_word_char(line[i - 1])) continue;
      names.push_back(word_at_start(line.substr(i)));
    }
  }
  return names;
}

bool uses_name(std::string_view code, std::string_view name) {
  for (auto at = code.find(name); at != std::string_view::npos; at = code.find(name, at + 1)) {
    const bool begins = at == 0 || !is_word_char(code[at - 1]);
    const std::size_t end = at + name.size();
    if (begins && (end == code.size() || !is_word_char(code[end]))) return true;
  }
  return false;
}

// The block, behind the definitions of earlier blocks that it uses and does not have itself.
std::string with_helpers(const std::vector<FencedBlock>& blocks, std::size_t chosen,
                         const WantedCode& wanted) {
  constexpr std::size_t kMostBytes = 100'000;  // each name is looked for in all of it
  std::string code = blocks[chosen].code;
  for (std::size_t i = chosen; i-- > 0;) {
    const FencedBlock& block = blocks[i];
    if (!block.closed || !may_be_python(block.language)) continue;
    if (block.code.size() + code.size() > kMostBytes) continue;
    if (is_wanted(block.code, wanted) || !only_defines(block.code)) continue;
    const std::vector<std::string_view> own = given_names(code);
    const bool used = std::ranges::any_of(given_names(block.code), [&](std::string_view name) {
      return std::ranges::find(own, name) == own.end() && uses_name(code, name);
    });
    if (used) code = block.code + "\n\n" + code;
  }
  return code;
}

}  // namespace

CodeExtraction extract_wanted_code(std::string_view output, const WantedCode& wanted) {
  constexpr std::string_view kToolCall = "<|python_tag|>";  // Llama's
  if (const std::string_view text = trim(output); text.starts_with(kToolCall)) {
    output = text.substr(kToolCall.size());
  }
  const std::vector<FencedBlock> blocks = fenced_blocks(output);
  constexpr std::size_t kMostBlocks = 200;  // whose helpers are looked for
  for (const bool closed : {true, false}) {
    for (std::size_t i = blocks.size(); i-- > 0;) {
      const FencedBlock& block = blocks[i];
      if (block.closed != closed || !may_be_python(block.language)) continue;
      if (!is_wanted(block.code, wanted)) continue;
      return {i < kMostBlocks ? with_helpers(blocks, i, wanted) : block.code,
              closed ? "defining block" : "open block"};
    }
  }
  if (!blocks.empty()) return {};
  for (const std::string& bare :
       {std::string(bare_code(output)), indented_code(output), std::string(in_ticks(output))}) {
    if (is_wanted(bare, wanted)) return {bare, "bare code"};
  }
  return {};
}

}  // namespace assay
