// A plan: which variants, tasks and budget; parsed from YAML (docs/plan.md) and validated.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/engine_kind.h"
#include "values/kernel_bits.h"
#include "values/weights.h"

namespace assay {

struct EngineSpec {
  std::string kind = kVllmKind;  // plan/engine_kind.h, plan/endpoint.h
  std::string python;            // interpreter of the worker; empty: looked up (docs/plan.md)
  // All other keys, passed to the engine untouched (tensor_parallel_size, max_model_len, …).
  nlohmann::json args = nlohmann::json::object();
  std::string module;         // kind worker: the Python module that is started; else empty
  double load_timeout_s = 0;  // a load that takes longer hangs; 0: as docs/plan.md says
  // The next variant's worker imports the engine while this one answers; none: where GPUs compute.
  std::optional<bool> start_ahead;
};

// What becomes of a benchmark's stop strings that an answer may write itself, because they are the
// heading of its question ("Question:"): a text that says its question again is not over there.
enum class HeadingStops {
  engine,  // the engine ends the answer at them, as lm-eval has it
  answer,  // the engine goes on; each metric cuts the answer afterwards, by a rule of its own
};
struct HeadingStopsName {
  HeadingStops stops;
  const char* name;  // in plans and JSON
};
inline constexpr std::array kHeadingStops{HeadingStopsName{HeadingStops::engine, "engine"},
                                          HeadingStopsName{HeadingStops::answer, "answer"}};

struct ChatSpec {
  bool apply_template = true;
  std::optional<bool> enable_thinking;  // nothing: the template's own default
  std::string system;                   // system message before each prompt; empty: none
  nlohmann::json template_args = nlohmann::json::object();
  // Nothing: what the folder's frozen plan says, or the default of heading_stops().
  std::optional<HeadingStops> stop_strings = std::nullopt;
};

// By default `answer` with a chat template: a model ends its turn by itself. Without one a text is
// continued, and the heading is where it goes on to the next question, to its limit.
[[nodiscard]] HeadingStops heading_stops(const ChatSpec& chat);

struct VariantSpec {
  std::string name;
  std::string model;     // hub id, or a folder (relative ones are taken from the plan's folder)
  std::string revision;  // hub only; empty: main, pinned when the plan is frozen
  bool baseline = false;
  nlohmann::json engine_args = nlohmann::json::object();  // over the plan's engine args
  std::optional<KernelBits> require;  // a load on other kernels ends the run; nothing: any will do
};

enum class IfGated { fail, skip };
enum class LimitPer { task, subject };
// How far a run goes (docs/plan.md, "How far a run goes").
enum class Until {
  limits,   // each task's limit
  decided,  // beyond the limits, until each variant's primary question is decided
  budget,   // beyond the limits, until the budget or the data end
};
struct UntilName {
  Until until;
  const char* name;  // in plans and JSON
};
inline constexpr std::array kUntils{UntilName{Until::limits, "limits"},
                                    UntilName{Until::decided, "decided"},
                                    UntilName{Until::budget, "budget"}};
[[nodiscard]] std::string name_of(Until until);

enum class Harness { native, lm_eval };

// A score published for the baseline's model on this task, to see that it is measured rightly.
struct ExpectedScore {
  double score = 0;      // a share, 0 to 1
  double within_pp = 5;  // percentage points
  std::string source;    // where it is published; empty: not said
};

struct TaskSpec {
  std::string name;       // unique in the plan; what reports print
  std::string benchmark;  // which of the known tasks, or lm-eval's task name; default: name
  Harness harness = Harness::native;
  std::optional<int> limit;  // stratified seeded sample of that many items; nothing: all
  LimitPer limit_per = LimitPer::task;
  std::optional<int> at_most;    // items, where the run goes on beyond limits; nothing: all
  bool goes_on = false;          // beyond its limit, as the plan's `until` says; not a key
  std::optional<int> first;      // the data set's first N instead of a sample
  std::vector<std::string> ids;  // exactly these items
  std::optional<int> max_gen_toks;
  // Output tokens of an answer, all its steps, as they are known from elsewhere: the price of an
  // item where the run goes on beyond limits. Nothing: at most what its steps may generate.
  std::optional<double> expected_tokens = std::nullopt;
  // The same of the tokens that are read of an item's prompts and begin no other prompt of the
  // task. Nothing: as its rows tell (ItemRequests, data/sampling.h).
  std::optional<double> expected_prompt_tokens = std::nullopt;
  // How long the graders take for an answer, all of them together: in tokens that the engine
  // generates meanwhile. Nothing: no time.
  std::optional<double> expected_grading_tokens = std::nullopt;
  std::optional<int> num_fewshot;  // nothing: the benchmark's own
  int repeats = 1;                 // answers an item
  // Once its items are used up, they are asked again and again as long as the run goes on;
  // `repeats` is then 1.
  bool repeats_auto = false;
  IfGated if_gated = IfGated::fail;
  double weight = 1.0;  // in the pooled difference, times what compare.weights makes of its size
  // Sampling other than greedy: temperature, top_p, top_k, min_p, presence_penalty,
  // frequency_penalty, repetition_penalty.
  nlohmann::json sampling = nlohmann::json::object();
  nlohmann::json options = nlohmann::json::object();  // benchmark-specific (docs/tasks.md)
  nlohmann::json lm_eval = nlohmann::json::object();  // harness lm_eval: arguments passed through
  std::optional<ExpectedScore> expect;
  std::string data;      // this task's rows: a folder, or "hub"; empty: as the plan says
  std::string revision;  // of the data set on the hub; empty: main, pinned when the plan is frozen
  int line = 0;          // in the plan file, 1-based

