#include "cli/fetching.h"

#include <cstdint>
#include <string>

namespace assay {
namespace {

struct Fetching {
  std::string id;
  double since_s = 0;
  RecentRate rate;  // of bytes
};

}  // namespace

OnFetch show_fetching(Progress& progress, const Clock& clock) {
  return [&progress, &clock, now = Fetching()](const HubRequest& request,
                                               const HubProgress& seen) mutable {
    const double at_s = clock.now().count();
    if (now.id != request.id) now = {request.id, at_s, {}};
    now.rate.add(at_s, static_cast<std::int64_t>(seen.fetched_bytes));
    const auto open = static_cast<double>(seen.to_fetch_bytes - seen.fetched_bytes);
    const double pace = now.rate.per_s();
    progress.update({.variant = request.id,
                     .left_s = pace > 0 ? open / pace : -1,
                     .doing = Doing::fetches,
                     .doing_s = at_s - now.since_s,
                     .fetched_bytes = seen.fetched_bytes,
                     .to_fetch_bytes = seen.to_fetch_bytes});
  };
}

}  // namespace assay
