// Plans that are right: values, defaults, and the two plans the repository ships.
#include "plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "plan/endpoint.h"
#include "plan/suggest.h"

namespace assay {
namespace {

using nlohmann::json;
using testing::ElementsAre;

std::vector<KnownBenchmark> known() {
  return {{.name = "aime24", .lm_eval = "aime24"},
          {.name = "math500", .lm_eval = "hendrycks_math500"},
          {.name = "mmlu_pro", .lm_eval = "mmlu_pro"},
          {.name = "hle"},
          {.name = "scicode"},
          {.name = "livecodebench"},
          {"gpqa_diamond", false, "generative", "gpqa_diamond_zeroshot"}};
}

Plan parsed(std::string_view yaml) {
  Result<Plan> plan = parse_plan(yaml, "/plans/p.yaml", known());
  EXPECT_TRUE(plan.has_value()) << plan.error().to_string();
  return plan ? *plan : Plan{};
}

constexpr std::string_view kSmall = R"(name: small
variants:
  - {name: bf16, model: org/model, baseline: true}
tasks:
  - {name: aime24, max_gen_toks: 64}
)";

TEST(Plan, DefaultsAreThoseOfTheHeader) {
  const Plan plan = parsed(kSmall);
  EXPECT_EQ(plan.name, "small");
  EXPECT_EQ(plan.budget_s, 0);
  EXPECT_EQ(plan.output, "");
  EXPECT_EQ(plan.seed, 0U);
  EXPECT_EQ(plan.engine.kind, "vllm");
  EXPECT_EQ(max_model_len_of(plan.engine.args), 0);
  EXPECT_TRUE(plan.chat.apply_template);
  EXPECT_FALSE(plan.chat.enable_thinking.has_value());
  EXPECT_EQ(plan.compare.margin_pp, 3.0);
  EXPECT_EQ(plan.compare.alpha, 0.05);
  EXPECT_FALSE(plan.compare.noise_floor);
  EXPECT_FALSE(plan.compare.same_model);
  EXPECT_FALSE(plan.compare.weights);  // the folder's own, or kDefaultWeights
  ASSERT_EQ(plan.tasks.size(), 1U);
  const TaskSpec& task = plan.tasks[0];
  EXPECT_EQ(task.benchmark, "aime24");
  EXPECT_EQ(task.harness, Harness::native);
  EXPECT_FALSE(task.limit.has_value());
  EXPECT_EQ(task.max_gen_toks, 64);
  EXPECT_EQ(task.repeats, 1);
  EXPECT_EQ(task.if_gated, IfGated::fail);
  EXPECT_EQ(task.weight, 1.0);
  EXPECT_EQ(task.line, 5);
  ASSERT_EQ(plan.variants.size(), 1U);
  EXPECT_EQ(plan.variants[0].name, "bf16");
  EXPECT_TRUE(plan.variants[0].baseline);
}

TEST(Plan, WeightsExpectAndSameModel) {
  const Plan plan = parsed(R"(name: p
weights: items
variants: [{name: a, model: m, baseline: true}, {name: b, model: m}]
tasks:
  - {name: aime24, max_gen_toks: 64, expect: {score: 81.4, source: "model card"}}
  - {name: math500, max_gen_toks: 64, expect: {score: 0.9, within_pp: 2}}
compare: {same_model: true}
)");
  EXPECT_EQ(plan.compare.weights, WeightRule::items);
  EXPECT_TRUE(plan.compare.same_model);
  ASSERT_TRUE(plan.tasks[0].expect);
  EXPECT_NEAR(plan.tasks[0].expect->score, 0.814, 1e-12);
  EXPECT_EQ(plan.tasks[0].expect->within_pp, 5);
  EXPECT_EQ(plan.tasks[0].expect->source, "model card");
  EXPECT_NEAR(plan.tasks[1].expect->score, 0.9, 1e-12);
  const Plan again = plan_from_json(to_json(plan)).value();
  EXPECT_EQ(to_json(again), to_json(plan));
  EXPECT_EQ(again.compare.weights, WeightRule::items);
}

TEST(Plan, ReadsEveryKey) {
  const Plan plan = parsed(R"(name: all
budget: 1h30m
output: out/${name}
seed: 18446744073709551615
env: {HF_HOME: /data/hf, CUDA_VISIBLE_DEVICES: "0,1"}
engine: {kind: scripted, python: ../env/bin/python, load_timeout: 30m, start_ahead: false,
         max_model_len: 4096, tensor_parallel_size: 2,
         gpu_memory_utilization: 0.92, nested: {list: [1, 2.5, null, yes, "3"]}}
chat: {enable_thinking: false, system: Be short., template_args: {style: plain}}
variants:
  - {name: a, model: ./models/a, baseline: true, engine: {max_model_len: 2048}}
  - {name: b, model: org/b, revision: v1}
tasks:
  - {name: t1, benchmark: math500, limit: 5, limit_per: subject, max_gen_toks: 32, num_fewshot: 0,
     repeats: 2, if_gated: skip, weight: 2.5, sampling: {temperature: 0.6, top_p: 0.95, top_k: 20},
     options: {judge: none}}
  - {name: aime24, first: 3, max_gen_toks: 32, revision: v2}
  - {name: gpqa_diamond, ids: [7, rec-1]}
compare: {margin_pp: 2.5, alpha: 0.025, noise_floor: true}
fidelity: {items: 8, max_tokens: 64}
sandbox: {accept_missing: [memory_cgroup]}
)");
  EXPECT_EQ(plan.budget_s, 5400);
  EXPECT_EQ(plan.output, "/plans/out/all");
  EXPECT_EQ(plan.seed, 18446744073709551615U);
  EXPECT_EQ(plan.env.at("CUDA_VISIBLE_DEVICES"), "0,1");
  EXPECT_EQ(plan.engine.kind, "scripted");
  EXPECT_EQ(plan.engine.python, "/env/bin/python");
  EXPECT_EQ(max_model_len_of(plan.engine.args), 4096);
  // 'yes' is text in YAML 1.2.
  EXPECT_EQ(plan.engine.args["nested"], json::parse(R"({"list": [1, 2.5, null, "yes", "3"]})"));
  EXPECT_FALSE(plan.engine.args.contains("kind"));
  EXPECT_EQ(plan.engine.load_timeout_s, 1800);  // assay's own: no engine sees it
  EXPECT_FALSE(plan.engine.args.contains("load_timeout"));
  EXPECT_EQ(plan.engine.start_ahead, false);
  EXPECT_FALSE(plan.engine.args.contains("start_ahead"));
  EXPECT_EQ(plan.chat.enable_thinking, false);
  EXPECT_EQ(plan.chat.template_args["style"], "plain");
  EXPECT_TRUE(plan.compare.noise_floor);
  EXPECT_EQ(plan.fidelity.items, 8);
  EXPECT_EQ(plan.fidelity.max_tokens, 64);
  EXPECT_TRUE(plan.sandbox.accepts("memory_cgroup"));
  EXPECT_FALSE(plan.sandbox.accepts("seccomp"));
  EXPECT_EQ(plan.variants[0].model, "/plans/models/a");
  EXPECT_EQ(plan.variants[0].engine_args["max_model_len"], 2048);
  EXPECT_EQ(plan.variants[1].model, "org/b");
  EXPECT_EQ(plan.variants[1].revision, "v1");
  const TaskSpec& task = plan.tasks[0];
  EXPECT_EQ(task.limit_per, LimitPer::subject);
  EXPECT_EQ(task.num_fewshot, 0);
  EXPECT_EQ(task.if_gated, IfGated::skip);
  EXPECT_EQ(task.sampling, json::parse(R"({"temperature": 0.6, "top_p": 0.95, "top_k": 20})"));
  EXPECT_EQ(task.options["judge"], "none");
  EXPECT_EQ(plan.tasks[1].first, 3);
  EXPECT_EQ(plan.tasks[1].revision, "v2");
  EXPECT_EQ(plan_from_json(to_json(plan)).value().tasks[1].revision, "v2");
  EXPECT_THAT(plan.tasks[2].ids, ElementsAre("7", "rec-1"));
  EXPECT_FALSE(plan.tasks[2].max_gen_toks.has_value());
}

TEST(Plan, AnotherWorkerIsAModule) {
  const std::string rest =
      "name: p\noutput: out\nvariants: [{name: a, model: org/m, baseline: true}]\n"
      "tasks: [{name: aime24, max_gen_toks: 8}]\n";
  Plan plan = parsed("engine: {kind: worker, module: my_engine.worker, beams: 4}\n" + rest);
  EXPECT_EQ(worker_module(plan.engine), "my_engine.worker");
  EXPECT_EQ(engine_name(plan.engine), "my_engine.worker");
  EXPECT_EQ(plan.engine.args, json({{"beams", 4}}));
  EXPECT_EQ(to_json(plan)["engine"]["module"], "my_engine.worker");
  EXPECT_EQ(plan_from_json(to_json(plan)).value().engine.module, "my_engine.worker");
  // Our own worker is what kind vllm says shortly: the same plan, frozen alike.
  const Plan plain = parsed(rest);
  plan = parsed("engine: {kind: worker, module: assay_worker}\n" + rest);
  EXPECT_EQ(to_json(plan), to_json(plain));
  EXPECT_EQ(plan.engine.kind, "vllm");
  EXPECT_EQ(worker_module(plan.engine), "assay_worker");
}

TEST(Plan, Endpoint) {
  const Plan plan = parsed(R"(name: e
engine: {kind: openai, base_url: "https://h/v1", api_key_env: MY_KEY, retry_for: 2m,
         stall_timeout: 45s, max_concurrency: 4, requests_per_minute: 30, logprobs: false,
         extra_body: {reasoning_effort: low}}
variants:
  - {name: a, model: any name at all, baseline: true, engine: {tokenizer: ./tok}}
  - {name: b, model: org/b, engine: {tokenizer: org/tok, base_url: "http://127.0.0.1:8/v1"}}
tasks: [{name: aime24, max_gen_toks: 64}]
)");
  const json expected = {
      {"base_url", "https://h/v1"}, {"api_key_env", "MY_KEY"},
      {"retry_for", 120.0},         {"stall_timeout", 45.0},
      {"max_concurrency", 4},       {"requests_per_minute", 30.0},
      {"logprobs", false},          {"extra_body", {{"reasoning_effort", "low"}}}};
  EXPECT_EQ(plan.engine.args, expected);
  EXPECT_EQ(plan.variants[0].model, "any name at all");
  EXPECT_EQ(plan.variants[0].engine_args, json({{"tokenizer", "/plans/tok"}}));
  EXPECT_EQ(plan.variants[1].engine_args,
            json({{"tokenizer", "org/tok"}, {"base_url", "http://127.0.0.1:8/v1"}}));
  EXPECT_EQ(endpoint_mode(plan.variants[0].engine_args), "completions");
  EXPECT_EQ(endpoint_mode(json::object()), "chat");
  EXPECT_FALSE(endpoint_has_logprobs(json::object()));
  EXPECT_TRUE(endpoint_has_logprobs({{"tokenizer", "t"}}));
  EXPECT_FALSE(endpoint_has_logprobs({{"tokenizer", "t"}, {"logprobs", false}}));
  EXPECT_FALSE(endpoint_has_logprobs({{"tokenizer", "t"}, {"prompt", "text"}}));
  json args = plan.engine.args;
  drop_transport_keys(args);
  EXPECT_EQ(args, json::parse(R"({"mode": "chat", "logprobs": false,
                                  "extra_body": {"reasoning_effort": "low"}})"));
}

TEST(Plan, EndpointParameters) {
  const Plan plan = parsed(R"(name: e
engine: {kind: openai, base_url: "https://h/v1", answers_as: m-2026-05-01,
         max_tokens_key: max_completion_tokens, leave_out: [temperature, top_p]}
variants:
  - {name: a, model: m, baseline: true}
  - {name: b, model: n, engine: {answers_as: hosted/n}}
tasks: [{name: aime24, max_gen_toks: 64}]
)");
  json args = merged_engine_args(plan, plan.variants[1]);
  EXPECT_EQ(args["answers_as"], "hosted/n");
  EXPECT_EQ(args["max_tokens_key"], "max_completion_tokens");
  drop_transport_keys(args);  // what is left out changes answers, the names do not
  EXPECT_EQ(args, json::parse(R"({"mode": "chat", "leave_out": ["temperature", "top_p"]})"));
}

// Qwen's cards advise presence_penalty 1.5 for quantised models.
TEST(Plan, Penalties) {
  const Plan plan = parsed(R"(name: e
sampling: {temperature: 0.7, presence_penalty: 1.5, frequency_penalty: -0.5, repetition_penalty: 1.1}
variants: [{name: a, model: m, baseline: true}]
tasks: [{name: aime24, max_gen_toks: 64}]
)");
  EXPECT_EQ(plan.tasks[0].sampling,
            json::parse(R"({"temperature": 0.7, "presence_penalty": 1.5, "frequency_penalty": -0.5,
                            "repetition_penalty": 1.1})"));
}

TEST(Plan, LmEvalHarness) {
  const Plan plan = parsed(R"(name: p
harness: lm_eval
variants: [{name: a, model: m, baseline: true}]
tasks:
  - {name: math500, max_gen_toks: 64}
  - {name: gpqa_diamond}
  - {name: lm_eval/hellaswag, max_gen_toks: 0, lm_eval: {fewshot_as_multiturn: true}}
  - {name: scicode, harness: native, max_gen_toks: 64}
)");
  EXPECT_EQ(plan.tasks[0].harness, Harness::lm_eval);
  EXPECT_EQ(plan.tasks[0].name, "math500");
  EXPECT_EQ(plan.tasks[0].benchmark, "hendrycks_math500");
  EXPECT_EQ(plan.tasks[1].benchmark, "gpqa_diamond_zeroshot");
  EXPECT_EQ(plan.tasks[2].name, "lm_eval_hellaswag");
  EXPECT_EQ(plan.tasks[2].benchmark, "hellaswag");
  EXPECT_FALSE(plan.tasks[2].max_gen_toks.has_value());
  EXPECT_EQ(plan.tasks[2].lm_eval["fewshot_as_multiturn"], true);
  EXPECT_EQ(plan.tasks[3].harness, Harness::native);
}

TEST(Plan, SamplingOfThePlanIsForTasksThatGenerateAndDoNotSay) {
  const Plan plan = parsed(R"(name: p
sampling: {temperature: 0.6, top_p: 0.95, top_k: 20}
variants: [{name: a, model: m, baseline: true}]
tasks:
  - {name: aime24, max_gen_toks: 64, repeats: 8}
  - {name: math500, max_gen_toks: 64, sampling: {temperature: 0}}
  - {name: gpqa_diamond}
)");
  EXPECT_EQ(plan.tasks[0].sampling,
            json::parse(R"({"temperature": 0.6, "top_p": 0.95, "top_k": 20})"));
  EXPECT_EQ(plan.tasks[1].sampling, json::parse(R"({"temperature": 0})"));
  EXPECT_EQ(plan.tasks[2].sampling, json::object());
}

TEST(Plan, AnOptionCanMakeATaskGenerate) {
  const Plan plan = parsed(R"(name: p
variants: [{name: a, model: m, baseline: true}]
tasks:
  - {name: gpqa_diamond, max_gen_toks: 64, options: {generative: true}}
)");
  EXPECT_EQ(plan.tasks[0].max_gen_toks, 64);
  const auto missing = parse_plan(R"(name: p
variants: [{name: a, model: m, baseline: true}]
tasks:
  - {name: gpqa_diamond, options: {generative: true}}
)",
                                  "p.yaml", known());
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().to_string().find("max_gen_toks"), std::string::npos);
}

