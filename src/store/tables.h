// The tables whose rows carry a checksum, and the statements that write and check it.
//
// The column `sum` holds row_sum(table, column…): the first 8 bytes of the SHA-256 over the table's
// name and all other columns, each with its type and length. Every connection has this function.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/sqlite.h"

namespace assay {

struct StoreTable {
  std::string_view name;
  std::string_view columns;  // all but `sum`, the primary key's first
  int count;                 // of these columns
  int keys;                  // of them in the primary key
};

inline constexpr StoreTable kMeta{"meta", "name, value", 2, 1};
inline constexpr StoreTable kItems{"items", "task, position, id, stratum, grp, row", 6, 2};
inline constexpr StoreTable kRendered{"rendered", "key, body", 2, 1};
inline constexpr StoreTable kResponses{"responses", "key, load, body", 3, 1};
inline constexpr StoreTable kLoads{"loads", "id, variant, at, facts", 4, 1};
inline constexpr StoreTable kCrashes{"crashes", "response_key, count", 2, 1};
inline constexpr StoreTable kEvents{"events", "id, at, kind, body", 4, 1};
inline constexpr StoreTable kSteps{
    "steps", "variant, task, item, repeat, purpose, step, response_key, rendered_key", 8, 6};
inline constexpr StoreTable kScores{"scores", "variant, task, item, repeat, purpose, body", 6, 5};

// "row_sum('meta', name, value)".
[[nodiscard]] std::string row_sum_of(const StoreTable& table);
// "SELECT <columns>, <whether the checksum agrees> FROM meta "; rows are taken by next_row.
[[nodiscard]] std::string select_from(const StoreTable& table);
// "INSERT OR REPLACE INTO meta(…) VALUES(?1, ?2, row_sum(…))", of whatever kind `verb` says.
[[nodiscard]] std::string insert_into(const StoreTable& table, std::string_view verb);
// The same for a table whose key is a number that counts up: ?1 is the column after it.
[[nodiscard]] std::string insert_numbered(const StoreTable& table);

// The next row of a statement that begins with select_from(table). A row whose checksum does not
// agree with it is an environment error that names it.
[[nodiscard]] Result<bool> next_row(Statement& statement, const StoreTable& table,
                                    const std::string& file);

// Looks at the whole file: that its pages hang together, so that no row is missing; that every key
// is found where it is looked for; and the checksums of all tables but responses and
// rendered, whose rows are checked when they are read by key. Each look reads what it looks at
// once, in a transaction of its own, and the looks go on side by side, each through a connection of
// its own; `db` alone is used where it has a transaction open, which no other connection sees into.
[[nodiscard]] Status verify_tables(const Database& db, const std::string& file);

// Makes row_sum known to a connection.
[[nodiscard]] int add_row_sum(sqlite3* handle);

}  // namespace assay
