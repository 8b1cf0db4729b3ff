// The plan's tasks.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "plan/plan_keys.h"
#include "plan/sections.h"
#include "plan/suggest.h"

namespace assay {
namespace {

constexpr std::string_view kLmEvalPrefix = "lm_eval/";
constexpr double kMaxTemperature = 10;

const std::vector<std::pair<std::string, Harness>>& harness_choices() {
  static const std::vector<std::pair<std::string, Harness>> choices = {
      {"native", Harness::native}, {"lm_eval", Harness::lm_eval}};
  return choices;
}

constexpr double kMostExpectedTokens = 1e9;

// The `sampling` map of the plan or of a task; untouched where there is none.
Status read_sampling(const YamlMap& map, nlohmann::json& into) {
  if (!map.has("sampling")) return {};
  into = nlohmann::json::object();
  const YamlMap sampling = TRY(YamlMap::open(
      map.file(), map.value("sampling"), map.name_of("sampling"), key_names(PlanMap::sampling)));
  struct Range {
    const char* key;
    double at_least;
    double at_most;
    bool open = false;  // at_least itself is out
  };
  for (const Range& range :
       {Range{"temperature", 0, kMaxTemperature}, Range{"top_p", 0, 1, true}, Range{"min_p", 0, 1},
        Range{"presence_penalty", -2, 2}, Range{"frequency_penalty", -2, 2},
        Range{"repetition_penalty", 0, 2, true}}) {
    if (!sampling.has(range.key)) continue;
    double value = 0;
    TRY(sampling.read(range.key, value));
    const bool inside =
        value <= range.at_most && (range.open ? value > range.at_least : value >= range.at_least);
    if (!inside) {
      return sampling.error(
          range.key, fmt::format("{} is out of range", sampling.name_of(range.key)),
          fmt::format("it goes from {}{} to {}; here is {}", range.open ? "above " : "",
                      range.at_least, range.at_most, value),
          "change it or remove the key");
    }
    into[range.key] = value;
  }
  if (sampling.has("top_k")) {
    int top_k = 0;
    TRY(sampling.read("top_k", top_k, 0));  // 0: off
    into["top_k"] = top_k;
  }
  return {};
}

class TaskReader {
 public:
  // `sampling` is the plan's; it applies to tasks that generate and have none of their own.
  TaskReader(YamlMap map, const std::vector<KnownBenchmark>& known, const Plan& plan,
             const nlohmann::json& sampling)
      : map_(std::move(map)), known_(known), plan_(plan), plan_sampling_(sampling) {}

  Result<TaskSpec> read(Harness plan_harness) {
    task_.line = map_.mark().line + 1;
    task_.harness = plan_harness;
    TRY(read_names());
    TRY(read_selection());
    if (map_.has("num_fewshot")) {
      TRY(map_.read("num_fewshot", task_.num_fewshot.emplace(), 0, 100));
    }
    TRY(read_repeats());
    TRY(map_.read_choice<IfGated>("if_gated", task_.if_gated,
                                  {{"fail", IfGated::fail}, {"skip", IfGated::skip}}));
    TRY(read_data(map_, plan_.file, task_.data));
    TRY(read_revision());
    TRY(read_weight());
    TRY(read_expect());
    TRY(read_sampling(map_, task_.sampling));
    TRY(map_.read_object("options", task_.options));
    TRY(map_.read_object("lm_eval", task_.lm_eval));
    TRY(check_harness_keys());
    TRY(read_max_gen_toks());
    if (generates_ && !map_.has("sampling")) task_.sampling = plan_sampling_;
    return std::move(task_);
  }

 private:
  Status read_names() {
    if (!map_.has("name")) return map_.missing("name", "each task has one", "add it");
    TRY(map_.read("name", task_.name));
    TRY(map_.read_choice<Harness>("harness", task_.harness, harness_choices()));
    task_.benchmark = task_.name;
    TRY(map_.read("benchmark", task_.benchmark));
    const char* key = map_.has("benchmark") ? "benchmark" : "name";
    if (task_.benchmark.starts_with(kLmEvalPrefix)) {
      if (map_.has("harness") && task_.harness == Harness::native) {
        return map_.error("harness", "the harness contradicts the task's name",
                          "lm_eval/… runs through lm-eval", "remove one of the two");
      }
      task_.harness = Harness::lm_eval;
      task_.benchmark.erase(0, kLmEvalPrefix.size());
    }
    if (task_.name.starts_with(kLmEvalPrefix)) {
      task_.name = "lm_eval_" + task_.name.substr(kLmEvalPrefix.size());
    }
    TRY(check_name(map_, "name", task_.name));
    for (const TaskSpec& other : plan_.tasks) {
      if (other.name != task_.name) continue;
      return map_.error("name", fmt::format("two tasks are named '{}'", task_.name),
                        fmt::format("the other is on line {}", other.line),
                        "give one another name, with 'benchmark: …' saying what it runs");
    }
    return task_.harness == Harness::native ? check_native(key) : check_lm_eval(key);
  }

