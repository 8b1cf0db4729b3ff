// Tasks that lm-eval's own code runs inside the worker: its requests join our queue and store.
#pragma once

#include <cstdint>
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

class LmEvalSource {
 public:
  // `seen` is called for each document of a task that lm-eval has done; may be empty.
  LmEvalSource(const ResolvedRun& run, const ResolvedVariant& variant, EngineIdentity identity,
               Store& store, std::filesystem::path results_folder, LmEvalSeen seen = {});

  // The store's name for "lm-eval has run this task of this variant".
  [[nodiscard]] static std::string done_name(const std::string& variant, const std::string& task);
  // Looks into the store for what is done already.
  [[nodiscard]] Status prepare();
  // Tasks of this plan that lm-eval runs and whose scores are not all stored yet.
  [[nodiscard]] bool wanted() const { return next_task_ < tasks_.size(); }
  // Starts the next task when none runs. `id` is a fresh request id.
  [[nodiscard]] Status start_next(Engine& engine, std::int64_t id, int max_model_len);
  [[nodiscard]] bool running() const { return running_.has_value(); }

  // One request of lm-eval. Answered at once from the store, or kept until submit() is called.
  [[nodiscard]] Status on_need(Engine& engine, const Needed& needed);
  // Sends waiting requests, up to `room`, as long as `fits` allows; ids come from next_id. One that
  // is `asked` by others already (by key) waits for their answer. False when one did not fit.
  [[nodiscard]] Result<bool> submit_while(Engine& engine, std::int64_t& next_id, int room,
                                          const std::function<bool(const Needed&)>& fits,
                                          const std::function<bool(const std::string&)>& asked);
  [[nodiscard]] int in_flight() const { return static_cast<int>(asked_.size()); }
  [[nodiscard]] int prompt_tokens_in_flight() const;
  // Documents scored and those of the running task; of the latter, those that wait for an answer.
  [[nodiscard]] int documents() const;
  [[nodiscard]] int documents_open() const;
  // True when the id was one of ours.
  [[nodiscard]] Result<bool> on_answer(Engine& engine, const Answered& answered,
                                       std::int64_t load_id);
  // Reads lm-eval's samples and stores scores.
  [[nodiscard]] Status on_done(const LmEvalDone& done);
  // No more time: everything not yet asked is answered `not run`.
  [[nodiscard]] Status stop_asking(Engine& engine);
  // The engine died: the running task starts anew (what was answered is in the store).
  void forget_engine();

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
    bool held = false;  // somebody else has asked the same
  };

  [[nodiscard]] nlohmann::json arguments(const ResolvedTask& task, int max_model_len) const;
  [[nodiscard]] std::filesystem::path output_folder(const ResolvedTask& task) const;
  [[nodiscard]] std::string key_of(const Needed& needed) const;
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
  std::vector<Waiting> waiting_;
  std::map<std::int64_t, Asked> asked_;
  std::multiset<std::string> keys_asked_;
  LmEvalSeen seen_;
  // Of the running task, by leaf and document.
  std::map<std::pair<std::string, int>, std::vector<LmEvalRequest>> requests_;
  int documents_scored_ = 0;
  bool stopped_ = false;
};

}  // namespace assay
