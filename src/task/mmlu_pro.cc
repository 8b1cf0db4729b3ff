// MMLU-Pro: 12,032 multiple-choice questions of 14 subjects with up to ten options.
// Prompt (5-shot chain of thought), stop string and the lm_eval metric are lm-eval 0.4.13's
// mmlu_pro_<subject> tasks (tasks/mmlu_pro/); exemplars are the first rows of the subject in the
// validation split. The robust metric is the letter that the answer states, `official` the
// benchmark's own staged extraction without its random guess.
//
// Item row: question, options (texts), answer (letter), category. Stratum and group: the subject.
// Options: fewshot_as_multiturn (true: lm-eval's default with a chat template; without one it makes
// no difference).
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>

#include "base/text.h"
#include "base/unicode.h"
#include "score/choice.h"
#include "score/choice_statement.h"
#include "score/lm_eval.h"
#include "task/benchmarks.h"
#include "task/fields.h"
#include "task/prompt.h"
#include "task/python_text.h"

namespace assay {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJ";

const StopStrings& stop_strings() {
  static const StopStrings strings = {.headings = {"Question:"}, .tokens = {}};
  return strings;
}

// Options are cut at ten and stripped, as format_cot_example does.
std::string question_text(const Json& row) {
  std::string text = "Question:\n" + row.at("question").get<std::string>() + "\nOptions:\n";
  const Json& options = row.at("options");
  for (std::size_t i = 0; i < std::min(options.size(), kLetters.size()); ++i) {
    const auto option = options[i].get<std::string>();
    text += fmt::format("{}. {}\n", kLetters[i], python_strip(option));
  }
  return text + "Answer: Let's think step by step.";
}

std::string description(const std::string& subject) {
  return fmt::format(
      "The following are multiple choice questions (with answers) about {}. Think step by step and "
      "then finish your answer with \"the answer is (X)\" where X is the correct letter choice.\n",
      subject);
}

constexpr int kShots = 5;

int fewshot_count(const TaskSpec& spec) {
  return spec.num_fewshot.value_or(kShots);
}

// The fields a question and an exemplar share. `answer` decides, because answer_index
// contradicts it in one recorded output.
Result<Json> checked_question(const Row& row, bool recorded = false) {
  Json out = Json::object();
  out["question"] = TRY(text_of(row, "question"));
  const std::vector<std::string> options = TRY(texts_of(row, "options"));
  if (options.empty()) return row_error(row, "options", "it has no entries");
  out["options"] = options;
  out["category"] = TRY(text_of(row, "category"));
  const std::string answer = TRY(text_of(row, "answer"));
  const std::size_t index = kLetters.find(answer);
  if (answer.size() != 1 || index == std::string_view::npos || index >= options.size()) {
    return row_error(row, "answer", fmt::format("'{}' is no option's letter", answer));
  }
  if (!recorded && row.fields.contains("answer_index") &&
      TRY(whole_number_of(row, "answer_index")) != static_cast<std::int64_t>(index)) {
    return row_error(row, "answer_index", "it does not name the option that `answer` names");
  }
  out["answer"] = answer;
  return out;
}

Status check_exemplars(const TaskContext& context, const std::set<std::string>& subjects) {
  std::map<std::string, int> found;
  for (std::size_t i = 0; i < context.exemplars.size(); ++i) {
    const Row row = {context.exemplars[i], fmt::format("few-shot exemplar {}", i + 1)};
    TRY(checked_question(row));
    TRY(text_of(row, "cot_content"));
    ++found[TRY(text_of(row, "category"))];
  }
  const int wanted = fewshot_count(context.spec);
  for (const std::string& subject : subjects) {
    if (found[subject] >= wanted) continue;
    return usage_error(fmt::format("mmlu_pro: {} few-shot exemplars of '{}', {} wanted",
                                   found[subject], subject, wanted),
                       "the exemplars are the first rows of the subject in the validation split",
                       "put the validation split beside the test rows, or set num_fewshot lower");
  }
  return {};
}

// Recorded model outputs repeat each question for every model; the first copy is used.
void drop_copies(ItemList& items) {
  std::vector<std::size_t> kept;
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (seen.insert(items.id(i)).second) kept.push_back(i);
  }
  std::ranges::sort(kept, {}, [&](std::size_t i) {
    return std::pair(items.id(i).size(), std::string_view(items.id(i)));
  });
  items = std::move(items).taken(kept);
}

constexpr const char* kRecordedLayout = "recorded model outputs";

Result<ItemList> make_items(const DataSet& data, const TaskContext& context) {
  if (Status ok = check_options(context.spec, {"fewshot_as_multiturn"}, Exemplars::some); !ok) {
    return std::unexpected(ok.error());
  }
  TRY(bool_option(context.spec, "fewshot_as_multiturn", true));
  const bool recorded = data.layout == kRecordedLayout;
  ItemList items;
  std::set<std::string> subjects;
  for (const Row& row : data.rows) {
    Item item;
    item.id = TRY(id_of(row, "question_id"));
    item.row = TRY(checked_question(row, recorded));
    item.stratum = item.row.at("category").get<std::string>();
    item.group = item.stratum;
    subjects.insert(item.stratum);
    items.push_back(std::move(item));
  }
  if (recorded) drop_copies(items);
  if (Status ok = check_unique_ids(items, data); !ok) return std::unexpected(ok.error());
  if (Status ok = check_exemplars(context, subjects); !ok) return std::unexpected(ok.error());
  return items;
}

