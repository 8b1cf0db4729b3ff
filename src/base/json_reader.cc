#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>

#include "base/ascii.h"
#include "base/json.h"
#include "base/json_text.h"

namespace assay {
namespace {

constexpr int kDeepest = 64;

bool is_surrogate(unsigned code) {
  return code >= 0xD800 && code < 0xE000;
}

void append_utf8(std::string& out, unsigned code) {
  const auto byte = [&out](unsigned value) { out.push_back(static_cast<char>(value)); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xC0U | code >> 6U);
  } else {
    if (code < 0x10000) {
      byte(0xE0U | code >> 12U);
    } else {
      byte(0xF0U | code >> 18U);
      byte(0x80U | (code >> 12U & 0x3FU));
    }
    byte(0x80U | (code >> 6U & 0x3FU));
  }
  byte(0x80U | (code & 0x3FU));
}

// Each function takes what it is named after from the front of the rest; false: nlohmann must look.
class Reader {
 public:
  explicit Reader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool whole(Json& out) {
    if (!value(out, 0)) return false;
    skip_space();
    return at_ == end_;
  }

 private:
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (!std::string_view(at_, end_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool value(Json& out, int depth) {
    skip_space();
    if (at_ == end_ || depth > kDeepest) return false;
    switch (*at_) {
      case '{':
        return object(out, depth);
      case '[':
        return array(out, depth);
      case '"':
        out = Json::value_t::string;
        return text(out.get_ref<std::string&>());
      case 't':
        out = true;
        return take("true");
      case 'f':
        out = false;
        return take("false");
      case 'n':
        out = nullptr;
        return take("null");
      default:
        return number(out);
    }
  }

  bool object(Json& out, int depth) {
    out = Json::value_t::object;
    auto& fields = out.get_ref<Json::object_t&>();
    ++at_;
    skip_space();
    if (take('}')) return true;
    do {
      skip_space();
      std::string name;
      if (!text(name)) return false;
      skip_space();
      Json field;
      if (!take(':') || !value(field, depth + 1)) return false;
      fields.insert_or_assign(fields.end(), std::move(name), std::move(field));
      skip_space();
    } while (take(','));
    return take('}');
  }

  bool array(Json& out, int depth) {
    out = Json::value_t::array;
    auto& entries = out.get_ref<Json::array_t&>();
    ++at_;
    skip_space();
    if (take(']')) return true;
    do {
      if (!value(entries.emplace_back(), depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take(']');
  }

  bool text(std::string& out) {
    if (!take('"')) return false;
    while (true) {
      const char* const plain = at_;
      if (!skip_plain()) return false;
      out.append(plain, at_);
      if (take('"')) return true;
      ++at_;  // a backslash
      if (!escape(out)) return false;
    }
  }

  // Up to a quote or a backslash.
  bool skip_plain() {
    while (at_ != end_) {
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte == '"' || byte == '\\') return true;
      if (byte < 0x20) return false;
      if (byte < 0x80) {
        ++at_;
        continue;
      }
      const std::size_t bytes = utf8_bytes_at({at_, end_}, 0);
      if (bytes == 0) return false;
      at_ += bytes;
    }
    return false;
  }

  bool escape(std::string& out) {
    if (at_ == end_) return false;
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    const char name = *at_++;
    if (name == 'u') return unicode_escape(out);
    const std::size_t place = kNames.find(name);
    if (place == std::string_view::npos) return false;
    out.push_back(kMeant[place]);
    return true;
  }

  bool unicode_escape(std::string& out) {
    unsigned code = 0;
    if (!four_digits(code)) return false;
    if (is_surrogate(code)) {
      unsigned low = 0;
      if (code >= 0xDC00 || !take("\\u") || !four_digits(low)) return false;
      if (low < 0xDC00 || low >= 0xE000) return false;
      code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
    }
    append_utf8(out, code);
    return true;
  }

  bool four_digits(unsigned& code) {
    if (end_ - at_ < 4) return false;
    const auto [stop, error] = std::from_chars(at_, at_ + 4, code, 16);
    if (error != std::errc() || stop != at_ + 4) return false;
    at_ += 4;
    return true;
  }

  bool digits() {
    if (at_ == end_ || !is_digit(*at_)) return false;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return true;
  }

  bool number(Json& out) {
    const char* const begin = at_;
    const bool negative = take('-');
    if (!take('0') && !digits()) return false;
    bool whole = true;
    if (take('.')) {
      whole = false;
      if (!digits()) return false;
    }
    if (take('e') || take('E')) {
      whole = false;
      if (!take('+')) take('-');
      if (!digits()) return false;
    }
    if (!whole) return converted<double>(begin, out);
    return negative ? converted<std::int64_t>(begin, out) : converted<std::uint64_t>(begin, out);
  }

  template <typename Number>
  bool converted(const char* begin, Json& out) const {
    Number value{};
    const auto [stop, error] = std::from_chars(begin, at_, value);
    if (error != std::errc() || stop != at_) return false;
    out = value;
    return true;
  }

  const char* at_;
  const char* end_;
};

}  // namespace

std::optional<nlohmann::json> read_json_text(std::string_view text) {
  Json out;
  if (!Reader(text).whole(out)) return std::nullopt;
  return out;
}

}  // namespace assay
