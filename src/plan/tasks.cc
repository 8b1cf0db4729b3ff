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
          range.key, bilingual("{} is out of range", "{} 超出范围", sampling.name_of(range.key)),
          bilingual("it goes from {}{} to {}; here is {}", "范围是{} {} 到 {}；这里是 {}",
                    range.open ? Text("above ", "大于") : Text("", "从"), range.at_least,
                    range.at_most, value),
          {"change it or remove the key", "改正它，或删去这个键"});
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
    if (!map_.has("name"))
      return map_.missing("name", {"each task has one", "每个任务都有"}, {"add it", "加上它"});
    TRY(map_.read("name", task_.name));
    TRY(map_.read_choice<Harness>("harness", task_.harness, harness_choices()));
    task_.benchmark = task_.name;
    TRY(map_.read("benchmark", task_.benchmark));
    const char* key = map_.has("benchmark") ? "benchmark" : "name";
    if (task_.benchmark.starts_with(kLmEvalPrefix)) {
      if (map_.has("harness") && task_.harness == Harness::native) {
        return map_.error("harness",
                          {"the harness contradicts the task's name", "harness 与任务的名称矛盾"},
                          {"lm_eval/… runs through lm-eval", "lm_eval/… 由 lm-eval 运行"},
                          {"remove one of the two", "删去其中一个"});
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
      return map_.error("name",
                        bilingual("two tasks are named '{}'", "两个任务都叫 '{}'", task_.name),
                        bilingual("the other is on line {}", "另一个在第 {} 行", other.line),
                        {"give one another name, with 'benchmark: …' saying what it runs",
                         "给其中一个改名，并用 'benchmark: …' 说明它运行什么"});
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
    return map_.error(
        key, bilingual("unknown benchmark '{}'", "未知的基准 '{}'", task_.benchmark.substr(0, 100)),
        bilingual("known: {}", "已有：{}", join(names, ", ")),
        near.empty() ? Text("any of lm-eval's tasks runs as 'lm_eval/<its name>'",
                            "lm-eval 的任何任务都可写作 'lm_eval/<its name>'")
                     : bilingual("did you mean '{}'?", "是不是想写 '{}'？", near));
  }

  Status check_lm_eval(const char* key) {
    const auto ours = std::ranges::find(known_, task_.benchmark, &KnownBenchmark::name);
    if (ours != known_.end()) {
      if (ours->lm_eval.empty()) {
        return map_.error(
            key, bilingual("lm-eval has no task '{}'", "lm-eval 没有任务 '{}'", task_.benchmark),
            {"lm-eval 0.4.13 does not hold this benchmark", "lm-eval 0.4.13 不含这个基准"},
            {"add 'harness: native' to the task", "在任务里加上 'harness: native'"});
      }
      task_.benchmark = ours->lm_eval;
    }
    if (!usable_as_file_name(task_.benchmark)) {
      return map_.error(key,
                        bilingual("'{}' is no name of an lm-eval task",
                                  "'{}' 不是 lm-eval 任务的名称", task_.benchmark.substr(0, 100)),
                        {"their names take letters, digits, '.', '_' and '-'",
                         "名称由字母、数字、'.'、'_' 和 '-' 组成"},
                        {"'lm_eval ls tasks' lists them", "'lm_eval ls tasks' 列出它们"});
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
          "limit", bilingual("{} must be a whole number", "{} 必须是整数", map_.name_of("limit")),
          bilingual("here is '{}', and a limit is a number of items, no share of them",
                    "这里写的是：'{}'，而 limit 是题数，不是比例", text),
          {"write for instance 'limit: 50', or leave it out to run all items",
           "例如写 'limit: 50'，或不写而运行全部题目"});
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
      return map_.error(
          given[1],
          bilingual("{} and {} stand together", "{} 和 {} 不能同时写", given[0], given[1]),
          {"each of them says which items to run", "它们各自都说明运行哪些题目"},
          {"keep one of them", "只保留一个"});
    }
    TRY(read_at_most());
    TRY(read_expected_tokens());
    if (map_.has("limit_per") && !map_.has("limit")) {
      return map_.error("limit_per", {"limit_per without a limit", "有 limit_per 而没有 limit"},
                        {"it says what the limit counts over", "它说明 limit 按什么计数"},
                        {"add 'limit: …' or remove it", "加上 'limit: …'，或删去它"});
    }
    return {};
  }

  // Read as well where it has no effect, so that `until` alone can be changed.
  Status read_at_most() {
    if (!map_.has("at_most")) return {};
    TRY(map_.read("at_most", task_.at_most.emplace(), 1));
    if (!task_.limit || task_.limit_per == LimitPer::subject) {
      return map_.error(
          "at_most",
          {"at_most without a limit that it goes beyond", "有 at_most 而没有可超出的 limit"},
          {"it says how far a task goes on after `limit` items, where the plan's `until` lets it",
           "它说明在计划的 `until` 允许时，任务在 `limit` 题之后可以做到多少题"},
          {"add 'limit: …' (counted over the task), or remove at_most",
           "加上 'limit: …'（按任务计数），或删去 at_most"});
    }
    if (*task_.at_most >= *task_.limit) return {};
    return map_.error("at_most",
                      bilingual("at_most {} is below limit {}", "at_most {} 小于 limit {}",
                                *task_.at_most, *task_.limit),
                      {"the limit is the least that is run", "limit 是至少运行的题数"},
                      {"raise at_most or lower limit", "增大 at_most 或减小 limit"});
  }

  Status read_expected_tokens() {
    for (const ExpectedKey& key : kExpectedKeys) {
      if (!map_.has(key.name)) continue;
      double& tokens = (task_.*key.member).emplace();
      TRY(map_.read(key.name, tokens));
      if (tokens >= 0 && tokens < kMostExpectedTokens) continue;
      return map_.error(
          key.name,
          bilingual("{} is no number of tokens", "{} 不是 token 数", map_.name_of(key.name)),
          {"it is what an item takes on average, all its steps together",
           "它是一道题平均用多少，各步加在一起"},
          {"leave it out to count what the plan and its rows tell", "不写则按计划和数据行估计"});
    }
    return {};
  }

  Status read_repeats() {
    task_.repeats_auto = map_.has("repeats") && map_.value("repeats").IsScalar() &&
                         map_.value("repeats").Scalar() == kRepeatsAuto;
    if (!task_.repeats_auto) return map_.read("repeats", task_.repeats, 1, 1000);
    if (plan_.until != Until::limits) return {};
    return map_.error("repeats",
                      {"repeats: auto in a run that ends at its limits",
                       "repeats: auto 用在了到 limit 为止的运行"},
                      {"it asks the items of a used-up set again for as long as the run goes on",
                       "它在题目用完后重复提问，直到运行结束"},
                      {"write a number, or 'until: decided' or 'until: budget' with a budget",
                       "写一个数，或写 'until: decided' 或 'until: budget' 并给预算"});
  }

  Status read_revision() {
    TRY(map_.read("revision", task_.revision));
    if (map_.has("data") && task_.data != "hub" && map_.has("revision")) {
      return map_.error(
          "revision", {"a folder has no revision", "目录没有 revision"},
          {"revisions are pinned for data sets of the hub", "只有 hub 上的数据集才固定 revision"},
          {"remove the key", "删去这个键"});
    }
    return {};
  }

  Status read_weight() {
    TRY(map_.read("weight", task_.weight));
    if (task_.weight >= 0) return {};
    return map_.error(
        "weight", bilingual("{} is negative", "{} 是负数", map_.name_of("weight")),
        {"it is the task's share in the pooled difference", "它是任务在合并差值中的份额"},
        {"write 0 or more", "写 0 或更大的数"});
  }

  // A share up to 1, or per cent above it.
  Status read_expect() {
    if (!map_.has("expect")) return {};
    const YamlMap map = TRY(YamlMap::open(map_.file(), map_.value("expect"), map_.name_of("expect"),
                                          key_names(PlanMap::expect)));
    if (!map.has("score")) {
      return map.missing("score", {"it is what the baseline should score", "它是基线应得的分数"},
                         {"add 'score: 85.2' (per cent)", "加上 'score: 85.2'（百分数）"});
    }
    ExpectedScore expect;
    TRY(map.read("score", expect.score));
    TRY(map.read("within_pp", expect.within_pp));
    TRY(map.read("source", expect.source));
    if (!(expect.score >= 0 && expect.score <= 100)) {
      return map.error("score", bilingual("{} is no score", "{} 不是得分", map.name_of("score")),
                       {"it is per cent, or a share up to 1", "它是百分数，或不超过 1 的比例"},
                       {"write for instance 85.2", "例如写 85.2"});
    }
    if (!(expect.within_pp > 0 && expect.within_pp < 100)) {
      return map.error(
          "within_pp", bilingual("{} is no tolerance", "{} 不是容差", map.name_of("within_pp")),
          {"it lies between 0 and 100 percentage points", "它在 0 到 100 个百分点之间"},
          {"write for instance 5", "例如写 5"});
    }
    if (expect.score > 1) expect.score /= 100;
    task_.expect = expect;
    return {};
  }

  Status check_harness_keys() {
    if (task_.harness == Harness::native && map_.has("lm_eval")) {
      return map_.error(
          "lm_eval", {"lm_eval arguments on a native task", "原生任务上写了 lm_eval 参数"},
          {"they are passed to lm-eval, which does not run this task",
           "它们会传给 lm-eval，而这个任务不由它运行"},
          {"add 'harness: lm_eval' or remove the key", "加上 'harness: lm_eval'，或删去这个键"});
    }
    if (task_.harness == Harness::lm_eval && (task_.repeats > 1 || task_.repeats_auto)) {
      return map_.error(
          "repeats",
          {"repeats on a task that runs through lm-eval", "由 lm-eval 运行的任务上写了 repeats"},
          {"lm-eval asks as often as its own task says", "问几次由 lm-eval 自己的任务决定"},
          {"remove the key, or add 'harness: native' to the task",
           "删去这个键，或在任务里加上 'harness: native'"});
    }
    if (task_.harness == Harness::lm_eval && map_.has("options")) {
      return map_.error(
          "options",
          {"options on a task that runs through lm-eval", "由 lm-eval 运行的任务上写了 options"},
          {"they belong to the native benchmarks", "它们属于原生基准"},
          {"write them as 'lm_eval: {…}'", "写成 'lm_eval: {…}'"});
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
        return map_.error(
            "max_gen_toks", bilingual("{} generates nothing", "{} 不生成文本", task_.benchmark),
            {"it is scored by the log-likelihood of its choices", "它按选项的对数似然评分"},
            {"remove the key", "删去这个键"});
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
          bilingual("{} leaves no room for the prompt", "{} 没有给提示词留出空间",
                    map_.name_of("max_gen_toks")),
          bilingual("prompt and output share max_model_len: {} of {} tokens are output",
                    "提示词与输出共用 max_model_len：{1} 个 token 中输出占 {0} 个", output, room),
          {"lower max_gen_toks or raise engine.max_model_len",
           "减小 max_gen_toks，或增大 engine.max_model_len"});
    }
    return {};
  }

  Status missing_max_gen_toks() {
    if (task_.harness == Harness::native) {
      return map_.missing("max_gen_toks",
                          {"the task generates text, and its length must be bounded",
                           "这个任务生成文本，长度必须有上限"},
                          {"add 'max_gen_toks: 1024' (output tokens an answer)",
                           "加上 'max_gen_toks: 1024'（每个回答的输出 token 数）"});
    }
    return map_.missing("max_gen_toks",
                        {"lm-eval would fall back to the task's own value, or to 256 tokens where "
                         "it has none, and cut answers short",
                         "lm-eval 会用任务自己的值，没有时用 256 个 token，回答会被截断"},
                        {"add 'max_gen_toks: 1024', or 0 for a task that generates nothing",
                         "加上 'max_gen_toks: 1024'，不生成文本的任务写 0"});
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
  return error_at(top.file(), bare.Mark(),
                  bilingual("'{}' is a task's name alone", "'{}' 只是一个任务名", name),
                  {"tasks are a list of maps: each says how long its answers may be",
                   "tasks 是映射的列表：每个任务要写明回答可以多长"},
                  bilingual("write below 'tasks:' a line '- {{name: {}{}}}'",
                            "在 'tasks:' 下面写一行 '- {{name: {}{}}}'", name,
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
    return top.missing("tasks", {"a plan runs benchmarks", "计划要运行基准"},
                       {"add 'tasks:' with a name each", "加上 'tasks:'，每个任务一个 name"});
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
  return top.error("tasks", {"all tasks have the weight 0", "所有任务的权重都是 0"},
                   {"the pooled difference would be empty", "合并差值会是空的"},
                   {"give one of them a weight above 0", "给其中一个大于 0 的权重"});
}

}  // namespace assay
