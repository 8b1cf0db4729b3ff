// A history of runs: which may stand beside each other, what moved, and how it is printed.
#include "report/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Made {
  std::string folder = "a";
  double started_at_s = 1'767'225'600;  // 2026-01-01 00:00 UTC
  std::string vllm = "0.25.0";
  Verdict verdict = Verdict::non_inferior;
  double diff_pp = -0.5;
  double agreement = 0.97;
};

HistorySource run_of(const Made& made) {
  HistorySource out{.folder = made.folder, .frozen = {}, .report = {}};
  Plan& plan = out.frozen.plan;
  plan.name = "p";
  plan.compare.weights = WeightRule::square_root;
  plan.tasks.push_back({.name = "math500", .benchmark = "math500", .limit = 50});
  out.frozen.variants = {{"bf16", "o/m", "0123456789abcdef", "f1", true},
                         {"fp8", "o/m8", "", "f2", false}};
  RunReport& report = out.report;
  report.name = "p";
  report.started_at_s = made.started_at_s;
  report.end = "complete";
  report.variants.resize(2);
  report.variants[0].name = "bf16";
  report.variants[0].baseline = true;
  report.variants[1].name = "fp8";
  report.variants[1].model = "o/m8";
  report.variants[1].tokens_per_s = 1234;
  report.variants[1].facts.versions = {{"vllm", made.vllm}};
  report.pooled.resize(2);
  PairedComparison& pooled = report.pooled[1].overall;
  pooled.n = 500;
  pooled.diff_pp = made.diff_pp;
  pooled.interval_low_pp = made.diff_pp - 1;
  pooled.interval_high_pp = made.diff_pp + 1;
  pooled.interval_confidence = 0.9;
  pooled.verdict = made.verdict;
  report.fidelity.resize(2);
  FidelityValues& read = report.fidelity[1].emplace();
  read.top1_agreement = {made.agreement, made.agreement - 0.005, made.agreement + 0.005};
  read.kl = {0.01, 0.005, 0.02};
  return out;
}

History of(std::vector<HistorySource> runs) {
  Result<History> history = history_of(std::move(runs));
  EXPECT_TRUE(history) << history.error().to_string();
  return history ? *history : History{};
}

const Made kLater{.folder = "b",
                  .started_at_s = 1'769'904'000,  // 2026-02-01
                  .vllm = "0.26.0",
                  .verdict = Verdict::worse,
                  .diff_pp = -4,
                  .agreement = 0.93};

TEST(History, RunsComeByTheirStartAndSayWhatMoved) {
  const History history = of({run_of(kLater), run_of({})});
  ASSERT_EQ(history.runs.size(), 2U);
  EXPECT_EQ(history.runs[0].folder, "a");
  EXPECT_EQ(history.baseline, "o/m at 0123456789ab");
  ASSERT_EQ(history.variants.size(), 1U);
  const std::vector<HistoryPoint>& points = history.variants[0].points;
  EXPECT_THAT(english_of(points[0].moved), ElementsAre());
  EXPECT_THAT(english_of(points[1].moved),
              ElementsAre("was NON-INFERIOR", "agreement -4.0 points"));
  EXPECT_THAT(english_of(points[1].changed), ElementsAre("vllm 0.25.0 → 0.26.0"));
}

TEST(History, IntervalsThatOverlapHaveNotMoved) {
  Made later = kLater;
  later.verdict = Verdict::non_inferior;
  later.agreement = 0.965;
  const History history = of({run_of({}), run_of(later)});
  EXPECT_THAT(english_of(history.variants[0].points[1].moved), ElementsAre());
}

