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

constexpr const char* kShardKey = "shard";  // of meta: the names as a JSON list
// What a new shard takes over from the baseline's, beside the baseline's rows.
constexpr const char* kSeedKeys[] = {"frozen_hash", "declared", "applied", "started_at"};
constexpr const char* kRunKeys[] = {"end",     "started_at",  "ended_at",
                                    "spent_s", "graders",     "declared",
                                    "applied", "frozen_hash", "sandbox_missing"};

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

Result<std::vector<std::string>> names_in(const std::string& text, const fs::path& folder) {
  const Json value = TRY(parse_json(text, folder.string()));
  std::vector<std::string> names;
  for (const Json& name : value) {
    if (name.is_string()) names.push_back(name.get<std::string>());
  }
  return names;
}

Status begin_from_baseline(const fs::path& folder, const std::vector<std::string>& variants,
                           const fs::path& baseline_from) {
  const Shard base = TRY(read_shard(baseline_from));
  const std::string& baseline = base.frozen->variants.front().name;
  if (std::ranges::find(base.variants, baseline) == base.variants.end()) {
    return usage_error(baseline_from.string() + " does not have the baseline",
                       "it is a shard of " + join(base.variants, ", "),
                       "name the folder in which '" + baseline + "' was run");
  }
  std::map<std::string, std::string> meta{{kShardKey, Json(variants).dump()},
                                          {"frozen", *base.frozen_text}};
  for (const char* key : kSeedKeys) {
    if (const auto found = base.meta.find(key); found != base.meta.end()) meta.insert(*found);
  }
  TRY(make_dirs(folder));
  const fs::path half = folder / "store.begun.sqlite";
  std::error_code code;
  fs::remove(half, code);
  TRY(merge_stores(half, std::vector<MergeSource>{{baseline_from, {baseline}}}, meta, {}));
  fs::rename(half, folder / "store.sqlite", code);
  if (!code) return {};
  return environment_error("cannot write in " + folder.string(), code.message(),
                           "free some space, or check the folder's permissions");
}

}  // namespace

Status check_shardable(const Plan& plan) {
  if (plan.until != Until::limits) {
    return usage_error("a plan with `until: " + name_of(plan.until) + "` cannot run in shards",
                       "how far it goes is decided from all variants' time and answers together",
                       "write `until: limits`, or run it on one machine");
  }
  for (const TaskSpec& task : plan.tasks) {
    if (!task.options.contains("judge")) continue;
    return usage_error("task " + task.name + " names a judge, and the plan cannot run in shards",
                       "a judge is loaded once, when every variant has answered",
                       "remove `options: {judge: …}`, or run the plan on one machine");
  }
  return {};
}

Status begin_shard(const fs::path& folder, const Plan& plan,
                   const std::vector<std::string>& variants, const fs::path& baseline_from) {
  TRY(check_shardable(plan));
  bool has_baseline = false;
  for (const std::string& name : variants) {
    const auto found = std::ranges::find(plan.variants, name, &VariantSpec::name);
    if (found == plan.variants.end()) {
      return usage_error("the plan has no variant '" + name + "'", "a shard answers for some of it",
                         "`assay check` lists the plan's variants");
    }
    has_baseline = has_baseline || found->baseline;
  }
  if (has_store(folder)) {
    const Store store = TRY(Store::open(folder, Store::Mode::read));
    const auto text = TRY(store.meta(kShardKey));
    if (text && TRY(names_in(*text, folder)) == variants) return {};
    return usage_error(
        folder.string() + " was begun for other variants",
        text ? "it is a shard of " + join(TRY(names_in(*text, folder)), ", ") : "it is no shard",
        "choose another folder with --out");
  }
  if (has_baseline) return {};
  if (baseline_from.empty()) {
    return usage_error("this shard does not have the baseline",
                       "its variants answer the items that the baseline finished",
                       "run the baseline's shard first, and name its folder: --baseline-from DIR");
  }
  return begin_from_baseline(folder, variants, baseline_from);
}

Status keep_shard(const std::vector<std::string>& variants, Store& store) {
  return store.set_meta(kShardKey, Json(variants).dump());
}

std::string end_of_shard(const fs::path& folder) {
  if (!has_store(folder)) return "";
  const auto store = Store::open(folder, Store::Mode::read);
  if (!store) return "";
  const auto end = store->meta("end");
  return end && *end && **end != "interrupted" ? **end : "";
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
  std::vector<std::string> names;
  const auto shard = TRY(store.meta(kShardKey));
  if (shard) names = TRY(names_in(*shard, folder));
  for (const FrozenVariant& variant : out.frozen->variants) {
    const bool its = !shard || std::ranges::find(names, variant.name) != names.end();
    if (its) out.variants.push_back(variant.name);
  }
  return out;
}

}  // namespace assay
