#include "cluster/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "cluster/shard.h"
#include "store/merge.h"
#include "store/store.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMergedKey = "merged";  // of meta: the store was made of shards

std::string value_of(const Shard& shard, const std::string& key) {
  const auto found = shard.meta.find(key);
  return found == shard.meta.end() ? "" : found->second;
}

double number_of(const Shard& shard, const std::string& key) {
  return std::strtod(value_of(shard, key).c_str(), nullptr);
}

std::unexpected<Error> differs(const Shard& one, const Shard& other, const std::string& what,
                               const std::string& fix) {
  return usage_error(
      fmt::format("{} and {} cannot be merged", one.folder.string(), other.folder.string()), what,
      fix);
}

// Shards of one plan, made by one program, that ask one question.
Status check_alike(const Shard& one, const Shard& other) {
  if (one.frozen->assay != other.frozen->assay) {
    return differs(one, other,
                   fmt::format("one was made by assay {} and the other by {}", one.frozen->assay,
                               other.frozen->assay),
                   "run one of them again with the other's version");
  }
  if (value_of(one, "frozen_hash") != value_of(other, "frozen_hash")) {
    const auto found = first_difference(*one.frozen, *other.frozen);
    return differs(one, other,
                   found ? fmt::format("they are of different plans: {} is {} in one and {} in the "
                                       "other",
                                       found->value, found->one, found->other)
                         : "they are of different plans",
                   "merge shards of one plan");
  }
  const bool same_question = !one.declarations || !other.declarations ||
                             one.declarations->applied.asks_the_same(other.declarations->applied);
  if (!same_question) {
    return differs(one, other, "their margins, alphas or weights are not the same",
                   "run both with the same plan once more: what is answered is kept");
  }
  if (value_of(one, "graders") != value_of(other, "graders")) {
    return differs(one, other,
                   fmt::format("mathematics was decided by {} in one and {} in the other",
                               value_of(one, "graders"), value_of(other, "graders")),
                   "run `assay score` on both folders where one version is installed");
  }
  return {};
}

Status check_apart(const std::vector<Shard>& shards) {
  std::map<std::string, const Shard*> holder;
  for (const Shard& shard : shards) {
    for (const std::string& variant : shard.variants) {
      const auto [found, added] = holder.emplace(variant, &shard);
      if (!added) {
        return differs(*found->second, shard, "both answer for the variant " + variant,
                       "leave one of the two out");
      }
    }
  }
  return {};
}

// Whose variants come first in the plan, as their loads and events would have come.
Result<std::vector<Shard>> read_all(const std::vector<fs::path>& folders) {
  std::vector<Shard> shards;
  for (const fs::path& folder : folders) {
    shards.push_back(TRY(read_shard(folder, shards.empty() ? nullptr : &shards.front())));
    TRY(check_alike(shards.front(), shards.back()));
  }
  TRY(check_apart(shards));
  const auto place = [&](const Shard& shard) {
    const auto& variants = shards.front().frozen->variants;
    return shard.variants.empty()
               ? variants.size()
               : static_cast<std::size_t>(
                     std::ranges::find(variants, shard.variants.front(), &FrozenVariant::name) -
                     variants.begin());
  };
  std::vector<std::pair<std::size_t, std::size_t>> order;
  for (std::size_t i = 0; i < shards.size(); ++i) order.emplace_back(place(shards[i]), i);
  std::ranges::sort(order);
  std::vector<Shard> out;
  for (const auto& [first, i] : order) out.push_back(std::move(shards[i]));
  return out;
}

Merged variants_of(const std::vector<Shard>& shards) {
  Merged out;
  std::set<std::string> there;
  for (const Shard& shard : shards) there.insert(shard.variants.begin(), shard.variants.end());
  for (const FrozenVariant& variant : shards.front().frozen->variants) {
    (there.contains(variant.name) ? out.variants : out.missing).push_back(variant.name);
  }
  return out;
}

// "complete" where all are; "" where any never ended, which is known of none.
std::string end_of(const std::vector<Shard>& shards, const Merged& merged) {
  std::string end = merged.missing.empty() ? "complete" : "interrupted";
  for (const Shard& shard : shards) {
    const std::string its = value_of(shard, "end");
    if (its != "complete" && its != "out_of_time") return "interrupted";
    if (its == "out_of_time" && end == "complete") end = its;
  }
  return end;
}

// The values of one machine's run: begun with the first, ended with the last, and the time of all.
std::map<std::string, std::string> meta_of(const std::vector<Shard>& shards, const Merged& merged) {
  std::map<std::string, std::string> meta = shards.front().meta;
  meta["frozen"] = *shards.front().frozen_text;
  double started_s = number_of(shards.front(), "started_at");
  double ended_s = 0;
  double spent_s = 0;
  for (const Shard& shard : shards) {
    started_s = std::min(started_s, number_of(shard, "started_at"));
    ended_s = std::max(ended_s, number_of(shard, "ended_at"));
    spent_s += number_of(shard, "spent_s");
    if (const std::string parts = value_of(shard, "sandbox_missing"); !parts.empty()) {
      meta["sandbox_missing"] = parts;
    }
  }
  meta["started_at"] = fmt::format("{:.3f}", started_s);
  meta["ended_at"] = fmt::format("{:.3f}", ended_s);
  meta["spent_s"] = fmt::format("{:.3f}", spent_s);
  meta["end"] = end_of(shards, merged);
  meta[kMergedKey] = fmt::format("{} shards", shards.size());
  return meta;
}

