#include "run/earlier_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/json.h"
#include "run/identity.h"
#include "store/declarations.h"
#include "store/reused.h"

namespace assay {
namespace {

std::string shown(const Json& value) {
  constexpr std::size_t kMost = 60;
  const std::string text = dump_json(value);
  return text.size() > kMost ? text.substr(0, kMost) + "…" : text;
}

std::string differs(const std::string& what, const Json& there, const Json& here) {
  return fmt::format("{} is {} there and {} here", what, shown(there), shown(here));
}

// As far as they decide an answer; the rest of a task only chooses items or judges them.
constexpr const char* kTaskKeys[] = {"benchmark", "max_gen_toks", "num_fewshot", "sampling",
                                     "options"};

}  // namespace

Result<std::unique_ptr<EarlierAnswers>> EarlierAnswers::open(const std::filesystem::path& folder,
                                                             const ResolvedRun& run,
                                                             const EngineIdentity& engine,
                                                             const Clock& clock) {
  Store store = TRY(Store::open(folder, Store::Mode::read));
  const auto text = TRY(store.meta("frozen"));
  if (!text) {
    return usage_error(fmt::format("--from {} holds no answers", folder.string()),
                       "no run has begun there", "name the folder of a run, or leave it out");
  }
  FrozenPlan frozen = TRY(frozen_from_store(*text, TRY(store.meta("frozen_hash"))));
  std::unique_ptr<EarlierAnswers> out(
      new EarlierAnswers(std::move(store), std::move(frozen), clock));
  TRY(out->compare(run, engine));
  return out;
}

Status EarlierAnswers::compare(const ResolvedRun& run, const EngineIdentity& engine) {
  baseline_ = run.baseline().spec.name;
  other_sample_ =
      run.plan.until == Until::decided || run.plan.until != frozen_.plan.until || frozen_.looks;
  const Json there = to_json(frozen_.plan);
  const Json here = to_json(run.plan);
  for (const char* key : {"chat", "seed"}) {
    if (there.at(key) != here.at(key)) {
      differences_.push_back(differs(fmt::format("plan.{}", key), there.at(key), here.at(key)));
    }
  }
  for (const ResolvedTask& task : run.tasks) compare_task(task);
  for (const ResolvedVariant& variant : run.variants) {
    TRY(compare_variant(run, variant, engine));
  }
  return {};
}

void EarlierAnswers::compare_task(const ResolvedTask& task) {
  if (!task.items_are_ours()) return;
  const std::string& name = task.spec.name;
  const auto there = std::ranges::find(frozen_.tasks, name, &FrozenTask::name);
  const auto spec = std::ranges::find(frozen_.plan.tasks, name, &TaskSpec::name);
  if (there == frozen_.tasks.end() || spec == frozen_.plan.tasks.end()) {
    differences_.push_back(fmt::format("task {} is not there", name));
    return;
  }
  bool same = there->items.size() == task.items.size();
  for (std::size_t i = 0; same && i < task.items.size(); ++i) {
    same = there->items[i].id == task.items.id(i);
  }
  other_sample_ = other_sample_ || !same;
  if (there->fingerprint != task.fingerprint) {
    differences_.push_back(fmt::format("task {}: its rows are others", name));
  }
  Plan one;
  Plan other;
  one.tasks = {*spec};
  other.tasks = {task.spec};
  const Json a = to_json(one).at("tasks").at(0);
  const Json b = to_json(other).at("tasks").at(0);
  for (const char* key : kTaskKeys) {
    if (a.at(key) == b.at(key)) continue;
    differences_.push_back(differs(fmt::format("tasks.{}.{}", name, key), a.at(key), b.at(key)));
  }
}

Status EarlierAnswers::compare_variant(const ResolvedRun& run, const ResolvedVariant& variant,
                                       const EngineIdentity& engine) {
  const std::string& name = variant.spec.name;
  const auto there = std::ranges::find_if(frozen_.variants, [&](const FrozenVariant& v) {
    return v.fingerprint == variant.fingerprint && v.revision == variant.revision;
  });
  if (there == frozen_.variants.end()) {
    differences_.push_back(fmt::format("variant {}: no variant there has its weights", name));
    return {};
  }
  there_[name] = there->name;
  if (there->baseline != variant.spec.baseline) other_sample_ = true;  // other questions were seen
  const auto began = stored_identity(store_, there->name);
  if (!began) {
    differences_.push_back(fmt::format("variant {}: it was never begun there", name));
    return {};
  }
  const EngineIdentity current = current_identity(run, variant, engine);
  if (began->engine != current.engine || began->versions != current.versions) {
    differences_.push_back(
        differs(fmt::format("variant {}: its engine", name),
                Json{{"engine", began->engine}, {"versions", began->versions}},
                Json{{"engine", current.engine}, {"versions", current.versions}}));
  }
  if (began->args != current.args) {
    differences_.push_back(differs(fmt::format("variant {}: the engine's arguments", name),
                                   began->args, current.args));
  }
  return {};
}

Result<std::optional<Rendered>> EarlierAnswers::rendered(const std::string& key,
                                                         Store& into) const {
  auto found = TRY(store_.rendered(key));
  if (found) TRY(into.put_rendered(key, *found));
  return found;
}

Result<std::int64_t> EarlierAnswers::load_of(const std::string& variant, Store& into) {
  if (const auto known = loads_.find(variant); known != loads_.end()) return known->second;
  LoadFacts facts;
  for (const StoredLoad& load : TRY(store_.loads())) {
    if (load.variant == there_[variant]) facts = load.facts;
  }
  facts.work_s = 0;  // it was done there
  facts.generated_tokens = facts.prompt_tokens = 0;
  facts.by_in_flight.clear();
  facts.energy_j.reset();
  facts.engine[kTakenOverFact] = frozen_hash(frozen_);
  const std::int64_t id = TRY(into.add_load(variant, clock_.wall().count(), facts));
  loads_[variant] = id;
  return id;
}

Result<std::optional<Response>> EarlierAnswers::response(const std::string& key,
                                                         const std::string& variant, Store& into) {
  auto found = TRY(store_.response(key));
  if (!found || found->finish_reason == FinishReason::error) return std::nullopt;
  if (variant != baseline_ && other_sample_) TRY(into.set_meta(kExtendedKey, "1"));
  TRY(into.put_response(key, *found, TRY(load_of(variant, into))));
  TRY(count_reused(variant, frozen_hash(frozen_), into));
  return found;
}

}  // namespace assay
