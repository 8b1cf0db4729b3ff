#include "store/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json.h"
#include "base/language.h"
#include "base/side_by_side.h"
#include "store/schema.h"
#include "store/sqlite.h"
#include "store/stored_values.h"
#include "store/tables.h"

namespace assay {
namespace {

// The folder's lock file names its holder, for the message of whoever comes second.
Result<UniqueFd> take_lock(const std::filesystem::path& folder) {
  const auto path = folder / ".lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd.valid()) {
    return errno_error("cannot write in " + folder.string(), "check the folder's permissions");
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    const auto holder = read_file(path);
    return environment_error(
        bilingual("{} is being written by another process", "另一个进程正在写 {}", folder.string()),
        bilingual("process {} holds its lock", "进程 {} 持有它的锁",
                  holder ? *holder : std::string("?")),
        {"wait for it or end it, or choose another folder with --out",
         "等它结束或结束它，或用 --out 另选目录"});
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::write(fd.get(), pid.data(), pid.size()) != static_cast<ssize_t>(pid.size())) {
    return errno_error("cannot write " + path.string(), "free some space on that disk");
  }
  return fd;
}

constexpr const char* kWriteAhead = "PRAGMA journal_mode = WAL";
// A run finds answers by hashes, so each look-up goes to another page of the index: of a million
// answers it has 80 MB. A small store never fills the cache. Who only reads goes through the rows
// in their order, mostly, on several connections at once.
constexpr const char* kCache = "PRAGMA cache_size = -32768";  // KiB
// A page of such an index changes again and again: copied from the log to the file less often, it
// is copied fewer times. What is committed is in the log, synced, either way.
constexpr const char* kCheckpoint = "PRAGMA wal_autocheckpoint = 8192";  // pages of 4 KiB

}  // namespace

struct Store::Impl {
  Database db;
  UniqueFd lock;
  std::string file;
  bool in_transaction = false;
  std::chrono::steady_clock::time_point oldest_pending;
  std::optional<Error> lost_by;  // why a commit failed: whoever writes next is told the same

  // Whether SQLite has ended the transaction by itself: what was pending is not stored.
  [[nodiscard]] bool rolled_back() const { return in_transaction && !db.in_transaction(); }
  [[nodiscard]] std::unexpected<Error> rolled_back_error() const {
    if (lost_by) return std::unexpected(*lost_by);
    return environment_error(
        "the last writes to " + file + " could not be stored",
        "an error before undid them; mostly the disk is full",
        "free some space, then run the same command again: what was committed is kept");
  }

  Status begin() {
    if (rolled_back()) return rolled_back_error();
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
  if (impl_ && impl_->db.in_transaction()) (void)impl_->db.exec("COMMIT");
}

Result<Store> Store::open(const std::filesystem::path& folder, Mode mode) {
  const bool write = mode == Mode::write;
  const auto file = folder / "store.sqlite";
  // SQLite would wait for a FIFO's writer. A symbolic link to a file is followed.
  std::error_code code;
  const auto kind = std::filesystem::status(file, code).type();
  if (kind != std::filesystem::file_type::regular &&
      kind != std::filesystem::file_type::not_found) {
    return environment_error(file.string() + " is no store of assay",
                             code ? code.message() : "it is no regular file",
                             "choose another folder with --out");
  }
  UniqueFd lock;
  if (write) {
    TRY(make_dirs(folder));
    if (TRY(on_network_file_system(folder))) {
      return environment_error(
          bilingual("{} lies on a network file system", "{} 在网络文件系统上", folder.string()),
          {"its locks cannot be relied on, so the store could be torn",
           "那里的锁靠不住，存储可能损坏"},
          {"choose a folder on a local disk with --out", "用 --out 选本地磁盘上的目录"});
    }
    lock = TRY(take_lock(folder));
  } else if (!std::filesystem::exists(file, code)) {
    return usage_error(bilingual("no run in {}", "{} 里没有运行", folder.string()),
                       {"store.sqlite is not there", "没有 store.sqlite"},
                       {"name the folder an `assay run` wrote to", "给出 `assay run` 写入的目录"});
  }
  Database db = TRY(Database::open(file, write));
  if (write) {
    TRY(db.exec(kCache));
    TRY(db.exec("PRAGMA synchronous = FULL"));
  }
  // The journal's mode is kept in the file: one that is there is looked at first. In a new one the
  // tables then take one sync instead of four.
  const bool is_new = kind == std::filesystem::file_type::not_found;
  if (is_new) TRY(db.exec(kWriteAhead));
  TRY(prepare_schema(db, file, write));
  if (write) {
    TRY(db.exec(kWriteAhead));
    TRY(db.exec(kCheckpoint));
  }
  return Store(std::unique_ptr<Impl>(new Impl{std::move(db), std::move(lock), file.string()}));
}

Status Store::flush() {
  if (!impl_->in_transaction) return {};
  if (impl_->rolled_back()) return impl_->rolled_back_error();
  Status committed = impl_->db.exec("COMMIT");
  if (!committed) {
    impl_->lost_by = committed.error();
    return committed;
  }
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
  auto s = TRY(impl_->db.prepare(insert_into(kMeta, "INSERT OR REPLACE")));
  return s.bind(1, name).bind(2, value).run();
}

Status Store::remove_meta(const std::string& name) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare("DELETE FROM meta WHERE name = ?"));
  return s.bind(1, name).run();
}

