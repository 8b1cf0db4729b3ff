#include "score/lm_eval.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "base/unicode.h"

namespace assay {

namespace {

using Text =
    std::optional<std::string>;  // nothing: Python's None or an exception, as each function says

constexpr std::string_view kBoxedBrace = "\\boxed{";
constexpr std::string_view kBoxedSpace = "\\boxed ";

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string_view first_code_point(std::string_view text) {
  return text.empty() ? text : text.substr(0, code_point_at(text, 0).bytes);
}

// \frac1b -> \frac{1}{b}. Nothing: IndexError on a \frac at the end.
Text fix_fracs(const std::string& text) {
  constexpr std::string_view kFrac = "\\frac";
  std::string fixed;
  std::size_t at = text.find(kFrac);
  fixed = text.substr(0, at);
  while (at != std::string::npos) {
    const std::size_t begin = at + kFrac.size();
    at = text.find(kFrac, begin);
    const std::string_view part = std::string_view(text).substr(begin, at - begin);
    if (part.empty()) return std::nullopt;
    fixed += kFrac;
    if (part[0] == '{') {
      fixed += part;
      continue;
    }
    const std::string_view a = first_code_point(part);
    std::string_view rest = part.substr(a.size());
    if (rest.empty()) return text;
    const std::string_view b = first_code_point(rest);
    rest.remove_prefix(b.size());
    fixed.append("{").append(a).append("}");
    if (b == "{") {
      fixed.append(b);
    } else {
      fixed.append("{").append(b).append("}");
    }
    fixed += rest;
  }
  return fixed;
}

// What Python's int() makes of a text without ASCII white space.
enum class Int { not_a_number, canonical, other_spelling };

Int classify_int(std::string_view text) {
  std::string_view digits = python_strip(text);  // int() allows Unicode white space, too
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  bool after_digit = false;
  bool ascii = true;
  std::size_t count = 0;
  for (std::size_t at = 0; at < digits.size();) {
    const CodePoint c = code_point_at(digits, at);
    if (is_decimal(c.value)) {
      after_digit = true;
      ascii &= c.value < 0x80;
      ++count;
    } else if (c.value == '_' && after_digit) {
      after_digit = false;
      ascii = false;
    } else {
      return Int::not_a_number;
    }
    at += c.bytes;
  }
  constexpr std::size_t kMaxDigits = 4300;  // sys.get_int_max_str_digits()
  if (!after_digit || count > kMaxDigits) return Int::not_a_number;
  const bool zero_led = digits[0] == '0' && digits.size() > 1;
  const std::string_view sign = negative && digits != "0" ? "-" : "";
  const bool same =
      ascii && !zero_led && text.size() == sign.size() + digits.size() && text.starts_with(sign);
  return same ? Int::canonical : Int::other_spelling;
}

// "a/b" -> \frac{a}{b} for integers. Nothing: ValueError, for instance for "x/2".
Text fix_a_slash_b(const std::string& text) {
  const auto slash = text.find('/');
  if (slash == std::string::npos || text.find('/', slash + 1) != std::string::npos) return text;
  const std::string a = text.substr(0, slash);
  const std::string b = text.substr(slash + 1);
  const Int a_is = classify_int(a);
  const Int b_is = classify_int(b);
  if (a_is == Int::not_a_number || b_is == Int::not_a_number) return std::nullopt;
  if (a_is == Int::other_spelling || b_is == Int::other_spelling) return text;
  std::string fraction("\\frac{");
  return fraction.append(a).append("}{").append(b).append("}");
}

// Nothing: IndexError on a \sqrt at the end.
Text fix_sqrt(const std::string& text) {
  constexpr std::string_view kSqrt = "\\sqrt";
  std::size_t at = text.find(kSqrt);
  std::string fixed = text.substr(0, at);
  while (at != std::string::npos) {
    const std::size_t begin = at + kSqrt.size();
    at = text.find(kSqrt, begin);
    const std::string_view part = std::string_view(text).substr(begin, at - begin);
    if (part.empty()) return std::nullopt;
    fixed += kSqrt;
    if (part[0] == '{') {
      fixed += part;
    } else {
      const std::string_view a = first_code_point(part);
      fixed.append("{").append(a).append("}").append(part.substr(a.size()));
    }
  }
  return fixed;
}

// Cuts units written "\text{ …". Nothing: AssertionError on two of them.
Text remove_right_units(const std::string& text) {
  constexpr std::string_view kUnit = "\\text{ ";
  const auto at = text.find(kUnit);
  if (at == std::string::npos) return text;
  if (text.find(kUnit, at + kUnit.size()) != std::string::npos) return std::nullopt;
  return text.substr(0, at);
}

}  // namespace

std::optional<std::string> lm_eval_strip_string(std::string_view input) {
  std::string text(input);
  const auto replace = [&text](std::string_view from, std::string_view to) {
    text = replace_all(std::move(text), from, to);
  };
  replace("\n", "");
  replace("\\!", "");
  replace("\\\\", "\\");
  replace("tfrac", "frac");
  replace("dfrac", "frac");
  replace("\\left", "");
  replace("\\right", "");
  replace("^{\\circ}", "");
  replace("^\\circ", "");
  replace("\\$", "");
  Text step = remove_right_units(text);
  if (!step) return std::nullopt;
  text = *std::move(step);
  replace("\\%", "");
  replace(" .", " 0.");
  replace("{.", "{0.");
  if (text.empty()) return text;
  if (text[0] == '.') text.insert(0, "0");
  const auto equals = text.find('=');
  if (equals != std::string::npos && text.find('=', equals + 1) == std::string::npos &&
      count_code_points(std::string_view(text).substr(0, equals)) <= 2) {
    text.erase(0, equals + 1);
  }
  step = fix_sqrt(text);
  if (!step) return std::nullopt;
  text = *std::move(step);
  replace(" ", "");
  step = fix_fracs(text);
  if (!step) return std::nullopt;
  text = *std::move(step);
  if (text == "0.5") text = "\\frac{1}{2}";
  return fix_a_slash_b(text);
}

std::optional<std::string> lm_eval_last_boxed(std::string_view text) {
  if (const auto at = text.rfind(kBoxedSpace); at != std::string_view::npos) {
    const std::string_view rest = text.substr(at);
    return std::string(rest.substr(0, rest.find('$')));
  }
  auto begin = text.rfind("\\boxed");
  if (begin == std::string_view::npos) begin = text.rfind("\\fbox");
  if (begin == std::string_view::npos) return std::nullopt;
  long depth = 0;
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return std::string(text.substr(begin, i + 1 - begin));
  }
  return std::nullopt;
}

