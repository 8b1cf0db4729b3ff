#include "cluster/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <tuple>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "cluster/shard.h"
#include "store/declarations.h"
#include "store/merge.h"
#include "store/store.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

double number_of(const Shard& shard, const std::string& key) {
  return std::strtod(shard.value(key).c_str(), nullptr);
}

ShardPart all_of(const FrozenPlan& frozen) {
  ShardPart part;
  for (const FrozenVariant& variant : frozen.variants) part.variants.push_back(variant.name);
  return part;
}

// The shard that answers for each cell of the plan; none: nullptr.
class Holders {
 public:
  explicit Holders(const FrozenPlan& frozen) {
    for (const ShardCell& cell : cells_of(frozen, all_of(frozen))) holder_[key(cell)] = nullptr;
  }
  // A usage error where another shard answers for one of its cells.
  Status add(const Shard& shard) {
    for (const ShardCell& cell : cells_of(*shard.frozen, shard.part)) {
      const Shard*& there = holder_[key(cell)];
      if (there == nullptr) {
        there = &shard;
        continue;
      }
      const bool all = there->part.has_whole_variants() || shard.part.has_whole_variants();
      return cannot_merge(*there, shard,
                          all ? "both answer for the variant " + cell.variant
                              : "both answer for " + name_of(part_of(cell)),
                          "leave one of the two out");
    }
    return {};
  }
  // What no shard answers for, a variant or a task of it in one piece where all of it is missing.
  [[nodiscard]] std::vector<ShardPart> missing(const FrozenPlan& frozen) const {
    std::vector<ShardPart> out;
    for (const FrozenVariant& variant : frozen.variants) {
      const ShardPart all{{variant.name}, {}, {}};
      const auto cells = cells_of(frozen, all);
      if (held_by_none(cells).size() == cells.size()) {
        out.push_back(all);
      } else {
        add_tasks(frozen, variant.name, out);
      }
    }
    return out;
  }

 private:
  using Key = std::tuple<std::string, std::string, int>;
  static Key key(const ShardCell& cell) { return {cell.variant, cell.task, cell.repeat}; }
  static ShardPart part_of(const ShardCell& cell) {
    return {{cell.variant}, {cell.task}, {cell.repeat}};
  }
  [[nodiscard]] std::vector<ShardCell> held_by_none(std::vector<ShardCell> cells) const {
    std::erase_if(cells, [&](const ShardCell& cell) { return holder_.at(key(cell)) != nullptr; });
    return cells;
  }
  void add_tasks(const FrozenPlan& frozen, const std::string& variant,
                 std::vector<ShardPart>& out) const {
    for (const FrozenTask& task : frozen.tasks) {
      ShardPart part{{variant}, {task.name}, {}};
      const auto lacking = held_by_none(cells_of(frozen, part));
      if (lacking.empty()) continue;
      if (lacking.size() < static_cast<std::size_t>(task.repeats)) {
        for (const ShardCell& cell : lacking) part.repeats.push_back(cell.repeat);
      }
      out.push_back(std::move(part));
    }
  }

  std::map<Key, const Shard*> holder_;
};

// Whose variants come first in the plan, as their loads and events would have come.
Result<std::vector<Shard>> read_all(const std::vector<fs::path>& folders) {
  std::vector<Shard> shards;
  for (const fs::path& folder : folders) {
    shards.push_back(TRY(read_shard(folder, shards.empty() ? nullptr : &shards.front())));
    TRY(check_alike(shards.front(), shards.back()));
  }
  TRY(check_engines(shards));
  // By the first of its cells.
  const FrozenPlan& frozen = *shards.front().frozen;
  const auto place = [&](const Shard& shard) {
    const auto cells = cells_of(frozen, shard.part);
    if (cells.empty()) return std::vector<std::size_t>{frozen.variants.size(), 0, 0};
    const auto index = [](const auto& all, const std::string& name, auto member) {
      return static_cast<std::size_t>(std::ranges::find(all, name, member) - all.begin());
    };
    return std::vector<std::size_t>{
        index(frozen.variants, cells.front().variant, &FrozenVariant::name),
        index(frozen.tasks, cells.front().task, &FrozenTask::name),
        static_cast<std::size_t>(cells.front().repeat)};
  };
  std::vector<std::pair<std::vector<std::size_t>, std::size_t>> order;
  order.reserve(shards.size());
  for (std::size_t i = 0; i < shards.size(); ++i) order.emplace_back(place(shards[i]), i);
  std::ranges::sort(order);
  std::vector<Shard> out;
  out.reserve(shards.size());
  for (const auto& [first, i] : order) out.push_back(std::move(shards[i]));
  return out;
}

