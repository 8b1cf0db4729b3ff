#include "task/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <set>

#include "base/ascii.h"
#include "base/files.h"
#include "base/text.h"
#include "base/unicode.h"
#include "score/choice.h"
#include "score/choice_statement.h"
#include "score/math/math.h"
#include "score/soundness.h"
#include "score/think.h"
#include "task/prompt.h"
#include "task/python_text.h"

namespace assay {
namespace {

const Json* find_option(const TaskSpec& spec, std::string_view name) {
  if (!spec.options.is_object()) return nullptr;
  const auto it = spec.options.find(name);
  return it == spec.options.end() ? nullptr : &*it;
}

std::unexpected<Error> option_error(const TaskSpec& spec, std::string_view name,
                                    std::string_view wanted) {
  return usage_error(fmt::format("task {}: option '{}' is not {}", spec.name, name, wanted),
                     fmt::format("it is {}", dump_json(*find_option(spec, name))),
                     "correct the option in the plan (docs/tasks.md)");
}

Result<std::string> checked_text(const Row& row, std::string_view field, std::string text) {
  if (!is_valid_utf8(text)) return row_error(row, field, "it is not valid UTF-8");
  return text;
}

}  // namespace

std::unexpected<Error> row_error(const Row& row, std::string_view field, std::string why) {
  return usage_error(fmt::format("{}: field '{}' is not usable", row.where, field), std::move(why),
                     "correct the row, or use a file in a documented layout (docs/tasks.md)");
}

Result<std::string> text_of(const Row& row, std::string_view field) {
  std::string text = TRY(string_field(row.fields, field, row.where));
  if (python_strip(text).empty()) return row_error(row, field, "it is empty");
  return checked_text(row, field, std::move(text));
}

Result<std::string> optional_text_of(const Row& row, std::string_view field) {
  if (!row.fields.is_object()) return row_error(row, field, "the row is no JSON object");
  const auto it = row.fields.find(field);
  if (it == row.fields.end() || it->is_null()) return std::string();
  return checked_text(row, field, TRY(string_field(row.fields, field, row.where)));
}

Result<std::int64_t> whole_number_of(const Row& row, std::string_view field) {
  if (row.fields.is_object() && row.fields.contains(field) && row.fields.at(field).is_string()) {
    const std::string text = row.fields.at(field).get<std::string>();
    const std::string_view digits = trim(text);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      return row_error(row, field, fmt::format("'{}' is no whole number", text));
    }
    return value;
  }
  return int_field(row.fields, field, row.where);
}

Result<std::vector<std::string>> texts_of(const Row& row, std::string_view field) {
  std::vector<std::string> texts = TRY(strings_field(row.fields, field, row.where));
  for (const std::string& text : texts) {
    if (!is_valid_utf8(text)) return row_error(row, field, "an entry is not valid UTF-8");
  }
  return texts;
}

Result<std::string> id_of(const Row& row, std::string_view field) {
  if (row.fields.is_object() && row.fields.contains(field) &&
      row.fields.at(field).is_number_integer()) {
    return dump_json(row.fields.at(field));
  }
  return text_of(row, field);
}

std::string id_by_position(const Row& row) {
  return std::to_string(row.position);
}

Status check_unique_ids(const ItemList& items, const DataSet& data) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!seen.insert(items.id(i)).second) {
      return usage_error(fmt::format("two rows have the id '{}'", items.id(i)),
                         fmt::format("read from {}", fmt::join(data.files, ", ")),
                         "leave only one copy of the data set in the folder");
    }
  }
  return {};
}

Status check_options(const TaskSpec& spec, std::initializer_list<std::string_view> known,
                     Exemplars exemplars) {
  const int fewshot = spec.num_fewshot.value_or(0);
  if (exemplars == Exemplars::none && fewshot > 0) {
    return usage_error(fmt::format("task {}: num_fewshot is {}", spec.name, fewshot),
                       "the task has no few-shot exemplars", "leave num_fewshot out");
  }
  if (!spec.options.is_object()) return {};
  for (const auto& [key, value] : spec.options.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return usage_error(fmt::format("task {}: unknown option '{}'", spec.name, key),
                         known.size() == 0 ? "this task has no options"
                                           : fmt::format("known are {}", fmt::join(known, ", ")),
                         "correct the plan (docs/tasks.md)");
    }
  }
  return {};
}

Result<bool> bool_option(const TaskSpec& spec, std::string_view name, bool fallback) {
  const Json* value = find_option(spec, name);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) return option_error(spec, name, "true or false");
  return value->get<bool>();
}

Result<std::string> text_option(const TaskSpec& spec, std::string_view name, std::string fallback) {
  const Json* value = find_option(spec, name);
  if (value == nullptr) return fallback;
  if (!value->is_string()) return option_error(spec, name, "text");
  return value->get<std::string>();
}

