#include "stats/look_walk.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "stats/normal.h"

namespace assay {
namespace {

constexpr int kCells = 200;
constexpr double kFarthest = 8;  // standard deviations; beyond them is nothing

// Of the walk's sum, which has as much variance as information: a share of all walks at one place.
struct Mass {
  double at = 0;
  double share = 0;
};

// The share of `going` that comes to lie below `end` when the sum's variance grows by step^2.
double share_below(double end, double step, const std::vector<Mass>& going) {
  double below = 0;
  for (const Mass& mass : going) {
    const double reached = step > 0 ? normal_cdf((end - mass.at) / step) : (mass.at <= end ? 1 : 0);
    below += mass.share * reached;
  }
  return below;
}

}  // namespace

double chance_to_end_high(std::span<const WalkLook> looks) {
  std::vector<Mass> going = {{0, 1}};
  double before = 0;
  double high = 0;
  for (const WalkLook& look : looks) {
    const double step = std::sqrt(std::max(0.0, look.information - before));
    const double deviation = std::sqrt(look.information);
    before = look.information;
    double all = 0;
    for (const Mass& mass : going) all += mass.share;
    const double from = std::max(look.low, -kFarthest) * deviation;
    const double to = std::clamp(look.high, -kFarthest, kFarthest) * deviation;
    high += all - share_below(std::max(from, to), step, going);
    std::vector<Mass> next;
    next.reserve(kCells);
    double so_far = share_below(from, step, going);
    for (int cell = 0; cell < kCells && from < to; ++cell) {
      const double width = (to - from) / kCells;
      const double below = share_below(from + (cell + 1) * width, step, going);
      next.push_back({from + (cell + 0.5) * width, below - so_far});
      so_far = below;
    }
    going = std::move(next);
  }
  return high;
}

}  // namespace assay
