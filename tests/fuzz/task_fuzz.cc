// Each benchmark over arbitrary rows and answers. The input is the row's JSON, then, after a record
// separator, what the model answers and what the judge says: an error that names the row, or an
// item that is asked and scored, with a reason where there is no score.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "check.h"
#include "scratch.h"
#include "task/livecodebench_tests.h"
#include "task/python_text.h"
#include "task/task.h"

namespace {

using namespace assay;
using assay::fuzz::check;
using assay::fuzz::require;

void check_score(const Score& score) {
  require((score.outcome == Outcome::unscored) == !score.reason.empty());
  require(score.outcome == Outcome::unscored || score.metrics.contains("robust"));
  for (const auto& [name, value] : score.metrics) require(value >= 0 && value <= 1);
  require(!dump_json(to_json(score)).empty());
}

void ask_and_score(const Task& task, const Item& item, const TaskContext& context,
                   const std::string& answer, const Response& judgement) {
  std::vector<StepResult> steps;
  while (static_cast<int>(steps.size()) < task.max_steps) {
    const auto request = task.next(item, steps, context);
    check(request);
    if (!request || !*request) break;
    StepResult step;
    step.response.text = answer;
    for (std::size_t i = 0; i < (*request)->continuations.size(); ++i) {
      step.response.loglikelihoods.push_back({.sum = -static_cast<double>(i % 3)});
    }
    steps.push_back(std::move(step));
  }
  std::vector<ProgramResult> results;
  if (task.programs != nullptr) {
    const auto programs = task.programs(item, steps, context);
    check(programs);
    if (!programs) return;
    for (const Program& program : *programs) {
      require(!program.tests.empty());
      results.push_back({.verdict = ProgramVerdict::wrong_answer, .detail = "", .tests = {}});
    }
  }
  check_score(task.score({item, steps, results, context, nullptr, &judgement}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::ScratchFolder folder;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\x1e'), text.size());
  const std::string answer(text.substr(std::min(end + 1, text.size())));
  const std::string row_text(text.substr(0, end));
  (void)livecodebench_tests(row_text, answer, "row");
  if (is_valid_utf8(row_text)) require(python_literal(row_text).size() >= 2 + row_text.size());

  Json row = Json::parse(row_text, nullptr, /*allow_exceptions=*/false);
  if (!row.is_object()) return 0;
  Response judgement;
  judgement.text = answer;
  for (const Task& task : all_tasks()) {
    TaskSpec spec;
    spec.name = spec.benchmark = task.name;
    spec.max_gen_toks = 16;
    spec.num_fewshot = task.exemplar_layouts.empty() ? std::nullopt : std::optional<int>(0);
    spec.options = Json::object();
    if (task.judge != nullptr) spec.options["judge"] = "baseline";
    const ChatSpec chat;
    const TaskContext context{spec, chat, 0, {}, folder.path().string()};
    DataSet rows;
    rows.layout = "hub";
    rows.files = {"rows.jsonl"};
    const Row one = {row, "rows.jsonl:1"};
    rows.rows.push_back(one);
    for (const RowLayout& layout : task.source.layouts) {
      if (layout.adapt == nullptr) continue;
      auto adapted = layout.adapt(one);
      check(adapted);
      if (!adapted || !adapted->is_object()) continue;
      DataSet more = rows;
      more.rows = {{*std::move(adapted), one.where}};
      check(task.make_items(more, context));
    }
    const auto items = task.make_items(rows, context);
    check(items);
    if (!items) continue;
    for (const Item& item : *items) {
      require(!item.id.empty());
      ask_and_score(task, item, context, answer, judgement);
    }
  }
  return 0;
}
