#include "run/revisions.h"

#include <fmt/format.h>

namespace assay {
namespace {

std::string name_of(HubKind kind, const std::string& id, const std::string& asked) {
  return fmt::format("{} {}@{}", kind == HubKind::model ? "model" : "dataset", id, asked);
}

// The revision as the plan has it.
template <typename Spec>
std::string asked_of(const std::vector<Spec>& list, const std::string& name) {
  for (const Spec& entry : list) {
    if (entry.name == name) return entry.revision;
  }
  return "";
}

}  // namespace

FrozenRevisions::FrozenRevisions(const FrozenPlan& frozen) {
  for (const FrozenVariant& v : frozen.variants) {
    if (v.revision.empty()) continue;
    const std::string asked = asked_of(frozen.plan.variants, v.name);
    commits_[name_of(HubKind::model, v.model, asked)] = v.revision;
  }
  for (const FrozenTask& task : frozen.tasks) {
    for (const FrozenItem& item : task.items)
      tested_[{task.name, task.fingerprint}].insert(item.id);
    if (task.revision.empty()) continue;
    const std::string asked = asked_of(frozen.plan.tasks, task.name);
    commits_[name_of(HubKind::dataset, task.hub_id, asked)] = task.revision;
  }
}

std::string FrozenRevisions::revision(HubKind kind, const std::string& id,
                                      const std::string& asked) const {
  const auto found = commits_.find(name_of(kind, id, asked));
  return found == commits_.end() ? asked : found->second;
}

}  // namespace assay
