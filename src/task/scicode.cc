// SciCode: scientific programs written step by step. An item is a main problem; each of its
// sub-steps is one request whose prompt carries the model's own code of the steps before it.
// Every step's tests run with all code so far; the item is solved when all its steps pass.
//
// Where a test needs a `target`: from test_data.h5, if it is found (scicode_files.h), else from the
// solution that the 15 development problems ship. With neither, the item asks nothing and stays
// unscored ("tests not available"), unless generate_untested asks it all the same. Three steps'
// code is given by the benchmark itself (13.6, 62.1, 76.3), as files <id>.txt; such a step is
// neither asked nor tested.
//
// Item row: dependencies, split, template, has_test_data, beside (folders of the rows), reason (why
// it cannot be graded; empty: it can), asked, steps [{id, prompt, header, background, tests,
// needs_target, solution, supplied}].
// Stratum and group: the split. Options: with_background (false), split (test | dev | all; by
// default test where test_data.h5 is there and dev where it is not), template (file with
// {problem_steps_str}, {next_step_str}, {dependencies}), time_limit_s (300, CPU time of a step's
// tests), carry (own | gold: whose code of earlier steps later ones see and are tested with; gold
// where the row has the solution).
#include "task/benchmarks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/files.h"
#include "base/text.h"
#include "score/code_block.h"
#include "task/fields.h"
#include "task/prompt.h"
#include "task/python_text.h"
#include "task/scicode_files.h"
#include "task/scicode_harness.h"

namespace assay {
namespace {

// Has the same parts as the official templates: the steps so far with their code, the next step,
// the dependencies, the rules.
constexpr std::string_view kOwnTemplate =
    "You are solving a scientific computing problem in Python, one step at a time.\n\n"
    "Steps so far, with their code:\n\n{problem_steps_str}\n\n"
    "Next step:\n\n{next_step_str}\n\n"
    "Packages that are imported already (use no others, do not import them again):\n\n"
    "{dependencies}\n\n"
    "Write the function of the next step only, with the given header, in one block that starts "
    "with ```python and ends with ```. Do not repeat earlier functions; write no tests and no "
    "example calls.";

constexpr const char* kSuppliedCodeMissing = "supplied code not available";

// --- reading the rows

bool is_supplied(const std::string& id) {
  return id == "13.6" || id == "62.1" || id == "76.3";
}

Result<Json> make_step(const Row& problem, const Json& fields, std::size_t index,
                       const std::vector<std::filesystem::path>& places) {
  const Row row = {fields, fmt::format("{}, sub_steps[{}]", problem.where, index)};
  Json step = Json::object();
  step["id"] = TRY(text_of(row, "step_number"));
  step["prompt"] = TRY(text_of(row, "step_description_prompt"));
  step["background"] = TRY(optional_text_of(row, "step_background"));
  step["header"] =
      TRY(text_of(row, "function_header")) + "\n\n" + TRY(optional_text_of(row, "return_line"));
  step["solution"] = TRY(optional_text_of(row, "ground_truth_code"));
  const std::vector<std::string> tests = TRY(texts_of(row, "test_cases"));
  step["tests"] = tests;
  step["needs_target"] = std::any_of(tests.begin(), tests.end(), uses_target);
  step["supplied"] = nullptr;
  if (is_supplied(step.at("id").get<std::string>())) {
    const std::string file = find_scicode_file(places, step.at("id").get<std::string>() + ".txt");
    step["supplied"] = file.empty() ? "" : TRY(read_file(file));
  }
  return step;
}

// Why the item cannot be graded; empty when it can.
std::string missing_for_grading(const Json& steps, bool has_test_data) {
  for (const Json& step : steps) {
    if (step.at("supplied").is_string()) {
      if (step.at("supplied").get<std::string>().empty()) return kSuppliedCodeMissing;
      continue;
    }
    if (step.at("tests").empty()) return reason::kNoTests;
    const bool has_solution = !step.at("solution").get<std::string>().empty();
    if (step.at("needs_target").get<bool>() && !has_test_data && !has_solution) {
      return reason::kNoTests;
    }
  }
  return "";
}

// A development problem.
bool ships_solutions(const Row& row) {
  const auto steps = row.fields.find("sub_steps");
  if (steps == row.fields.end() || !steps->is_array()) return false;
  return std::all_of(steps->begin(), steps->end(), [](const Json& step) {
    return step.is_object() && step.contains("ground_truth_code") &&
           step.at("ground_truth_code").is_string() &&
           !trim(step.at("ground_truth_code").get_ref<const std::string&>()).empty();
  });
}

Result<Item> make_item(const Row& row, const std::vector<std::filesystem::path>& places,
                       const std::string& test_data) {
  Item item;
  item.id = TRY(id_of(row, "problem_id"));
  item.row["dependencies"] = TRY(text_of(row, "required_dependencies"));
  if (!row.fields.contains("sub_steps") || !row.fields.at("sub_steps").is_array() ||
      row.fields.at("sub_steps").empty()) {
    return row_error(row, "sub_steps", "it is no list of steps");
  }
  Json steps = Json::array();
  bool all_solved = true;
  for (const Json& fields : row.fields.at("sub_steps")) {
    steps.push_back(TRY(make_step(row, fields, steps.size(), places)));
    all_solved = all_solved && !steps.back().at("solution").get<std::string>().empty();
  }
  item.row["split"] = all_solved ? "dev" : "test";
  item.row["has_test_data"] = !test_data.empty();
  item.row["reason"] = missing_for_grading(steps, !test_data.empty());
  item.row["steps"] = std::move(steps);
  item.stratum = item.row.at("split").get<std::string>();
  item.group = item.stratum;
  return item;
}

// The split when none is asked for: the test problems if they can be graded, else the development
// problems. If all rows are of the other split, that one.
void keep_split(ItemList& items, std::string split, bool has_test_data) {
  if (split == "all") return;
  const bool asked = !split.empty();
  if (!asked) {
    split = has_test_data ? "test" : "dev";
  }
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items.stratum(i) == split) kept.push_back(i);
  }
  if (kept.empty() && !asked) return;
  items = std::move(items).taken(kept);
}

