// What the store keeps of one load of an engine: its facts, and what it has done since.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "engine/engine.h"
#include "run/traffic_meter.h"
#include "store/store.h"
#include "values/load_facts.h"

namespace assay {

// Seconds that a load is expected to take: the mean of those that this folder has seen and of a
// guess made before any, because one of them alone may have come from a cold disk.
[[nodiscard]] Result<double> expected_load_s(const Store& store, double guess_s);

// How many times as long as `one` a variant takes for the same tokens, by the loads that this
// folder has seen of both: 1/8 to 8; `forecast` while that is not known of one of them.
[[nodiscard]] Result<double> turns_needed(const std::string& variant, const std::string& one,
                                          double forecast, const Store& store);

// Seconds of work since all loads of this variant.
[[nodiscard]] Result<double> work_so_far_s(const std::string& variant, const Store& store);

class LoadRecord {
 public:
  LoadRecord(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // A model is ready: a new record, with nothing done yet.
  [[nodiscard]] Status begin(const std::string& variant, const LoadFacts& loaded,
                             const EngineHello& hello);
  // The store's number of this load; 0 before any.
  [[nodiscard]] std::int64_t id() const { return id_; }
  [[nodiscard]] double since_ready_s() const { return clock_.now().count() - ready_at_s_; }

  // So many requests are in flight from now on.
  void set_in_flight(int count) { meter_.set_in_flight(clock_.now().count(), count); }
  // How many were in flight on average while this answer, just come, was made, itself included.
  // Call it before set_in_flight tells that it is gone.
  [[nodiscard]] int requests_beside(const Response& response) {
    return meter_.count(response, clock_.now().count());
  }
  // Adds an answer's tokens to the totals.
  void count(const Response& response);
  // Of the answers that have come.
  [[nodiscard]] std::int64_t generated_tokens() const { return facts_.generated_tokens; }
  [[nodiscard]] std::int64_t answers() const { return answers_; }
  // The energy used since the load and how busy the GPUs were, where they can tell. The engine does
  // not step while it looks: ask once, at the end.
  void read_gpus(Engine& engine);

  // Writes the facts and totals as they are now.
  [[nodiscard]] Status save();

 private:
  Store& store_;
  const Clock& clock_;
  std::int64_t id_ = 0;
  LoadFacts facts_;
  std::int64_t answers_ = 0;
  TrafficMeter meter_;
  double ready_at_s_ = 0;
};

}  // namespace assay
