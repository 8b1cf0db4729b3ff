#include "store/laid_out_json.h"

namespace assay {

bool LaidOutJson::take(std::string_view text) {
  if (!rest_.starts_with(text)) return false;
  rest_.remove_prefix(text.size());
  return true;
}

void LaidOutJson::separate() {
  if (!first_) expect(",");
  first_ = false;
}

void LaidOutJson::begin_object() {
  expect("{");
  first_ = true;
}

void LaidOutJson::end_object() {
  expect("}");
  first_ = false;
}

bool LaidOutJson::has_key(std::string_view name) {
  const std::size_t comma = first_ ? 0 : 1;
  if (rest_.size() < comma + name.size() + 3 || (!first_ && rest_.front() != ',')) return false;
  const std::string_view found = rest_.substr(comma, name.size() + 3);
  if (found.front() != '"' || found.substr(1, name.size()) != name || !found.ends_with("\":")) {
    return false;
  }
  rest_.remove_prefix(comma + found.size());
  first_ = false;
  return true;
}

void LaidOutJson::key(std::string_view name) {
  if (!has_key(name)) fail();
}

bool LaidOutJson::next_key(std::string& name) {
  if (take("}") || !as_expected_) {
    first_ = false;
    return false;
  }
  separate();
  read(name);
  expect(":");
  return as_expected_;
}

void LaidOutJson::begin_list() {
  expect("[");
  first_ = true;
}

bool LaidOutJson::next_element() {
  if (take("]") || !as_expected_) {
    first_ = false;
    return false;
  }
  separate();
  return as_expected_;
}

void LaidOutJson::read(bool& out) {
  out = take("true");
  if (!out) expect("false");
}

void LaidOutJson::read(std::string& out) {
  out.clear();
  expect("\"");
  std::size_t at = 0;
  std::size_t quote = rest_.find('"');
  while (quote != std::string_view::npos) {
    const std::string_view plain = rest_.substr(at, quote - at);
    const std::size_t backslash = plain.find('\\');
    out += plain.substr(0, backslash);
    if (backslash == std::string_view::npos) return rest_.remove_prefix(quote + 1);
    at = unescape(at + backslash + 1, out);
    if (at == std::string_view::npos) break;
    if (at > quote) quote = rest_.find('"', at);
  }
  fail();
}

std::size_t LaidOutJson::unescape(std::size_t at, std::string& out) const {
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  const std::size_t known = kNames.find(rest_[at]);
  if (known != std::string_view::npos) {
    out += kMeant[known];
    return at + 1;
  }
  // dump_json escapes no character by its number but those below 32.
  const std::string_view number = rest_.substr(at, 5);
  if (number.size() < 5 || !number.starts_with("u00")) return std::string_view::npos;
  unsigned code = 0;
  const auto [end, error] = std::from_chars(number.data() + 3, number.data() + 5, code, 16);
  if (error != std::errc() || end != number.data() + 5 || code >= 32) {
    return std::string_view::npos;
  }
  out += static_cast<char>(code);
  return at + number.size();
}

std::string_view LaidOutJson::object() {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < rest_.size() && (depth > 0 || rest_[i] == '{'); ++i) {
    const char c = rest_[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
      continue;
    }
    in_string = c == '"';
    if (c == '{') ++depth;
    if (c != '}' || --depth > 0) continue;
    const std::string_view text = rest_.substr(0, i + 1);
    rest_.remove_prefix(text.size());
    return text;
  }
  fail();
  return {};
}

}  // namespace assay