Result<ItemList> make_items(const DataSet& data, const TaskContext& context) {
  const TaskSpec& spec = context.spec;
  if (Status ok = check_options(spec, {"with_background", "split", "template", "time_limit_s",
                                       "carry", "test_data", "generate_untested"});
      !ok) {
    return std::unexpected(ok.error());
  }
  TRY(bool_option(spec, "with_background", false));
  const std::string carry = TRY(text_option(spec, "carry", "own"));
  if (carry != "own" && carry != "gold") {
    return usage_error(fmt::format("task {}: carry is '{}'", spec.name, carry),
                       "known are own and gold", "correct the plan");
  }
  const std::string split = TRY(text_option(spec, "split", ""));
  if (!split.empty() && split != "all" && split != "dev" && split != "test") {
    return usage_error(fmt::format("task {}: unknown split '{}'", spec.name, split),
                       "known are all, dev and test", "correct the plan");
  }
  if (TRY(number_option(spec, "time_limit_s", 300)) <= 0) {
    return usage_error(fmt::format("task {}: time_limit_s is not above 0", spec.name), "",
                       "correct the plan");
  }
  const auto file = TRY(file_option(context, "template"));
  TRY(check_test_data_option(context));
  const bool ask_all = TRY(bool_option(spec, "generate_untested", false));
  const std::vector<std::string> beside = row_folders(data);
  const auto places = scicode_places(context, beside);
  const std::string test_data = find_scicode_file(places, kScicodeTargets);
  ItemList items;
  for (const Row& row : data.rows) {
    Item item = TRY(make_item(row, places, test_data));
    item.row["template"] = file.value_or(std::string(kOwnTemplate));
    item.row["beside"] = beside;
    item.row["asked"] = ask_all || item.row.at("reason").get<std::string>().empty();
    items.push_back(std::move(item));
  }
  keep_split(items, split, !test_data.empty());
  if (Status ok = check_unique_ids(items, data); !ok) return std::unexpected(ok.error());
  return items;
}

