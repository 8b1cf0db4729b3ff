// GSM8K: 1,319 word problems of grade-school arithmetic, each with a worked solution that ends in
// "#### n" (the test split of openai/gsm8k, configuration `main`).
// Prompt (5-shot), stop strings and lm-eval's two metrics are lm-eval 0.4.13's task gsm8k
// (tasks/gsm8k/gsm8k.yaml). Every question has exemplars of its own out of the training split: they
// are drawn by Python's random.sample from one generator, question by question over the whole test
// split (api/samplers.py), whatever the plan then picks. The robust metric reads a last line
// "#### n" where there is one, and else the answer as MATH-500's does.
//
// Item row: question, answer (text, with its "#### n"), number (n without commas, as text), shots
// (places of its exemplars among them). Options: fewshot_as_multiturn (true: lm-eval's default with
// a chat template; without one it makes no difference), fewshot_seed (1234, lm-eval's own seed of
// the exemplars).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/ascii.h"
#include "base/text.h"
#include "score/math/math.h"
#include "task/benchmarks.h"
#include "task/fields.h"
#include "task/prompt.h"
#include "task/python_random.h"

namespace assay {
namespace {

constexpr std::string_view kMark = "#### ";

const StopStrings& stop_strings() {
  static const StopStrings strings = {.headings = {"Question:"}, .tokens = {"</s>", "<|im_end|>"}};
  return strings;
}

constexpr int kExemplars = 5;

std::size_t fewshot_count(const TaskSpec& spec) {
  return static_cast<std::size_t>(spec.num_fewshot.value_or(kExemplars));
}

std::string question_text(const Json& row) {
  return "Question: " + row.at("question").get<std::string>() + "\nAnswer:";
}

// --- rows

// "1,080" and "$18" are numbers, "18 eggs" is none.
bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool fits = std::ranges::all_of(text, [](char c) { return is_digit(c) || c == '.'; });
  return fits && !text.empty() && is_digit(text.front()) && is_digit(text.back()) &&
         std::ranges::count(text, '.') <= 1;
}

std::string bare_number(std::string_view text) {
  std::string out(trim(text));
  std::erase_if(out, [](char c) { return c == ',' || c == '$'; });
  return out;
}

Result<Item> make_item(const Row& row) {
  Item item;
  item.id = id_by_position(row);
  item.row["question"] = TRY(text_of(row, "question"));
  const std::string answer = TRY(text_of(row, "answer"));
  const std::size_t mark = answer.rfind(kMark);
  if (mark == std::string::npos) return row_error(row, "answer", "it has no '#### n'");
  const std::string number = bare_number(std::string_view(answer).substr(mark + kMark.size()));
  if (!is_number(number)) {
    return row_error(row, "answer", fmt::format("'{}' after '####' is no number", number));
  }
  item.row["answer"] = answer;
  item.row["number"] = number;
  return item;
}

Result<PythonRandom> generator(const TaskSpec& spec) {
  const double seed = TRY(number_option(spec, "fewshot_seed", 1234));
  if (seed >= 0 && seed <= 4294967295.0 && seed == std::floor(seed)) {
    return PythonRandom(static_cast<std::uint64_t>(seed));
  }
  return usage_error(fmt::format("task {}: fewshot_seed is {}", spec.name, seed),
                     "it must be a whole number from 0 to 4294967295", "correct the plan");
}

Status check_exemplars(const TaskContext& context) {
  for (std::size_t i = 0; i < context.exemplars.size(); ++i) {
    const Row row = {context.exemplars[i], fmt::format("few-shot exemplar {}", i + 1)};
    TRY(text_of(row, "question"));
    TRY(text_of(row, "answer"));
  }
  if (context.exemplars.size() >= fewshot_count(context.spec)) return {};
  return usage_error(
      fmt::format("task {}: {} few-shot exemplars, {} wanted", context.spec.name,
                  context.exemplars.size(), fewshot_count(context.spec)),
      "the exemplars are drawn from the training split",
      "put all of the training split beside the test rows, or set num_fewshot lower");
}

Result<ItemList> make_items(const DataSet& data, const TaskContext& context) {
  TRY(check_options(context.spec, {"fewshot_as_multiturn", "fewshot_seed"}, Exemplars::some));
  TRY(bool_option(context.spec, "fewshot_as_multiturn", true));
  TRY(check_exemplars(context));
  PythonRandom random = TRY(generator(context.spec));
  ItemList items;
  items.reserve(data.rows.size());
  for (const Row& row : data.rows) {
    Item item = TRY(make_item(row));
    item.row["shots"] = random.sample(context.exemplars.size(), fewshot_count(context.spec));
    items.push_back(std::move(item));
  }
  TRY(check_unique_ids(items, data));
  return items;
}

// --- asking and scoring

Result<NextRequest> next(const Item& item, const std::vector<StepResult>& so_far,
                         const TaskContext& context) {
  if (!so_far.empty()) return std::nullopt;
  PromptParts parts;
  parts.multiturn = TRY(bool_option(context.spec, "fewshot_as_multiturn", true));
  for (const Json& place : item.row.at("shots")) {
    const Json& exemplar = context.exemplars[place.get<std::size_t>()];
    parts.shots.push_back({question_text(exemplar), exemplar.at("answer").get<std::string>()});
  }
  parts.question = question_text(item.row);
  Request request = qa_request(context.chat, parts);
  request.sampling = TRY(sampling_of(context, stop_strings()));
  return request;
}

// exact_match's regexes_to_ignore in their order, and ignore_case: commas, "$", all up to the last
// "#### ", a full stop at the end.
std::string lm_eval_ignoring(std::string_view text) {
  std::string out(text);
  std::erase_if(out, [](char c) { return c == ',' || c == '$'; });
  if (const auto mark = out.rfind(kMark); mark != std::string::npos) {
    out.erase(0, mark + kMark.size());
  }
  // Python's "$" also stands before a line feed that ends the text.
  const std::size_t end = out.ends_with('\n') ? out.size() - 1 : out.size();
  if (end > 0 && out[end - 1] == '.') out.erase(end - 1, 1);
  for (char& c : out) c = to_lower(c);
  return out;
}

bool is_number_char(char c) {
  return is_digit(c) || c == '.' || c == ',';
}

std::size_t end_of(std::string_view text, std::size_t at, bool (*belongs)(char)) {
  while (at < text.size() && belongs(text[at])) ++at;
  return at;
}

// The filter strict-match: the first "#### (\-?[0-9\.\,]+)".
std::string strict_match(std::string_view output) {
  for (auto at = output.find(kMark); at != std::string_view::npos;
       at = output.find(kMark, at + 1)) {
    const std::size_t begin = at + kMark.size();
    const std::size_t digits = begin + (output.substr(begin).starts_with('-') ? 1 : 0);
    const std::size_t end = end_of(output, digits, is_number_char);
    if (end > digits) return std::string(output.substr(begin, end - begin));
  }
  return "[invalid]";
}

// The filter flexible-extract: the last "(-?[$0-9.,]{2,})|(-?[0-9]+)".
std::string flexible_extract(std::string_view output) {
  const auto with_dollar = [](char c) { return is_number_char(c) || c == '$'; };
  std::string_view last = "[invalid]";
  for (std::size_t at = 0; at < output.size();) {
    const std::size_t digits = at + (output[at] == '-' ? 1 : 0);
    std::size_t end = end_of(output, digits, with_dollar);
    if (end < digits + 2) end = end_of(output, digits, is_digit);
    if (end > digits) last = output.substr(at, end - at);
    at = std::max(end, at + 1);
  }
  return std::string(last);
}

LmEvalScore lm_eval_score(std::string_view output, const Item& item) {
  const std::string gold = lm_eval_ignoring(item.row.at("answer").get_ref<const std::string&>());
  LmEvalScore score;
  for (auto& [name, filtered] : std::vector<std::pair<std::string, std::string>>{
           {"strict-match", strict_match(output)},
           {"flexible-extract", flexible_extract(output)}}) {
    const double same = lm_eval_ignoring(filtered) == gold ? 1 : 0;
    score.filters.push_back({name, filtered, same});
  }
  score.value = score.filters.front().exact_match;
  return score;
}

// The number on the last line that is "#### n" and nothing else, as the exemplars end. A heading
// ("#### Step 2") is no such line.
std::string marked_number(std::string_view answer) {
  std::string found;
  for (const std::string& line : split(answer, '\n')) {
    if (!line.starts_with(kMark)) continue;
    std::string number = bare_number(std::string_view(line).substr(kMark.size()));
    if (number.ends_with('.')) number.pop_back();
    if (is_number(number)) found = number;
  }
  return found;
}

Score score(const ScoreInputs& inputs) {
  if (auto early = unanswered(inputs.steps)) return *early;
  const std::string& output = inputs.steps.front().response.text;
  const OwnAnswer own = own_answer(output, stop_strings(),
                                   inputs.item.row.at("question").get_ref<const std::string&>());
  const std::string marked = marked_number(own.text);

  Score score;
  score.target = inputs.item.row.at("number").get<std::string>();
  MathJudgement robust =
      judge_math(score.target, marked.empty() ? own.text : marked, inputs.oracle);
  if (!marked.empty()) robust.extraction = "####";
  set_math_score(
      score, robust,
      lm_eval_score(lm_eval_text(output, stop_strings().all(), inputs.context.chat), inputs.item));
  set_soundness(score, inputs.steps, own);
  return score;
}

}  // namespace

