// Reports of made-up situations, whole, beside what was approved (tests/golden). After a change
// that is meant: tools/approve_golden, then read the difference.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "plan/frozen.h"
#include "report/build.h"
#include "report/summary.h"
#include "report/terminal.h"
#include "report/write.h"
#include "stats/looks.h"
#include "store/looks_kept.h"
#include "store/store.h"
#include "support/golden.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

struct Answer {
  double value = 1;
  bool run = true;
  bool truncated = false;
  std::string unscored;  // a reason, instead of the value
  std::string text = "So the answer is 4.";
  std::optional<std::string> month;
  std::optional<Substeps> substeps;
  std::optional<Confidence> confidence;
  std::optional<double> lm_eval;  // where it is not the value
};

using Answers =
    std::function<Answer(std::size_t variant, const std::string& task, int item, int repeat)>;

struct Situation {
  std::string name;
  Answers answer;
  std::vector<std::string> variants = {"bf16", "fp8"};
  int items = 40;
  int repeats = 1;
  std::string end = "complete";
  bool gated = false;              // a third task, not to be had
  bool fidelity = false;           // figures as a run would measure them
  bool second_pass = false;        // of the baseline: asked as the variant after the last
  bool decided = false;            // until: decided, with a target of all 80 items
  std::string closed_by;           // where its looks were closed at 48 pairs
  std::string died_of;             // the first variant's engine; empty: it lived
  std::int64_t started_at = 1000;  // since 1970; it ends 400 s later
  bool machine_told = false;       // what ran, the load's parts, the canary
};

std::ostream& operator<<(std::ostream& out, const Situation& s) {
  return out << s.name;
}

FrozenTask frozen_task(const std::string& name, const Situation& s, bool gated) {
  FrozenTask task{.name = name, .title = "Task " + name};
  task.benchmark = name == "math" ? "math500" : name == "code" ? "humaneval" : "gpqa_diamond";
  task.kind = name == "code" ? "code" : "generate";
  task.repeats = s.repeats;
  task.metrics = {"robust", "lm_eval"};
  task.available = !gated;
  task.reason = gated ? "HF gated" : "";
  for (int i = 0; i < s.items; ++i) {
    task.items.push_back(
        {fmt::format("{}-{:02}", name, i), "", i % 2 == 0 ? "algebra" : "geometry"});
  }
  return task;
}

FrozenPlan frozen_plan_of(const Situation& s) {
  FrozenPlan frozen{.assay = "test"};
  frozen.plan.name = s.name;
  frozen.plan.budget_s = 600;
  frozen.plan.compare = {.margin_pp = 10.0, .alpha = 0.05};
  for (const std::string& name : s.variants) {
    frozen.variants.push_back({name, "org/model-" + name, "0123abc", "", frozen.variants.empty()});
  }
  frozen.tasks = {frozen_task("math", s, false), frozen_task("code", s, false)};
  if (s.gated) frozen.tasks.push_back(frozen_task("gated", s, true));
  if (s.decided) {
    frozen.plan.until = Until::decided;
    frozen.looks = {look_schedule({.alpha = 0.05, .margin_pp = 10}, 80), {}};
    for (std::size_t i = 0; i < 80; ++i) frozen.looks->order.push_back(i % 2);
  }
  return frozen;
}

void store_answer(Store& store, const AnswerId& id, const Answer& answer) {
  const std::string key =
      fmt::format("{} {} {} {}", id.variant, to_string(id.purpose), id.item, id.repeat);
  Rendered rendered;
  rendered.text = "Question " + id.item;
  Response response;
  response.text = answer.text;
  response.finish_reason = answer.truncated ? FinishReason::length : FinishReason::stop;
  ASSERT_TRUE(store.put_rendered(key, rendered));
  ASSERT_TRUE(store.put_response(key, response, 1));
  ASSERT_TRUE(store.put_step({id, 0, key, key}));
  Score score;
  score.target = "4";
  score.extracted = answer.value > 0.5 ? "4" : "5";
  score.extraction = "last number";
  score.detail = id.task == "code" && answer.value <= 0.5 ? "assert add(2, 2) == 4" : "";
  score.truncated = answer.truncated;
  score.month = answer.month;
  score.substeps = answer.substeps;
  score.confidence = answer.confidence;
  if (answer.unscored.empty()) {
    score.outcome = Outcome::scored;
    score.metrics = {{"robust", answer.value}, {"lm_eval", answer.lm_eval.value_or(answer.value)}};
  } else {
    score.reason = answer.unscored;
  }
  ASSERT_TRUE(store.put_score({id, score}));
}