TEST(Plan, BothHarnessesOfOneBenchmarkInOnePlan) {
  const Plan plan = parsed(R"(name: p
variants: [{name: a, model: m, baseline: true}]
tasks:
  - {name: aime24, max_gen_toks: 64}
  - {name: lm_eval/aime24, max_gen_toks: 64}
)");
  EXPECT_EQ(plan.tasks[1].name, "lm_eval_aime24");
  EXPECT_EQ(plan.tasks[1].benchmark, "aime24");
  EXPECT_EQ(plan.tasks[1].harness, Harness::lm_eval);
}

// Without a template a text is continued, and the next question's heading is where it ends.
TEST(Plan, WhoEndsAnswersAtHeadings) {
  const auto rule = [](const std::string& chat) {
    const auto plan = parse_plan("name: p\n" + chat +
                                     "variants: [{name: a, model: m, baseline: true}]\n"
                                     "tasks: [{name: aime24, max_gen_toks: 64}]\n",
                                 "p.yaml", known());
    EXPECT_TRUE(plan) << plan.error().to_string();
    return plan ? heading_stops(plan->chat) : HeadingStops::engine;
  };
  EXPECT_EQ(rule(""), HeadingStops::answer);
  EXPECT_EQ(rule("chat: {stop_strings: engine}\n"), HeadingStops::engine);
  EXPECT_EQ(rule("chat: {apply_template: false}\n"), HeadingStops::engine);
  EXPECT_EQ(rule("chat: {apply_template: false, stop_strings: answer}\n"), HeadingStops::answer);
}

