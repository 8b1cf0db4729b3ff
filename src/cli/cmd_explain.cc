// assay explain: one item, its prompt, every variant's output and how each was scored.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "base/visible.h"
#include "cli/command.h"
#include "store/store.h"

namespace assay {
namespace {

struct ExplainOptions {
  std::string folder;
  std::string item;
  std::string task;
  bool json = false;
};

// What models and data say must not steer the terminal.
template <typename... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  print_out(visible_text(fmt::format(format, std::forward<Args>(args)...)));
}

// What the scorer noted on its way: flags, and the task's own figures.
void print_notes(const Score& score) {
  if (score.truncated) say("  the output was cut at max_gen_toks\n");
  if (score.thinking_not_closed) say("  a thought was begun and never ended\n");
  if (score.looping) say("  the output repeats itself at its end\n");
  if (score.empty) say("  the answer is empty\n");
  const Json extra = extra_json(score);
  for (const auto& [name, value] : extra.items()) {
    say("  {}: {}\n", name, value.is_string() ? value.get<std::string>() : dump_json(value));
  }
}

void print_score(const Score& score) {
  if (score.outcome == Outcome::unscored) {
    say("  unscored: {}{}{}\n", score.reason, score.detail.empty() ? "" : ": ", score.detail);
    print_notes(score);
    return;
  }
  for (const auto& [metric, value] : score.metrics) say("  {} = {}\n", metric, value);
  say("  extracted: {} ({})\n  target: {}\n",
      score.extraction.empty() ? "nothing" : score.extracted,
      score.extraction.empty() ? "no rule matched" : score.extraction, score.target);
  if (!score.detail.empty()) say("  detail: {}\n", score.detail);
  print_notes(score);
}

// Shows a response the way it was judged: text, or the log-likelihoods of the options.
void print_response(const Response& response) {
  for (std::size_t i = 0; i < response.loglikelihoods.size(); ++i) {
    say("  option {}: log-likelihood {:.4f}\n", i + 1, response.loglikelihoods[i].sum);
  }
  if (response.loglikelihoods.empty()) say("{}\n", response.text);
  if (!response.error.empty()) say("  engine error: {}\n", response.error);
}

Status print_steps(const Store& store, const std::vector<StoredStep>& steps, bool with_prompt) {
  for (const StoredStep& step : steps) {
    if (with_prompt) {
      const auto prompt = TRY(store.rendered(step.rendered_key));
      say("--- prompt, step {}\n{}\n", step.step + 1, prompt ? prompt->text : "");
    }
    say("--- {}{} step {}\n", step.id.variant,
        step.id.purpose == Purpose::second_pass ? " (second pass)" : "", step.step + 1);
    if (step.response_key.empty()) {
      say("  the prompt did not fit and was not sent\n");
      continue;
    }
    const auto response = TRY(store.response(step.response_key));
    if (response) print_response(*response);
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

Status print_text(const Store& store, const std::vector<StoredScore>& scores) {
  bool first = true;
  for (const StoredScore& s : scores) {
    const auto steps = TRY(store.steps(s.id));
    if (first) say("task {}, item {}\n", s.id.task, s.id.item);
    TRY(print_steps(store, steps, first));
    print_score(s.score);
    first = false;
  }
  return {};
}

Result<int> explain(const ExplainOptions& options) {
  const Store store = TRY(Store::open(options.folder, Store::Mode::read));
  const std::vector<StoredScore> scores = TRY(scores_of_item(store, options));
  if (scores.empty()) {
    return usage_error(fmt::format("item {} has no score in {}", options.item, options.folder),
                       "no variant answered it, or it is called otherwise",
                       "plan.frozen.json lists the items of each task, and report.html shows them");
  }
  TRY(options.json ? print_json(store, options.item, scores) : print_text(store, scores));
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
  command->callback([options, &session] { finish(session, explain(*options)); });
}

}  // namespace assay
