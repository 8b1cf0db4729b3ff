// --json of power, data list and explain, as docs/report_schema.md lays it out.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/run_cli_test.h"
#include "store/store.h"
#include "support/test_folder.h"

namespace assay {
namespace {

using nlohmann::json;

json told_json(const std::vector<std::string>& words) {
  const Told told = assay(words);
  EXPECT_EQ(told.exit_code, 0) << told.err;
  return json::parse(told.out, nullptr, false);
}

// 99 items and 717: what the README says of 3 points.
TEST(JsonOutput, OfPower) {
  const json out = told_json({"power", "--n", "50", "--margin", "3", "--json"});
  EXPECT_EQ(out.at("schema_version"), 1);
  EXPECT_EQ(out.at("items"), 50);
  EXPECT_EQ(out.at("alpha_each"), 0.05);
  EXPECT_EQ(out.at("discordance"), 0.1);
  EXPECT_EQ(out.at("best_verdict"), "inconclusive");
  EXPECT_EQ(out.at("fewest_items_non_inferior"), 99);
  EXPECT_EQ(out.at("items_non_inferior"), 717);
  const json shared = told_json({"power", "--family", "5", "--json"});
  EXPECT_EQ(shared.at("alpha_each"), 0.01);
  EXPECT_EQ(told_json({"power", "--n", "1", "--json"}).at("detectable_pp"), nullptr);
}

TEST(JsonOutput, OfDataList) {
  const json tasks = told_json({"data", "list", "--json"}).at("tasks");
  EXPECT_EQ(tasks.at(0), json({{"task", "aime24"},
                               {"title", "AIME 2024"},
                               {"kind", "generate"},
                               {"hub_id", "Maxwell-Jia/AIME_2024"},
                               {"split", "train"},
                               {"items", 30},
                               {"gated", false},
                               {"licence", "MIT; the problems are by the MAA"},
                               {"lm_eval", "aime24"}}));
  EXPECT_EQ(tasks.size(), 10U);
}

class ExplainJson : public FolderTest {};

TEST_F(ExplainJson, HasEachAnswerWithItsPromptAndScore) {
  {
    Store store = Store::open(folder_, Store::Mode::write).value();
    Rendered prompt;
    prompt.text = "1 + 1?";
    ASSERT_TRUE(store.put_rendered("p", prompt));
    for (const char* variant : {"bf16", "fp8"}) {
      Response response;
      response.text = "\x1b[31m2";
      ASSERT_TRUE(store.put_response(variant, response, 0));
      ASSERT_TRUE(store.put_step({{variant, "t", "i"}, 0, variant, "p"}));
      Score score;
      score.outcome = Outcome::scored;
      score.metrics = {{"robust", 1}};
      ASSERT_TRUE(store.put_score({{variant, "t", "i"}, score}));
    }
    ASSERT_TRUE(store.flush());
  }
  const json out = told_json({"explain", folder_.string(), "i", "--json"});
  EXPECT_EQ(out.at("schema_version"), 1);
  EXPECT_EQ(out.at("item"), "i");
  ASSERT_EQ(out.at("answers").size(), 2U);
  const json& answer = out["answers"][1];
  EXPECT_EQ(answer.at("variant"), "fp8");
  EXPECT_EQ(answer.at("task"), "t");
  EXPECT_EQ(answer.at("second_pass"), false);
  EXPECT_EQ(answer.at("score").at("metrics"), json({{"robust", 1.0}}));
  EXPECT_EQ(answer.at("steps"), json::array({json({{"step", 0},
                                                   {"prompt", "1 + 1?"},
                                                   {"response",
                                                    {{"text", "\x1b[31m2"},
                                                     {"finish_reason", "stop"},
                                                     {"loglikelihoods", json::array()},
                                                     {"error", ""}}}})}));
  const Told missing = assay({"explain", folder_.string(), "j", "--json"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_EQ(missing.out, "");
}

}  // namespace
}  // namespace assay
