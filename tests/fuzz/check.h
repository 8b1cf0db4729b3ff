// What must always hold, and what every error keeps to.
#pragma once

#include <cstdlib>

#include "base/result.h"
#include "base/text.h"

namespace assay::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

// A value, or an error that says something, in valid text.
template <typename Value>
void check(const Result<Value>& result) {
  if (result) return;
  require(!result.error().what.empty() && is_valid_utf8(result.error().to_string()));
}

}  // namespace assay::fuzz