// What the benchmark's own evaluation cannot do without.
Text data_note(const DataSet* rows, const TaskContext& context) {
  if (const auto split = text_option(context.spec, "split", ""); split && *split == "dev")
    return {};
  const auto folders = rows != nullptr ? row_folders(*rows) : std::vector<std::string>();
  if (!find_scicode_file(scicode_places(context, folders), kScicodeTargets).empty()) return {};
  bool needed = rows == nullptr;
  for (std::size_t i = 0; !needed && i < rows->rows.size(); ++i) {
    needed = !ships_solutions(rows->rows[i]);
  }
  if (!needed) return {};
  Text beside;
  if (rows != nullptr && !folders.empty()) {
    beside = bilingual("beside the rows in {}, ", " {}（与题目数据放在一起），或",
                       (std::filesystem::path(context.data_folder) / folders[0]).string());
  }
  const auto asked = bool_option(context.spec, "generate_untested", false);
  return bilingual(
      "{} is not there: without it only the development problems can be tested, whose solutions "
      "are public; the test problems {}. Put it {}into {}, or name it: `options: {{test_data: "
      "FILE}}` (docs/tasks.md, scicode)",
      "没有 {}：缺了它只能测试解答公开的开发题；测试题{}。请把它放进{} {}，或指明它的位置："
      "`options: {{test_data: FILE}}`（docs/tasks.md，scicode）",
      kScicodeTargets,
      asked && *asked ? Text("that are asked stay unscored", "照问但不评分")
                      : Text("are not asked", "不会被问到"),
      beside, scicode_user_folder().string());
}

// --- asking

bool is_asked(const Json& step) {
  return !step.at("supplied").is_string();
}

std::size_t asked_steps(const Item& item) {
  const Json& steps = item.row.at("steps");
  return static_cast<std::size_t>(std::count_if(steps.begin(), steps.end(), is_asked));
}

// Why nothing could be run when the item was made; empty: it could.
std::string reason_at_start(const Item& item) {
  return item.row.at("reason").get<std::string>();
}

bool is_generated(const Item& item) {
  return item.row.value("asked", reason_at_start(item).empty());
}

std::vector<std::filesystem::path> places_of(const Item& item, const TaskContext& context) {
  return scicode_places(context, item.row.value("beside", std::vector<std::string>()));
}

// Why nothing can be run; empty: it can. What was asked all the same can be tested once
// test_data.h5 has come.
Result<std::string> untestable(const Item& item, const TaskContext& context) {
  std::string reason = reason_at_start(item);
  if (reason != reason::kNoTests || !is_generated(item)) return reason;
  const bool has_test_data = !find_scicode_file(places_of(item, context), kScicodeTargets).empty();
  return missing_for_grading(item.row.at("steps"), has_test_data);
}

bool can_be_graded(const Item& item, const TaskContext& context) {
  const auto why = untestable(item, context);
  return why && why->empty();
}

bool was_answered(const StepResult& step) {
  return !step.prompt_did_not_fit && step.response.finish_reason != FinishReason::error;
}

// The code of the steps answered so far: the benchmark's own where it supplies it, else the
// model's.
std::vector<std::string> code_of_steps(const Item& item, const std::vector<StepResult>& answers) {
  std::vector<std::string> code;
  std::size_t answered = 0;
  for (const Json& step : item.row.at("steps")) {
    if (!is_asked(step)) {
      code.push_back(step.at("supplied").get<std::string>());
    } else if (answered < answers.size()) {
      const std::string text = answer_text(answers[answered++].response.text);
      code.push_back(extract_scicode_code(text).code);
    } else {
      break;
    }
  }
  return code;
}

// The code to test step `index` with: its own answer and the code of the steps before it, taken as
// the option `carry` says.
std::vector<std::string> carried_code(const Item& item, std::vector<std::string> own,
                                      std::size_t index, const TaskContext& context) {
  const auto carry = text_option(context.spec, "carry", "own");
  if (!carry || *carry != "gold") return own;
  const Json& steps = item.row.at("steps");
  for (std::size_t i = 0; i < std::min(index, own.size()); ++i) {
    const auto solution = steps[i].at("solution").get<std::string>();
    if (is_asked(steps[i]) && !solution.empty()) own[i] = solution;
  }
  return own;
}

