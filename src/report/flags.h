// Is the measurement itself sound? Thresholds and what they force (docs/flags.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "report/values.h"

namespace assay {

// Low fidelity: the 95 % interval of the mean KL divergence lies above this, in nats a token.
inline constexpr double kLowFidelityKl = 0.05;

// Of a candidate of a run `until: decided`. It spoils nothing in the run's own report, but every
// comparison of its answers that knows nothing of the looks.
inline constexpr const char* kEndedByLooks = "ended by looks";
// The sample grew after results were there: exploratory, INVALID for good.
inline constexpr const char* kExtendedFlag = "extended after results";
inline constexpr const char* kLowFidelityFlag = "low fidelity";

// What a flag means to whoever decides.
enum class Severity {
  invalid,  // it takes a comparison's verdict away
  warning,  // speaks against serving the variant until it is understood
  note,     // says how the figures came about; nothing is wrong
};
[[nodiscard]] Severity severity_of(const Flag& flag);
[[nodiscard]] std::string_view severity_name(Severity severity);  // "invalid", "warning", "note"

// Those of the variant and of the baseline, by severity; in it in the report's order.
[[nodiscard]] std::vector<const Flag*> flags_about(const RunReport& report, std::size_t variant);

// Answers that could not be scored, of those given.
struct UnscoredShare {
  std::int64_t unscored = 0;
  std::int64_t of = 0;
};
// Whether what one side has not scored may be what it got wrong: a share 10 points above the other
// side's, and 5 answers more.
[[nodiscard]] bool unscored_apart(const UnscoredShare& one, const UnscoredShare& other);

// Appends the flags of every cell and variant to report.flags.
void raise_flags(RunReport& report, const nlohmann::json& opened);

// Appends those of report.fidelity.
void flag_fidelity(RunReport& report);

// Those of the noise floor, once everything is compared.
void flag_noise_floors(RunReport& report);

// What the comparisons themselves show: tasks without sensitivity, gains beyond belief.
void flag_comparisons(RunReport& report);

// The flag that makes this cell's comparison INVALID; nullptr: none.
[[nodiscard]] const Flag* invalidating_flag(const RunReport& report, const std::string& variant,
                                            const std::string& task);

}  // namespace assay