Result<double> number_option(const TaskSpec& spec, std::string_view name, double fallback) {
  const Json* value = find_option(spec, name);
  if (value == nullptr) return fallback;
  if (!value->is_number()) return option_error(spec, name, "a number");
  return value->get<double>();
}

Result<std::optional<std::string>> file_option(const TaskContext& context, std::string_view name) {
  if (find_option(context.spec, name) == nullptr) return std::nullopt;
  std::filesystem::path path = TRY(text_option(context.spec, name, ""));
  std::error_code ignored;
  const auto beside_rows = std::filesystem::path(context.data_folder) / path;
  if (path.is_relative() && std::filesystem::exists(beside_rows, ignored)) path = beside_rows;
  std::string content = TRY(read_file(path));
  if (trim(content).empty() || !is_valid_utf8(content)) {
    return usage_error(
        fmt::format("task {}: the file of option '{}' is not usable", context.spec.name, name),
        fmt::format("{} is empty or not valid UTF-8", path.string()), "correct the file");
  }
  return content;
}

std::optional<Score> unanswered(const std::vector<StepResult>& steps) {
  if (steps.empty()) return unscored(reason::kNotRun);
  for (const StepResult& step : steps) {
    if (step.prompt_did_not_fit) return unscored(reason::kPromptDoesNotFit);
    if (step.response.finish_reason != FinishReason::error) continue;
    if (step.response.error == reason::kPromptDoesNotFit) {  // found only by the engine
      return unscored(reason::kPromptDoesNotFit);
    }
    return unscored(reason::kEngineError, step.response.error);
  }
  return std::nullopt;
}

Score unscored(const char* reason, std::string detail) {
  Score score;
  score.outcome = Outcome::unscored;
  score.reason = reason;
  score.detail = std::move(detail);
  return score;
}

namespace {

// What stands before the first of the stop strings.
std::string_view before_stop(std::string_view text, const std::vector<std::string>& stop) {
  for (const std::string& term : stop) {
    if (!term.empty()) text = text.substr(0, text.find(term));
  }
  return text;
}

}  // namespace

std::string answer_text(std::string_view output, const std::vector<std::string>& stop) {
  std::string answer = strip_thinking(output).answer;
  answer.resize(before_stop(answer, stop).size());
  return answer;
}

namespace {

// The words of four letters and more, and the numbers, in lower case.
std::set<std::string> telling_words(std::string_view text) {
  constexpr std::size_t kLeast = 4;
  std::set<std::string> words;
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && is_word_char(text[i])) {
      word.push_back(to_lower(text[i]));
      continue;
    }
    if (word.size() >= kLeast || (!word.empty() && is_digit(word[0]))) words.insert(word);
    word.clear();
  }
  return words;
}

// Whether the text begins by saying the question, in its words or nearly so.
bool restates(std::string_view text, std::string_view question) {
  const std::set<std::string> wanted = telling_words(question);
  const std::set<std::string> said = telling_words(text.substr(0, question.size() * 2 + 100));
  const auto found =
      std::ranges::count_if(wanted, [&](const std::string& word) { return said.contains(word); });
  // Two questions share words like "what" and "find", but not two thirds of them.
  return found > 0 && 3 * static_cast<std::size_t>(found) >= 2 * wanted.size();
}

// Words before a heading that make it another question's.
bool is_of_another(std::string_view word) {
  static constexpr std::string_view kOther[] = {
      "next",    "new",   "another",  "similar", "second", "third",   "following", "practice",
      "related", "extra", "followup", "bonus",   "up",     "example", "additional"};
  return std::ranges::find(kOther, word) != std::end(kOther);
}

// "1. ", "Step 2: ", "## 3) ": where a line begins by numbering itself, what is behind the number.
std::string_view without_list_number(std::string_view line) {
  std::size_t at = line.find_first_not_of(" \t#*>-");
  if (at == std::string_view::npos) return "";
  if (line.substr(at).starts_with("Step ")) at += 5;
  const std::size_t number = at;
  while (at < line.size() && is_digit(line[at])) ++at;
  const bool numbers =
      at > number && at < line.size() && (line[at] == '.' || line[at] == ')' || line[at] == ':');
  return numbers ? line.substr(at + 1) : line;
}

// Whether the text could hold an answer to a mathematical question.
bool may_answer(std::string_view text) {
  return std::ranges::any_of(split(text, '\n'), [](const std::string& line) {
    return std::ranges::any_of(without_list_number(line),
                               [](char c) { return is_digit(c) || c == '$' || c == '\\'; });
  });
}

