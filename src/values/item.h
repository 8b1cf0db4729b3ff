// One question of a task, as every later room sees it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace assay {

struct Item {
  std::string id;       // unique within the task and stable over runs: the data set's own id if any
  std::string stratum;  // MMLU-Pro subject, LiveCodeBench difficulty…; empty: one stratum
  std::string group;    // what per-group figures are made over (subject, difficulty…); may be empty
  nlohmann::json row;   // the fields the task needs, checked; layout documented in the task's file
};

}  // namespace assay
