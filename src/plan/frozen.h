// The plan as it was resolved and frozen: everything that decides what is asked
// (docs/frozen_plan.md). It is kept in the store and written beside it as plan.frozen.json.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"
#include "values/looks.h"

namespace assay {

inline constexpr int kFrozenFormat = 1;

struct FrozenItem {
  std::string id;
  std::string stratum;
  std::string group;
};

struct FrozenTask {
  std::string name;
  std::string title;
  std::string benchmark;
  std::string kind;  // generate, loglikelihood, code, lm_eval
  Harness harness = Harness::native;
  double chance = 0;  // accuracy of guessing, 0 to 1
  double weight = 1;
  int repeats = 1;         // answers of an entry of the order
  std::size_t passes = 1;  // how often the order may go through the items; more: `repeats: auto`
  int max_gen_toks = 0;    // 0: generates nothing
  std::optional<int> num_fewshot;    // exemplars before a question; none: not known
  std::vector<std::string> metrics;  // the verdict's metric first
  // Stop strings of lm-eval's at which the engine did not end an answer (HeadingStops::answer).
  // What lm-eval would have got ends before the first of them.
  std::vector<std::string> cut_at;
  bool available = true;
  std::string reason;       // why not available: "HF gated"
  std::string data_folder;  // where the rows were read from
  std::string hub_id;       // of the data set; empty for rows from a folder
  std::string revision;     // hub commit of the rows; empty for a folder
  std::string layout;
  std::string fingerprint;        // of the rows' files
  std::vector<FrozenItem> items;  // in the run's order; none: lm-eval alone knows its documents
  std::optional<std::size_t> least_items;  // the first of them that the limits ask for; none: all
  // How many there were when the primary question was declared: by these it is weighed. None: all.
  std::optional<std::size_t> weighed_items = std::nullopt;
};

struct FrozenVariant {
  std::string name;
  std::string model;
  std::string revision;     // hub commit; empty for a folder
  std::string fingerprint;  // of config, weights and tokenizer
  bool baseline = false;
};

// `until: decided`: how the primary question is asked while the run goes on.
struct FrozenLooks {
  LookSchedule schedule;  // of every candidate, before its first answer
  // The task (its place in `tasks`) of each item, in the order over all tasks in which the run
  // takes them; a task's own items come in their own order.
  std::vector<std::size_t> order;
  // How many of them there were before the plan grew for the first time; none: it did not.
  std::optional<std::size_t> declared_items = std::nullopt;

  friend bool operator==(const FrozenLooks&, const FrozenLooks&) = default;
};

struct FrozenPlan {
  int format = kFrozenFormat;
  std::string assay;                    // version of the program that froze it
  Plan plan;                            // every default filled in; `file` and lines are not kept
  std::vector<FrozenTask> tasks;        // the plan's order
  std::vector<FrozenVariant> variants;  // running order: baseline first
  // Of what decides mathematics (values/math_reference.h); none: no task needs it.
  std::map<std::string, std::string> graders;
  std::optional<FrozenLooks> looks = std::nullopt;
};

[[nodiscard]] nlohmann::json to_json(const FrozenPlan& frozen);

// The inverse of to_json, as text. Errors (environment): another format, or a value that is not
// laid out as this one.
[[nodiscard]] Result<FrozenPlan> frozen_from_text(std::string_view text);
// As a store holds it: also an error when `hash`, the store's `frozen_hash`, is another or missing.
[[nodiscard]] Result<FrozenPlan> frozen_from_store(std::string_view text,
                                                   const std::optional<std::string>& hash);

// What looks must know of the tasks whose items stand in `order`; the others get a weight of 0 and
// no items. Weights as the plan's rule makes them of the items the run may reach.
[[nodiscard]] std::vector<LookTask> look_tasks_of(const FrozenPlan& frozen,
                                                  const std::vector<std::size_t>& order);

// Where two plans differ in what frozen_hash is of; the first place in the order of their keys.
struct FrozenDifference {
  std::string value;  // "plan.seed", "tasks[1].items[0].id"
  std::string one;    // as JSON, shortened; "nothing" where it is missing
  std::string other;
};
[[nodiscard]] std::optional<FrozenDifference> first_difference(const FrozenPlan& one,
                                                               const FrozenPlan& other);

// SHA-256 (hex) of all that must not change between two runs on one folder.
[[nodiscard]] std::string frozen_hash(const FrozenPlan& frozen);

}  // namespace assay
