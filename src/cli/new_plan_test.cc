// `assay init` and `assay run --model`: the plan that comes of two models, and what is refused.
#include "cli/new_plan.h"

#include <gmock/gmock.h>

#include <deque>

#include "cli/run_cli_test.h"
#include "plan/plan.h"
#include "support/test_folder.h"
#include "task/task.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class NewPlans : public FolderTest {
 protected:
  // Enough of a model for all that looks at its files only.
  std::string model(const std::string& name, const std::string& config = "{}") {
    write(name + "/config.json", config);
    write(name + "/tokenizer.json", "{}");
    write(name + "/model.safetensors", std::string("\2\0\0\0\0\0\0\0{}", 10));
    return (folder_ / name).string();
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::string text(const std::string& name) const {
    return read_file(folder_ / name).value_or("(nothing)");
  }
};

TEST_F(NewPlans, InitWritesACommentedPlanThatCheckTakes) {
  make_dirs(folder_).value();
  const Told told =
      assay({"init", at("p.yaml"), "--model", "org/M-8B-FP8,other/M-8B-NVFP4", "--against",
             "org/M-8B", "--tasks", "math500,gpqa_diamond,aime24", "--tensor-parallel-size", "2",
             "--budget", "90m", "--margin", "2.5", "--engine", "enforce_eager=true"});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("fp8, nvfp4 against M-8B, 3 tasks, budget 90m"));
  const std::string yaml = text("p.yaml");
  EXPECT_THAT(yaml, testing::StartsWith("# yaml-language-server: $schema=assay-plan.schema.json\n"
                                        "# What org/M-8B-FP8 and other/M-8B-NVFP4 lose against "
                                        "org/M-8B."));
  EXPECT_THAT(yaml, HasSubstr("  - {name: M-8B, model: org/M-8B, baseline: true}"));
  EXPECT_THAT(yaml, HasSubstr("  - {name: fp8, model: org/M-8B-FP8}\n"));
  EXPECT_THAT(yaml, HasSubstr("  - {name: math500, limit: 100, max_gen_toks: 1024}\n"
                              "  - {name: gpqa_diamond, limit: 100, if_gated: skip}\n"
                              "  - {name: aime24, max_gen_toks: 1024}\n"));
  EXPECT_THAT(text("assay-plan.schema.json"), HasSubstr("\"A plan of assay\""));
  const Plan plan = load_plan(folder_ / "p.yaml", known_benchmarks()).value();
  EXPECT_EQ(plan.budget_s, 5400);
  EXPECT_EQ(plan.until, Until::decided);
  EXPECT_EQ(plan.output, at("M-8B-run"));
  EXPECT_EQ(plan.compare.margin_pp, 2.5);
  EXPECT_EQ(plan.engine.args,
            nlohmann::json(
                {{"tensor_parallel_size", 2}, {"max_model_len", 4096}, {"enforce_eager", true}}));
  const Told check = assay({"check", at("p.yaml")});
  EXPECT_EQ(check.exit_code, 0) << check.err;
  EXPECT_THAT(check.out, HasSubstr("other/M-8B-NVFP4"));
}

TEST_F(NewPlans, AFileThatIsThereIsKeptWithoutForce) {
  write("p.yaml", "mine\n");
  const std::vector<std::string> words = {"init", at("p.yaml"), "--model",
                                          "o/b",  "--against",  "o/a"};
  const Told told = assay(words);
  EXPECT_EQ(told.exit_code, 2);
  EXPECT_EQ(told.err, "error: " + at("p.yaml") +
                          " exists already\n  why: it is not overwritten\n"
                          "  do:  name another file, or add --force\n");
  EXPECT_EQ(text("p.yaml"), "mine\n");
  std::vector<std::string> forced = words;
  forced.emplace_back("--force");
  EXPECT_EQ(assay(forced).exit_code, 0);
  EXPECT_THAT(text("p.yaml"), HasSubstr("model: o/b"));
}

TEST_F(NewPlans, ASchemaOfSomebodyElseIsKeptAndOursIsBroughtUpToDate) {
  write("assay-plan.schema.json", "{}\n");
  const std::vector<std::string> words = {"init", at("p.yaml"), "--model",
                                          "o/b",  "--against",  "o/a"};
  const Told told = assay(words);
  EXPECT_EQ(told.exit_code, 2);
  EXPECT_THAT(told.err, HasSubstr("it is no schema of assay's"));
  EXPECT_FALSE(fs::exists(folder_ / "p.yaml"));
  write("assay-plan.schema.json", "{\"title\": \"A plan of assay\"}\n");
  EXPECT_EQ(assay(words).exit_code, 0);
  EXPECT_THAT(text("assay-plan.schema.json"), HasSubstr("definitions"));
}

