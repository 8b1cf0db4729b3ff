#include "store/looks_kept.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/json.h"

namespace assay {
namespace {

bool is_settled(const Score& score, bool judge_to_come) {
  if (score.outcome == Outcome::scored) return true;
  const std::string& why = score.reason;
  if (why == reason::kNotRun || why == reason::kNotScoredBudget || why == reason::kInterrupted) {
    return false;
  }
  return !(judge_to_come && why == reason::kNoJudge);
}

std::string key_of(const std::string& variant) {
  return "looks:" + variant;
}

struct Places {  // of a task: its number, and its items by id
  std::size_t task = 0;
  std::unordered_map<std::string, std::size_t> items;
};

}  // namespace

Result<std::map<std::string, SideOutcomes>> read_outcomes(const Store& store,
                                                          std::span<const LookTask> tasks,
                                                          bool judge_to_come) {
  std::unordered_map<std::string, Places> places;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    Places& place = places[tasks[t].name];
    place.task = t;
    for (const std::string& id : tasks[t].items) place.items.emplace(id, place.items.size());
  }
  std::map<std::string, SideOutcomes> out;
  TRY(store.each_score(Purpose::answer, [&](const StoredScore& stored) -> Status {
    const auto place = places.find(stored.id.task);
    if (place == places.end()) return {};
    const auto item = place->second.items.find(stored.id.item);
    if (item == place->second.items.end()) return {};
    SideOutcomes& side = out[stored.id.variant];
    side.resize(tasks.size());
    TaskOutcomes& outcomes = side[place->second.task];
    outcomes.resize(place->second.items.size());
    ItemOutcome& outcome = outcomes[item->second];
    if (!is_settled(stored.score, judge_to_come)) return {};
    RepeatScore settled{.repeat = stored.id.repeat, .score = std::nullopt};
    if (stored.score.outcome == Outcome::scored) {
      outcome.options = stored.score.options.value_or(0);
      const auto value = stored.score.metrics.find(tasks[place->second.task].metric);
      settled.score = value != stored.score.metrics.end() ? value->second : 0;
    }
    outcome.settled.insert(
        std::ranges::upper_bound(outcome.settled, settled.repeat, {}, &RepeatScore::repeat),
        settled);
    return {};
  }));
  return out;
}

Result<std::optional<KeptLooks>> kept_looks(const Store& store, const std::string& variant) {
  const auto text = TRY(store.meta(key_of(variant)));
  if (!text) return std::nullopt;
  const Json value = TRY(parse_json(*text, "the store"));
  try {
    return KeptLooks{look_schedule_from(value.at("schedule")), value.at("closed_by")};
  } catch (const nlohmann::json::exception& e) {
    return environment_error("the looks of " + variant + " cannot be read", e.what(),
                             "bring back a copy of store.sqlite");
  }
}

Status keep_looks(const std::string& variant, const KeptLooks& looks, Store& store) {
  const Json value = {{"schedule", to_json(looks.schedule)}, {"closed_by", looks.closed_by}};
  TRY(store.set_meta(key_of(variant), dump_json(value)));
  return store.flush();
}

}  // namespace assay