TEST(History, AVariantThatIsMissingInARunIsComparedWithTheOneBefore) {
  HistorySource without = run_of({.folder = "b", .started_at_s = 1'768'000'000});
  without.report.variants.pop_back();
  without.report.pooled.pop_back();
  without.report.fidelity.clear();
  Made last = kLater;
  last.folder = "c";
  const History history = of({run_of({}), std::move(without), run_of(last)});
  ASSERT_EQ(history.variants[0].points.size(), 2U);
  EXPECT_EQ(history.variants[0].points[1].run, 2U);
  EXPECT_EQ(history.variants[0].points[1].moved.size(), 2U);
}

TEST(History, OtherQuestionsAreRefusedByName) {
  HistorySource limit = run_of(kLater);
  limit.frozen.plan.tasks[0].limit = 100;
  const auto other = history_of({run_of({}), limit});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::usage);
  EXPECT_EQ(other.error().what, "a and b did not ask the same");
  EXPECT_EQ(other.error().why, "tasks.math500.limit is 50 in the one and 100 in the other");
  HistorySource margin = run_of(kLater);
  margin.frozen.plan.compare.margin_pp = 1;
  EXPECT_EQ(history_of({run_of({}), margin}).error().why,
            "compare.margin_pp is 3.0 in the one and 1.0 in the other");
  HistorySource task = run_of(kLater);
  task.frozen.plan.tasks.push_back({.name = "hle", .benchmark = "hle"});
  EXPECT_THAT(history_of({run_of({}), task}).error().why,
              HasSubstr("tasks.hle.benchmark is nothing in the one and \"hle\" in the other"));
}

TEST(History, HowItWasRunMayDiffer) {
  HistorySource other = run_of(kLater);
  other.frozen.plan.name = "q";
  other.frozen.plan.budget_s = 60;
  other.frozen.plan.engine.args = {{"enforce_eager", true}};
  other.frozen.plan.fidelity.items = 1;
  other.frozen.plan.tasks[0].data = "/elsewhere";
  EXPECT_TRUE(history_of({run_of({}), other}));
}

TEST(History, OtherBaselinesAreRefusedByName) {
  HistorySource weights = run_of(kLater);
  weights.frozen.variants[0].fingerprint = "f9";
  const auto same_name = history_of({run_of({}), weights});
  ASSERT_FALSE(same_name);
  EXPECT_EQ(same_name.error().what, "a and b have different baselines");
  EXPECT_EQ(same_name.error().why,
            "o/m at 0123456789ab has other weights or another tokenizer in the one than in the "
            "other");
  weights.frozen.variants[0].model = "o/n";
  EXPECT_EQ(history_of({run_of({}), weights}).error().why,
            "o/m at 0123456789ab in the one, o/n at 0123456789ab in the other");
}

// From -5.0 (the second interval's end) to 1.5 points in 33 cells: -3 is at (2 / 6.5) * 32 = 9.8,
// 0 at 24.6, -1.5 at 17.2, -0.5 at 22.2 and 0.5 at 27.1.
TEST(History, TheTerminalDrawsIntervals) {
  EXPECT_EQ(
      history_text(of({run_of({}), run_of(kLater)}), Language::en, false),
      "p: 2 runs against o/m at 0123456789ab, margin 3 points\n"
      "variant  run               engine       verdict       -5.0 to +1.5 points          "
      "      difference         top-1 %  moved\n"
      "fp8      2026-01-01 00:00  vllm 0.25.0  NON-INFERIOR            |      [----o--0-]"
      "       -0.5 [-1.5, +0.5]  97.0\n"
      "fp8      2026-02-01 00:00  vllm 0.26.0  WORSE         [----o----]              0   "
      "      -4.0 [-5.0, -3.0]  93.0     was NON-INFERIOR, agreement -4.0 points\n"
      "o the difference, [ ] its interval, | the margin, 0 no difference; each row is compared "
      "with the baseline of its own run\n"
      "fp8 2026-02-01 00:00: vllm 0.25.0 → 0.26.0\n");
}

TEST(History, JsonHasAllFigures) {
  const nlohmann::json out = history_json(of({run_of({}), run_of(kLater)}));
  EXPECT_EQ(out.at("schema_version"), 1);
  EXPECT_EQ(out.at("margin_pp"), 3);
  EXPECT_EQ(
      out["runs"][1],
      nlohmann::json({{"folder", "b"}, {"started_at", 1'769'904'000.0}, {"end", "complete"}}));
  const nlohmann::json& point = out["variants"][0]["points"][1];
  EXPECT_EQ(point.at("pooled").at("verdict"), "worse");
  EXPECT_EQ(point.at("fidelity").at("top1_agreement").at("value"), 0.93);
  EXPECT_EQ(point.at("versions"), nlohmann::json({{"vllm", "0.26.0"}}));
  EXPECT_EQ(point.at("changed"), nlohmann::json::array({"vllm 0.25.0 → 0.26.0"}));
}

TEST(History, ThePageHoldsChartsAndNoMarkupOfNames) {
  HistorySource hostile = run_of(kLater);
  hostile.folder = "runs/<img src=x>";
  const std::string page = history_html(of({run_of({}), hostile}), Language::en);
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, HasSubstr("&lt;img src=x&gt;: 0.26.0"));
  EXPECT_THAT(page, HasSubstr("<g class=\"worse\">"));
  EXPECT_THAT(page, HasSubstr("-4.0 [-5.0, -3.0]"));
  EXPECT_THAT(page, HasSubstr("Content-Security-Policy"));
}

}  // namespace
}  // namespace assay
