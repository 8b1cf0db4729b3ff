// A run's finished values: every writer prints these and computes nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "plan/differences.h"
#include "plan/plan.h"
#include "report/kept_texts.h"
#include "stats/arms.h"
#include "stats/comparison.h"
#include "stats/looks.h"
#include "stats/proportion.h"
#include "values/canary.h"
#include "values/declaration.h"
#include "values/load_facts.h"
#include "values/request.h"
#include "values/score.h"
#include "values/variant_failure.h"
#include "values/weights.h"

namespace assay {

struct Spread {  // of n values
  std::int64_t n = 0;
  double median = 0;
  double p95 = 0;
};

// How fast a variant answered while a number of requests was in flight.
struct TrafficRow {
  int from = 0;              // in flight; 0: whatever their number
  int to = 0;                // 0: no end
  std::int64_t answers = 0;  // generated ones that were timed
  Spread first_token_s;      // from being sent to the engine, its queue included
  Spread inter_token_s;      // mean of each answer
  double seconds = 0;        // while so many were in flight
  double tokens = 0;         // generated in that time
  [[nodiscard]] double tokens_per_s() const { return seconds > 0 ? tokens / seconds : 0; }
};

struct TrafficValues {
  TrafficRow all;
  std::vector<TrafficRow> by_in_flight;
};

struct VariantValues {
  std::string name;
  std::string model;
  std::string revision;
  bool baseline = false;
  std::vector<Setting> settings;  // in which variants of the run differ; none: served alike
  int loads = 0;                  // engine loads, over all runs on the folder
  double load_s = 0;              // of the last one
  double work_s = 0;              // all, engines ready
  std::int64_t generated_tokens = 0;
  std::int64_t prompt_tokens = 0;
  double tokens_per_s = 0;         // generated, while an engine was ready
  std::optional<double> energy_j;  // of the GPUs, while an engine was ready; none: not known
  TrafficValues traffic;           // no answers: nothing was timed
  std::int64_t reused = 0;         // requests whose answers another folder held (`--from`)
  std::string reused_from;         // hashes of the frozen plans there, their first digits
  LoadFacts facts;                 // of the last load
  bool emulated = false;  // kernels compute the format in software: accuracy counts, speed does not
  std::optional<CanaryFigures> canary;  // of the last load that passed it
  std::string template_hash;  // SHA-256 of the chat template's text; empty: none, or not known
};

// One engine load, in the order of the loads.
struct LoadValues {
  std::string variant;
  LoadFacts facts;
  // From the end of the load before it to this one's being ready; none: the first, or not known.
  std::optional<double> idle_before_s;
};

// The baseline's place among the variants; 0 without one.
[[nodiscard]] inline std::size_t baseline_index(const std::vector<VariantValues>& variants) {
  const auto found = std::ranges::find(variants, true, &VariantValues::baseline);
  return found == variants.end() ? 0 : static_cast<std::size_t>(found - variants.begin());
}

// A property of a measurement that may spoil it.
struct Flag {
  std::string name;  // "truncated", "below chance"…
  std::string variant;
  std::string task;  // empty: of the whole variant
  std::int64_t count = 0;
  std::int64_t of = 0;
  double threshold = 0;  // share of `of` from which the flag is raised
  std::string example;   // an item that shows it
  std::string text;      // one sentence
  std::string text_zh;   // the same in Chinese
  // Candidates whose comparison on this task it makes INVALID: the flag's own variant, or for a
  // flag of the baseline those that do not show the same.
  std::vector<std::string> invalidates;