// A plan frozen before there was a choice says nothing, and its folder goes on as it began.
TEST(Plan, AFrozenPlanWithoutStopStringsMeansTheEngine) {
  Plan plan;
  json value = to_json(plan);
  EXPECT_EQ(value["chat"]["stop_strings"], "answer");
  EXPECT_EQ(heading_stops(plan_from_json(value)->chat), HeadingStops::answer);
  value["chat"].erase("stop_strings");
  const Plan before = plan_from_json(value).value();
  EXPECT_EQ(heading_stops(before.chat), HeadingStops::engine);
  EXPECT_EQ(to_json(before), value);
}

TEST(Plan, JsonHoldsEveryDefault) {
  const json expected = json::parse(R"({
    "name": "small", "budget_s": 0.0, "output": "", "env": {}, "seed": 0, "data": "",
    "engine": {"kind": "vllm", "python": "", "args": {}},
    "chat": {"apply_template": true, "enable_thinking": null, "stop_strings": "answer",
             "system": "", "template_args": {}},
    "variants": [{"name": "bf16", "model": "org/model", "revision": "", "baseline": true,
                  "engine": {}}],
    "tasks": [{"name": "aime24", "benchmark": "aime24", "harness": "native", "limit": null,
               "limit_per": "task", "first": null, "ids": [], "max_gen_toks": 64,
               "num_fewshot": null, "repeats": 1, "if_gated": "fail", "weight": 1.0,
               "sampling": {}, "options": {}, "lm_eval": {}, "data": ""}],
    "compare": {"margin_pp": 3.0, "alpha": 0.05, "noise_floor": false},
    "fidelity": {"items": 32, "max_tokens": 256}})");
  EXPECT_EQ(to_json(parsed(kSmall)), expected);
}

