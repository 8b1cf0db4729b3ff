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
#include "run/source.h"
#include "store/store.h"

namespace assay {

inline constexpr int kFidelityTopK = 20;
// Prompt and output together: the engine computes logits for every position, and longer texts
// would need memory that it did not set aside.
inline constexpr int kFidelityMaxTotalTokens = 2048;

class FidelitySource final : public Source {
 public:
  FidelitySource(const ResolvedRun& run, const ResolvedVariant& variant, EngineIdentity identity,
                 Store& store);

  // Chooses among the baseline's stored outputs: the first generated ones in the run's order, the
  // same for every variant, of the whole run where this is a part of one. What this variant has
  // read back already is left out. With a noise floor the baseline reads them twice, the second
  // time in the opposite order; when the run has ended before, only as long as it has any to read
  // for the first time.
  [[nodiscard]] Status prepare();
  [[nodiscard]] bool wanted() const { return !waiting_.empty(); }

  [[nodiscard]] std::vector<Offer> offers() override;
  [[nodiscard]] Status ask(Engine& engine, std::size_t ticket, std::int64_t id) override;
  [[nodiscard]] int in_flight() const override { return static_cast<int>(asked_.size()); }
  [[nodiscard]] int prompt_tokens_in_flight() const override;
  // An answer with an error is left out, not stored.
  [[nodiscard]] Result<bool> on_answer(Engine& engine, const Answered& answered,
                                       std::int64_t load_id) override;
  [[nodiscard]] double reading_cost() const override { return 2; }  // it computes log-probabilities
  [[nodiscard]] Tells tells() const override { return Tells::reading; }
  [[nodiscard]] Status drop_waiting(Engine* engine) override;
  void drop_asked() override { asked_.clear(); }
  // Reading back is an extra that must not end the run: it is given up.
  [[nodiscard]] Status on_death(const std::string& why, bool alone, std::int64_t load_id) override;

 private:
  struct Output {
    AnswerId id;
    std::string rendered_key;
    std::string key;
    Rendered rendered;
  };
  // `longest`: prompt and output together, in tokens.
  Status add(const ResolvedTask& task, const Item& item, const StoredStep& first, int longest);
  // Waits, or what an earlier run read is taken.
  Status add_output(Output output, std::deque<Output>& waiting);
  Status put_step(const Output& output);

  const ResolvedRun& run_;
  const ResolvedVariant& variant_;
  EngineIdentity identity_;
  Store& store_;
  std::deque<Output> waiting_;
  std::deque<Output> again_;  // the baseline's second reading, in another order; then in waiting_
  std::map<std::int64_t, Output> asked_;
  int chosen_ = 0;
};

}  // namespace assay
