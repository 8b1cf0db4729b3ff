// Prompts as lm-eval 0.4.13 makes them from the same rows, its scores of these texts (run once with
// its own filters and metric), and our own reading of an answer. tests/parity compares more.
#include <gtest/gtest.h>

#include "task/task_test.h"

namespace assay {
namespace {

class Gsm8k : public TaskTest {
 protected:
  Gsm8k() : task_(use("gsm8k")) {
    spec_.num_fewshot = 2;
    for (int i = 0; i < 7; ++i) {
      const std::string n = std::to_string(i);
      exemplars_.push_back(row("What is " + n + "?", "It is.\n#### " + n));
    }
  }

  static Json row(const std::string& question, const std::string& answer) {
    return {{"question", question}, {"answer", answer}};
  }
  static std::vector<Json> four_rows() {
    return {row("a?", "#### 1"), row("b?", "#### 2"), row("c?", "#### 3"), row("d?", "#### 4")};
  }
  static std::string shot(int n) {
    const std::string text = std::to_string(n);
    return "Question: What is " + text + "?\nAnswer: It is.\n#### " + text + "\n\n";
  }

  // Of an answer to a question whose gold is 1,080.
  [[nodiscard]] Score scored(const std::string& output) const {
    const auto items = items_of(task_, {row("q", "12 * 90 = <<12*90=1080>>1080.\n#### 1,080")});
    return score_of(task_, items[0], {answered(output)});
  }
  [[nodiscard]] std::string lm_eval_of(const std::string& output) const {
    const Score score = scored(output);
    return score.remarks.at("lm_eval_filtered").at("strict-match").get<std::string>() + " " +
           std::to_string(static_cast<int>(score.metrics.at("exact_match,strict-match"))) + ", " +
           score.remarks.at("lm_eval_filtered").at("flexible-extract").get<std::string>() + " " +
           std::to_string(static_cast<int>(score.metrics.at("exact_match,flexible-extract")));
  }

