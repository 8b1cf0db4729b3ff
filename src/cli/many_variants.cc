#include "cli/many_variants.h"

#include <fmt/format.h>

#include <cstdint>

#include "base/language.h"
#include "base/text.h"

namespace assay {
namespace {

// A quick load of a small model. What the engine really takes shows only when it is loaded.
constexpr double kLoadS = 60;

// Answers of one variant, as far as limits tell; 0: the data alone do.
std::int64_t answers_of(const Plan& plan) {
  std::int64_t answers = 0;
  for (const TaskSpec& task : plan.tasks) {
    std::int64_t items = static_cast<std::int64_t>(task.ids.size());
    if (task.limit_per == LimitPer::task) items += task.limit.value_or(0);
    items += task.first.value_or(0);
    if (items == 0) return 0;
    answers += items * task.repeats;
  }
  return answers;
}

}  // namespace

Status refuse_unmeant_many(const Plan& plan) {
  const std::size_t variants = plan.variants.size();
  if (variants <= kManyVariants) return {};
  const std::int64_t answers = answers_of(plan) * static_cast<std::int64_t>(variants);
  return usage_error(bilingual("the plan makes {} variants", "计划生成 {} 个变体", variants),
                     bilingual("each is loaded by itself, which takes {} at a minute each{}",
                               "每个都要单独加载，按每个一分钟计需要 {}{}",
                               human_duration(static_cast<double>(variants) * kLoadS),
                               answers > 0 ? bilingual("; {} answers are asked in all",
                                                       "；总共要 {} 个回答", answers)
                                           : Text()),
                     {"say --yes if they are meant, or leave some out with the matrix's `exclude`",
                      "确实需要就加 --yes，或用 matrix 的 `exclude` 去掉一些"});
}

}  // namespace assay