  Status check_native(const char* key) {
    std::vector<std::string> names;
    names.reserve(known_.size());
    for (const KnownBenchmark& benchmark : known_) names.push_back(benchmark.name);
    const auto found = std::ranges::find(known_, task_.benchmark, &KnownBenchmark::name);
    if (found != known_.end()) {
      generates_ = found->generative;
      generates_with_ = found->generates_with;
      return {};
    }
    const std::string near = nearest(task_.benchmark, names);
    return map_.error(key, fmt::format("unknown benchmark '{}'", task_.benchmark.substr(0, 100)),
                      "known: " + join(names, ", "),
                      near.empty() ? "any of lm-eval's tasks runs as 'lm_eval/<its name>'"
                                   : fmt::format("did you mean '{}'?", near));
  }

  Status check_lm_eval(const char* key) {
    const auto ours = std::ranges::find(known_, task_.benchmark, &KnownBenchmark::name);
    if (ours != known_.end()) {
      if (ours->lm_eval.empty()) {
        return map_.error(key, fmt::format("lm-eval has no task '{}'", task_.benchmark),
                          "lm-eval 0.4.13 does not hold this benchmark",
                          "add 'harness: native' to the task");
      }
      task_.benchmark = ours->lm_eval;
    }
    if (!usable_as_file_name(task_.benchmark)) {
      return map_.error(
          key, fmt::format("'{}' is no name of an lm-eval task", task_.benchmark.substr(0, 100)),
          "their names take letters, digits, '.', '_' and '-'", "'lm_eval ls tasks' lists them");
    }
    generates_ = !lm_eval_generates_nothing(task_.benchmark);
    return {};
  }

  // A count of items, however often others write a share or a word there.
  Status read_limit() {
    if (!map_.has("limit")) return {};
    const YAML::Node& node = map_.value("limit");
    const std::string text = value_words(node);
    const std::size_t sign = text.starts_with('-') ? 1 : 0;
    const bool whole = text.find_first_not_of("0123456789", sign) == std::string::npos;
    if (node.IsScalar() && !whole) {
      return map_.error(
          "limit", fmt::format("{} must be a whole number", map_.name_of("limit")),
          fmt::format("here is '{}', and a limit is a number of items, no share of them", text),
          "write for instance 'limit: 50', or leave it out to run all items");
    }
    return map_.read("limit", task_.limit.emplace(), 1);
  }

  Status read_selection() {
    TRY(read_limit());
    if (map_.has("first")) TRY(map_.read("first", task_.first.emplace(), 1));
    TRY(map_.read_strings("ids", task_.ids));
    TRY(map_.read_choice<LimitPer>("limit_per", task_.limit_per,
                                   {{"task", LimitPer::task}, {"subject", LimitPer::subject}}));
    std::vector<std::string> given;
    for (const char* key : {"limit", "first", "ids"}) {
      if (map_.has(key)) given.emplace_back(key);
    }
    if (given.size() > 1) {
      return map_.error(given[1], fmt::format("{} and {} stand together", given[0], given[1]),
                        "each of them says which items to run", "keep one of them");
    }
    TRY(read_at_most());
    TRY(read_expected_tokens());
    if (map_.has("limit_per") && !map_.has("limit")) {
      return map_.error("limit_per", "limit_per without a limit",
                        "it says what the limit counts over", "add 'limit: …' or remove it");
    }
    return {};
  }

  // Read as well where it has no effect, so that `until` alone can be changed.
  Status read_at_most() {
    if (!map_.has("at_most")) return {};
    TRY(map_.read("at_most", task_.at_most.emplace(), 1));
    if (!task_.limit || task_.limit_per == LimitPer::subject) {
      return map_.error("at_most", "at_most without a limit that it goes beyond",
                        "it says how far a task goes on after `limit` items, where the plan's "
                        "`until` lets it",
                        "add 'limit: …' (counted over the task), or remove at_most");
    }
    if (*task_.at_most >= *task_.limit) return {};
    return map_.error("at_most",
                      fmt::format("at_most {} is below limit {}", *task_.at_most, *task_.limit),
                      "the limit is the least that is run", "raise at_most or lower limit");
  }

