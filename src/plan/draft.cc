#include "plan/draft.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/json.h"
#include "base/text.h"

namespace assay {
namespace {

constexpr std::size_t kCommentColumn = 30;

// "key: value" and, from one column on, what it means.
std::string line(const std::string& setting, const std::string& comment) {
  const std::size_t width = std::max(kCommentColumn, setting.size() + 2);
  return fmt::format("{:<{}}# {}\n", setting, width, comment);
}

std::string names_of(const std::vector<DraftVariant>& variants) {
  std::vector<std::string> names;
  for (const DraftVariant& variant : variants) names.push_back(one_line(variant.model));
  return join(names, " and ");
}

std::string head_of(const PlanDraft& draft) {
  std::string out;
  if (!draft.schema.empty()) {
    out += fmt::format("# yaml-language-server: $schema={}\n", draft.schema);
  }
  out += fmt::format("# What {} {} against {}. Every key is described in docs/plan.md.\n",
                     names_of(draft.candidates), draft.candidates.size() == 1 ? "loses" : "lose",
                     one_line(draft.baseline.model));
  const std::string file = yaml_word(draft.file);
  out += fmt::format(
      "#   assay check {0}     what it would run and could show\n"
      "#   assay doctor {0}    is this machine ready for it?\n"
      "#   assay run {0}       runs it; the same command goes on where it stopped\n",
      file);
  return out;
}

std::string limits_of(const PlanDraft& draft) {
  // lm-eval's own tasks are asked as a whole, so there is nothing to go on with.
  const bool goes_on = std::ranges::any_of(
      draft.tasks, [](const DraftTask& task) { return !task.name.starts_with("lm_eval/"); });
  std::string out = line("name: " + yaml_word(draft.name), "heads the reports");
  out += line("budget: " + draft.budget,
              "wall clock for all variants, loading included; the run ends inside it");
  if (goes_on) {
    out +=
        line("until: decided",
             "goes on beyond the limits below until each variant is decided, or the budget ends; "
             "`limits` ends there");
  }
  out += line("output: " + draft.output, "results go there; --out goes before it");
  if (draft.data.empty()) {
    out +=
        line("# data: ./data", "a folder with the data sets' files; without it the hub is asked");
  } else {
    out += line("data: " + yaml_word(draft.data), "the data sets' files");
  }
  return out;
}

std::string engine_of(const PlanDraft& draft) {
  std::string out = line("engine:", "all but `kind` goes to vLLM as it is");
  out += "  kind: vllm\n";
  out += line(fmt::format("  tensor_parallel_size: {}", draft.tensor_parallel_size),
              "GPUs a model is split over");
  out += line(fmt::format("  max_model_len: {}", draft.max_model_len),
              "tokens, prompt and output together");
  for (const auto& [key, value] : draft.engine) out += fmt::format("  {}: {}\n", key, value);
  return out;
}

std::string chat_of(const PlanDraft& draft) {
  if (!draft.thinks) return "";
  return "\nchat:\n" +
         line("  enable_thinking: false",
              "it would think by default; for that write true, and max_gen_toks of 8192 or more");
}

std::string variants_of(const PlanDraft& draft) {
  std::string out = "\nvariants:\n";
  out += fmt::format(
      "  - {{name: {}, model: {}, baseline: true}}    # the others are compared with it\n",
      yaml_word(draft.baseline.name), yaml_word(draft.baseline.model));
  for (const DraftVariant& variant : draft.candidates) {
    out += fmt::format("  - {{name: {}, model: {}}}\n", yaml_word(variant.name),
                       yaml_word(variant.model));
  }
  return out;
}

std::string tasks_of(const PlanDraft& draft) {
  std::string out =
      "\n" +
      line("tasks:", "limit: a seeded sample of so many items; max_gen_toks: of each answer");
  for (const DraftTask& task : draft.tasks) {
    out += "  - {name: " + yaml_word(task.name);
    if (task.limit) out += fmt::format(", limit: {}", *task.limit);
    if (task.max_gen_toks > 0) out += fmt::format(", max_gen_toks: {}", task.max_gen_toks);
    if (task.gated) out += ", if_gated: skip";
    out += "}\n";
  }
  return out;
}

std::string compare_of(const PlanDraft& draft) {
  std::string out = "\ncompare:\n";
  out += line(fmt::format("  margin_pp: {:g}", draft.margin_pp),
              "the loss that is still fine, in percentage points");
  out += line("  alpha: 0.05", "one-sided error rate of each verdict");
  out += "\n" + line("# sampling: {temperature: 0.6}", "greedy without it; see the model's card");
  if (std::ranges::any_of(draft.tasks, &DraftTask::runs_code)) {
    out += line("# sandbox: {accept_missing: [memory_cgroup]}",
                "where `assay doctor` says that graded programs cannot have one");
  }
  return out;
}

}  // namespace

std::string yaml_word(const std::string& text) {
  const auto plain = [](char c) {
    return is_word_char(c) || std::string_view("./@+-").find(c) != std::string_view::npos;
  };
  const bool begins_plain =
      !text.empty() && (is_word_char(text[0]) || text[0] == '.' || text[0] == '/');
  return begins_plain && std::ranges::all_of(text, plain) ? text : dump_json(text);
}

std::string draft_yaml(const PlanDraft& draft) {
  return head_of(draft) + limits_of(draft) + "\n" + engine_of(draft) + chat_of(draft) +
         variants_of(draft) + tasks_of(draft) + compare_of(draft);
}

}  // namespace assay
