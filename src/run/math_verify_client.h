// EquivalenceOracle by Math-Verify in a helper process (`python -m
// assay_worker.math_verify_helper`): one JSON line a question and one an answer over pipes. The
// helper is started at the first question, limited in memory, killed with us, and started anew when
// it dies or overruns its time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/deadline.h"
#include "base/json.h"
#include "base/result.h"
#include "score/oracle.h"
#include "values/math_reference.h"

namespace assay {

struct MathVerifyOptions {
  std::string python;                         // interpreter that has math-verify
  std::string worker_path;                    // put on PYTHONPATH; empty: the package is installed
  std::chrono::milliseconds timeout{30'000};  // of one question, wall clock
  std::chrono::milliseconds start_timeout{120'000};  // until the helper greets: it imports sympy
  std::uint64_t memory_bytes = 4UL << 30;            // address space of the helper
  bool imitated = true;  // until a helper has greeted: as versions() of an earlier client told
  Deadline until;        // ends every wait at once: the answer is to be graded another time
};

// One question at a time, from one thread: the helper dies with the thread that started it.
//
// A helper that does not come to its greeting is tried three times in all, over the client's life.
// One that ends, or overruns its time, with a question leaves that pair undecided, and the next one
// gets a new helper; after ten in a row without an answer in between there is no more. From then on
// every question is `unavailable`, at once.
class MathVerifyClient final : public EquivalenceOracle {
 public:
  explicit MathVerifyClient(MathVerifyOptions options);
  MathVerifyClient(const MathVerifyClient&) = delete;
  MathVerifyClient& operator=(const MathVerifyClient&) = delete;
  ~MathVerifyClient() override;

  // Starts the helper, where none runs, and waits for its greeting; tried once. Environment error
  // with the helper's own last words; interrupted when `stop` is set.
  [[nodiscard]] Status start();
  std::expected<bool, NoDecision> equivalent(const std::string& gold,
                                             const std::string& output) override;
  std::expected<bool, NoDecision> equivalent_box(const std::string& gold,
                                                 const std::string& box) override;
  [[nodiscard]] bool imitated() const override {
    return versions_.empty() ? options_.imitated : versions_ == imitated_reference();
  }
  // The library's and its grammar's, as a helper greeted with them; empty before one has.
  [[nodiscard]] const PackageVersions& versions() const { return versions_; }

 private:
  class Helper;
  [[nodiscard]] std::expected<void, NoDecision> ready();
  std::expected<bool, NoDecision> ask(const Json& question);

  MathVerifyOptions options_;
  std::unique_ptr<Helper> helper_;
  PackageVersions versions_;
  int failed_starts_ = 0;    // in all
  int lost_in_a_row_ = 0;    // helpers that ended with a question, since the last answer
  std::string unavailable_;  // why it is not tried any more; empty: it is
};

}  // namespace assay
