#include "compare/compare_units.h"

#include <algorithm>
#include <set>

namespace assay {
namespace {

std::set<std::string> task_names(const ResultArm& arm) {
  std::set<std::string> names;
  for (const auto& [task, files] : arm.samples) names.insert(task);
  for (const auto& [task, summary] : arm.tasks) names.insert(task);
  return names;
}

const TaskSummary* summary_in(const std::map<std::string, TaskSummary>& summaries,
                              const std::string& name) {
  const auto it = summaries.find(name);
  return it == summaries.end() ? nullptr : &it->second;
}

std::string renamed(const CompareRequest& request, const std::string& task) {
  const auto it = request.renamed.find(task);
  return it == request.renamed.end() ? task : it->second;
}

std::vector<CompareUnit> groups_of(const ResultArm& base, const ResultArm& candidate,
                                   const CompareRequest& request) {
  std::vector<CompareUnit> groups;
  for (const auto& [name, group] : base.groups) {
    const std::string other = renamed(request, name);
    const TaskSummary* theirs = summary_in(candidate.groups, other);
    if (theirs == nullptr || group.members.empty() || theirs->members.empty()) continue;
    std::set<std::string> members(group.members.begin(), group.members.end());
    members.insert(theirs->members.begin(), theirs->members.end());
    groups.push_back({name, other, &group, theirs, {members.begin(), members.end()}});
  }
  std::stable_sort(groups.begin(), groups.end(), [](const CompareUnit& a, const CompareUnit& b) {
    return a.members.size() > b.members.size();
  });
  return groups;
}

bool any_in(const std::vector<std::string>& names, const std::set<std::string>& taken) {
  return std::any_of(names.begin(), names.end(),
                     [&taken](const std::string& name) { return taken.contains(name); });
}

}  // namespace

CompareUnits units_of(const ResultArm& base, const ResultArm& candidate,
                      const CompareRequest& request) {
  CompareUnits out;
  const std::set<std::string> ours = task_names(base);
  const std::set<std::string> theirs = task_names(candidate);
  std::set<std::string> taken;
  for (CompareUnit& group : groups_of(base, candidate, request)) {
    if (any_in(group.members, taken)) continue;
    taken.insert(group.members.begin(), group.members.end());
    for (const std::string& member : group.members) {
      if (!theirs.contains(member)) out.only_base.push_back(member);
      if (!ours.contains(member)) out.only_candidate.push_back(member);
    }
    out.both.push_back(std::move(group));
  }
  std::set<std::string> used = taken;
  for (const std::string& task : ours) {
    if (taken.contains(task)) continue;
    const std::string other = renamed(request, task);
    const bool samples = base.samples.contains(task) && candidate.samples.contains(other);
    const bool figures = base.tasks.contains(task) && candidate.tasks.contains(other);
    if (!samples && !figures) {
      out.only_base.push_back(task);
      if (theirs.contains(other)) used.insert(other);
      continue;
    }
    used.insert(other);
    out.both.push_back(
        {task, other, summary_in(base.tasks, task), summary_in(candidate.tasks, other), {}});
  }
  for (const std::string& task : theirs) {
    if (!used.contains(task)) out.only_candidate.push_back(task);
  }
  std::sort(out.both.begin(), out.both.end(),
            [](const CompareUnit& a, const CompareUnit& b) { return a.task < b.task; });
  return out;
}

}  // namespace assay
