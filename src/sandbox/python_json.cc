#include "sandbox/python_json.h"

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/ascii.h"

namespace assay {
namespace {

constexpr int kMaxDepth = 900;

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  bool document(PythonValue& out) {
    if (!value(out, 0)) return false;
    skip_space();
    return rest_.empty();
  }

 private:
  void skip_space() {
    while (!rest_.empty() && is_json_space(rest_.front())) rest_.remove_prefix(1);
  }

  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  bool value(PythonValue& out, int depth) {
    if (depth > kMaxDepth) return false;
    skip_space();
    if (rest_.empty()) return false;
    if (rest_.front() == '"') {
      out.kind = PythonValue::Kind::text;
      return string(out.text);
    }
    if (take("[")) return list(out, depth);
    if (take("{")) return object(out, depth);
    return word(out) || number(out);
  }

  bool word(PythonValue& out) {
    const auto floating = [&](double x) {
      out.kind = PythonValue::Kind::floating;
      out.number = x;
      return true;
    };
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (take("null")) return true;
    if (take("NaN")) return floating(std::numeric_limits<double>::quiet_NaN());
    if (take("Infinity")) return floating(kInfinity);
    if (take("-Infinity")) return floating(-kInfinity);
    const bool yes = take("true");
    if (!yes && !take("false")) return false;
    out.kind = PythonValue::Kind::integer;
    out.text = yes ? "1" : "0";
    return true;
  }

  std::size_t digits_at(std::size_t at) const {
    std::size_t end = at;
    while (end < rest_.size() && is_digit(rest_[end])) ++end;
    return end;
  }

  bool number(PythonValue& out) {
    const std::size_t begin = rest_.front() == '-' ? 1 : 0;
    std::size_t end = digits_at(begin);
    if (end == begin || (rest_[begin] == '0' && end > begin + 1)) return false;
    bool whole = true;
    if (end < rest_.size() && rest_[end] == '.') {
      const std::size_t stop = digits_at(end + 1);
      if (stop == end + 1) return false;
      end = stop;
      whole = false;
    }
    if (end < rest_.size() && (rest_[end] == 'e' || rest_[end] == 'E')) {
      std::size_t from = end + 1;
      if (from < rest_.size() && (rest_[from] == '+' || rest_[from] == '-')) ++from;
      const std::size_t stop = digits_at(from);
      if (stop == from) return false;
      end = stop;
      whole = false;
    }
    const std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end);
    if (whole) {
      out.kind = PythonValue::Kind::integer;
      out.text = text == "-0" ? "0" : text;
    } else {
      out.kind = PythonValue::Kind::floating;
      out.number = std::strtod(text.c_str(), nullptr);
    }
    return true;
  }

  bool list(PythonValue& out, int depth) {
    out.kind = PythonValue::Kind::list;
    skip_space();
    if (take("]")) return true;
    do {
      if (!value(out.items.emplace_back(), depth + 1)) return false;
      skip_space();
    } while (take(","));
    return take("]");
  }

  bool object(PythonValue& out, int depth) {
    out.kind = PythonValue::Kind::object;
    skip_space();
    if (take("}")) return true;
    do {
      skip_space();
      std::string key;
      if (!string(key)) return false;
      skip_space();
      PythonValue item;
      if (!take(":") || !value(item, depth + 1)) return false;
      out.fields.insert_or_assign(std::move(key), std::move(item));
      skip_space();
    } while (take(","));
    return take("}");
  }

  bool hex4(unsigned& code) {
    if (rest_.size() < 4) return false;
    code = 0;
    for (int i = 0; i < 4; ++i) {
      const auto c = static_cast<unsigned char>(rest_[static_cast<std::size_t>(i)]);
      if (std::isxdigit(c) == 0) return false;
      code =
          code * 16 + static_cast<unsigned>(std::isdigit(c) != 0 ? c - '0' : (c | 32) - 'a' + 10);
    }
    rest_.remove_prefix(4);
    return true;
  }

  bool escape(std::string& out) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
    if (const std::size_t at = kNames.find(c); at != std::string_view::npos) {
      out += kValues[at];
      return true;
    }
    unsigned code = 0;
    if (c != 'u' || !hex4(code)) return false;
    if (code >= 0xD800 && code < 0xDC00 && rest_.starts_with("\\u")) {
      const std::string_view before = rest_;
      unsigned low = 0;
      rest_.remove_prefix(2);
      if (!hex4(low)) return false;
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      } else {
        rest_ = before;
      }
    }
    append_utf8(out, code);
    return true;
  }

  bool string(std::string& out) {
    if (!take("\"")) return false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return false;
      }
    }
    return false;
  }

  std::string_view rest_;
};

// An int equals a float when the float is exactly that whole number.
bool equal_numbers(const std::string& integer, double floating) {
  if (!std::isfinite(floating)) return false;
  const auto exact = parse_decimal(integer);
  return exact && exact->equals(exact_decimal(floating));
}

}  // namespace

bool PythonValue::equals(const PythonValue& other) const {
  if (kind == Kind::integer && other.kind == Kind::floating) {
    return equal_numbers(text, other.number);
  }
  if (kind == Kind::floating && other.kind == Kind::integer) {
    return equal_numbers(other.text, number);
  }
  if (kind != other.kind) return false;
  switch (kind) {
    case Kind::none:
      return true;
    case Kind::integer:
    case Kind::text:
      return text == other.text;
    case Kind::floating:
      return number == other.number;
    case Kind::list:
      if (items.size() != other.items.size()) return false;
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (!items[i].equals(other.items[i])) return false;
      }
      return true;
    case Kind::object:
      if (fields.size() != other.fields.size()) return false;
      for (const auto& [key, value] : fields) {
        const auto it = other.fields.find(key);
        if (it == other.fields.end() || !value.equals(it->second)) return false;
      }
      return true;
  }
  return false;
}

std::optional<PythonValue> parse_python_json(std::string_view text) {
  PythonValue out;
  if (!Parser(text).document(out)) return std::nullopt;
  return out;
}

}  // namespace assay
