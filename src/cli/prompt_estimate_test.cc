#include "cli/prompt_estimate.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(PromptEstimate, TheLongestPromptAndTheOutputHaveToFit) {
  const Task& task = *find_task("math500");
  TaskSpec spec;
  spec.name = spec.benchmark = "math500";
  spec.max_gen_toks = 100;
  const ChatSpec chat;
  const TaskContext context{spec, chat, 0, {}, ""};
  DataSet data;
  data.files = {"rows.jsonl"};
  for (const std::size_t words : {10UL, 200UL}) {
    std::string problem;
    for (std::size_t i = 0; i < words; ++i) problem += "sum ";
    data.rows.push_back({{{"problem", problem},
                          {"answer", "1"},
                          {"solution", "$\\boxed{1}$"},
                          {"subject", "Algebra"},
                          {"level", 1},
                          {"unique_id", "p" + std::to_string(words)}},
                         "rows.jsonl:" + std::to_string(data.rows.size() + 1)});
  }
  const auto items = task.make_items(data, context);
  ASSERT_TRUE(items) << items.error().to_string();
  // 200 words of 4 bytes are 200 tokens; the prompt around them has at least one and at most 20.
  EXPECT_EQ(longest_prompt_note(task, *items, context, 320).value().en, "");
  EXPECT_EQ(longest_prompt_note(task, *items, context, 0).value().en, "");  // not said
  const std::string note = longest_prompt_note(task, *items, context, 300).value().en;
  EXPECT_NE(note.find("math500: the prompt of item p200 has about 20"), std::string::npos) << note;
  EXPECT_NE(note.find("with 100 of output that is beyond max_model_len 300"), std::string::npos);
}

}  // namespace
}  // namespace assay
