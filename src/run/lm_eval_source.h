// Tasks that lm-eval's own code runs inside the worker: its requests join our queue and store.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "run/keys.h"
#include "run/resolve.h"
#include "run/source.h"
#include "store/store.h"

namespace assay {

// One request lm-eval made for a document, and under which keys it is stored.
struct LmEvalRequest {
  std::string leaf;  // lm-eval's own name of the single task
  int doc = 0;       // the document's index in it
  RequestKind kind = RequestKind::generate;
  Sampling sampling;
  std::string response_key;
  std::string rendered_key;
};

// A document that lm-eval has scored: what it asked, in its order, and its line of samples_*.jsonl.
struct LmEvalItem {
  std::string variant;
  std::string task;  // the plan's
  std::string item;
  std::vector<LmEvalRequest> requests;
  nlohmann::json sample;
  Score score;
};
using LmEvalSeen = std::function<void(const LmEvalItem&)>;

class LmEvalSource final : public Source {
 public:
  // `seen` is called for each document of a task that lm-eval has done; may be empty.
  LmEvalSource(const ResolvedRun& run, const ResolvedVariant& variant, EngineIdentity identity,
               Store& store, std::filesystem::path results_folder, LmEvalSeen seen = {});

  // The store's name for "lm-eval has run this task of this variant".
  [[nodiscard]] static std::string done_name(const std::string& variant, const std::string& task);
  // Tells whether another source has a request in flight that is stored under a key.
  void set_asked_elsewhere(std::function<bool(const std::string&)> asked) {
    asked_elsewhere_ = std::move(asked);
  }
  // Looks into the store for what is done already.
  [[nodiscard]] Status prepare();
  // Tasks of this plan that lm-eval runs and whose scores are not all stored yet.
  [[nodiscard]] bool wanted() const { return next_task_ < tasks_.size(); }
  // Starts the next task when none runs. `id` is a fresh request id.
  [[nodiscard]] Status start_next(Engine& engine, std::int64_t id, int max_model_len);
  [[nodiscard]] bool running() const { return running_.has_value(); }

  // One request of lm-eval. Answered at once from the store, or kept until it is asked.
  [[nodiscard]] Status on_need(Engine& engine, const Needed& needed);
  // What somebody else has in flight under the same key (see set_asked_elsewhere) is held back and
  // answered from the store once it is there.
  [[nodiscard]] Status refresh(Engine& engine) override;
  [[nodiscard]] std::vector<Offer> offers() override;
  [[nodiscard]] Status ask(Engine& engine, std::size_t ticket, std::int64_t id) override;
  [[nodiscard]] int in_flight() const override { return static_cast<int>(asked_.size()); }
  [[nodiscard]] int prompt_tokens_in_flight() const override;
  // Documents scored and those of the running task; of the latter, those that wait for an answer.
  [[nodiscard]] int documents() const;
  [[nodiscard]] int documents_open() const;
  [[nodiscard]] bool first_answers_due() const override { return begun_ && !answered_; }
  [[nodiscard]] Result<bool> on_answer(Engine& engine, const Answered& answered,
                                       std::int64_t load_id) override;
  // Reads lm-eval's samples and stores scores.
  [[nodiscard]] Status on_done(const LmEvalDone& done);
  // No more time: everything not yet asked is answered `not run`, now and later.
  [[nodiscard]] Status drop_waiting(Engine* engine) override;
  void drop_asked() override { asked_.clear(); }
  // The running task starts anew: what was answered is in the store.
  [[nodiscard]] Status on_death(const std::string& why, bool alone, std::int64_t load_id) override;

 private:
  struct Asked {
    std::int64_t need = 0;
    std::pair<std::string, int> document;  // lm-eval's task and number
    std::string key;
    int prompt_tokens = 0;
  };
  struct Waiting {
    Needed needed;
    std::string key;
  };

  [[nodiscard]] nlohmann::json local_splits(const ResolvedTask& task) const;
  [[nodiscard]] nlohmann::json arguments(const ResolvedTask& task, int max_model_len) const;
  [[nodiscard]] std::filesystem::path output_folder(const ResolvedTask& task) const;
  [[nodiscard]] std::string key_of(const Needed& needed) const;
  [[nodiscard]] bool is_asked(const std::string& key) const {
    return keys_asked_.contains(key) || (asked_elsewhere_ && asked_elsewhere_(key));
  }
  Status store_samples(const ResolvedTask& task, const std::filesystem::path& file);
  Status store_item(LmEvalItem item, const std::string& leaf, int doc);

  const ResolvedRun& run_;
  const ResolvedVariant& variant_;
  EngineIdentity identity_;
  Store& store_;
  std::filesystem::path results_folder_;
  std::vector<const ResolvedTask*> tasks_;
  std::size_t next_task_ = 0;
  std::optional<std::int64_t> running_;
  std::deque<Waiting> waiting_;
  std::vector<Waiting> held_;  // the same is in flight already, here or elsewhere
  bool begun_ = false;         // something of the running task was asked
  bool answered_ = false;      // and answered
  std::map<std::int64_t, Asked> asked_;
  std::multiset<std::string> keys_asked_;
  LmEvalSeen seen_;
  std::function<bool(const std::string&)> asked_elsewhere_;
  // Of the running task, by leaf and document.
  std::map<std::pair<std::string, int>, std::vector<LmEvalRequest>> requests_;
  int documents_scored_ = 0;
  bool stopped_ = false;
};

}  // namespace assay
