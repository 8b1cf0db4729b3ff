#include "score/boxed.h"

#include <vector>

#include "base/ascii.h"
#include "base/text.h"

namespace assay {

namespace {

// The start of the content when a box command stands at `at`: just after \boxed or \fbox.
std::optional<std::size_t> command_end(std::string_view text, std::size_t at) {
  for (const std::string_view command : {std::string_view("\\boxed"), std::string_view("\\fbox")}) {
    if (text.substr(at).starts_with(command)) return at + command.size();
  }
  return std::nullopt;
}

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

}  // namespace

std::optional<std::string> last_boxed(std::string_view text) {
  // One pass: `open` holds the content start of every unclosed brace that belongs to a box, 0 for
  // other braces. The box that starts last among the closed ones wins.
  std::vector<std::size_t> open;
  std::optional<Span> best;
  std::size_t box_brace = 0;  // position of a "{" that opens a box
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      const auto after = command_end(text, i);
      if (!after) {
        ++i;  // an escaped character, never a delimiter
        continue;
      }
      std::size_t next = *after;
      while (next < text.size() && is_json_space(text[next])) ++next;
      if (next < text.size() && text[next] == '{') {
        box_brace = next;
      } else if (next > *after) {  // "\boxed 5"
        std::size_t end = next;
        while (end < text.size() && !is_json_space(text[end]) && text[end] != '$') ++end;
        if (end > next && (!best || next > best->begin)) best = Span{next, end};
      }
      i = *after - 1;
    } else if (c == '{') {
      open.push_back(box_brace == i && i > 0 ? i + 1 : 0);
    } else if (c == '}' && !open.empty()) {
      const std::size_t begin = open.back();
      open.pop_back();
      if (begin != 0 && (!best || begin > best->begin)) best = Span{begin, i};
    }
  }
  if (!best) return std::nullopt;
  return std::string(trim(text.substr(best->begin, best->end - best->begin)));
}

}  // namespace assay