Result<Merged> coverage_of(const std::vector<Shard>& shards) {
  const FrozenPlan& frozen = *shards.front().frozen;
  Holders holders(frozen);
  for (const Shard& shard : shards) TRY(holders.add(shard));
  Merged out{.variants = {},
             .missing = holders.missing(frozen),
             .judge_to_come = names_judge(frozen.plan)};
  for (const FrozenVariant& variant : frozen.variants) {
    const bool any = std::ranges::any_of(
        shards, [&](const Shard& shard) { return shard.part.has_variant(variant.name); });
    if (any) out.variants.push_back(variant.name);
  }
  return out;
}

// "complete" where all are; "" where any never ended, which is known of none.
std::string end_of(const std::vector<Shard>& shards, const Merged& merged) {
  std::string end = merged.missing.empty() ? "complete" : "interrupted";
  for (const Shard& shard : shards) {
    const std::string its = shard.value("end");
    if (its != "complete" && its != "out_of_time") return "interrupted";
    if (its == "out_of_time" && end == "complete") end = its;
  }
  return end;
}

// The values of one machine's run: begun with the first, ended with the last, and the time of all.
// A node's clock may be wrong: what comes after the merge tells nothing of when it was.
std::map<std::string, std::string> meta_of(const std::vector<Shard>& shards, const Merged& merged,
                                           double now_s) {
  std::map<std::string, std::string> meta = shards.front().meta;
  meta["frozen"] = *shards.front().frozen_text;
  double started_s = 0;
  double ended_s = 0;
  double spent_s = 0;
  for (const Shard& shard : shards) {
    const double began_s = number_of(shard, "started_at");
    const double its_end_s = number_of(shard, "ended_at");
    if (began_s <= now_s && (started_s == 0 || began_s < started_s)) started_s = began_s;
    if (its_end_s <= now_s) ended_s = std::max(ended_s, its_end_s);
    spent_s += number_of(shard, "spent_s");
    for (const char* key : {"sandbox_missing", kExtendedKey}) {
      if (const std::string value = shard.value(key); !value.empty()) meta[key] = value;
    }
  }
  meta["started_at"] = fmt::format("{:.3f}", started_s);
  meta["ended_at"] = fmt::format("{:.3f}", ended_s);
  meta["spent_s"] = fmt::format("{:.3f}", spent_s);
  meta["end"] = end_of(shards, merged);
  meta[kMergedKey] = merged_text(shards.size());
  return meta;
}

// "" of whole variants, else "math500#0: ".
std::string of_part(const ShardPart& part) {
  if (part.has_whole_variants()) return "";
  const std::string name = name_of(part);
  const std::size_t at = name.find_first_of(":#");
  return name.substr(name[at] == ':' ? at + 1 : at) + ": ";
}