Result<std::optional<std::string>> Store::meta(const std::string& name) const {
  auto s = TRY(impl_->db.prepare(select_from(kMeta) + "WHERE name = ?"));
  s.bind(1, name);
  if (!TRY(next_row(s, kMeta, impl_->file))) return std::nullopt;
  return s.text(1);
}

Status Store::put_items(const std::string& task, const ItemList& items) {
  TRY(impl_->begin());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Item item = items[i];
    auto s = TRY(impl_->db.prepare(insert_into(kItems, "INSERT OR REPLACE")));
    TRY(s.bind(1, task)
            .bind(2, static_cast<std::int64_t>(i))
            .bind(3, item.id)
            .bind(4, item.stratum)
            .bind(5, item.group)
            .bind(6, dump_json(item.row))
            .run());
  }
  return {};
}

Result<ItemList> Store::items(const std::string& task) const {
  auto s = TRY(impl_->db.prepare(select_from(kItems) + "WHERE task = ? ORDER BY position"));
  s.bind(1, task);
  ItemList out;
  while (TRY(next_row(s, kItems, impl_->file))) {
    Item item{s.text(2), s.text(3), s.text(4), TRY(parse_json(s.text(5), impl_->file))};
    out.push_back(std::move(item));
  }
  return out;
}

Status Store::put_rendered(const std::string& key, const Rendered& rendered) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare(insert_into(kRendered, "INSERT OR IGNORE")));
  return s.bind(1, key).bind(2, dump_json(to_json(rendered))).run();
}

Result<std::optional<Rendered>> Store::rendered(const std::string& key) const {
  auto s = TRY(impl_->db.prepare(select_from(kRendered) + "WHERE key = ?"));
  s.bind(1, key);
  if (!TRY(next_row(s, kRendered, impl_->file))) return std::nullopt;
  return TRY(read_rendered(s.view(1), impl_->file));
}

Status Store::put_response(const std::string& key, const Response& response, std::int64_t load_id) {
  TRY(impl_->begin());
  // An answer stays as it is; one that was set aside gives way to what a later run got.
  auto s = TRY(impl_->db.prepare(
      insert_into(kResponses, "INSERT") +
      " ON CONFLICT(key) DO UPDATE SET load = excluded.load, body = excluded.body, "
      "sum = excluded.sum WHERE json_extract(responses.body, '$.finish_reason') = 'error'"));
  return s.bind(1, key).bind(2, load_id).bind(3, dump_json(to_json(response))).run();
}

Result<std::optional<Response>> Store::response(const std::string& key) const {
  auto s = TRY(impl_->db.prepare(select_from(kResponses) + "WHERE key = ?"));
  s.bind(1, key);
  if (!TRY(next_row(s, kResponses, impl_->file))) return std::nullopt;
  return TRY(read_response(s.view(2), impl_->file));
}

std::int64_t Store::response_count() const {
  auto s = impl_->db.prepare("SELECT count(*) FROM responses");
  if (!s || !s->step()) return 0;
  return s->integer(0);
}