TEST(Plan, ShippedPlansAreValid) {
  const std::filesystem::path folder = std::filesystem::path(ASSAY_SOURCE_DIR) / "plans";
  const Result<Plan> mission = load_plan(folder / "qwen3_32b_3h.yaml", known());
  ASSERT_TRUE(mission.has_value()) << mission.error().to_string();
  EXPECT_EQ(mission->budget_s, 3 * 3600);
  EXPECT_EQ(mission->output, "/data/bench/qwen3_32b_vllm_stdbench_tp2_3hr");
  EXPECT_EQ(mission->tasks.size(), 7U);
  EXPECT_EQ(mission->variants.size(), 3U);
  EXPECT_EQ(mission->chat.enable_thinking, false);
  const Result<Plan> demo = load_plan(folder / "demo.yaml", known());
  ASSERT_TRUE(demo.has_value()) << demo.error().to_string();
  EXPECT_EQ(demo->tasks.size(), 7U);
  EXPECT_EQ(demo->variants[0].model,
            (std::filesystem::path(ASSAY_SOURCE_DIR) / "build/demo-models/bf16").string());
}

TEST(Plan, JsonComesBack) {
  const json whole = to_json(parsed(kSmall));
  EXPECT_EQ(to_json(plan_from_json(whole).value()), whole);
  json broken = whole;
  broken["tasks"][0].erase("limit");
  EXPECT_FALSE(plan_from_json(broken));
}

