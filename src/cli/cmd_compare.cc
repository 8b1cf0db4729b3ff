// assay compare: two runs, or two folders of lm-eval results; with --gate, an exit code for CI.
#include <fmt/format.h>

#include "cli/command.h"
#include "report/compare_folders.h"

namespace assay {
namespace {

struct Options {
  std::string base;
  std::string candidate;
  double margin_pp = 3;
  double alpha = 0.05;
  bool gate = false;
  bool json = false;
};

int gate_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::non_inferior:
    case Verdict::worse_within_margin:
      return kExitDone;
    case Verdict::worse:
      return kExitWorse;
    case Verdict::inconclusive:
    case Verdict::invalid:
    case Verdict::not_available:
      return kExitInconclusive;
  }
  return kExitInconclusive;
}

Result<int> compare(const Options& options) {
  if (options.margin_pp <= 0 || options.margin_pp >= 100 || options.alpha <= 0 ||
      options.alpha >= 0.5) {
    return usage_error("this margin or alpha makes no comparison",
                       "the margin lies between 0 and 100 points, alpha between 0 and 0.5",
                       "see assay compare --help");
  }
  CompareOptions how;
  how.margin_pp = options.margin_pp;
  how.alpha = options.alpha;
  const FolderComparison result = TRY(compare_folders(options.base, options.candidate, how));
  fmt::print("{}", options.json ? comparison_json(result) : comparison_text(result));
  return options.gate ? gate_code(result.pooled.overall.verdict) : kExitDone;
}

}  // namespace

void add_compare(CLI::App& app, Session& session) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("compare", "Compare two runs, paired where their items allow.");
  command->add_option("BASE", options->base, "Folder of the baseline")->required();
  command->add_option("CANDIDATE", options->candidate, "Folder of the candidate")->required();
  command->add_option("--margin", options->margin_pp, "Margin in percentage points")
      ->capture_default_str();
  command->add_option("--alpha", options->alpha, "One-sided error rate")->capture_default_str();
  command->add_flag("--gate", options->gate, "Exit 1 when WORSE, 4 when INCONCLUSIVE or INVALID");
  command->add_flag("--json", options->json, "For machines");
  command->footer("Example:\n  assay compare runs/bf16 runs/fp8 --margin 3 --gate");
  command->callback([options, &session] { finish(session, compare(*options)); });
}

}  // namespace assay
