// The units of one variant, and where each stands between the store, the engine and its score.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/deadline.h"
#include "run/lanes.h"
#include "run/source.h"
#include "run/unit.h"

namespace assay {

// Units are known by their number, which is also the order in which they are admitted.
class WorkList final : public Source {
 public:
  // `max_model_len`: of the engine, in tokens; 0: not known. `earlier`: as Replay has it.
  WorkList(const ResolvedRun& run, const ResolvedVariant& variant, const EngineIdentity& identity,
           int max_model_len, Store& store, EarlierAnswers* earlier = nullptr);

  // Lists the variant's units and moves each as far as the store goes. Those of items that are not
  // in `allowed` are not run; nullptr: all are. Usage errors: a first prompt cannot fit. Ends with
  // an error (interrupted) when a signal comes: of 100,000 units it takes half a minute.
  [[nodiscard]] Status fill(const ItemSet* allowed, const Deadline& until = Deadline());
  // Adds the baseline's second pass over the items finished so far.
  [[nodiscard]] Status add_second_pass(const Deadline& until = Deadline());

  [[nodiscard]] const std::vector<Unit>& units() const { return units_; }
  [[nodiscard]] const Unit& at(std::size_t unit) const { return units_[unit]; }
  // Units that wait for an engine.
  [[nodiscard]] int waiting() const;
  // Entries whose every repeat is answered, second passes aside.
  [[nodiscard]] ItemSet finished_items() const;

  // Some at a time.
  [[nodiscard]] Result<std::vector<Request>> to_render() override;
  // Where the store knows the answer a unit goes on, and its next request may be one to render.
  [[nodiscard]] Status set_prompts(const std::vector<Rendered>& prompts) override;

  // The next unit that is answered in part: its item was admitted with all its steps. Else the
  // first waiting unit of each task of which none is begun.
  [[nodiscard]] std::vector<Offer> offers() override;
  // The first waiting unit of each task that none was asked of, in this order.
  [[nodiscard]] std::vector<RequestCost> first_costs() const;
  [[nodiscard]] Status ask(Engine& engine, std::size_t unit, std::int64_t id) override;
  [[nodiscard]] std::optional<std::size_t> suspect() const override;
  [[nodiscard]] int in_flight() const override { return static_cast<int>(asked_.size()); }
  [[nodiscard]] int prompt_tokens_in_flight() const override;
  [[nodiscard]] bool first_answers_due() const override {
    return answered_tasks_.size() < begun_tasks_.size();
  }
  // True while a request that is stored under this key is in flight; known only in plans that have
  // tasks of lm-eval, which may ask the same.
  [[nodiscard]] bool asks(const std::string& key) const { return keys_asked_.contains(key); }
  // Stores the answer to the unit's request, and moves it on.
  [[nodiscard]] Result<bool> on_answer(Engine& engine, const Answered& answered,
                                       std::int64_t load_id) override;
  // What was in flight waits again and is suspect.
  [[nodiscard]] Status on_death(const std::string& why, bool alone, std::int64_t load_id) override;
  [[nodiscard]] bool has_accused() const override { return !accused_.empty(); }
  // The shortest of the answered ones.
  [[nodiscard]] std::optional<Canary> canary() const override { return proven_; }
  // Set aside as an engine error, until a later run asks once more.
  [[nodiscard]] Status convict(std::int64_t load_id) override;
  void acquit() override { accused_.clear(); }

  // No more time: what waits, or is in flight, is not run.
  void drop_waiting();
  [[nodiscard]] Status drop_waiting(Engine* /*engine*/) override {
    drop_waiting();
    return {};
  }
  void drop_asked() override;
  // Entries beyond the limits are wanted no longer: they are not run, and what is in flight of them
  // is cancelled. `engine` may be null.
  void drop_beyond_limits(Engine* engine);
  // Entries from the beginning of the order of which every unit is scored.
  [[nodiscard]] std::size_t scored_from_the_front();
  // What was answered after an item of its task that was begun and not finished in time: it is not
  // run either, so that what counts is a prefix. Gives those answers.
  [[nodiscard]] std::vector<AnswerId> end_at_first_gap();

