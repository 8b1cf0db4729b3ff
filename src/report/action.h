// What to do about a variant, in one sentence: made here for every format and terminal, from the
// verdict, the flags and the pace that the run measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "report/table.h"
#include "report/values.h"

namespace assay {

enum class ActionKind {
  serve,          // NON-INFERIOR, and nothing speaks against it
  look_first,     // NON-INFERIOR, but a flag, a task or a changed plan speaks against it
  weigh_loss,     // WORSE WITHIN MARGIN
  keep_baseline,  // WORSE
  more_items,     // INCONCLUSIVE
  repeat,         // INVALID: broken or exploratory
  wait,           // the run has not ended
  nothing,        // N/A, or the baseline once more (A/A)
};
// "serve", "look_first"…: for files.
[[nodiscard]] std::string_view action_name(ActionKind kind);

struct Action {
  ActionKind kind = ActionKind::nothing;
  // Of more_items alone: items that both sides would have to score beside those they have, and how
  // long that takes at the pace measured (seconds_for_more); none: not known.
  std::optional<std::int64_t> more_items;
  std::optional<double> more_s;
  Text sentence;  // without the variant's name and without a full stop
};
// Of a candidate.
[[nodiscard]] Action action_of(const RunReport& report, std::size_t variant);

// "fp8: a loss of 3 points or more is ruled out; serve it."
[[nodiscard]] Text action_line(const RunReport& report, std::size_t variant);

// Seconds until baseline and candidate have scored so many more items: a load of each side that has
// to answer, and its items at its own pace, work_s / items answered. Items that the baseline has
// beyond the pairs need no answer of its. None: a side has no load of its own to go by.
[[nodiscard]] std::optional<double> seconds_for_more(const RunReport& report, std::size_t variant,
                                                     std::int64_t items);

// "it answers differently at one token in four": where the likeliest token is another than the
// baseline's. Empty: not measured.
[[nodiscard]] Text differing_tokens(const RunReport& report, std::size_t variant);

}  // namespace assay
