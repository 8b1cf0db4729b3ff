#include "store/schema.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>

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
PRAGMA user_version = 2;
)sql";

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

Status create(const Database& db) {
  TRY(db.exec(kSchema));
  return db.exec(kStepsAndScores);
}

Status migrate(const Database& db) {
  TRY(db.exec("ALTER TABLE steps RENAME TO steps_1; ALTER TABLE scores RENAME TO scores_1"));
  TRY(db.exec(kStepsAndScores));
  TRY(db.exec(("INSERT INTO steps " + steps_of_version_1("steps_1")).c_str()));
  TRY(db.exec(("INSERT INTO scores " + scores_of_version_1("scores_1")).c_str()));
  return db.exec("DROP TABLE steps_1; DROP TABLE scores_1");
}

// The temporary views stand before the file's own tables of the same names.
Status view(const Database& db) {
  TRY(db.exec("PRAGMA temp_store = MEMORY"));
  TRY(db.exec(("CREATE TEMP VIEW steps AS " + steps_of_version_1("steps")).c_str()));
  return db.exec(("CREATE TEMP VIEW scores AS " + scores_of_version_1("scores")).c_str());
}

}  // namespace

Status prepare_schema(const Database& db, const std::filesystem::path& file, bool write) {
  // For reading, too, one transaction: no writer may migrate between the look at the version and
  // what is read by it. An error leaves it open, and closing the file rolls it back.
  TRY(db.exec(write ? "BEGIN IMMEDIATE" : "BEGIN"));
  const std::int64_t found = TRY(number(db, "PRAGMA user_version"));
  if (found == kStoreSchemaVersion) return db.exec("COMMIT");
  if (found == 1) {
    if (!write) return view(db);  // the transaction goes on: the views read this version's tables
    TRY(migrate(db));
    return db.exec("COMMIT");
  }
  const std::int64_t tables = TRY(number(db, "SELECT count(*) FROM sqlite_master"));
  if (found == 0 && tables == 0 && write) {
    TRY(create(db));
    return db.exec("COMMIT");
  }
  return environment_error(
      fmt::format("{} has schema version {}", file.string(), found),
      fmt::format("this assay reads and writes version {}, and version 1 of older releases",
                  kStoreSchemaVersion),
      "use the assay that made it, or choose another folder with --out");
}

}  // namespace assay
