// Every key of a plan, map by map. The readers admit these keys and no others, and the plan's JSON
// schema (plan/schema.h) is made of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace assay {

// The maps of a plan.
enum class PlanMap {
  top,
  looks,
  engine,    // of kinds vllm and worker: beside these keys any argument of the engine
  endpoint,  // the engine of kind openai, beside `kind` and `python`
  chat,
  variant,
  matrix,
  task,
  expect,
  sampling,
  compare,
  fidelity,
  sandbox,
};

enum class KeyKind {
  text,      // any scalar, read as text
  model,     // a hub id, or a folder that begins with ./, ../ or /
  name,      // usable_as_file_name()
  choice,    // one of `choices`
  flag,      // true or false
  whole,     // a whole number
  number,    // any
  duration,  // parse_duration()
  texts,     // a list of text, each once
  object,    // a map of anything
  objects,   // a list of them
  words,     // a map of quoted text
  map,       // a map of `map`
  maps,      // a list of maps of `map`
};

struct PlanKey {
  std::string name;
  KeyKind kind = KeyKind::text;
  std::string meaning;                    // a sentence; docs/plan.md says more
  std::vector<std::string> choices = {};  // of a whole number: words that may stand in its place
  std::optional<double> least = std::nullopt;  // of numbers
  std::optional<double> most = std::nullopt;
  bool above_least = false;  // `least` itself is out
  bool below_most = false;
  PlanMap map = PlanMap::top;
  bool required = false;
  bool of_variant = false;  // endpoint: may differ between variants, since no answer depends on it
};

// In the order errors list them.
[[nodiscard]] const std::vector<PlanKey>& keys_of(PlanMap map);
[[nodiscard]] std::vector<std::string> key_names(PlanMap map);

}  // namespace assay
