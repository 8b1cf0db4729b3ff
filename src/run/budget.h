// One wall-clock budget for all variants: their shares, and the pace that is measured. What may
// begin is decided in run/admission.h.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "base/clock.h"
#include "values/request.h"

namespace assay {

// What one variant may take of what is left, in seconds: an equal share of the turns to come, so
// that a variant that finishes early leaves more to those after it. reserve_s is kept for scoring
// and the report.
[[nodiscard]] double variant_share_s(double left_s, double turns_left, double reserve_s);

// What the last variant cannot use at the end of its time, because no item's worst case fits any
// more, so that the others leave it that much: an item's longest worst case less what an answer is
// expected to take. At most half of a turn: the first answers may make worst cases look far longer
// than they are, and that must not end a turn.
[[nodiscard]] double tail_s(double worst_case_s, double expected_s, double turn_s);

// Seconds kept back for scores and reports: 3 % of the budget, at least 4, at most 120.
[[nodiscard]] double report_reserve_s(double budget_s);

// What is still to be done with a budget once a variant has loaded. A turn is as much time at work
// as every variant gets.
struct TurnsLeft {
  double own = 1;          // of this variant: 2 where a baseline answers twice
  int variants_after = 0;  // to come
  double later = 0;        // theirs for the same items: one each, more where one is slower
  double judge = 0;        // of a judge that comes after them
  double part = 1;         // of its share that the variant gets now: less in a first round

  [[nodiscard]] double after() const { return later + judge; }
  [[nodiscard]] int loads_after() const { return variants_after + (judge > 0 ? 1 : 0); }
};

// The wall clock that all runs on a folder have spent of its budget.
class Accounts {
 public:
  // `budget_s`: 0 is no limit. `spent_s`: until now, in earlier runs and in this one.
  Accounts(double budget_s, double spent_s, const Clock& clock)
      : budget_s_(budget_s), spent_s_(spent_s), clock_(clock), since_s_(clock.now().count()) {}

  [[nodiscard]] bool limited() const { return budget_s_ > 0; }
  [[nodiscard]] double spent_s() const { return spent_s_ + clock_.now().count() - since_s_; }
  [[nodiscard]] double left_s() const { return budget_s_ - spent_s(); }
  // When work ends, on the clock, so that the reserve is left; infinity without a budget.
  [[nodiscard]] double end_s() const;
  // Seconds of work that are left when so much is spent on loads to come.
  [[nodiscard]] double work_left_s(double loads_after_s) const;

 private:
  double budget_s_;
  double spent_s_;
  const Clock& clock_;
  double since_s_;
};

// The least a run can be given: each variant loads and answers the longest of the first items of
// three tasks (a conservative guess before anything was measured).
[[nodiscard]] double least_budget_s(int variants, double load_s, double first_items_s);

// What a run is taken to cost before anything was measured: rather too much than too little. By
// such a guess a budget that is far too short is refused, but no item is left out.
struct SpeedGuess {  // of a small model on a CPU
  double load_s = 12;
  double token_s = 0.2;  // of one request's output
  double prompt_token_s = 0.005;
  // How many times as long the same items take with quantised weights, where the baseline's are
  // not. A CPU computes as it would with all bits and unpacks the weights beside it: the demo's
  // models took 1.0 to 1.5 times as long (docs/budget.md).
  double quantised_turns = 1.3;
};
// For GPUs. Seen with 8B weights on two H100s: loads of 86 to 182 s.
inline constexpr SpeedGuess kGpuGuess{
    .load_s = 120, .token_s = 0.05, .prompt_token_s = 0.001, .quantised_turns = 1};

// How fast the engine answers, measured from its own responses; before any, a guess.
//
// An answer whose tokens came one after another tells a token's time. An answer of a single token
// or none tells only the most that a token takes: a step of the engine that also reads the prompt
// is no faster than one that does not. Where all tokens came at once (a server that does not
// stream), the whole time divided by their number is such an upper bound as well. Bounds serve
// until a token's time is measured. An answer that failed tells nothing.
//
// What is measured counts by its tokens: nine of ten tokens were made, or read, no slower than the
// 90th percentile says. An answer of a few tokens beside which a long prompt was read tells little
// of how long a long answer takes.
//
// Token times are kept by how many requests were in flight, in bands of powers of two. From the two
// highest measured bands that are not above a number in flight follows how a token's time grows
// with that number. A GPU's batch can be filled only so: were every further request taken to slow
// all the others in proportion, there would never seem to be time for more than a few at once.
class Pace {
 public:
  explicit Pace(const SpeedGuess& guess = {}) : guess_(guess) {}

