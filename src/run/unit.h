// One item of one repeat on its way through a variant: the steps it has, what it asks next.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "run/earlier_answers.h"
#include "run/keys.h"
#include "run/resolve.h"
#include "store/store.h"

namespace assay {

// An entry of the run's order: an item, in one of the passes that the order makes over its task.
struct Entry {
  std::string task;
  std::string item;
  int pass = 0;
  friend auto operator<=>(const Entry&, const Entry&) = default;
};
using ItemSet = std::set<Entry>;

// What an item asks next. Task and store make it anew whenever it is wanted, so it is kept only
// from then until its answer has come: the prompts of a hundred thousand items take gigabytes.
struct Question {
  Request request;
  Rendered prompt;  // its rendering, when the unit has one
};

struct Unit {
  const ResolvedTask* task = nullptr;
  std::size_t item_index = 0;
  int repeat = 0;
  Purpose purpose = Purpose::answer;  // or second_pass
  // Answered so far. Those of an answered item may be in the store alone (steps_stored).
  std::vector<StepResult> steps;
  bool steps_stored = false;

  enum class State {
    waiting,   // its next request is to be asked (rendered or not)
    asked,     // in flight
    answered,  // nothing left to ask: to be graded
    grading,
    scored,
    ungraded,  // answered, and time for grading is over
    not_run,
  };
  State state = State::waiting;
  bool has_prompt = false;  // state waiting: the store has the rendering of its next request
  int prompt_tokens = 0;    // of that rendering, to be read
  int max_tokens = 0;       // state waiting: what the next request may generate
  int most_steps = 1;       // requests of the item, as its task says
  int crashes = 0;          // engines that died while it was asked
  int failed_times = 0;     // earlier runs that set its next request aside; 0: none did
  std::unique_ptr<Question> question;  // see Replay::recall()
  // State waiting: keys of its next request. They are kept where the question is not, because
  // hashing a prompt costs more than all else that making it anew does.
  std::string rendered_key;
  std::string response_key;  // when has_prompt

  [[nodiscard]] Item item() const { return task->items[item_index]; }  // made anew
  [[nodiscard]] const std::string& item_id() const { return task->items.id(item_index); }
  // Which of the passes over the task's items it belongs to; one holds all of TaskSpec::repeats.
  [[nodiscard]] int pass() const { return repeat / task->spec.repeats; }
  [[nodiscard]] bool is_last_of_entry() const { return (repeat + 1) % task->spec.repeats == 0; }
  [[nodiscard]] Entry entry() const { return {task->spec.name, item_id(), pass()}; }
  // The limits do not ask for it.
  [[nodiscard]] bool is_beyond_limits() const { return item_index >= task->least() || pass() > 0; }
  // Under which its steps and its score are stored.
  [[nodiscard]] AnswerId id(const std::string& variant) const {
    return {variant, task->spec.name, item_id(), repeat, purpose};
  }
};

// Moves units forward from what the store holds, as far as it goes, without an engine.
class Replay {
 public:
  // `earlier`: another folder's answers, for what the store does not hold; nullptr: none.
  Replay(const ResolvedRun& run, const ResolvedVariant& variant, EngineIdentity identity,
         int max_model_len, Store& store, EarlierAnswers* earlier = nullptr);

  // Asks the task for the next request until one is not in the store (state waiting), the item is
  // answered, or its score is stored (scored). What one earlier run set aside as an engine error
  // counts as not stored: it is asked once more, and what two runs set aside stays so. A later step
  // whose prompt does not fit is recorded as such; a first one is a usage error naming the item and
  // its tokens.
  [[nodiscard]] Status advance(Unit& unit) const;
  // State waiting: makes unit.question anew where it was dropped. Whoever has no more use for a
  // question drops it; the functions here leave the one they worked on in place.
  [[nodiscard]] Status recall(Unit& unit) const;
  // Fills in the rendering the engine gave for the unit's request, stores it, and goes on. A usage
  // error when the plan's system message does not stand in it.
  [[nodiscard]] Status set_prompt(Unit& unit, const Rendered& prompt) const;
  // Stores the engine's answer and goes on.
  [[nodiscard]] Status set_response(Unit& unit, Response response, std::int64_t load_id) const;

  // The keys under which the unit's current request is stored: its own, and for log-likelihoods
  // each continuation's.
  [[nodiscard]] std::vector<std::string> keys_of(const Unit& unit) const;

  // lm-eval runs tasks of this plan too and may ask the same.
  [[nodiscard]] bool beside_lm_eval() const { return beside_lm_eval_; }

  // The request's longest total length, in tokens, prompt and output.
  [[nodiscard]] static int total_tokens(const Question& question);

 private:
  // Makes unit.question; false: the task asks nothing more.
  [[nodiscard]] Result<bool> make_question(Unit& unit) const;
  [[nodiscard]] std::string key_of(const Unit& unit) const;
  [[nodiscard]] Result<bool> take_stored(Unit& unit) const;
  [[nodiscard]] Result<std::optional<Response>> known_response(const Unit& unit) const;
  [[nodiscard]] Result<std::optional<Response>> stored_parts(const Unit& unit) const;
  Status put_parts(const Unit& unit, const Response& response, std::int64_t load_id) const;
  // Puts down which answer the unit's next step has. No key: its prompt did not fit.
  Status put_step(const Unit& unit, const std::string& response_key) const;

  const ResolvedRun& run_;
  const ResolvedVariant& variant_;
  DrawSeed draw_seed_;
  EngineIdentity identity_;
  int max_model_len_;
  Store& store_;
  EarlierAnswers* earlier_;
  bool beside_lm_eval_;
};

// The stored answers to all steps of an item; nothing while it is not answered in full.
[[nodiscard]] Result<std::optional<std::vector<StepResult>>> answered_steps(
    const ResolvedRun& run, const Store& store, const AnswerId& id, const ResolvedTask& task,
    const Item& item);

// Whose answers are scored, and of which pass: every variant's, in running order, then the second
// pass of the baseline.
[[nodiscard]] std::vector<std::pair<std::string, Purpose>> passes_of(const ResolvedRun& run);

// The units of a variant in the order they are admitted: the entries of order_of_items, an entry's
// repeats side by side. Unavailable tasks and those lm-eval runs are left out.
[[nodiscard]] std::vector<Unit> make_units(const ResolvedRun& run);

// The units of the baseline's second pass over the items of `finished`: tasks interleaved as above,
// but the items of a task by SHA-256("second pass\n<seed>\n<item id>"), so that others run beside
// them, and with as many repeats as are finished.
[[nodiscard]] std::vector<Unit> make_second_pass(const ResolvedRun& run, const ItemSet& finished);

}  // namespace assay
