// How a task was asked, as a results file tells it, and what differs between two sides.
#pragma once

#include <string>
#include <vector>

#include "compare/result_file.h"

namespace assay {

// Fills in `settings` and `generation` of a task of lm-eval.
void read_settings(const OrderedJson& report, const std::string& task, TaskSummary& out);

struct SettingsDifference {
  std::vector<std::string> differing;  // "shots 5 against 0"
  // Templates of prompts: of no account where the prompts themselves are compared.
  std::vector<std::string> differing_texts;
  std::vector<std::string> not_said;  // settings that only one side tells
};

[[nodiscard]] bool is_text_of_prompt(const std::string& setting);
// Neither side's is better: a difference in any of them makes scores incomparable.
[[nodiscard]] SettingsDifference compare_settings(const TaskSummary& base,
                                                  const TaskSummary& candidate);

// Two objects of generation arguments: "max_gen_toks 2048 against 256".
[[nodiscard]] std::vector<std::string> generation_differences(const OrderedJson& base,
                                                              const OrderedJson& candidate);

}  // namespace assay
