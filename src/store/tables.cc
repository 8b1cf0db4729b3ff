#include "store/tables.h"

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/hash.h"
#include "base/side_by_side.h"

namespace assay {
namespace {

constexpr const char* kWhatToDo =
    "bring back a copy of the file, or choose another folder with --out";

void append_number(std::string& bytes, std::uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) {
    bytes.push_back(static_cast<char>(value >> shift & 0xffU));
  }
}

constexpr std::size_t kBeforeBytes = 1 + sizeof(std::uint64_t);

// The type and the length stand before the bytes, so that no two rows give the same sequence.
void append_value(std::string& bytes, sqlite3_value* value) {
  const int type = sqlite3_value_type(value);
  bytes.push_back(static_cast<char>(type));
  if (type == SQLITE_INTEGER) {
    append_number(bytes, static_cast<std::uint64_t>(sqlite3_value_int64(value)));
  } else if (type == SQLITE_FLOAT) {
    append_number(bytes, std::bit_cast<std::uint64_t>(sqlite3_value_double(value)));
  } else if (type != SQLITE_NULL) {
    const auto* data = static_cast<const char*>(sqlite3_value_blob(value));
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
    append_number(bytes, size);
    if (data != nullptr) bytes.append(data, size);
  }
}

void row_sum(sqlite3_context* context, int count, sqlite3_value** values) {
  std::size_t size = 0;
  for (int i = 0; i < count; ++i) {
    // Asked how long it is, SQLite would turn a number into text.
    const bool has_bytes = sqlite3_value_type(values[i]) == SQLITE_TEXT ||
                           sqlite3_value_type(values[i]) == SQLITE_BLOB;
    size += kBeforeBytes;
    if (has_bytes) size += static_cast<std::size_t>(sqlite3_value_bytes(values[i]));
  }
  std::string bytes;
  bytes.reserve(size);
  for (int i = 0; i < count; ++i) append_value(bytes, values[i]);
  sqlite3_result_int64(context, static_cast<std::int64_t>(sha256_u64(bytes)));
}

std::string parameters(int count) {
  std::string out;
  for (int i = 1; i <= count; ++i) out += fmt::format("{}?{}", i == 1 ? "" : ", ", i);
  return out;
}

std::unexpected<Error> damaged(const std::string& file, const std::string& why) {
  return environment_error(file + " is damaged", why, kWhatToDo);
}

Status check_pages(const Database& db, const std::string& file) {
  Statement check = TRY(db.prepare("PRAGMA main.quick_check(1)"));
  if (!TRY(check.step())) return {};
  const std::string found = check.text(0);
  return found == "ok" ? Status{} : damaged(file, found);
}

// Independent of the order the keys come in.
Result<std::uint64_t> sum_of_keys(const Database& db, const std::string& sql) {
  Statement keys = TRY(db.prepare(sql));
  std::uint64_t sum = 0;
  while (TRY(keys.step())) sum += std::hash<std::string>{}(keys.text(0));
  return sum;
}

// A row is looked for by an index of its own, which the row's checksum does not cover.
Status check_keys(const Database& db, const StoreTable& table, const std::string& file) {
  const auto in_table =
      TRY(sum_of_keys(db, fmt::format("SELECT key FROM main.{} NOT INDEXED", table.name)));
  const auto in_index = TRY(sum_of_keys(
      db, fmt::format("SELECT key FROM main.{0} INDEXED BY sqlite_autoindex_{0}_1", table.name)));
  if (in_table == in_index) return {};
  return damaged(file, fmt::format("the keys of its table {} are not those of its index: answers "
                                   "that are there would not be found",
                                   table.name));
}

Status check_rows(const Database& db, const StoreTable& table, const std::string& file) {
  Statement rows = TRY(db.prepare(select_from(table)));
  while (TRY(next_row(rows, table, file))) {
  }
  return {};
}

using Inspection = std::function<Status(const Database&)>;

// In the order in which what they find is told; the longest first.
std::vector<Inspection> all_inspections(const std::string& file) {
  std::vector<Inspection> inspections;
  inspections.emplace_back([&file](const Database& db) { return check_pages(db, file); });
  for (const StoreTable& table : {kRendered, kResponses}) {
    inspections.emplace_back(
        [&file, table](const Database& db) { return check_keys(db, table, file); });
  }
  for (const StoreTable& table : {kMeta, kItems, kLoads, kCrashes, kEvents, kSteps, kScores}) {
    inspections.emplace_back(
        [&file, table](const Database& db) { return check_rows(db, table, file); });
  }
  return inspections;
}

// One transaction, so that a writer cannot commit between two looks at the same table.
Status inspect_apart(const Inspection& inspect, const std::string& file) {
  const Database db = TRY(Database::open(file, /*write=*/false));
  TRY(db.exec("BEGIN"));
  return inspect(db);
}

}  // namespace

std::string row_sum_of(const StoreTable& table) {
  return fmt::format("row_sum('{}', {})", table.name, table.columns);
}

std::string select_from(const StoreTable& table) {
  return fmt::format("SELECT {}, sum IS {} FROM {} ", table.columns, row_sum_of(table), table.name);
}

std::string insert_into(const StoreTable& table, std::string_view verb) {
  const std::string values = parameters(table.count);
  return fmt::format("{0} INTO {1}({2}, sum) VALUES({3}, row_sum('{1}', {3}))", verb, table.name,
                     table.columns, values);
}

std::string insert_numbered(const StoreTable& table) {
  return fmt::format(
      "INSERT INTO {0}({1}, sum) SELECT id, {2}, row_sum('{0}', id, {2}) "
      "FROM (SELECT ifnull(max(id), 0) + 1 AS id FROM {0})",
      table.name, table.columns, parameters(table.count - 1));
}

Result<bool> next_row(Statement& statement, const StoreTable& table, const std::string& file) {
  if (!TRY(statement.step())) return false;
  if (statement.integer(table.count) == 1) return true;
  std::string key;
  for (int i = 0; i < table.keys; ++i) key += (i == 0 ? "" : ", ") + statement.text(i);
  return damaged(file, fmt::format("the row '{}' of its table {} does not agree with its checksum: "
                                   "a bit has changed, or another program wrote it",
                                   key, table.name));
}

Status verify_tables(const Database& db, const std::string& file) {
  const std::vector<Inspection> inspections = all_inspections(file);
  if (db.in_transaction()) {
    for (const Inspection& inspect : inspections) TRY(inspect(db));
    return {};
  }
  std::vector<std::function<Status()>> looks;
  looks.reserve(inspections.size());
  for (const Inspection& inspect : inspections) {
    looks.emplace_back([&] { return inspect_apart(inspect, file); });
  }
  return do_side_by_side(looks);
}

int add_row_sum(sqlite3* handle) {
  return sqlite3_create_function_v2(handle, "row_sum", -1,
                                    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nullptr,
                                    &row_sum, nullptr, nullptr, nullptr);
}

}  // namespace assay
