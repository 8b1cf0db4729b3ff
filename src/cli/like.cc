#include "cli/like.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>

#include "base/language.h"
#include "data/own_length.h"
#include "plan/frozen.h"
#include "stats/item_pair.h"
#include "stats/looks.h"
#include "store/graded_time.h"
#include "store/looks_kept.h"
#include "store/store.h"

namespace assay {
namespace {

// Which task's steps a response answers, as often as it does.
struct Answers {
  std::unordered_map<std::string, std::vector<std::size_t>> tasks_of;  // by response key
  std::vector<double> answers;                                         // by task
  std::vector<double> items;                                           // by task; of each variant
};

Result<Answers> answers_of(const Store& store, const FrozenPlan& frozen) {
  std::map<std::string, std::size_t> places;
  for (std::size_t t = 0; t < frozen.tasks.size(); ++t) places[frozen.tasks[t].name] = t;
  Answers out;
  out.answers.resize(frozen.tasks.size(), 0);
  out.items.resize(frozen.tasks.size(), 0);
  for (const FrozenVariant& variant : frozen.variants) {
    TRY(store.each_step(variant.name, Purpose::answer, [&](const StoredStep& step) -> Status {
      const auto place = places.find(step.id.task);
      if (place == places.end() || step.response_key.empty()) return {};
      out.tasks_of[step.response_key].push_back(place->second);
      if (step.step > 0) return {};
      out.answers[place->second] += 1;
      out.items[place->second] += step.id.repeat == 0 ? 1 : 0;
      return {};
    }));
  }
  return out;
}

// Of the first items that a variant has answered, all their steps. Nothing: the store has none.
Result<std::optional<double>> prompt_tokens_of(const Store& store, const FrozenPlan& frozen,
                                               const FrozenTask& task) {
  for (const FrozenVariant& variant : frozen.variants) {
    std::vector<std::vector<int>> prompts;
    double items = 0;
    for (std::size_t i = 0; i < std::min(task.items.size(), kPromptsOfItems); ++i) {
      const AnswerId id{variant.name, task.name, task.items[i].id, 0, Purpose::answer};
      const std::size_t before = prompts.size();
      for (const StoredStep& step : TRY(store.steps(id))) {
        auto rendered = TRY(store.rendered(step.rendered_key));
        if (rendered) prompts.push_back(std::move(rendered->prompt_tokens));
      }
      items += prompts.size() > before ? 1 : 0;
    }
    if (items > 0) return static_cast<double>(length_of_their_own(std::move(prompts))) / items;
  }
  return std::nullopt;
}

Result<std::map<std::string, MeasuredTask>> measured_tasks(const Store& store,
                                                           const FrozenPlan& frozen) {
  const Answers answers = TRY(answers_of(store, frozen));
  std::vector<double> tokens(frozen.tasks.size(), 0);
  TRY(store.each_response(
      [&](std::string_view key) { return answers.tasks_of.contains(std::string(key)); },
      [&](const std::string& key, const Response& response) -> Status {
        for (const std::size_t task : answers.tasks_of.at(key)) {
          tokens[task] += output_tokens(response);
        }
        return {};
      }));
  std::map<std::string, MeasuredTask> out;
  for (std::size_t t = 0; t < frozen.tasks.size(); ++t) {
    const FrozenTask& task = frozen.tasks[t];
    if (answers.answers[t] == 0) continue;
    const GradedTime graded = TRY(graded_time(store, task.name));
    out[task.name] = {.answer_tokens = tokens[t] / answers.answers[t],
                      .max_gen_toks = task.max_gen_toks,
                      .items = answers.items[t],
                      .prompt_tokens = TRY(prompt_tokens_of(store, frozen, task)),
                      .grading_s = graded.answers > 0 ? graded.seconds / graded.answers : 0};
  }
  return out;
}

std::span<const RepeatScore> first_answers(const ItemOutcome& item, int repeats) {
  const auto end = std::ranges::lower_bound(item.settled, repeats, {}, &RepeatScore::repeat);
  return {item.settled.begin(), end};
}

// The pairs of one candidate, task by task. Of what an order asks several times the first answers
// count: how much those of one item differ is what is looked for.
std::vector<PoolTask> pairs_of(const std::vector<LookTask>& tasks, const SideOutcomes& baseline,
                               const SideOutcomes& candidate) {
  std::vector<PoolTask> out;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    PoolTask& task = out.emplace_back(tasks[t].name, tasks[t].weight);
    if (t >= baseline.size() || t >= candidate.size()) continue;
    const std::size_t items = std::min(baseline[t].size(), candidate[t].size());
    for (std::size_t i = 0; i < items; ++i) {
      const auto pair = pair_of(first_answers(baseline[t][i], tasks[t].repeats),
                                first_answers(candidate[t][i], tasks[t].repeats));
      if (pair) task.pairs.push_back(*pair);
    }
  }
  return out;
}

Result<std::optional<double>> measured_discordance(const Store& store, const FrozenPlan& frozen) {
  std::vector<std::size_t> order;  // its own order does not matter
  for (std::size_t t = 0; t < frozen.tasks.size(); ++t) {
    order.insert(order.end(), frozen.tasks[t].items.size(), t);
  }
  const std::vector<LookTask> tasks = look_tasks_of(frozen, order);
  auto outcomes = TRY(read_outcomes(store, tasks, /*judge_to_come=*/false));
  std::string baseline;
  for (const FrozenVariant& variant : frozen.variants) {
    if (variant.baseline) baseline = variant.name;
  }
  std::optional<double> most;
  for (const FrozenVariant& variant : frozen.variants) {
    if (variant.baseline) continue;
    const BlindedSpread spread =
        blinded_spread(pairs_of(tasks, outcomes[baseline], outcomes[variant.name]));
    if (spread.pairs == 0) continue;
    const auto pairs = static_cast<double>(spread.pairs);
    const double discordance = (spread.discordance * pairs + 1) / (pairs + 2);
    most = std::max(most.value_or(0), discordance);
  }
  return most;
}

Result<ExpectedSpeed> measured_speed(const Store& store,
                                     const std::map<std::string, MeasuredTask>& tasks) {
  ExpectedSpeed out;
  double loads = 0;
  double work_s = 0;
  double tokens = 0;
  for (const auto& [name, task] : tasks) {
    tokens += kPromptTokenCost * task.items * task.prompt_tokens.value_or(0);
  }
  for (const StoredLoad& load : TRY(store.loads())) {
    loads += 1;
    out.load_s += load.facts.load_s;
    work_s += load.facts.work_s;
    tokens += static_cast<double>(load.facts.generated_tokens);
  }
  if (loads > 0) out.load_s /= loads;
  if (work_s > 0) out.tokens_per_s = tokens / work_s;
  return out;
}

}  // namespace

