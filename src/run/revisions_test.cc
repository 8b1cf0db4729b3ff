#include "run/revisions.h"

#include <gtest/gtest.h>

#include "run/resolve.h"

namespace assay {
namespace {

using nlohmann::json;

ResolvedRun hub_run() {
  ResolvedRun run;
  VariantSpec bf16{"bf16", "org/model", "", true, json::object()};
  VariantSpec tagged{"old", "org/model", "v1", false, json::object()};
  TaskSpec task;
  task.name = "m";
  task.benchmark = "math500";
  run.plan.variants = {bf16, tagged};
  run.plan.tasks = {task};
  run.variants = {{bf16, "/cache/a", "commit-of-main", "f"},
                  {tagged, "/cache/b", "commit-of-v1", "g"}};
  ResolvedTask resolved;
  resolved.spec = task;
  resolved.task = find_task("math500");
  resolved.fingerprint = "files";
  resolved.revision = "commit-of-data";
  run.tasks.push_back(resolved);
  return run;
}

TEST(FrozenRevisions, ABranchIsTheCommitItWasFrozenAt) {
  const FrozenPlan frozen = freeze(hub_run());
  EXPECT_EQ(frozen.tasks.at(0).hub_id, "HuggingFaceH4/MATH-500");
  EXPECT_EQ(frozen.tasks.at(0).revision, "commit-of-data");
  const FrozenRevisions revisions(frozen);
  EXPECT_EQ(revisions.revision(HubKind::model, "org/model", ""), "commit-of-main");
  EXPECT_EQ(revisions.revision(HubKind::model, "org/model", "v1"), "commit-of-v1");
  EXPECT_EQ(revisions.revision(HubKind::dataset, "HuggingFaceH4/MATH-500", ""), "commit-of-data");
  // Asked for otherwise, it is what is asked.
  EXPECT_EQ(revisions.revision(HubKind::model, "org/model", "v2"), "v2");
  EXPECT_EQ(revisions.revision(HubKind::dataset, "org/model", ""), "");
}

TEST(FrozenRevisions, ANewFolderFreezesNothing) {
  EXPECT_EQ(FrozenRevisions().revision(HubKind::model, "org/model", "x"), "x");
}

TEST(FrozenRevisions, TheFilesDecideNotTheCommit) {
  ResolvedRun run = hub_run();
  const std::string hash = frozen_hash(freeze(run));
  run.tasks[0].revision = "";  // the same rows from a folder
  EXPECT_EQ(frozen_hash(freeze(run)), hash);
  run.tasks[0].fingerprint = "others";
  EXPECT_NE(frozen_hash(freeze(run)), hash);
}

// The tests of items that were chosen then were looked at; of others, or other rows, they were not.
TEST(FrozenRevisions, ItemsWhoseTestsWereLookedAt) {
  ResolvedRun run = hub_run();
  Item item;
  item.id = "one";
  run.tasks[0].items.push_back(item);
  const FrozenRevisions revisions(freeze(run));
  EXPECT_EQ(revisions.tested(), (TestedItems{{{"m", "files"}, {"one"}}}));
  EXPECT_TRUE(FrozenRevisions().tested().empty());
}

}  // namespace
}  // namespace assay