  Status read_expected_tokens() {
    for (const ExpectedKey& key : kExpectedKeys) {
      if (!map_.has(key.name)) continue;
      double& tokens = (task_.*key.member).emplace();
      TRY(map_.read(key.name, tokens));
      if (tokens >= 0 && tokens < kMostExpectedTokens) continue;
      return map_.error(key.name, fmt::format("{} is no number of tokens", map_.name_of(key.name)),
                        "it is what an item takes on average, all its steps together",
                        "leave it out to count what the plan and its rows tell");
    }
    return {};
  }

  Status read_repeats() {
    task_.repeats_auto = map_.has("repeats") && map_.value("repeats").IsScalar() &&
                         map_.value("repeats").Scalar() == kRepeatsAuto;
    if (!task_.repeats_auto) return map_.read("repeats", task_.repeats, 1, 1000);
    if (plan_.until != Until::limits) return {};
    return map_.error("repeats", "repeats: auto in a run that ends at its limits",
                      "it asks the items of a used-up set again for as long as the run goes on",
                      "write a number, or 'until: decided' or 'until: budget' with a budget");
  }

  Status read_revision() {
    TRY(map_.read("revision", task_.revision));
    if (map_.has("data") && task_.data != "hub" && map_.has("revision")) {
      return map_.error("revision", "a folder has no revision",
                        "revisions are pinned for data sets of the hub", "remove the key");
    }
    return {};
  }

  Status read_weight() {
    TRY(map_.read("weight", task_.weight));
    if (task_.weight >= 0) return {};
    return map_.error("weight", fmt::format("{} is negative", map_.name_of("weight")),
                      "it is the task's share in the pooled difference", "write 0 or more");
  }

  // A share up to 1, or per cent above it.
  Status read_expect() {
    if (!map_.has("expect")) return {};
    const YamlMap map = TRY(YamlMap::open(map_.file(), map_.value("expect"), map_.name_of("expect"),
                                          key_names(PlanMap::expect)));
    if (!map.has("score")) {
      return map.missing("score", "it is what the baseline should score",
                         "add 'score: 85.2' (per cent)");
    }
    ExpectedScore expect;
    TRY(map.read("score", expect.score));
    TRY(map.read("within_pp", expect.within_pp));
    TRY(map.read("source", expect.source));
    if (!(expect.score >= 0 && expect.score <= 100)) {
      return map.error("score", fmt::format("{} is no score", map.name_of("score")),
                       "it is per cent, or a share up to 1", "write for instance 85.2");
    }
    if (!(expect.within_pp > 0 && expect.within_pp < 100)) {
      return map.error("within_pp", fmt::format("{} is no tolerance", map.name_of("within_pp")),
                       "it lies between 0 and 100 percentage points", "write for instance 5");
    }
    if (expect.score > 1) expect.score /= 100;
    task_.expect = expect;
    return {};
  }

  Status check_harness_keys() {
    if (task_.harness == Harness::native && map_.has("lm_eval")) {
      return map_.error("lm_eval", "lm_eval arguments on a native task",
                        "they are passed to lm-eval, which does not run this task",
                        "add 'harness: lm_eval' or remove the key");
    }
    if (task_.harness == Harness::lm_eval && (task_.repeats > 1 || task_.repeats_auto)) {
      return map_.error("repeats", "repeats on a task that runs through lm-eval",
                        "lm-eval asks as often as its own task says",
                        "remove the key, or add 'harness: native' to the task");
    }
    if (task_.harness == Harness::lm_eval && map_.has("options")) {
      return map_.error("options", "options on a task that runs through lm-eval",
                        "they belong to the native benchmarks", "write them as 'lm_eval: {…}'");
    }
    return {};
  }

