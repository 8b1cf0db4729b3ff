#include "score/boxed.h"

#include <algorithm>
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

// One pass over the text; `open_` holds the boxes that are not closed yet.
class BoxScan {
 public:
  explicit BoxScan(std::string_view text) : text_(text) {}

  // The box that starts last among the closed ones that `counts`.
  template <typename Counts>
  std::optional<FoundBox> last(Counts counts) {
    const auto consider = [&](std::size_t command, std::size_t begin, std::size_t end,
                              std::size_t after) {
      const std::string_view content = trim(text_.substr(begin, end - begin));
      if ((best_ && command <= best_->begin) || !counts(content)) return;
      best_ = FoundBox{content, command, after, true};
    };
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '\\') {
        const auto after = command_end(text_, i);
        if (after) {
          command(i, *after, consider);
          i = *after - 1;
        } else {
          ++i;  // an escaped character, never a delimiter
        }
      } else if (c == '{') {
        ++depth_;
        if (box_brace_ == i) open_.push_back({box_command_, i + 1, depth_});
      } else if (c == '}' && depth_ > 0) {
        if (!open_.empty() && open_.back().depth == depth_) {
          consider(open_.back().command, open_.back().content, i, i + 1);
          open_.pop_back();
        }
        --depth_;
      }
    }
    return best_;
  }

  // After last(): the last box that is still open at the end of the text.
  [[nodiscard]] std::optional<FoundBox> unclosed() const {
    if (open_.empty()) return std::nullopt;
    const std::size_t begin = open_.back().content;
    const std::size_t end = std::min(text_.size(), text_.find('\n', begin));
    return FoundBox{trim(text_.substr(begin, end - begin)), open_.back().command, end, false};
  }

 private:
  struct OpenBox {
    std::size_t command;
    std::size_t content;
    std::size_t depth;  // of its brace
  };

  // What follows a box command: its brace, or "\boxed 5" up to white space or "$".
  template <typename Consider>
  void command(std::size_t begin, std::size_t after, Consider consider) {
    std::size_t next = after;
    while (next < text_.size() && is_json_space(text_[next])) ++next;
    if (next < text_.size() && text_[next] == '{') {
      box_brace_ = next;
      box_command_ = begin;
    } else if (next > after) {
      std::size_t end = next;
      while (end < text_.size() && !is_json_space(text_[end]) && text_[end] != '$') ++end;
      if (end > next) consider(begin, next, end, end);
    }
  }

  std::string_view text_;
  std::vector<OpenBox> open_;
  std::size_t depth_ = 0;  // braces that are open
  std::optional<FoundBox> best_;
  std::size_t box_brace_ = std::string_view::npos;  // position of a "{" that opens a box
  std::size_t box_command_ = 0;
};

}  // namespace

std::optional<std::string> last_boxed(std::string_view text) {
  const auto box = BoxScan(text).last([](std::string_view) { return true; });
  if (!box) return std::nullopt;
  return std::string(box->content);
}

std::optional<FoundBox> last_filled_box(std::string_view text) {
  BoxScan scan(text);
  const auto closed = scan.last([](std::string_view content) { return !content.empty(); });
  if (closed) return closed;
  const auto open = scan.unclosed();
  return open && !open->content.empty() ? open : std::nullopt;
}

}  // namespace assay