Result<NextRequest> next(const Item& item, const std::vector<StepResult>& so_far,
                         const TaskContext& context) {
  if (!so_far.empty()) return std::nullopt;
  PromptParts parts;
  parts.description = description(item.stratum);
  parts.multiturn = TRY(bool_option(context.spec, "fewshot_as_multiturn", true));
  const auto wanted = static_cast<std::size_t>(fewshot_count(context.spec));
  for (const Json& exemplar : context.exemplars) {
    if (parts.shots.size() == wanted) break;
    if (exemplar.at("category").get_ref<const std::string&>() != item.stratum) continue;
    parts.shots.push_back(
        {question_text(exemplar), replace_all(exemplar.at("cot_content").get<std::string>(),
                                              "A: Let's think step by step. ", "")});
  }
  parts.question = question_text(item.row);
  Request request = qa_request(context.chat, parts);
  request.sampling = TRY(sampling_of(context, stop_strings()));
  return request;
}

// The filter custom-extract (tasks/mmlu_pro/_default_template_yaml, filters/extraction.py): the
// letter after the first "answer is ", or "[invalid]".
std::string lm_eval_extract(std::string_view output) {
  constexpr std::string_view kAnswerIs = "answer is ";
  for (auto at = output.find(kAnswerIs); at != std::string_view::npos;
       at = output.find(kAnswerIs, at + 1)) {
    std::size_t letter = at + kAnswerIs.size();
    if (letter < output.size() && output[letter] == '(') ++letter;
    if (letter < output.size() && output[letter] >= 'A' && output[letter] <= 'J') {
      return std::string(1, output[letter]);
    }
  }
  return "[invalid]";
}

// exact_match with ignore_case and ignore_punctuation, which letters pass unchanged.
LmEvalScore lm_eval_score(std::string_view output, const Item& item) {
  const bool same = lm_eval_extract(output) == item.row.at("answer").get_ref<const std::string&>();
  return {.value = same ? 1.0 : 0.0};
}

// Some models answer the exemplars' questions again, one line "The answer is (X)" each, and then
// the one that is asked. Where the answer is such lines alone, one more than there are exemplars,
// that is the last line; else all of the answer.
std::string_view own_line(std::string_view answer, int exemplars) {
  int lines = 0;
  std::string_view last;
  for (std::string_view rest = answer; !rest.empty();) {
    const std::size_t end = std::min(rest.size(), rest.find('\n'));
    const std::string_view line = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(rest.size(), end + 1));
    if (line.empty()) continue;
    constexpr std::string_view kBegin = "The answer is (";
    const bool statement = line.starts_with(kBegin) && line.size() <= kBegin.size() + 3 &&
                           line.find(')') == kBegin.size() + 1;
    if (!statement) return answer;
    last = line;
    ++lines;
  }
  return lines == exemplars + 1 ? last : answer;
}

// Up to where the text turns to another question: at a heading with a letter stated before it.
OwnAnswer own_choice(std::string_view output, int options) {
  constexpr int kMostHeadings = 16;  // the text before each is read
  OwnAnswer own{answer_text(output)};
  std::size_t at = next_question(own.text, stop_strings());
  for (int seen = 0; at != std::string::npos && seen < kMostHeadings; ++seen) {
    own.goes_on =
        stated_choice(std::string_view(own.text).substr(0, at), options).letter.has_value();
    if (own.goes_on) {
      own.text.resize(at);
      break;
    }
    at = next_question(own.text, stop_strings(), at + 1);
  }
  return own;
}

Score score(const ScoreInputs& inputs) {
  if (auto early = unanswered(inputs.steps)) return *early;
  const std::string& output = inputs.steps.front().response.text;

  Score score;
  score.target = inputs.item.row.at("answer").get<std::string>();
  const auto options =
      static_cast<int>(std::min(inputs.item.row.at("options").size(), kLetters.size()));
  score.options = options;
  const OwnAnswer answer = own_choice(output, options);
  // Recorded outputs are graded without exemplars (`assay grade` has none at hand); five is what
  // the benchmark shows.
  const int shown = fewshot_count(inputs.context.spec);
  const std::string_view own = own_line(answer.text, shown == 0 ? 5 : shown);
  set_choice_score(score, stated_choice(own, options),
                   extract_choice(answer_text(output, stop_strings().all())));
  set_lm_eval_metrics(
      score,
      lm_eval_score(lm_eval_text(output, stop_strings().all(), inputs.context.chat), inputs.item));
  set_soundness(score, inputs.steps, answer);
  return score;
}

}  // namespace

Task mmlu_pro_task() {
  return {.name = "mmlu_pro",
          .title = "MMLU-Pro",
          .kind = TaskKind::generate,
          .source = {.hub_id = "TIGER-Lab/MMLU-Pro",
                     .hub_split = "test",
                     .hub_items = 12032,
                     .hub_files = {"data/test-*.parquet", "data/validation-*.parquet"},
                     .licence = "MIT",
                     .layouts = {{"hub, jsonl", {"mmlu_pro/test*.jsonl"}},
                                 {"hub", {"mmlu_pro/**/test*.parquet"}},
                                 {kRecordedLayout, {"mmlu_pro/model_outputs_*.zip"}},
                                 {"hub snapshot", {"data/test-*.parquet"}}}},
          .exemplar_layouts = {{"hub, jsonl", {"mmlu_pro/validation*.jsonl"}},
                               {"hub", {"mmlu_pro/**/validation*.parquet"}},
                               {"hub, other name", {"mmlu_pro/mmlu_pro_validation.jsonl"}},
                               {"hub snapshot", {"data/validation-*.parquet"}}},
          .num_fewshot = kShots,
          .chance = 0.1,
          .lm_eval = {.name = "mmlu_pro",
                      .has_metric = true,
                      .score = lm_eval_score,
                      .stop = stop_strings(),
                      .exemplar_split = "validation"},
          .make_items = make_items,
          .next = next,
          .score = score};
}

}  // namespace assay
