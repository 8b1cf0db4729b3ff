// The table of tasks, the rows that ship with the program, and the real files below $ASSAY_SHARED.
#include <cstdlib>
#include <functional>
#include <map>
#include <set>

#include "base/files.h"
#include "base/text.h"
#include "task/task_test.h"

namespace assay {
namespace {

class Registry : public TaskTest {
 protected:
  // Loads rows and exemplars below `folder`, makes the items, and asks each one's first request.
  ItemList load(const Task& task, const std::string& folder) {
    use(task.name);
    folder_ = folder;
    exemplars_.clear();
    if (!task.exemplar_layouts.empty()) {
      const DataSet shots = found(folder, task.exemplar_layouts);
      for (const Row& row : shots.rows) exemplars_.push_back(row.fields);
    }
    const auto items = task.make_items(found(folder, task.source.layouts), context());
    EXPECT_TRUE(items) << items.error().to_string();
    for (const Item& item : items.value_or(ItemList())) {
      const auto next = task.next(item, {}, context());
      EXPECT_TRUE(next) << next.error().to_string();
      const int steps = task.steps_of == nullptr ? 1 : task.steps_of(item);
      EXPECT_EQ(next && *next, steps > 0) << item.id;
      EXPECT_LE(steps, task.max_steps);
    }
    return items.value_or(ItemList());
  }
};

TEST_F(Registry, NamesInReportOrder) {
  std::vector<std::string> names;
  for (const Task& task : all_tasks()) names.push_back(task.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"aime24", "math500", "gsm8k", "mmlu_pro", "gpqa_diamond",
                                      "hle", "livecodebench", "scicode", "humaneval", "mbpp"}));
  EXPECT_EQ(find_task("nothing"), nullptr);
  for (const KnownBenchmark& known : known_benchmarks()) {
    EXPECT_EQ(known.generative, known.name != "gpqa_diamond");
  }
}

TEST_F(Registry, ShippedRows) {
  const std::map<std::string, std::size_t> expected = {
      {"aime24", 8}, {"math500", 8},       {"gsm8k", 6},   {"mmlu_pro", 8},  {"gpqa_diamond", 12},
      {"hle", 6},    {"livecodebench", 6}, {"scicode", 3}, {"humaneval", 4}, {"mbpp", 4}};
  for (const Task& task : all_tasks()) {
    EXPECT_EQ(load(task, data_folder()).size(), expected.at(task.name)) << task.name;
  }
}

TEST_F(Registry, SharedFiles) {
  const char* shared = std::getenv("ASSAY_SHARED");
  if (shared == nullptr) GTEST_SKIP() << "ASSAY_SHARED names no folder with data";
  const std::string folder = std::string(shared) + "/data";
  EXPECT_EQ(load(*find_task("aime24"), folder).size(), 30U);
  EXPECT_EQ(load(*find_task("math500"), folder).size(), 500U);
  const ItemList pro = load(*find_task("mmlu_pro"), folder);
  EXPECT_EQ(pro.size(), 12032U);
  std::set<std::string> subjects;
  for (const Item& item : pro) subjects.insert(item.stratum);
  EXPECT_EQ(subjects.size(), 14U);
  const Task& code = *find_task("livecodebench");
  const ItemList problems = load(code, folder);
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_EQ(problems[0].id, "1873_A");
  const auto programs =
      code.programs(problems[1], {answered("```python\nclass Solution: pass\n```")}, context());
  ASSERT_TRUE(programs && programs->size() == 1);
  EXPECT_EQ(programs->front().function_name, "countSeniors");
  // Without test_data.h5 only the 15 development problems can be graded; the others ask nothing.
  const Task& science = *find_task("scicode");
  EXPECT_EQ(load(science, folder).size(), 15U);
  spec_.options["split"] = "all";
  int graded = 0;
  const ItemList items = load(science, folder);
  for (const Item& item : items) graded += science.steps_of(item) > 0 ? 1 : 0;
  EXPECT_EQ(items.size(), 80U);
  EXPECT_EQ(graded, 15);
  spec_.options = Json::object();
  EXPECT_EQ(load(*find_task("humaneval"), folder).size(), 164U);
  EXPECT_EQ(load(*find_task("mbpp"), folder).size(), 427U);
}

// Where a reader looks for a benchmark, and how each one stands there.
struct Listing {
  const char* file;
  std::function<std::string(const Task&)> entry;  // empty: this one need not be there
};

std::vector<Listing> listings() {
  const auto title = [](const Task& t) { return t.title; };
  const auto code = [](const Task& t) { return "`" + t.name + "`"; };
  const auto row = [](const Task& t) { return "\n| `" + t.name + "` | "; };
  const auto hub_row = [](const Task& t) {
    return "\n| `" + t.name + "` | " + t.source.hub_id + " ";
  };
  const auto lm_eval = [](const Task& t) { return t.lm_eval.has_metric ? t.lm_eval.name : ""; };
  return {{"README.md", title},        {"README.zh-CN.md", title},
          {"docs/tasks.md", row},      {"docs/tasks.md", hub_row},
          {"docs/hub.md", hub_row},    {"docs/scoring.md", code},
          {"docs/parity.md", lm_eval}, {"tests/parity/make_records.py", lm_eval}};
}

TEST_F(Registry, EveryDocumentListsEveryBenchmark) {
  for (const Listing& listing : listings()) {
    const auto text = read_file(std::string(ASSAY_SOURCE_DIR) + "/" + listing.file);
    ASSERT_TRUE(text) << text.error().to_string();
    for (const Task& task : all_tasks()) {
      const std::string entry = listing.entry(task);
      EXPECT_NE(text->find(entry), std::string::npos)
          << listing.file << " lacks " << task.name << ": write '" << trim(entry) << "'";
    }
  }
}

}  // namespace
}  // namespace assay