  // The sample's size where the data set has so many items; nothing: all of them.
  [[nodiscard]] const std::optional<int>& most_items() const { return goes_on ? at_most : limit; }
};

// The keys that say what an item is expected to take: its price where the run goes on beyond
// limits.
struct ExpectedKey {
  const char* name;
  std::optional<double> TaskSpec::* member;
};
inline constexpr std::array kExpectedKeys{
    ExpectedKey{"expected_tokens", &TaskSpec::expected_tokens},
    ExpectedKey{"expected_prompt_tokens", &TaskSpec::expected_prompt_tokens},
    ExpectedKey{"expected_grading_tokens", &TaskSpec::expected_grading_tokens}};

inline constexpr WeightRule kDefaultWeights = WeightRule::square_root;

struct CompareSpec {
  double margin_pp = 3.0;    // percentage points
  double alpha = 0.05;       // one-sided
  bool noise_floor = false;  // the baseline answers twice (docs/noise_floor.md)
  // Of the pooled difference. Nothing: kDefaultWeights, or what the folder's frozen plan says; a
  // frozen plan of release 0.1.0 says nothing and means equal weights.
  std::optional<WeightRule> weights = std::nullopt;
  bool same_model = false;  // a variant may be the baseline once more (A/A)
};

inline constexpr double kUsualDiscordance = 0.1;

// What `until: decided` goes by (stats/looks.h).
struct DecideSpec {
  double reserve = 0.01;  // of alpha, for further rounds; in [0, 0.05)
  double power = 0.9;     // wanted for a variant that loses nothing; in (0.5, 1)
  // Mean squared difference of an item; in (0, 1). Nothing: kUsualDiscordance, or what the folder's
  // frozen plan says.
  std::optional<double> expected_discordance = std::nullopt;