std::string description_of(const Json& step, bool with_background) {
  std::string text = step.at("prompt").get<std::string>();
  const auto background = step.at("background").get<std::string>();
  if (with_background && !background.empty()) text += "\n" + background;
  return text;
}

int steps_of(const Item& item) {
  return is_generated(item) ? static_cast<int>(asked_steps(item)) : 0;
}

Result<NextRequest> next(const Item& item, const std::vector<StepResult>& so_far,
                         const TaskContext& context) {
  if (!is_generated(item) || so_far.size() >= asked_steps(item)) return std::nullopt;
  // The prompts of later steps are longer, so they would not fit either; and a step without code is
  // missing from all later programs.
  if (!so_far.empty() && !was_answered(so_far.back())) return std::nullopt;
  const bool background = TRY(bool_option(context.spec, "with_background", false));
  std::vector<std::string> code = code_of_steps(item, so_far);
  const std::size_t next_index = code.size();
  code = carried_code(item, std::move(code), next_index, context);
  const Json& steps = item.row.at("steps");
  std::string earlier;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (i > 0) earlier += "\n\n------\n\n";
    earlier += description_of(steps[i], background) + "\n\n" + code[i];
  }
  const Json& step = steps[code.size()];
  const std::string next_step =
      description_of(step, background) + "\n\n" + step.at("header").get<std::string>();
  PromptParts parts;
  parts.question =
      fill_template(item.row.at("template").get<std::string>(),
                    {{"problem_steps_str", earlier},
                     {"next_step_str", next_step},
                     {"dependencies", item.row.at("dependencies").get_ref<const std::string&>()}});
  Request request = qa_request(context.chat, parts);
  request.sampling = TRY(sampling_of(context, StopStrings()));
  return request;
}

// --- grading

// `index` of the step within the item's steps; `code` holds the steps up to it.
Program step_program(const Item& item, std::size_t index, const std::vector<std::string>& code,
                     const std::string& test_data, double time_limit_s) {
  const Json& steps = item.row.at("steps");
  const Json& step = steps[index];
  const auto tests = step.at("tests").get<std::vector<std::string>>();
  const auto dependencies = item.row.at("dependencies").get<std::string>();

  Program program;
  program.kind = TestKind::script;
  program.compare = Compare::none;
  program.needs_scientific = true;
  program.run_as_main = true;
  program.limits.cpu_s = time_limit_s;
  program.limits.wall_s = 4 * time_limit_s;
  program.limits.memory_bytes = 4UL << 30;
  program.preamble = std::string(scicode_compare_modules());
  std::string script;  // all tests in one run, since later ones use names of earlier ones
  if (step.at("needs_target").get<bool>() && !test_data.empty()) {
    program.read_only_file = test_data;
    program.preamble += scicode_hdf5_targets();
    script = fmt::format("_assay_found = _assay_targets({}, {})\n",
                         python_literal(step.at("id").get<std::string>()), tests.size());
  } else if (step.at("needs_target").get<bool>()) {
    std::string solution;
    for (std::size_t i = 0; i <= index; ++i) {
      solution += steps[i].at("solution").get<std::string>() + "\n";
    }
    program.preamble += scicode_solution_targets(dependencies, solution, tests);
    script = "_assay_found = _assay_targets()\n";
  }
  program.preamble += "\n" + dependencies + "\n";
  for (std::size_t i = 0; i <= index; ++i) program.source += code[i] + "\n\n";
  for (std::size_t i = 0; i < tests.size(); ++i) {
    if (uses_target(tests[i])) script += fmt::format("target = _assay_found[{}]\n", i);
    script += tests[i] + "\n";
  }
  program.tests.push_back({.input = std::move(script), .expected = ""});
  return program;
}