// What the report says of what is not there, or not whole.
std::vector<StoredEvent> events_of(const std::vector<Shard>& shards, const Merged& merged,
                                   double now_s) {
  std::vector<StoredEvent> events;
  for (const Shard& shard : shards) {
    const std::string end = shard.value("end");
    if (end == "complete" || end == "out_of_time") continue;
    for (const std::string& variant : shard.part.variants) {
      events.push_back({now_s,
                        "shard not ended",
                        {{"variant", variant},
                         {"why", of_part(shard.part) +
                                     "its run was cut short; the log of its job says by what"}}});
    }
  }
  for (const ShardPart& missing : merged.missing) {
    events.push_back({now_s,
                      "shard missing",
                      {{"variant", missing.variants.front()},
                       {"why", of_part(missing) + "its shard left no store to merge"}}});
  }
  return events;
}

// The baseline's name where its tasks or repeats are in several shards; else empty.
std::string baseline_in_parts(const std::vector<Shard>& shards) {
  const std::string& baseline = shards.front().frozen->variants.front().name;
  const bool in_parts = std::ranges::any_of(shards, [&](const Shard& shard) {
    return shard.part.has_variant(baseline) && !shard.part.has_whole_variants();
  });
  return in_parts ? baseline : "";
}

Status refuse_other_run(const fs::path& out) {
  std::error_code code;
  if (!fs::exists(out / "store.sqlite", code)) return {};
  const Store store = TRY(Store::open(out, Store::Mode::read));
  if (TRY(merged_shards(store)) > 0) return {};
  return usage_error(out.string() + " holds a run that is no merge", "it would be overwritten",
                     "choose another folder with --out");
}

// Files beside the stores, where a shard has them. A report can do without.
void copy_beside(const Shard& shard, const fs::path& out) {
  std::error_code code;
  constexpr auto kOver = fs::copy_options::overwrite_existing;
  for (const std::string& variant : shard.part.variants) {
    fs::create_directories(out / "logs", code);
    const ShardPart own{{variant}, shard.part.tasks, shard.part.repeats};
    fs::copy(shard.folder / "logs" / (variant + ".log"), out / "logs" / (name_of(own) + ".log"),
             kOver, code);
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

Status check_merged(const fs::path& folder) {
  std::error_code code;
  if (fs::exists(folder / "store.sqlite", code)) {
    const Store store = TRY(Store::open(folder, Store::Mode::read));
    if (TRY(merged_shards(store)) > 0) return {};
  }
  return usage_error(folder.string() + " holds no merge of shards",
                     "any other run asks the judge itself", "run `assay merge` first");
}

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
                            MissingShards missing, double now_s) {
  const std::vector<Shard> shards = TRY(read_all(folders));
  Merged merged = TRY(coverage_of(shards));
  if (missing == MissingShards::refuse && !merged.missing.empty()) {
    std::vector<std::string> names;
    names.reserve(merged.missing.size());
    for (const ShardPart& part : merged.missing) names.push_back(name_of(part));
    return usage_error("no shard answers for " + join(names, "; "),
                       fmt::format("the plan has {} variants, and these shards parts of {}",
                                   shards.front().frozen->variants.size(), merged.variants.size()),
                       "name the missing folders, or say --partial for a report without them");
  }
  TRY(refuse_other_run(out));
  TRY(make_dirs(out));
  std::vector<MergeSource> sources;
  sources.reserve(shards.size() + 1);
  for (const Shard& shard : shards) sources.push_back({shard.folder, shard.part});
  // What a judge said of an earlier merge's answers it need not be asked again.
  const bool again = names_judge(shards.front().frozen->plan) && fs::exists(out / "store.sqlite");
  if (again) sources.push_back({out, all_of(*shards.front().frozen), Taken::judgements});
  const fs::path made = out / "store.merging.sqlite";
  std::error_code code;
  fs::remove(made, code);
  TRY(merge_stores(made, sources, meta_of(shards, merged, now_s), events_of(shards, merged, now_s),
                   baseline_in_parts(shards)));
  TRY(replace_store(made, out));
  for (const Shard& shard : shards) copy_beside(shard, out);
  TRY(write_file_atomic(out / "plan.frozen.json", to_json(*shards.front().frozen).dump(1) + "\n"));
  return merged;
}

}  // namespace assay
