// A program to run in the sandbox, and what became of it. Plain values: tasks make and read them,
// the sandbox runs them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace assay {

struct ProgramLimits {
  double cpu_s = 10;   // of one test
  double wall_s = 40;  // a multiple of cpu_s, so that a loaded machine does not decide
  std::uint64_t memory_bytes = 1UL << 30;
  std::uint64_t output_bytes = 16UL << 20;
  int processes = 32;
  std::uint64_t file_bytes = 16UL << 20;
};

// How a test's call is made and its outcome read.
enum class TestKind {
  stdin_stdout,  // the program is run with `input` on stdin; it prints the answer
  function,  // `function_name` is called with the JSON-decoded arguments, one per line of input;
             // the JSON of its return value is the answer. A class Solution is instantiated.
  script,    // `input` is Python appended to the program; running to its end is passing
};

struct ProgramTest {
  std::string input;
  std::string expected;  // stays outside the sandbox; unused for script
};

// How an answer is compared with the expected text.
enum class Compare {
  lines,       // stripped line by line, then token by token as numbers where both are decimals
  json_value,  // parsed as JSON; tuples equal lists
  none,        // script
};

struct Program {
  std::string source;    // Python
  std::string preamble;  // trusted text put before the source (imports)
  TestKind kind = TestKind::stdin_stdout;
  Compare compare = Compare::lines;
  std::string function_name;  // TestKind::function
  std::vector<ProgramTest> tests;
  bool needs_scientific = false;  // numpy, scipy, sympy warmed up
  std::string read_only_file;     // bound read-only as /data/test_data.h5 when not empty
  ProgramLimits limits;
  bool run_all_tests = false;  // default: stop at the first failure
  bool run_as_main = false;    // script: __name__ is "__main__" (SciCode), else it is not
  // Digits of whole numbers that Python reads and writes as text; 0: its own limit (4,300).
  int integer_digits = 0;
  // stdin_stdout: what is printed when the main thread returns is the answer; threads are not
  // awaited and no exit handler runs. Default: as a script runs.
  bool main_thread_alone = false;
};

enum class ProgramVerdict {
  passed,
  wrong_answer,
  runtime_error,
  time_limit,
  memory_limit,
  output_limit,
  process_limit,
  forbidden_call,
  no_code,        // nothing to run
  sandbox_fault,  // ours, not the program's: retried, then unscored
};

struct TestResult {
  ProgramVerdict verdict = ProgramVerdict::sandbox_fault;
  std::string detail;  // first differing line, exception and line; at most 300 bytes, valid UTF-8
  double cpu_s = 0;
  double wall_s = 0;
};

struct ProgramResult {
  ProgramVerdict verdict = ProgramVerdict::sandbox_fault;  // the first that is not passed
  std::string detail;
  std::vector<TestResult> tests;  // those that were run, in order
};

[[nodiscard]] const char* to_string(ProgramVerdict verdict);

}  // namespace assay
