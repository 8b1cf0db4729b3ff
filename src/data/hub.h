// Models and data sets of the hub, resolved and fetched through `python -m assay_worker.hub`.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/language.h"
#include "base/result.h"

namespace assay {

enum class HubKind { model, dataset };

enum class HubStatus {
  ok,
  renamed,       // it is usable under a new name, which is in `renamed_to`
  gated,         // 401 or 403: the terms are not accepted, or no token is set
  missing,       // no such repository (or a private one), revision or file
  rate_limited,  // 429 to the last try
  offline,       // no network, the hub is down, or HF_HUB_OFFLINE and not in the cache
  error,         // anything else: a token that is not valid, a full disk, no huggingface_hub
};

struct HubRequest {
  HubKind kind = HubKind::model;
  std::string id;                  // "owner/name"
  std::string revision;            // branch, tag or commit; empty: main
  std::vector<std::string> allow;  // patterns of files ('*' crosses '/'); empty: all
  bool offline = false;            // use the cache only

  bool operator==(const HubRequest&) const = default;
};

struct HubResult {
  HubStatus status = HubStatus::error;
  std::string renamed_to;
  std::string commit;            // 40 hex digits; empty if not known
  std::filesystem::path folder;  // where the files lie
  int files = 0;                 // that match
  std::uint64_t bytes = 0;       // of these, as far as the hub says
  std::string message;           // why, in one line; holds no token

  [[nodiscard]] bool usable() const {
    return status == HubStatus::ok || status == HubStatus::renamed;
  }
};

// Of the files that match, those that the cache did not hold before.
struct HubProgress {
  std::uint64_t fetched_bytes = 0;
  std::uint64_t to_fetch_bytes = 0;
};
using OnFetch = std::function<void(const HubRequest&, const HubProgress&)>;

// How the helper is run. `env` goes over our own environment (HF_HOME, HF_ENDPOINT, HF_TOKEN…).
struct HubClient {
  std::string python;
  std::map<std::string, std::string> env;
  std::chrono::seconds timeout{6 * 3600};
  Deadline until;    // of the run: a download ends by it, and what has come stays in the cache
  OnFetch on_fetch;  // called about once a second while files come; may be empty
};

// Finds the commit a revision stands for and brings its files into the cache. An Error
// (environment) is returned only when the helper cannot be run or breaks its protocol. What the hub
// answers is always a HubResult.
[[nodiscard]] Result<HubResult> hub_fetch(const HubClient& client, const HubRequest& request);

// The Error for a result that is not usable: a usage error for `missing`, an
// environment error for the others.
[[nodiscard]] Error hub_error(const HubRequest& request, const HubResult& result);

[[nodiscard]] const char* to_string(HubStatus status);
// The same for a person.
[[nodiscard]] Text hub_status_words(HubStatus status);
// The inverse, of the helper's words.
[[nodiscard]] std::optional<HubStatus> hub_status_named(const std::string& word);

}  // namespace assay