void store_answers(Store& store, const Situation& s, std::size_t v, const std::string& name,
                   Purpose purpose = Purpose::answer) {
  for (const std::string task : {"math", "code"}) {
    for (int i = 0; i < s.items; ++i) {
      for (int r = 0; r < s.repeats; ++r) {
        const Answer answer = s.answer(v, task, i, r);
        const AnswerId id{name, task, fmt::format("{}-{:02}", task, i), r, purpose};
        if (answer.run) store_answer(store, id, answer);
      }
    }
  }
}

// What a worker tells of the machine and of the load.
void tell_machine(std::size_t v, LoadFacts& facts) {
  facts.attention_backend = "FLASH_ATTN";
  facts.engine = {{"driver", "580.65.06"}};
  facts.parts = {
      {"process", 0.2}, {"imports", 21.5}, {"weights", 3.1}, {"compile", 14.0}, {"graphs", 10.2}};
  facts.gpu_use = GpuUse{.watched_s = 20, .busy_share = 0.85, .gaps = 2, .gaps_s = 2.5};
  if (v == 0) return;
  facts.energy_j = std::nullopt;
  facts.lowered = {{"gpu_memory_utilization", "0.92", "0.82"}};
}

void fill(Store& store, const Situation& s) {
  ASSERT_TRUE(store.set_meta("frozen", to_json(frozen_plan_of(s)).dump()));
  ASSERT_TRUE(store.set_meta("frozen_hash", frozen_hash(frozen_plan_of(s))));
  ASSERT_TRUE(store.set_meta("end", s.end));
  ASSERT_TRUE(store.set_meta("started_at", std::to_string(s.started_at)));
  ASSERT_TRUE(store.set_meta("ended_at", std::to_string(s.started_at + 400)));
  ASSERT_TRUE(store.set_meta("spent_s", "400"));
  for (std::size_t v = 0; v < s.variants.size(); ++v) {
    LoadFacts facts{.load_s = 10.0 + static_cast<double>(v), .dtype = "bfloat16"};
    facts.work_s = 20;
    facts.generated_tokens = 4000 + 1600 * static_cast<std::int64_t>(v);
    facts.kv_cache_tokens = 200'000 + 90'000 * static_cast<std::int64_t>(v);
    if (s.name != "no_baseline_samples") {  // there nothing is told
      facts.devices = {"NVIDIA H200", "NVIDIA H200"};
      facts.versions = {{"vllm", "0.26.0"}, {"torch", "2.9.1"}};
    }
    facts.prompt_tokens = 8000;
    facts.gpu_memory_bytes = 17179869184;
    facts.energy_j = 5400.0 + 100.0 * static_cast<double>(v);
    facts.kernels = {{"linear", "CutlassFP8", 8, 8, false, 64}};
    if (s.machine_told) tell_machine(v, facts);
    // Ready at 1010, 1050 and so on: the second 20 s after the first had ended.
    const double at_s = s.machine_told ? 1010 + 40.0 * static_cast<double>(v) : 0;
    ASSERT_TRUE(store.add_load(s.variants[v], at_s, facts));
    if (s.machine_told) {
      CanaryFigures canary{.answers = 8, .looping = 1};
      if (v > 0) canary.positions = 480, canary.agreed = 471;
      ASSERT_TRUE(store.set_meta(canary_name(s.variants[v]), to_json(canary).dump()));
    }
    store_answers(store, s, v, s.variants[v]);
  }
  for (const std::string task : {"math", "code"}) {
    ItemList items;
    for (int i = 0; i < s.items; ++i) {
      items.push_back({fmt::format("{}-{:02}", task, i),
                       "",
                       "",
                       {{"question", fmt::format("What is {} less {}?", i + 4, i)}}});
    }
    ASSERT_TRUE(store.put_items(task, items));
  }
  if (!s.closed_by.empty()) {
    const LookSchedule closed = closed_at(frozen_plan_of(s).looks->schedule, 48, 0);
    ASSERT_TRUE(keep_looks(s.variants.back(), {closed, s.closed_by}, store));
  }
  if (!s.died_of.empty()) {
    ASSERT_TRUE(store.add_event(1200, "engine died",
                                {{"variant", s.variants.front()}, {"why", s.died_of}}));
    ASSERT_TRUE(store.add_event(1300, "no judge", {{"what", "the judge"}, {"why", "is gone"}}));
  }
  if (s.second_pass) {
    store_answers(store, s, s.variants.size(), s.variants.front(), Purpose::second_pass);
  }
  ASSERT_TRUE(store.flush());
}

// The page's own style and scripts have tests of their own: only that they are there stays.
std::string without_page_files(const std::string& html) {
  static const std::regex hash("'sha256-[^']*'");
  std::string out;
  std::size_t at = 0;
  for (const std::string tag : {"style", "script", "script"}) {
    const std::size_t begin = html.find("<" + tag + ">", at);
    const std::size_t end = html.find("</" + tag + ">", begin);
    if (begin == std::string::npos || end == std::string::npos) return "a part is missing";
    out += html.substr(at, begin - at) + "<" + tag + ">";
    at = end;
  }
  return std::regex_replace(out + html.substr(at), hash, "'sha256-'");
}

