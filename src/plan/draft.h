// A plan for whoever has models and no plan yet: the text of a commented plan file.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assay {

struct DraftVariant {
  std::string name;
  std::string model;  // as it stands in the plan: a hub id, or a folder seen from the plan's own
};

struct DraftTask {
  std::string name;          // "lm_eval/X" for lm-eval's own
  std::optional<int> limit;  // items; nothing: all
  int max_gen_toks = 0;      // 0: generates nothing
  bool gated = false;        // left out where access was not granted
  bool runs_code = false;
};

// What stands in the plan. Everything else is left to its default, and some of it is said in
// comments.
struct PlanDraft {
  std::string file;    // how comments call the plan
  std::string schema;  // its JSON schema, seen from the plan's folder; empty: none is named
  std::string name;
  std::string budget;  // a duration
  std::string output;  // folder, as YAML, seen from the plan's own
  std::string data;    // likewise; empty: the hub
  int tensor_parallel_size = 1;
  int max_model_len = 0;                                    // tokens
  std::vector<std::pair<std::string, std::string>> engine;  // further arguments and values, as YAML
  bool thinks = false;                                      // by default, which the plan turns off
  DraftVariant baseline;
  std::vector<DraftVariant> candidates;
  std::vector<DraftTask> tasks;
  double margin_pp = 3;  // percentage points
};

// Ends with a line end. parse_plan takes it where the draft's values are sound.
[[nodiscard]] std::string draft_yaml(const PlanDraft& draft);

// The text as a YAML scalar that reads as just this text; quoted where it must be.
[[nodiscard]] std::string yaml_word(const std::string& text);

}  // namespace assay