Task gsm8k_task() {
  return {.name = "gsm8k",
          .title = "GSM8K",
          .kind = TaskKind::generate,
          .source = {.hub_id = "openai/gsm8k",
                     .hub_split = "test",
                     .hub_items = 1319,
                     .hub_files = {"main/test-*.parquet", "main/train-*.parquet"},
                     .licence = "MIT",
                     .layouts = {{"repository", {"gsm8k/test.jsonl"}},
                                 {"hub", {"gsm8k/main/test-*.parquet", "gsm8k/test-*.parquet"}},
                                 {"hub snapshot", {"main/test-*.parquet"}}}},
          .exemplar_layouts = {{"repository", {"gsm8k/train.jsonl"}},
                               {"hub", {"gsm8k/main/train-*.parquet", "gsm8k/train-*.parquet"}},
                               {"hub snapshot", {"main/train-*.parquet"}}},
          .num_fewshot = kExemplars,
          .lm_eval = {.name = "gsm8k",
                      .has_metric = true,
                      .score = lm_eval_score,
                      .stop = stop_strings(),
                      .draws_by_row = true,
                      .seed_option = "fewshot_seed",
                      .exemplar_split = "train"},
          .make_items = make_items,
          .next = next,
          .score = score,
          .asks_oracle = true};
}

}  // namespace assay
