#include "run/unit.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/hash.h"
#include "base/text.h"
#include "data/sampling.h"
#include "score/think.h"
#include "task/prompt.h"
#include "values/score.h"

namespace assay {
namespace {

// Part of the second pass's requests, and so of the keys of their responses: stored ones are found
// again only while it stays as it is.
constexpr const char* kSecondPassSalt = "(second pass)";

// Runs that ask a request of which the engine fails before it is set aside for good.
constexpr int kMostFailures = 2;

// How many earlier runs asked in vain; 0: it was answered, or asked again it would fail the same.
int failures_of(const Response& stored) {
  if (stored.finish_reason != FinishReason::error || stored.error == reason::kPromptDoesNotFit) {
    return 0;
  }
  return std::max(1, stored.failed_times);  // older stores hold no count
}

// A thought that the template opened in the prompt and that the limit cut stands in no tag of its
// own. It gets one, so that what it holds is not taken for an answer.
Response as_answer(Response response, const Rendered& prompt) {
  const std::string_view opened_by = opened_thought(prompt.text);
  const bool cut = response.finish_reason == FinishReason::length && !opened_by.empty() &&
                   !strip_thinking(response.text, opened_by).closed;
  if (cut) response.text.insert(0, std::string(opened_by) + "\n");
  for (std::size_t i = 0; i < response.loglikelihoods.size() && i < prompt.scored.size(); ++i) {
    const Rendered::Scored& scored = prompt.scored[i];
    const int wanted = static_cast<int>(scored.tokens.size()) - scored.continuation_start;
    response.loglikelihoods[i].missing = std::max(0, wanted - response.loglikelihoods[i].tokens);
  }
  return response;
}

// A template that refuses or ignores system messages must not drop the plan's own instruction.
Status check_system_message(const ChatSpec& chat, const Unit& unit, const Rendered& prompt) {
  const std::string system(trim(chat.system));
  const bool rendered_here = !prompt.prompt_tokens.empty() || !prompt.scored.empty();
  if (!chat.apply_template || system.empty() || prompt.text.empty() || !rendered_here) return {};
  if (prompt.text.find(system) != std::string::npos) return {};
  return usage_error("the model's chat template drops the plan's system message",
                     fmt::format("chat.system does not stand in the prompt of task {}, item {}",
                                 unit.task->spec.name, unit.item_id()),
                     "remove chat.system, or use a template that takes a system message");
}

void take_prompt(Unit& unit, Rendered prompt) {
  unit.prompt_tokens = tokens_to_read(prompt);
  unit.question->prompt = std::move(prompt);
  unit.has_prompt = true;
}

// A task is a pure function, and what is rendered stays in the store.
Status no_question(const Unit& unit) {
  return environment_error(
      fmt::format("the question of task {}, item {} cannot be made again", unit.task->spec.name,
                  unit.item_id()),
      "its prompt is no longer in the store, or the task asks something else than before",
      "see that nothing else writes to the output folder, then run the same command again");
}

}  // namespace

Replay::Replay(const ResolvedRun& run, const ResolvedVariant& variant, EngineIdentity identity,
               int max_model_len, Store& store, EarlierAnswers* earlier)
    : run_(run),
      variant_(variant),
      draw_seed_(draw_seed_of(run.plan, variant.spec)),
      identity_(std::move(identity)),
      max_model_len_(max_model_len),
      store_(store),
      earlier_(earlier),
      beside_lm_eval_(std::any_of(run.tasks.begin(), run.tasks.end(), [](const ResolvedTask& task) {
        return task.spec.harness == Harness::lm_eval;
      })) {}

Status Replay::put_step(const Unit& unit, const std::string& response_key) const {
  return store_.put_step({unit.id(variant_.spec.name), static_cast<int>(unit.steps.size()),
                          response_key, unit.rendered_key});
}

int Replay::total_tokens(const Question& question) {
  int longest =
      static_cast<int>(question.prompt.prompt_tokens.size()) + question.request.sampling.max_tokens;
  for (const Rendered::Scored& s : question.prompt.scored) {
    longest = std::max(longest, static_cast<int>(s.tokens.size()) + 1);
  }
  return longest;
}

Result<bool> Replay::make_question(Unit& unit) const {
  const Item item = unit.item();
  NextRequest next = TRY(unit.task->task->next(item, unit.steps, run_.context(*unit.task)));
  if (!next) return false;
  auto question = std::make_unique<Question>();
  question->request = *std::move(next);
  set_sampling_seed(question->request, draw_seed_, item.id, unit.repeat,
                    static_cast<int>(unit.steps.size()));
  // The same question with a key of its own, and computed anew.
  if (unit.purpose == Purpose::second_pass) {
    question->request.sampling.cache_salt = kSecondPassSalt;
  }
  unit.question = std::move(question);
  return true;
}

std::string Replay::key_of(const Unit& unit) const {
  const Question& question = *unit.question;
  return response_key(variant_, identity_, question.request.kind, question.prompt,
                      question.request.sampling, unit.repeat);
}

Status Replay::recall(Unit& unit) const {
  if (unit.question) return {};
  if (!TRY(make_question(unit))) return no_question(unit);
  if (!unit.has_prompt) return {};
  auto prompt = TRY(store_.rendered(unit.rendered_key));
  if (!prompt) return no_question(unit);
  unit.question->prompt = *std::move(prompt);
  return {};
}

Status Replay::advance(Unit& unit) const {
  while (true) {
    if (!unit.has_prompt) {
      if (!TRY(make_question(unit))) {
        unit.state = Unit::State::answered;
        return {};
      }
      unit.state = Unit::State::waiting;
      unit.rendered_key = render_key(variant_, run_.plan.chat, unit.question->request);
      unit.prompt_tokens = 0;
      unit.max_tokens = unit.question->request.sampling.max_tokens;
      auto prompt = TRY(store_.rendered(unit.rendered_key));
      if (!prompt && earlier_ != nullptr) {
        prompt = TRY(earlier_->rendered(unit.rendered_key, store_));
      }
      if (!prompt) return {};  // the engine must render it
      take_prompt(unit, *std::move(prompt));
    }
    if (!TRY(take_stored(unit))) return {};
  }
}

// True when the current request was settled from the store (or did not fit).
Result<bool> Replay::take_stored(Unit& unit) const {
  Question& question = *unit.question;
  if (max_model_len_ > 0 && total_tokens(question) > max_model_len_) {
    // What the limits ask for must be possible; an item beyond them is unscored, for every variant.
    if (unit.steps.empty() && !unit.is_beyond_limits()) {
      return usage_error(fmt::format("a prompt of task {} does not fit: item {}",
                                     unit.task->spec.name, unit.item_id()),
                         fmt::format("prompt and output need {} tokens, max_model_len is {}",
                                     total_tokens(question), max_model_len_),
                         "lower the task's max_gen_toks or raise max_model_len");
    }
    TRY(put_step(unit, ""));
    unit.steps.push_back(StepResult{{}, true});
    unit.has_prompt = false;
    return true;
  }
  unit.response_key = key_of(unit);
  auto response = TRY(known_response(unit));
  if (!response) return false;
  unit.failed_times = failures_of(*response);
  if (unit.failed_times > 0 && unit.failed_times < kMostFailures) return false;
  TRY(put_step(unit, unit.response_key));
  unit.steps.push_back(StepResult{as_answer(*std::move(response), question.prompt), false});
  unit.has_prompt = false;
  return true;
}

Result<std::optional<Response>> Replay::known_response(const Unit& unit) const {
  auto response = TRY(store_.response(unit.response_key));
  if (response) return response;
  response = TRY(stored_parts(unit));
  if (response) {
    TRY(store_.put_response(unit.response_key, *response, 0));
    return response;
  }
  if (earlier_ == nullptr) return std::nullopt;
  return earlier_->response(unit.response_key, variant_.spec.name, store_);
}

// The continuations of a log-likelihood request, when lm-eval has asked for all of them one by one.
Result<std::optional<Response>> Replay::stored_parts(const Unit& unit) const {
  if (unit.question->request.kind != RequestKind::loglikelihood ||
      unit.question->prompt.scored.size() < 2) {
    return std::nullopt;
  }
  Response whole;
  for (const std::string& key :
       part_keys(variant_, identity_, unit.question->prompt, unit.repeat)) {
    const auto part = TRY(store_.response(key));
    if (!part || part->loglikelihoods.size() != 1) return std::nullopt;
    whole.loglikelihoods.push_back(part->loglikelihoods.front());
    whole.prompt_tokens += part->prompt_tokens;
  }
  return whole;
}

std::vector<std::string> Replay::keys_of(const Unit& unit) const {
  std::vector<std::string> keys = {unit.response_key};
  if (unit.question->request.kind == RequestKind::loglikelihood &&
      unit.question->prompt.scored.size() > 1) {
    for (std::string& key : part_keys(variant_, identity_, unit.question->prompt, unit.repeat)) {
      keys.push_back(std::move(key));
    }
  }
  return keys;
}

// Each continuation's figure under its own key, where lm-eval looks for it.
Status Replay::put_parts(const Unit& unit, const Response& response, std::int64_t load_id) const {
  const std::size_t count = unit.question->prompt.scored.size();
  if (!beside_lm_eval_ || unit.question->request.kind != RequestKind::loglikelihood || count < 2 ||
      response.loglikelihoods.size() != count) {
    return {};
  }
  const auto keys = part_keys(variant_, identity_, unit.question->prompt, unit.repeat);
  for (std::size_t i = 0; i < count; ++i) {
    Response part;
    part.loglikelihoods = {response.loglikelihoods[i]};
    part.prompt_tokens = static_cast<int>(unit.question->prompt.scored[i].tokens.size());
    TRY(store_.put_response(keys[i], part, load_id));
  }
  return {};
}

Status Replay::set_prompt(Unit& unit, const Rendered& prompt) const {
  TRY(recall(unit));
  TRY(check_system_message(run_.plan.chat, unit, prompt));
  TRY(store_.put_rendered(unit.rendered_key, prompt));
  take_prompt(unit, prompt);
  if (!TRY(take_stored(unit))) return {};
  return advance(unit);
}

Status Replay::set_response(Unit& unit, Response response, std::int64_t load_id) const {
  TRY(recall(unit));
  if (response.finish_reason == FinishReason::error) {
    response.failed_times = std::exchange(unit.failed_times, 0) + 1;
  }
  TRY(store_.put_response(unit.response_key, response, load_id));
  TRY(put_parts(unit, response, load_id));
  TRY(put_step(unit, unit.response_key));
  unit.steps.push_back(StepResult{as_answer(std::move(response), unit.question->prompt), false});
  unit.has_prompt = false;
  return advance(unit);
}

Result<std::optional<std::vector<StepResult>>> answered_steps(const ResolvedRun& run,
                                                              const Store& store,
                                                              const AnswerId& id,
                                                              const ResolvedTask& task,
                                                              const Item& item) {
  std::vector<StepResult> out;
  for (const StoredStep& step : TRY(store.steps(id))) {
    StepResult result;
    result.prompt_did_not_fit = step.response_key.empty();
    if (!result.prompt_did_not_fit) {
      auto response = TRY(store.response(step.response_key));
      if (!response) return std::nullopt;
      const auto prompt = TRY(store.rendered(step.rendered_key));
      result.response = as_answer(*std::move(response), prompt.value_or(Rendered()));
    }
    out.push_back(std::move(result));
  }
  if (out.empty()) return std::nullopt;
  const auto next = task.task->next(item, out, run.context(task));
  if (!next || *next) return std::nullopt;
  return out;
}

namespace {

// The units of an entry of the order.
void add_entry(const ResolvedRun& run, const ResolvedTask& task, std::size_t item, std::size_t pass,
               Purpose purpose, std::vector<Unit>& units) {
  for (int repeat = 0; repeat < task.spec.repeats; ++repeat) {
    if (!run.asks_repeat(repeat)) continue;
    Unit unit;
    unit.task = &task;
    unit.item_index = item;
    unit.repeat = static_cast<int>(pass) * task.spec.repeats + repeat;
    unit.purpose = purpose;
    units.push_back(std::move(unit));
  }
}

}  // namespace

std::vector<std::pair<std::string, Purpose>> passes_of(const ResolvedRun& run) {
  std::vector<std::pair<std::string, Purpose>> passes;
  passes.reserve(run.variants.size() + 1);
  for (const ResolvedVariant& variant : run.variants) {
    passes.emplace_back(variant.spec.name, Purpose::answer);
  }
  passes.emplace_back(run.baseline().spec.name, Purpose::second_pass);
  return passes;
}

std::vector<Unit> make_units(const ResolvedRun& run) {
  std::vector<Unit> units;
  for (const ItemRef& ref : order_of_items(run)) {
    add_entry(run, run.tasks[ref.task], ref.item, ref.pass, Purpose::answer, units);
  }
  return units;
}

std::vector<Unit> make_second_pass(const ResolvedRun& run, const ItemSet& finished) {
  std::vector<std::vector<std::size_t>> orders;  // a task's items, by index
  std::vector<std::size_t> sizes;
  for (const ResolvedTask& task : run.tasks) {
    std::vector<std::pair<std::string, std::size_t>> by_hash;
    for (std::size_t i = 0; task.items_are_ours() && i < task.items.size(); ++i) {
      const std::string& id = task.items.id(i);
      if (!finished.contains({task.spec.name, id})) continue;
      by_hash.emplace_back(sha256_hex(fmt::format("second pass\n{}\n{}", run.plan.seed, id)), i);
    }
    std::ranges::sort(by_hash);
    auto& order = orders.emplace_back();
    for (const auto& [hash, index] : by_hash) order.push_back(index);
    sizes.push_back(order.size());
  }
  std::vector<Unit> units;
  for (const ItemRef& ref : interleave(sizes)) {
    const ResolvedTask& task = run.tasks[ref.task];
    const std::size_t item = orders[ref.task][ref.item];
    Entry entry{task.spec.name, task.items.id(item)};
    for (; finished.contains(entry); ++entry.pass) {
      add_entry(run, task, item, static_cast<std::size_t>(entry.pass), Purpose::second_pass, units);
    }
  }
  return units;
}

}  // namespace assay
