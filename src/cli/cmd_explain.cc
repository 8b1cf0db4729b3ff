// assay explain: one item, its prompt, every variant's output and how each was scored.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "base/visible.h"
#include "cli/command.h"
#include "report/words.h"
#include "store/store.h"

namespace assay {
namespace {

struct ExplainOptions {
  std::string folder;
  std::string item;
  std::string task;
  bool json = false;
};

// What is printed of one item. What models and data say must not steer the terminal.
class ItemScreen {
 public:
  explicit ItemScreen(const Session& session) : session_(session) {}

  void add(const Text& line) const {
    print_out(session_, {visible_text(line.en) + "\n", visible_text(line.zh) + "\n"});
  }

 private:
  const Session& session_;
};

// What the scorer noted on its way: flags, and the task's own figures.
void print_notes(const Score& score, const ItemScreen& screen) {
  if (score.truncated) {
    screen.add({"  the output was cut at max_gen_toks", "  输出在 max_gen_toks 处被截断"});
  }
  if (score.thinking_not_closed) {
    screen.add({"  a thought was begun and never ended", "  思考开始了，但没有结束"});
  }
  if (score.looping) {
    screen.add({"  the output repeats itself at its end", "  输出在结尾处循环重复"});
  }
  if (score.empty) screen.add({"  the answer is empty", "  回答为空"});
  const Json extra = extra_json(score);
  for (const auto& [name, value] : extra.items()) {
    screen.add(bilingual("  {}: {}", "  {}：{}", name,
                         value.is_string() ? value.get<std::string>() : dump_json(value)));
  }
}

void print_score(const Score& score, const ItemScreen& screen) {
  if (score.outcome == Outcome::unscored) {
    const Text detail = score.detail.empty() ? Text() : bilingual(": {}", "：{}", score.detail);
    screen.add(bilingual("  unscored: {}{}", "  未评分：{}{}", reason_words(score.reason), detail));
    print_notes(score, screen);
    return;
  }
  for (const auto& [metric, value] : score.metrics) {
    screen.add(bilingual("  {} = {}", "  {} = {}", metric, value));
  }
  if (score.extraction.empty()) {
    screen.add({"  extracted: nothing (no rule matched)", "  提取：无（没有规则匹配）"});
  } else {
    screen.add(
        bilingual("  extracted: {} ({})", "  提取：{}（{}）", score.extracted, score.extraction));
  }
  screen.add(bilingual("  target: {}", "  标准答案：{}", score.target));
  if (!score.detail.empty()) screen.add(bilingual("  detail: {}", "  详情：{}", score.detail));
  print_notes(score, screen);
}

// Shows a response the way it was judged: text, or the log-likelihoods of the options.
void print_response(const Response& response, const ItemScreen& screen) {
  for (std::size_t i = 0; i < response.loglikelihoods.size(); ++i) {
    screen.add(bilingual("  option {}: log-likelihood {:.4f}", "  选项 {}：对数似然 {:.4f}", i + 1,
                         response.loglikelihoods[i].sum));
  }
  if (response.loglikelihoods.empty()) screen.add(response.text);
  if (!response.error.empty()) {
    screen.add(bilingual("  engine error: {}", "  引擎错误：{}", response.error));
  }
}

Status print_steps(const Store& store, const std::vector<StoredStep>& steps, bool with_prompt,
                   const ItemScreen& screen) {
  for (const StoredStep& step : steps) {
    if (with_prompt) {
      const auto prompt = TRY(store.rendered(step.rendered_key));
      screen.add(bilingual("--- prompt, step {}\n{}", "--- 提示词，第 {} 步\n{}", step.step + 1,
                           prompt ? prompt->text : ""));
    }
    const bool second = step.id.purpose == Purpose::second_pass;
    screen.add(bilingual("--- {}{} step {}", "--- {}{} 第 {} 步", step.id.variant,
                         second ? Text(" (second pass)", "（第二遍）") : Text(), step.step + 1));
    if (step.response_key.empty()) {
      screen.add({"  the prompt did not fit and was not sent", "  提示词太长，没有发送"});
      continue;
    }
    const auto response = TRY(store.response(step.response_key));
    if (response) print_response(*response, screen);
  }
  return {};
}

// The item's scores, those of a second pass at the end.
Result<std::vector<StoredScore>> scores_of_item(const Store& store, const ExplainOptions& options) {
  std::vector<StoredScore> out;
  std::vector<StoredScore> second;
  for (StoredScore& s : TRY(store.scores_of_item(options.item))) {
    if (!options.task.empty() && s.id.task != options.task) continue;
    (s.id.purpose == Purpose::second_pass ? second : out).push_back(std::move(s));
  }
  std::ranges::move(second, std::back_inserter(out));
  return out;
}

// A step as it was asked and answered; `response` is null where the prompt did not fit.
Result<Json> step_json(const Store& store, const StoredStep& step) {
  const auto prompt = TRY(store.rendered(step.rendered_key));
  Json out = {{"step", step.step},
              {"prompt", prompt ? Json(prompt->text) : Json(nullptr)},
              {"response", nullptr}};
  if (step.response_key.empty()) return out;
  const auto response = TRY(store.response(step.response_key));
  if (!response) return out;
  Json likelihoods = Json::array();
  for (const LogLikelihood& one : response->loglikelihoods) likelihoods.push_back(one.sum);
  out["response"] = {{"text", response->text},
                     {"finish_reason", to_string(response->finish_reason)},
                     {"loglikelihoods", std::move(likelihoods)},
                     {"error", response->error}};
  return out;
}

Result<Json> answer_json(const Store& store, const StoredScore& scored) {
  Json steps = Json::array();
  for (const StoredStep& step : TRY(store.steps(scored.id))) {
    steps.push_back(TRY(step_json(store, step)));
  }
  return Json{
      {"task", scored.id.task},     {"variant", scored.id.variant},
      {"repeat", scored.id.repeat}, {"second_pass", scored.id.purpose == Purpose::second_pass},
      {"steps", std::move(steps)},  {"score", to_json(scored.score)}};
}

Status print_json(const Store& store, const std::string& item,
                  const std::vector<StoredScore>& scores) {
  Json answers = Json::array();
  for (const StoredScore& s : scores) answers.push_back(TRY(answer_json(store, s)));
  const Json out = {{"schema_version", 1}, {"item", item}, {"answers", std::move(answers)}};
  print_out(dump_json(out, 1) + "\n");
  return {};
}

Status print_text(const Store& store, const std::vector<StoredScore>& scores,
                  const ItemScreen& screen) {
  bool first = true;
  for (const StoredScore& s : scores) {
    const auto steps = TRY(store.steps(s.id));
    if (first) screen.add(bilingual("task {}, item {}", "任务 {}，题目 {}", s.id.task, s.id.item));
    TRY(print_steps(store, steps, first, screen));
    print_score(s.score, screen);
    first = false;
  }
  return {};
}

Result<int> explain(const ExplainOptions& options, const Session& session) {
  const Store store = TRY(Store::open(options.folder, Store::Mode::read));
  const std::vector<StoredScore> scores = TRY(scores_of_item(store, options));
  if (scores.empty()) {
    return usage_error(
        bilingual("item {} has no score in {}", "题目 {} 在 {} 中没有得分", options.item,
                  options.folder),
        {"no variant answered it, or it is called otherwise", "没有变体回答过它，或者它叫别的名字"},
        {"plan.frozen.json lists the items of each task, and report.html shows them",
         "plan.frozen.json 列出每个任务的题目，report.html 显示它们"});
  }
  TRY(options.json ? print_json(store, options.item, scores)
                   : print_text(store, scores, ItemScreen(session)));
  return kExitDone;
}

}  // namespace

void add_explain(CLI::App& app, Session& session) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = app.add_subcommand(
      "explain", "One item: its prompt, every variant's output, and how each was scored.");
  command->add_option("DIR", options->folder, "The run's folder")->required();
  command->add_option("ITEM", options->item, "The item's id")->required();
  command->add_option("--task", options->task, "Where two tasks have an item of that id");
  command->add_flag("--json", options->json, "For machines");
  command->footer(
      "Examples:\n  assay explain demo-run sum-1 --task math500\n"
      "  assay explain demo-run sum-1 --task math500 --json");
  command->callback([options, &session] { finish(session, explain(*options, session)); });
}

}  // namespace assay