// What the report says of variants that are not there, or not whole.
std::vector<StoredEvent> events_of(const std::vector<Shard>& shards, const Merged& merged,
                                   double now_s) {
  std::vector<StoredEvent> events;
  for (const Shard& shard : shards) {
    const std::string end = value_of(shard, "end");
    if (end == "complete" || end == "out_of_time") continue;
    for (const std::string& variant : shard.variants) {
      events.push_back({now_s,
                        "shard not ended",
                        {{"variant", variant},
                         {"why", "its run was cut short; the log of its job says by what"}}});
    }
  }
  for (const std::string& variant : merged.missing) {
    events.push_back({now_s,
                      "shard missing",
                      {{"variant", variant}, {"why", "its shard left no store to merge"}}});
  }
  return events;
}

Status refuse_other_run(const fs::path& out) {
  std::error_code code;
  if (!fs::exists(out / "store.sqlite", code)) return {};
  const Store store = TRY(Store::open(out, Store::Mode::read));
  if (TRY(store.meta(kMergedKey))) return {};
  return usage_error(out.string() + " holds a run that is no merge", "it would be overwritten",
                     "choose another folder with --out");
}

// Files beside the stores, where a shard has them. A report can do without.
void copy_beside(const Shard& shard, const fs::path& out) {
  std::error_code code;
  constexpr auto kOver = fs::copy_options::overwrite_existing;
  for (const std::string& variant : shard.variants) {
    fs::create_directories(out / "logs", code);
    const std::string log = variant + ".log";
    fs::copy(shard.folder / "logs" / log, out / "logs" / log, kOver, code);
    const fs::path lm_eval = fs::path("results") / "lm_eval" / variant;
    if (!fs::is_directory(shard.folder / lm_eval, code)) continue;
    fs::create_directories(out / lm_eval, code);
    fs::copy(shard.folder / lm_eval, out / lm_eval, kOver | fs::copy_options::recursive, code);
  }
}

Status replace_store(const fs::path& made, const fs::path& out) {
  std::error_code code;
  for (const char* beside : {"store.sqlite-wal", "store.sqlite-shm"})
    fs::remove(out / beside, code);
  fs::rename(made, out / "store.sqlite", code);
  if (!code) return {};
  return environment_error("cannot write " + (out / "store.sqlite").string(), code.message(),
                           "free some space, or check the folder's permissions");
}

}  // namespace

std::vector<fs::path> folders_with_stores(const std::vector<fs::path>& places) {
  std::vector<fs::path> out;
  std::error_code code;
  for (const fs::path& place : places) {
    if (fs::exists(place / "store.sqlite", code) || !fs::is_directory(place, code)) {
      out.push_back(place);
      continue;
    }
    std::vector<fs::path> below;
    for (const auto& entry : fs::directory_iterator(place, code)) {
      if (fs::exists(entry.path() / "store.sqlite", code)) below.push_back(entry.path());
    }
    std::ranges::sort(below);
    if (below.empty()) below.push_back(place);  // whoever reads it says that nothing is there
    out.insert(out.end(), below.begin(), below.end());
  }
  return out;
}

Result<Merged> merge_shards(const std::vector<fs::path>& folders, const fs::path& out,
                            MissingVariants missing, double now_s) {
  const std::vector<Shard> shards = TRY(read_all(folders));
  const Merged merged = variants_of(shards);
  if (missing == MissingVariants::refuse && !merged.missing.empty()) {
    return usage_error(
        "no shard answers for " + join(merged.missing, ", "),
        fmt::format("the plan has {} variants, and these shards {} of them",
                    merged.variants.size() + merged.missing.size(), merged.variants.size()),
        "name the missing folders, or say --partial for a report without them");
  }
  TRY(refuse_other_run(out));
  TRY(make_dirs(out));
  std::vector<MergeSource> sources;
  for (const Shard& shard : shards) sources.push_back({shard.folder, shard.variants});
  const fs::path made = out / "store.merging.sqlite";
  std::error_code code;
  fs::remove(made, code);
  TRY(merge_stores(made, sources, meta_of(shards, merged), events_of(shards, merged, now_s)));
  TRY(replace_store(made, out));
  for (const Shard& shard : shards) copy_beside(shard, out);
  TRY(write_file_atomic(out / "plan.frozen.json", to_json(*shards.front().frozen).dump(1) + "\n"));
  return merged;
}

}  // namespace assay
