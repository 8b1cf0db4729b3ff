// Answers that another folder holds already, taken over where all that decides them is the same:
// `assay run --from FOLDER`. They are stored under hashes of just that (run/keys.h): weights and
// tokenizer, engine, versions and arguments, prompt, sampling, seed and repeat.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "plan/frozen.h"
#include "run/keys.h"
#include "run/resolve.h"
#include "store/store.h"

namespace assay {

class EarlierAnswers {
 public:
  // `engine`: this machine's, whose answers are wanted. Errors: no folder of results, or the run's
  // own one.
  [[nodiscard]] static Result<std::unique_ptr<EarlierAnswers>> open(
      const std::filesystem::path& folder, const ResolvedRun& run, const EngineIdentity& engine,
      const Clock& clock);

  // A prompt as it was rendered there, put into `into`.
  [[nodiscard]] Result<std::optional<Rendered>> rendered(const std::string& key, Store& into) const;
  // The answer to a request of this variant, put into `into` and counted there; none where it is
  // not there, or failed. Where a candidate's answers are taken over and the sample is another than
  // there, whoever chose it may have known their scores: `into` is exploratory from then on
  // (kExtendedKey).
  [[nodiscard]] Result<std::optional<Response>> response(const std::string& key,
                                                         const std::string& variant, Store& into);

  // What keeps answers from being taken over, a sentence each: "variant fp8: engine versions …".
  [[nodiscard]] const std::vector<std::string>& differences() const { return differences_; }

 private:
  EarlierAnswers(Store store, FrozenPlan frozen, const Clock& clock)
      : store_(std::move(store)), frozen_(std::move(frozen)), clock_(clock) {}
  [[nodiscard]] Status compare(const ResolvedRun& run, const EngineIdentity& engine);
  [[nodiscard]] Status compare_variant(const ResolvedRun& run, const ResolvedVariant& variant,
                                       const EngineIdentity& engine);
  void compare_task(const ResolvedTask& task);
  // The load that answers of this variant are put to: what its last engine there was.
  [[nodiscard]] Result<std::int64_t> load_of(const std::string& variant, Store& into);

  Store store_;
  FrozenPlan frozen_;
  const Clock& clock_;
  std::string baseline_;
  bool other_sample_ = false;
  std::vector<std::string> differences_;
  std::map<std::string, std::string> there_;   // a variant's name there, by its name here
  std::map<std::string, std::int64_t> loads_;  // of variants here, once an answer was taken over
};

}  // namespace assay
