#include "score/think.h"

#include "base/text.h"

namespace assay {

namespace {
constexpr std::string_view kOpen = "<think>";
constexpr std::string_view kClose = "</think>";
}  // namespace

Thinking strip_thinking(std::string_view output, bool opened_in_prompt) {
  Thinking result;
  bool inside = opened_in_prompt;
  result.present = inside;
  std::size_t at = 0;
  while (at < output.size()) {
    const std::size_t tag = output.find('<', at);
    if (tag == std::string_view::npos) {
      if (!inside) result.answer.append(output.substr(at));
      break;
    }
    const std::string_view rest = output.substr(tag);
    if (!inside) result.answer.append(output.substr(at, tag - at));
    if (rest.starts_with(kClose)) {
      // A closing tag without an opening one, which stood in the prompt or was nested.
      if (!inside) result.answer.clear();
      inside = false;
      result.present = true;
      at = tag + kClose.size();
    } else if (!inside && rest.starts_with(kOpen)) {
      inside = true;
      result.present = true;
      at = tag + kOpen.size();
    } else {
      if (!inside) result.answer.push_back('<');
      at = tag + 1;
    }
  }
  result.closed = !inside;
  return result;
}

bool opens_thought(std::string_view prompt) {
  return trim(prompt).ends_with(kOpen);
}

}  // namespace assay
