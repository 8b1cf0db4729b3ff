#include "store/merge.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

#include "base/json.h"
#include "store/graded_time.h"
#include "store/schema.h"
#include "store/sqlite.h"
#include "store/tables.h"

namespace assay {
namespace {

// SQL that copies one source's rows. "ours" names the variants that are taken from it, our_tasks
// and our_repeats what of them, where that is not all; "numbers" tells which load of the source
// became which of ours.
constexpr const char* kTemporary = R"sql(
CREATE TEMP TABLE IF NOT EXISTS ours(variant TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE IF NOT EXISTS our_tasks(task TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE IF NOT EXISTS our_repeats(repeat INTEGER PRIMARY KEY);
CREATE TEMP TABLE IF NOT EXISTS numbers(source INTEGER PRIMARY KEY, here INTEGER NOT NULL);
DELETE FROM ours; DELETE FROM our_tasks; DELETE FROM our_repeats; DELETE FROM numbers;
)sql";

// Of steps and scores.
constexpr const char* kInPart = R"sql(
variant IN ours AND (purpose IN ('canary', 'read_back', 'second_read_back') OR (
  (task IN our_tasks OR NOT EXISTS (SELECT 1 FROM our_tasks)) AND
  (repeat IN our_repeats OR NOT EXISTS (SELECT 1 FROM our_repeats))))
)sql";

constexpr const char* kNumberLoads = R"sql(
INSERT INTO numbers SELECT id, (SELECT ifnull(max(id), 0) FROM main.loads)
  + row_number() OVER (ORDER BY id) FROM source.loads WHERE variant IN ours
)sql";

constexpr const char* kJudgements = "purpose IN ('judgement', 'second_pass_judgement')";

std::string our_steps(Taken taken) {
  return taken == Taken::judgements ? kJudgements : kInPart;
}

// Answers that one of our variants was given, or that one of its loads gave: lm-eval's own requests
// have no steps. One that a variant of an earlier source has as well is there already.
std::string our_responses(Taken taken) {
  return fmt::format(
      R"sql(
FROM (SELECT r.key AS key, ifnull((SELECT here FROM numbers WHERE source = r.load), 0) AS load,
             r.body AS body, r.sum IS row_sum('responses', r.key, r.load, r.body) AS sound
      FROM source.responses AS r
      WHERE r.key IN (SELECT response_key FROM source.steps WHERE {}) {})
)sql",
      our_steps(taken), taken == Taken::all ? "OR r.load IN (SELECT source FROM numbers)" : "");
}

// A row copied as it is takes its checksum along, and is checked by it whenever it is read.
std::string copied(const StoreTable& table, const std::string& which) {
  return fmt::format("INSERT OR IGNORE INTO main.{0}({1}, sum) SELECT {1}, sum FROM source.{0} {2}",
                     table.name, table.columns, which);
}

std::string numbered_loads() {
  return "INSERT INTO main.loads(id, variant, at, facts, sum) "
         "SELECT here, variant, at, facts, row_sum('loads', here, variant, at, facts) "
         "FROM source.loads JOIN numbers ON source.loads.id = numbers.source ORDER BY here";
}

// Events that name no variant are taken with the first source; the others with their variant's.
std::string numbered_events(bool first) {
  return fmt::format(
      "INSERT INTO main.events(id, at, kind, body, sum) "
      "SELECT number, at, kind, body, row_sum('events', number, at, kind, body) FROM "
      "(SELECT at, kind, body, (SELECT ifnull(max(id), 0) FROM main.events) + "
      "row_number() OVER (ORDER BY id) AS number FROM source.events "
      "WHERE json_extract(body, '$.variant') IN ours{})",
      first ? " OR json_extract(body, '$.variant') IS NULL" : "");
}

std::string renumbered_responses(Taken taken) {
  return "INSERT OR IGNORE INTO main.responses(key, load, body, sum) "
         "SELECT key, load, body, row_sum('responses', key, load, body) " +
         our_responses(taken);
}

