// Hostile programs with the verdict each must get: `assay sandbox check` and the tests run them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "sandbox/sandbox.h"
#include "values/program.h"

namespace assay {

// One file of tests/programs. Its first comment lines are a manifest:
//   # attack: what it tries
//   # expect: verdict [| verdict ...]
//   # kind: stdin_stdout | function | script     (default stdin_stdout)
//   # function: name     # input: one line     # expected: one line
//   # limits: cpu_s=1 wall_s=4 memory_mb=256 output_kb=256 processes=16 file_kb=1024
//   # scientific: yes    # main: yes
// For a script, the text after a line "# --- test ---" is the test that is appended.
struct AttackProgram {
  std::string name;
  std::string what;
  std::vector<ProgramVerdict> expect;
  Program program;
};

[[nodiscard]] Result<AttackProgram> parse_attack(std::string_view name, std::string_view text);
// Those carried in the executable.
[[nodiscard]] Result<std::vector<AttackProgram>> built_in_attacks();
[[nodiscard]] Result<std::vector<AttackProgram>> load_attacks(const std::filesystem::path& folder);

struct AttackResult {
  std::string name;
  std::string what;
  std::string expected;  // "runtime_error | forbidden_call"
  ProgramVerdict verdict = ProgramVerdict::sandbox_fault;
  std::string detail;
  double wall_s = 0;
  bool held = false;  // the verdict is one of those expected and the neighbour was not disturbed
};

// Runs each, and after each an honest program that looks for traces of it (files, processes,
// memory segments) and must pass. Ends with an error of kind interrupted when `until` is over.
[[nodiscard]] Result<std::vector<AttackResult>> run_attack_suite(
    Sandbox& sandbox, const std::vector<AttackProgram>& attacks, const Deadline& until = {});

}  // namespace assay
