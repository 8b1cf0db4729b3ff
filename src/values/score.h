// How an item was judged, and why.
#pragma once

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
// A signal came while it was scored. Never stored: the answer waits to be scored by a later run.
inline constexpr const char* kInterrupted = "interrupted";
inline constexpr const char* kPromptDoesNotFit = "prompt does not fit";
inline constexpr const char* kNoTests = "tests not available";
inline constexpr const char* kEngineError = "engine error";
inline constexpr const char* kNeedsImage = "needs an image";
}  // namespace reason

// One item of one variant and repeat.
struct Score {
  Outcome outcome = Outcome::unscored;
  std::string reason;  // unscored: one of the above
  // Metric name -> value in [0, 1]. "robust" is what verdicts use; "lm_eval" where lm-eval has the
  // task; further ones a task defines ("strict-match", "subproblem"). Empty when unscored.
  std::map<std::string, double> metrics;
  std::string extracted;  // the answer found in the output; empty: none
  std::string
      extraction;      // how it was found ("boxed", "last number", "code fence"); empty: not found
  std::string target;  // the right answer, as compared
  std::string detail;  // first failing test, differing line, judge's words; one short line
  // Soundness, counted by the report.
  bool truncated = false;  // a response ended by length
  bool empty = false;      // nothing but white space
  bool looping = false;    // the tail repeats itself
  bool not_extractable = false;
  bool thinking_not_closed = false;
  nlohmann::json extra =
      nlohmann::json::object();  // task's own figures (confidence, sub-steps, verdicts)
};

[[nodiscard]] nlohmann::json to_json(const Score& score);
[[nodiscard]] Score score_from_json(
    const nlohmann::json& value);  // throws nlohmann::json::exception

}  // namespace assay