std::string prompts(Taken taken) {
  if (taken == Taken::all) return copied(kRendered, "");
  return copied(kRendered, "WHERE key IN (SELECT rendered_key FROM source.steps WHERE " +
                               our_steps(taken) + ")");
}

std::string numbered_crashes() {
  return "INSERT INTO main.crashes(response_key, count, sum) SELECT response_key, count, sum "
         "FROM source.crashes WHERE true ON CONFLICT(response_key) DO NOTHING";
}

// "opened:bf16" and "lm_eval:bf16:math500" belong to bf16; "frozen:1" and "grading:math500",
// whatever the variants are called, to none.
std::string metas_of_variants() {
  return copied(kMeta,
                "WHERE instr(name, ':') > 0 AND name NOT LIKE 'frozen:%' AND "
                "name NOT LIKE 'grading:%' AND EXISTS (SELECT 1 FROM ours "
                "WHERE substr(name, instr(name, ':') + 1) = variant OR "
                "substr(name, instr(name, ':') + 1, length(variant) + 1) = variant || ':')");
}

Result<std::int64_t> number(const Database& db, const std::string& sql) {
  Statement statement = TRY(db.prepare(sql));
  TRY(statement.step());
  return statement.integer(0);
}

// A response is summed anew with its new load, so its old sum must be looked at first.
Status check_responses(const Database& db, const std::string& file, Taken taken) {
  Statement bad = TRY(db.prepare("SELECT key " + our_responses(taken) + "WHERE NOT sound"));
  if (!TRY(bad.step())) return {};
  return environment_error(file + " is damaged",
                           fmt::format("the row '{}' of its table responses does not agree with "
                                       "its checksum: a bit has changed, or another program wrote "
                                       "it",
                                       bad.text(0)),
                           "bring back a copy of the file, or run this shard again");
}

Status name_part(const Database& db, const ShardPart& part) {
  TRY(db.exec(kTemporary));
  for (const std::string& variant : part.variants) {
    Statement insert = TRY(db.prepare("INSERT INTO ours VALUES(?)"));
    TRY(insert.bind(1, variant).run());
  }
  for (const std::string& task : part.tasks) {
    Statement insert = TRY(db.prepare("INSERT INTO our_tasks VALUES(?)"));
    TRY(insert.bind(1, task).run());
  }
  for (const int repeat : part.repeats) {
    Statement insert = TRY(db.prepare("INSERT INTO our_repeats VALUES(?)"));
    TRY(insert.bind(1, std::int64_t{repeat}).run());
  }
  return {};
}

// Whatever belongs to its part.
Status take_rows(const Database& db, const MergeSource& source, bool first) {
  TRY(name_part(db, source.part));
  TRY(db.exec(kNumberLoads));
  TRY(check_responses(db, (source.folder / "store.sqlite").string(), source.taken));
  if (first) TRY(db.exec(copied(kItems, "").c_str()));
  for (const std::string& sql : {renumbered_responses(source.taken), prompts(source.taken)}) {
    TRY(db.exec(sql.c_str()));
  }
  if (source.taken == Taken::judgements) return {};
  for (const std::string& sql :
       {numbered_loads(), numbered_events(first), numbered_crashes(), metas_of_variants(),
        copied(kSteps, std::string("WHERE ") + kInPart),
        copied(kScores, std::string("WHERE ") + kInPart)}) {
    TRY(db.exec(sql.c_str()));
  }
  return {};
}

using GradedTimes = std::map<std::string, GradedTime>;  // by task

// A shard measures its own graders; what another shard takes of it are answers alone.
Status add_graded_times(const Database& db, const Store& source, GradedTimes& sums) {
  Statement tasks = TRY(db.prepare("SELECT DISTINCT task FROM source.items"));
  while (TRY(tasks.step())) {
    const std::string task = tasks.text(0);
    const GradedTime its = TRY(graded_time(source, task));
    if (its.answers == 0) continue;
    sums[task].answers += its.answers;
    sums[task].seconds += its.seconds;
  }
  return {};
}

