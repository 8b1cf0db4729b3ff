// How an item was judged, and why.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace assay {

enum class Outcome {
  scored,
  unscored,  // never counted as wrong; `reason` says why
};

// Reasons an item stays unscored; the text is what reports print.
namespace reason {
inline constexpr const char* kNotRun = "not run";
inline constexpr const char* kSandboxFault = "sandbox fault";
inline constexpr const char* kNoJudge = "no judge";
inline constexpr const char* kNoVerdict = "judge gave no verdict";
inline constexpr const char* kNotDecided = "equivalence not decided";
inline constexpr const char* kNoMathVerify = "Math-Verify not available";
// The deadline came before it, or an answer of its task before it, was graded (run/work_list.h).
// The next run grades it.
inline constexpr const char* kNotScoredBudget = "not scored (budget)";
// A signal or the deadline came while it was scored. Never stored: the answer waits to be scored by
// a later run.
inline constexpr const char* kInterrupted = "interrupted";
inline constexpr const char* kPromptDoesNotFit = "prompt does not fit";
inline constexpr const char* kNoTests = "tests not available";
inline constexpr const char* kEngineError = "engine error";
inline constexpr const char* kNeedsImage = "needs an image";
// One of the choices' log-likelihoods is no number, or all are alike or -inf.
inline constexpr const char* kNoChoice = "log-likelihoods tell no choice";
}  // namespace reason

// Sub-steps of one problem, or over all problems.
struct Substeps {
  std::int64_t passed = 0;
  std::int64_t total = 0;

  [[nodiscard]] double rate() const {
    return total > 0 ? static_cast<double>(passed) / static_cast<double>(total) : 0;
  }
};

// How sure an answer says it is, of a benchmark that asks for it.
struct Confidence {
  std::optional<double> stated;  // in [0, 1]; none: the answer does not say
};

// The remark that says what each filter of lm-eval took from the output: filter -> text.
inline constexpr const char* kFilteredRemark = "lm_eval_filtered";

// What is the matter with an answer, whatever it scores; counted by the report.
struct Soundness {
  bool truncated = false;  // a response ended by length
  bool empty = false;      // nothing but white space
  bool looping = false;    // the tail repeats itself
  bool not_extractable = false;
  bool thinking_not_closed = false;
  bool prompt_cut = false;  // the server read fewer tokens than it was sent
  // Log-likelihoods that no model gives: no number, above 0, of fewer positions than the choice has
  // tokens, or alike for all choices.
  bool odd_likelihoods = false;
};

// One item of one variant and repeat.
struct Score : Soundness {
  Outcome outcome = Outcome::unscored;
  std::string reason;  // unscored: one of the above
  // Metric name -> value in [0, 1]. "robust" is what verdicts use; "lm_eval" where lm-eval has the
  // task, the first of its metrics; where it has several, each under lm-eval's own name for it, the
  // metric's and the filter's ("exact_match,flexible-extract"); further ones of a task by names
  // without a comma ("subproblem"). Reports carry them all. Empty when unscored.
  std::map<std::string, double> metrics;
  std::string extracted;  // the answer found in the output; empty: none
  std::string
      extraction;      // how it was found ("boxed", "last number", "code fence"); empty: not found
  std::string target;  // the right answer, as compared
  std::string detail;  // first failing test, differing line, judge's words; one short line
  // What the benchmark's own evaluation counts beside the metrics, where it has it.
  std::optional<std::string> month;  // "2024-03", when the question was published
  std::optional<Substeps> substeps;
  std::optional<Confidence> confidence;
  std::optional<int> options;  // multiple choice: of how many; guessing scores 1 / options
  // Named remarks of the scorer (kFilteredRemark among them), for a reader of one item ("verdict",
  // "level"): nothing is computed from them. None may have the name of a figure above.
  nlohmann::json remarks = nlohmann::json::object();
};

// Figures and remarks as one object, by name: `extra` of the stored score.
[[nodiscard]] nlohmann::json extra_json(const Score& score);
// The inverse; throws nlohmann::json::exception.
void set_extra(const nlohmann::json& extra, Score& score);
[[nodiscard]] nlohmann::json to_json(const Score& score);
[[nodiscard]] Score score_from_json(
    const nlohmann::json& value);  // throws nlohmann::json::exception

}  // namespace assay
