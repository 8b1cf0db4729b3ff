#include "stats/calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace assay {

std::optional<CalibrationError> calibration_error(std::span<const double> confidence,
                                                  std::span<const double> correct,
                                                  std::size_t bin_size) {
  const std::size_t n = std::min(confidence.size(), correct.size());
  if (n == 0) return std::nullopt;
  bin_size = std::clamp<std::size_t>(bin_size, 1, n);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return confidence[a] != confidence[b] ? confidence[a] < confidence[b] : a < b;
  });
  const std::size_t bins = n / bin_size;
  CalibrationError error;
  double sum = 0;
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const std::size_t begin = bin * bin_size;
    const std::size_t end = bin + 1 == bins ? n : begin + bin_size;  // the last takes the rest
    if (bin > 0 && bin + 1 == bins) error.official = std::sqrt(sum);
    double said = 0;
    double was = 0;
    for (std::size_t i = begin; i < end; ++i) {
      said += confidence[order[i]];
      was += correct[order[i]];
    }
    const double count = static_cast<double>(end - begin);
    const double difference = (said - was) / count;
    sum += count / static_cast<double>(n) * difference * difference;
  }
  error.all_bins = std::sqrt(sum);
  return error;
}

}  // namespace assay
