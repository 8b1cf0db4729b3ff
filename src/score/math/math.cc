#include "score/math/math.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/text.h"
#include "score/boxed.h"
#include "score/gold.h"
#include "score/math/extract.h"
#include "score/math/normalize.h"
#include "score/math/value.h"

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
    for (const std::string_view wrap : {"\\text{", "\\mathbf{", "\\mathrm{", "{"}) {
      if (text.starts_with(wrap) && text.ends_with('}')) {
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
  while (!text.empty() && (text.back() == '.' || text.back() == '$')) text.remove_suffix(1);
  while (text.starts_with('$')) text.remove_prefix(1);
  text = trim(text);
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  if (value < 0 || value > 999) return std::nullopt;
  return value;
}

// The answer found on one side of the comparison, the gold answer or the output.
struct Reading {
  enum class State { none, value, unknown };
  State state = State::none;  // none: no candidate could be read
  MathValue value;
  std::string text;   // of the first candidate, normalised; Math-Verify compares these texts, too
  std::string shown;  // the answer as it is shown in a report
  std::string stage;
};

std::string_view stage_name(AnswerStage stage, const AnswerPlace& place) {
  if (place.is_latex() && place.envs[0].content.find("\\boxed") != std::string_view::npos) {
    return "boxed";
  }
  switch (stage) {
    case AnswerStage::final_i_hope:
    case AnswerStage::final_or_boxed:
      return "final answer";
    case AnswerStage::answer_colon:
    case AnswerStage::answer:
      return "answer";
    case AnswerStage::anywhere:
      break;
  }
  return place.is_latex() ? "latex" : "number";
}

// The value of one environment; `text` becomes the text that Math-Verify keeps of it.
ParsedMath read_environment(const LatexEnv& env, std::string& text) {
  const auto normalized = normalize_latex(env.content, env.bare_box);
  text = normalized.value_or("");
  ParsedMath parsed;
  if (normalized) parsed = parse_latex(*normalized);
  if (env.percent && parsed.state == ParsedMath::State::value) {
    if (parsed.value.kind == MathValue::Kind::scalar) {
      parsed.value.scalar = percent_scalar(parsed.value.scalar);
    } else {
      parsed.state = ParsedMath::State::unknown;
    }
  }
  return parsed;
}

// The value at one place: that of its environment, or the set of the values of several.
ParsedMath read_latex(const AnswerPlace& place, std::string& text) {
  ParsedMath first = read_environment(place.envs[0], text);
  if (place.envs.size() == 1) return first;
  std::vector<std::string> texts = {text};
  std::vector<ParsedMath> parts = {first};
  for (std::size_t i = 1; i < place.envs.size(); ++i) {
    parts.push_back(read_environment(place.envs[i], texts.emplace_back()));
  }
  ParsedMath all;
  all.state = ParsedMath::State::value;
  all.value.kind = MathValue::Kind::set;
  for (ParsedMath& part : parts) {
    if (part.state == ParsedMath::State::fails) return first;  // then only the first one counts
    if (part.state == ParsedMath::State::unknown) all.state = ParsedMath::State::unknown;
    all.value.complex |= part.value.complex;
    if (part.value.kind == MathValue::Kind::set) {
      std::ranges::move(part.value.items, std::back_inserter(all.value.items));
    } else {
      all.value.items.push_back(std::move(part.value));
    }
  }
  const bool known = all.state == ParsedMath::State::value;
  text = known ? join(texts, " and ") : "";
  return known ? all : ParsedMath{};
}

ParsedMath read_plain(const AnswerPlace& place, std::string& text) {
  if (!place.expression.empty()) {
    text = std::string(place.expression);
    return parse_arithmetic(place.expression);
  }
  ParsedMath result;
  result.state = ParsedMath::State::value;
  result.value = plain_number(place.integer, place.decimal, place.percent);
  for (const char c : place.integer) {
    if (c != ',' && c != ' ' && (c != '0' || !text.empty())) text.push_back(c);
  }
  if (text.empty()) text = "0";
  text += replace_all(std::string(place.decimal), ",", ".");
  return result;
}

std::string shown_text(const AnswerPlace& place, const std::string& text) {
  return text.empty() && place.is_latex() ? std::string(trim(place.envs[0].content.substr(0, 4000)))
                                          : text;
}

// Where a stage left places out, only this many of the rightmost ones are complete.
constexpr std::size_t kTrustedPlaces = 300;

// The first place that can be read, in Math-Verify's order of stages and places.
Reading read_answer(std::string_view output) {
  Reading reading;
  const AnswerScanner scanner(output);
  for (const AnswerStage stage : kAnswerStages) {
    const AnswerPlaces found = scanner.places(stage);
    std::size_t tried = 0;
    for (const AnswerPlace& place : found.places) {
      if (found.more && ++tried > kTrustedPlaces) break;
      std::string text;
      const ParsedMath parsed =
          place.is_latex() ? read_latex(place, text) : read_plain(place, text);
      if (reading.shown.empty() || parsed.state != ParsedMath::State::fails) {
        reading.shown = shown_text(place, text);
        reading.stage = stage_name(stage, place);
      }
      if (reading.text.empty()) reading.text = text;
      if (parsed.state == ParsedMath::State::fails) continue;
      reading.state = parsed.state == ParsedMath::State::value ? Reading::State::value
                                                               : Reading::State::unknown;
      reading.value = parsed.value;
      return reading;
    }
    if (found.more) {
      reading.state = Reading::State::unknown;
      return reading;
    }
  }
  return reading;
}

Truth same_reading(const Reading& gold, const Reading& pred) {
  // Math-Verify compares the texts as well as the values, whether or not it could read them.
  if (!gold.text.empty() && gold.text == pred.text) return Truth::yes;
  if (gold.state == Reading::State::unknown || pred.state == Reading::State::unknown) {
    return Truth::unsure;
  }
  if (gold.state == Reading::State::none || pred.state == Reading::State::none) return Truth::no;
  return same_answer(gold.value, pred.value);
}

}  // namespace

