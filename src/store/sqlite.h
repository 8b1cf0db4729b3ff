// Thin RAII over SQLite: a connection, a statement, and errors that say what to do.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace assay {

// Statements that were used before, ready to be used again: preparing one takes longer than most
// of them run. One connection's, and as little thread-safe as that.
class StatementCache {
 public:
  StatementCache() = default;
  StatementCache(const StatementCache&) = delete;
  StatementCache& operator=(const StatementCache&) = delete;
  ~StatementCache();

  // nullptr: there is none that is not in use.
  [[nodiscard]] sqlite3_stmt* take(std::string_view sql);
  void give_back(sqlite3_stmt* statement);

 private:
  std::multimap<std::string, sqlite3_stmt*, std::less<>> free_;
};

class Statement {
 public:
  Statement(sqlite3_stmt* statement, std::string file, std::shared_ptr<StatementCache> cache);
  // 1-based, as SQLite counts.
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, double value);
  // True while there is a row.
  [[nodiscard]] Result<bool> step();
  // For statements without rows.
  [[nodiscard]] Status run();
  // 0-based, as SQLite counts.
  [[nodiscard]] std::string text(int column) const;
  // The same in place, until the next step.
  [[nodiscard]] std::string_view view(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;

 private:
  struct GiveBack {
    std::shared_ptr<StatementCache> cache;
    void operator()(sqlite3_stmt* statement) const { cache->give_back(statement); }
  };
  std::unique_ptr<sqlite3_stmt, GiveBack> statement_;
  std::string file_;
};

// While it lives, the function wanted_key(key) of SQL asks `wanted`, which must outlive it.
class KeyFilter {
 public:
  using Wanted = std::function<bool(std::string_view key)>;
  KeyFilter(sqlite3* handle, const Wanted& wanted);

 private:
  struct Remove {
    void operator()(sqlite3* handle) const;
  };
  friend class Database;
  std::unique_ptr<sqlite3, Remove> handle_;
  int code_;  // of SQLite: whether it could be added
};

class Database {
 public:
  [[nodiscard]] Result<KeyFilter> key_filter(const KeyFilter::Wanted& wanted) const;
  [[nodiscard]] static Result<Database> open(const std::filesystem::path& file, bool write);
  [[nodiscard]] Status exec(const char* sql) const;
  [[nodiscard]] Result<Statement> prepare(std::string_view sql) const;
  [[nodiscard]] std::int64_t last_row_id() const;
  // SQLite ends a transaction by itself after some errors, a full disk among them.
  [[nodiscard]] bool in_transaction() const;

 private:
  Database(sqlite3* handle, std::string file);
  std::unique_ptr<sqlite3, decltype(&sqlite3_close_v2)> handle_;
  std::string file_;
  std::shared_ptr<StatementCache> cache_ = std::make_shared<StatementCache>();  // goes first
};

// What a result code of SQLite means to the user.
[[nodiscard]] std::unexpected<Error> sqlite_error(sqlite3* handle, int code,
                                                  const std::string& file);

}  // namespace assay
