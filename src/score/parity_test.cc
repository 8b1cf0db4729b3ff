// lm-eval's own scores, case by case, from the parity fixtures below $ASSAY_SHARED/parity/open, and
// recorded graders' verdicts below $ASSAY_SHARED/data; skipped where that folder is not given.
#include <gtest/gtest.h>

#include <limits>

#include "base/json.h"
#include "base/text.h"
#include "score/choice.h"
#include "score/code_block.h"
#include "score/lm_eval.h"
#include "support/parity_fixtures.h"

namespace assay {
namespace {

using Parity = ParityTest;

TEST_F(Parity, Gpqa) {
  for (const Json& r : fixture("scoring_gpqa")) {
    const auto choices = r["choices"].get<std::vector<std::string>>();
    std::vector<double> values;
    for (const Json& v : r["loglikelihoods"]) {
      values.push_back(v.is_string() ? -std::numeric_limits<double>::infinity() : v.get<double>());
    }
    const auto gold = std::find(choices.begin(), choices.end(), r["target"].get<std::string>());
    const LmEvalChoice ours =
        lm_eval_multiple_choice(values, choices, static_cast<int>(gold - choices.begin()));
    compare(ours.acc == r["scores"]["acc"].get<double>() &&
                ours.acc_norm == r["scores"]["acc_norm"].get<double>(),
            r.dump());
  }
}

TEST_F(Parity, Stops) {
  for (const Json& r : fixture("stops")) {
    const std::string think =
        r["think_end_token"].is_null() ? "" : r["think_end_token"].get<std::string>();
    compare(
        lm_eval_postprocess(r["raw"].get<std::string>(), r["until"].get<std::vector<std::string>>(),
                            think) == r["text"].get<std::string>(),
        r.dump());
  }
}

// One model's file was graded with all three stages, the other with the first alone.
TEST_F(Parity, MmluProRecordedOutputs) {
  const auto rows = [&](const std::string& name) {
    const std::string zip = shared_ + "/data/mmlu_pro/" + name + ".zip";
    return Json::parse(output_of({"unzip", "-p", zip, "*.json", "-x", "__MACOSX/*"}));
  };
  for (const Json& r : rows("model_outputs_gemini-1.5-flash-002_5shots")) {
    const auto found = extract_choice(
        r["model_outputs"].is_string() ? r["model_outputs"].get<std::string>() : std::string());
    const std::string expected = r["pred"].is_string() ? r["pred"].get<std::string>() : "";
    compare((found ? std::string(1, found->letter) : "") == expected, r.dump());
  }
  for (const Json& r : rows("model_outputs_Qwen1.5-72B-Chat_5shots")) {
    const auto found = extract_choice(r["generated_text"].get<std::string>());
    const std::string expected = r["pred"].is_string() ? r["pred"].get<std::string>() : "";
    const bool first_stage = found && found->stage == "answer is";
    compare((first_stage ? std::string(1, found->letter) : "") == expected, r.dump());
  }
}

TEST_F(Parity, LiveCodeBenchExtraction) {
  const Json rows = Json::parse(
      output_of({"cat", shared_ + "/data/livecodebench/Qwen2.5-Ins-7B.codegeneration_1_0.2.json"}));
  for (const Json& r : rows) {
    for (std::size_t i = 0; i < r["output_list"].size(); ++i) {
      compare(extract_livecodebench_code(r["output_list"][i].get<std::string>()).code ==
                  r["code_list"][i].get<std::string>(),
              r["question_id"].get<std::string>());
    }
  }
}

}  // namespace
}  // namespace assay
