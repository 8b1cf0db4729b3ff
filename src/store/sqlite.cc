#include "store/sqlite.h"

#include <cerrno>

#include "base/language.h"
#include "store/tables.h"

namespace assay {
namespace {

// SQLite calls only a failed write "full"; a file beside the store that cannot grow is an error of
// input and output whose cause the system knows.
bool disk_is_full(sqlite3* handle, int code) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  const bool io = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  if (!io || handle == nullptr) return false;
  const int cause = sqlite3_system_errno(handle);
  return cause == ENOSPC || cause == EDQUOT;
}

}  // namespace

std::unexpected<Error> sqlite_error(sqlite3* handle, int code, const std::string& file) {
  const std::string why = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  if (disk_is_full(handle, code)) {
    return environment_error(
        bilingual("the disk of {} is full", "{} 所在的磁盘已满", file), why,
        {"free some space, then run the same command again: it goes on, and nothing is lost",
         "腾出空间，再执行同一条命令：它会继续，什么也不会丢"});
  }
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return environment_error(bilingual("{} is damaged or is no store of assay",
                                         "{} 已损坏，或不是 assay 的存储", file),
                               why,
                               {"keep the file, and choose another folder with --out",
                                "保留这个文件，用 --out 另选目录"});
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return environment_error(
          bilingual("{} is in use", "{} 正被使用", file), why,
          {"wait for the other process, or end it", "等另一个进程结束，或结束它"});
    case SQLITE_CANTOPEN:
      return environment_error(bilingual("cannot open {}", "无法打开 {}", file), why,
                               {"check the folder and its permissions", "检查目录及其权限"});
    case SQLITE_READONLY:
      return environment_error(bilingual("cannot write {}", "无法写入 {}", file), why,
                               {"check the file's permissions", "检查文件的权限"});
    default:
      return environment_error(bilingual("the store {} failed", "存储 {} 出错", file), why,
                               {"check the disk", "检查磁盘"});
  }
}

StatementCache::~StatementCache() {
  for (const auto& [sql, statement] : free_) sqlite3_finalize(statement);
}

sqlite3_stmt* StatementCache::take(std::string_view sql) {
  const auto found = free_.find(sql);
  if (found == free_.end()) return nullptr;
  sqlite3_stmt* statement = found->second;
  free_.erase(found);
  return statement;
}

void StatementCache::give_back(sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  free_.emplace(sqlite3_sql(statement), statement);
}

Statement::Statement(sqlite3_stmt* statement, std::string file,
                     std::shared_ptr<StatementCache> cache)
    : statement_(statement, GiveBack{std::move(cache)}), file_(std::move(file)) {}

Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), index, text.data() == nullptr ? "" : text.data(),
                      text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}

Statement& Statement::bind(int index, double value) {
  sqlite3_bind_double(statement_.get(), index, value);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return sqlite_error(sqlite3_db_handle(statement_.get()), code, file_);
}

Status Statement::run() {
  while (TRY(step())) {
  }
  return {};
}

std::string_view Statement::view(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? std::string_view()
                          : std::string_view(bytes, static_cast<std::size_t>(size));
}

std::string Statement::text(int column) const {
  return std::string(view(column));
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

namespace {

void wanted_key(sqlite3_context* context, int /*count*/, sqlite3_value** values) {
  const auto& wanted = *static_cast<const KeyFilter::Wanted*>(sqlite3_user_data(context));
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(values[0]));
  const std::string_view key =
      bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
  sqlite3_result_int(context, wanted(key) ? 1 : 0);
}

constexpr const char* kWantedKey = "wanted_key";

}  // namespace

KeyFilter::KeyFilter(sqlite3* handle, const Wanted& wanted)
    : handle_(handle),
      code_(sqlite3_create_function_v2(handle, kWantedKey, 1, SQLITE_UTF8,
                                       const_cast<Wanted*>(&wanted), &wanted_key, nullptr, nullptr,
                                       nullptr)) {}

void KeyFilter::Remove::operator()(sqlite3* handle) const {
  sqlite3_create_function_v2(handle, kWantedKey, 1, SQLITE_UTF8, nullptr, nullptr, nullptr, nullptr,
                             nullptr);
}

Result<KeyFilter> Database::key_filter(const KeyFilter::Wanted& wanted) const {
  KeyFilter filter(handle_.get(), wanted);
  if (filter.code_ != SQLITE_OK) return sqlite_error(handle_.get(), filter.code_, file_);
  return filter;
}

Database::Database(sqlite3* handle, std::string file)
    : handle_(handle, &sqlite3_close_v2), file_(std::move(file)) {}

Result<Database> Database::open(const std::filesystem::path& file, bool write) {
  sqlite3* handle = nullptr;
  const int mode = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const int flags = mode | SQLITE_OPEN_NOMUTEX;  // no two threads use one connection at a time
  // SQLite opens its files close-on-exec.
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  Database database(handle, file.string());
  if (code != SQLITE_OK) return sqlite_error(handle, code, file.string());
  sqlite3_busy_timeout(handle, 5000);
  const int added = add_row_sum(handle);
  if (added != SQLITE_OK) return sqlite_error(handle, added, file.string());
  return database;
}

Status Database::exec(const char* sql) const {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(handle_.get(), code, file_);
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) const {
  if (sqlite3_stmt* ready = cache_->take(sql)) return Statement(ready, file_, cache_);
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      &statement, nullptr);
  if (code != SQLITE_OK) return sqlite_error(handle_.get(), code, file_);
  return Statement(statement, file_, cache_);
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(handle_.get()) == 0;
}

std::int64_t Database::last_row_id() const {
  return sqlite3_last_insert_rowid(handle_.get());
}

}  // namespace assay
