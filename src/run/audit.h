// The fast path of mathematics against the library it imitates, on answers of a stored run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "run/runner.h"
#include "values/answer_id.h"

namespace assay {

struct AuditDifference {
  AnswerId id;
  std::string gold;
  bool fast_path = false;  // equal, by the fast path
  bool library = false;    // by Math-Verify
};

struct AuditReport {
  std::int64_t asked = 0;      // answers that the library was asked of, and decided
  std::int64_t undecided = 0;  // and that it could not decide
  std::vector<AuditDifference> differences;
};

// Asks the library of `wanted` answers that the fast path decides alone, or of all where there are
// fewer; which ones is the same each time. Both judge by the library's rules, without our own
// (MathRules::math_verify). Usage error: no task of the run is scored with the library.
// Environment error: the library is not the one that the fast path imitates, so that nothing is
// decided without it, or it stops working. Interrupted when a signal comes.
[[nodiscard]] Result<AuditReport> audit_math(const ResolvedRun& run, const RunServices& services,
                                             std::int64_t wanted);

}  // namespace assay
