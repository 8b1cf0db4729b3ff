// Humanity's Last Exam: expert questions, multiple choice or with a short exact answer, some with
// an image. The model is asked for an explanation, an answer and its confidence, as the benchmark
// does; the wording is ours, the official one can be given as a file (`template`). Multiple choice
// is scored by its letter. Exact answers need a judge: without one they are unscored ("no judge").
// Items with an image are left out of the figure ("needs an image"), so it is named "HLE (text)".
//
// Item row: question, answer (text), answer_type, has_image, system. Stratum and group: category.
// Options: template (file: the system message).
#include <fmt/format.h>

#include "base/text.h"
#include "score/boxed.h"
#include "score/choice.h"
#include "score/hle.h"
#include "task/fields.h"
#include "task/prompt.h"
#include "task/task.h"

namespace assay {
namespace {

constexpr std::string_view kOwnInstruction =
    "Reply in three parts, each starting on a line of its own.\n"
    "Explanation: how you reach your answer\n"
    "Answer: the answer alone (its letter where choices are given)\n"
    "Confidence: how sure you are, from 0% to 100%";

// Pictures are data URIs or, in parquet exports, objects with bytes; none: "" or null.
bool has_image(const Row& row) {
  const auto it = row.fields.find("image");
  if (it == row.fields.end() || it->is_null()) return false;
  return !it->is_string() || !it->get<std::string>().empty();
}

Result<Item> make_item(const Row& row, const std::string& system) {
  Item item;
  item.id = TRY(text_of(row, "id"));
  item.row["question"] = TRY(text_of(row, "question"));
  item.row["answer"] = TRY(text_of(row, "answer"));
  const std::string type = TRY(text_of(row, "answer_type"));
  if (type != "multipleChoice" && type != "exactMatch") {
    return row_error(row, "answer_type",
                     fmt::format("'{}' is neither multipleChoice nor exactMatch", type));
  }
  if (type == "multipleChoice" && !hle_choice_letter(item.row.at("answer").get<std::string>())) {
    return row_error(row, "answer", "it is no choice's letter");
  }
  item.row["answer_type"] = type;
  item.row["has_image"] = has_image(row);
  item.row["system"] = system;
  item.group = TRY(optional_text_of(row, "category"));
  item.stratum = item.group;
  return item;
}

Result<std::vector<Item>> make_items(const DataSet& data, const TaskContext& context) {
  if (Status ok = check_options(context.spec, {"template"}); !ok) {
    return std::unexpected(ok.error());
  }
  const auto file = TRY(file_option(context, "template"));
  const std::string system(file ? trim(*file) : kOwnInstruction);
  std::vector<Item> items;
  items.reserve(data.rows.size());
  for (const Row& row : data.rows) items.push_back(TRY(make_item(row, system)));
  if (Status ok = check_unique_ids(items, data); !ok) return std::unexpected(ok.error());
  return items;
}

Result<NextRequest> next(const Item& item, const std::vector<StepResult>& so_far,
                         const TaskContext& context) {
  if (!so_far.empty() || item.row.at("has_image").get<bool>()) return std::nullopt;
  const auto question = item.row.at("question").get<std::string>();
  Request request = qa_request(
      context.chat,
      {.description = item.row.at("system").get<std::string>(), .shots = {}, .question = question});
  request.plain = request.messages.front().content + "\n\n" + question + "\n";
  request.sampling = TRY(sampling_of(context, {}));
  return request;
}

// The letter on the "Answer:" line; a model that keeps to no format may still box it or write
// "the answer is (X)". A letter standing somewhere is no answer.
void extract_letter(Score& score, const std::string& text, const std::string& answer_line) {
  if (const auto letter = hle_choice_letter(answer_line)) {
    score.extracted = std::string(1, *letter);
    score.extraction = "answer line";
    return;
  }
  const auto box = last_boxed(text);
  if (const auto letter = box ? hle_choice_letter(*box) : std::nullopt) {
    score.extracted = std::string(1, *letter);
    score.extraction = "boxed";
    return;
  }
  const auto choice = extract_choice(text, 26);
  if (choice && choice->stage == "answer is") {
    score.extracted = std::string(1, choice->letter);
    score.extraction = choice->stage;
  }
}

int steps_of(const Item& item) {
  return item.row.at("has_image").get<bool>() ? 0 : 1;
}

Score score(const ScoreInputs& inputs) {
  const Json& row = inputs.item.row;
  if (row.at("has_image").get<bool>()) return unscored(reason::kNeedsImage);
  if (auto early = unanswered(inputs.steps)) return *early;
  const std::string text = answer_text(inputs.steps.front().response.text);
  const HleAnswer answer = parse_hle_answer(text);

  Score score;
  score.target = row.at("answer").get<std::string>();
  if (answer.confidence) score.extra["confidence"] = *answer.confidence;
  score.extra["answer_type"] = row.at("answer_type");
  note_steps(score, inputs.steps);
  if (row.at("answer_type") == "exactMatch") {
    score.outcome = Outcome::unscored;
    score.reason = reason::kNoJudge;
    score.extracted = answer.answer;
    score.extraction = answer.answer.empty() ? "" : "answer line";
    score.extra["same_text"] = hle_same_text(answer.answer, score.target);
    return score;
  }
  score.outcome = Outcome::scored;
  extract_letter(score, text, answer.answer);
  score.not_extractable = score.extraction.empty();
  const auto gold = hle_choice_letter(score.target);
  score.metrics["robust"] = !score.extracted.empty() && gold && score.extracted[0] == *gold ? 1 : 0;
  return score;
}

}  // namespace

Task hle_task() {
  Task task;
  task.name = "hle";
  task.title = "HLE (text)";
  task.kind = TaskKind::generate;
  task.source.hub_id = "cais/hle";
  task.source.hub_split = "test";
  task.source.hub_files = {"data/test-*.parquet"};
  task.source.gated = true;
  task.source.licence = "MIT; the authors ask not to republish questions";
  task.source.layouts = {
      {"hub, jsonl", {"hle/*.jsonl"}, nullptr},
      {"hub", {"hle/**/*.parquet"}, nullptr},
      {"hub snapshot", {"data/test-*.parquet"}, nullptr},
  };
  task.make_items = make_items;
  task.next = next;
  task.score = score;
  task.steps_of = steps_of;
  return task;
}

}  // namespace assay
