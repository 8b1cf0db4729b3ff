#include "cluster/shard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "store/merge.h"
#include "store/store.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr const char* kShardKey = "shard";  // of meta: its part in words, a JSON string
// What a new shard takes over from the baseline's, beside the baseline's rows.
constexpr const char* kSeedKeys[] = {"frozen_hash", "declared", "applied", "started_at"};
constexpr const char* kRunKeys[] = {
    "end",      "started_at", "ended_at",    "spent_s",         "graders",
    "declared", "applied",    "frozen_hash", "sandbox_missing", kExtendedKey};

bool has_store(const fs::path& folder) {
  std::error_code code;
  return fs::exists(folder / "store.sqlite", code);
}

Status refuse_writer(const fs::path& folder) {
  const UniqueFd fd(::open((folder / ".lock").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || ::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) return {};
  const auto holder = read_file(folder / ".lock");
  return environment_error(folder.string() + " is being written",
                           "process " + (holder ? *holder : std::string("?")) + " holds its lock",
                           "wait for it or end it");
}

// Before single tasks and repeats could be shards, a list of variants stood here.
Result<ShardPart> part_in(const std::string& text, const fs::path& folder) {
  const Json value = TRY(parse_json(text, folder.string()));
  if (value.is_string()) return shard_part_from(value.get<std::string>());
  ShardPart part;
  for (const Json& name : value) {
    if (name.is_string()) part.variants.push_back(name.get<std::string>());
  }
  return part;
}

// "versions.vllm is "0.20" in one and "0.21" in the other": the first of what stands in either.
std::string first_unlike(const Json& one, const Json& other) {
  const Json all = one.flatten();
  const Json others = other.flatten();
  Json names = all;
  names.update(others);
  for (const auto& [name, unused] : names.items()) {
    const std::string here = all.contains(name) ? all[name].dump() : "nothing";
    const std::string there = others.contains(name) ? others[name].dump() : "nothing";
    if (here == there) continue;
    return fmt::format("{} is {} in one and {} in the other", join(split(name.substr(1), '/'), "."),
                       here, there);
  }
  return "they are not the same";
}

// What is needed of the baseline's answers and stands in none of these shards.
Status check_baseline(const std::vector<Shard>& bases, const ShardPart& needed) {
  for (const ShardCell& cell : cells_of(*bases.front().frozen, needed)) {
    const bool there = std::ranges::any_of(bases, [&](const Shard& base) {
      return base.part.has_variant(cell.variant) && base.part.has_task(cell.task) &&
             base.part.has_repeat(cell.repeat);
    });
    if (there) continue;
    std::vector<std::string> names;
    names.reserve(bases.size());
    for (const Shard& base : bases) names.push_back(name_of(base.part));
    const ShardPart missing{{cell.variant}, {cell.task}, {cell.repeat}};
    return usage_error(
        fmt::format("{} does not have the baseline's {}", bases.front().folder.string(),
                    name_of(missing)),
        fmt::format("named are shards of {}", join(names, "; ")),
        "name every folder in which the baseline was run: --baseline-from DIR, once for each");
  }
  return {};
}

// The shard that reads outputs back takes all of them, because which ones is decided from all.
ShardPart needed_of_baseline(const Plan& plan, const ShardPart& part, const std::string& baseline) {
  if (part.has_whole_variants()) return {{baseline}, {}, {}};
  if (!reads_back(part, plan)) return {{baseline}, part.tasks, part.repeats};
  std::vector<int> repeats = part.repeats;
  if (!repeats.empty() && !part.has_repeat(0)) repeats.push_back(0);
  return {{baseline}, {}, std::move(repeats)};
}

Status begin_from_baseline(const fs::path& folder, const Plan& plan, const ShardPart& part,
                           const std::vector<fs::path>& baseline_from) {
  std::vector<Shard> bases;
  for (const fs::path& from : baseline_from) {
    bases.push_back(TRY(read_shard(from, bases.empty() ? nullptr : &bases.front())));
    TRY(check_alike(bases.front(), bases.back()));
  }
  TRY(check_engines(bases));
  const Shard& first = bases.front();
  const ShardPart needed = needed_of_baseline(plan, part, first.frozen->variants.front().name);
  TRY(check_baseline(bases, needed));
  std::map<std::string, std::string> meta{{kShardKey, Json(name_of(part)).dump()},
                                          {"frozen", *first.frozen_text}};
  for (const char* key : kSeedKeys) {
    if (const auto found = first.meta.find(key); found != first.meta.end()) meta.insert(*found);
  }
  std::vector<MergeSource> sources;
  sources.reserve(bases.size());
  for (const Shard& base : bases) sources.push_back({base.folder, needed, Taken::of_items});
  TRY(make_dirs(folder));
  const fs::path half = folder / "store.begun.sqlite";
  std::error_code code;
  fs::remove(half, code);
  TRY(merge_stores(half, sources, meta, {}));
  fs::rename(half, folder / "store.sqlite", code);
  if (!code) return {};
  return environment_error("cannot write in " + folder.string(), code.message(),
                           "free some space, or check the folder's permissions");
}

// A folder in which something was run goes on with the same.
Status check_begun(const fs::path& folder, const ShardPart& part) {
  const Store store = TRY(Store::open(folder, Store::Mode::read));
  const auto text = TRY(store.meta(kShardKey));
  std::string was = "it is no shard";
  if (text) {
    const ShardPart before = TRY(part_in(*text, folder));
    if (before == part) return {};
    was = "it is the shard of " + name_of(before);
  }
  return usage_error(folder.string() + " was begun for something else", was,
                     "choose another folder with --out");
}

}  // namespace

std::string Shard::value(const std::string& name) const {
  const auto found = meta.find(name);
  return found == meta.end() ? "" : found->second;
}