  // `in_flight`: requests running beside this one, itself included, when the response does not say
  // how many they were on average. `read_beside`: tokens of other prompts that were read while it
  // waited for its first token.
  void learn(const Response& response, int in_flight, int read_beside = 0);

  // The same of an answer that tells how fast tokens come and nothing else; one of no tokens tells
  // nothing.
  void learn_token_time(const Response& response, int in_flight);

  // An answer has come that did not fail, whether or not it told a token's time.
  [[nodiscard]] bool measured() const { return answers_ > 0; }
  // A token's time is known, and not only as a bound.
  [[nodiscard]] bool measured_tokens() const { return !decoding_.empty(); }
  // The worst case of a request of max_tokens is known from answers, neither by a guess nor as a
  // bound: only then may it be a reason to leave items out.
  [[nodiscard]] bool measured(int max_tokens) const {
    return max_tokens > 1 ? measured_tokens() : !prompt_token_s_.empty();
  }

  // Seconds from being sent to the last token for a chain of `steps` requests of prompt_tokens
  // each, every one using all of max_tokens, with in_flight_after requests running whose prompts
  // have prompt_tokens_ahead tokens (all of them may still have to be read). By the 90th
  // percentiles of what was seen. With up to four times the requests in flight that were measured,
  // a token's time grows as it was seen to grow; beyond that, and while only one band was measured,
  // in proportion to the requests in flight, which is the most it can.
  [[nodiscard]] double worst_case_s(int prompt_tokens, int max_tokens, int steps,
                                    int in_flight_after, int prompt_tokens_ahead = 0) const;
  // Whether reading its prompt takes more than a tenth of the time that writing max_tokens takes,
  // with one request in flight: beside it, others' tokens would come slower than they do.
  [[nodiscard]] bool holds_others_up(int prompt_tokens, int max_tokens) const;
  // Seconds from being sent to the last token that the longest of `count` answers is expected to
  // take, by the newest answers; 0 before any.
  [[nodiscard]] double longest_answer_s(int count) const;
  // Whether the next variants may begin by this pace instead of by `other`.
  [[nodiscard]] bool tells_as_much_as(const Pace& other) const {
    return measured() && (measured_tokens() || !other.measured_tokens());
  }

 private:
  struct Seen {  // of one answer
    double value = 0;
    double weight = 1;
  };
  struct Band {
    std::vector<Seen> token_s;  // weighed by tokens
    std::vector<double> in_flight;
  };
  using Bands = std::map<int, Band>;  // by the power of two that the number in flight reaches
  static void add(Bands& bands, double in_flight, Seen token_s);
  static double percentile(std::vector<Seen> seen, double share);
  void add_token_time(const Response& response, double in_flight);
  [[nodiscard]] double token_s(int in_flight) const;

  static constexpr std::size_t kWindow = 64;  // the newest responses, of each band

  SpeedGuess guess_;
  int answers_ = 0;
  Bands decoding_;
  Bands bounds_;                      // the most that a token takes
  std::vector<Seen> prompt_token_s_;  // weighed by tokens
  std::vector<Seen> queued_s_;
  std::vector<double> answer_s_;
};

}  // namespace assay
