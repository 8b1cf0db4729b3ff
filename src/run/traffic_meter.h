// How much an engine gives by how many requests are in flight: seconds and output tokens in each
// band. The tokens of an answer are taken to have come evenly between its first and its last.
#pragma once

#include <array>
#include <deque>
#include <vector>

#include "values/in_flight.h"
#include "values/load_facts.h"
#include "values/request.h"

namespace assay {

class TrafficMeter {
 public:
  // From at_s on so many requests are in flight. Times never go back.
  void set_in_flight(double at_s, int count);
  // The requests in flight, itself included, on average over the answer's time in the engine;
  // counts its tokens. Call it before set_in_flight tells that it is gone.
  int count(const Response& answer, double at_s);
  // A row for each band, up to at_s; bands that took less than a millisecond left out.
  [[nodiscard]] std::vector<InFlightRow> rows(double at_s) const;

 private:
  struct Change {
    double at_s = 0;
    int count = 0;
  };
  struct Band {
    double seconds = 0;
    double tokens = 0;
  };
  // Calls use(seconds, count) for each piece of [from_s, to_s] in which the number stayed the same,
  // the latest first.
  template <typename Use>
  void for_each_piece(double from_s, double to_s, Use use) const;
  void drop_old();

  std::deque<Change> changes_;
  std::array<Band, kInFlightBands.size()> bands_;  // seconds up to the last change
};

}  // namespace assay
