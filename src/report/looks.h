// `until: decided`: the looks that the stored scores allow, and what is said of them.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "plan/frozen.h"
#include "report/table.h"
#include "report/values.h"
#include "stats/family.h"
#include "store/store.h"

namespace assay {

// A variant's; nullptr: none are taken.
[[nodiscard]] const LooksValues* looks_at(const RunReport& report, std::size_t variant);

// Sets report.looks; the flags must be there. Nothing to do where the frozen plan has no looks.
[[nodiscard]] Status take_looks_of(const Store& store, const FrozenPlan& frozen, RunReport& report);

// The first that is still to come; nullptr: none is, the variant's questions have ended.
[[nodiscard]] const Look* next_look_of(const LooksValues& looks);

// What the family of comparisons goes by: the last look, or none yet.
[[nodiscard]] LastLook last_look(const LooksValues& looks);

// How a candidate's looks ended, or when the next one is; after the sentence with its verdict.
[[nodiscard]] Text looks_sentence(const LooksValues& looks);

// Looks taken and still to come, of every candidate; empty where none are taken.
[[nodiscard]] Table looks_section(const RunReport& report);

}  // namespace assay