Status take(const Database& db, const MergeSource& source, bool first, GradedTimes& graded) {
  const std::string file = (source.folder / "store.sqlite").string();
  const Store store = TRY(Store::open(source.folder, Store::Mode::read));  // says what is wrong
  Statement attach = TRY(db.prepare("ATTACH DATABASE ? AS source"));
  TRY(attach.bind(1, file).run());
  const std::int64_t version = TRY(number(db, "PRAGMA source.user_version"));
  if (version != kStoreSchemaVersion) {
    return environment_error(
        fmt::format("{} has schema version {}", file, version),
        fmt::format("only stores of version {} can be merged", kStoreSchemaVersion),
        "run `assay score` on its folder, which makes it one of this version");
  }
  TRY(db.exec("BEGIN"));
  TRY(take_rows(db, source, first));
  if (source.taken == Taken::all) TRY(add_graded_times(db, store, graded));
  TRY(db.exec("COMMIT"));
  return db.exec("DETACH DATABASE source");
}

Status add_own_rows(const Database& db, std::map<std::string, std::string> meta,
                    const GradedTimes& graded, const std::vector<StoredEvent>& events) {
  for (const auto& [task, time] : graded) {
    GradedRow row = graded_row(task, time);
    meta[std::move(row.name)] = std::move(row.value);
  }
  for (const auto& [name, value] : meta) {
    Statement row = TRY(db.prepare(insert_into(kMeta, "INSERT OR REPLACE")));
    TRY(row.bind(1, name).bind(2, value).run());
  }
  for (const StoredEvent& event : events) {
    Statement row = TRY(db.prepare(insert_numbered(kEvents)));
    TRY(row.bind(1, event.at_s).bind(2, event.kind).bind(3, dump_json(event.body)).run());
  }
  return {};
}

Status leave_out_unread(const Database& db, const std::string& baseline) {
  Statement left_out = TRY(db.prepare(R"sql(
DELETE FROM steps WHERE variant = ?1 AND purpose IN ('read_back', 'second_read_back')
  AND EXISTS (SELECT 1 FROM steps WHERE variant <> ?1 AND purpose = 'read_back')
  AND (task, item) NOT IN
    (SELECT task, item FROM steps WHERE variant <> ?1 AND purpose = 'read_back')
)sql"));
  return left_out.bind(1, baseline).run();
}

Status merge_into(const std::filesystem::path& file, std::span<const MergeSource> sources,
                  const std::map<std::string, std::string>& meta,
                  const std::vector<StoredEvent>& events, const std::string& in_parts) {
  const Database db = TRY(Database::open(file, /*write=*/true));
  TRY(prepare_schema(db, file, /*write=*/true));
  // Nobody sees the file before it is whole, so only the last commit waits for the disk.
  TRY(db.exec("PRAGMA cache_size = -131072; PRAGMA synchronous = OFF"));
  GradedTimes graded;
  for (const MergeSource& source : sources) {
    TRY(take(db, source, &source == sources.data(), graded));
  }
  TRY(db.exec("PRAGMA synchronous = FULL"));
  TRY(db.exec("BEGIN"));
  if (!in_parts.empty()) TRY(leave_out_unread(db, in_parts));
  TRY(add_own_rows(db, meta, graded, events));
  return db.exec("COMMIT");
}

}  // namespace

Status merge_stores(const std::filesystem::path& file, std::span<const MergeSource> sources,
                    const std::map<std::string, std::string>& meta,
                    const std::vector<StoredEvent>& events, const std::string& in_parts) {
  Status merged = merge_into(file, sources, meta, events, in_parts);
  std::error_code code;
  if (!merged) std::filesystem::remove(file, code);
  return merged;
}

std::string merged_text(std::size_t shards) {
  return fmt::format("{} shards", shards);
}

Result<int> merged_shards(const Store& store) {
  const std::string text = TRY(store.meta(kMergedKey)).value_or("");
  int shards = 0;
  std::from_chars(text.data(), text.data() + text.size(), shards);
  return shards;
}

}  // namespace assay
