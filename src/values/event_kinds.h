// Kinds of a store's events that more than one room knows by name.
#pragma once

namespace assay {

// --restart-variant: scored answers of the variant were dropped, to be asked anew.
inline constexpr const char* kAnswersForgotten = "answers forgotten";
// A candidate's engine ended in a fault of its own, and the other variants went on.
inline constexpr const char* kVariantFailed = "variant failed";
inline constexpr const char* kJudgeLoaded = "judge loaded";

}  // namespace assay
