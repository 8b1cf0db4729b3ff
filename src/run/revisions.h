// Commits of the hub that a run stands on. What the plan calls by a branch or a tag is resolved
// once, frozen with the plan, and asked for by its commit in every later run on the same folder.
#pragma once

#include <map>
#include <string>

#include "data/hub.h"
#include "plan/frozen.h"

namespace assay {

class FrozenRevisions {
 public:
  FrozenRevisions() = default;
  explicit FrozenRevisions(const FrozenPlan& frozen);

  // The commit that `asked` (empty: main) stood for when the plan was frozen, else `asked` itself.
  [[nodiscard]] std::string revision(HubKind kind, const std::string& id,
                                     const std::string& asked) const;

 private:
  std::map<std::string, std::string> commits_;
};

}  // namespace assay