  Status read_max_gen_toks() {
    if (!generates_with_.empty() && task_.options.contains(generates_with_)) {
      generates_ = task_.options.at(generates_with_) == true;
    }
    if (map_.has("max_gen_toks")) {
      const bool zero_allowed = task_.harness == Harness::lm_eval;
      int tokens = 0;
      TRY(map_.read("max_gen_toks", tokens, zero_allowed ? 0 : 1));
      if (!generates_ && tokens > 0) {
        return map_.error("max_gen_toks", fmt::format("{} generates nothing", task_.benchmark),
                          "it is scored by the log-likelihood of its choices", "remove the key");
      }
      if (tokens > 0) task_.max_gen_toks = tokens;
    } else if (generates_) {
      return missing_max_gen_toks();
    }
    const int room = smallest_max_model_len(plan_);
    const int output = task_.max_gen_toks.value_or(0);
    if (room > 0 && output >= room) {
      return map_.error(
          "max_gen_toks",
          fmt::format("{} leaves no room for the prompt", map_.name_of("max_gen_toks")),
          fmt::format("prompt and output share max_model_len: {} of {} tokens are output", output,
                      room),
          "lower max_gen_toks or raise engine.max_model_len");
    }
    return {};
  }

  Status missing_max_gen_toks() {
    if (task_.harness == Harness::native) {
      return map_.missing("max_gen_toks", "the task generates text, and its length must be bounded",
                          "add 'max_gen_toks: 1024' (output tokens an answer)");
    }
    return map_.missing(
        "max_gen_toks",
        "lm-eval would fall back to the task's own value, or to 256 tokens where it "
        "has none, and cut answers short",
        "add 'max_gen_toks: 1024', or 0 for a task that generates nothing");
  }

  YamlMap map_;
  const std::vector<KnownBenchmark>& known_;
  const Plan& plan_;
  const nlohmann::json& plan_sampling_;
  TaskSpec task_;
  bool generates_ = true;
  std::string generates_with_;
};

// "tasks: [aime24, math500]", "tasks: aime24", "tasks: {aime24: …}": names where each task says how
// long its answers may be.
Status refuse_bare_tasks(const YamlMap& top, const std::vector<KnownBenchmark>& known) {
  const YAML::Node& tasks = top.value("tasks");
  YAML::Node bare;
  if (tasks.IsScalar()) bare.reset(tasks);
  if (tasks.IsMap() && tasks.size() > 0) bare.reset(tasks.begin()->first);
  if (tasks.IsSequence()) {
    const auto scalar =
        std::find_if(tasks.begin(), tasks.end(), [](const auto& node) { return node.IsScalar(); });
    if (scalar != tasks.end()) bare.reset(*scalar);
  }
  if (!bare.IsDefined() || !bare.IsScalar()) return {};
  const std::string name = value_words(bare);
  const auto found = std::ranges::find(known, name, &KnownBenchmark::name);
  const bool generates = found == known.end() || found->generative;
  return error_at(top.file(), bare.Mark(), fmt::format("'{}' is a task's name alone", name),
                  "tasks are a list of maps: each says how long its answers may be",
                  fmt::format("write below 'tasks:' a line '- {{name: {}{}}}'", name,
                              generates ? ", max_gen_toks: 4096" : ""));
}

}  // namespace

bool lm_eval_generates_nothing(std::string_view name) {
  return name.starts_with("gpqa_") && (name.ends_with("_zeroshot") || name.ends_with("_n_shot")) &&
         name.find("cot") == std::string_view::npos;
}

Status read_tasks(const YamlMap& top, const std::vector<KnownBenchmark>& known, Plan& plan) {
  Harness harness = Harness::native;
  TRY(top.read_choice<Harness>("harness", harness, harness_choices()));
  if (!top.has("tasks")) {
    return top.missing("tasks", "a plan runs benchmarks", "add 'tasks:' with a name each");
  }
  TRY(refuse_bare_tasks(top, known));
  const std::vector<YAML::Node> nodes = TRY(top.read_sequence("tasks"));
  nlohmann::json sampling = nlohmann::json::object();
  TRY(read_sampling(top, sampling));
  double weights = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    YamlMap map = TRY(
        YamlMap::open(top.file(), nodes[i], fmt::format("tasks[{}]", i), key_names(PlanMap::task)));
    TaskReader reader(std::move(map), known, plan, sampling);
    plan.tasks.push_back(TRY(reader.read(harness)));
    plan.tasks.back().goes_on = goes_on_beyond_limit(plan, plan.tasks.back());
    weights += plan.tasks.back().weight;
  }
  if (weights > 0) return {};
  return top.error("tasks", "all tasks have the weight 0", "the pooled difference would be empty",
                   "give one of them a weight above 0");
}

}  // namespace assay
