#include "run/revisions.h"

#include <fmt/format.h>

namespace assay {
namespace {

using nlohmann::json;

std::string name_of(HubKind kind, const std::string& id, const std::string& asked) {
  return fmt::format("{} {}@{}", kind == HubKind::model ? "model" : "dataset", id, asked);
}

// The revision as the plan has it.
std::string asked_of(const json& list, const json& name) {
  for (const json& entry : list) {
    if (entry.at("name") == name) return entry.value("revision", std::string());
  }
  return "";
}

}  // namespace

FrozenRevisions::FrozenRevisions(const json& frozen) {
  const auto add = [&](HubKind kind, const json& entry, const char* id, const char* list) {
    const std::string commit = entry.value("revision", std::string());
    if (commit.empty()) return;
    const std::string asked = asked_of(frozen.at("plan").at(list), entry.at("name"));
    commits_[name_of(kind, entry.at(id), asked)] = commit;
  };
  try {
    for (const json& variant : frozen.at("variants")) {
      add(HubKind::model, variant, "model", "variants");
    }
    for (const json& task : frozen.at("tasks")) add(HubKind::dataset, task, "hub_id", "tasks");
  } catch (const json::exception&) {
    commits_.clear();
  }
}

std::string FrozenRevisions::revision(HubKind kind, const std::string& id,
                                      const std::string& asked) const {
  const auto found = commits_.find(name_of(kind, id, asked));
  return found == commits_.end() ? asked : found->second;
}

}  // namespace assay
