// What comes from the hub, as whoever waits for it sees it.
#pragma once

#include "base/clock.h"
#include "data/hub.h"
#include "run/progress.h"

namespace assay {

// Shows it on the line of `progress`: what is fetched, since when, how much of how much, and how
// long that takes at the pace of late. Both must outlive what is given.
[[nodiscard]] OnFetch show_fetching(Progress& progress, const Clock& clock);

}  // namespace assay
