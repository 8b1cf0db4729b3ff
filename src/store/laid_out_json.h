// JSON read from the front, by who knows what stands in it: fields by name, without spaces, as
// dump_json writes them.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace assay {

// Once something else stands there than what is asked for, nothing more is read, and ended() says
// so: values that were read until then mean nothing.
class LaidOutJson {
 public:
  explicit LaidOutJson(std::string_view text) : rest_(text) {}

  void begin_object();
  void end_object();
  // What follows is its value.
  void key(std::string_view name);
  // Whether it is the next one; then as key().
  [[nodiscard]] bool has_key(std::string_view name);
  // Of an object or a list that has begun: whether there is one more, and past the end where not.
  [[nodiscard]] bool next_key(std::string& name);
  void begin_list();
  [[nodiscard]] bool next_element();

  void read(std::string& out);
  void read(bool& out);
  template <typename Number>
    requires std::integral<Number> || std::floating_point<Number>
  void read(Number& out);
  [[nodiscard]] bool take_null() { return take("null"); }
  // An object's text, of whatever fields.
  [[nodiscard]] std::string_view object();

  // Whether all was there, and nothing follows.
  [[nodiscard]] bool ended() const { return as_expected_ && rest_.empty(); }

 private:
  void fail() {
    as_expected_ = false;
    rest_ = {};
  }
  bool take(std::string_view text);
  void expect(std::string_view text) {
    if (!take(text)) fail();
  }
  // The comma between this member and the one before it.
  void separate();
  // What stands escaped in a string from `at` on, just after the backslash: appended to `out`. The
  // place after it; npos: it is none that dump_json writes.
  [[nodiscard]] std::size_t unescape(std::size_t at, std::string& out) const;

  std::string_view rest_;
  bool first_ = true;  // nothing was read yet of the innermost object or list
  bool as_expected_ = true;
};

template <typename Number>
  requires std::integral<Number> || std::floating_point<Number>
void LaidOutJson::read(Number& out) {
  // from_chars knows words for numbers, too, that JSON has not.
  const std::size_t digits = rest_.starts_with('-') ? 1 : 0;
  if (rest_.size() <= digits || rest_[digits] < '0' || rest_[digits] > '9') return fail();
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out);
  if (error != std::errc()) return fail();
  rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
  // 1.5 is no whole number.
  if (!rest_.starts_with(',') && !rest_.starts_with('}') && !rest_.starts_with(']')) fail();
}

}  // namespace assay
