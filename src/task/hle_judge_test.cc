// HLE's free answers: what a judge is asked, and what its answer makes of the item.
#include <fstream>

#include "task/task_test.h"

namespace assay {
namespace {

class HleJudge : public TaskTest {
 protected:
  HleJudge() : task_(use("hle")) { spec_.options["judge"] = "baseline"; }

  [[nodiscard]] Item item() const { return items_of(task_, {row_})[0]; }

  [[nodiscard]] Request judge_request(const std::string& answer) const {
    const auto next = task_.judge_request(item(), {answered(answer)}, context());
    EXPECT_TRUE(next && *next);
    return next && *next ? **next : Request();
  }

  [[nodiscard]] bool asks_judge(const Item& item, const std::string& answer) const {
    const auto next = task_.judge_request(item, {answered(answer)}, context());
    EXPECT_TRUE(next);
    return next && *next;
  }

  [[nodiscard]] Score judged(const std::string& answer, const Response* judgement) const {
    const Item one = item();
    const std::vector<StepResult> steps = {answered(answer)};
    const std::vector<ProgramResult> programs;
    const TaskContext where = context();
    return task_.score({one, steps, programs, where, nullptr, judgement});
  }

  const Task& task_;
  Json row_{{"id", "q1"},       {"question", "Which city is the capital of Italy?"},
            {"answer", "Rome"}, {"answer_type", "exactMatch"},
            {"image", ""},      {"category", "Other"}};
};

TEST_F(HleJudge, IsAskedWithQuestionResponseAndRightAnswer) {
  const Request request = judge_request("<think>Milan?</think>Answer: {question}\nConfidence: 9%");
  ASSERT_EQ(request.messages.size(), 1U);
  const std::string& prompt = request.messages[0].content;
  EXPECT_NE(prompt.find("Question:\nWhich city is the capital of Italy?\n"), std::string::npos);
  EXPECT_NE(prompt.find("Response:\nAnswer: {question}\nConfidence: 9%\n"), std::string::npos);
  EXPECT_NE(prompt.find("Right answer:\nRome\n"), std::string::npos);
  EXPECT_EQ(prompt.find("Milan"), std::string::npos);
  EXPECT_EQ(request.sampling.max_tokens, 512);
  EXPECT_EQ(request.sampling.temperature, 0);
}

TEST_F(HleJudge, IsAskedOnlyWhereItDecides) {
  EXPECT_FALSE(asks_judge(item(), "<think>so</think>  "));
  spec_.options = Json::object();
  EXPECT_FALSE(asks_judge(item(), "Answer: Rome"));
  spec_.options["judge"] = "baseline";
  row_["answer_type"] = "multipleChoice";
  row_["answer"] = "B";
  EXPECT_FALSE(asks_judge(item(), "Answer: B"));
  EXPECT_TRUE(asks_judge(item(), "Answer: the second one"));
}

TEST_F(HleJudge, DecidesAChoiceThatIsNotUnderstood) {
  row_["answer_type"] = "multipleChoice";
  row_["answer"] = "B";
  Response yes;
  yes.text = "Correct: yes";
  const Score score = judged("Answer: the second one", &yes);
  EXPECT_EQ(score.metrics.at("robust"), 1);
  EXPECT_FALSE(score.not_extractable);
  EXPECT_EQ(judged("Answer: the second one", nullptr).reason, reason::kNoJudge);
  EXPECT_EQ(judged("Answer: C", nullptr).metrics.at("robust"), 0);  // understood: no judge
}

TEST_F(HleJudge, VerdictMakesTheScore) {
  Response yes;
  yes.text = "Extracted answer: Roma\nReasoning: the same city\nCorrect: yes";
  const Score right = judged("Answer: Roma\nConfidence: 80%", &yes);
  EXPECT_EQ(right.outcome, Outcome::scored);
  EXPECT_EQ(right.metrics.at("robust"), 1);
  EXPECT_EQ(right.detail, "the same city");
  EXPECT_EQ(right.confidence.value().stated, 0.8);
  Response no = yes;
  no.text = "Correct: no";
  EXPECT_EQ(judged("Answer: Rome", &no).metrics.at("robust"), 0);
  Response unclear = yes;
  unclear.text = "I cannot tell.";
  EXPECT_EQ(judged("Answer: Rome", &unclear).reason, reason::kNoVerdict);
  Response failed;
  failed.finish_reason = FinishReason::error;
  failed.error = "the endpoint is gone";
  EXPECT_EQ(judged("Answer: Rome", &failed).detail, "the endpoint is gone");
  EXPECT_EQ(judged("Answer: Rome", nullptr).reason, reason::kNoJudge);
  const Score blank = judged("", nullptr);
  EXPECT_EQ(blank.outcome, Outcome::scored);
  EXPECT_EQ(blank.metrics.at("robust"), 0);
}

TEST_F(HleJudge, TemplateFile) {
  const std::string file = testing::TempDir() + "/hle_judge.txt";
  std::ofstream(file) << "{response} | {correct_answer} | {other}";
  spec_.options["judge_template"] = file;
  spec_.options["judge_max_gen_toks"] = 64;
  const Request request = judge_request("Rome");
  EXPECT_EQ(request.messages[0].content, "Rome | Rome | {other}");
  EXPECT_EQ(request.sampling.max_tokens, 64);
}

TEST_F(HleJudge, OptionIsChecked) {
  const auto judge = [&](Json value) {
    spec_.options["judge"] = std::move(value);
    return task_.judge(context());
  };
  const auto found = [&](Json value) {
    return judge(std::move(value)).value_or(std::nullopt).value_or(JudgeSpec());
  };
  EXPECT_TRUE(found("baseline").baseline);
  const JudgeSpec endpoint =
      found({{"url", "http://localhost:8000/v1"}, {"model", "m"}, {"key_env", "JUDGE_KEY"}});
  EXPECT_FALSE(endpoint.baseline);
  EXPECT_EQ(endpoint.url, "http://localhost:8000/v1");
  EXPECT_EQ(endpoint.model, "m");
  EXPECT_EQ(endpoint.key_env, "JUDGE_KEY");
  const JudgeSpec asked = found({{"url", "http://h/v1"},
                                 {"model", "m"},
                                 {"answers_as", "m-1"},
                                 {"max_tokens_key", "max_completion_tokens"},
                                 {"leave_out", {"temperature"}},
                                 {"extra_body", {{"reasoning_effort", "low"}}}});
  EXPECT_EQ(asked.request, Json::parse(R"({"answers_as": "m-1", "leave_out": ["temperature"],
      "max_tokens_key": "max_completion_tokens", "extra_body": {"reasoning_effort": "low"}})"));
  const auto with = [](const char* key, Json value) {
    return Json{{"url", "http://h/v1"}, {"model", "m"}, {key, std::move(value)}};
  };
  for (const Json& bad :
       {with("answers_as", 3), with("max_tokens_key", "tokens"), with("leave_out", {"model"}),
        with("leave_out", "temperature"), with("extra_body", {{"max_tokens", 3}}), Json("gpt"),
        Json(true), Json{{"url", "localhost"}, {"model", "m"}}, Json{{"url", "http://h/v1"}},
        Json{{"key", "secret"}}, Json{{"url", 3}, {"model", "m"}}}) {
    EXPECT_FALSE(judge(bad)) << bad;
    EXPECT_NE(error_of(task_, {row_}).find("option 'judge'"), std::string::npos) << bad;
  }
  spec_.options = Json::object();
  const auto none = task_.judge(context());
  EXPECT_TRUE(none && !*none);
}

}  // namespace
}  // namespace assay
