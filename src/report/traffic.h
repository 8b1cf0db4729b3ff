// How fast a variant answered: time to first token, time between tokens, tokens a second, in all
// and by how many requests were in flight. From stored answers and the loads' own account.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "report/values.h"
#include "store/store.h"

namespace assay {

// The times of one variant's answers, taken one by one.
class AnswerTimes {
 public:
  // Generated answers count.
  void add(const Response& response);
  // `loads`: of all variants. Empty where no answer was timed.
  [[nodiscard]] TrafficValues values(const std::vector<StoredLoad>& loads,
                                     const std::string& variant) const;

 private:
  struct Times {
    std::vector<double> first_token_s;
    std::vector<double> inter_token_s;
    void add(const Response& response);
  };
  static TrafficRow row_of(const Times& times);

  Times all_;
  std::map<std::size_t, Times> bands_;  // by in_flight_band()
};

// results.json's `load` of a variant; null where no answer was timed.
[[nodiscard]] nlohmann::json traffic_json(const TrafficValues& traffic);

}  // namespace assay
