#include "report/outputs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "base/hash.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

class OutputsTest : public testing::Test {
 protected:
  OutputsTest()
      : folder_(fs::path(testing::TempDir()) /
                (std::string("assay_outputs_") +
                 testing::UnitTest::GetInstance()->current_test_info()->name() +
                 std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    store_.emplace(Store::open(folder_, Store::Mode::write).value());
    FrozenTask task;
    task.name = "t";
    for (const char* id : {"one", "two", "three"}) task.items.push_back({id, "", "group"});
    frozen_.tasks = {task};
  }
  ~OutputsTest() override {
    store_.reset();
    fs::remove_all(folder_);
  }

  void answer(const std::string& key, const std::string& text,
              FinishReason finish_reason = FinishReason::stop) {
    Response response;
    response.text = text;
    response.finish_reason = finish_reason;
    response.unlisted_tokens = 3;
    response.first_token_s = 1;
    ASSERT_TRUE(store_->put_response(key, response, 1));
  }
  void prompt(const std::string& key, const std::string& text) {
    ASSERT_TRUE(store_->put_rendered(key, Rendered{text, {}, {}}));
  }
  void step(const AnswerId& id, int number, const std::string& response_key,
            const std::string& rendered_key) {
    ASSERT_TRUE(store_->put_step({id, number, response_key, rendered_key}));
  }
  void score(const AnswerId& id) {
    Score right;
    right.outcome = Outcome::scored;
    right.metrics = {{"robust", 1}};
    ASSERT_TRUE(store_->put_score({id, right}));
  }

  RunReport read() {
    RunReport report;
    report.variants.resize(2);
    report.variants[0].name = "bf16";
    report.variants[1].name = "fp8";
    report.tasks.resize(1);
    report.tasks[0].name = "t";
    report.tasks[0].metrics = {"robust"};
    report.tasks[0].may_show = may_show_;
    const AllScores scores = read_scores(*store_, report.variants, Purpose::answer).value();
    EXPECT_TRUE(read_outputs(*store_, frozen_, scores, report));
    return report;
  }

  const fs::path folder_;
  std::optional<Store> store_;
  FrozenPlan frozen_;
  bool may_show_ = false;
};

// The steps' order counts, not the one in which their answers lie in the file.
TEST_F(OutputsTest, StepsStandInTheirOrder) {
  prompt("p2", "then?");
  prompt("p1", "first?");
  answer("r3", "third", FinishReason::length);
  answer("r1", "first");
  const AnswerId id{"bf16", "t", "two"};
  step(id, 2, "r3", "p2");
  step(id, 0, "r1", "p1");
  step(id, 1, "", "p2");  // did not fit
  score(id);
  const RunReport report = read();
  ASSERT_EQ(report.items.size(), 3U);
  EXPECT_FALSE(report.items[0].outputs[0].has_value());
  EXPECT_FALSE(report.items[1].outputs[1].has_value());
  const OutputValues& output = *report.items[1].outputs[0];
  EXPECT_EQ(report.texts->get(output.text).value(), "first\n\nthird");
  EXPECT_EQ(output.finish_reason, FinishReason::length);
  EXPECT_EQ(report.prompt_hashes->get(output.prompt_hash).value(), sha256_hex("first?"));
}

// What several items, or variants, have in common is read once and shown by each; the times of an
// answer count once a variant.
TEST_F(OutputsTest, SharedAnswersAreShownByEach) {
  prompt("p", "asked");
  answer("r", "said");
  answer("again", "said again");
  for (const char* item : {"one", "two"}) {
    step({"bf16", "t", item}, 0, "r", "p");
    score({"bf16", "t", item});
  }
  step({"bf16", "t", "one", 1}, 0, "again", "p");  // a repeat: its times count, its text does not
  step({"bf16", "t", "three"}, 0, "again", "p");   // not scored: as above
  step({"fp8", "t", "one"}, 0, "r", "missing");
  score({"fp8", "t", "one"});
  const RunReport report = read();
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_EQ(report.texts->get(report.items[i].outputs[0]->text).value(), "said");
  }
  EXPECT_FALSE(report.items[2].outputs[0].has_value());
  EXPECT_EQ(report.texts->get(report.items[0].outputs[1]->text).value(), "said");
  EXPECT_EQ(report.items[0].outputs[1]->prompt_hash.size, 0U);
  EXPECT_EQ(report.variants[0].traffic.all.answers, 2);
  EXPECT_EQ(report.variants[1].traffic.all.answers, 1);
}

