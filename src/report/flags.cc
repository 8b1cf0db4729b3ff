#include "report/flags.h"

#include <fmt/format.h>

#include <functional>

namespace assay {
namespace {

// A share of the run items from which a flag is raised, and from which it forces INVALID.
struct Rule {
  const char* name;
  std::int64_t Cell::* count;
  double raise_from;
  double invalid_from;
  const char* text;
  bool (*shows)(const OutputValues&);
};

const std::vector<Rule>& rules() {
  static const std::vector<Rule> kRules = {
      {"truncated", &Cell::truncated, 0.1, 0.5, "outputs were cut at max_gen_toks",
       [](const OutputValues& o) { return o.finish_reason == "length"; }},
      {"empty", &Cell::empty, 0.05, 0.3, "outputs hold nothing but white space", nullptr},
      {"looping", &Cell::looping, 0.1, 0.5, "outputs repeat themselves at the end", nullptr},
      {"not extractable", &Cell::not_extractable, 0.1, 0.5,
       "outputs hold no answer that can be found",
       [](const OutputValues& o) { return o.outcome == "scored" && o.extracted.empty(); }},
      {"thinking not closed", &Cell::thinking_not_closed, 0.05, 0.3,
       "outputs end inside their thoughts", nullptr},
  };
  return kRules;
}

std::string example_of(const RunReport& report, const std::string& task, std::size_t variant,
                       bool (*shows)(const OutputValues&)) {
  if (shows == nullptr) return "";
  for (const ItemValues& item : report.items) {
    if (item.task != task || !item.outputs[variant]) continue;
    if (shows(*item.outputs[variant])) return item.id;
  }
  return "";
}

void flag_shares(RunReport& report, const TaskValues& task, std::size_t variant) {
  const Cell& cell = task.cells[variant];
  if (cell.run == 0 || task.kind == "loglikelihood") return;
  const Cell* base = nullptr;
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) base = &task.cells[v];
  }
  for (const Rule& rule : rules()) {
    const std::int64_t count = cell.*rule.count;
    const double share = static_cast<double>(count) / static_cast<double>(cell.run);
    if (count == 0 || share < rule.raise_from) continue;
    // A broken measurement on one side spoils the pair; where the baseline does the same the
    // comparison still answers its question, on what the plan allowed.
    const double base_share =
        base != nullptr && base->run > 0
            ? static_cast<double>(base->*rule.count) / static_cast<double>(base->run)
            : 0;
    Flag flag{rule.name,      report.variants[variant].name, task.name, count, cell.run,
              rule.raise_from};
    flag.example = example_of(report, task.name, variant, rule.shows);
    flag.text = fmt::format("{} of {} {}", count, cell.run, rule.text);
    flag.forces_invalid = share >= rule.invalid_from && cell.run >= 5 &&
                          base_share < rule.raise_from && !report.variants[variant].baseline;
    report.flags.push_back(std::move(flag));
  }
}

void flag_accuracy(RunReport& report, const TaskValues& task, std::size_t variant) {
  const Cell& cell = task.cells[variant];
  if (cell.scored == 0) return;
  const std::string& name = report.variants[variant].name;
  if (task.chance > 0 && cell.scored >= 20 && cell.ci95.high < task.chance) {
    Flag flag{"below chance", name, task.name, cell.scored, cell.scored, task.chance};
    flag.text = fmt::format("guessing would do better: {:.1f} % at most against {:.1f} %",
                            cell.ci95.high * 100, task.chance * 100);
    flag.forces_invalid = true;
    report.flags.push_back(std::move(flag));
  }
  if (cell.metrics_differ > 0 && cell.metrics_differ * 10 >= cell.scored) {
    Flag flag{"metrics part", name, task.name, cell.metrics_differ, cell.scored, 0.1};
    flag.text = fmt::format("robust and lm_eval differ on {} of {} items; verdicts go by robust",
                            cell.metrics_differ, cell.scored);
    report.flags.push_back(std::move(flag));
  }
}

void flag_unscored(RunReport& report, const TaskValues& task, std::size_t variant,
                   std::size_t base) {
  const auto unscored = [](const Cell& cell) {
    std::int64_t n = 0;
    for (const auto& [reason, count] : cell.unscored) {
      if (reason != "not run" && reason != "no judge" && reason != "needs an image") n += count;
    }
    return n;
  };
  const Cell& cell = task.cells[variant];
  const std::int64_t here = unscored(cell);
  if (here == 0) return;
  const std::int64_t there = unscored(task.cells[base]);
  Flag flag{"unscored", report.variants[variant].name, task.name, here, cell.run, 0};
  flag.text = fmt::format("{} of {} answers could not be scored ({} for the baseline)", here,
                          cell.run, there);
  flag.forces_invalid = variant != base && here != there && here * 5 >= cell.run;
  report.flags.push_back(std::move(flag));
}

void flag_variant(RunReport& report, std::size_t variant, std::size_t base,
                  const nlohmann::json& opened) {
  const VariantValues& v = report.variants[variant];
  if (v.emulated) {
    Flag flag{"emulated kernels", v.name, ""};
    flag.text = "its number format is computed in software here: accuracy counts, speed does not";
    report.flags.push_back(std::move(flag));
  }
  const auto kernels = v.facts.value("kernels", nlohmann::json::array()).dump();
  if (v.model.find("FP4") != std::string::npos && kernels.find("Marlin") != std::string::npos) {
    Flag flag{"kernel not as named", v.name, ""};
    flag.text = "weights are 4-bit but activations stay 16-bit (Marlin W4A16): this is not W4A4";
    report.flags.push_back(std::move(flag));
  }
  if (v.loads > 1) {
    Flag flag{"several loads", v.name, ""};
    flag.count = v.loads;
    flag.text =
        fmt::format("its engine was loaded {} times: restarted, or the run was continued", v.loads);
    report.flags.push_back(std::move(flag));
  }
  const auto here = opened.value(v.name, nlohmann::json());
  const auto there = opened.value(report.variants[base].name, nlohmann::json());
  if (here.is_object() && there.is_object() && here != there) {
    Flag flag{"template or tokenizer differs", v.name, ""};
    flag.text = "its chat template or tokenizer is not the baseline's: prompts may differ";
    report.flags.push_back(std::move(flag));
  }
}

}  // namespace

void raise_flags(RunReport& report, const nlohmann::json& opened) {
  std::size_t base = 0;
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) base = v;
  }
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    flag_variant(report, v, base, opened);
    for (const TaskValues& task : report.tasks) {
      flag_shares(report, task, v);
      flag_accuracy(report, task, v);
      flag_unscored(report, task, v, base);
    }
  }
}

const Flag* invalidating_flag(const RunReport& report, const std::string& variant,
                              const std::string& task) {
  for (const Flag& flag : report.flags) {
    if (flag.forces_invalid && flag.variant == variant &&
        (flag.task == task || flag.task.empty())) {
      return &flag;
    }
  }
  return nullptr;
}

}  // namespace assay