// What stands before `at` on its line, or in its sentence; at most kLongestHeading bytes.
constexpr std::size_t kLongestHeading = 80;
std::string_view line_before(std::string_view text, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && at - begin < kLongestHeading && text[begin - 1] != '\n') --begin;
  const std::string_view line = text.substr(begin, at - begin);
  const std::size_t sentence = line.find_last_of(".!?");
  return sentence == std::string_view::npos ? line : line.substr(sentence + 1);
}

// "Understanding the Problem:", "Restate the Question:": a heading of the answer's own, which no
// text that goes on with further questions writes.
bool heads_a_step(std::string_view text, std::size_t at) {
  const std::string_view line = line_before(text, at);
  if (line.size() >= kLongestHeading || may_answer(line)) return false;
  std::string word;
  bool words = false;
  for (const char c : line) {
    if (is_letter(c)) {
      word.push_back(to_lower(c));
      continue;
    }
    if (is_of_another(word)) return false;
    words = words || word.size() > 1;
    word.clear();
  }
  return !is_of_another(word) && (words || word.size() > 1);
}

}  // namespace

std::size_t next_question(std::string_view text, const StopStrings& stop, std::size_t from) {
  std::size_t first = std::string_view::npos;
  for (const std::string& heading : stop.headings) {
    std::size_t at = text.find(heading, from);
    while (at != std::string_view::npos && heads_a_step(text, at)) at = text.find(heading, at + 1);
    first = std::min(first, at);
  }
  return first;
}

OwnAnswer own_answer(std::string_view output, const StopStrings& stop, std::string_view question) {
  OwnAnswer own{answer_text(output, stop.tokens)};
  const std::string_view all = own.text;
  std::size_t end = next_question(all, stop);
  if (end != std::string_view::npos && !may_answer(all.substr(0, end))) {
    const std::size_t behind = all.find(':', end) + 1;  // a heading ends in one
    if (restates(all.substr(behind), question)) end = next_question(all, stop, behind);
  }
  own.goes_on = end != std::string_view::npos;
  if (own.goes_on) own.text.resize(end);
  return own;
}

std::string lm_eval_text(std::string_view output, const std::vector<std::string>& stop,
                         const ChatSpec& chat) {
  return lm_eval_postprocess(output, stop, thinking_on(chat) ? "</think>" : "");
}

namespace {

const char* reason_of(NoDecision::Kind kind) {
  switch (kind) {
    case NoDecision::Kind::undecided:
      return reason::kNotDecided;
    case NoDecision::Kind::unavailable:
      return reason::kNoMathVerify;
    case NoDecision::Kind::interrupted:
      return reason::kInterrupted;
  }
  return reason::kNotDecided;
}

}  // namespace

void set_lm_eval_metrics(Score& score, const LmEvalScore& lm_eval) {
  score.metrics["lm_eval"] = lm_eval.value;
  for (const LmEvalFilter& filter : lm_eval.filters) {
    score.metrics["exact_match," + filter.name] = filter.exact_match;
    score.remarks[kFilteredRemark][filter.name] = filter.filtered;
  }
}

void set_choice_score(Score& score, const StatedChoice& stated,
                      const std::optional<ChoiceExtraction>& official) {
  score.outcome = Outcome::scored;
  if (stated.letter) {
    score.extracted = std::string(1, *stated.letter);
    score.extraction = stated.stage;
  } else if (!stated.stage.empty()) {
    score.detail = "two letters are stated";
  }
  score.not_extractable = !stated.letter;
  score.metrics["robust"] = score.extracted == score.target ? 1 : 0;
  const std::string taken = official ? std::string(1, official->letter) : std::string();
  score.metrics["official"] = taken == score.target ? 1 : 0;
}

void set_math_score(Score& score, const MathJudgement& robust, const LmEvalScore& lm_eval) {
  score.extracted = robust.extracted;
  score.extraction = robust.extraction;
  score.detail = robust.detail;
  if (!lm_eval.raises.empty()) score.remarks["lm_eval_raises"] = lm_eval.raises;
  if (!robust.decided) {
    score.outcome = Outcome::unscored;
    score.reason = reason_of(robust.no_decision);
    return;
  }
  score.outcome = Outcome::scored;
  score.metrics["robust"] = robust.correct ? 1 : 0;
  set_lm_eval_metrics(score, lm_eval);
  score.not_extractable = robust.extraction.empty();
}

void set_soundness(Score& score, const std::vector<StepResult>& steps) {
  std::vector<Response> responses;
  responses.reserve(steps.size());
  for (const StepResult& step : steps) {
    if (!step.prompt_did_not_fit) responses.push_back(step.response);
  }
  set_soundness(score, responses);
}

void set_soundness(Score& score, const std::vector<StepResult>& steps, const OwnAnswer& own) {
  set_soundness(score, steps);
  if (!own.goes_on) return;
  score.truncated = false;
  score.looping = is_looping(own.text);
}

}  // namespace assay
