// Shared by this room's tests.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "sandbox/sandbox.h"

namespace assay {

// The graders' interpreter: ASSAY_GRADE_PYTHON, else the project's own .venv-grade.
inline std::string grade_python() {
  const char* named = std::getenv("ASSAY_GRADE_PYTHON");
  return named != nullptr ? named : ASSAY_SOURCE_DIR "/.venv-grade/bin/python3";
}

inline Program stdin_program(std::string source, std::string input = "",
                             std::string expected = "") {
  Program out;
  out.source = std::move(source);
  out.tests = {{std::move(input), std::move(expected)}};
  out.limits.cpu_s = 2;
  out.limits.wall_s = 20;
  out.limits.memory_bytes = 256UL << 20;
  return out;
}

inline Program function_program(std::string source, std::string name, std::string input,
                                std::string expected) {
  Program out = stdin_program(std::move(source), std::move(input), std::move(expected));
  out.kind = TestKind::function;
  out.compare = Compare::json_value;
  out.function_name = std::move(name);
  return out;
}

inline Program script_program(std::string source, std::string test) {
  Program out = stdin_program(std::move(source), std::move(test));
  out.kind = TestKind::script;
  out.compare = Compare::none;
  return out;
}

}  // namespace assay
