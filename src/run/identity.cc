#include "run/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "plan/endpoint.h"
#include "run/judging.h"
#include "run/lm_eval_source.h"
#include "values/canary.h"

namespace assay {
namespace {

std::string meta_name(const std::string& variant) {
  return "identity:" + variant;
}

nlohmann::json identity_json(const EngineIdentity& identity) {
  return {{"engine", identity.engine}, {"versions", identity.versions}, {"args", identity.args}};
}

}  // namespace

EngineIdentity current_identity(const ResolvedRun& run, const ResolvedVariant& variant,
                                EngineIdentity engine) {
  engine.args = identity_args(run.plan.engine.kind, merged_engine_args(run.plan, variant.spec));
  return engine;
}

Result<EngineIdentity> stored_identity(const Store& store, const std::string& variant) {
  const auto stored = TRY(store.meta(meta_name(variant)));
  if (!stored) return environment_error("variant " + variant + " was never begun", "", "run it");
  const nlohmann::json value = TRY(parse_json(*stored, "the store"));
  return EngineIdentity{value.at("engine"),
                        value.at("versions").get<std::map<std::string, std::string>>(),
                        value.at("args")};
}

Result<EngineIdentity> begin_or_continue(const ResolvedVariant& variant,
                                         const EngineIdentity& current, Store& store) {
  const std::string& name = variant.spec.name;
  if (TRY(store.meta(meta_name(name)))) return stored_identity(store, name);
  TRY(store.set_meta(meta_name(name), identity_json(current).dump()));
  return current;
}

namespace {

Status check_names(const ResolvedRun& run, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const bool known = std::ranges::any_of(
        run.variants, [&](const ResolvedVariant& v) { return v.spec.name == name; });
    if (known) continue;
    std::vector<std::string> all;
    all.reserve(run.variants.size());
    for (const ResolvedVariant& v : run.variants) all.push_back(v.spec.name);
    return usage_error("no variant is called " + name, "the plan has " + join(all, ", "),
                       "correct --restart-variant");
  }
  return {};
}

Status forget(const ResolvedRun& run, const ResolvedVariant& variant, Store& store) {
  const std::string& name = variant.spec.name;
  TRY(store.forget_variant(name));
  TRY(store.remove_meta(canary_name(name)));
  for (const ResolvedTask& task : run.tasks) {
    TRY(store.remove_meta(LmEvalSource::done_name(name, task.spec.name)));
  }
  if (&variant != &run.baseline()) return {};
  TRY(store.forget_read_back());
  if (TRY(baseline_judges(run))) TRY(store.forget_judgements());
  return {};
}

}  // namespace

Result<std::vector<std::string>> to_start_over(const ResolvedRun& run, const StartOver& wanted,
                                               const EngineIdentity& engine, const Store& store) {
  std::vector<std::string> chosen;
  if (!wanted.asked) return chosen;
  TRY(check_names(run, wanted.names));
  const bool nobody_can_tell = run.plan.engine.kind == kEndpointKind;
  for (const ResolvedVariant& variant : run.variants) {
    const std::string& name = variant.spec.name;
    const auto stored = TRY(store.meta(meta_name(name)));
    if (!stored) continue;
    const std::string current = identity_json(current_identity(run, variant, engine)).dump();
    const bool is_chosen = wanted.names.empty()
                               ? nobody_can_tell || *stored != current
                               : std::ranges::find(wanted.names, name) != wanted.names.end();
    if (is_chosen) chosen.push_back(name);
  }
  return chosen;
}

Result<std::vector<std::string>> start_over(const ResolvedRun& run, const StartOver& wanted,
                                            const EngineIdentity& engine, Store& store) {
  auto chosen = TRY(to_start_over(run, wanted, engine, store));
  for (const ResolvedVariant& variant : run.variants) {
    const std::string& name = variant.spec.name;
    if (std::ranges::find(chosen, name) == chosen.end()) continue;
    TRY(forget(run, variant, store));
    const auto current = identity_json(current_identity(run, variant, engine)).dump();
    TRY(store.set_meta(meta_name(name), current));
  }
  TRY(store.flush());
  return chosen;
}

Status refuse_other_engine(const std::string& variant, const EngineIdentity& began,
                           const EngineIdentity& current) {
  if (identity_json(current) == identity_json(began)) return {};
  return environment_error(
      fmt::format("variant {} was begun by another engine", variant),
      fmt::format("then {}, now {}", nlohmann::json(began.versions).dump(),
                  nlohmann::json(current.versions).dump()),
      "go back to that version, or start the variant over with --restart-variant");
}

}  // namespace assay
