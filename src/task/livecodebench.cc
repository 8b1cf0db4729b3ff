// LiveCodeBench code_generation_lite: competition problems of known dates, solved in Python.
// Problems read from stdin, or ask for a method of a given class (starter code). All public and
// private tests must pass; 6 s of CPU time a test, as the official runner has. The prompt has the
// official order (problem, format with the starter code, answer) in our own words; the official
// wording can be given as files. The answer is the block that defines the function or reads stdin
// and prints, run as a script: threads are awaited. `official` takes the last fenced block and what
// is printed when the main thread returns, as lcb_runner/evaluation/testing_util.py does. Both read
// and write whole numbers of up to 50,000 digits, as it sets.
//
// Item row: question, starter_code, function_name, public_tests, private_tests (as in the row),
// date, where, template. Stratum and group: difficulty.
// Options: release ("release_v5": the files test.jsonl to test5.jsonl; "v5": that file alone;
// "v4_v5": a range), start_date, end_date (YYYY-MM-DD, both inclusive), template and
// template_functional (files with {question} and {starter_code}), time_limit_s (6),
// public_tests_suffice (false: rows without private tests end a run before it begins).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "base/ascii.h"
#include "base/text.h"
#include "score/code_block.h"
#include "task/benchmarks.h"
#include "task/code_answers.h"
#include "task/fields.h"
#include "task/livecodebench_tests.h"
#include "task/prompt.h"
#include "task/python_text.h"