TEST_F(NewPlans, FoldersAreSeenFromThePlan) {
  const std::string a = model("models/bf16", R"({"max_position_embeddings": 2048})");
  const std::string b = model("models/fp8", R"({"quantization_config": {}})");
  NewPlan wanted{.models = {b}, .against = a, .max_tokens = 512};
  const NewPlanText absolute = new_plan(wanted, folder_ / "plans/p.yaml", "", "out").value();
  EXPECT_EQ(absolute.draft.baseline.model, a);
  EXPECT_EQ(absolute.draft.max_model_len, 2048);
  EXPECT_THAT(absolute.notes, ElementsAre());
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  wanted = {.models = {"models/fp8/"}, .against = "./models/bf16", .max_tokens = 512};
  const NewPlanText relative = new_plan(wanted, "plans/p.yaml", "", "out").value();
  const NewPlanText beside = new_plan(wanted, "p.yaml", "", "out").value();
  fs::current_path(before);
  EXPECT_EQ(relative.draft.candidates.front().model, "../models/fp8");
  EXPECT_EQ(beside.draft.candidates.front().model, "./models/fp8");
  EXPECT_EQ(relative.draft.candidates.front().name, "fp8");
}

TEST_F(NewPlans, WhatIsRefusedSaysWhyAndWhatToDo) {
  const std::string a = model("bf16");
  const std::string b = model("fp8");
  fs::create_directory_symlink(a, folder_ / "link");
  make_dirs(folder_ / "empty").value();
  struct Case {
    NewPlan plan;
    std::string what, why, fix;
  };
  for (const Case& bad : std::vector<Case>{
           {{.models = {at("fp9")}, .against = a},
            "there is no model folder " + at("fp9"),
            "it is read from this folder on, and is not there",
            "did you mean " + at("fp8") + "?"},
           {{.models = {"~/m"}, .against = a},
            "there is no model folder ~/m",
            "'~' is not replaced here",
            "correct the path; a model of the hub is written OWNER/NAME"},
           {{.models = {at("link")}, .against = a},
            at("link") + " is named twice",
            "--model and --against are the same model: there is nothing to compare",
            "name another; to compare a model with itself (A/A) write a plan with compare: "
            "{same_model: true}"},
           {{.models = {b, b + "/"}, .against = a},
            b + "/ is named twice",
            "--model has it twice",
            "leave one of them out"},
           {{.models = {b}},
            "no baseline is named",
            b + " is compared with nothing",
            "add --against BASELINE, the model at its full precision; for pass@1 of one model "
            "alone: assay pass1"},
           {{.models = {b}, .against = a, .tasks = {"math-50"}},
            "there is no task 'math-50'",
            "known: aime24, math500, gsm8k, mmlu_pro, gpqa_diamond, hle, livecodebench, scicode, "
            "humaneval, mbpp",
            "did you mean 'math500'?"},
           {{.models = {b}, .against = a, .tasks = {"hle", "hle"}},
            "task hle is named twice",
            "--tasks has it more than once",
            "leave one of them out"},
           {{.models = {b}, .against = a, .data = at("none")},
            "--data " + at("none") + " is no folder",
            "it is not there",
            "name the folder that holds the data sets"},
           {{.models = {b}, .against = a, .margin_pp = 0},
            "a margin of 0 points is none",
            "--margin is above 0 and below 100 percentage points",
            "write for instance --margin 3"}}) {
    const auto made = new_plan(bad.plan, folder_ / "p.yaml", "", "out");
    ASSERT_FALSE(made) << bad.what;
    EXPECT_EQ(made.error().kind, ErrorKind::usage);
    EXPECT_EQ(made.error().what, bad.what);
    EXPECT_EQ(made.error().why, bad.why);
    EXPECT_EQ(made.error().fix, bad.fix);
  }
  const auto no_model =
      new_plan({.models = {at("empty")}, .against = a}, folder_ / "p.yaml", "", "o");
  ASSERT_FALSE(no_model);
  EXPECT_THAT(no_model.error().what, HasSubstr(at("empty")));
}

TEST_F(NewPlans, SidesThatMayBeTakenForEachOtherAreNoted) {
  const NewPlan swapped{.models = {"org/M"}, .against = "org/M-FP8"};
  EXPECT_THAT(english_of(new_plan(swapped, folder_ / "p.yaml", "", "out")->notes),
              ElementsAre("the baseline org/M-FP8 seems to be quantised, and org/M does not: "
                          "--against names the baseline"));
}

