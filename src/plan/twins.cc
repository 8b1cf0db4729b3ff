#include "plan/twins.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/language.h"
#include "base/text.h"

namespace assay {
namespace {

const VariantSpec* spec_of(const Plan& plan, const std::string& name) {
  const auto found = std::ranges::find(plan.variants, name, &VariantSpec::name);
  return found == plan.variants.end() ? nullptr : &*found;
}

// A seed draws nothing where every answer is greedy, or drawn by the task's own. What lm-eval's
// tasks do by themselves is not known.
bool engine_seed_matters(const Plan& plan) {
  return std::ranges::any_of(plan.tasks, [](const TaskSpec& task) {
    return task.harness == Harness::lm_eval ||
           (answers_differ(task) && !task.sampling.contains("seed"));
  });
}

nlohmann::json arguments_that_matter(const Plan& plan, const VariantSpec& variant) {
  nlohmann::json args = merged_engine_args(plan, variant);
  if (!engine_seed_matters(plan)) args.erase("seed");
  return args;
}

}  // namespace

std::vector<std::string> twins_of_baseline(const FrozenPlan& frozen) {
  std::vector<std::string> out;
  const auto base = std::ranges::find(frozen.variants, true, &FrozenVariant::baseline);
  if (base == frozen.variants.end() || base->fingerprint.empty()) return out;
  const VariantSpec* base_spec = spec_of(frozen.plan, base->name);
  for (const FrozenVariant& variant : frozen.variants) {
    const VariantSpec* spec = spec_of(frozen.plan, variant.name);
    if (variant.baseline || spec == nullptr || base_spec == nullptr) continue;
    const bool same_arguments =
        arguments_that_matter(frozen.plan, *spec) == arguments_that_matter(frozen.plan, *base_spec);
    if (variant.fingerprint == base->fingerprint && same_arguments) out.push_back(variant.name);
  }
  return out;
}

Status refuse_twins(const FrozenPlan& frozen) {
  const std::vector<std::string> twins = twins_of_baseline(frozen);
  if (twins.empty() || frozen.plan.compare.same_model) return {};
  return usage_error(
      bilingual("{} {}the baseline once more", "{} {}就是基线本身", join(twins, ", "),
                twins.size() == 1 ? Text("is ", "") : Text("are ", "都")),
      {"weights, tokenizer, engine arguments, sampling and seed are the same: the comparison would "
       "show the engine's noise, or nothing where the stored answers of the baseline are used",
       "权重、分词器、引擎参数、采样和种子都相同：比较只会显示引擎的噪声；"
       "沿用基线已存的回答时则什么也显示不出"},
      {"check the variant's model and engine arguments, or write `compare: {same_model: true}` for "
       "an A/A comparison",
       "检查变体的 model 和引擎参数；要做 A/A 比较则写 `compare: {same_model: true}`"});
}

}  // namespace assay
