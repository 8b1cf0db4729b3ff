// What a later run on a folder need not look up again. Commits of the hub that a run stands on.
// What the plan calls by a branch or a tag is resolved once, frozen with the plan, and asked for by
// its commit in every later run on the same folder.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "data/hub.h"
#include "plan/frozen.h"

namespace assay {

// Ids of items, by the name of their task and the fingerprint of its rows.
using TestedItems = std::map<std::pair<std::string, std::string>, std::set<std::string>>;

class FrozenRevisions {
 public:
  FrozenRevisions() = default;
  explicit FrozenRevisions(const FrozenPlan& frozen);

  // The commit that `asked` (empty: main) stood for when the plan was frozen, else `asked` itself.
  [[nodiscard]] std::string revision(HubKind kind, const std::string& id,
                                     const std::string& asked) const;

  // Those of its tasks: their tests were looked at before the plan was frozen.
  [[nodiscard]] const TestedItems& tested() const { return tested_; }

 private:
  TestedItems tested_;
  std::map<std::string, std::string> commits_;
};

}  // namespace assay
