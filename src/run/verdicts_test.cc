// Compares judge_math by Math-Verify's rules with Math-Verify itself, and by our own rules with
// recorded verdicts, on the answers below
// $ASSAY_SHARED/data/verdicts. $ASSAY_PYTHON names an interpreter that has math-verify. Skipped
// when either variable is not set.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <sstream>

#include "base/files.h"
#include "base/json.h"
#include "run/math_verify_client.h"
#include "score/math/math.h"

namespace assay {
namespace {

struct Answer {
  std::string gold;
  std::string output;
  bool recorded = false;
};

std::vector<Json> rows_of(const std::string& path) {
  std::vector<Json> rows;
  const auto text = read_file(path);
  EXPECT_TRUE(text) << path;
  std::istringstream lines(text ? *text : "");
  for (std::string line; std::getline(lines, line);) rows.push_back(Json::parse(line));
  return rows;
}

class Verdicts : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* shared = std::getenv("ASSAY_SHARED");
    const char* python = std::getenv("ASSAY_PYTHON");
    if (shared == nullptr || python == nullptr) {
      GTEST_SKIP() << "ASSAY_SHARED and ASSAY_PYTHON name no recorded verdicts or no interpreter";
    }
    folder_ = std::string(shared) + "/data/verdicts/";
    MathVerifyOptions options;
    options.python = python;
    options.worker_path = ASSAY_SOURCE_DIR "/worker";
    library_ = std::make_unique<MathVerifyClient>(options);
  }

  [[nodiscard]] std::vector<Answer> outputs(const std::string& name) const {
    std::vector<Answer> answers;
    for (const Json& row : rows_of(folder_ + name)) {
      for (std::size_t i = 0; i < row["code"].size(); ++i) {
        answers.push_back({row["gt"].get<std::string>(), row["code"][i].get<std::string>(),
                           row["score"][i].get<bool>()});
      }
    }
    return answers;
  }

  // Judges every answer with judge_math and with the library; none may differ. Returns how many
  // verdicts equal the recorded ones.
  int compare(const std::vector<Answer>& answers) {
    int recorded = 0;
    int asked = 0;
    int differing = 0;
    for (const Answer& answer : answers) {
      const auto expected = library_->equivalent(answer.gold, answer.output);
      const MathJudgement ours =
          judge_math(answer.gold, answer.output, library_.get(), MathRules::math_verify);
      const MathJudgement robust = judge_math(answer.gold, answer.output, library_.get());
      recorded += robust.correct == answer.recorded ? 1 : 0;
      if (robust.correct != ours.correct) {
        std::cout << "by our own rules " << robust.correct << ", recorded " << answer.recorded
                  << ": " << answer.gold << " | " << robust.extracted << '\n';
      }
      asked += ours.used_oracle ? 1 : 0;
      if (ours.correct == expected.value_or(false)) continue;
      ++differing;
      ADD_FAILURE() << answer.gold << " | " << ours.extracted << " (" << ours.extraction << ")";
    }
    std::cout << "compared " << answers.size() << ", differing " << differing
              << ", left to the library " << asked << ", as recorded " << recorded << '\n';
    return recorded;
  }

  std::string folder_;
  std::unique_ptr<MathVerifyClient> library_;
};

TEST_F(Verdicts, Rho) {
  EXPECT_GE(compare(outputs("rho_math500_rho-math-1b-v0.1.jsonl")), 484);
}

TEST_F(Verdicts, Qwen25Math) {
  EXPECT_GE(compare(outputs("qwen25math_math_cot_100.jsonl")), 799);
}

TEST_F(Verdicts, GradersOwnCases) {
  std::vector<Answer> answers;
  for (const Json& row : rows_of(folder_ + "math_verify_and_lighteval_cases.jsonl")) {
    if (!row["gold"].is_string() || !row["pred"].is_string()) continue;
    answers.push_back({row["gold"].get<std::string>(), row["pred"].get<std::string>(),
                       row["expected"].get<int>() == 1});
  }
  // Some cases need settings of the graders that are not the default ones.
  EXPECT_GE(compare(answers), 425);
}

}  // namespace
}  // namespace assay
