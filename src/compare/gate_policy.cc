#include "compare/gate_policy.h"

#include <fmt/format.h>

#include "base/files.h"
#include "plan/yaml_reader.h"

namespace assay {
namespace {

Status read_task(const YamlMap& tasks, const std::string& file, const std::string& name,
                 GatePolicy& policy) {
  const YamlMap map = TRY(
      YamlMap::open(file, tasks.value(name), tasks.name_of(name), {"margin_pp", "weight", "gate"}));
  TaskPolicy task;
  double margin = 0;
  TRY(map.read("margin_pp", margin));
  if (map.has("margin_pp")) task.margin_pp = margin;
  TRY(map.read("weight", task.weight));
  TRY(map.read("gate", task.gate));
  policy.tasks[name] = task;
  return {};
}

Status read_fidelity(const YamlMap& root, const std::string& file, GatePolicy& policy) {
  if (!root.has("fidelity")) return {};
  const YamlMap map = TRY(YamlMap::open(file, root.value("fidelity"), "fidelity",
                                        {"kl_at_most", "top1_agreement_at_least"}));
  double value = 0;
  TRY(map.read("kl_at_most", value));
  if (map.has("kl_at_most")) policy.kl_at_most = value;
  TRY(map.read("top1_agreement_at_least", value));
  if (map.has("top1_agreement_at_least")) policy.top1_agreement_at_least = value;
  return {};
}

bool is_margin(double pp) {
  return pp > 0 && pp < 100;
}

}  // namespace

Status check_gate_policy(const GatePolicy& policy) {
  bool sound = is_margin(policy.margin_pp) && policy.alpha > 0 && policy.alpha < 0.5;
  for (const auto& [name, task] : policy.tasks) {
    sound = sound && (!task.margin_pp || is_margin(*task.margin_pp)) && task.weight >= 0;
  }
  if (sound) return {};
  return usage_error("this margin, weight or alpha makes no comparison",
                     "a margin lies between 0 and 100 points, alpha between 0 and 0.5, a weight is "
                     "not negative",
                     "see assay compare --help");
}

Result<GatePolicy> read_gate_policy(const std::string& file) {
  GatePolicy policy;
  const YAML::Node node = TRY(parse_yaml(TRY(read_file(file)), file));
  const YamlMap root = TRY(YamlMap::open(
      file, node, "the policy", {"margin_pp", "alpha", "tasks", "fail_on_flags", "fidelity"}));
  TRY(root.read("margin_pp", policy.margin_pp));
  TRY(root.read("alpha", policy.alpha));
  TRY(root.read_strings("fail_on_flags", policy.fail_on_flags));
  TRY(read_fidelity(root, file, policy));
  if (root.has("tasks")) {
    const YamlMap tasks = TRY(YamlMap::open(file, root.value("tasks"), "tasks", {}));
    for (const std::string& name : tasks.keys()) TRY(read_task(tasks, file, name, policy));
  }
  TRY(check_gate_policy(policy));
  return policy;
}

}  // namespace assay
