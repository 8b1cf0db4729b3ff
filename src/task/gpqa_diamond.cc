// GPQA Diamond: 198 graduate-level multiple-choice questions, four options.
// Default: lm-eval 0.4.13's gpqa_diamond_zeroshot (tasks/gpqa/zeroshot/): the log-likelihoods of
// " (A)" to " (D)" after the question, nothing generated. The options' order is lm-eval's: Python's
// random.seed(0), then one random.shuffle of [incorrect 1, 2, 3, correct] a row over all rows in
// the data set's order, whatever the plan then picks. With `generative: true` the model is asked
// for its reasoning with the prompt of gpqa_diamond_cot_zeroshot; the letter that it states is
// `robust`, the one that GPQA's own patterns take `official`.
//
// Item row: question, choices (4 texts as shown), answer (0 to 3). Group: the high-level domain
// where the rows have one. Options: generative (false), order_seed (0, lm-eval's --seed).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "base/hash.h"
#include "base/text.h"
#include "base/unicode.h"
#include "score/choice.h"
#include "score/choice_statement.h"
#include "score/lm_eval.h"
#include "task/benchmarks.h"
#include "task/fields.h"
#include "task/prompt.h"
#include "task/python_random.h"
#include "task/python_text.h"

namespace assay {
namespace {

const std::vector<std::string>& labels() {
  static const std::vector<std::string> texts = {"(A)", "(B)", "(C)", "(D)"};
  return texts;
}

const StopStrings& generative_stop() {
  static const StopStrings strings = {.headings = {}, .tokens = {"</s>"}};
  return strings;
}

// lm-eval's preprocess(): the same three steps in the same order.
std::string clean_option(const std::string& text) {
  const std::string titled = replace_all(std::string(python_strip(text)), " [title]", ". ");
  return replace_all(titled, "  ", " ");
}

Result<Item> make_item(const Row& row, PythonRandom& random) {
  Item item;
  std::array<std::string, 4> choices = {
      clean_option(TRY(text_of(row, "Incorrect Answer 1"))),
      clean_option(TRY(text_of(row, "Incorrect Answer 2"))),
      clean_option(TRY(text_of(row, "Incorrect Answer 3"))),
      clean_option(TRY(text_of(row, "Correct Answer"))),
  };
  const std::string correct = choices[3];
  random.shuffle(std::span<std::string>(choices));
  const std::string question = TRY(text_of(row, "Question"));
  item.row["question"] = question;
  item.row["choices"] = choices;
  item.row["answer"] = std::find(choices.begin(), choices.end(), correct) - choices.begin();
  item.id = TRY(optional_text_of(row, "Record ID"));
  if (item.id.empty()) item.id = "q-" + sha256_hex(question).substr(0, 12);
  item.group = TRY(optional_text_of(row, "High-level domain"));
  item.stratum = item.group;
  return item;
}

Result<ItemList> make_items(const DataSet& data, const TaskContext& context) {
  if (Status ok = check_options(context.spec, {"generative", "order_seed"}); !ok) {
    return std::unexpected(ok.error());
  }
  if (TRY(bool_option(context.spec, "generative", false))) TRY(sampling_of(context, StopStrings()));
  const double seed = TRY(number_option(context.spec, "order_seed", 0));
  if (seed < 0 || seed > 4294967295.0) {
    return usage_error(fmt::format("task {}: order_seed is {}", context.spec.name, seed),
                       "it must be a whole number from 0 to 4294967295", "correct the plan");
  }
  PythonRandom random(static_cast<std::uint64_t>(seed));
  ItemList items;
  items.reserve(data.rows.size());
  for (const Row& row : data.rows) items.push_back(TRY(make_item(row, random)));
  if (Status ok = check_unique_ids(items, data); !ok) return std::unexpected(ok.error());
  return items;
}

std::string question_text(const Item& item, std::string_view ending) {
  const Json& choices = item.row.at("choices");
  std::string text =
      "What is the correct answer to this question:" + item.row.at("question").get<std::string>() +
      "\nChoices:\n";
  for (std::size_t i = 0; i < labels().size(); ++i) {
    text += labels()[i] + " " + choices[i].get<std::string>() + "\n";
  }
  return text + std::string(ending);
}

Result<NextRequest> next(const Item& item, const std::vector<StepResult>& so_far,
                         const TaskContext& context) {
  if (!so_far.empty()) return std::nullopt;
  const bool generative = TRY(bool_option(context.spec, "generative", false));
  PromptParts parts;
  parts.question = question_text(item, generative ? "Let's think step by step: " : "Answer:");
  Request request = qa_request(context.chat, parts);
  if (generative) {
    request.sampling = TRY(sampling_of(context, generative_stop()));
    return request;
  }
  request.kind = RequestKind::loglikelihood;
  request.continuations.reserve(labels().size());
  // lm-eval drops the space before the choice when a chat template is applied.
  for (const std::string& label : labels()) {
    request.continuations.push_back(context.chat.apply_template ? label : " " + label);
  }
  return request;
}

// Why the choices' log-likelihoods tell none of them; empty: they do. lm-eval takes the first of
// likeliest ones, and a NaN for the likeliest.
std::string why_no_choice(const std::vector<double>& sums) {
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (std::isnan(sums[i])) return fmt::format("that of {} is not a number", labels()[i]);
  }
  const bool alike = std::ranges::all_of(sums, [&](double sum) { return sum == sums.front(); });
  return alike ? fmt::format("all are {}", sums.front()) : "";
}

// Rounding may leave a sum of logarithms of 1 a little above 0.
constexpr double kMostLogLikelihood = 1e-3;

Score score_loglikelihoods(const Response& response, int gold) {
  std::vector<double> sums;
  sums.reserve(response.loglikelihoods.size());
  bool odd = false;
  for (const LogLikelihood& likelihood : response.loglikelihoods) {
    sums.push_back(likelihood.sum);
    odd = odd || likelihood.sum > kMostLogLikelihood || likelihood.missing > 0;
  }
  const std::string no_choice = why_no_choice(sums);
  Score score;
  if (no_choice.empty()) {
    const LmEvalChoice choice = lm_eval_multiple_choice(sums, labels(), gold);
    score.outcome = Outcome::scored;
    score.metrics["robust"] = choice.acc;
    score.metrics["lm_eval"] = choice.acc;
    score.metrics["acc_norm"] = choice.acc_norm;
    score.extracted = labels()[static_cast<std::size_t>(choice.picked)].substr(1, 1);
    score.extraction = "log-likelihood";
  } else {
    score = unscored(reason::kNoChoice, no_choice);
  }
  score.odd_likelihoods = odd || !no_choice.empty();
  return score;
}

Score score(const ScoreInputs& inputs) {
  if (auto early = unanswered(inputs.steps)) return *early;
  const Response& response = inputs.steps.front().response;
  const int gold = inputs.item.row.at("answer").get<int>();
  const auto generative = bool_option(inputs.context.spec, "generative", false);

  Score score;
  score.outcome = Outcome::scored;
  score.target = labels()[static_cast<std::size_t>(gold)].substr(1, 1);
  if (!generative.value_or(false)) {
    if (response.loglikelihoods.size() != labels().size()) {
      return unscored(reason::kEngineError, fmt::format("{} log-likelihoods instead of 4",
                                                        response.loglikelihoods.size()));
    }
    Score chosen = score_loglikelihoods(response, gold);
    chosen.target = score.target;
    return chosen;
  }
  const std::string answer = answer_text(response.text, generative_stop().all());
  set_choice_score(score, stated_choice(answer, static_cast<int>(labels().size())),
                   extract_gpqa_choice(answer));
  set_soundness(score, inputs.steps);
  return score;
}

}  // namespace

Task gpqa_diamond_task() {
  return {
      .name = "gpqa_diamond",
      .title = "GPQA Diamond",
      .kind = TaskKind::loglikelihood,
      .generates_with = "generative",
      .source = {.hub_id = "Idavidrein/gpqa",
                 .hub_split = "train",
                 .hub_items = 198,
                 .hub_files = {"gpqa_diamond.csv"},
                 .gated = true,
                 .licence = {"CC-BY-4.0; the authors ask not to republish questions in plain text",
                             "CC-BY-4.0；作者请求不要以明文转载题目"},
                 .layouts = {{"hub", {"gpqa_diamond/gpqa_diamond.csv"}},
                             {"hub, other folder", {"gpqa/gpqa_diamond.csv"}},
                             {"hub, jsonl", {"gpqa_diamond/*.jsonl"}},
                             {"hub, parquet", {"gpqa_diamond/*.parquet"}},
                             {"hub snapshot", {"gpqa_diamond.csv"}}}},
      .chance = 0.25,
      .lm_eval = {.name = "gpqa_diamond_zeroshot",
                  .has_metric = true,
                  .draws_by_row = true,
                  .seed_option = "order_seed"},
      .make_items = make_items,
      .next = next,
      .score = score};
}

}  // namespace assay
