#include "task/livecodebench_tests.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "data/pickle.h"

namespace assay {
namespace {

std::unexpected<Error> tests_error(std::string_view where, std::string why) {
  return usage_error(fmt::format("{}: the tests are not usable", where), std::move(why),
                     "fetch the data set again, or correct the row");
}

// A list of {input, output, testtype}.
Status add_cases(CodeTests& out, const Json& cases, std::string_view where) {
  if (!cases.is_array()) return tests_error(where, "the test cases are no list");
  for (const Json& entry : cases) {
    const std::string input = TRY(string_field(entry, "input", where));
    const std::string expected = TRY(string_field(entry, "output", where));
    const std::string type = entry.contains("testtype") && entry.at("testtype").is_string()
                                 ? entry.at("testtype").get<std::string>()
                                 : "stdin";
    if (type != "stdin" && type != "functional") {
      return tests_error(where, fmt::format("unknown testtype '{}'", type));
    }
    const bool functional = type == "functional";
    if (!out.tests.empty() && functional != out.functional) {
      return tests_error(where, "stdin and functional tests are mixed");
    }
    out.functional = functional;
    out.tests.push_back({.input = input, .expected = expected});
  }
  return {};
}

// The older layout: {inputs: [text], outputs: [text], fn_name}.
Status add_input_output(CodeTests& out, const Json& value, std::string_view where) {
  const std::vector<std::string> inputs = TRY(strings_field(value, "inputs", where));
  const std::vector<std::string> outputs = TRY(strings_field(value, "outputs", where));
  if (inputs.size() != outputs.size()) {
    return tests_error(where,
                       fmt::format("{} inputs but {} outputs", inputs.size(), outputs.size()));
  }
  if (value.contains("fn_name") && value.at("fn_name").is_string()) {
    out.function_name = value.at("fn_name").get<std::string>();
  }
  out.functional = !out.function_name.empty();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    out.tests.push_back({.input = inputs[i], .expected = outputs[i]});
  }
  return {};
}

}  // namespace

Result<CodeTests> livecodebench_tests(std::string_view public_cases, std::string_view private_cases,
                                      std::string_view where) {
  CodeTests out;
  const std::string public_where = fmt::format("{}, public_test_cases", where);
  const std::string private_where = fmt::format("{}, private_test_cases", where);
  if (Status ok = add_cases(out, TRY(parse_json(public_cases, public_where)), public_where); !ok) {
    return std::unexpected(ok.error());
  }
  const std::size_t public_tests = out.tests.size();
  if (trim(private_cases).empty()) return out;
  const bool plain = trim(private_cases).front() == '[';
  const std::string text =
      plain ? std::string(private_cases) : TRY(private_tests_json(private_cases, private_where));
  const Json cases = TRY(parse_json(text, private_where));
  const Status ok = cases.is_object() ? add_input_output(out, cases, private_where)
                                      : add_cases(out, cases, private_where);
  if (!ok) return std::unexpected(ok.error());
  out.private_tests = out.tests.size() - public_tests;
  return out;
}

}  // namespace assay
