// A random plan and the world it meets: how fast its engines are, how long its answers get.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace assay::sim {

// One variant's answer to one item.
struct Answer {
  int tokens = 0;        // at most the task's max_gen_toks
  bool short_ = true;    // among the shorter half of all answers that this task could get
  double grading_s = 0;  // that its program takes; 0: it has none
};

enum class Grading { at_once, by_program, by_baseline, by_judge_from_outside };

struct TaskWorld {
  std::string name;
  int max_gen_toks = 0;
  Grading grading = Grading::at_once;
  std::vector<int> prompt_tokens;  // an item each
};

struct Stall {         // nothing moves, as when a machine swaps
  double after_s = 0;  // of work since the load
  double for_s = 0;
};

struct VariantWorld {
  double slowness = 1;  // times the baseline's time a token
  double load_s = 0;
  double loads_fail_after_s = 0;  // its first load fails after so long; 0: it does not
  double dies_after_s = 0;        // its first engine dies after so much work; 0: it does not
  std::vector<Stall> stalls;
  std::vector<std::vector<Answer>> answers;  // by task, by item
};

struct World {
  std::uint64_t seed = 0;
  bool tight = false;  // an item's worst case is 1/5 to 1/2 of a variant's share; else below 1/20
  double budget_s = 0;
  double interrupted_at_s = 0;  // a signal comes, and the same command goes on; 0: none comes
  int max_in_flight = 1;
  double token_s = 0;         // the baseline's, of a request alone
  double crowding = 0;        // each further request in flight adds so much of it
  double prompt_token_s = 0;  // prompts are read one after another
  int chunk_tokens = 0;     // unless they are read in pieces of so many beside the decoding; 0: no
  double pace_noise = 0;    // standard deviation of the logarithm of a request's own pace
  double load_guess_s = 0;  // what the hardware is taken for before it is measured
  double token_guess_s = 0;
  std::vector<TaskWorld> tasks;
  std::vector<VariantWorld> variants;  // the baseline first
  int graders = 1;                     // programs that run at once
  VariantWorld judge;                  // behind an endpoint, where a task has it
  // With another `until` than limits: what is asked of each task at the least, the margin, and
  // which answers are right, by variant, task and item.
  Until until = Until::limits;
  int least_items = 0;
  double margin_pp = 0;
  std::vector<std::vector<std::vector<bool>>> right;
};

// What a candidate truly loses in a plan that is to decide it.
enum class Loss { none, margin, thrice };

// From this seed on the plans have prompts that cost as much as answers, of one task at least, and
// engines that read several prompts in one go while they decode (vLLM's chunked prefill).
inline constexpr std::uint64_t kFirstOfLongPrompts = 1'000'000;
// From this one on tasks whose programs take from a tenth of the engine's time to three times that,
// wrong answers' the longest, and judges.
inline constexpr std::uint64_t kFirstOfSlowGrading = 2'000'000;

[[nodiscard]] World draw_world(std::uint64_t seed);
// One whose margin takes about half of its items to decide, at 10 % of flips.
[[nodiscard]] World draw_decided(std::uint64_t seed, Loss loss);

}  // namespace assay::sim