// Only a task that draws a sample of its own goes on beyond its limit.
TEST(Plan, UntilBudgetGoesOnBeyondLimits) {
  const auto plan = parse_plan(R"(
name: p
budget: 3h
until: budget
engine: {max_model_len: 4096}
variants: [{name: a, model: m, baseline: true}, {name: b, model: n}]
tasks:
  - {name: math500, limit: 50, at_most: 200, max_gen_toks: 512, expected_tokens: 310.5,
     expected_prompt_tokens: 90, expected_grading_tokens: 7.5}
  - {name: aime24, max_gen_toks: 512}
  - {name: mmlu_pro, limit: 2, limit_per: subject, max_gen_toks: 512}
  - {name: gpqa_diamond, ids: [a]}
)",
                               "p.yaml", known());
  ASSERT_TRUE(plan) << plan.error().to_string();
  EXPECT_EQ(plan->until, Until::budget);
  EXPECT_EQ(plan->tasks[0].most_items(), 200);
  const std::vector<bool> goes_on = {true, false, false, false};
  for (std::size_t i = 0; i < goes_on.size(); ++i)
    EXPECT_EQ(plan->tasks[i].goes_on, goes_on[i]) << i;
  const auto read_back = plan_from_json(to_json(*plan));
  ASSERT_TRUE(read_back);
  EXPECT_EQ(read_back->until, Until::budget);
  EXPECT_EQ(read_back->tasks[0].at_most, 200);
  EXPECT_EQ(read_back->tasks[0].expected_tokens, 310.5);
  EXPECT_EQ(read_back->tasks[0].expected_prompt_tokens, 90);
  EXPECT_EQ(read_back->tasks[0].expected_grading_tokens, 7.5);
  EXPECT_FALSE(read_back->tasks[1].expected_tokens);
  EXPECT_FALSE(read_back->tasks[1].expected_prompt_tokens);
  EXPECT_FALSE(read_back->tasks[1].expected_grading_tokens);
  EXPECT_TRUE(read_back->tasks[0].goes_on);
  EXPECT_EQ(to_json(*read_back), to_json(*plan));
}

