#include "store/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json.h"
#include "store/sqlite.h"

namespace assay {
namespace {

constexpr const char* kSchema = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE items(task TEXT, position INTEGER, id TEXT NOT NULL, stratum TEXT NOT NULL,
  grp TEXT NOT NULL, row TEXT NOT NULL, PRIMARY KEY(task, position)) WITHOUT ROWID;
CREATE TABLE rendered(key TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE responses(key TEXT PRIMARY KEY, load INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE steps(variant TEXT, task TEXT, item TEXT, repeat INTEGER, step INTEGER,
  response_key TEXT NOT NULL, rendered_key TEXT NOT NULL,
  PRIMARY KEY(variant, task, item, repeat, step)) WITHOUT ROWID;
CREATE TABLE scores(variant TEXT, task TEXT, item TEXT, repeat INTEGER, body TEXT NOT NULL,
  PRIMARY KEY(variant, task, item, repeat)) WITHOUT ROWID;
CREATE TABLE loads(id INTEGER PRIMARY KEY, variant TEXT NOT NULL, at REAL NOT NULL, facts TEXT NOT NULL);
CREATE TABLE crashes(response_key TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE events(id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);
PRAGMA user_version = 1;
)sql";

// The folder's lock file names its holder, for the message of whoever comes second.
Result<UniqueFd> take_lock(const std::filesystem::path& folder) {
  const auto path = folder / ".lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.valid()) {
    return errno_error("cannot write in " + folder.string(), "check the folder's permissions");
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    const auto holder = read_file(path);
    return environment_error(folder.string() + " is being written by another process",
                             "process " + (holder ? *holder : std::string("?")) + " holds its lock",
                             "wait for it or end it, or choose another folder with --out");
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::write(fd.get(), pid.data(), pid.size()) != static_cast<ssize_t>(pid.size())) {
    return errno_error("cannot write " + path.string(), "free some space on that disk");
  }
  return fd;
}

Status prepare_schema(const Database& db, const std::filesystem::path& file, bool write) {
  Statement version = TRY(db.prepare("PRAGMA user_version"));
  TRY(version.step());
  const std::int64_t found = version.integer(0);
  if (found == kStoreSchemaVersion) return {};
  Statement tables = TRY(db.prepare("SELECT count(*) FROM sqlite_master"));
  TRY(tables.step());
  if (found == 0 && tables.integer(0) == 0 && write) {
    TRY(db.exec("BEGIN IMMEDIATE"));
    TRY(db.exec(kSchema));
    return db.exec("COMMIT");
  }
  return environment_error(
      fmt::format("{} has schema version {}", file.string(), found),
      fmt::format("this assay reads and writes version {} only", kStoreSchemaVersion),
      "use the assay that made it, or choose another folder with --out");
}

template <typename T, typename Parse>
Result<T> parse_stored(const std::string& text, const std::string& file, Parse parse) {
  try {
    return parse(Json::parse(text));
  } catch (const Json::exception& e) {
    return environment_error(file + " holds a record that cannot be read", e.what(),
                             "keep the file, and choose another folder with --out");
  }
}

}  // namespace

struct Store::Impl {
  Database db;
  UniqueFd lock;
  std::string file;
  bool in_transaction = false;
  std::chrono::steady_clock::time_point oldest_pending;

  Status begin() {
    if (in_transaction) return {};
    TRY(db.exec("BEGIN IMMEDIATE"));
    in_transaction = true;
    oldest_pending = std::chrono::steady_clock::now();
    return {};
  }
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() {
  if (impl_ && impl_->in_transaction) (void)impl_->db.exec("COMMIT");
}

Result<Store> Store::open(const std::filesystem::path& folder, Mode mode) {
  const bool write = mode == Mode::write;
  const auto file = folder / "store.sqlite";
  UniqueFd lock;
  if (write) {
    TRY(make_dirs(folder));
    if (TRY(on_network_file_system(folder))) {
      return environment_error(folder.string() + " lies on a network file system",
                               "its locks cannot be relied on, so the store could be torn",
                               "choose a folder on a local disk with --out");
    }
    lock = TRY(take_lock(folder));
  } else if (!std::filesystem::exists(file)) {
    return usage_error("no run in " + folder.string(), "store.sqlite is not there",
                       "name the folder an `assay run` wrote to");
  }
  Database db = TRY(Database::open(file, write));
  if (write) TRY(db.exec("PRAGMA synchronous = FULL"));
  TRY(prepare_schema(db, file, write));  // before the journal's mode, which is kept in the file
  if (write) TRY(db.exec("PRAGMA journal_mode = WAL"));
  return Store(std::unique_ptr<Impl>(new Impl{std::move(db), std::move(lock), file.string()}));
}

Status Store::flush() {
  if (!impl_->in_transaction) return {};
  TRY(impl_->db.exec("COMMIT"));
  impl_->in_transaction = false;
  return {};
}

Status Store::flush_if_due() {
  if (!impl_->in_transaction) return {};
  if (std::chrono::steady_clock::now() - impl_->oldest_pending < kGroupCommit) return {};
  return flush();
}

Status Store::set_meta(const std::string& name, const std::string& value) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare("INSERT OR REPLACE INTO meta VALUES(?,?)"));
  return s.bind(1, name).bind(2, value).run();
}

Status Store::remove_meta(const std::string& name) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare("DELETE FROM meta WHERE name = ?"));
  return s.bind(1, name).run();
}