// As a run would measure it: of the baseline none.
std::optional<FidelityValues> fidelity_of(const std::string& variant) {
  if (variant == "bf16") return std::nullopt;
  FidelityValues f{80, 960, {0.004, 0.003, 0.006}, {0.98, 0.97, 0.99}, {-0.001, -0.003, 0.001}, 60};
  if (variant == "nvfp4") {
    f = {80, 960, {0.31, 0.25, 0.38}, {0.74, 0.7, 0.78}, {-0.2, -0.25, -0.15}, 4};
  } else if (variant == "int4") {
    f = {80, 960, {0.022, 0.017, 0.029}, {0.95, 0.93, 0.96}, {-0.01, -0.02, 0.001}, 25};
  }
  const double share = 1 - f.top1_agreement.value;
  f.by_task = {{"math", 0, 0, 600, 1 - share, share}, {"code", 0, 0, 360, 1 - share / 2, share}};
  f.by_position = {{"", 1, 1, 80, 1, share / 9},
                   {"", 2, 4, 240, 1 - share / 2, share / 2},
                   {"", 5, 16, 640, 1 - share, share}};
  f.kl_quantiles = {{0.5, share / 30}, {0.9, share}, {1, 20 * share}};
  return f;
}

// tests/browser opens the whole pages, in both languages.
void keep_pages(const RunReport& report, const std::string& name) {
  const char* kept = std::getenv("ASSAY_GOLDEN_PAGES");
  if (kept == nullptr) return;
  for (const auto& [language, ending] :
       {std::pair{Language::en, ".en.html"}, {Language::zh, ".zh.html"}}) {
    ASSERT_TRUE(
        write_file_atomic(fs::path(kept) / (name + ending), html_report(report, language).value()));
  }
}

std::vector<Situation> situations() {
  const Answer right;
  const auto wrong = [] { return Answer{.value = 0, .text = "So the answer is 5."}; };
  const auto cut = [] { return Answer{.value = 0, .truncated = true, .text = "So the"}; };
  std::vector<Situation> all;
  all.push_back({"all_fine", [=](std::size_t, const std::string&, int i, int) {
                   return i % 5 == 0 ? wrong() : right;
                 }});
  all.push_back({"one_worse",
                 [=](std::size_t v, const std::string& task, int i, int) {
                   const bool lost = task == "math" ? i < 24 : i % 3 == 0;
                   return (v == 2 && lost) || i == 39 ? wrong() : right;
                 },
                 {"bf16", "fp8", "nvfp4"}});
  all.back().fidelity = true;
  all.back().machine_told = true;
  all.push_back({"inconclusive", [=](std::size_t v, const std::string&, int i, int) {
                   return i % 5 == static_cast<int>(v) ? wrong() : right;
                 }});
  all.push_back({"invalid", [=](std::size_t v, const std::string& task, int i, int) {
                   return v == 1 && task == "math" && i < 30 ? cut() : right;
                 }});
  all.push_back({"invalid_baseline", [=](std::size_t v, const std::string& task, int i, int) {
                   return v == 0 && task == "math" && i < 30 ? cut() : right;
                 }});
  all.push_back({"not_available", [=](std::size_t v, const std::string& task, int, int) {
                   Answer out;
                   if (v == 1 && task == "code") out.unscored = "sandbox fault";
                   return out;
                 }});
  all.back().gated = true;
  all.push_back({"out_of_budget", [=](std::size_t v, const std::string&, int i, int) {
                   Answer out = i % 9 == 0 ? wrong() : right;
                   out.run = i < (v == 0 ? 30 : 12);
                   return out;
                 }});
  all.back().end = "out_of_time";
  all.push_back({"no_baseline_samples", [=](std::size_t v, const std::string&, int, int) {
                   Answer out;
                   out.run = v == 1;
                   return out;
                 }});
  all.push_back({"repeats", [=](std::size_t v, const std::string&, int i, int r) {
                   const bool lost = (i * 7 + r * 3 + static_cast<int>(v) * r) % 5 == 0;
                   return lost ? wrong() : right;
                 }});
  all.back().repeats = 4;
  all.back().items = 24;
  // The baseline flips on 3 and 1 of 40 items when asked again, the variant on 2 and 2.
  all.push_back({"noise_floor", [=](std::size_t v, const std::string& task, int i, int) {
                   const int lost = v == 0 ? 0 : v == 1 ? 2 : task == "math" ? 3 : 1;
                   return i < lost ? wrong() : right;
                 }});
  all.back().second_pass = true;
  // Of 8 items by month: 3 sub-steps each, of which the wrong ones pass 1; confidence falls from
  // 90 %, every fourth answer states none. On the last two of the other task the metrics part.
  all.push_back({"own_figures", [=](std::size_t v, const std::string& task, int i, int) {
                   Answer out = i % 4 == static_cast<int>(v) ? wrong() : right;
                   if (task == "code") {
                     out.month = i < 3 ? "2024-01" : "2024-02";
                     out.substeps = Substeps{out.value > 0 ? 3 : 1, 3};
                   } else {
                     if (i >= 6) out.lm_eval = 1 - out.value;
                     out.confidence = Confidence{};
                     if (i % 4 != 3) out.confidence->stated = 0.9 - 0.1 * i;
                   }
                   return out;
                 }});
  all.back().items = 8;
  // Of three candidates one is shown to be worse at 64 pairs, one to be no worse at 80, and one had
  // 48 pairs when the budget ended.
  all.push_back({"decided",
                 [=](std::size_t v, const std::string&, int i, int) {
                   Answer out = i % 5 == 4 || (v == 1 && i % 3 == 0) ? wrong() : right;
                   out.run = i < (v == 1 ? 34 : v == 3 ? 24 : 40);
                   return out;
                 },
                 {"bf16", "nvfp4", "fp8", "int4"}});
  all.back().decided = true;
  all.back().end = "out_of_time";
  all.back().closed_by = "budget";
  all.back().fidelity = true;
  all.back().started_at = 1'767'258'000;  // the picture in the README is of this one
  // Interrupted before its first look.
  all.push_back({"no_look_yet", [=](std::size_t v, const std::string&, int i, int) {
                   Answer out = i % 5 == 4 ? wrong() : right;
                   out.run = v == 0 || i < 10;
                   return out;
                 }});
  all.back().decided = true;
  all.back().end = "interrupted";
  all.push_back({"hostile", [](std::size_t v, const std::string&, int i, int) {
                   Answer out;
                   out.value = v == 1 && i < 3 ? 0 : 1;
                   out.text = "</script><script>alert(1)</script>|`\"'\xff <img src=x>\n=1+1";
                   return out;
                 }});
  all.back().items = 4;
  all.back().died_of = "<img src=x>|_%\n=1+1";
  return all;
}