TEST(Plan, HleWithoutAJudgeEndsAtItsLimitUnlessItSaysHowFar) {
  Plan plan;
  plan.until = Until::budget;
  TaskSpec hle;
  hle.benchmark = "hle";
  hle.limit = 50;
  EXPECT_FALSE(goes_on_beyond_limit(plan, hle));
  hle.at_most = 100;
  EXPECT_TRUE(goes_on_beyond_limit(plan, hle));
  hle.at_most.reset();
  hle.options = {{"judge", "baseline"}};
  EXPECT_TRUE(goes_on_beyond_limit(plan, hle));
}

TEST(Plan, RepeatsAutoIsKept) {
  const auto plan = parse_plan(R"(
name: p
budget: 3h
until: budget
sampling: {temperature: 0.6}
variants: [{name: a, model: m, baseline: true}, {name: b, model: n}]
tasks:
  - {name: aime24, repeats: auto, max_gen_toks: 512}
  - {name: math500, repeats: auto, max_gen_toks: 512, sampling: {}}
  - {name: gpqa_diamond, repeats: 4}
)",
                               "p.yaml", known());
  ASSERT_TRUE(plan) << plan.error().to_string();
  EXPECT_TRUE(plan->tasks[0].repeats_auto);
  EXPECT_EQ(plan->tasks[0].repeats, 1);
  EXPECT_TRUE(answers_differ(plan->tasks[0]));
  EXPECT_TRUE(plan->tasks[1].repeats_auto);
  EXPECT_FALSE(answers_differ(plan->tasks[1]));
  EXPECT_FALSE(plan->tasks[2].repeats_auto);
  EXPECT_EQ(to_json(*plan)["tasks"][0]["repeats"], "auto");
  EXPECT_EQ(to_json(*plan)["tasks"][2]["repeats"], 4);
  const auto read_back = plan_from_json(to_json(*plan));
  ASSERT_TRUE(read_back);
  EXPECT_TRUE(read_back->tasks[0].repeats_auto);
  EXPECT_EQ(read_back->tasks[0].repeats, 1);
  EXPECT_EQ(to_json(*read_back), to_json(*plan));
}

