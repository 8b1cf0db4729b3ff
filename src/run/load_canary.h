// The canary of a load (docs/canary.md): a few prompts of ours, the same for every variant, asked
// before anything else. They show within seconds whether what was loaded answers at all. Not the
// request that tells an ill machine from a deadly request: that is Canary in run/source.h.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "run/keys.h"
#include "run/resolve.h"
#include "run/source.h"
#include "store/store.h"
#include "values/canary.h"

namespace assay {

inline constexpr int kCanaryPrompts = 8;
inline constexpr int kCanaryTokens = 64;  // of each answer, at most
inline constexpr int kCanaryLooping = 6;  // answers from which the variant ends
// A candidate that picks fewer of the baseline's tokens ends; sound ones pick more than three of
// four, and one that computes nonsense hardly any.
inline constexpr double kCanaryAgreement = 0.25;
inline constexpr int kCanaryFewestPositions = 8;  // fewer tell nothing

// What ends the variant, as half a sentence; empty: nothing does.
[[nodiscard]] std::string canary_fault(const CanaryFigures& figures);
// "8 answers, none empty, 1 looping; 96.1 % of the baseline's tokens"
[[nodiscard]] Text canary_sentence(const CanaryFigures& figures);

class LoadCanary final : public Source {
 public:
  LoadCanary(const ResolvedRun& run, const ResolvedVariant& variant, EngineIdentity identity,
             Store& store);

  // Tells the tokenizer of the model that is open. A candidate with another one than the baseline's
  // does not read the baseline's answers.
  [[nodiscard]] Status opened(const std::string& tokenizer_hash);
  // A model is ready: begins anew, unless the plan wants none, no weights were loaded (an endpoint,
  // `load_format: dummy`), or an equal load has passed: same model, engine, versions and arguments,
  // on the same devices and kernels.
  [[nodiscard]] Status begin(const LoadFacts& loaded);
  // Nothing else may be asked yet.
  [[nodiscard]] bool due() const { return due_; }
  [[nodiscard]] bool unanswered() const { return !waiting_.empty() || !asked_.empty(); }
  // All has come, or time is over. Stores answers and figures where the load passed with all of its
  // answers; gives the figures, nothing where no answer came. Environment errors: it did not pass.
  [[nodiscard]] Result<std::optional<CanaryFigures>> end(std::int64_t load_id, double wall_s);
  // The answers of an equal load that has passed: they tell how fast tokens come.
  [[nodiscard]] Result<std::vector<Response>> stored_answers() const;

  [[nodiscard]] Result<std::vector<Request>> to_render() override;
  [[nodiscard]] Status set_prompts(const std::vector<Rendered>& prompts) override;
  [[nodiscard]] Status refresh(Engine& engine) override;
  [[nodiscard]] std::vector<Offer> offers() override;
  [[nodiscard]] Status ask(Engine& engine, std::size_t ticket, std::int64_t id) override;
  [[nodiscard]] int in_flight() const override { return static_cast<int>(asked_.size()); }
  [[nodiscard]] int prompt_tokens_in_flight() const override;
  [[nodiscard]] Result<bool> on_answer(Engine& engine, const Answered& answered,
                                       std::int64_t load_id) override;
  [[nodiscard]] Tells tells() const override { return Tells::token_time; }
  [[nodiscard]] Status drop_waiting(Engine* engine) override;
  void drop_asked() override { asked_.clear(); }
  // It is asked anew by the engine that takes the place: whatever the first one died of, the canary
  // accuses nobody.
  [[nodiscard]] Status on_death(const std::string& why, bool alone, std::int64_t load_id) override;

 private:
  enum class Does { answers, reads };  // a prompt of ours; the baseline's answer to it
  struct Ask {
    Does does = Does::answers;
    int number = 0;  // of the prompt, from 0
    Rendered rendered;
    Sampling sampling;
    std::string prompt_key;  // reads: where the store has the prompt
  };

  [[nodiscard]] AnswerId id_of(const std::string& variant, int number) const;
  [[nodiscard]] std::string key_of(const Ask& ask) const;
  void want_answers(int max_model_len);
  [[nodiscard]] Status want_readings(int max_model_len);
  [[nodiscard]] CanaryFigures figures() const;
  [[nodiscard]] Error failed(const std::string& fault) const;
  [[nodiscard]] Status keep(const CanaryFigures& figures, std::int64_t load_id);

  const ResolvedRun& run_;
  const ResolvedVariant& variant_;
  EngineIdentity identity_;
  Store& store_;
  std::vector<Rendered> prompts_;
  bool same_tokenizer_ = false;  // as the baseline's
  LoadFacts loaded_;
  std::string load_;  // names the load, as begin() tells loads apart
  bool due_ = false;
  bool cut_ = false;  // not all was asked
  std::deque<Ask> waiting_;
  std::map<std::int64_t, Ask> asked_;
  std::vector<std::pair<Ask, Response>> answered_;
};

}  // namespace assay
