#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "doctor/rules.h"

namespace assay {
namespace {

constexpr std::string_view kOffline = "HF_HUB_OFFLINE";  // hub_look.py's word for not asking
constexpr double kDayS = 24 * 3600;
constexpr double kNoticeableS = 120;  // off by more: times in reports and logs mislead

std::string size_of(const HubSight& sight) {
  const HubResult& r = sight.result;
  std::string out =
      fmt::format("@{}, {} in {} file{}", r.commit.substr(0, 8),
                  human_bytes(static_cast<double>(r.bytes)), r.files, r.files == 1 ? "" : "s");
  if (!sight.online) return out;
  return out + (sight.bytes_to_fetch == 0
                    ? ", all in the cache"
                    : fmt::format(", {} to fetch",
                                  human_bytes(static_cast<double>(sight.bytes_to_fetch))));
}

Finding usable(const HubQuestion& q, const HubSight& sight, const HubLook& look) {
  const std::string id = sight.result.renamed_to.empty() ? q.request.id : sight.result.renamed_to;
  const std::string text = id + size_of(sight);
  if (!sight.online) {
    return look.reachable || look.why.starts_with(kOffline)
               ? ok(q.name, text + ", in the cache")
               : note(q.name, text +
                                  ", in the cache; the hub was not asked whether it is the last "
                                  "revision");
  }
  if (!sight.result.renamed_to.empty()) {
    return note(q.name, text + "; it was called " + q.request.id);
  }
  return ok(q.name, text + (sight.gated ? "; gated, and granted" : ""));
}

std::string fetch_it(const HubQuestion& q) {
  return fmt::format("where there is a network, with this HF_HOME: `hf download {}{}`",
                     q.request.kind == HubKind::dataset ? "--repo-type dataset " : "",
                     q.request.id);
}

Finding one(const HubQuestion& q, const HubSight& sight, const HubLook& look) {
  const HubResult& r = sight.result;
  if (r.usable()) return usable(q, sight, look);
  switch (r.status) {
    case HubStatus::gated:
      if (q.may_be_gated) {
        return note(q.name, q.request.id + " is gated and not granted: N/A, as the plan accepts",
                    hub_error(q.request, r).fix);
      }
      break;
    case HubStatus::offline:
      return missing(q.name, q.request.id + " is not in the cache, and the hub cannot be reached",
                     look.reachable ? r.message : "",  // else said once, by the hub's own line
                     fetch_it(q));
    case HubStatus::rate_limited:
      return not_checked(q.name, "the hub asks to wait: " + r.message, hub_error(q.request, r).fix);
    default:
      break;
  }
  return missing(q.name, hub_error(q.request, r));
}

std::string utc(double seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M} UTC",
                     fmt::gmtime(static_cast<std::time_t>(std::llround(seconds))));
}

}  // namespace

Findings hub_findings(const std::vector<HubQuestion>& questions, const HubLook& look) {
  Findings out;
  if (look.reachable) {
    out.push_back(ok("hub", look.endpoint + " answers"));
  } else if (look.why.starts_with(kOffline)) {
    out.push_back(ok("hub", "not asked: " + look.why));
  } else {
    out.push_back(not_checked("hub", fmt::format("{} was not reached: {}", look.endpoint, look.why),
                              "check the network, a proxy (HTTPS_PROXY) and HF_ENDPOINT"));
  }
  for (std::size_t i = 0; i < questions.size() && i < look.found.size(); ++i) {
    out.push_back(one(questions[i], look.found[i], look));
  }
  return out;
}

Finding clock_finding(const ClockFacts& clock) {
  constexpr const char* kSetIt = "set it: `timedatectl set-ntp true`, or `date -s`";
  constexpr const char* kTls =
      "certificates are not valid at another time: TLS will fail, and with it downloads and "
      "endpoints";
  const std::string now = utc(clock.now_s);
  if (clock.hub_date_s) {
    const double off_s = std::abs(clock.now_s - *clock.hub_date_s);
    if (off_s >= kDayS) {
      return missing("clock", fmt::format("it says {}, the hub's {}", now, utc(*clock.hub_date_s)),
                     kTls, kSetIt);
    }
    if (off_s >= kNoticeableS) {
      return note("clock", fmt::format("it is off by {}", human_duration(off_s)), kSetIt);
    }
    return ok("clock", now + ", as the hub's");
  }
  if (clock.now_s < clock.built_s) {
    return missing("clock",
                   fmt::format("it says {}, and this program was written to disk later, on {}", now,
                               utc(clock.built_s)),
                   kTls, kSetIt);
  }
  if (!clock.tls_wanted) return ok("clock", now + "; nothing of this plan hangs on it");
  return not_checked("clock", now + ", and nobody to compare it with");
}

}  // namespace assay
