// A variant that ended in a fault of its own, which the others of its run went on without.
#pragma once

#include <string>

#include "base/result.h"

namespace assay {

struct VariantFailure {
  std::string variant;
  Error error;
};

}  // namespace assay
