// The units of one variant, and where each stands between the store, the engine and its score.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "run/lanes.h"
#include "run/unit.h"

namespace assay {

// Units are known by their number, which is also the order in which they are admitted.
class WorkList {
 public:
  // `max_model_len`: of the engine, in tokens; 0: not known.
  WorkList(const ResolvedRun& run, const ResolvedVariant& variant, const EngineIdentity& identity,
           int max_model_len, Store& store);

  // Lists the variant's units and moves each as far as the store goes. Those of items that are not
  // in `allowed` are not run; nullptr: all are. Usage errors: a first prompt cannot fit.
  [[nodiscard]] Status fill(const ItemSet* allowed);
  // Adds the baseline's second pass over the items finished so far.
  [[nodiscard]] Status add_second_pass();

  [[nodiscard]] const std::vector<Unit>& units() const { return units_; }
  [[nodiscard]] const Unit& at(std::size_t unit) const { return units_[unit]; }
  // Units that wait for an engine.
  [[nodiscard]] int waiting() const;
  // Items whose every repeat is answered, second passes aside.
  [[nodiscard]] ItemSet finished_items() const;

  // Requests whose prompt no engine has rendered yet.
  [[nodiscard]] std::vector<Request> to_render() const;
  // Their prompts, one for each. Where the store knows the answer a unit goes on, and its next
  // request may be one to render.
  [[nodiscard]] Status set_prompts(const std::vector<Rendered>& prompts);

  // The next unit that is answered in part: its item was admitted with all its steps.
  [[nodiscard]] std::optional<std::size_t> next_begun();
  // The first waiting unit of each task of which none is begun, by its number.
  [[nodiscard]] std::map<std::size_t, const ResolvedTask*> fronts();
  // The next unit that an engine died of.
  [[nodiscard]] std::optional<std::size_t> next_suspect() const;

  // The unit's request is with the engine, under this id.
  void set_asked(std::size_t unit, std::int64_t id);
  [[nodiscard]] int in_flight() const { return static_cast<int>(asked_.size()); }
  [[nodiscard]] int prompt_tokens_in_flight() const;
  // True while a request that is stored under this key is in flight; known only in plans that have
  // tasks of lm-eval, which may ask the same.
  [[nodiscard]] bool asks(const std::string& key) const { return keys_asked_.contains(key); }
  // The unit asked under this id; nothing: it was not one of these. It is no longer in flight.
  [[nodiscard]] std::optional<std::size_t> take_asked(std::int64_t id);
  // Stores the answer to the unit's request, and moves it on.
  [[nodiscard]] Status set_response(std::size_t unit, const Response& response,
                                    std::int64_t load_id);
  // The engine died: what was in flight waits again and is suspect. Returns those units.
  std::vector<std::size_t> take_back_asked();
  // The crashes of a unit, its request's in earlier runs included.
  void set_crashes(std::size_t unit, int crashes) { units_[unit].crashes = crashes; }

  // No more time: what waits, or is in flight, is not run.
  void drop_waiting();
  void drop_asked();

  // The next unit to be graded.
  [[nodiscard]] std::optional<std::size_t> next_to_grade() const;
  void set_grading(std::size_t unit);
  // Answered and not scored.
  [[nodiscard]] int being_graded() const;
  void set_scored(std::size_t unit) { units_[unit].state = Unit::State::scored; }

 private:
  Status take_up(std::size_t unit);
  void put_where_it_belongs(std::size_t unit);
  void note_keys(std::size_t unit, int change);

  const ResolvedRun& run_;
  const ResolvedVariant& variant_;
  Store& store_;
  Replay replay_;
  std::vector<Unit> units_;
  std::set<std::tuple<std::string, std::string, int, int>> scored_;  // task, item, repeat, pass
  std::vector<std::size_t> to_render_;
  Lanes lanes_;
  std::deque<std::size_t> begun_;
  std::unordered_map<std::int64_t, std::size_t> asked_;  // request id -> unit
  std::map<std::string, int> keys_asked_;
  std::deque<std::size_t> to_grade_;
};

}  // namespace assay