  [[nodiscard]] bool forces_invalid() const { return !invalidates.empty(); }
  [[nodiscard]] bool is_about(const std::string& one) const { return task.empty() || task == one; }
};

// How far stated confidence and correctness are apart (HLE); as shares, in [0, 1].
struct Calibration {
  double error = 0;                // root mean square over all bins
  std::optional<double> official;  // as HLE's script prints it (stats/calibration.h)
  std::int64_t answers = 0;
  std::int64_t unstated = 0;  // of them without a stated confidence, counted as sure
};

// One task of one variant.
struct Cell {
  std::string not_available;  // "N/A (HF gated)", "not run"; empty: there are figures
  std::int64_t planned = 0;   // items; of a task that goes on beyond its limit: those run, at least
  std::int64_t run = 0;       // answered, whatever became of the score
  std::int64_t scored = 0;
  std::map<std::string, std::int64_t> unscored;  // reason -> items
  std::map<std::string, double> metrics;         // mean over scored items, in [0, 1]
  Interval ci95;                                 // Wilson, of the first metric
  std::int64_t truncated = 0;
  std::int64_t empty = 0;
  std::int64_t looping = 0;
  std::int64_t not_extractable = 0;
  std::int64_t thinking_not_closed = 0;
  std::int64_t prompt_cut = 0;
  std::int64_t odd_likelihoods = 0;
  std::int64_t metrics_differ = 0;  // items on which robust and lm_eval differ
  // Chance that two answers to one item are judged differently, mean over items: two answers of
  // this variant (none without repeats), and one of it and one of the baseline.
  std::optional<double> own_disagreement;
  std::optional<double> disagreement;
  std::int64_t own_differing = 0;  // items that were answered more than once, and not alike
  std::int64_t own_compared = 0;
  std::string own_example;                 // one that does
  std::optional<PairedComparison> paired;  // to the baseline; none for the baseline itself
  std::map<std::string, std::pair<std::int64_t, double>> groups;  // group -> items, mean
  // Only of tasks that have them:
  std::map<int, double> pass_at;  // k = 2, 4, … -> mean over items with k answers or more
  std::map<std::string, std::pair<std::int64_t, double>> months;  // "2024-03" -> items, mean
  std::optional<Substeps> substeps;  // over all problems, as SciCode's own evaluation counts
  std::optional<Calibration> calibration;
};

// The baseline against its own second pass (docs/noise_floor.md): the first is the comparison's
// baseline, the second its candidate. No verdict: nothing is decided about the baseline.
struct NoiseFloor {
  PairedComparison comparison;
  std::int64_t answered_twice = 0;
  std::int64_t worded_differently = 0;  // of these, answers that are not the same to the letter
  std::string example;                  // an item that flips
};

struct TaskValues {
  std::string name;
  bool may_show = false;  // its questions (report/questions.h)
  std::string title;
  std::string kind;
  std::string status;  // ok, na
  std::string reason;
  double chance = 0;
  double weight =
      1;  // in the pooled difference, relative: the plan's factor times its rule's share
  int repeats = 1;
  std::int64_t planned = 0;             // items that the run may reach
  std::optional<std::int64_t> least;    // of them, that the limits ask for; none: all
  std::optional<ExpectedScore> expect;  // of the baseline
  std::optional<int> num_fewshot;       // exemplars before a question; none: not known
  // Arguments of its generation by lm-eval's names, an object; null: nothing is generated.
  nlohmann::json generation;
  std::vector<std::string> metrics;
  std::vector<std::string> cut_at;  // as FrozenTask has it
  std::vector<Cell> cells;          // one a variant, in the variants' order
  std::optional<NoiseFloor> noise_floor;
  std::int64_t shared = 0;           // items scored for every variant
  std::vector<double> shared_means;  // first metric over these, one a variant
};

// Where lm-eval has several metrics: by its own names for them ("exact_match,strict-match"), and
// what each of its filters took from the output.
struct LmEvalValues {
  std::map<std::string, double> named;
  std::map<std::string, std::string> filtered;
};

// What a score says in words. Of a multiple choice a few dozen are said of a million answers.
struct ScoreWords {
  std::string extracted;
  std::string how;  // it was found ("boxed"); empty: no rule matched
  std::string why;  // it scored so: the first failing test, the differing line; mostly empty
  std::string target;