Result<std::optional<std::string>> Store::meta(const std::string& name) const {
  auto s = TRY(impl_->db.prepare("SELECT value FROM meta WHERE name = ?"));
  s.bind(1, name);
  if (!TRY(s.step())) return std::nullopt;
  return s.text(0);
}

Status Store::put_items(const std::string& task, const std::vector<Item>& items) {
  TRY(impl_->begin());
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto s = TRY(impl_->db.prepare("INSERT OR REPLACE INTO items VALUES(?,?,?,?,?,?)"));
    TRY(s.bind(1, task)
            .bind(2, static_cast<std::int64_t>(i))
            .bind(3, items[i].id)
            .bind(4, items[i].stratum)
            .bind(5, items[i].group)
            .bind(6, dump_json(items[i].row))
            .run());
  }
  return {};
}

Result<std::vector<Item>> Store::items(const std::string& task) const {
  auto s = TRY(impl_->db.prepare(
      "SELECT id, stratum, grp, row FROM items WHERE task = ? ORDER BY position"));
  s.bind(1, task);
  std::vector<Item> out;
  while (TRY(s.step())) {
    Item item{s.text(0), s.text(1), s.text(2), TRY(parse_json(s.text(3), impl_->file))};
    out.push_back(std::move(item));
  }
  return out;
}

Status Store::put_rendered(const std::string& key, const Rendered& rendered) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare("INSERT OR IGNORE INTO rendered VALUES(?,?)"));
  return s.bind(1, key).bind(2, dump_json(to_json(rendered))).run();
}

Result<std::optional<Rendered>> Store::rendered(const std::string& key) const {
  auto s = TRY(impl_->db.prepare("SELECT body FROM rendered WHERE key = ?"));
  s.bind(1, key);
  if (!TRY(s.step())) return std::nullopt;
  return TRY(parse_stored<Rendered>(s.text(0), impl_->file, rendered_from_json));
}

Status Store::put_response(const std::string& key, const Response& response, std::int64_t load_id) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare("INSERT OR IGNORE INTO responses VALUES(?,?,?)"));
  return s.bind(1, key).bind(2, load_id).bind(3, dump_json(to_json(response))).run();
}

Result<std::optional<Response>> Store::response(const std::string& key) const {
  auto s = TRY(impl_->db.prepare("SELECT body FROM responses WHERE key = ?"));
  s.bind(1, key);
  if (!TRY(s.step())) return std::nullopt;
  return TRY(parse_stored<Response>(s.text(0), impl_->file, response_from_json));
}

std::int64_t Store::response_count() const {
  auto s = impl_->db.prepare("SELECT count(*) FROM responses");
  if (!s || !s->step()) return 0;
  return s->integer(0);
}

Status Store::put_step(const StoredStep& step) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare("INSERT OR REPLACE INTO steps VALUES(?,?,?,?,?,?,?)"));
  return s.bind(1, step.id.variant)
      .bind(2, step.id.task)
      .bind(3, step.id.item)
      .bind(4, static_cast<std::int64_t>(step.id.repeat))
      .bind(5, static_cast<std::int64_t>(step.id.step))
      .bind(6, step.response_key)
      .bind(7, step.rendered_key)
      .run();
}

namespace {

Result<std::vector<StoredStep>> read_steps(Statement& s) {
  std::vector<StoredStep> out;
  while (TRY(s.step())) {
    out.push_back({{s.text(0), s.text(1), s.text(2), static_cast<int>(s.integer(3)),
                    static_cast<int>(s.integer(4))},
                   s.text(5),
                   s.text(6)});
  }
  return out;
}

}  // namespace