  // The next unit to be graded.
  [[nodiscard]] std::optional<std::size_t> next_to_grade() const;
  // Its answers, for a grader; a unit that gets none after all gets them back.
  [[nodiscard]] Result<std::vector<StepResult>> take_steps(std::size_t unit);
  void give_back(std::size_t unit, std::vector<StepResult> steps) {
    units_[unit].steps = std::move(steps);
  }
  void set_grading(std::size_t unit);
  // Time for grading is over: each task's lane ends at its first answer without a score, for the
  // answers after it too, whose scores would favour quick programs. Gives those answers; they count
  // as finished.
  [[nodiscard]] std::vector<AnswerId> end_at_first_ungraded();
  // Answered and not scored, with graders or on the way to them.
  [[nodiscard]] int being_graded() const;
  // The same, and what time left ungraded.
  [[nodiscard]] int ungraded() const;
  void set_scored(std::size_t unit);
  // How long the grading of an answer takes at worst when so many of such tasks go before it; until
  // it is set, no time.
  void set_grading_time(std::function<double(int before_it)> seconds) {
    grading_s_ = std::move(seconds);
  }

 private:
  // Units are counted by their state, because the loop asks all the time how many wait.
  static constexpr std::size_t place_of(Unit::State state) {
    return static_cast<std::size_t>(state);
  }
  void count(Unit::State state, int change) { counts_[place_of(state)] += change; }
  [[nodiscard]] int counted(Unit::State state) const { return counts_[place_of(state)]; }
  void move_to(Unit& unit, Unit::State state) {
    count(unit.state, -1);
    count(state, 1);
    unit.state = state;
  }
  // For what moves the unit itself.
  template <typename Move>
  Status moving(Unit& unit, Move move) {
    const Unit::State before = unit.state;
    Status moved = move();
    count(before, -1);
    count(unit.state, 1);
    return moved;
  }
  [[nodiscard]] RequestCost cost_of(const Unit& unit, double grading_s) const;
  [[nodiscard]] double grading_s() const;
  Status read_scored();
  Status take_up(std::size_t unit);
  void put_where_it_belongs(std::size_t unit);
  void put_to_grade(std::size_t unit);
  void count_keys(std::size_t unit, int change);
  void set_asked(std::size_t unit, std::int64_t id);
  Status count_crash(std::size_t unit, bool alone, const std::string& why);
  void remember(const Unit& unit, const Response& response);

  const ResolvedRun& run_;
  const ResolvedVariant& variant_;
  Store& store_;
  Replay replay_;
  std::vector<Unit> units_;
  std::array<int, static_cast<std::size_t>(Unit::State::not_run) + 1> counts_{};
  std::set<AnswerId> scored_;
  std::deque<std::size_t> to_render_;
  std::deque<std::size_t> to_render_later_;  // first requests of items beyond the limits
  std::unordered_set<std::size_t> ready_;    // first requests that wait and have their prompt
  Lanes lanes_;
  std::deque<std::size_t> begun_;
  std::set<const ResolvedTask*> begun_tasks_;            // an item of it was asked
  std::set<const ResolvedTask*> answered_tasks_;         // an answer came, or an engine error
  std::unordered_map<std::int64_t, std::size_t> asked_;  // request id -> unit
  std::map<std::string, int> keys_asked_;
  std::deque<std::size_t> to_grade_;
  int programs_in_grading_ = 0;  // of to_grade_'s tasks with programs, given to graders
  std::function<double(int)> grading_s_;
  std::vector<std::pair<std::size_t, std::string>> accused_;  // unit, and what the engine died of
  std::optional<Canary> proven_;
  int proven_tokens_ = 0;  // of its answer
  // Units from the first on that are scored, and their items.
  std::size_t scored_units_ = 0;
  std::size_t scored_items_ = 0;
};

}  // namespace assay
