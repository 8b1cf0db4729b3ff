// Was the candidate asked at all? Two names for one model, or one folder twice, never show a loss.
#pragma once

#include <cstdint>

#include "report/values.h"

namespace assay {

// So many answers of such a length (bytes, on average) are never all the same to the letter where
// the weights differ: 200 bytes are some 50 tokens, of which quantised weights pick one in a
// hundred otherwise. Short ones, as a letter, may well be.
inline constexpr std::int64_t kFewestSameAnswers = 64;
inline constexpr double kShortestSameAnswer = 200;

// Appends "same answers" for each candidate of another model than the baseline's that gave to every
// generated item of both exactly the baseline's answer.
void flag_same_answers(RunReport& report);

}  // namespace assay
