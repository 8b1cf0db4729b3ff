#include "run/audit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "score/math/math.h"
#include "support/runner_fixture.h"

namespace assay {
namespace {

using AuditTest = RunnerTest;

// Right when its box equals 7.
const Task& seven_task() {
  static const Task task = [] {
    Task t = oracle_task();
    t.name = "seven";
    t.score = [](const ScoreInputs& in) {
      Score score;
      score.outcome = Outcome::scored;
      const MathJudgement judged = judge_math("7", in.steps.back().response.text, in.oracle);
      score.metrics["robust"] = judged.correct ? 1 : 0;
      return score;
    };
    return t;
  }();
  return task;
}

// A library that holds everything for equal, the imitated one or another.
class YesOracle final : public EquivalenceOracle {
 public:
  YesOracle(bool imitated, int& asked) : imitated_(imitated), asked_(asked) {}
  std::expected<bool, NoDecision> equivalent(const std::string&, const std::string&) override {
    ++asked_;
    return true;
  }
  [[nodiscard]] bool imitated() const override { return imitated_; }

 private:
  bool imitated_;
  int& asked_;
};

TEST_F(AuditTest, AnAuditAsksTheLibraryOfWhatTheFastPathDecided) {
  run_.tasks[0].task = &seven_task();
  script_.answer = [](const std::string& prompt) -> std::string {
    if (prompt.find("seven") == std::string::npos) return "yes";
    if (prompt.find("/1/") != std::string::npos) return "\\boxed{8}";  // wrong for the fast path
    if (prompt.find("/2/") != std::string::npos)
      return "\\boxed{\\int_0^7 1 dx}";  // left to the library
    return "\\boxed{14/2}";
  };
  run_.tasks[0].spec.name = "seven";
  for (std::size_t i = 0; i < run_.tasks[0].items.size(); ++i) {
    Item item = run_.tasks[0].items[i];
    item.id = std::to_string(i);
    run_.tasks[0].items.set(i, item);
  }
  int asked = 0;
  oracle_ = [](const std::string&) -> std::expected<bool, NoDecision> { return false; };
  ASSERT_TRUE(go());
  Store store = Store::open(folder_, Store::Mode::write).value();
  Progress progress(stderr, Progress::Style::silent, script_.clock);
  RunServices services{.store = store, .clock = script_.clock, .progress = progress};
  bool imitated = true;
  services.make_oracle = [&] { return std::make_unique<YesOracle>(imitated, asked); };
  const auto audit = audit_math(run_, services, 1000);
  ASSERT_TRUE(audit) << audit.error().to_string();
  EXPECT_EQ(audit->asked, asked);
  const auto of_seven =
      std::ranges::count_if(scores(), [](const StoredScore& s) { return s.id.task == "seven"; });
  EXPECT_LT(audit->asked, of_seven);
  EXPECT_GT(audit->asked, static_cast<std::int64_t>(run_.variants.size()));
  ASSERT_EQ(audit->differences.size(), run_.variants.size());
  for (const AuditDifference& d : audit->differences) {
    EXPECT_EQ(d.id.item, "1");
    EXPECT_EQ(d.gold, "7");
    EXPECT_FALSE(d.fast_path);
    EXPECT_TRUE(d.library);
  }
  asked = 0;
  EXPECT_EQ(audit_math(run_, services, 2)->asked, 2);
  EXPECT_EQ(asked, 2);
  imitated = false;
  EXPECT_EQ(audit_math(run_, services, 2).error().kind, ErrorKind::environment);
  run_.tasks[0].task = &test_task();
  EXPECT_EQ(audit_math(run_, services, 2).error().kind, ErrorKind::usage);
}

}  // namespace
}  // namespace assay
