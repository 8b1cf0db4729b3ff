// Whether a request may begin, and which comes first: a pure rule over the pace measured so far,
// the clock, the deadline and what is in flight. Nothing here asks an engine or a store.
#pragma once

#include <cstddef>
#include <limits>
#include <span>

#include "run/budget.h"

namespace assay {

// What a request costs at worst, before it is asked.
struct RequestCost {
  int prompt_tokens = 0;  // to be read, over all continuations
  int max_tokens = 0;     // of output
  int steps = 1;          // requests that follow one another, this one included
  double factor = 1;      // of the engine's time; reading with log-probabilities costs more
  double grading_s = 0;   // after the last token
};

// A request at the front of a lane; those behind it in the lane come after it.
struct Offer {
  enum class Standing {
    first_of_task,  // nothing of its task was asked yet: its answer tells how fast the task goes
    in_turn,
    promised,  // a later step of an item that was admitted with all its steps
    extra,     // nothing that is scored: it waits for no first answers
  };
  std::size_t ticket = 0;  // how its source knows it
  RequestCost cost;
  Standing standing = Standing::in_turn;
};

struct AdmissionState {
  double now_s = 0;
  double deadline_s = std::numeric_limits<double>::infinity();  // infinity: none
  double begin_by_s = std::numeric_limits<double>::infinity();  // no item begins later
  int in_flight = 0;                // requests with the engine, of all sources
  int prompt_tokens_in_flight = 0;  // of these: all may still have to be read
  bool first_answers_due = false;   // first requests of tasks are in flight
};

struct Decision {
  enum class Kind {
    ask,   // offers[offer]
    wait,  // nothing is offered, or nothing fits beside what is in flight
    end,   // nothing is in flight and nothing that is offered fits: it never will
  };
  Kind kind = Kind::wait;
  std::size_t offer = 0;
};

// Seconds from now to the graded answer, at worst, if it were asked now.
[[nodiscard]] double worst_case_s(const RequestCost& cost, const AdmissionState& state,
                                  const Pace& pace);

// The same with the margin by which a request is held to fit.
[[nodiscard]] double time_to_keep_s(const RequestCost& cost, const AdmissionState& state,
                                    const Pace& pace);

// Offers stand in the order in which their source would have them asked; there is room for one.
// The rule, clause by clause:
// 1. A promised request is asked, whatever the time: its item was admitted as a whole.
// 2. Without a deadline the first offer is asked.
// 3. Under a deadline the first request of every task goes before the others, the cheapest first.
// 4. While something is in flight and no answer told a token's time, nothing but first requests and
//    extras is asked: until an answer of any kind is there, and as long as first answers are due.
//    A first request with so long a prompt that it would hold up those in flight waits, too, so
//    that they tell how fast tokens come, and not how fast that prompt is read.
// 5. A request is asked when its worst case, with a margin of 15 %, ends before the deadline. One
//    that does not fit holds up only its own lane.
// 6. After begin_by_s nothing fits: the time that is left is for what was begun.
// 7. With nothing in flight nothing waits: when nothing fits, the cheapest request whose worst case
//    is not known by measure is asked (a guess or a bound is no reason to leave items out). Where
//    all are known, the source's time is over.
[[nodiscard]] Decision next_to_ask(std::span<const Offer> offers, const AdmissionState& state,
                                   const Pace& pace);

}  // namespace assay
