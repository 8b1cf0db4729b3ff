#include "task/code_answers.h"

#include "task/fields.h"

namespace assay {

CodeAnswers code_answers(const std::string& answer, const WantedCode& wanted,
                         CodeExtraction official) {
  CodeAnswers answers{.robust = extract_wanted_code(answer, wanted),
                      .official = std::move(official)};
  if (answers.robust.code.empty()) answers.robust = answers.official;
  return answers;
}

Result<Programs> programs_of(const CodeAnswers& answers,
                             Result<Program> (*program)(const std::string& code, const Item& item,
                                                        const TaskContext& context),
                             const Item& item, const TaskContext& context) {
  Programs programs;
  if (answers.robust.code.empty()) return programs;
  programs.push_back(TRY(program(answers.robust.code, item, context)));
  if (!answers.same() && !answers.official.code.empty()) {
    programs.push_back(TRY(program(answers.official.code, item, context)));
  }
  return programs;
}

Score score_programs(const CodeAnswers& answers, const ScoreInputs& inputs) {
  Score score;
  score.outcome = Outcome::scored;
  score.extracted = answers.robust.code;
  score.extraction = answers.robust.rule;
  score.not_extractable = answers.robust.code.empty();
  set_soundness(score, inputs.steps);
  if (score.not_extractable) {
    score.metrics["robust"] = 0;
    score.metrics["official"] = 0;
    score.remarks["verdict"] = to_string(ProgramVerdict::no_code);
    return score;
  }
  if (inputs.programs.empty()) return unscored(reason::kNoTests);
  for (const ProgramResult& result : inputs.programs) {
    if (result.verdict == ProgramVerdict::sandbox_fault) {
      return unscored(reason::kSandboxFault, result.detail);
    }
  }
  const ProgramResult& result = inputs.programs.front();
  score.metrics["robust"] = result.verdict == ProgramVerdict::passed ? 1 : 0;
  score.detail = result.detail;
  score.remarks["verdict"] = to_string(result.verdict);
  score.remarks["tests_run"] = result.tests.size();
  ProgramVerdict official = answers.same() ? result.verdict : ProgramVerdict::no_code;
  if (inputs.programs.size() > 1) official = inputs.programs[1].verdict;
  score.metrics["official"] = official == ProgramVerdict::passed ? 1 : 0;
  if (!answers.same() || official != result.verdict) {
    score.remarks["official_verdict"] = to_string(official);
  }
  return score;
}

}  // namespace assay
