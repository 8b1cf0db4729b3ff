// Every error a plan can have: its position, its words, and what to do.
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "plan/plan.h"

namespace assay {
namespace {

std::vector<KnownBenchmark> benchmarks() {
  return {{.name = "aime24", .lm_eval = "aime24"},
          {.name = "mmlu_pro", .lm_eval = "mmlu_pro"},
          {.name = "gpqa_diamond", .generative = false, .lm_eval = "gpqa_diamond_zeroshot"},
          {.name = "hle"}};
}

struct Case {
  const char* name;
  std::string yaml;
  const char* what;  // begins with file:line:column
  const char* hint;  // part of why or fix
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

const std::string kVariants = "variants: [{name: a, model: m, baseline: true}]\n";
const std::string kTasks = "tasks: [{name: aime24, max_gen_toks: 64}]\n";

// Line 1 is the name, so that `rest` begins on line 2.
std::string top(const std::string& rest) {
  return "name: p\n" + rest;
}
std::string with_tasks(const std::string& rest) {
  return top(rest + kVariants + kTasks);
}
std::string task(const std::string& keys) {
  return top(kVariants + "tasks:\n  - {" + keys + "}\n");
}
std::string variants(const std::string& lines) {
  return top("variants:\n" + lines + kTasks);
}

class PlanError : public testing::TestWithParam<Case> {};

TEST_P(PlanError, NamesPlaceReasonAndRemedy) {
  const Result<Plan> plan = parse_plan(GetParam().yaml, "p.yaml", benchmarks());
  ASSERT_FALSE(plan.has_value());
  const Error& error = plan.error();
  EXPECT_EQ(error.kind, ErrorKind::usage);
  EXPECT_EQ(error.what, GetParam().what);
  EXPECT_NE((error.why + "\n" + error.fix).find(GetParam().hint), std::string::npos)
      << error.to_string();
  EXPECT_FALSE(error.why.empty());
  EXPECT_FALSE(error.fix.empty());
  EXPECT_EQ(error.to_string().find('\n', error.to_string().find("do:")), std::string::npos);
}

std::string cases_name(const testing::TestParamInfo<Case>& info) {
  return info.param.name;
}

const std::string kServed = "base_url: 'http://h/v1'";
std::string endpoint(const std::string& keys) {
  return with_tasks("engine: {kind: openai, " + keys + "}\n");
}

INSTANTIATE_TEST_SUITE_P(
    Endpoint, PlanError,
    testing::Values(
        Case{"NoAddress", endpoint("mode: chat"), "p.yaml:3:11: variant 'a' has no base_url",
             "base_url"},
        Case{"NotAnAddress", endpoint("base_url: localhost"), "p.yaml:2:34: base_url is no address",
             "http://"},
        Case{"AddressWithPassword", endpoint("base_url: 'http://me:pw@h/v1'"),
             "p.yaml:2:34: base_url holds more than an address", "api_key_env"},
        Case{"AddressWithQuery", endpoint("base_url: 'http://h/v1?key=1'"),
             "p.yaml:2:34: base_url holds more than an address", "api_key_env"},
        Case{"TheKeyItself", endpoint(kServed + ", api_key_env: sk-123"),
             "p.yaml:2:62: api_key_env is no name of an environment variable", "never the key"},
        Case{"AnEnginesKey", endpoint(kServed + ", dtype: bfloat16"),
             "p.yaml:2:49: unknown key 'dtype' in an engine of kind openai", "server is started"},
        Case{"NearKey", endpoint(kServed + ", max_concurency: 3"),
             "p.yaml:2:49: unknown key 'max_concurency' in an engine of kind openai",
             "did you mean 'max_concurrency'?"},
        Case{"Mode", endpoint(kServed + ", mode: chatt"),
             "p.yaml:2:55: engine.mode cannot be 'chatt'", "did you mean 'chat'?"},
        Case{"NoTokenizer", endpoint(kServed + ", mode: completions"),
             "p.yaml:2:9: variant 'a' has no tokenizer", "mode: chat"},
        Case{"NoTemplate",
             top("engine: {kind: openai, " + kServed +
                 "}\nchat: {apply_template: "
                 "false}\n" +
                 kVariants + kTasks),
             "p.yaml:3:7: chat.apply_template is false in mode chat", "mode: completions"},
        Case{"Rate", endpoint(kServed + ", requests_per_minute: 0"),
             "p.yaml:2:70: requests_per_minute must be above 0", "leave it out"},
        Case{"Time", endpoint(kServed + ", retry_for: 300"),
             "p.yaml:2:60: engine.retry_for: '300' is not a duration", "unit"},
        Case{"OwnField", endpoint(kServed + ", extra_body: {stream: false}"),
             "p.yaml:2:61: extra_body cannot hold 'stream'", "itself"},
        Case{"LeaveOut", endpoint(kServed + ", leave_out: [model]"),
             "p.yaml:2:60: 'model' cannot be left out", "remove it"},
        Case{"Revision",
             top("engine: {kind: openai, " + kServed +
                 "}\n"
                 "variants: [{name: a, model: m, baseline: true, revision: x}]\n" +
                 kTasks),
             "p.yaml:3:58: a served model has no revision", "remove"},
        Case{"ModeOfAVariant",
             top("engine: {kind: openai, " + kServed +
                 "}\n"
                 "variants: [{name: a, model: m, baseline: true, engine: {mode: chat}}]\n" +
                 kTasks),
             "p.yaml:3:57: mode cannot differ between variants", "plan's engine"},
        Case{
            "LmEval",
            top("engine: {kind: openai, " + kServed + "}\nharness: lm_eval\n" + kVariants + kTasks),
            "p.yaml:5:8: task 'aime24' cannot run over an endpoint", "native"}),
    cases_name);

INSTANTIATE_TEST_SUITE_P(
    Yaml, PlanError,
    testing::Values(
        Case{"Empty", "", "p.yaml: the plan is empty", "docs/plan.md"},
        Case{"OnlyComment", "# nothing\n", "p.yaml: the plan is empty", "docs/plan.md"},
        Case{"NotYaml", "name: p\nenv: {A: [}\n", "p.yaml:2:11: this is not valid YAML",
             "brackets"},
        Case{"Tab", "name: p\nengine:\n\tkind: vllm\n", "p.yaml:3:6: this is not valid YAML",
             "no tabs"},
        Case{"NotUtf8", "name: \xff\n", "p.yaml: the plan is not text", "UTF-8"},
        Case{"List", "- a\n", "p.yaml:1:1: the plan must be a map", "a list"},
        Case{"TwoDocuments", top(kVariants + kTasks) + "---\na: b\n",
             "p.yaml:4:1: a second document begins", "---"},
        // yaml-cpp 0.7 begins one document after the other here, without end (found by plan_fuzz).
        Case{"OnlyAComma", ",", "p.yaml:1:1: a second document begins", "should not stand there"},
        // 59 letters, then a character of three bytes of which the message keeps one (plan_fuzz).
        Case{"CutWithinACharacter", std::string(59, 'x') + "\u20ac",
             "p.yaml:1:1: the plan must be a map", "xxx\ufffd"},
        Case{"TwiceTheSameKey", with_tasks("name: q\n"),
             "p.yaml:2:1: key 'name' stands twice in the plan", "remove one"},
        Case{"MergeKey", top("env: {<<: {A: b}}\n" + kVariants + kTasks),
             "p.yaml:2:7: merge keys ('<<') are not supported", "write the keys out"},
        Case{"StopStrings", with_tasks("chat: {stop_strings: off}\n"),
             "p.yaml:2:22: chat.stop_strings cannot be 'off'", "engine or answer"},
        Case{"UnknownKey", with_tasks("budgte: 3h\n"),
             "p.yaml:2:1: unknown key 'budgte' in the plan", "did you mean 'budget'?"},
        Case{"UnknownFarKey", with_tasks("colour: red\n"),
             "p.yaml:2:1: unknown key 'colour' in the plan", "known keys: name, budget"},
        Case{"Tagged", with_tasks("engine: {a: !!python/object:os.system x}\n"),
             "p.yaml:2:13: tag 'tag:yaml.org,2002:python/object:os.system' is not supported",
             "remove the tag"},
        Case{"SelfReference", with_tasks("engine: {a: &x [*x]}\n"),
             "p.yaml:2:13: too many or too deeply nested values", "aliases"}),
    cases_name);

INSTANTIATE_TEST_SUITE_P(
    Top, PlanError,
    testing::Values(
        Case{"NoName", kVariants + kTasks, "p.yaml:1:1: name is missing", "name: my_plan"},
        Case{"NameNoFile", "name: a/b\n", "p.yaml:1:7: 'a/b' cannot be part of a file name",
             "letters"},
        Case{"NameDots", "name: ..\n", "p.yaml:1:7: '..' cannot be part of a file name", "letters"},
        Case{"NameEmpty", "name: ''\n", "p.yaml:1:7: '' cannot be part of a file name", "letters"},
        Case{"NameNothing", "name:\nbudget: 3h\n", "p.yaml:1:1: name must be text", "nothing"},
        Case{"BudgetWords", with_tasks("budget: 3 hours\n"),
             "p.yaml:2:9: budget: '3 hours' is not a duration", "3h, 90m, 45s, 1h30m"},
        Case{"UntilWithoutABudget", with_tasks("until: budget\n"),
             "p.yaml:2:8: until: budget without a budget", "--set budget=3h"},
        Case{"UntilSomethingElse", with_tasks("budget: 3h\nuntil: dawn\n"),
             "p.yaml:3:8: until cannot be 'dawn'", "limits, decided, budget"},
        Case{"DecidedWithoutABudget", with_tasks("until: decided\n"),
             "p.yaml:2:8: until: decided without a budget", "hard to tell apart"},
        Case{"DecidedWithIds",
             "name: p\nbudget: 3h\nuntil: decided\n" + std::string(kVariants) +
                 "tasks: [{name: aime24, ids: [a], max_gen_toks: 512}]\n",
             "p.yaml:3:8: until: decided with chosen items", "task aime24 has `ids`"},
        Case{"NothingToDecide",
             "name: p\nbudget: 3h\nuntil: decided\n" + std::string(kVariants) +
                 "tasks: [{name: aime24, harness: lm_eval, max_gen_toks: 512}]\n",
             "p.yaml:3:8: until: decided has nothing to decide", "harness: native"},
        Case{"ReserveIsAllOfAlpha", with_tasks("looks: {reserve: 0.05}\n"),
             "p.yaml:2:18: looks.reserve must be at least 0 and below 0.05", "here is 0.05"},
        Case{"PowerInPercent", with_tasks("power: 90\n"),
             "p.yaml:2:8: power must be above 0.5 and below 1", "here is 90"},
        Case{"NothingIsExpectedToFlip", with_tasks("expected_discordance: 0\n"),
             "p.yaml:2:23: expected_discordance must be above 0 and below 1", "flip either way"},
        Case{"BudgetUnit", with_tasks("budget: 3x\n"), "p.yaml:2:9: budget: '3x' is not a duration",
             "'x' is no unit"},
        Case{"BudgetNoUnit", with_tasks("budget: 3\n"), "p.yaml:2:9: budget: '3' is not a duration",
             "the unit is missing"},
        Case{"BudgetZero", with_tasks("budget: 0h\n"), "p.yaml:2:9: budget: '0h' is not a duration",
             "longer than nothing"},
        Case{"BudgetList", with_tasks("budget: [3h]\n"), "p.yaml:2:9: budget must be text",
             "a list"},
        Case{"OutputVariable", with_tasks("output: ${HOME}/x\n"),
             "p.yaml:2:9: output holds a variable that is not known", "only ${name}"},
        Case{"OutputTilde", with_tasks("output: ~/x\n"),
             "p.yaml:2:9: '~' is not replaced in output", "--out"},
        Case{"SeedNegative", with_tasks("seed: -1\n"),
             "p.yaml:2:7: seed must be a whole number from 0", "'-1'"},
        Case{"SeedTooLarge", with_tasks("seed: 18446744073709551616\n"),
             "p.yaml:2:7: seed must be a whole number from 0", "digits"},
        Case{"Harness", with_tasks("harness: lm-eval\n"),
             "p.yaml:2:10: harness cannot be 'lm-eval'", "did you mean 'lm_eval'?"},
        Case{"EnvNumber", with_tasks("env: {A: 2}\n"), "p.yaml:2:10: env.A must be text",
             "quote it: \"2\""},
        Case{"EnvBool", with_tasks("env:\n  A: true\n"), "p.yaml:3:6: env.A must be text",
             "\"true\""},
        Case{"EnvNothing", with_tasks("env: {A: null}\n"), "p.yaml:2:7: env.A must be text",
             "quote"},
        Case{"EnvName", with_tasks("env: {1A: b}\n"),
             "p.yaml:2:7: '1A' is no name of an environment variable", "rename"},
        Case{"EnvSecret", with_tasks("env: {HF_TOKEN: abc}\n"),
             "p.yaml:2:7: HF_TOKEN does not belong in a plan", "environment"},
        Case{"EnvKey", with_tasks("env: {MY_KEY: abc}\n"),
             "p.yaml:2:7: MY_KEY does not belong in a plan", "environment"},
        Case{"Margin", with_tasks("compare: {margin_pp: -3}\n"),
             "p.yaml:2:22: compare.margin_pp must be above 0 and below 100", "here is -3"},
        Case{"SandboxPart", with_tasks("sandbox: {accept_missing: [memory_cgroup, seccomp]}\n"),
             "p.yaml:2:27: the sandbox cannot do without 'seccomp'", "'memory_cgroup' is all"},
        Case{"FidelityItems", with_tasks("fidelity: {items: -1}\n"),
             "p.yaml:2:19: fidelity.items must be at least 0", "here is -1"},
        Case{"FidelityTokens", with_tasks("fidelity: {max_tokens: 0}\n"),
             "p.yaml:2:24: fidelity.max_tokens must be at least 1", "here is 0"},
        Case{"MarginText", with_tasks("compare: {margin_pp: 3pp}\n"),
             "p.yaml:2:22: compare.margin_pp must be a number", "'3pp'"},
        Case{"MarginNan", with_tasks("compare: {margin_pp: nan}\n"),
             "p.yaml:2:22: compare.margin_pp must be a number", "'nan'"},
        Case{"AlphaZero", with_tasks("compare: {alpha: 0}\n"),
             "p.yaml:2:18: compare.alpha must be above 0 and below 0.5", "one-sided"},
        Case{"AlphaHalf", with_tasks("compare: {alpha: 0.5}\n"),
             "p.yaml:2:18: compare.alpha must be above 0 and below 0.5", "one-sided"},
        Case{"Weights", with_tasks("weights: root\n"),
             "p.yaml:2:10: weights: there is no rule 'root'", "equal, sqrt or items"}),
    cases_name);

INSTANTIATE_TEST_SUITE_P(
    EngineAndChat, PlanError,
    testing::Values(
        Case{"Kind", with_tasks("engine: {kind: vlm}\n"),
             "p.yaml:2:16: engine.kind cannot be 'vlm'", "did you mean 'vllm'?"},
        Case{"WorkerWithoutModule", with_tasks("engine: {kind: worker}\n"),
             "p.yaml:2:9: engine.module is missing", "add 'module: some.module'"},
        Case{"ModuleOfVllm", with_tasks("engine: {module: my.worker}\n"),
             "p.yaml:2:18: an engine of kind vllm has no module", "kind: worker"},
        Case{"ModuleName", with_tasks("engine: {kind: worker, module: my-worker}\n"),
             "p.yaml:2:32: 'my-worker' is no Python module", "python -m MODULE"},
        Case{"ModuleParts", with_tasks("engine: {kind: worker, module: my..worker}\n"),
             "p.yaml:2:32: 'my..worker' is no Python module", "python -m MODULE"},
        Case{"LoadTimeout", with_tasks("engine: {load_timeout: 300}\n"),
             "p.yaml:2:24: engine.load_timeout: '300' is not a duration", "unit"},
        Case{"Typo", with_tasks("engine: {max_modell_len: 4096}\n"),
             "p.yaml:2:10: unknown key 'max_modell_len' in engine",
             "did you mean 'max_model_len'?"},
        Case{"Hyphens", with_tasks("engine: {max-model-len: 4096}\n"),
             "p.yaml:2:10: unknown key 'max-model-len' in engine", "did you mean 'max_model_len'?"},
        Case{"Model", with_tasks("engine: {model: m}\n"), "p.yaml:2:10: engine cannot hold 'model'",
             "variant's model"},
        Case{"LengthText", with_tasks("engine: {max_model_len: 4k}\n"),
             "p.yaml:2:25: engine.max_model_len must be a whole number", "'4k'"},
        Case{"LengthZero", with_tasks("engine: {max_model_len: 0}\n"),
             "p.yaml:2:25: engine.max_model_len must be at least 1", "here is 0"},
        Case{"MemoryPercent", with_tasks("engine: {gpu_memory_utilization: 92}\n"),
             "p.yaml:2:34: engine.gpu_memory_utilization must be above 0 and at most 1", "0.92"},
        Case{"Infinite", with_tasks("engine: {a: .inf}\n"),
             "p.yaml:2:13: '.inf' is no usable number", "finite"},
        Case{"ThinkingWord", with_tasks("chat: {enable_thinking: off}\n"),
             "p.yaml:2:25: chat.enable_thinking must be true or false", "'off'"},
        Case{"ThinkingQuoted", with_tasks("chat: {enable_thinking: 'true'}\n"),
             "p.yaml:2:25: chat.enable_thinking must be true or false", "unquoted"},
        Case{"ThinkingTwice", with_tasks("chat: {template_args: {enable_thinking: true}}\n"),
             "p.yaml:2:23: enable_thinking stands in chat.template_args", "key of its own"},
        Case{"NoTemplate", with_tasks("chat: {apply_template: false, enable_thinking: true}\n"),
             "p.yaml:2:48: chat.enable_thinking has no effect", "apply_template"}),
    cases_name);

INSTANTIATE_TEST_SUITE_P(
    Variants, PlanError,
    testing::Values(
        Case{"Missing", top(kTasks), "p.yaml:1:1: variants is missing", "variants:"},
        Case{"EmptyList", top("variants: []\n" + kTasks), "p.yaml:2:11: variants is an empty list",
             "one entry"},
        Case{"NoList", top("variants: {a: b}\n" + kTasks),
             "p.yaml:2:11: variants are a list of maps", "- {name: a, model: …}"},
        Case{"NotAMap", variants("  - bf16\n"), "p.yaml:3:3: variants are a list of maps",
             "- {name: bf16, model: …}"},
        Case{"NoModel", variants("  - {name: a}\n"), "p.yaml:3:5: variants[0].model is missing",
             "add it"},
        Case{"NoBaseline", variants("  - {name: a, model: m}\n"),
             "p.yaml:3:3: no variant is the baseline", "baseline: true"},
        Case{"TwoBaselines",
             variants("  - {name: a, model: m, baseline: true}\n  - {name: b, model: m, baseline: "
                      "true}\n"),
             "p.yaml:4:5: 'b' is a second baseline", "'a' is one already"},
        Case{"SameName",
             variants("  - {name: a, model: m, baseline: true}\n  - {name: a, model: n}\n"),
             "p.yaml:4:12: two variants are named 'a'", "rename"},
        Case{"Require", variants("  - {name: a, model: m, baseline: true, require: w4a5}\n"),
             "p.yaml:3:50: variants[0].require cannot be 'w4a5'", "w4a4"},
        Case{"RequireOfAServer",
             top("engine: {kind: openai, base_url: 'http://h/v1'}\nvariants:\n  - {name: a, model: "
                 "m, baseline: true, require: w4a4}\n" +
                 kTasks),
             "p.yaml:4:50: a server does not tell which kernels it runs on", "remove"},
        Case{"UnknownKey", variants("  - {name: a, model: m, basline: true}\n"),
             "p.yaml:3:25: unknown key 'basline' in variants[0]", "did you mean 'baseline'?"},
        Case{"ModelPath", variants("  - {name: a, model: build/demo/bf16, baseline: true}\n"),
             "p.yaml:3:22: model 'build/demo/bf16' is neither a hub id nor a folder", "./"},
        Case{"ModelTilde", variants("  - {name: a, model: ~/m, baseline: true}\n"),
             "p.yaml:3:22: model '~/m' is neither a hub id nor a folder", "./"},
        Case{"FolderRevision",
             variants("  - {name: a, model: ./m, revision: v1, baseline: true}\n"),
             "p.yaml:3:37: a folder has no revision", "hub"},
        Case{"EngineKind",
             variants("  - {name: a, model: m, baseline: true, engine: {kind: vllm}}\n"),
             "p.yaml:3:56: kind cannot differ between variants", "plan's engine"},
        Case{"EngineModule",
             variants("  - {name: a, model: m, baseline: true, engine: {module: my.worker}}\n"),
             "p.yaml:3:58: module cannot differ between variants", "plan's engine"}),
    cases_name);

INSTANTIATE_TEST_SUITE_P(
    Tasks, PlanError,
    testing::Values(
        Case{"Missing", top(kVariants), "p.yaml:1:1: tasks is missing", "tasks:"},
        Case{"EmptyList", top(kVariants + "tasks: []\n"), "p.yaml:3:8: tasks is an empty list",
             "one entry"},
        Case{"NoName", task("max_gen_toks: 4"), "p.yaml:4:5: tasks[0].name is missing", "add it"},
        Case{"Benchmark", task("name: drop, max_gen_toks: 4"),
             "p.yaml:4:12: unknown benchmark 'drop'", "known: aime24, mmlu_pro, gpqa_diamond, hle"},
        Case{"BenchmarkTypo", task("name: mmlupro, max_gen_toks: 4"),
             "p.yaml:4:12: unknown benchmark 'mmlupro'", "did you mean 'mmlu_pro'?"},
        Case{"BenchmarkKey", task("name: x, benchmark: aime25, max_gen_toks: 4"),
             "p.yaml:4:26: unknown benchmark 'aime25'", "did you mean 'aime24'?"},
        Case{"SameName", task("name: aime24, max_gen_toks: 4}\n  - {name: aime24, max_gen_toks: 5"),
             "p.yaml:5:12: two tasks are named 'aime24'", "line 4"},
        Case{"UnknownKey", task("name: aime24, max_gen_tokens: 4"),
             "p.yaml:4:20: unknown key 'max_gen_tokens' in tasks[0]", "write 'max_gen_toks: 4'"},
        Case{"FolderRevision", task("name: aime24, max_gen_toks: 4, data: ./d, revision: v1"),
             "p.yaml:4:58: a folder has no revision", "hub"},
        Case{"LimitZero", task("name: aime24, limit: 0"),
             "p.yaml:4:27: tasks[0].limit must be at least 1", "here is 0"},
        Case{"LimitMinusOne", task("name: aime24, limit: -1"),
             "p.yaml:4:27: tasks[0].limit must be at least 1", "remove the key"},
        Case{"LimitFraction", task("name: aime24, limit: 0.5"),
             "p.yaml:4:27: tasks[0].limit must be a whole number", "'0.5'"},
        Case{"AtMostWithoutALimit", task("name: aime24, at_most: 5"),
             "p.yaml:4:29: at_most without a limit that it goes beyond", "add 'limit:"},
        Case{"RepeatsAutoWithLimits", task("name: aime24, repeats: auto"),
             "p.yaml:4:29: repeats: auto in a run that ends at its limits",
             "or 'until: decided' or 'until: budget' with a budget"},
        Case{"RepeatsAutoOfLmEval", task("name: lm_eval/ifeval, repeats: auto"),
             "p.yaml:4:37: repeats: auto in a run that ends at its limits", "write a number"},
        Case{"RepeatsOfAnotherWord", task("name: aime24, repeats: automatic"),
             "p.yaml:4:29: tasks[0].repeats must be a whole number", "here is 'automatic'"},
        Case{"AtMostOfASubject", task("name: mmlu_pro, limit: 2, limit_per: subject, at_most: 5"),
             "p.yaml:4:61: at_most without a limit that it goes beyond", "counted over the task"},
        Case{"AtMostBelowTheLimit", task("name: aime24, limit: 6, at_most: 5"),
             "p.yaml:4:39: at_most 5 is below limit 6", "raise at_most"},
        Case{"LimitNothing", task("name: aime24, limit: "),
             "p.yaml:4:20: tasks[0].limit must be a whole number", "nothing"},
        Case{"LimitHuge", task("name: aime24, limit: 99999999999"),
             "p.yaml:4:27: tasks[0].limit must be a whole number", "'99999999999'"},
        Case{"LimitAndFirst", task("name: aime24, limit: 3, first: 3"),
             "p.yaml:4:37: limit and first stand together", "keep one"},
        Case{"LimitPerAlone", task("name: mmlu_pro, limit_per: subject"),
             "p.yaml:4:33: limit_per without a limit", "limit: …"},
        Case{"LimitPerWord", task("name: mmlu_pro, limit: 3, limit_per: subjects"),
             "p.yaml:4:43: tasks[0].limit_per cannot be 'subjects'", "did you mean 'subject'?"},
        Case{"IdsEmpty", task("name: aime24, ids: []"),
             "p.yaml:4:25: tasks[0].ids is an empty list", "one entry"},
        Case{"IdsTwice", task("name: aime24, ids: [x, x]"),
             "p.yaml:4:29: 'x' stands twice in tasks[0].ids", "once"},
        Case{"NoMaxGenToks", task("name: aime24, limit: 3"),
             "p.yaml:4:5: tasks[0].max_gen_toks is missing", "max_gen_toks: 1024"},
        Case{"NoMaxGenToksLmEval", task("name: lm_eval/aime24"),
             "p.yaml:4:5: tasks[0].max_gen_toks is missing", "256 tokens"},
        Case{"MaxGenToksZero", task("name: aime24, max_gen_toks: 0"),
             "p.yaml:4:34: tasks[0].max_gen_toks must be at least 1", "here is 0"},
        Case{"MaxGenToksNoGeneration", task("name: gpqa_diamond, max_gen_toks: 8"),
             "p.yaml:4:40: gpqa_diamond generates nothing", "log-likelihood"},
        Case{"MaxGenToksNoRoom",
             top("engine: {max_model_len: 512}\n" + kVariants +
                 "tasks: [{name: aime24, max_gen_toks: 512}]\n"),
             "p.yaml:4:38: tasks[0].max_gen_toks leaves no room for the prompt",
             "512 of 512 tokens are output"},
        Case{"MaxGenToksNoRoomInOneVariant",
             top("variants: [{name: a, model: m, baseline: true, engine: {max_model_len: 64}}]\n" +
                 kTasks),
             "p.yaml:3:38: tasks[0].max_gen_toks leaves no room for the prompt",
             "64 of 64 tokens are output"},
        Case{"Weight", task("name: aime24, max_gen_toks: 4, weight: -1"),
             "p.yaml:4:45: tasks[0].weight is negative", "0 or more"},
        Case{"ExpectWithoutScore", task("name: aime24, max_gen_toks: 4, expect: {within_pp: 2}"),
             "p.yaml:4:45: tasks[0].expect.score is missing", "should score"},
        Case{"ExpectedScore", task("name: aime24, max_gen_toks: 4, expect: {score: 120}"),
             "p.yaml:4:53: tasks[0].expect.score is no score", "per cent"},
        Case{"AllWeightsZero", task("name: aime24, max_gen_toks: 4, weight: 0"),
             "p.yaml:4:3: all tasks have the weight 0", "above 0"},
        Case{"Repeats", task("name: aime24, max_gen_toks: 4, repeats: 0"),
             "p.yaml:4:46: tasks[0].repeats must be from 1 to 1000", "here is 0"},
        Case{"Temperature", task("name: aime24, max_gen_toks: 4, sampling: {temperature: -0.1}"),
             "p.yaml:4:61: tasks[0].sampling.temperature is out of range", "here is -0.1"},
        Case{"TopP", task("name: aime24, max_gen_toks: 4, sampling: {top_p: 0}"),
             "p.yaml:4:55: tasks[0].sampling.top_p is out of range", "above 0"},
        Case{"PresencePenalty",
             task("name: aime24, max_gen_toks: 4, sampling: {presence_penalty: 2.5}"),
             "p.yaml:4:66: tasks[0].sampling.presence_penalty is out of range", "from -2 to 2"},
        Case{"RepetitionPenalty",
             task("name: aime24, max_gen_toks: 4, sampling: {repetition_penalty: 0}"),
             "p.yaml:4:68: tasks[0].sampling.repetition_penalty is out of range", "above 0"},
        Case{"PlanSampling",
             "name: p\nsampling: {top_p: 2}\n"
             "variants: [{name: a, model: m, baseline: true}]\n"
             "tasks: [{name: aime24, max_gen_toks: 4}]\n",
             "p.yaml:2:19: sampling.top_p is out of range", "here is 2"},
        Case{"SamplingKey", task("name: aime24, max_gen_toks: 4, sampling: {temp: 0}"),
             "p.yaml:4:48: unknown key 'temp' in tasks[0].sampling", "temperature, top_p"},
        Case{"IfGated", task("name: hle, max_gen_toks: 4, if_gated: ignore"),
             "p.yaml:4:44: tasks[0].if_gated cannot be 'ignore'", "fail, skip"},
        Case{"NotInLmEval", task("name: lm_eval/hle, max_gen_toks: 4"),
             "p.yaml:4:12: lm-eval has no task 'hle'", "native"},
        Case{"Contradiction", task("name: lm_eval/aime24, harness: native, max_gen_toks: 4"),
             "p.yaml:4:37: the harness contradicts the task's name", "remove one"},
        Case{"LmEvalKeyOnNative", task("name: aime24, max_gen_toks: 4, lm_eval: {a: 1}"),
             "p.yaml:4:46: lm_eval arguments on a native task", "harness: lm_eval"},
        Case{"RepeatsOnLmEval", task("name: lm_eval/aime24, max_gen_toks: 4, repeats: 2"),
             "p.yaml:4:54: repeats on a task that runs through lm-eval", "harness: native"},
        Case{"OptionsOnLmEval", task("name: lm_eval/aime24, max_gen_toks: 4, options: {a: 1}"),
             "p.yaml:4:54: options on a task that runs through lm-eval", "lm_eval: {…}"}),
    cases_name);

TEST(PlanFile, MissingFileIsAUsageError) {
  const Result<Plan> plan = load_plan("no/such/plan.yaml", benchmarks());
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().kind, ErrorKind::usage);
  EXPECT_NE(plan.error().to_string().find("no/such/plan.yaml"), std::string::npos);
}

TEST(PlanFile, AliasesCannotExpandWithoutBound) {
  std::string laughs = "name: p\nengine:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "  a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 8; ++k) laughs += ", " + before;
    laughs += "]\n";
  }
  const Result<Plan> plan = parse_plan(laughs, "p.yaml", benchmarks());
  ASSERT_FALSE(plan.has_value());
  EXPECT_NE(plan.error().what.find("too many or too deeply nested values"), std::string::npos)
      << plan.error().to_string();
}

TEST(PlanFile, OddInputEndsInAnErrorNotACrash) {
  const std::string deep(3000, '[');
  const std::string wide = "name: " + std::string(2UL << 20, 'x');
  for (const std::string& yaml : {deep, wide, std::string("? [a]\n: b\n"), std::string("&a *a"),
                                  std::string("name: p\0q", 9), std::string("%YAML 9.9\n---\n"),
                                  std::string("!!map {name: p}"), std::string("\"unclosed")}) {
    const Result<Plan> plan = parse_plan(yaml, "p.yaml", benchmarks());
    ASSERT_FALSE(plan.has_value()) << yaml.substr(0, 40);
    EXPECT_EQ(plan.error().kind, ErrorKind::usage);
  }
}

}  // namespace
}  // namespace assay
