// Teacher forcing: a variant's engine reads the baseline's own outputs and says how likely it finds
// each token (docs/fidelity.md). Runs after the tasks, on the engine that is loaded.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "engine/engine.h"
#include "run/keys.h"
#include "run/resolve.h"
#include "store/store.h"

namespace assay {

inline constexpr int kFidelityTopK = 20;
// Prompt and output together: the engine computes logits for every position, and longer texts
// would need memory that it did not set aside.
inline constexpr int kFidelityMaxTotalTokens = 2048;

class FidelitySource {
 public:
  FidelitySource(const ResolvedRun& run, const ResolvedVariant& variant, EngineIdentity identity,
                 Store& store);

  // Chooses among the baseline's stored outputs: the first generated ones in the run's order, the
  // same for every variant. What this variant has read back already is left out.
  [[nodiscard]] Status prepare();
  [[nodiscard]] bool wanted() const { return !waiting_.empty(); }

  // Sends outputs as long as there is room and `fits` (tokens to read) allows. False: one did not
  // fit.
  [[nodiscard]] Result<bool> submit_while(Engine& engine, std::int64_t& next_id, int room,
                                          const std::function<bool(int tokens)>& fits);
  [[nodiscard]] int in_flight() const { return static_cast<int>(asked_.size()); }
  [[nodiscard]] int prompt_tokens_in_flight() const;
  // True when the id was one of ours. An answer with an error is left out, not stored.
  [[nodiscard]] Result<bool> on_answer(const Answered& answered, std::int64_t load_id);
  // Nothing more is asked in this run.
  void drop();

 private:
  struct Output {
    std::string item;  // "<task>/<item>"
    std::string rendered_key;
    std::string key;
    Rendered rendered;
  };
  // `longest`: prompt and output together, in tokens.
  Status add(const ResolvedTask& task, const Item& item, const StoredStep& first, int longest);
  Status note_step(const Output& output);

  const ResolvedRun& run_;
  const ResolvedVariant& variant_;
  EngineIdentity identity_;
  Store& store_;
  std::deque<Output> waiting_;
  std::map<std::int64_t, Output> asked_;
  int chosen_ = 0;
};

}  // namespace assay
