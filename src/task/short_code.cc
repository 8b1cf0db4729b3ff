#include "task/short_code.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/text.h"
#include "task/fields.h"

namespace assay {
namespace {

constexpr double kTimeLimitS = 3;
constexpr std::array<std::string_view, 5> kContinuationEnds = {"\nclass ", "\ndef ", "\n#", "\nif ",
                                                               "\nprint("};

CodeExtraction last_block_or_all(const std::string& text) {
  CodeExtraction fenced = extract_livecodebench_code(text);
  if (!fenced.code.empty()) return fenced;
  if (trim(text).empty()) return {};
  std::size_t end = text.size();
  // A complete function may be followed by other functions that it calls.
  if (text.find("def ") == std::string::npos || text.starts_with(' ')) {
    for (const std::string_view stop : kContinuationEnds) end = std::min(end, text.find(stop));
  }
  return {text.substr(0, end), "whole output"};
}

}  // namespace

CodeAnswers short_code_of(const StepResult& step, const std::vector<std::string>& names) {
  if (step.is_code) {
    const std::string& code = step.response.text;
    const bool none = trim(code).empty();
    CodeAnswers answers = code_answers(
        code, {.names = names}, none ? CodeExtraction() : CodeExtraction{code, "as recorded"});
    if (trim(answers.robust.code) == trim(code)) answers.robust = answers.official;
    return answers;
  }
  const std::string text = answer_text(step.response.text);
  return code_answers(text, {.names = names}, last_block_or_all(text));
}

std::vector<std::string> names_in_test(std::string_view test) {
  // Names of the test's own functions, and of what stands in many tests.
  static constexpr auto kNotAsked = std::to_array<std::string_view>(
      {"assert", "check", "candidate", "def", "import", "from", "main", "test", "True", "False"});
  std::vector<std::string> names;
  for (std::size_t at = 0; at < test.size();) {
    std::size_t end = at;
    while (end < test.size() && is_word_char(test[end])) ++end;
    const std::string_view word = test.substr(at, end - at);
    at = end + 1;
    if (word.empty() || is_digit(word[0])) continue;
    if (std::ranges::find(kNotAsked, word) == kNotAsked.end()) names.emplace_back(word);
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

std::size_t find_definition(std::string_view code, std::string_view name) {
  const std::string definition = fmt::format("def {}", name);
  std::size_t found = std::string_view::npos;
  for (std::size_t at = code.find(definition); at != std::string_view::npos;
       at = code.find(definition, at + 1)) {
    const std::size_t after = at + definition.size();
    const bool whole_name = after < code.size() && (code[after] == '(' || code[after] == ' ');
    if (whole_name && (at == 0 || code[at - 1] == '\n')) found = at;
  }
  return found;
}

Status check_short_options(const TaskContext& context) {
  TRY(check_options(context.spec, {"time_limit_s"}));
  if (TRY(number_option(context.spec, "time_limit_s", kTimeLimitS)) <= 0) {
    return usage_error(fmt::format("task {}: time_limit_s is not above 0", context.spec.name), "",
                       "correct the plan");
  }
  return {};
}

Result<Program> short_program(std::string source, std::string test, const TaskContext& context) {
  Program program;
  program.kind = TestKind::script;
  program.compare = Compare::none;
  program.source = std::move(source);
  program.tests = {{.input = std::move(test), .expected = ""}};
  program.limits.cpu_s = TRY(number_option(context.spec, "time_limit_s", kTimeLimitS));
  program.limits.wall_s = 10 * program.limits.cpu_s;
  return program;
}

}  // namespace assay
