#include "compare/gate_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/files.h"
#include "plan/sections.h"
#include "plan/yaml_reader.h"
#include "values/margin.h"

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

constexpr std::array kAllowances{std::pair{"missing_task", Allowance::missing_task},
                                 std::pair{"unscored", Allowance::unscored},
                                 std::pair{"gain", Allowance::gain},
                                 std::pair{"no_sensitivity", Allowance::no_sensitivity},
                                 std::pair{"missing_items", Allowance::missing_items},
                                 std::pair{"other_mean", Allowance::other_mean},
                                 std::pair{"same_answers", Allowance::same_answers}};

Status read_allowed(const YamlMap& root, GatePolicy& policy) {
  std::vector<std::string> names;
  TRY(root.read_strings("allow", names));
  for (const std::string& name : names) {
    const auto known = std::find_if(kAllowances.begin(), kAllowances.end(),
                                    [&name](const auto& entry) { return entry.first == name; });
    if (known == kAllowances.end()) {
      return root.error("allow", fmt::format("allow: '{}' cannot be allowed", name),
                        "the gate knows no such reason",
                        "write missing_task, unscored, gain, no_sensitivity, missing_items, "
                        "other_mean or same_answers");
    }
    policy.allowed.insert(known->second);
  }
  return {};
}

bool is_margin(double pp) {
  return pp > 0 && pp < 100;
}

}  // namespace

Status check_gate_policy(const GatePolicy& policy) {
  if (policy.margin_pp) TRY(refuse_share_as_margin({"the margin", "界值"}, *policy.margin_pp));
  for (const auto& [name, task] : policy.tasks) {
    if (task.margin_pp)
      TRY(refuse_share_as_margin(bilingual("{}: the margin", "{}：界值", name), *task.margin_pp));
  }
  const double alpha = policy.alpha.value_or(0.05);
  bool sound = is_margin(policy.margin_pp.value_or(3)) && alpha > 0 && alpha < 0.5;
  for (const auto& [name, task] : policy.tasks) {
    sound = sound && (!task.margin_pp || is_margin(*task.margin_pp)) && task.weight >= 0;
  }
  if (sound) return {};
  return usage_error(
      {"this margin, weight or alpha makes no comparison", "这样的界值、权重或 alpha 无法比较"},
      {"a margin lies between 0 and 100 points, alpha between 0 and 0.5, a weight is not negative",
       "界值在 0 到 100 个百分点之间，alpha 在 0 到 0.5 之间，权重不为负"},
      {"see assay compare --help", "见 assay compare --help"});
}

Result<GatePolicy> read_gate_policy(const std::string& file) {
  GatePolicy policy;
  const YAML::Node node = TRY(parse_yaml(TRY(read_file(file)), file));
  const YamlMap root = TRY(YamlMap::open(
      file, node, "the policy",
      {"margin_pp", "alpha", "weights", "allow", "tasks", "fail_on_flags", "fidelity"}));
  if (root.has("margin_pp")) TRY(root.read("margin_pp", policy.margin_pp.emplace()));
  if (root.has("alpha")) TRY(root.read("alpha", policy.alpha.emplace()));
  TRY(read_weights(root, policy.weights));
  TRY(read_allowed(root, policy));
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