std::optional<std::string> lm_eval_remove_boxed(std::string_view text) {
  if (contains(text, kBoxedSpace)) {
    if (!text.starts_with(kBoxedSpace)) return std::nullopt;
    return std::string(text.substr(kBoxedSpace.size()));
  }
  if (!text.starts_with(kBoxedBrace) || !text.ends_with('}')) return std::nullopt;
  // s[len(left):-1], which is empty for "\boxed{}".
  const std::size_t length = text.size() - kBoxedBrace.size();
  return std::string(text.substr(kBoxedBrace.size(), length == 0 ? 0 : length - 1));
}

std::string_view lm_eval_between_dollars(std::string_view text) {
  const auto first = text.find('$');
  const auto last = text.rfind('$');
  if (first == last) return text;  // no "$", or only one
  return text.substr(first + 1, last - first - 1);
}

bool lm_eval_is_equiv(std::string_view a, std::string_view b) {
  const Text first = lm_eval_strip_string(a);
  const Text second = first ? lm_eval_strip_string(b) : std::nullopt;
  if (!first || !second)
    return a == b;  // after an exception lm-eval compares the texts as they are
  return *first == *second;
}

LmEvalChoice lm_eval_multiple_choice(std::span<const double> loglikelihoods,
                                     const std::vector<std::string>& choices, int gold) {
  const auto argmax = [](const std::vector<double>& values) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(values[i])) return static_cast<int>(i);
      if (values[i] > values[best]) best = i;
    }
    return static_cast<int>(best);
  };
  std::vector<double> plain(loglikelihoods.begin(), loglikelihoods.end());
  std::vector<double> normed = plain;
  for (std::size_t i = 0; i < normed.size() && i < choices.size(); ++i) {
    normed[i] /= static_cast<double>(count_code_points(choices[i]));
  }
  LmEvalChoice result;
  result.picked = argmax(plain);
  result.acc = result.picked == gold ? 1.0 : 0.0;
  result.acc_norm = argmax(normed) == gold ? 1.0 : 0.0;
  return result;
}

std::string lm_eval_postprocess(std::string_view generation, const std::vector<std::string>& stop,
                                std::string_view think_end_token) {
  if (!think_end_token.empty()) {
    if (const auto at = generation.rfind(think_end_token); at != std::string_view::npos) {
      generation.remove_prefix(at + think_end_token.size());
    }
    generation.remove_prefix(space_length(generation, 0));
  }
  for (const std::string& term : stop) {
    if (!term.empty()) generation = generation.substr(0, generation.find(term));
  }
  return std::string(generation);
}

}  // namespace assay
