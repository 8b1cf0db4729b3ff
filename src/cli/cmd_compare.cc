// assay compare: runs of assay or folders of lm-eval results; with --gate, an exit code for CI.
#include <fstream>

#include "base/files.h"
#include "base/tell.h"
#include "cli/command.h"
#include "compare/compare_folders.h"
#include "compare/gate.h"
#include "task/task.h"

namespace assay {
namespace {

struct CompareFlags {
  std::vector<std::string> folders;  // base, then candidates
  std::optional<double> margin_pp;
  std::optional<double> alpha;
  std::string policy;
  std::string baseline;
  std::string arm_pattern;
  std::string metric;
  std::string filter;
  std::vector<std::string> renamed;  // BASE=CANDIDATE
  std::string junit;
  std::string markdown;
  bool gate = false;
  bool json = false;
  bool allow_different_prompts = false;
};

// By the names that plans and lm-eval give the benchmarks.
std::map<std::string, double> guessing_scores() {
  std::map<std::string, double> out;
  for (const Task& task : all_tasks()) {
    out[task.name] = task.chance;
    if (!task.lm_eval.name.empty()) out[task.lm_eval.name] = task.chance;
  }
  return out;
}

Result<CompareRequest> request_of(const CompareFlags& options) {
  CompareRequest request;
  request.base = options.folders.front();
  request.candidates.assign(options.folders.begin() + 1, options.folders.end());
  if (!options.policy.empty()) request.policy = TRY(read_gate_policy(options.policy));
  if (options.margin_pp) request.policy.margin_pp = options.margin_pp;
  if (options.alpha) request.policy.alpha = options.alpha;
  TRY(check_gate_policy(request.policy));
  for (const std::string& entry : options.renamed) {
    const std::size_t at = entry.find('=');
    if (at == std::string::npos || at == 0 || at + 1 == entry.size()) {
      return usage_error(bilingual("--task {} says nothing", "--task {} 什么也没有说明", entry),
                         {"it is no BASE=CANDIDATE", "它不是 BASE=CANDIDATE"},
                         {"write --task old_name=new_name", "写 --task old_name=new_name"});
    }
    request.renamed[entry.substr(0, at)] = entry.substr(at + 1);
  }
  if (!options.arm_pattern.empty() && options.baseline.empty()) {
    return usage_error(
        {"--arm-pattern names no baseline", "--arm-pattern 没有指明基线"},
        {"it makes several arms of a folder", "它把一个目录分成若干对比组"},
        {"say which is the baseline: --baseline NAME", "指明哪个是基线：--baseline NAME"});
  }
  request.baseline = options.baseline;
  request.arm_pattern = options.arm_pattern;
  request.metric = options.metric;
  request.filter = options.filter;
  request.allow_different_prompts = options.allow_different_prompts;
  request.floors = guessing_scores();
  return request;
}

// Appended: CI's step summary is one file for all steps.
Status append(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::app | std::ios::binary);
  out << text;
  out.flush();
  if (out) return {};
  return environment_error(
      bilingual("cannot write {}", "无法写入 {}", file),
      {"it cannot be opened or the disk is full", "它打不开，或磁盘已满"},
      {"name a file in a folder that you may write to", "换一个在可写目录中的文件"});
}

Result<int> compare(const CompareFlags& options, const Session& session) {
  const CompareRequest request = TRY(request_of(options));
  const ComparisonReport result = TRY(compare_folders(request));
  print_out(options.json ? comparison_json(result) : comparison_text(result, session.style()));
  if (!options.junit.empty()) {
    TRY(write_file_atomic(options.junit, comparison_junit(result)));
  }
  if (!options.markdown.empty()) TRY(append(options.markdown, comparison_markdown(result)));
  if (!options.gate) return kExitDone;
  const GateResult gate = gate_result(result);
  // Beside --json's value, which is standard output's alone.
  for (const Text& reason : gate.reasons) {
    print_beside(bilingual("gate: {}", "门禁：{}", reason).in(session.language_beside));
  }
  switch (gate.outcome) {
    case GateOutcome::passed:
      return kExitDone;
    case GateOutcome::worse:
      return kExitWorse;
    case GateOutcome::not_shown:
      return kExitInconclusive;
  }
  return kExitInconclusive;
}

}  // namespace

void add_compare(CLI::App& app, Session& session) {
  auto options = std::make_shared<CompareFlags>();
  CLI::App* command = app.add_subcommand(
      "compare", "Compare results with a baseline's, paired where their items allow.");
  command
      ->add_option("DIR", options->folders,
                   "Baseline, then candidates: runs of assay, folders of lm-eval results, or "
                   "DIR:VARIANT. One run alone: its variants with its baseline")
      ->required();
  command->add_option("--baseline", options->baseline,
                      "DIR holds many arms, and this is the baseline's name");
  command->add_option(
      "--arm-pattern", options->arm_pattern,
      "What in a path below DIR names the arm: '{arm}__{task}.json', '{arm}/{task}' "
      "(default: a folder an arm)");
  command->add_option("--margin", options->margin_pp,
                      "Margin in percentage points (default: the run's own, else 3)");
  command->add_option("--alpha", options->alpha,
                      "One-sided error rate (default: the run's own, else 0.05)");
  command->add_option("--policy", options->policy, "YAML: margins, weights, flags, fidelity")
      ->check(CLI::ExistingFile);
  command->add_option("--metric", options->metric,
                      "Metric to compare (default: the first that is a share)");
  command->add_option("--filter", options->filter, "lm-eval's filter (default: the first)");
  command->add_option("--task", options->renamed, "BASE=CANDIDATE, for a renamed task");
  command->add_flag("--allow-different-prompts", options->allow_different_prompts,
                    "Compare although prompts, templates or settings differ");
  command->add_flag("--gate", options->gate,
                    "Exit 1 when WORSE, 4 when it is not shown to hold (docs/exit_codes.md)");
  command->add_flag("--json", options->json, "For machines");
  command->add_option("--junit", options->junit, "Write a JUnit file");
  command->add_option("--markdown", options->markdown,
                      "Append a Markdown summary, for CI's step summary");
  command->footer("Example:\n  assay compare demo-run:bf16 demo-run:fp8 --margin 3 --gate");
  command->callback([options, &session] { finish(session, compare(*options, session)); });
}

}  // namespace assay