namespace assay {
namespace {

constexpr std::string_view kStdinTemplate =
    "Solve the following programming problem with a correct and efficient Python 3 program.\n\n"
    "### Problem\n{question}\n\n"
    "### Format\nThe program reads its input from stdin and prints the answer to stdout, nothing "
    "else. Put the whole program into one block like this:\n```python\n# your code\n```\n\n"
    "### Answer\n";

constexpr std::string_view kFunctionTemplate =
    "Solve the following programming problem with a correct and efficient Python 3 program.\n\n"
    "### Problem\n{question}\n\n"
    "### Format\nComplete the given code and put all of it into one block like this:\n"
    "```python\n{starter_code}\n```\n\n"
    "### Answer\n";

// The imports that contest sites provide for a solution.
// Star imports come before the modules, so that `bisect` and `copy` name the modules, and
// builtins after modules that redefine one (math.pow), as in the official runner.
constexpr std::string_view kPreamble =
    "from bisect import *\n"
    "from collections import *\n"
    "from copy import *\n"
    "from datetime import *\n"
    "from heapq import *\n"
    "from math import *\n"
    "from random import *\n"
    "from re import *\n"
    "from statistics import *\n"
    "from string import *\n"
    "from functools import *\n"
    "from itertools import *\n"
    "from operator import *\n"
    "from io import *\n"
    "from json import *\n"
    "from sys import *\n"
    "from builtins import *\n"
    "from typing import *\n"
    "import bisect, collections, copy, datetime, functools, heapq, io, itertools, json, math\n"
    "import operator, random, re, statistics, string, sys\n"
    "sys.setrecursionlimit(50000)\n";

// sys.set_int_max_str_digits of the official runner.
constexpr int kIntegerDigits = 50'000;

// --- releases and dates

// The number of a release file: test.jsonl is 1, test2.jsonl 2, …; nothing for other names.
std::optional<int> release_of(const std::string& where) {
  const std::string name = std::filesystem::path(where).filename().string();
  const std::size_t end = name.find(".jsonl");
  if (!name.starts_with("test") || end == std::string::npos) return std::nullopt;
  if (end == 4) return 1;
  int number = 0;
  const auto [rest, error] = std::from_chars(name.data() + 4, name.data() + end, number);
  if (error != std::errc() || rest != name.data() + end) return std::nullopt;
  return number;
}

struct Window {
  int first_release = 0;  // 0: no release asked for
  int last_release = 0;
  std::string start_date;
  std::string end_date;
};

Result<int> version_number(const TaskSpec& spec, std::string_view text) {
  int number = 0;
  if (text.starts_with('v')) {
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && number >= 1) return number;
  }
  return usage_error(fmt::format("task {}: unknown release '{}'", spec.name, text),
                     "known are release_v1 …, v1 … and ranges like v4_v5", "correct the plan");
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
}

Result<std::string> date_option(const TaskSpec& spec, std::string_view name) {
  std::string date = TRY(text_option(spec, name, ""));
  if (date.empty() || is_date(date)) return date;
  return usage_error(fmt::format("task {}: {} is '{}'", spec.name, name, date),
                     "a date is written as YYYY-MM-DD", "correct the plan");
}

Result<Window> read_window(const TaskSpec& spec) {
  Window window;
  window.start_date = TRY(date_option(spec, "start_date"));
  window.end_date = TRY(date_option(spec, "end_date"));
  std::string_view release;
  const std::string text = TRY(text_option(spec, "release", ""));
  release = text;
  if (release.empty()) return window;
  if (release.starts_with("release_")) {
    window.first_release = 1;
    window.last_release = TRY(version_number(spec, release.substr(8)));
    return window;
  }
  const std::size_t middle = std::min(release.find('_'), release.size());
  window.first_release = TRY(version_number(spec, release.substr(0, middle)));
  window.last_release = window.first_release;
  if (middle < release.size()) {
    window.last_release = TRY(version_number(spec, release.substr(middle + 1)));
  }
  return window;
}

bool date_inside(const Window& window, const std::string& date) {
  if (!window.start_date.empty() && date < window.start_date) return false;
  return window.end_date.empty() || date <= window.end_date;
}

// --- rows

// Rows whose problem, format and starter code are one text, with all tests in one encoded field.
Result<Json> adapt_content_and_test(const Row& raw) {
  const std::string content = TRY(text_of(raw, "content"));
  const Json labels =
      TRY(parse_json(TRY(text_of(raw, "labels")), fmt::format("{}, field 'labels'", raw.where)));
  const Row label_row = {labels, fmt::format("{}, field 'labels'", raw.where)};
  constexpr std::string_view question_heading = "### Question:\n";
  constexpr std::string_view format_heading = "### Format:";
  constexpr std::string_view fence_open = "```python\n";
  const std::size_t question = content.find(question_heading);
  const std::size_t format = content.rfind(format_heading);
  const std::size_t fence = content.rfind(fence_open);
  const std::size_t fence_end = content.rfind("\n```");
  if (question == std::string::npos || format == std::string::npos || fence == std::string::npos ||
      format < question || fence < format || fence_end < fence) {
    return row_error(raw, "content", "it has no '### Question:' and '### Format:' with a block");
  }
  const std::size_t text = question + question_heading.size();
  const std::size_t code = fence + fence_open.size();
  const bool functional = content.find("starter code", format) != std::string::npos;
  const std::string id = TRY(text_of(label_row, "task_id"));
  Json out = Json::object();
  out["question_title"] = "";
  out["question_content"] = std::string(trim(content.substr(text, format - text)));
  out["platform"] = TRY(optional_text_of(label_row, "category"));
  out["question_id"] = id.substr(id.find('/') + 1);
  out["contest_date"] = "";
  out["starter_code"] = functional ? content.substr(code, fence_end - code) : "";
  out["difficulty"] = TRY(text_of(label_row, "difficulty"));
  out["public_test_cases"] = "[]";
  out["private_test_cases"] = TRY(text_of(raw, "test"));
  out["metadata"] = "{}";
  return out;
}

Result<std::string> function_name_of(const Row& row) {
  const std::string metadata = TRY(optional_text_of(row, "metadata"));
  if (trim(metadata).empty()) return std::string();
  const Json value = TRY(parse_json(metadata, fmt::format("{}, field 'metadata'", row.where)));
  return optional_text_of({value, fmt::format("{}, field 'metadata'", row.where)}, "func_name");
}

Result<Item> make_item(const Row& row) {
  Item item;
  item.id = TRY(text_of(row, "question_id"));
  item.stratum = TRY(text_of(row, "difficulty"));
  item.group = item.stratum;
  item.row["question"] = TRY(text_of(row, "question_content"));
  item.row["starter_code"] = TRY(optional_text_of(row, "starter_code"));
  item.row["function_name"] = TRY(function_name_of(row));
  item.row["public_tests"] = TRY(text_of(row, "public_test_cases"));
  item.row["private_tests"] = TRY(optional_text_of(row, "private_test_cases"));
  item.row["where"] = std::filesystem::path(row.where).filename().string();
  const std::string date = TRY(optional_text_of(row, "contest_date"));
  if (!date.empty() && !is_date(date.substr(0, 10))) {
    return row_error(row, "contest_date", fmt::format("'{}' starts with no date", date));
  }
  item.row["date"] = date.substr(0, 10);
  return item;
}

Result<ItemList> make_items(const DataSet& data, const TaskContext& context) {
  const TaskSpec& spec = context.spec;
  if (Status ok =
          check_options(spec, {"release", "start_date", "end_date", "template",
                               "template_functional", "time_limit_s", "public_tests_suffice"});
      !ok) {
    return std::unexpected(ok.error());
  }
  const Window window = TRY(read_window(spec));
  if (TRY(number_option(spec, "time_limit_s", 6)) <= 0) {
    return usage_error(fmt::format("task {}: time_limit_s is not above 0", spec.name), "",
                       "correct the plan");
  }
  TRY(bool_option(spec, "public_tests_suffice", false));
  const auto stdin_file = TRY(file_option(context, "template"));
  const auto function_file = TRY(file_option(context, "template_functional"));
  ItemList items;
  for (const Row& row : data.rows) {
    if (window.first_release > 0) {
      const std::optional<int> release = release_of(row.where);
      if (!release) {
        return usage_error(
            fmt::format("task {}: release cannot be told", spec.name),
            fmt::format("{} is no release file (test.jsonl, test2.jsonl, …)", row.where),
            "use the hub's files, or leave the option out");
      }
      if (*release < window.first_release || *release > window.last_release) continue;
    }
    Item item = TRY(make_item(row));
    if (!date_inside(window, item.row.at("date").get<std::string>())) continue;
    const bool functional = !item.row.at("starter_code").get<std::string>().empty();
    item.row["template"] = functional ? function_file.value_or(std::string(kFunctionTemplate))
                                      : stdin_file.value_or(std::string(kStdinTemplate));
    items.push_back(std::move(item));
  }
  if (Status ok = check_unique_ids(items, data); !ok) return std::unexpected(ok.error());
  return items;
}

// --- asking and grading

Result<NextRequest> next(const Item& item, const std::vector<StepResult>& so_far,
                         const TaskContext& context) {
  if (!so_far.empty()) return std::nullopt;
  PromptParts parts;
  parts.question =
      fill_template(item.row.at("template").get<std::string>(),
                    {{"question", item.row.at("question").get_ref<const std::string&>()},
                     {"starter_code", item.row.at("starter_code").get_ref<const std::string&>()}});
  Request request = qa_request(context.chat, parts);
  request.sampling = TRY(sampling_of(context, StopStrings()));
  return request;
}

// The function that the starter code asks for: the last one that it begins.
std::string starter_function(std::string_view starter) {
  const std::size_t def = starter.rfind("def ");
  if (def == std::string_view::npos) return {};
  const std::string_view name = trim(starter.substr(def + 4));
  return std::string(name.substr(0, name.find_first_of("(: \n")));
}

CodeAnswers code_of(const Item& item, const StepResult& step) {
  const std::string answer = answer_text(step.response.text);
  WantedCode wanted{.in_class = true};
  const auto starter = item.row.at("starter_code").get<std::string>();
  std::string function = item.row.at("function_name").get<std::string>();
  if (function.empty()) function = starter_function(starter);
  if (!trim(starter).empty()) wanted.names.push_back(function);
  return code_answers(answer, wanted, extract_livecodebench_code(answer));
}

Result<CodeTests> tests_of(const Item& item) {
  return livecodebench_tests(item.row.at("public_tests").get_ref<const std::string&>(),
                             item.row.at("private_tests").get_ref<const std::string&>(),
                             item.row.at("where").get_ref<const std::string&>());
}

// A row without private tests has the examples of its text alone, which more programs pass.
Result<std::string> untestable(const Item& item, const TaskContext& context) {
  const CodeTests tests = TRY(tests_of(item));
  if (tests.tests.empty()) return reason::kNoTests;
  if (tests.private_tests > 0 || TRY(bool_option(context.spec, "public_tests_suffice", false))) {
    return "";
  }
  return kNoPrivateTests;
}

// Whether it matters that a program's main thread returns before the program ends. A word too many
// costs one more run, and changes nothing.
bool may_print_later(std::string_view code) {
  std::string lower(code);
  std::ranges::transform(lower, lower.begin(), to_lower);
  return lower.contains("thread") || lower.contains("concurrent") || lower.contains("atexit");
}

// `official` beside `program`, where it is another code or another reading.
std::optional<Program> official_program(const CodeAnswers& answers, const Program& program) {
  const std::string& code = answers.official.code;
  const bool other_reading = program.kind == TestKind::stdin_stdout && may_print_later(code);
  if (code.empty() || (answers.same() && !other_reading)) return std::nullopt;
  Program official = program;
  official.source = code;
  official.main_thread_alone = other_reading;
  return official;
}

Result<Programs> programs(const Item& item, const std::vector<StepResult>& steps,
                          const TaskContext& context) {
  if (unanswered(steps)) return Programs();
  const CodeAnswers answers = code_of(item, steps.front());
  if (answers.robust.code.empty()) return Programs();
  CodeTests tests = TRY(tests_of(item));
  if (tests.tests.empty()) return Programs();
  Program program;
  program.source = answers.robust.code;
  program.preamble = kPreamble;
  program.tests = std::move(tests.tests);
  if (tests.functional) {
    program.kind = TestKind::function;
    program.compare = Compare::json_value;
    program.function_name = item.row.at("function_name").get<std::string>();
    if (program.function_name.empty()) program.function_name = tests.function_name;
  }
  program.limits.cpu_s = TRY(number_option(context.spec, "time_limit_s", 6));
  program.limits.wall_s = 4 * program.limits.cpu_s;
  program.limits.memory_bytes = 2UL << 30;
  program.integer_digits = kIntegerDigits;
  Programs programs;
  auto official = official_program(answers, program);
  programs.push_back(std::move(program));
  if (official) programs.push_back(*std::move(official));
  return programs;
}

Score score(const ScoreInputs& inputs) {
  const auto early = unanswered(inputs.steps);
  Score score = early ? *early : score_programs(code_of(inputs.item, inputs.steps.front()), inputs);
  const auto date = inputs.item.row.at("date").get<std::string>();
  if (!date.empty()) score.month = date.substr(0, 7);
  return score;
}

}  // namespace

Task livecodebench_task() {
  return {.name = "livecodebench",
          .title = "LiveCodeBench",
          .kind = TaskKind::code,
          .source = {.hub_id = "livecodebench/code_generation_lite",
                     .hub_split = "test",
                     .hub_items = 1055,  // release_v6: test.jsonl to test6.jsonl
                     .hub_items_unless = {"release", "start_date", "end_date"},
                     .hub_files = {"test*.jsonl"},
                     .licence = {"CC (see the data set's card)", "CC（见数据集卡片）"},
                     .layouts = {{"hub", {"livecodebench/test*.jsonl"}},
                                 {"content and test",
                                  {"livecodebench/sandboxfusion_*.jsonl"},
                                  adapt_content_and_test},
                                 {"hub snapshot", {"test*.jsonl"}}}},
          .make_items = make_items,
          .next = next,
          .programs = programs,
          .untestable = untestable,
          .untestable_fix =
              "fetch the data set again (the hub's test*.jsonl hold all tests), or "
              "accept the examples of the problem's text: `options: "
              "{public_tests_suffice: true}`",
          .score = score};
}

}  // namespace assay
