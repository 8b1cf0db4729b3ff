#include "run/identity.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "base/json.h"
#include "run/lm_eval_source.h"

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

Result<EngineIdentity> begin_or_continue(const ResolvedRun& run, const ResolvedVariant& variant,
                                         const EngineIdentity& current, bool restart,
                                         Store& store) {
  const std::string& name = variant.spec.name;
  const auto stored = TRY(store.meta(meta_name(name)));
  if (stored && !restart) return stored_identity(store, name);
  if (stored && *stored != identity_json(current).dump()) {
    TRY(store.forget_variant(name));
    for (const ResolvedTask& task : run.tasks) {
      TRY(store.remove_meta(LmEvalSource::done_name(name, task.spec.name)));
    }
  }
  TRY(store.set_meta(meta_name(name), identity_json(current).dump()));
  return current;
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
