// Whether stated confidence is worth what it says.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace assay {

struct CalibrationError {
  double all_bins = 0;
  // As Humanity's Last Exam's own script prints it: its loop leaves out the last bin, that of the
  // highest confidence. None where that leaves no bin.
  std::optional<double> official;
};

// Root-mean-square calibration error over bins of `bin_size` answers sorted by confidence, the last
// bin with the rest, as centerforaisafety/hle's hle_eval/run_judge_results.py (calib_err, p = 2,
// beta = 100); answers of equal confidence keep their order. Fewer answers than a bin holds are one
// bin. Both spans have one entry an answer; `correct` is 0 to 1. None without answers.
[[nodiscard]] std::optional<CalibrationError> calibration_error(std::span<const double> confidence,
                                                                std::span<const double> correct,
                                                                std::size_t bin_size = 100);

}  // namespace assay
