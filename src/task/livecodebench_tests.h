// LiveCodeBench's test cases, as its rows carry them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "values/program.h"

namespace assay {

inline constexpr const char* kNoPrivateTests = "no private tests";

struct CodeTests {
  std::vector<ProgramTest> tests;
  std::size_t private_tests = 0;  // how many of them, behind the public ones
  bool functional = false;        // call a function; false: stdin and stdout
  std::string function_name;      // from the tests themselves (older rows); usually empty
};

// `public_cases`: JSON list of {input, output, testtype}. `private_cases`: the same, or base64 of
// zlib of a pickle that holds such a JSON text, or a dict with `input_output` in the older layout
// {inputs, outputs, fn_name}. The pickle is read by a reader that makes plain data only. Public
// tests come first. Errors (usage) name `where`.
[[nodiscard]] Result<CodeTests> livecodebench_tests(std::string_view public_cases,
                                                    std::string_view private_cases,
                                                    std::string_view where);

}  // namespace assay
