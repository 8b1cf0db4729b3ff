// What the task tests share.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/rows.h"
#include "task/task.h"

namespace assay {

// A plan's view of one task, with the shipped exemplars where the task has some.
class TaskTest : public ::testing::Test {
 protected:
  [[nodiscard]] static std::string data_folder() { return std::string(ASSAY_SOURCE_DIR) + "/data"; }

  TaskTest() {
    spec_.max_gen_toks = 64;
    spec_.options = Json::object();
    spec_.sampling = Json::object();
  }

  const Task& use(const std::string& name) {
    spec_.name = spec_.benchmark = name;
    return *find_task(name);
  }

  [[nodiscard]] TaskContext context() const { return {spec_, chat_, 0, exemplars_, folder_}; }

  // The rows a folder holds; none where the test has failed.
  [[nodiscard]] static DataSet found(const std::string& folder,
                                     const std::vector<RowLayout>& layouts) {
    const auto rows = find_data_set(folder, layouts, {});
    EXPECT_TRUE(rows) << rows.error().to_string();
    if (!rows) return {};
    const auto* set = std::get_if<DataSet>(&*rows);
    EXPECT_NE(set, nullptr) << "no rows found in " << folder;
    return set != nullptr ? *set : DataSet();
  }

  // One row, named "rows.jsonl:1".
  [[nodiscard]] static DataSet rows(std::vector<Json> fields) {
    DataSet data;
    data.layout = "hub";
    data.files = {"rows.jsonl"};
    for (Json& row : fields) {
      const auto position = static_cast<std::int64_t>(data.rows.size());
      data.rows.push_back({std::move(row), "rows.jsonl:" + std::to_string(position + 1), position});
    }
    return data;
  }

  [[nodiscard]] ItemList items_of(const Task& task, std::vector<Json> fields) const {
    const auto items = task.make_items(rows(std::move(fields)), context());
    EXPECT_TRUE(items) << items.error().to_string();
    return items.value_or(ItemList{Item{}});  // so that [0] exists in a failing test
  }

  // The error's text; empty when there is none.
  [[nodiscard]] std::string error_of(const Task& task, std::vector<Json> fields) const {
    const auto items = task.make_items(rows(std::move(fields)), context());
    return items ? "" : items.error().to_string();
  }

  [[nodiscard]] Request ask(const Task& task, const Item& item,
                            const std::vector<StepResult>& so_far = {}) const {
    const auto next = task.next(item, so_far, context());
    EXPECT_TRUE(next && *next) << (next ? "no request" : next.error().to_string());
    return next && *next ? **next : Request();
  }

  [[nodiscard]] static StepResult answered(std::string text) {
    StepResult step;
    step.response.text = std::move(text);
    return step;
  }

  [[nodiscard]] Score score_of(const Task& task, const Item& item,
                               const std::vector<StepResult>& steps,
                               const std::vector<ProgramResult>& programs = {}) const {
    const TaskContext its = context();
    return task.score({item, steps, programs, its});
  }

  TaskSpec spec_;
  ChatSpec chat_;
  std::vector<Json> exemplars_;
  std::string folder_ = data_folder();
};

}  // namespace assay
