#include <algorithm>
#include <vector>

#include "base/unicode.h"
#include "score/math/normalize.h"
#include "score/math/scan.h"

namespace assay {

namespace {

using scan::kNone;

// "and" or "or" as words, or a comma or semicolon.
bool has_separator(std::string_view text) {
  if (text.find_first_of(",;") != kNone) return true;
  for (const std::string_view word : {"and", "or"}) {
    for (std::size_t i = text.find(word); i != kNone; i = text.find(word, i + 1)) {
      if (at_word_boundary(text, i) && at_word_boundary(text, i + word.size())) return true;
    }
  }
  return false;
}

// Where the brace opened at `open` closes before `limit`.
std::size_t closing_brace(std::string_view text, std::size_t open, std::size_t limit) {
  int depth = 1;
  for (std::size_t i = open + 1; i < limit; ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return kNone;
}

// Finds the box commands from right to left.
class BoxFinder {
 public:
  explicit BoxFinder(std::string_view text) : text_(text), before_(text.size()) {}

  struct Box {
    std::size_t begin;
    std::size_t command_end;
  };
  // The next box command to the left of the one returned before.
  std::optional<Box> next() {
    boxed_ = last(boxed_, "\\boxed");
    fbox_ = last(fbox_, "\\fbox");
    if (boxed_ == kNone && fbox_ == kNone) return std::nullopt;
    const bool is_boxed = fbox_ == kNone || (boxed_ != kNone && boxed_ > fbox_);
    before_ = is_boxed ? boxed_ : fbox_;
    return Box{before_, before_ + (is_boxed ? 6U : 5U)};
  }

 private:
  // The last place of `command` that ends at or before `before_`. `known` is the place found
  // before; it is returned as it is while it still lies to the left.
  [[nodiscard]] std::size_t last(std::size_t known, std::string_view command) const {
    if (known == kNone) return kNone;
    if (known != kUnknown && known + command.size() <= before_) return known;
    if (before_ < command.size()) return kNone;
    return text_.rfind(command, before_ - command.size());
  }

  static constexpr std::size_t kUnknown = kNone - 1;
  std::string_view text_;
  std::size_t before_;
  std::size_t boxed_ = kUnknown;
  std::size_t fbox_ = kUnknown;
};

}  // namespace

std::string boxed_content(std::string_view text, bool last_only) {
  std::vector<std::string_view> contents;  // the rightmost first
  BoxFinder finder(text);
  std::size_t limit = text.size();
  bool have_box = false;
  while (const auto box = finder.next()) {
    std::size_t open = box->command_end;
    while (open < limit) {
      const std::size_t space = scan::space_at(text, open);
      if (space == 0) break;
      open += space;
    }
    if (open >= limit) break;
    const std::size_t close = text[open] == '{' ? closing_brace(text, open, limit) : kNone;
    if (close == kNone) {  // without a closing brace it counts only as the last box, up to the end
      if (contents.empty()) contents.push_back(text.substr(open));
      break;
    }
    const std::string_view content = python_strip(text.substr(open + 1, close - open - 1));
    if (last_only && have_box) {
      const std::string_view between = text.substr(close + 1, limit - close - 1);
      const std::size_t length = count_code_points(between.substr(0, 400));
      const std::string_view next = contents.empty() ? std::string_view() : contents.back();
      const bool near = length < 10;
      const bool joined = next != content && length < 70 && has_separator(between);
      if (!near && !joined) break;
    }
    if (contents.empty() || contents.back() != content) contents.push_back(content);
    have_box = true;
    limit = box->begin;
  }
  if (contents.empty()) return std::string(text);
  std::string joined;
  for (auto it = contents.rbegin(); it != contents.rend(); ++it) {
    if (it != contents.rbegin()) joined += ',';
    joined += *it;
  }
  return joined;
}

}  // namespace assay