  friend auto operator<=>(const ScoreWords&, const ScoreWords&) = default;
};

struct OutputValues : Soundness {             // one item of one variant, for the browser of items
  std::optional<FinishReason> finish_reason;  // none: no answer is stored
  TextPlace text;                             // in RunReport::texts
  std::shared_ptr<const ScoreWords> words;    // shared by all that say the same; nullptr: none
  std::string outcome;                        // "scored" or the reason
  double score = 0;                           // first metric
  int samples = 0;                            // scored answers
  int passed = 0;                             // of these, right by the first metric
  // Of each scored answer by the first metric, ascending by repeat; nullptr: of an item's first
  // answer alone.
  std::shared_ptr<const std::vector<RepeatScore>> each;
  std::optional<double> lm_eval;
  std::shared_ptr<const LmEvalValues> several;  // nullptr: lm-eval has one metric, or none
  // SHA-256 of what was asked before any answer: the first request's rendered prompt, of lm-eval's
  // own tasks all requests' (none of them depends on an answer). In RunReport::prompt_hashes;
  // empty: not known.
  TextPlace prompt_hash;

  [[nodiscard]] const ScoreWords& said() const {
    static const ScoreWords none;
    return words ? *words : none;
  }
};

struct ItemValues {
  std::string task;
  std::string id;
  std::string group;
  std::string target;
  std::vector<std::optional<OutputValues>> outputs;  // one a variant; none: not run
  bool flips = false;                                // right for one variant and wrong for another
  // In RunReport::asked; empty where they may not be shown (report/questions.h).
  TextPlace question;
  TextPlace prompt;  // rendered, of the first step; the baseline's where it has one
};

// An estimate over items with its two-sided 95 % interval (cluster bootstrap by item).
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

// A part of the positions that were read back: those of a task, or from one token of the outputs to
// another.
struct FidelityPart {
  std::string task;       // empty: of all
  std::int64_t from = 0;  // token of its output, from 1; 0: anywhere
  std::int64_t to = 0;
  std::int64_t tokens = 0;
  double top1_agreement = 0;  // share
  double kl = 0;              // mean, nats
};

// What a variant makes of the baseline's own outputs, token by token (teacher forcing). Finished
// values: the run measures, the report prints.
struct FidelityValues {
  std::int64_t items = 0;
  std::int64_t tokens = 0;
  Estimate kl;                 // mean KL divergence in nats, top 20 plus the tail
  Estimate top1_agreement;     // share of positions whose likeliest token is the same
  Estimate loglik_difference;  // mean of candidate minus baseline, nats a token
  // Median position at which the variant's own output first leaves the baseline's; none: unknown.
  std::optional<double> first_divergence;
  std::vector<FidelityPart> by_task;      // in the tasks' order
  std::vector<FidelityPart> by_position;  // 1, 2-4, 5-16, 17-64, 65-256, …
  std::map<double, double> kl_quantiles;  // over positions: 0.5 -> nats; nearest rank
};

// Something that happened to an engine or a judge, beside what they answered.
struct EventValues {
  double at_s = 0;      // seconds since 1970
  std::string kind;     // "engine died", "no judge"…
  std::string variant;  // empty: of no variant
  std::string why;      // empty: the kind says it all
};

// `until: decided`: the looks at one candidate.
struct LooksValues {
  LookSchedule schedule;
  std::string closed_by;   // store/looks_kept.h; empty: its looks were not closed before their time
  LooksResult result;      // of the pairs there are
  std::int64_t pairs = 0;  // settled in the run's order
  std::vector<PoolTask> counted;  // the tasks with the pairs of the last look; none were: no pairs
};

// Several variants beside each other, whichever is the baseline.
struct ArmValues {
  ArmRanking arms;
  std::vector<std::size_t> variants;  // each arm's place in RunReport::variants
};

// How prompts were made, the same for all variants.
struct PromptValues {
  std::uint64_t seed = 0;
  std::string system_instruction;            // empty: none
  std::optional<bool> fewshot_as_multiturn;  // none: no chat template, or no exemplars
};

// Where a task's rows came from and how they were asked.
struct TaskFacts {
  std::string title;
  std::string source;       // hub id; empty: a folder
  std::string revision;     // hub commit; empty for a folder
  std::string fingerprint;  // of the rows' files
  std::string harness;      // "native", "lm_eval"
  std::string sampling;     // "greedy", or what the plan sets
  int max_gen_toks = 0;
  std::int64_t items = 0;
  int repeats = 1;
};
struct VariantFacts {
  std::string fingerprint;  // of config, weights and tokenizer
  std::string tokenizer_hash;
};
// What another must know to repeat the run or to cite it, beside RunReport's own values.
struct RunFacts {
  std::string frozen_hash;
  std::string chat;  // "template, thinking on", "no template"
  std::vector<VariantFacts> variants;
  std::vector<TaskFacts> tasks;
  std::optional<double> expected_discordance;  // what the plan's looks were laid out for
};

struct RunReport {
  std::string name;
  std::string assay_version;
  std::string end;                       // complete, out_of_time, interrupted; empty: not known
  std::vector<VariantFailure> failures;  // of the last run; what they lack `end` leaves aside
  Until until = Until::limits;
  bool extended = false;    // until budget: went on after it had ended once
  double budget_s = 0;      // of each job
  double spent_s = 0;       // by all of them
  int jobs = 1;             // shards that were merged, and those that asked their judge; else one
  double started_at_s = 0;  // seconds since 1970; 0, as of the end: not known
  double ended_at_s = 0;
  double margin_pp = 3;
  double alpha = 0.05;
  WeightRule weights = WeightRule::equal;
  // What was declared when the first answer came; none: what is applied, as far as is known.
  std::optional<Declaration> declared;
  bool precision_differs = true;   // else no sentence speaks of it (plan/differences.h)
  std::vector<std::string> twins;  // variants that are the baseline once more: A/A
  double applied_since_s = 0;      // since 1970, when they differ from what was declared
  int family = 1;                  // verdicts by task that share alpha
  PromptValues prompts;
  std::vector<VariantValues> variants;
  std::vector<LoadValues> loads;
  std::vector<TaskValues> tasks;
  std::vector<std::optional<LooksValues>> looks;        // one a variant; none: no looks are taken
  std::vector<PooledComparison> pooled;                 // one a variant; the baseline's is empty
  std::vector<std::optional<FidelityValues>> fidelity;  // one a variant; empty: not measured
  std::optional<FidelityValues> fidelity_floor;         // the baseline, read a second time
  std::optional<NoiseFloor> noise_floor;                // pooled over the tasks
  std::optional<ArmValues> arms;                        // none: there are few (report/arms.h)
  std::vector<Flag> flags;
  std::vector<EventValues> events;  // in the order they happened
  std::vector<ItemValues> items;
  // What their outputs say at length.
  std::shared_ptr<KeptTexts> texts = std::make_shared<KeptTexts>();
  std::shared_ptr<KeptTexts> prompt_hashes = std::make_shared<KeptTexts>();
  // Of what decides mathematics, as pip names it; none: no task needs it.
  std::map<std::string, std::string> graders;
  std::string sandbox_missing;  // parts the plan accepts to be missing and were; usually empty
  RunFacts facts;
  // Questions and prompts.
  std::shared_ptr<KeptTexts> asked = std::make_shared<KeptTexts>();
  std::string summary;  // one paragraph for whoever decides
  std::string summary_zh;

  // Whether a task's questions may be shown.
  [[nodiscard]] bool shows(const std::string& task) const {
    const auto found = std::ranges::find(tasks, task, &TaskValues::name);
    return found != tasks.end() && found->may_show;
  }
};

}  // namespace assay
