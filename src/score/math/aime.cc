#include <charconv>
#include <optional>

#include "base/ascii.h"
#include "base/text.h"
#include "score/boxed.h"
#include "score/math/math.h"
#include "score/math/reading.h"

namespace assay {

namespace {

// The last run of digits in the text; empty when there is none.
std::string last_integer(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0 && !is_digit(text[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && is_digit(text[begin - 1])) --begin;
  return std::string(text.substr(begin, end - begin));
}

// The text without braces and font commands that enclose all of it.
std::string_view unwrapped(std::string_view text) {
  while (true) {
    text = trim(text);
    const std::size_t before = text.size();
    for (const std::string_view wrap :
         {"\\text{", "\\textbf{", "\\mathbf{", "\\mathrm{", "\\mbox{", "{", "("}) {
      if (text.starts_with(wrap) && text.ends_with(wrap == "(" ? ')' : '}')) {
        text = text.substr(wrap.size(), text.size() - wrap.size() - 1);
        break;
      }
    }
    if (text.size() == before) return text;
  }
}

// The number of an AIME answer, 0 to 999, leading zeros allowed; nothing for any other text.
std::optional<int> aime_integer(std::string_view text) {
  text = unwrapped(text);
  while (!text.empty() && std::string_view(".,;$").find(text.back()) != std::string_view::npos) {
    text.remove_suffix(1);
  }
  while (text.starts_with('$')) text.remove_prefix(1);
  text = trim(text);
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  if (value < 0 || value > 999) return std::nullopt;
  return value;
}

// A box's content against the number. Read as any other answer as well, because "m+n=204" and
// "\\frac{408}{2}" are also 204; a percentage is no whole number.
bool box_is(std::string_view content, int gold) {
  if (const auto value = aime_integer(content)) return *value == gold;
  if (content.find('%') != std::string_view::npos) return false;
  const MathJudgement judged =
      judge_math(std::to_string(gold), "\\boxed{" + std::string(content) + "}", nullptr);
  return judged.decided && judged.correct;
}

}  // namespace

MathJudgement judge_aime(int gold, std::string_view output) {
  const std::string text = robust_text(end_of_text(output, kMostReadBytes));
  if (const auto box = last_filled_box(text)) {
    MathJudgement result;
    result.extracted = std::string(box->content);
    result.extraction = "boxed";
    result.correct = box_is(box->content, gold);
    return result;
  }
  MathJudgement result = judge_math(std::to_string(gold), text, nullptr);
  if (result.decided) return result;
  result.decided = true;
  result.detail.clear();
  result.extracted = last_integer(text);
  result.extraction = result.extracted.empty() ? "" : "number";
  const std::optional<int> value = aime_integer(result.extracted);
  result.correct = value && *value == gold;
  return result;
}

}  // namespace assay