  const Task& task_;
};

// r = random.Random(1234); r.sample(range(7), 2), four times (CPython 3.11): [6, 3], [0, 6],
// [0, 4], [0, 5].
TEST_F(Gsm8k, EachQuestionDrawsItsOwnExemplars) {
  const auto items = items_of(task_, four_rows());
  EXPECT_EQ(ask(task_, items[0]).plain, shot(6) + shot(3) + "Question: a?\nAnswer:");
  EXPECT_EQ(ask(task_, items[1]).plain, shot(0) + shot(6) + "Question: b?\nAnswer:");
  EXPECT_EQ(ask(task_, items[3]).plain, shot(0) + shot(5) + "Question: d?\nAnswer:");
  EXPECT_EQ(ask(task_, items[0]).sampling.stop, (std::vector<std::string>{"</s>", "<|im_end|>"}));
  EXPECT_EQ(items[3].id, "3");        // its place: the rows have no ids
  spec_.options["fewshot_seed"] = 7;  // [2, 1] comes first
  EXPECT_EQ(ask(task_, items_of(task_, four_rows())[0]).plain,
            shot(2) + shot(1) + "Question: a?\nAnswer:");
}

TEST_F(Gsm8k, FiveExemplarsUnlessSaid) {
  spec_.num_fewshot.reset();  // [6, 3, 0, 4, 5], as above with 5 in place of 2
  EXPECT_EQ(ask(task_, items_of(task_, four_rows())[0]).plain,
            shot(6) + shot(3) + shot(0) + shot(4) + shot(5) + "Question: a?\nAnswer:");
  spec_.num_fewshot = 0;
  exemplars_.clear();
  EXPECT_EQ(ask(task_, items_of(task_, four_rows())[0]).plain, "Question: a?\nAnswer:");
}

TEST_F(Gsm8k, ChatTurns) {
  Request request = ask(task_, items_of(task_, four_rows())[0]);
  EXPECT_EQ(request.messages, (std::vector<Message>{{"user", "Question: What is 6?\nAnswer:"},
                                                    {"assistant", "It is.\n#### 6"},
                                                    {"user", "Question: What is 3?\nAnswer:"},
                                                    {"assistant", "It is.\n#### 3"},
                                                    {"user", "Question: a?\nAnswer:"}}));
  spec_.options["fewshot_as_multiturn"] = false;
  request = ask(task_, items_of(task_, four_rows())[0]);
  EXPECT_EQ(request.messages, (std::vector<Message>{{"user", request.plain}}));
}

TEST_F(Gsm8k, LmEvalsTwoFilters) {
  EXPECT_EQ(lm_eval_of("It is 1080.\n#### 1,080"), "1,080 1, 1,080 1");
  EXPECT_EQ(lm_eval_of("#### 1080."), "1080. 1, 1080. 1");
  EXPECT_EQ(lm_eval_of("#### $1,080"), "[invalid] 0, $1,080 1");
  EXPECT_EQ(lm_eval_of("#### 1080.00"), "1080.00 0, 1080.00 0");
  EXPECT_EQ(lm_eval_of("#### 7 #### 1080"), "7 0, 1080 1");  // the first, the last
  EXPECT_EQ(lm_eval_of("The answer is 1080, I say."), "[invalid] 0, 1080, 1");
  EXPECT_EQ(lm_eval_of("1080 is it ..."), "[invalid] 0, ... 0");
  EXPECT_EQ(lm_eval_of("\\boxed{1080}, as 3 - 2"), "[invalid] 0, 2 0");
  EXPECT_EQ(lm_eval_of("-1080"), "[invalid] 0, -1080 0");
  EXPECT_EQ(lm_eval_of("#### -"), "[invalid] 0, [invalid] 0");
  EXPECT_EQ(lm_eval_of("none"), "[invalid] 0, [invalid] 0");
  EXPECT_EQ(scored("The answer is 1080.").metrics.at("lm_eval"), 0);  // the first filter's
}

TEST_F(Gsm8k, RobustReadsTheFinalNumber) {
  for (const char* output :
       {"#### 1,080", "#### $1080.", "#### 1080\n\nCheck: 1080 / 12 = 90", "The answer is 1,080.",
        "So \\boxed{1080}.", "\\boxed{\\$1{,}080}", "It costs $12 * $90 = $1,080.",
        "#### Step 1\n12 * 90\n#### Step 2\nIt is **1080** dollars", "1080.0",
        "<think>#### 5</think>\n#### 1080"}) {
    Score score = scored(output);
    EXPECT_EQ(score.outcome, Outcome::scored) << output << ": " << score.reason;
    EXPECT_EQ(score.metrics["robust"], 1) << output << ": " << score.extracted;
  }
  for (const char* output : {"#### 180", "1080\n#### 90", "\\boxed{90}, not 1080", "", "many"}) {
    EXPECT_EQ(scored(output).metrics["robust"], 0) << output;
  }
  EXPECT_EQ(scored("#### 1,080").target, "1080");
  EXPECT_EQ(scored("#### 1,080").extraction, "####");
  EXPECT_TRUE(scored("many").not_extractable);
}

TEST_F(Gsm8k, BadRowsExemplarsAndOptions) {
  for (const char* answer : {"no mark", "#### ", "#### x", "#### 1 2", "####5", "#### 1.2.3"}) {
    const std::string error = error_of(task_, {row("q", "#### 1"), row("q", answer)});
    EXPECT_NE(error.find("rows.jsonl:2: field 'answer'"), std::string::npos) << answer << error;
  }
  EXPECT_EQ(error_of(task_, {row("q", "#### -1,200.5")}), "");
  spec_.num_fewshot = 8;
  EXPECT_NE(error_of(task_, {row("q", "#### 1")}).find("7 few-shot exemplars, 8 wanted"),
            std::string::npos);
  spec_.num_fewshot = 7;
  exemplars_[4].erase("answer");
  EXPECT_NE(error_of(task_, {row("q", "#### 1")}).find("few-shot exemplar 5"), std::string::npos);
  exemplars_[4]["answer"] = "#### 4";
  spec_.options["fewshot_seed"] = 1.5;
  EXPECT_NE(error_of(task_, {row("q", "#### 1")}).find("fewshot_seed is 1.5"), std::string::npos);
}

TEST_F(Gsm8k, ARestatedQuestionIsRead) {
  const auto items = items_of(task_, {row("Natalia sold 12 clips to each of 90 friends. How many?",
                                          "12 * 90\n#### 1,080")});
  const auto robust = [&](const std::string& output) {
    return score_of(task_, items[0], {answered(output)}).metrics.at("robust");
  };
  const std::string said = "Question: Natalia sold 12 clips to each of 90 friends. How many?\n";
  EXPECT_EQ(robust(said + "She sold 1080.\n#### 1080"), 1);
  EXPECT_EQ(robust(said + "The answer is 1,080."), 1);
  EXPECT_EQ(robust(said + "#### 108"), 0);
  EXPECT_EQ(robust(said + "#### 108\n\nQuestion: Others?\n#### 1080"), 0);
  EXPECT_EQ(robust("Question: Tom ran for hours.\n#### 1080"), 0);
}

}  // namespace
}  // namespace assay