  [[nodiscard]] double discordance() const {
    return expected_discordance.value_or(kUsualDiscordance);
  }
  friend bool operator==(const DecideSpec&, const DecideSpec&) = default;
};

// After a variant's tasks its engine reads the baseline's own outputs back (docs/fidelity.md).
struct FidelitySpec {
  int items = 32;        // outputs that are read back; 0: none
  int max_tokens = 256;  // of each output
};

// Parts of the sandbox that a plan may do without (docs/sandbox.md). Only what is enforced in
// another, weaker way can be named; without namespaces or a call filter no program runs.
inline constexpr const char* kMemoryCgroup = "memory_cgroup";

struct SandboxSpec {
  std::vector<std::string> accept_missing;
  [[nodiscard]] bool accepts(std::string_view part) const;
};

struct Plan {
  std::filesystem::path file;  // where it was read from; relative paths are taken from its folder
  std::string name;
  double budget_s = 0;  // wall clock for all variants; 0: none
  Until until = Until::limits;
  DecideSpec decide;
  std::string output;  // ${name} already replaced; empty: --out is required
  std::map<std::string, std::string> env;
  std::string
      data;  // folder of the tasks' rows (relative: to the plan's folder), or "hub" (default)
  EngineSpec engine;
  ChatSpec chat;
  std::uint64_t seed = 0;
  std::vector<VariantSpec> variants;
  std::vector<TaskSpec> tasks;
  CompareSpec compare;
  FidelitySpec fidelity;
  SandboxSpec sandbox;
  bool canary = true;  // each load answers a few prompts of ours first (docs/canary.md)
};

// Whether the run goes on with this task beyond its limit: where it draws a sample of its own from
// rows that assay chooses. HLE without a judge does so only where it says how far (at_most).
[[nodiscard]] bool goes_on_beyond_limit(const Plan& plan, const TaskSpec& task);

// Whether another answer to the same item may be another one: it is written, and sampled.
[[nodiscard]] bool answers_differ(const TaskSpec& task);
// How a plan says TaskSpec::repeats_auto.
inline constexpr std::string_view kRepeatsAuto = "auto";

// In tokens, of engine arguments; 0 when they do not say.
[[nodiscard]] int max_model_len_of(const nlohmann::json& engine_args);

// Processes that a model is split over, tensor times pipeline parallel; 1 where nothing is said.
[[nodiscard]] int rank_count(const nlohmann::json& engine_args);
// The plan's engine arguments with the variant's own over them.
[[nodiscard]] nlohmann::json merged_engine_args(const Plan& plan, const VariantSpec& variant);
// What the draws of a variant's sampled answers are made from. Each request has a seed of its own,
// which outrules the engine's; so the engine argument `seed` is part of it, where the plan or the
// variant sets it.
struct DrawSeed {
  std::uint64_t plan = 0;
  std::optional<std::int64_t> engine = std::nullopt;
};
[[nodiscard]] DrawSeed draw_seed_of(const Plan& plan, const VariantSpec& variant);
// The least max_model_len of any variant, in tokens: the room for a prompt and its output. 0 when
// none says.
[[nodiscard]] int smallest_max_model_len(const Plan& plan);

// The known native benchmarks, as far as the plan must know them to be checked.
struct KnownBenchmark {
  std::string name;
  bool generative = true;      // needs max_gen_toks
  std::string generates_with;  // not generative: the option that makes it so when true
  std::string lm_eval;         // lm-eval 0.4.13's own name for it; empty: it has no such task
};

// Parses and validates. Errors carry "file:line:column". `known` is what `benchmark` may name when
// the harness is native. Collects nothing: the first error ends it.
[[nodiscard]] Result<Plan> parse_plan(std::string_view yaml, const std::filesystem::path& file,
                                      const std::vector<KnownBenchmark>& known);
[[nodiscard]] Result<Plan> load_plan(const std::filesystem::path& file,
                                     const std::vector<KnownBenchmark>& known);

// "3h", "90m", "45s", "1h30m" -> seconds.
[[nodiscard]] Result<double> parse_duration(std::string_view text);

// The whole plan as JSON, every default filled in (the base of the frozen plan).
[[nodiscard]] nlohmann::json to_json(const Plan& plan);

// The inverse, for plans this program wrote itself; `file` and lines are not kept.
[[nodiscard]] Result<Plan> plan_from_json(const nlohmann::json& value);

}  // namespace assay
