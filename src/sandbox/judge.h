// Turns the outcome of a run into a verdict. A pure function that runs outside the sandbox.
#pragma once

#include "sandbox/runner.h"
#include "values/program.h"

namespace assay {

// The verdict of one test. Exit code and standard output alone never pass: the runner inside must
// have said that the program came to its end (for a script: with the nonce that was sent with the
// test text), and the answer must compare equal out here. Anything else is the
// program's failure; sandbox_fault is given only for Outcome::fault.
[[nodiscard]] TestResult judge(const Program& program, const ProgramTest& test,
                               const Outcome& outcome);

}  // namespace assay
