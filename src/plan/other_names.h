// What other tools call a plan's keys, and keys that stand where they have no meaning.
#pragma once

#include <string>
#include <string_view>

#include "base/language.h"

namespace assay {

// How to write a key that its map does not have, as an error's last line; empty: nothing is known
// of it. `path` is the map's as errors name it ("tasks[1]"; "": the plan), `value` what is written
// there, "…" where it is no scalar.
[[nodiscard]] Text right_spelling(std::string_view key, std::string_view path,
                                  std::string_view value);

// The same of a key of an engine, whose arguments are passed on as they are; empty too where the
// key may be one of the engine's own.
[[nodiscard]] Text right_spelling_for_engine(std::string_view key, std::string_view path,
                                             std::string_view value);

// Where such a key stands in a plan, as --set names it: "tasks.NAME.limit"; empty: nothing is known
// of it. '-' counts as '_'.
[[nodiscard]] std::string place_in_plan(std::string word);

}  // namespace assay