Result<std::vector<StoredStep>> Store::steps(const std::string& variant, const std::string& task,
                                             const std::string& item, int repeat) const {
  auto s =
      TRY(impl_->db.prepare("SELECT * FROM steps WHERE variant = ? AND task = ? AND item = ? "
                            "AND repeat = ? ORDER BY step"));
  s.bind(1, variant).bind(2, task).bind(3, item).bind(4, static_cast<std::int64_t>(repeat));
  return read_steps(s);
}

Result<std::vector<StoredStep>> Store::steps(const std::string& variant) const {
  auto s = TRY(
      impl_->db.prepare("SELECT * FROM steps WHERE variant = ? ORDER BY task, item, repeat, step"));
  s.bind(1, variant);
  return read_steps(s);
}

Status Store::put_score(const StoredScore& score) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare("INSERT OR REPLACE INTO scores VALUES(?,?,?,?,?)"));
  return s.bind(1, score.variant)
      .bind(2, score.task)
      .bind(3, score.item)
      .bind(4, static_cast<std::int64_t>(score.repeat))
      .bind(5, dump_json(to_json(score.score)))
      .run();
}

Result<std::vector<StoredScore>> Store::scores() const {
  auto s = TRY(impl_->db.prepare("SELECT * FROM scores ORDER BY variant, task, item, repeat"));
  std::vector<StoredScore> out;
  while (TRY(s.step())) {
    out.push_back({s.text(0), s.text(1), s.text(2), static_cast<int>(s.integer(3)),
                   TRY(parse_stored<Score>(s.text(4), impl_->file, score_from_json))});
  }
  return out;
}

Status Store::clear_scores() {
  TRY(impl_->begin());
  return impl_->db.exec("DELETE FROM scores");
}

Result<std::int64_t> Store::add_load(const std::string& variant, double at_s,
                                     const LoadFacts& facts) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare("INSERT INTO loads(variant, at, facts) VALUES(?,?,?)"));
  TRY(s.bind(1, variant).bind(2, at_s).bind(3, dump_json(to_json(facts))).run());
  return impl_->db.last_row_id();
}

Status Store::update_load(std::int64_t id, const LoadFacts& facts) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare("UPDATE loads SET facts = ? WHERE id = ?"));
  return s.bind(1, dump_json(to_json(facts))).bind(2, id).run();
}

Result<std::vector<StoredLoad>> Store::loads() const {
  auto s = TRY(impl_->db.prepare("SELECT id, variant, at, facts FROM loads ORDER BY id"));
  std::vector<StoredLoad> out;
  while (TRY(s.step())) {
    const LoadFacts facts =
        TRY(parse_stored<LoadFacts>(s.text(3), impl_->file, load_facts_from_json));
    out.push_back({s.integer(0), s.text(1), s.real(2), facts});
  }
  return out;
}

Status Store::add_crash(const std::string& response_key) {
  TRY(impl_->begin());
  auto s =
      TRY(impl_->db.prepare("INSERT INTO crashes VALUES(?, 1) ON CONFLICT(response_key) DO UPDATE "
                            "SET count = count + 1"));
  return s.bind(1, response_key).run();
}

Result<int> Store::crashes(const std::string& response_key) const {
  auto s = TRY(impl_->db.prepare("SELECT count FROM crashes WHERE response_key = ?"));
  s.bind(1, response_key);
  if (!TRY(s.step())) return 0;
  return static_cast<int>(s.integer(0));
}

Status Store::add_event(double at_s, const std::string& kind, const nlohmann::json& body) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare("INSERT INTO events(at, kind, body) VALUES(?,?,?)"));
  return s.bind(1, at_s).bind(2, kind).bind(3, dump_json(body)).run();
}

Result<std::vector<StoredEvent>> Store::events() const {
  auto s = TRY(impl_->db.prepare("SELECT at, kind, body FROM events ORDER BY id"));
  std::vector<StoredEvent> out;
  while (TRY(s.step())) {
    out.push_back({s.real(0), s.text(1), TRY(parse_json(s.text(2), impl_->file))});
  }
  return out;
}

Status Store::forget_variant(const std::string& variant) {
  TRY(impl_->begin());
  for (const char* sql :
       {"DELETE FROM steps WHERE variant = ?", "DELETE FROM scores WHERE variant = ?"}) {
    auto s = TRY(impl_->db.prepare(sql));
    TRY(s.bind(1, variant).run());
  }
  return {};
}

}  // namespace assay