TEST(Plan, UntilDecidedHasKeysOfItsOwn) {
  const auto plan = parse_plan(R"(
name: p
budget: 3h
until: decided
looks: {reserve: 0.02}
power: 0.8
expected_discordance: 0.07
variants: [{name: a, model: m, baseline: true}, {name: b, model: n}]
tasks: [{name: math500, limit: 50, max_gen_toks: 512}]
)",
                               "p.yaml", known());
  ASSERT_TRUE(plan) << plan.error().to_string();
  EXPECT_EQ(plan->until, Until::decided);
  EXPECT_EQ(plan->decide, (DecideSpec{0.02, 0.8, 0.07}));
  EXPECT_TRUE(plan->tasks[0].goes_on);
  const auto read_back = plan_from_json(to_json(*plan));
  ASSERT_TRUE(read_back);
  EXPECT_EQ(read_back->until, Until::decided);
  EXPECT_EQ(read_back->decide, plan->decide);
}

TEST(Plan, RequiredKernelsGoThroughJson) {
  const Plan plan = parsed(R"(name: p
variants:
  - {name: a, model: org/m, baseline: true, require: w8a16}
  - {name: b, model: org/n}
tasks: [{name: aime24, max_gen_toks: 64}]
)");
  EXPECT_EQ(plan.variants[0].require, (KernelBits{8, 16}));
  EXPECT_FALSE(plan.variants[1].require);
  const json value = to_json(plan);
  EXPECT_EQ(value.at("variants")[0].at("require"), "w8a16");
  EXPECT_FALSE(value.at("variants")[1].contains("require"));
  EXPECT_EQ(plan_from_json(value)->variants[0].require, (KernelBits{8, 16}));
}

TEST(Plan, TheCanaryIsOnUnlessItIsOff) {
  const auto canary = [](const std::string& line) {
    return parse_plan(line + R"(name: p
variants:
  - {name: a, model: org/m, baseline: true}
tasks:
  - {name: math500, max_gen_toks: 8}
)",
                      "p.yaml", known());
  };
  EXPECT_TRUE(canary("")->canary);
  EXPECT_FALSE(to_json(*canary("")).contains("canary"));
  const Plan off = canary("canary: off\n").value();
  EXPECT_FALSE(off.canary);
  EXPECT_FALSE(plan_from_json(to_json(off))->canary);
  EXPECT_TRUE(canary("canary: on\n")->canary);
  EXPECT_EQ(canary("canary: no\n").error().what, "p.yaml:1:9: canary cannot be 'no'");
}

