// EquivalenceOracle by Math-Verify in a helper process (`python -m
// assay_worker.math_verify_helper`): one JSON line a question and one an answer over pipes. The
// helper is started at the first question, limited in memory, killed with us, and started anew when
// it dies or overruns its time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "score/oracle.h"

namespace assay {

struct MathVerifyOptions {
  std::string python;                         // interpreter that has math-verify
  std::string worker_path;                    // put on PYTHONPATH; empty: the package is installed
  std::chrono::milliseconds timeout{30'000};  // of one question, wall clock
  std::uint64_t memory_bytes = 4UL << 30;     // address space of the helper
};

class MathVerifyClient final : public EquivalenceOracle {
 public:
  explicit MathVerifyClient(MathVerifyOptions options);
  MathVerifyClient(const MathVerifyClient&) = delete;
  MathVerifyClient& operator=(const MathVerifyClient&) = delete;
  ~MathVerifyClient() override;

  std::optional<bool> equivalent(const std::string& gold, const std::string& output) override;

  [[nodiscard]] const std::string& last_error() const override;

 private:
  class Helper;
  MathVerifyOptions options_;
  std::unique_ptr<Helper> helper_;
  int failed_starts_ = 0;  // after a few in a row we no longer try
  std::string last_error_;
};

}  // namespace assay