class Golden : public testing::TestWithParam<Situation> {};

TEST_P(Golden, EveryFormatIsAsApproved) {
  const Situation& s = GetParam();
  const fs::path folder =
      fs::path(testing::TempDir()) / fmt::format("golden_{}_{}", s.name, getpid());
  fs::remove_all(folder);
  {
    Store store = Store::open(folder / "store", Store::Mode::write).value();
    fill(store, s);
    auto report = build_report(store);
    ASSERT_TRUE(report) << report.error().to_string();
    if (s.fidelity) {
      report->fidelity.clear();
      for (const std::string& name : s.variants) report->fidelity.push_back(fidelity_of(name));
      finish_report(*report);
    }
    ASSERT_TRUE(write_reports(*report, folder / "made"));
    const fs::path page = folder / "made" / "report.html";
    keep_pages(*report, s.name);
    if (s.machine_told || s.name == "invalid") {
      ASSERT_TRUE(write_file_atomic(folder / "made" / "report.zh.md",
                                    markdown_report(*report, Language::zh)));
    }
    ASSERT_TRUE(write_file_atomic(page, without_page_files(read_file(page).value())));
    ASSERT_TRUE(write_file_atomic(folder / "made" / "terminal.txt", terminal_table(*report, {})));
  }
  expect_approved(folder / "made", s.name);
  fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Situations, Golden, testing::ValuesIn(situations()),
                         [](const auto& tested) { return tested.param.name; });

// A test that found no difference has not shown that there is none.
TEST(GoldenWords, NeitherEqualNorNoLossIsEverPrinted) {
  const std::regex forbidden("\\b(equal|equals|equally|no loss|lossless)\\b|无损|没有损失|相等",
                             std::regex::icase);
  int files = 0;
  for (const std::string& name : files_below(kGolden)) {
    std::istringstream in(read_file(kGolden / name).value());
    ++files;
    for (std::string line; std::getline(in, line);) {
      if (line.find("\"weights\": \"equal\"") != std::string::npos) continue;  // a plan's word
      // std::regex recurses by the character: long lines in pieces, with an overlap.
      for (std::size_t at = 0; at < line.size(); at += 4000) {
        EXPECT_FALSE(std::regex_search(line.substr(at, 4100), forbidden)) << name;
      }
    }
  }
  EXPECT_GE(files, 80);
}

}  // namespace
}  // namespace assay
