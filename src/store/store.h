// What a run keeps: one SQLite file per output folder. Layout and guarantees: docs/store.md.
//
// Responses are append-only; scores are derived and may be thrown away. Writes are grouped: they
// are on disk after flush(), which the caller runs at least every kGroupCommit.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "values/answer_id.h"
#include "values/item_list.h"
#include "values/load_facts.h"
#include "values/request.h"
#include "values/score.h"

struct sqlite3;

namespace assay {

inline constexpr std::chrono::milliseconds kGroupCommit{100};

// One question of an answer (most need one, SciCode asks step by step), and what was answered.
struct StoredStep {
  AnswerId id;
  int step = 0;              // from 0
  std::string response_key;  // empty: the prompt did not fit and was never sent
  std::string rendered_key;
};

struct StoredScore {
  AnswerId id;  // purpose answer or second_pass
  Score score;
};

struct StoredLoad {  // one engine load
  std::int64_t id = 0;
  std::string variant;
  double at_s = 0;  // wall clock, seconds since 1970
  LoadFacts facts;
};

struct StoredEvent {  // something that happened beside answers: an engine died, a judge was missing
  double at_s = 0;    // wall clock, seconds since 1970
  std::string kind;   // "engine died"
  nlohmann::json body;
};

class Store {
 public:
  enum class Mode {
    write,  // takes the folder's lock; a second writer is an environment error naming the process
    read,   // no lock: what is committed
  };
  // Creates DIR/store.sqlite when missing, and migrates one of an older schema (write mode).
  // Errors: network file system, a schema version that is not known, a file that is no store or is
  // torn, folder in use. Nothing is overwritten.
  [[nodiscard]] static Result<Store> open(const std::filesystem::path& folder, Mode mode);

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // Small named values: "plan", "plan_hash", "spent_s"…
  [[nodiscard]] Status set_meta(const std::string& name, const std::string& value);
  [[nodiscard]] Result<std::optional<std::string>> meta(const std::string& name) const;
  [[nodiscard]] Status remove_meta(const std::string& name);

  // The items of a task in the run's order; written once.
  [[nodiscard]] Status put_items(const std::string& task, const ItemList& items);
  [[nodiscard]] Result<ItemList> items(const std::string& task) const;

  // A rendered prompt under the hash of everything that made it.
  [[nodiscard]] Status put_rendered(const std::string& key, const Rendered& rendered);
  [[nodiscard]] Result<std::optional<Rendered>> rendered(const std::string& key) const;

  // Storing a key that is there keeps the first response and is no error.
  [[nodiscard]] Status put_response(const std::string& key, const Response& response,
                                    std::int64_t load_id);
  [[nodiscard]] Result<std::optional<Response>> response(const std::string& key) const;
  [[nodiscard]] Status put_step(const StoredStep& step);
  // Ordered by step.
  [[nodiscard]] Result<std::vector<StoredStep>> steps(const AnswerId& id) const;
  // All of a variant that were asked for this purpose, by task, item, repeat, step.
  [[nodiscard]] Result<std::vector<StoredStep>> steps(const std::string& variant,
                                                      Purpose purpose) const;
  // The same one by one, as they are read; the first error of `each` ends it. It may read from the
  // store, and must not write.
  [[nodiscard]] Status each_step(const std::string& variant, Purpose purpose,
                                 const std::function<Status(StoredStep)>& each) const;

  [[nodiscard]] Status put_score(const StoredScore& score);  // replaces
  // By variant, task, item, repeat, purpose.
  [[nodiscard]] Result<std::vector<StoredScore>> scores() const;
  [[nodiscard]] Result<std::vector<StoredScore>> scores(Purpose purpose) const;
  // Those of items of this name in any task, by variant, task, repeat, purpose.
  [[nodiscard]] Result<std::vector<StoredScore>> scores_of_item(const std::string& item) const;
  // Those of one purpose, by variant, task, item, repeat; one by one as each_step() gives steps.
  [[nodiscard]] Status each_score(Purpose purpose,
                                  const std::function<Status(StoredScore)>& each) const;
  [[nodiscard]] Status each_score(const std::string& variant, Purpose purpose,
                                  const std::function<Status(StoredScore)>& each) const;

  [[nodiscard]] Result<std::int64_t> add_load(const std::string& variant, double at_s,
                                              const LoadFacts& facts);
  [[nodiscard]] Status update_load(std::int64_t id, const LoadFacts& facts);
  [[nodiscard]] Result<std::vector<StoredLoad>> loads() const;

  // Requests in flight when an engine died, by response key: how often so far.
  [[nodiscard]] Status add_crash(const std::string& response_key);
  [[nodiscard]] Result<int> crashes(const std::string& response_key) const;

  [[nodiscard]] Status add_event(double at_s, const std::string& kind, const nlohmann::json& body);
  [[nodiscard]] Result<std::vector<StoredEvent>> events() const;  // in the order they were added

  // Drops a variant's steps, its scores and its responses, but for those that steps of other
  // variants refer to; and how often engines died of requests that no other variant has answered.
  [[nodiscard]] Status forget_variant(const std::string& variant);
  // Drops what was made of the baseline's answers beside its own scores: the steps by which any
  // variant read them back.
  [[nodiscard]] Status forget_read_back();
  // Drops what judges said, and the scores that came of it.
  [[nodiscard]] Status forget_judgements();

  // Those of which `wanted` says so by their keys, in the file's own order, in which a large store
  // is read several times quicker than key by key; one by one as each_step() gives steps. Nothing
  // of the others is read but their keys. Not one within another on the same store.
  using WantedKey = std::function<bool(std::string_view key)>;
  [[nodiscard]] Status each_response(
      const WantedKey& wanted,
      const std::function<Status(const std::string& key, const Response&)>& each) const;
  [[nodiscard]] Status each_rendered(
      const WantedKey& wanted,
      const std::function<Status(const std::string& key, const Rendered&)>& each) const;

  // Commits what is pending. Done means committed.
  [[nodiscard]] Status flush();
  // Commits when the oldest pending write is older than kGroupCommit.
  [[nodiscard]] Status flush_if_due();

  [[nodiscard]] std::int64_t response_count() const;

  // While it lives, all reads see the store as it was when the first of them began, and none of
  // them has to look for changes. The store must outlive it and must not be written to.
  class [[nodiscard]] Snapshot {
   public:
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;
    ~Snapshot();

   private:
    friend class Store;
    explicit Snapshot(const Store& store);
    const Store& store_;
    bool begun_ = false;  // it does nothing where a transaction is open already
  };
  [[nodiscard]] Snapshot snapshot() const { return Snapshot(*this); }

  // Calls read(store, i) for every i < count, on as many threads as there are cores: each call has
  // a store of its own to read from, which sees all that is committed. Where writes are pending
  // they come one after the other and read from this one.
  [[nodiscard]] Status read_side_by_side(
      std::size_t count, const std::function<Status(const Store&, std::size_t)>& read) const;

  // The folder it lies in.
  [[nodiscard]] std::filesystem::path folder() const;

  // Every read checks the checksums of the rows it returns. This reads the whole file, and finds
  // rows that are missing or are not found any more; a report is made of nothing less.
  [[nodiscard]] Status verify() const;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay
