#include "score/math/reading.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/text.h"
#include "score/boxed.h"
#include "score/math/extract.h"
#include "score/math/normalize.h"
#include "score/math/own_rules.h"

namespace assay {

namespace {

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

using Parse = ParsedMath (*)(std::string_view normalized);

// What is found somewhere in the text, and not stated, may end with anything.
Parse parse_of(MathRules rules, AnswerStage stage) {
  if (rules == MathRules::math_verify) return parse_latex;
  return stage == AnswerStage::anywhere ? parse_found : parse_stated;
}

// "0.33" of "0.33\ldots" and of a box with that; empty: there are no dots.
std::string_view dotted_decimal(std::string_view content) {
  const auto box = last_filled_box(content);
  return before_dots(box ? box->content : content);
}

// The value of one environment; `text` becomes the text that Math-Verify keeps of it.
ParsedMath read_environment(const LatexEnv& env, Parse parse, std::string& text) {
  const bool stated = parse == parse_stated && !env.bare_box;
  const std::string_view decimal = parse == parse_latex ? "" : dotted_decimal(env.content);
  const std::string_view content = stated ? without_end_marks(env.content) : env.content;
  const auto normalized = normalize_latex(decimal.empty() ? content : decimal, env.bare_box);
  text = normalized.value_or("");
  ParsedMath parsed;
  if (normalized) parsed = parse(*normalized);
  if (!decimal.empty()) {
    add_dots(parsed.value, *normalized);
    text += "\\ldots";
  }
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
ParsedMath read_latex(const AnswerPlace& place, Parse parse, std::string& text) {
  ParsedMath first = read_environment(place.envs[0], parse, text);
  if (place.envs.size() == 1) return first;
  std::vector<std::string> texts = {text};
  std::vector<ParsedMath> parts = {first};
  for (std::size_t i = 1; i < place.envs.size(); ++i) {
    parts.push_back(read_environment(place.envs[i], parse, texts.emplace_back()));
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

ParsedMath read_plain(const AnswerPlace& place, bool robust, std::string& text) {
  if (!place.expression.empty()) {
    text = std::string(place.expression);
    const std::string mixed = robust ? with_mixed_numbers(text) : text;
    return mixed == text ? parse_arithmetic(text) : parse_stated(mixed);
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

bool is_box(const AnswerPlace& place) {
  return place.is_latex() && place.envs[0].content.find("\\boxed") != std::string_view::npos;
}

// Whether dots follow the decimals, which are a part of the output.
bool dots_follow(std::string_view output, std::string_view decimals) {
  const auto end = static_cast<std::size_t>(decimals.data() + decimals.size() - output.data());
  const std::string_view behind = output.substr(end);
  return behind.starts_with("...") || behind.starts_with("\xE2\x80\xA6");
}

// Takes the place's answer, unless it surely cannot be read. True: the reading is done.
bool take_place(std::string_view output, const AnswerPlace& place, AnswerStage stage,
                MathRules rules, Reading& reading) {
  std::string text;
  ParsedMath parsed = place.is_latex() ? read_latex(place, parse_of(rules, stage), text)
                                       : read_plain(place, rules == MathRules::robust, text);
  if (rules == MathRules::robust && !place.decimal.empty() && dots_follow(output, place.decimal)) {
    add_dots(parsed.value, text);
    text += "...";
  }
  if (reading.shown.empty() || parsed.state != ParsedMath::State::fails) {
    reading.shown = shown_text(place, text);
    reading.stage = stage_name(stage, place);
  }
  if (reading.text.empty()) reading.text = text;
  if (parsed.state == ParsedMath::State::fails) return false;
  reading.state =
      parsed.state == ParsedMath::State::value ? Reading::State::value : Reading::State::unknown;
  reading.value = parsed.value;
  return true;
}

// `boxed`: a box is the answer, whether or not it can be read.
Reading first_reading(std::string_view output, MathRules rules, bool boxed) {
  Reading reading;
  const AnswerScanner scanner(output);
  for (const AnswerStage stage : kAnswerStages) {
    const AnswerPlaces found = scanner.places(stage);
    std::size_t tried = 0;
    for (const AnswerPlace& place : found.places) {
      if (found.more && ++tried > kTrustedPlaces) break;
      const bool taken = take_place(output, place, stage, rules, reading);
      const bool answer_is_box = boxed && is_box(place);
      if (answer_is_box) reading.box = output.substr(place.begin, place.end - place.begin);
      if (taken || answer_is_box) return reading;
    }
    if (found.more) {
      reading.state = Reading::State::unknown;
      return reading;
    }
  }
  return reading;
}

// What an answer states without delimiters is all of its answer, whether or not it can be read.
Reading stated_reading(const std::string& expression) {
  Reading reading;
  const ParsedMath parsed = read_environment({.content = expression}, parse_stated, reading.text);
  if (parsed.state == ParsedMath::State::value) reading.state = Reading::State::value;
  if (parsed.state == ParsedMath::State::unknown) reading.state = Reading::State::unknown;
  reading.value = parsed.value;
  reading.shown = expression;
  reading.stage = "answer";
  reading.box = "\\boxed{" + expression + "}";
  return reading;
}

}  // namespace

namespace {

// "4" of "{{{4}}}": braces that enclose all of the text, and nothing but another group.
std::string_view without_outer_braces(std::string_view text) {
  const auto outer = [](std::string_view all) {
    const std::size_t opened = std::min(all.find_first_not_of('{'), all.size());
    const std::size_t last = all.find_last_not_of('}');
    const std::size_t closed = last == std::string_view::npos ? 0 : all.size() - 1 - last;
    return std::min(opened, closed);
  };
  std::size_t pairs = outer(text);
  if (pairs == 0 || 2 * pairs >= text.size()) return text;
  // What is within may close some of the braces before it.
  std::int64_t depth = 0;
  std::int64_t least = 0;
  const std::string_view within = text.substr(pairs, text.size() - 2 * pairs);
  for (std::size_t i = 0; i < within.size(); ++i) {
    if (within[i] == '\\') {
      ++i;
    } else if (within[i] == '{' || within[i] == '}') {
      depth += within[i] == '{' ? 1 : -1;
      least = std::min(least, depth);
    }
  }
  pairs -= std::min(pairs, static_cast<std::size_t>(-least));
  return trim(text.substr(pairs, text.size() - 2 * pairs));
}

}  // namespace

std::string robust_text(std::string_view output) {
  std::string text = with_plain_boxes(replace_all(plain_signs(output), "\\boxed{}", ""));
  const auto box = last_filled_box(text);
  if (!box) return text;
  const std::string plain = undressed(without_end_marks(box->content));
  std::string content(stated_in_text(without_outer_braces(plain)));
  std::size_t end = box->end;
  for (const std::string_view sign : {"\\%", "%"}) {
    if (!std::string_view(text).substr(end).starts_with(sign)) continue;
    content += "\\%";
    end += sign.size();
    break;
  }
  // An earlier box that is taken back is no part of the answer.
  const std::size_t before =
      box->begin == 0 ? std::string::npos : text.rfind("\\boxed", box->begin - 1);
  const bool again = before != std::string::npos &&
                     thinks_again(std::string_view(text).substr(before, box->begin - before));
  return (again ? std::string() : text.substr(0, box->begin)) + "\\boxed{" + content + "}" +
         text.substr(end);
}

Reading read_answer(std::string_view output, MathRules rules) {
  const bool robust = rules == MathRules::robust;
  const bool boxed = robust && last_filled_box(output).has_value();
  if (robust && !boxed) {
    if (const std::string stated = stated_expression(output); !stated.empty()) {
      return stated_reading(stated);
    }
  }
  Reading reading = first_reading(output, rules, boxed);
  if (!robust) forget_own(reading.value);
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

namespace {

bool is_beyond_reckoning(const Reading& reading) {
  return reading.state == Reading::State::value && reading.value.kind == ValueKind::scalar &&
         is_beyond_reckoning(reading.value.scalar);
}

std::string without_braces(std::string text) {
  std::erase_if(text, [](char c) { return c == '{' || c == '}' || is_json_space(c); });
  return text;
}

}  // namespace

Truth same_by_own_rules(const Reading& gold, const Reading& pred, std::string_view output) {
  if (same_but_for_comma(gold.text, pred.text, output)) return Truth::yes;
  // Two numbers that cannot be reckoned are the same where they are written alike.
  if (is_beyond_reckoning(gold) && is_beyond_reckoning(pred)) {
    return without_braces(gold.text) == without_braces(pred.text) ? Truth::yes : Truth::no;
  }
  const bool read = gold.state == Reading::State::value && pred.state == Reading::State::value;
  if (!read) return Truth::unsure;
  const bool scalars = gold.value.kind == ValueKind::scalar && pred.value.kind == ValueKind::scalar;
  // Also where one of them has an imaginary unit, and its symbols are others for Math-Verify.
  if (scalars && own_verdict(gold.value.scalar, pred.value.scalar) == Truth::yes) return Truth::yes;
  return same_definition(gold.value, pred.value);
}

}  // namespace assay