// One program an asked step, in order.
Result<Programs> programs(const Item& item, const std::vector<StepResult>& steps,
                          const TaskContext& context) {
  Programs out;
  if (!can_be_graded(item, context)) return out;
  if (steps.size() < asked_steps(item) || !std::all_of(steps.begin(), steps.end(), was_answered)) {
    return out;
  }
  const double time_limit_s = TRY(number_option(context.spec, "time_limit_s", 300));
  const std::string test_data = find_scicode_file(places_of(item, context), kScicodeTargets);
  if (item.row.at("has_test_data").get<bool>() && test_data.empty()) {
    return usage_error("test_data.h5 is no longer in " + context.data_folder,
                       "SciCode's tests take their targets from it", "put it back");
  }
  const std::vector<std::string> code = code_of_steps(item, steps);
  std::size_t answer = 0;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (!is_asked(item.row.at("steps")[i])) continue;
    out.push_back(
        step_program(item, i, carried_code(item, code, i, context), test_data, time_limit_s));
    const StepResult& step = steps[answer++];
    // The benchmark's own files hold the steps before, too.
    if (step.is_code) out.back().source = step.response.text;
  }
  return out;
}

Score score_steps(const ScoreInputs& inputs) {
  Score score;
  score.outcome = Outcome::scored;
  int passed = 0;
  Json verdicts = Json::object();
  std::size_t program = 0;
  for (const Json& step : inputs.item.row.at("steps")) {
    if (!is_asked(step)) continue;
    const ProgramResult& result = inputs.programs[program++];
    const auto id = step.at("id").get<std::string>();
    if (result.verdict == ProgramVerdict::sandbox_fault) {
      return unscored(reason::kSandboxFault, result.detail);
    }
    verdicts[id] = to_string(result.verdict);
    if (result.verdict == ProgramVerdict::passed) {
      ++passed;
    } else if (score.detail.empty()) {
      score.detail = fmt::format("step {}: {}: {}", id, to_string(result.verdict), result.detail);
    }
  }
  const auto total = static_cast<int>(inputs.programs.size());
  score.metrics["robust"] = passed == total ? 1 : 0;
  score.metrics["subproblem"] = total == 0 ? 0 : static_cast<double>(passed) / total;
  score.substeps = Substeps{passed, total};
  score.remarks["verdicts"] = std::move(verdicts);
  return score;
}

Score score(const ScoreInputs& inputs) {
  if (!can_be_graded(inputs.item, inputs.context)) {
    Score score = unscored("");
    score.reason = reason_at_start(inputs.item);
    if (!inputs.steps.empty()) set_soundness(score, inputs.steps);
    return score;
  }
  if (auto early = unanswered(inputs.steps)) {
    early->remarks["steps_answered"] =
        std::count_if(inputs.steps.begin(), inputs.steps.end(), was_answered);
    set_soundness(*early, inputs.steps);
    return *early;
  }
  if (inputs.steps.size() < asked_steps(inputs.item) ||
      inputs.programs.size() != inputs.steps.size()) {
    return unscored(reason::kNotRun);
  }
  Score score = score_steps(inputs);
  const bool none_extracted =
      std::any_of(inputs.steps.begin(), inputs.steps.end(), [](const StepResult& step) {
        return extract_scicode_code(step.is_code ? step.response.text
                                                 : answer_text(step.response.text))
            .code.empty();
      });
  score.not_extractable = none_extracted;
  score.extraction = none_extracted ? "" : inputs.steps[0].is_code ? "as recorded" : "code fence";
  set_soundness(score, inputs.steps);
  return score;
}

}  // namespace

Task scicode_task() {
  return {.name = "scicode",
          .title = "SciCode",
          .kind = TaskKind::code,
          .source = {.hub_id = "SciCode1/SciCode",
                     .hub_split = "test",
                     .hub_requests = 288,  // 338 sub-problems, 50 of them the development split's
                     .hub_items = 65,
                     .hub_files = {"problems_*.jsonl", "*.parquet", "data/*.parquet"},
                     .licence = "Apache-2.0",
                     .layouts = {{"hub",
                                  {"scicode/problems_dev.jsonl", "scicode/problems_test.jsonl",
                                   "scicode/problems_all.jsonl"}},
                                 {"any jsonl", {"scicode/*.jsonl"}},
                                 {"any parquet", {"scicode/**/*.parquet"}},
                                 {"hub snapshot", {"problems_*.jsonl"}},
                                 {"hub snapshot, parquet", {"*.parquet", "data/*.parquet"}}}},
          .max_steps = 15,
          .make_items = make_items,
          .next = next,
          .programs = programs,
          .untestable = untestable,
          .data_note = data_note,
          .score = score,
          .steps_of = steps_of};
}

}  // namespace assay
