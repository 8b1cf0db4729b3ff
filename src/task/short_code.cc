#include "task/short_code.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "task/fields.h"

namespace assay {
namespace {

constexpr double kTimeLimitS = 3;
constexpr std::array<std::string_view, 5> kContinuationEnds = {"\nclass ", "\ndef ", "\n#", "\nif ",
                                                               "\nprint("};

}  // namespace

CodeExtraction short_code_of(const StepResult& step) {
  const std::string text = answer_text(step.response.text);
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

Score score_short_program(const ScoreInputs& inputs) {
  if (auto early = unanswered(inputs.steps)) return *early;
  const CodeExtraction code = short_code_of(inputs.steps.front());
  Score score;
  score.outcome = Outcome::scored;
  score.extracted = code.code;
  score.extraction = code.rule;
  score.not_extractable = code.code.empty();
  set_soundness(score, inputs.steps);
  ProgramVerdict verdict = ProgramVerdict::no_code;
  if (!inputs.programs.empty()) {
    const ProgramResult& result = inputs.programs.front();
    if (result.verdict == ProgramVerdict::sandbox_fault) {
      return unscored(reason::kSandboxFault, result.detail);
    }
    verdict = result.verdict;
    score.detail = result.detail;
  }
  score.metrics["robust"] = verdict == ProgramVerdict::passed ? 1 : 0;
  score.remarks["verdict"] = to_string(verdict);
  return score;
}

}  // namespace assay