std::unexpected<Error> cannot_merge(const Shard& one, const Shard& other, const std::string& why,
                                    const std::string& fix) {
  return usage_error(
      fmt::format("{} and {} cannot be merged", one.folder.string(), other.folder.string()), why,
      fix);
}

std::vector<ShardCell> cells_of(const FrozenPlan& frozen, const ShardPart& part) {
  std::vector<ShardCell> cells;
  for (const FrozenVariant& variant : frozen.variants) {
    if (!part.has_variant(variant.name)) continue;
    for (const FrozenTask& task : frozen.tasks) {
      if (!part.has_task(task.name)) continue;
      for (int repeat = 0; repeat < task.repeats; ++repeat) {
        if (part.has_repeat(repeat)) cells.push_back({variant.name, task.name, repeat});
      }
    }
  }
  return cells;
}

Status check_alike(const Shard& one, const Shard& other) {
  if (one.frozen->assay != other.frozen->assay) {
    return cannot_merge(one, other,
                        fmt::format("one was made by assay {} and the other by {}",
                                    one.frozen->assay, other.frozen->assay),
                        "run one of them again with the other's version");
  }
  if (one.value("frozen_hash") != other.value("frozen_hash")) {
    const auto found = first_difference(*one.frozen, *other.frozen);
    return cannot_merge(
        one, other,
        found ? fmt::format("they are of different plans: {} is {} in one and {} in the "
                            "other",
                            found->value, found->one, found->other)
              : "they are of different plans",
        "merge shards of one plan");
  }
  const bool same_question = !one.declarations || !other.declarations ||
                             one.declarations->applied.asks_the_same(other.declarations->applied);
  if (!same_question) {
    return cannot_merge(one, other, "their margins, alphas or weights are not the same",
                        "run both with the same plan once more: what is answered is kept");
  }
  if (one.value("graders") != other.value("graders")) {
    return cannot_merge(one, other,
                        fmt::format("mathematics was decided by {} in one and {} in the other",
                                    one.value("graders"), other.value("graders")),
                        "run `assay score` on both folders where one version is installed");
  }
  return {};
}

Status check_engines(const std::vector<Shard>& shards) {
  std::map<std::string, const Shard*> began;
  for (const Shard& shard : shards) {
    for (const auto& [variant, engine] : shard.engines) {
      const auto [found, added] = began.emplace(variant, &shard);
      if (added || found->second->engines.at(variant) == engine) continue;
      const Json one = TRY(parse_json(found->second->engines.at(variant), "the store"));
      const Json other = TRY(parse_json(engine, "the store"));
      return cannot_merge(
          *found->second, shard,
          fmt::format("{} was answered by two engines: {}", variant, first_unlike(one, other)),
          "run one of the two again with the other's engine: --restart-variant");
    }
  }
  return {};
}

Status begin_shard(const fs::path& folder, const Plan& plan, const ShardPart& part,
                   const std::vector<fs::path>& baseline_from) {
  TRY(check_part(plan, part));
  if (has_store(folder)) return check_begun(folder, part);
  const auto baseline = std::ranges::find(plan.variants, true, &VariantSpec::baseline);
  if (baseline != plan.variants.end() && part.has_variant(baseline->name)) return {};
  if (baseline_from.empty()) {
    return usage_error("this shard does not have the baseline",
                       "its variants answer the items that the baseline finished",
                       "run the baseline's shard first, and name its folder: --baseline-from DIR");
  }
  return begin_from_baseline(folder, plan, part, baseline_from);
}

Status keep_shard(const ShardPart& part, Store& store) {
  return store.set_meta(kShardKey, Json(name_of(part)).dump());
}

std::string end_of_shard(const fs::path& folder) {
  if (!has_store(folder)) return "";
  const auto store = Store::open(folder, Store::Mode::read);
  if (!store) return "";
  const std::string end = store->meta("end").value_or(std::nullopt).value_or("");
  return end == "interrupted" ? "" : end;
}

namespace {

Status read_frozen(const Store& store, const Shard* other, Shard& out) {
  auto text = TRY(store.meta("frozen"));
  if (!text) {
    return usage_error("no run was begun in " + out.folder.string(),
                       "its store holds no frozen plan", "leave it out, or run its shard");
  }
  if (other != nullptr && *other->frozen_text == *text &&
      other->meta.at("frozen_hash") == out.meta["frozen_hash"]) {
    out.frozen = other->frozen;
    out.frozen_text = other->frozen_text;
    return {};
  }
  out.frozen = std::make_shared<const FrozenPlan>(
      TRY(frozen_from_store(*text, TRY(store.meta("frozen_hash")))));
  out.frozen_text = std::make_shared<const std::string>(*std::move(text));
  return {};
}

}  // namespace

Result<Shard> read_shard(const fs::path& folder, const Shard* other) {
  TRY(refuse_writer(folder));
  const Store store = TRY(Store::open(folder, Store::Mode::read));
  Shard out{.folder = folder};
  for (const char* key : kRunKeys) {
    if (auto text = TRY(store.meta(key))) out.meta[key] = *std::move(text);
  }
  TRY(read_frozen(store, other, out));
  out.declarations = TRY(declarations(store));
  const auto shard = TRY(store.meta(kShardKey));
  const ShardPart said = shard ? TRY(part_in(*shard, folder)) : ShardPart();
  out.part.tasks = said.tasks;
  out.part.repeats = said.repeats;
  for (const FrozenVariant& variant : out.frozen->variants) {
    if (shard && !said.has_variant(variant.name)) continue;
    out.part.variants.push_back(variant.name);
    if (auto engine = TRY(store.meta("identity:" + variant.name))) {
      out.engines[variant.name] = *std::move(engine);
    }
  }
  return out;
}

}  // namespace assay