namespace {

// Binds the five columns that an id has in both tables.
Statement& bind_id(Statement& s, const AnswerId& id) {
  return s.bind(1, id.variant)
      .bind(2, id.task)
      .bind(3, id.item)
      .bind(4, static_cast<std::int64_t>(id.repeat))
      .bind(5, std::string_view(to_string(id.purpose)));
}

Result<AnswerId> read_id(const Statement& s, const std::string& file) {
  const std::string purpose = s.text(4);
  const auto known = purpose_from_name(purpose);
  if (!known) {
    return environment_error(file + " holds a record that cannot be read",
                             "its purpose is '" + purpose + "'",
                             "keep the file, and choose another folder with --out");
  }
  return AnswerId{s.text(0), s.text(1), s.text(2), static_cast<int>(s.integer(3)), *known};
}

Status read_steps(Statement& s, const std::string& file,
                  const std::function<Status(StoredStep)>& each) {
  while (TRY(next_row(s, kSteps, file))) {
    TRY(each({TRY(read_id(s, file)), static_cast<int>(s.integer(5)), s.text(6), s.text(7)}));
  }
  return {};
}

Status read_scores(Statement& s, const std::string& file,
                   const std::function<Status(StoredScore)>& each) {
  while (TRY(next_row(s, kScores, file))) {
    TRY(each({TRY(read_id(s, file)), TRY(read_score(s.view(5), file))}));
  }
  return {};
}

// What appends each element that it is given.
template <typename T>
std::function<Status(T)> append_to(std::vector<T>& out) {
  return [&out](T value) -> Status {
    out.push_back(std::move(value));
    return {};
  };
}

}  // namespace

Status Store::put_step(const StoredStep& step) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare(insert_into(kSteps, "INSERT OR REPLACE")));
  return bind_id(s, step.id)
      .bind(6, static_cast<std::int64_t>(step.step))
      .bind(7, step.response_key)
      .bind(8, step.rendered_key)
      .run();
}

Result<std::vector<StoredStep>> Store::steps(const AnswerId& id) const {
  auto s =
      TRY(impl_->db.prepare(select_from(kSteps) + "WHERE variant = ? AND task = ? AND item = ? "
                                                  "AND repeat = ? AND purpose = ? ORDER BY step"));
  bind_id(s, id);
  std::vector<StoredStep> out;
  TRY(read_steps(s, impl_->file, append_to(out)));
  return out;
}

Result<std::vector<StoredStep>> Store::steps(const std::string& variant, Purpose purpose) const {
  std::vector<StoredStep> out;
  TRY(each_step(variant, purpose, append_to(out)));
  return out;
}

Status Store::each_step(const std::string& variant, Purpose purpose,
                        const std::function<Status(StoredStep)>& each) const {
  auto s = TRY(impl_->db.prepare(select_from(kSteps) + "WHERE variant = ? AND purpose = ? "
                                                       "ORDER BY task, item, repeat, step"));
  s.bind(1, variant).bind(2, std::string_view(to_string(purpose)));
  return read_steps(s, impl_->file, each);
}

Status Store::put_score(const StoredScore& score) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare(insert_into(kScores, "INSERT OR REPLACE")));
  return bind_id(s, score.id).bind(6, dump_json(to_json(score.score))).run();
}

Result<std::vector<StoredScore>> Store::scores() const {
  auto s = TRY(
      impl_->db.prepare(select_from(kScores) + "ORDER BY variant, task, item, repeat, purpose"));
  std::vector<StoredScore> out;
  TRY(read_scores(s, impl_->file, append_to(out)));
  return out;
}

// By the primary key, which begins with variant and task: of each the next one that there is, until
// there is none. Otherwise an item of a million would be looked for in all their scores.
constexpr const char* kPairs = R"sql(
WITH RECURSIVE variants(v) AS (
    SELECT min(variant) FROM scores
    UNION ALL SELECT (SELECT min(variant) FROM scores WHERE variant > v)
    FROM variants WHERE v IS NOT NULL),
  pairs(v, t) AS (
    SELECT v, (SELECT min(task) FROM scores WHERE variant = v) FROM variants
    UNION ALL SELECT v, (SELECT min(task) FROM scores WHERE variant = v AND task > t)
    FROM pairs WHERE t IS NOT NULL)
)sql";

