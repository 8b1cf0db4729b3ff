#include "score/math.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "score/boxed.h"

namespace assay {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The last run of digits of the text that is no part of a decimal number.
std::string last_integer(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0 && !is_digit(text[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && is_digit(text[begin - 1])) --begin;
  return std::string(text.substr(begin, end - begin));
}

// 0 to 999 with leading zeros allowed; other text is no AIME answer.
std::optional<int> aime_integer(std::string_view text) {
  text = trim(text);
  for (const std::string_view wrap : {"\\text{", "\\mathbf{", "\\mathrm{", "{"}) {
    if (text.starts_with(wrap) && text.ends_with('}')) {
      return aime_integer(text.substr(wrap.size(), text.size() - wrap.size() - 1));
    }
  }
  while (!text.empty() && (text.back() == '.' || text.back() == '$')) text.remove_suffix(1);
  while (text.starts_with('$')) text.remove_prefix(1);
  text = trim(text);
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  if (value < 0 || value > 999) return std::nullopt;
  return value;
}

std::string canonical(std::string_view latex) {
  std::string text;
  for (const char c : latex) {
    if (c != ' ' && c != '\n' && c != '$') text.push_back(c);
  }
  for (const std::string_view drop : {"\\left", "\\right", "\\!", "\\,", "\\displaystyle"}) {
    text = replace_all(std::move(text), drop, "");
  }
  text = replace_all(std::move(text), "dfrac", "frac");
  return replace_all(std::move(text), "tfrac", "frac");
}

bool plain_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.size() < 16 && (text[0] != '0' || text.size() == 1) &&
         std::all_of(text.begin(), text.end(), is_digit);
}

}  // namespace

MathJudgement judge_math(std::string_view gold_answer, std::string_view output,
                         EquivalenceOracle* oracle) {
  MathJudgement result;
  if (const auto boxed = last_boxed(output)) {
    result.extracted = *boxed;
    result.extraction = "boxed";
  }
  const std::string gold = canonical(gold_answer);
  const std::string found = canonical(result.extracted);
  if (!gold.empty() && gold == found) {
    result.correct = true;
    return result;
  }
  if (plain_integer(gold) && plain_integer(found)) return result;
  if (oracle == nullptr) {
    result.detail = "no oracle for an answer the fast path does not decide";
    return result;
  }
  result.used_oracle = true;
  const std::optional<bool> same = oracle->equivalent(std::string(gold_answer), std::string(output));
  result.correct = same.value_or(false);
  if (!same) result.detail = "equivalence not decided";
  return result;
}

MathJudgement judge_aime(int gold, std::string_view output) {
  MathJudgement result;
  if (const auto boxed = last_boxed(output)) {
    result.extracted = *boxed;
    result.extraction = "boxed";
  } else {
    result.extracted = last_integer(output);
    result.extraction = result.extracted.empty() ? "" : "last integer";
  }
  const std::optional<int> value = aime_integer(result.extracted);
  result.correct = value && *value == gold;
  return result;
}

}  // namespace assay