MathJudgement judge_math(std::string_view gold_answer, std::string_view output,
                         EquivalenceOracle* oracle) {
  MathJudgement result;
  const std::string gold_text = delimited_gold(gold_answer);
  const Reading gold = read_answer(gold_text);
  const Reading pred = read_answer(output);
  result.extracted = pred.shown;
  result.extraction = pred.stage;
  const bool reachable =
      !AnswerScanner(gold_text).out_of_reach() && !AnswerScanner(output).out_of_reach();
  const Truth same = reachable ? same_reading(gold, pred) : Truth::unsure;
  if (same != Truth::unsure) {
    result.correct = same == Truth::yes;
    return result;
  }
  if (oracle == nullptr) {
    result.decided = false;
    result.no_decision = NoDecision::Kind::unavailable;
    result.detail = "Math-Verify is not at hand";
    return result;
  }
  result.used_oracle = true;
  const auto answer = oracle->equivalent(std::string(gold_answer), std::string(output));
  result.correct = answer.value_or(false);
  result.decided = answer.has_value();
  if (!answer) {
    result.no_decision = answer.error().kind;
    result.detail = "Math-Verify gave no answer (" + answer.error().why + ")";
  }
  return result;
}

MathJudgement judge_aime(int gold, std::string_view output) {
  // First as any other answer, because "m+n=204" and "\frac{408}{2}" are also 204.
  MathJudgement result = judge_math(std::to_string(gold), output, nullptr);
  if (result.decided) return result;
  result.decided = true;
  result.detail.clear();
  if (const auto boxed = last_boxed(output)) {
    result.extracted = *boxed;
    result.extraction = "boxed";
  } else {
    result.extracted = last_integer(output);
    result.extraction = result.extracted.empty() ? "" : "number";
  }
  const std::optional<int> value = aime_integer(result.extracted);
  result.correct = value && *value == gold;
  return result;
}

}  // namespace assay