Result<std::vector<StoredScore>> Store::scores_of_item(const std::string& item) const {
  auto s = TRY(impl_->db.prepare(
      kPairs + select_from(kScores) +
      "JOIN pairs ON variant = v AND task = t WHERE item = ? ORDER BY variant, task, repeat, "
      "purpose"));
  s.bind(1, item);
  std::vector<StoredScore> out;
  TRY(read_scores(s, impl_->file, append_to(out)));
  return out;
}

Result<std::vector<StoredScore>> Store::scores(Purpose purpose) const {
  std::vector<StoredScore> out;
  TRY(each_score(purpose, append_to(out)));
  return out;
}

Status Store::each_score(Purpose purpose, const std::function<Status(StoredScore)>& each) const {
  auto s = TRY(impl_->db.prepare(select_from(kScores) +
                                 "WHERE purpose = ? ORDER BY variant, task, item, repeat"));
  s.bind(1, std::string_view(to_string(purpose)));
  return read_scores(s, impl_->file, each);
}

Status Store::each_score(const std::string& variant, Purpose purpose,
                         const std::function<Status(StoredScore)>& each) const {
  auto s = TRY(impl_->db.prepare(select_from(kScores) + "WHERE variant = ? AND purpose = ? "
                                                        "ORDER BY task, item, repeat"));
  s.bind(1, variant).bind(2, std::string_view(to_string(purpose)));
  return read_scores(s, impl_->file, each);
}

Result<std::int64_t> Store::add_load(const std::string& variant, double at_s,
                                     const LoadFacts& facts) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare(insert_numbered(kLoads)));
  TRY(s.bind(1, variant).bind(2, at_s).bind(3, dump_json(to_json(facts))).run());
  return impl_->db.last_row_id();
}

Status Store::update_load(std::int64_t id, const LoadFacts& facts) {
  TRY(impl_->begin());
  auto old = TRY(impl_->db.prepare(select_from(kLoads) + "WHERE id = ?"));
  if (!TRY(next_row(old.bind(1, id), kLoads, impl_->file))) return {};
  auto s = TRY(impl_->db.prepare(insert_into(kLoads, "INSERT OR REPLACE")));
  return s.bind(1, id)
      .bind(2, old.text(1))
      .bind(3, old.real(2))
      .bind(4, dump_json(to_json(facts)))
      .run();
}

Result<std::vector<StoredLoad>> Store::loads() const {
  auto s = TRY(impl_->db.prepare(select_from(kLoads) + "ORDER BY id"));
  std::vector<StoredLoad> out;
  while (TRY(next_row(s, kLoads, impl_->file))) {
    const LoadFacts facts = TRY(read_load_facts(s.view(3), impl_->file));
    out.push_back({s.integer(0), s.text(1), s.real(2), facts});
  }
  return out;
}

Status Store::add_crash(const std::string& response_key) {
  TRY(impl_->begin());
  const int before = TRY(crashes(response_key));
  auto s = TRY(impl_->db.prepare(insert_into(kCrashes, "INSERT OR REPLACE")));
  return s.bind(1, response_key).bind(2, std::int64_t{before} + 1).run();
}

Result<int> Store::crashes(const std::string& response_key) const {
  auto s = TRY(impl_->db.prepare(select_from(kCrashes) + "WHERE response_key = ?"));
  s.bind(1, response_key);
  if (!TRY(next_row(s, kCrashes, impl_->file))) return 0;
  return static_cast<int>(s.integer(1));
}

Status Store::add_event(double at_s, const std::string& kind, const nlohmann::json& body) {
  TRY(impl_->begin());
  auto s = TRY(impl_->db.prepare(insert_numbered(kEvents)));
  return s.bind(1, at_s).bind(2, kind).bind(3, dump_json(body)).run();
}

Result<std::vector<StoredEvent>> Store::events() const {
  auto s = TRY(impl_->db.prepare(select_from(kEvents) + "ORDER BY id"));
  std::vector<StoredEvent> out;
  while (TRY(next_row(s, kEvents, impl_->file))) {
    out.push_back({s.real(1), s.text(2), TRY(parse_json(s.text(3), impl_->file))});
  }
  return out;
}