TEST_F(NewPlans, QwenThatWouldThinkIsToldNotTo) {
  const NewPlan qwen{.models = {"Qwen/Qwen3-8B-FP8"}, .against = "Qwen/Qwen3-8B"};
  const NewPlanText made = new_plan(qwen, folder_ / "p.yaml", "", "out").value();
  EXPECT_EQ(parse_plan(made.yaml, "/p.yaml", known_benchmarks())->chat.enable_thinking, false);
}

TEST_F(NewPlans, LmEvalsTasksHaveNoFurtherItems) {
  const NewPlan wanted{.models = {"o/b"},
                       .against = "o/a",
                       .tasks = {"lm_eval/ifeval", "lm_eval/gpqa_diamond_zeroshot"}};
  const Plan plan = parse_plan(new_plan(wanted, folder_ / "p.yaml", "", "out")->yaml, "/p.yaml",
                               known_benchmarks())
                        .value();
  EXPECT_EQ(plan.until, Until::limits);
  EXPECT_EQ(plan.tasks[0].max_gen_toks, 1024);
  EXPECT_FALSE(plan.tasks[1].max_gen_toks);
}

TEST_F(NewPlans, ATerminalIsAskedUntilTheAnswersAreSound) {
  std::deque<std::string> answers = {"o/a", "o/a", "o/b, o/c", "maths",      "",
                                     "two", "2",   "",         "there.yaml", "x.yaml"};
  std::vector<std::string> told;
  NewPlan wanted;
  std::string file = "plan.yaml";
  const Ask ask = [&](const Text&) -> std::optional<std::string> {
    if (answers.empty()) return std::nullopt;
    std::string next = answers.front();
    answers.pop_front();
    return next;
  };
  const auto tell = [&](const Error& error) { told.push_back(error.to_string()); };
  const auto check_file = [](const std::string& name) -> Status {
    if (name != "there.yaml") return {};
    return usage_error("there.yaml exists already", "", "");
  };
  ASSERT_TRUE(ask_for(wanted, file, ask, tell, check_file));
  EXPECT_EQ(wanted.against, "o/a");
  EXPECT_THAT(wanted.models, ElementsAre("o/b", "o/c"));
  EXPECT_EQ(wanted.tasks, usual_tasks());
  EXPECT_EQ(wanted.tensor_parallel_size, 2);
  EXPECT_EQ(wanted.budget, "1h");
  EXPECT_EQ(file, "x.yaml");
  EXPECT_THAT(told, ElementsAre(HasSubstr("o/a is named twice"), HasSubstr("no task 'maths'"),
                                HasSubstr("'two' is no number of GPUs"),
                                HasSubstr("there.yaml exists already")));
  const auto ended = ask_for(wanted, file, ask, tell, check_file);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().what, "the answers ended before the plan was complete");
}

TEST_F(NewPlans, RunTakesAPlanOrModels) {
  const Told nothing = assay({"run"});
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_THAT(nothing.err, HasSubstr("error: there is nothing to run\n"));
  const Told both = assay({"run", "p.yaml", "--model", "o/b", "--against", "o/a"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_THAT(both.err, HasSubstr("error: a plan and --model stand together\n"));
}

TEST_F(NewPlans, ARunsFolderKeepsItsPlan) {
  const std::string a = model("bf16");
  const std::string b = model("fp8");
  const auto words = [&](const std::string& limit, const std::string& budget) {
    return std::vector<std::string>{"run",
                                    "--model",
                                    b,
                                    "--against",
                                    a,
                                    "--tasks",
                                    "math500",
                                    "--limit",
                                    limit,
                                    "--out",
                                    at("out"),
                                    "--budget",
                                    budget,
                                    "--set",
                                    "engine.kind=worker",
                                    "--set",
                                    "engine.module=none.such",
                                    "--quiet"};
  };
  ::setenv("ASSAY_PYTHON", "/bin/false", 1);
  EXPECT_NE(assay(words("5", "10m")).exit_code, 0);  // there is no engine
  const std::string kept = text("out/plan.yaml");
  EXPECT_THAT(kept, HasSubstr("output: ."));
  EXPECT_THAT(kept, HasSubstr("{name: math500, limit: 5, max_gen_toks: 1024}"));
  EXPECT_THAT(kept, Not(HasSubstr("yaml-language-server")));
  EXPECT_THAT(assay(words("5", "20m")).err, Not(HasSubstr("another plan")));
  const Told other = assay(words("6", "10m"));
  ::unsetenv("ASSAY_PYTHON");
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err,
              HasSubstr("is another plan than these options make\n  why: it has '- "
                        "{name: math500, limit: 5, max_gen_toks: 1024}' where they have"));
  EXPECT_EQ(text("out/plan.yaml"), kept);
}

}  // namespace
}  // namespace assay