TEST(Plan, DocumentsEveryKey) {
  const Result<std::string> doc =
      read_file(std::filesystem::path(ASSAY_SOURCE_DIR) / "docs/plan.md");
  ASSERT_TRUE(doc.has_value());
  for (const char* key : {"name",
                          "budget",
                          "until",
                          "looks.reserve",
                          "power",
                          "expected_discordance",
                          "output",
                          "env",
                          "seed",
                          "data",
                          "harness",
                          "engine.kind",
                          "engine.python",
                          "engine.load_timeout",
                          "chat.apply_template",
                          "chat.enable_thinking",
                          "chat.stop_strings",
                          "chat.system",
                          "chat.template_args",
                          "compare.margin_pp",
                          "compare.alpha",
                          "compare.noise_floor",
                          "canary",
                          "model",
                          "revision",
                          "baseline",
                          "require",
                          "engine",
                          "benchmark",
                          "limit",
                          "limit_per",
                          "at_most",
                          "first",
                          "ids",
                          "max_gen_toks",
                          "num_fewshot",
                          "repeats",
                          "if_gated",
                          "weight",
                          "sampling",
                          "options",
                          "lm_eval"}) {
    EXPECT_NE(doc->find("| `" + std::string(key) + "` |"), std::string::npos) << key;
  }
}

TEST(Duration, Parses) {
  EXPECT_EQ(parse_duration("3h"), 10800);
  EXPECT_EQ(parse_duration("90m"), 5400);
  EXPECT_EQ(parse_duration("45s"), 45);
  EXPECT_EQ(parse_duration("1h30m"), 5400);
  EXPECT_EQ(parse_duration("1h02m03s"), 3723);
  EXPECT_EQ(parse_duration("1.5h"), 5400);
}

TEST(Duration, RejectsAnythingElse) {
  for (const char* text : {"", "3", "3 h", "3 hours", "3x", "h", "-3h", "0s", "3h3h", "30m1h",
                           "1e3s", "nan", "infh", "9999999h", "3h ", " 3h", "3hr", "+3h", "--3h"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

TEST(Suggest, CountsEdits) {
  EXPECT_EQ(edit_distance("limit", "limit"), 0U);
  EXPECT_EQ(edit_distance("limt", "limit"), 1U);
  EXPECT_EQ(edit_distance("lmiit", "limit"), 1U);  // a swap
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("Max-Gen-Toks", "max_gen_toks"), 0U);
  EXPECT_EQ(nearest("max_gen_tokens", {"name", "max_gen_toks"}), "max_gen_toks");
  EXPECT_EQ(nearest("zebra", {"name", "limit"}), "");
}

TEST(EngineArgs, TheVariantsOwnGoOverThePlans) {
  Plan plan;
  plan.engine.args = {{"max_model_len", 4096}, {"enforce_eager", true}};
  VariantSpec variant;
  variant.engine_args = {{"max_model_len", 2048}, {"quantization", "awq"}};
  EXPECT_EQ(merged_engine_args(plan, variant),
            json({{"max_model_len", 2048}, {"enforce_eager", true}, {"quantization", "awq"}}));
}

TEST(EngineArgs, ASeedIsPartOfTheDraws) {
  Plan plan;
  plan.seed = 7;
  VariantSpec variant;
  EXPECT_EQ(draw_seed_of(plan, variant).plan, 7U);
  EXPECT_FALSE(draw_seed_of(plan, variant).engine);
  plan.engine.args = {{"seed", 1}};
  EXPECT_EQ(draw_seed_of(plan, variant).engine, 1);
  variant.engine_args = {{"seed", 2}};
  EXPECT_EQ(draw_seed_of(plan, variant).engine, 2);
  variant.engine_args = {{"seed", "two"}};  // the engine will say what it thinks of it
  EXPECT_FALSE(draw_seed_of(plan, variant).engine);
}

TEST(EngineArgs, TheShortestVariantCounts) {
  Plan plan;
  plan.variants.resize(2);
  EXPECT_EQ(smallest_max_model_len(plan), 0);
  plan.engine.args["max_model_len"] = 4096;
  EXPECT_EQ(smallest_max_model_len(plan), 4096);
  plan.variants[1].engine_args["max_model_len"] = 2048;
  EXPECT_EQ(smallest_max_model_len(plan), 2048);
}

}  // namespace
}  // namespace assay
