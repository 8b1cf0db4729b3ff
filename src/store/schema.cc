#include "store/schema.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "store/tables.h"

namespace assay {
namespace {

constexpr const char* kSchema = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE items(task TEXT, position INTEGER, id TEXT NOT NULL, stratum TEXT NOT NULL,
  grp TEXT NOT NULL, row TEXT NOT NULL, PRIMARY KEY(task, position)) WITHOUT ROWID;
CREATE TABLE rendered(key TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE responses(key TEXT PRIMARY KEY, load INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE loads(id INTEGER PRIMARY KEY, variant TEXT NOT NULL, at REAL NOT NULL, facts TEXT NOT NULL);
CREATE TABLE crashes(response_key TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE events(id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);
)sql";

constexpr const char* kStepsAndScores = R"sql(
CREATE TABLE steps(variant TEXT, task TEXT, item TEXT, repeat INTEGER, purpose TEXT, step INTEGER,
  response_key TEXT NOT NULL, rendered_key TEXT NOT NULL,
  PRIMARY KEY(variant, task, item, repeat, purpose, step)) WITHOUT ROWID;
CREATE TABLE scores(variant TEXT, task TEXT, item TEXT, repeat INTEGER, purpose TEXT,
  body TEXT NOT NULL, PRIMARY KEY(variant, task, item, repeat, purpose)) WITHOUT ROWID;
)sql";

constexpr StoreTable kTables[] = {kMeta,    kItems,  kRendered, kResponses, kLoads,
                                  kCrashes, kEvents, kSteps,    kScores};

// Version 1 had no column `purpose`. The second pass was a variant of its own, "(second pass)";
// reading back and judging were tasks of their own, "(fidelity)" and "(judge)", whose items were
// called "<task>/<item>" (no task's name holds a "/"). The two queries below give the rows of such
// a table as version 2 has them. Which variant is the baseline only the frozen plan tells.
constexpr const char* kBaseline = R"sql((SELECT json_extract(v.value, '$.name')
  FROM main.meta AS m, json_each(m.value, '$.variants') AS v
  WHERE m.name = 'frozen' AND json_extract(v.value, '$.baseline')))sql";

std::string steps_of_version_1(const char* table) {
  return fmt::format(
      R"sql(
SELECT iif(variant = '(second pass)', coalesce({1}, variant), variant) AS variant,
  iif(task IN ('(fidelity)', '(judge)'), substr(item, 1, instr(item, '/') - 1), task) AS task,
  iif(task IN ('(fidelity)', '(judge)'), substr(item, instr(item, '/') + 1), item) AS item,
  repeat,
  CASE WHEN task = '(fidelity)' THEN 'read_back'
       WHEN task = '(judge)' AND variant = '(second pass)' THEN 'second_pass_judgement'
       WHEN task = '(judge)' THEN 'judgement'
       WHEN variant = '(second pass)' THEN 'second_pass'
       ELSE 'answer' END AS purpose,
  step, response_key, rendered_key FROM main.{0})sql",
      table, kBaseline);
}

std::string scores_of_version_1(const char* table) {
  return fmt::format(
      R"sql(
SELECT iif(variant = '(second pass)', coalesce({1}, variant), variant) AS variant, task, item,
  repeat, iif(variant = '(second pass)', 'second_pass', 'answer') AS purpose, body FROM main.{0})sql",
      table, kBaseline);
}

Result<std::int64_t> number(const Database& db, const char* sql) {
  Statement statement = TRY(db.prepare(sql));
  TRY(statement.step());
  return statement.integer(0);
}

// From version 2, whose rows had no checksum, to version 3.
Status add_checksums(const Database& db) {
  for (const StoreTable& table : kTables) {
    TRY(db.exec(fmt::format("ALTER TABLE {0} ADD COLUMN sum INTEGER NOT NULL DEFAULT 0; "
                            "UPDATE {0} SET sum = {1}",
                            table.name, row_sum_of(table))
                    .c_str()));
  }
  return db.exec(fmt::format("PRAGMA user_version = {}", kStoreSchemaVersion).c_str());
}

Status create(const Database& db) {
  TRY(db.exec(kSchema));
  TRY(db.exec(kStepsAndScores));
  return add_checksums(db);
}

Status migrate_1_to_2(const Database& db) {
  TRY(db.exec("ALTER TABLE steps RENAME TO steps_1; ALTER TABLE scores RENAME TO scores_1"));
  TRY(db.exec(kStepsAndScores));
  TRY(db.exec(("INSERT INTO steps " + steps_of_version_1("steps_1")).c_str()));
  TRY(db.exec(("INSERT INTO scores " + scores_of_version_1("scores_1")).c_str()));
  return db.exec("DROP TABLE steps_1; DROP TABLE scores_1");
}

// The temporary views stand before the file's own tables of the same names.
Status view(const Database& db, std::int64_t version) {
  TRY(db.exec("PRAGMA temp_store = MEMORY"));
  for (const StoreTable& table : kTables) {
    std::string rows = fmt::format("SELECT {} FROM main.{}", table.columns, table.name);
    if (version == 1 && table.name == kSteps.name) rows = steps_of_version_1("steps");
    if (version == 1 && table.name == kScores.name) rows = scores_of_version_1("scores");
    TRY(db.exec(fmt::format("CREATE TEMP VIEW {} AS SELECT {}, {} AS sum FROM ({})", table.name,
                            table.columns, row_sum_of(table), rows)
                    .c_str()));
  }
  return {};
}

// A version that lost a bit would have rows believed without their checksums.
Status check_version(const Database& db, const std::filesystem::path& file, std::int64_t found) {
  const std::int64_t columns =
      TRY(number(db, "SELECT count(*) FROM pragma_table_info('meta') WHERE name = 'sum'"));
  if (columns == 0) return {};
  return environment_error(
      file.string() + " is damaged",
      fmt::format("it says that it has schema version {}, and has the columns of a later one",
                  found),
      "bring back a copy of the file, or choose another folder with --out");
}

Status migrate(const Database& db, std::int64_t from) {
  if (from == 1) TRY(migrate_1_to_2(db));
  return add_checksums(db);
}

}  // namespace

Status prepare_schema(const Database& db, const std::filesystem::path& file, bool write) {
  // For reading, too, one transaction: no writer may migrate between the look at the version and
  // what is read by it. An error leaves it open, and closing the file rolls it back.
  TRY(db.exec(write ? "BEGIN IMMEDIATE" : "BEGIN"));
  const std::int64_t found = TRY(number(db, "PRAGMA user_version"));
  if (found == kStoreSchemaVersion) return db.exec("COMMIT");
  if (found == 1 || found == 2) {
    TRY(check_version(db, file, found));
    if (!write) return view(db, found);  // the transaction goes on: the views read these tables
    TRY(migrate(db, found));
    return db.exec("COMMIT");
  }
  const std::int64_t tables = TRY(number(db, "SELECT count(*) FROM sqlite_master"));
  if (found == 0 && tables == 0 && write) {
    TRY(create(db));
    return db.exec("COMMIT");
  }
  return environment_error(
      fmt::format("{} has schema version {}", file.string(), found),
      fmt::format("this assay reads and writes version {}, and the earlier ones from 1 on",
                  kStoreSchemaVersion),
      "use the assay that made it, or choose another folder with --out");
}

}  // namespace assay