// Of an item's repeats those count that both sides have scored: 0 and 2 here. What time left out
// changes nothing of an item that has a score.
TEST_F(OutputsTest, APairHasTheSameRepeatsOnBothSides) {
  const auto put = [&](const char* variant, int repeat, double value) {
    Score score;
    score.outcome = Outcome::scored;
    score.metrics = {{"robust", value}};
    ASSERT_TRUE(store_->put_score({{variant, "t", "one", repeat, Purpose::answer}, score}));
  };
  for (const int repeat : {0, 1, 2}) put("bf16", repeat, repeat == 1 ? 0 : 1);
  for (const int repeat : {0, 2, 3}) put("fp8", repeat, repeat == 0 ? 0 : 1);
  Score cut;
  cut.reason = reason::kNotRun;
  ASSERT_TRUE(store_->put_score({{"fp8", "t", "one", 4, Purpose::answer}, cut}));
  const RunReport report = read();
  const AllScores scores = read_scores(*store_, report.variants, Purpose::answer).value();
  const ItemScores& fp8 = scores_of(scores, "fp8", "t");
  EXPECT_EQ(fp8.at("one").repeats, 3);
  EXPECT_EQ(fp8.at("one").reason, nullptr);
  const auto pairs = pairs_of(scores_of(scores, "bf16", "t"), fp8, "robust");
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].baseline, 1);
  EXPECT_EQ(pairs[0].candidate, 0.5);
  EXPECT_EQ(pairs[0].repeats, 2);
}

TEST(InOrderTest, FindsWhatIsThereAndPassesOverTheRest) {
  const std::map<std::string, int> map = {{"b", 1}, {"d", 2}, {"e", 3}};
  InOrder in_order(map);
  EXPECT_EQ(in_order.find("a"), nullptr);
  ASSERT_NE(in_order.find("b"), nullptr);
  EXPECT_EQ(*in_order.find("b"), 1);  // again the same
  EXPECT_EQ(in_order.find("c"), nullptr);
  EXPECT_EQ(*in_order.find("e"), 3);
  EXPECT_EQ(in_order.find("f"), nullptr);
}

// The baseline's prompt, another's where it has none; nothing of what may not be passed on.
TEST_F(OutputsTest, QuestionsAndPromptsAreKeptWhereTheyMayBeShown) {
  ASSERT_TRUE(store_->put_items(
      "t", {{"one", "", "", {{"problem", "Why?"}}}, {"two", "", "", {{"problem", "How?"}}}}));
  prompt("of_fp8", "<fp8> Why?");
  prompt("of_bf16", "<bf16> Why?");
  prompt("two_fp8", "<fp8> How?");
  answer("r", "said");
  step({"bf16", "t", "one"}, 0, "r", "of_bf16");
  step({"fp8", "t", "one"}, 0, "r", "of_fp8");
  step({"fp8", "t", "two"}, 0, "r", "two_fp8");
  score({"bf16", "t", "one"});
  score({"fp8", "t", "one"});
  score({"fp8", "t", "two"});
  const RunReport hidden = read();
  EXPECT_EQ(hidden.items[0].question.size, 0U);
  EXPECT_EQ(hidden.items[0].prompt.size, 0U);
  may_show_ = true;
  const RunReport shown = read();
  EXPECT_EQ(shown.asked->get(shown.items[0].question).value(), "Why?");
  EXPECT_EQ(shown.asked->get(shown.items[0].prompt).value(), "<bf16> Why?");
  EXPECT_EQ(shown.asked->get(shown.items[1].prompt).value(), "<fp8> How?");
  EXPECT_EQ(shown.items[2].question.size, 0U);
}

}  // namespace
}  // namespace assay
