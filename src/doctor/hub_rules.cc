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

Text size_of(const HubSight& sight) {
  const HubResult& r = sight.result;
  Text to_fetch;
  if (sight.online && sight.bytes_to_fetch == 0) {
    to_fetch = {", all in the cache", "，都在缓存中"};
  } else if (sight.online) {
    to_fetch = bilingual(", {} to fetch", "，要下载 {}",
                         human_bytes(static_cast<double>(sight.bytes_to_fetch)));
  }
  return bilingual("@{0}, {1} in {2} file{3}{4}", "@{0}，{2} 个文件共 {1}{4}",
                   r.commit.substr(0, 8), human_bytes(static_cast<double>(r.bytes)), r.files,
                   r.files == 1 ? "" : "s", to_fetch);
}

Finding usable(const HubQuestion& q, const HubSight& sight, const HubLook& look) {
  const std::string id = sight.result.renamed_to.empty() ? q.request.id : sight.result.renamed_to;
  const Text text = bilingual("{}{}", "{}{}", id, size_of(sight));
  if (!sight.online) {
    return look.reachable || look.why.starts_with(kOffline)
               ? ok(q.name, bilingual("{}, in the cache", "{}，在缓存中", text))
               : note(q.name, bilingual("{}, in the cache; the hub was not asked whether it is the "
                                        "last revision",
                                        "{}，在缓存中；没有问 hub 它是不是最新版本", text));
  }
  if (!sight.result.renamed_to.empty()) {
    return note(q.name, bilingual("{}; it was called {}", "{}；原名 {}", text, q.request.id));
  }
  return ok(q.name,
            bilingual("{}{}", "{}{}", text,
                      sight.gated ? Text("; gated, and granted", "；需申请权限，已获准") : Text()));
}

Text fetch_it(const HubQuestion& q) {
  return bilingual("where there is a network, with this HF_HOME: `hf download {}{}`",
                   "在有网络的地方用这个 HF_HOME：`hf download {}{}`",
                   q.request.kind == HubKind::dataset ? "--repo-type dataset " : "", q.request.id);
}

Finding one(const HubQuestion& q, const HubSight& sight, const HubLook& look) {
  const HubResult& r = sight.result;
  if (r.usable()) return usable(q, sight, look);
  switch (r.status) {
    case HubStatus::gated:
      if (q.may_be_gated) {
        return note(q.name,
                    bilingual("{} is gated and not granted: N/A, as the plan accepts",
                              "{} 需申请权限且未获准：N/A，计划允许如此", q.request.id),
                    hub_error(q.request, r).fix);
      }
      break;
    case HubStatus::offline:
      return missing(q.name,
                     bilingual("{} is not in the cache, and the hub cannot be reached",
                               "{} 不在缓存中，又连不上 hub", q.request.id),
                     look.reachable ? r.message : "",  // else said once, by the hub's own line
                     fetch_it(q));
    case HubStatus::rate_limited:
      return not_checked(q.name,
                         bilingual("the hub asks to wait: {}", "hub 要求等待：{}", r.message),
                         hub_error(q.request, r).fix);
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
    out.push_back(ok("hub", bilingual("{} answers", "{} 有应答", look.endpoint)));
  } else if (look.why.starts_with(kOffline)) {
    out.push_back(ok("hub", bilingual("not asked: {}", "没有问：{}", look.why)));
  } else {
    out.push_back(not_checked(
        "hub", bilingual("{} was not reached: {}", "连不上 {}：{}", look.endpoint, look.why),
        {"check the network, a proxy (HTTPS_PROXY) and HF_ENDPOINT",
         "检查网络、代理（HTTPS_PROXY）与 HF_ENDPOINT"}));
  }
  for (std::size_t i = 0; i < questions.size() && i < look.found.size(); ++i) {
    out.push_back(one(questions[i], look.found[i], look));
  }
  return out;
}

Finding clock_finding(const ClockFacts& clock) {
  const Text name = {"clock", "时钟"};
  const Text set_it = {"set it: `timedatectl set-ntp true`, or `date -s`",
                       "校准它：`timedatectl set-ntp true`，或 `date -s`"};
  const Text tls = {
      "certificates are not valid at another time: TLS will fail, and with it downloads and "
      "endpoints",
      "时间不对则证书无效：TLS 会失败，下载与端点也随之失败"};
  const std::string now = utc(clock.now_s);
  if (clock.hub_date_s) {
    const double off_s = std::abs(clock.now_s - *clock.hub_date_s);
    if (off_s >= kDayS) {
      return missing(name,
                     bilingual("it says {}, the hub's {}", "它说 {}，hub 的时钟说 {}", now,
                               utc(*clock.hub_date_s)),
                     tls, set_it);
    }
    if (off_s >= kNoticeableS) {
      return note(name, bilingual("it is off by {}", "差了 {}", human_duration(off_s)), set_it);
    }
    return ok(name, bilingual("{}, as the hub's", "{}，与 hub 的一致", now));
  }
  if (clock.now_s < clock.built_s) {
    return missing(name,
                   bilingual("it says {}, and this program was written to disk later, on {}",
                             "它说 {}，而本程序写入磁盘的时间更晚：{}", now, utc(clock.built_s)),
                   tls, set_it);
  }
  if (!clock.tls_wanted) {
    return ok(name, bilingual("{}; nothing of this plan hangs on it", "{}；本计划不依赖它", now));
  }
  return not_checked(name,
                     bilingual("{}, and nobody to compare it with", "{}，没有可比对的时钟", now));
}

}  // namespace assay
