#include "values/program.h"

namespace assay {

const char* to_string(ProgramVerdict verdict) {
  switch (verdict) {
    case ProgramVerdict::passed:
      return "passed";
    case ProgramVerdict::wrong_answer:
      return "wrong answer";
    case ProgramVerdict::runtime_error:
      return "runtime error";
    case ProgramVerdict::time_limit:
      return "time limit";
    case ProgramVerdict::memory_limit:
      return "memory limit";
    case ProgramVerdict::output_limit:
      return "output limit";
    case ProgramVerdict::process_limit:
      return "process limit";
    case ProgramVerdict::forbidden_call:
      return "forbidden call";
    case ProgramVerdict::no_code:
      return "no code found";
    case ProgramVerdict::sandbox_fault:
      return "sandbox fault";
  }
  return "sandbox fault";
}

}  // namespace assay