Store::Snapshot::Snapshot(const Store& store)
    : store_(store),
      begun_(!store.impl_->db.in_transaction() && store.impl_->db.exec("BEGIN").has_value()) {}

Store::Snapshot::~Snapshot() {
  if (begun_) (void)store_.impl_->db.exec("COMMIT");
}

Status Store::read_side_by_side(
    std::size_t count, const std::function<Status(const Store&, std::size_t)>& read) const {
  std::vector<std::function<Status()>> pieces;
  pieces.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    pieces.emplace_back([&, i]() -> Status {
      if (impl_->in_transaction) return read(*this, i);
      const Store beside = TRY(open(folder(), Mode::read));
      const Snapshot one_state = beside.snapshot();
      return read(beside, i);
    });
  }
  if (!impl_->in_transaction) return do_side_by_side(pieces);
  for (const auto& piece : pieces) TRY(piece());
  return {};
}

std::filesystem::path Store::folder() const {
  return std::filesystem::path(impl_->file).parent_path();
}

Status Store::each_response(
    const WantedKey& wanted,
    const std::function<Status(const std::string& key, const Response&)>& each) const {
  const auto filter = TRY(impl_->db.key_filter(wanted));
  auto s = TRY(impl_->db.prepare(select_from(kResponses) + "WHERE wanted_key(key)"));
  while (TRY(next_row(s, kResponses, impl_->file))) {
    TRY(each(s.text(0), TRY(read_response(s.view(2), impl_->file))));
  }
  return {};
}

Status Store::each_rendered(
    const WantedKey& wanted,
    const std::function<Status(const std::string& key, const Rendered&)>& each) const {
  const auto filter = TRY(impl_->db.key_filter(wanted));
  auto s = TRY(impl_->db.prepare(select_from(kRendered) + "WHERE wanted_key(key)"));
  while (TRY(next_row(s, kRendered, impl_->file))) {
    TRY(each(s.text(0), TRY(read_rendered(s.view(1), impl_->file))));
  }
  return {};
}

Status Store::verify() const {
  return verify_tables(impl_->db, impl_->file);
}

Status Store::forget_variant(const std::string& variant) {
  TRY(impl_->begin());
  // A response of this variant was given to one of its steps, or by one of its loads: lm-eval's own
  // requests have no steps.
  for (const char* sql :
       {"DELETE FROM responses WHERE (key IN (SELECT response_key FROM steps WHERE variant = ?1) "
        "OR load IN (SELECT id FROM loads WHERE variant = ?1)) "
        "AND key NOT IN (SELECT response_key FROM steps WHERE variant <> ?1)",
        "DELETE FROM crashes WHERE response_key NOT IN "
        "(SELECT response_key FROM steps WHERE variant <> ?1)",
        "DELETE FROM steps WHERE variant = ?1", "DELETE FROM scores WHERE variant = ?1"}) {
    auto s = TRY(impl_->db.prepare(sql));
    TRY(s.bind(1, variant).run());
  }
  return {};
}

Status Store::forget_read_back() {
  TRY(impl_->begin());
  return TRY(impl_->db.prepare(
                 "DELETE FROM steps WHERE purpose IN ('read_back', 'second_read_back')"))
      .run();
}

Status Store::forget_judgements() {
  TRY(impl_->begin());
  for (const char* sql :
       {"DELETE FROM responses WHERE key IN (SELECT response_key FROM steps "
        "WHERE purpose IN ('judgement', 'second_pass_judgement'))",
        "DELETE FROM scores WHERE EXISTS (SELECT 1 FROM steps AS s WHERE s.variant = "
        "scores.variant "
        "AND s.task = scores.task AND s.item = scores.item AND s.repeat = scores.repeat "
        "AND s.purpose = CASE scores.purpose WHEN 'answer' THEN 'judgement' "
        "ELSE 'second_pass_judgement' END)",
        "DELETE FROM steps WHERE purpose IN ('judgement', 'second_pass_judgement')"}) {
    TRY(TRY(impl_->db.prepare(sql)).run());
  }
  return {};
}

}  // namespace assay
