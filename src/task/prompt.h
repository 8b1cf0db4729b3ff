// Prompts as lm-evaluation-harness 0.4.13 puts them together (api/task.py fewshot_context,
// build_qa_turn; api/utils.py maybe_delimit, multiturn_to_singleturn), and what our own tasks
// share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"
#include "task/task.h"
#include "values/request.h"

namespace assay {

struct Shot {
  std::string question;
  std::string answer;
};

struct PromptParts {
  std::string description;  // the task's own instruction, before everything
  std::vector<Shot> shots;
  std::string question;
  bool multiturn = true;  // exemplars as turns of the conversation; false: all in one user message
};

// Fills `messages` and `plain`: system message = the plan's system text and the description.
[[nodiscard]] Request qa_request(const ChatSpec& chat, const PromptParts& parts);

// Decoding from the plan: max_gen_toks and the sampling keys (those of TaskSpec, and seed). When
// the plan turns thinking on, `stop` is left out, as lm-eval does: it would cut the thoughts; where
// its stop strings are the answer's (HeadingStops), the headings are. The scorers cut the answer
// instead. Errors (usage): max_gen_toks missing, a value of another type.
[[nodiscard]] Result<Sampling> sampling_of(const TaskContext& context, const StopStrings& stop);

// The stop strings of lm-eval's that the engine is not told though lm-eval tells it, because
// headings are the answer's: where its text would end. None when the plan turns thinking on, for
// then lm-eval does not tell them either.
[[nodiscard]] std::vector<std::string> cut_afterwards(const StopStrings& stop,
                                                      const ChatSpec& chat);

// Gives a sampled request a seed of its own, from the variant's seed, item, repeat and step: n
// repeats are n different draws, the same ones in every run and for every variant whose engine has
// the same `seed`. Greedy requests and requests that already have a seed are not changed.
void set_sampling_seed(Request& request, const DrawSeed& seed, std::string_view item, int repeat,
                       int step);

// True when the plan says that the model thinks before it answers.
[[nodiscard]] bool thinking_on(const ChatSpec& chat);

}  // namespace assay
