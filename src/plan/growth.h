// A plan that goes beyond the one its folder was begun with: what is stored is kept, and what is
// new is added to it.
#pragma once

#include <string>
#include <vector>

#include "base/language.h"
#include "base/result.h"
#include "plan/frozen.h"

namespace assay {

struct Growth {
  std::vector<Text> what;  // "variant int4 is new"; empty: nothing grows
  // Items of tasks that were compared before, or how far the run goes: whoever asks for more of
  // them may know the verdict that there was.
  bool sample = false;
};

// What `now` adds to `before`: variants, tasks, items beyond a limit, outputs that are read back,
// `until`. After `until: decided` that stays, and the order of the folder's items must be the
// beginning of the new one, with levels and weights as they were. Usage error: something else
// differs; it is named, with both values.
[[nodiscard]] Result<Growth> growth_of(const FrozenPlan& before, const FrozenPlan& now);

// Tasks that `first`, the plan the folder was begun with, did not have are secondary: they get a
// weight of 0, because what the primary question pools was declared before any answer.
void make_secondary(const FrozenPlan& first, FrozenPlan& now);

}  // namespace assay