Result<MeasuredRun> measured_run(const std::filesystem::path& folder) {
  const Store store = TRY(Store::open(folder, Store::Mode::read));
  const auto text = TRY(store.meta("frozen"));
  if (!text) {
    return usage_error(
        bilingual("--like {} tells nothing", "--like {} 说明不了什么", folder.string()),
        {"its store holds no frozen plan: no run has begun there",
         "它的存储里没有冻结计划：那里没有开始过运行"},
        {"name the folder of a run that has answered something", "给出一个已有回答的运行目录"});
  }
  const FrozenPlan frozen = TRY(frozen_from_store(*text, TRY(store.meta("frozen_hash"))));
  MeasuredRun out;
  out.tasks = TRY(measured_tasks(store, frozen));
  out.discordance = TRY(measured_discordance(store, frozen));
  out.speed = TRY(measured_speed(store, out.tasks));
  return out;
}

std::vector<std::string> settings_like(const MeasuredRun& measured, const Plan& plan,
                                       bool says_discordance) {
  std::vector<std::string> settings;
  for (std::size_t t = 0; t < plan.tasks.size(); ++t) {
    const TaskSpec& task = plan.tasks[t];
    const auto found = measured.tasks.find(task.name);
    if (found == measured.tasks.end()) continue;
    const MeasuredTask& there = found->second;
    const auto set = [&](const std::optional<double>& said, const char* key, double tokens) {
      if (!said) settings.push_back(fmt::format("tasks.{}.{}={:.1f}", t, key, tokens));
    };
    const bool as_long = task.max_gen_toks && there.max_gen_toks >= *task.max_gen_toks;
    if (as_long && there.max_gen_toks > 0) {
      set(task.expected_tokens, "expected_tokens", there.answer_tokens);
    }
    if (there.prompt_tokens) {
      set(task.expected_prompt_tokens, "expected_prompt_tokens", *there.prompt_tokens);
    }
    if (there.grading_s > 0 && measured.speed.tokens_per_s > 0) {
      set(task.expected_grading_tokens, "expected_grading_tokens",
          there.grading_s * measured.speed.tokens_per_s);
    }
  }
  if (measured.discordance && !says_discordance) {
    settings.push_back(fmt::format("expected_discordance={:.4f}", *measured.discordance));
  }
  return settings;
}

}  // namespace assay
