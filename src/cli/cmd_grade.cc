// assay grade: recorded outputs scored without an engine, and set against the verdicts that were
// recorded with them.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "base/visible.h"
#include "cli/command.h"
#include "cli/grade_file.h"
#include "stats/calibration.h"
#include "stats/proportion.h"

namespace assay {
namespace {

constexpr std::size_t kShownBytes = 120;  // of an answer that is printed

struct GradeCommand {
  GradeOptions grade;
  std::string out;
  int show = 10;
};

struct Sum {
  int n = 0;
  double total = 0;

  void add(double value) {
    ++n;
    total += value;
  }
  [[nodiscard]] std::string text() const {
    return n == 0 ? "-" : fmt::format("{:.2f}", 100.0 * total / n);
  }
};

// One line of the table: all outputs, those of a group, or of a month.
struct Figures {
  int outputs = 0;
  std::map<std::string, Sum> metrics;
  Sum recorded;
};

struct Agreement {
  int compared = 0;
  int both_right = 0;
  int both_wrong = 0;
  int only_ours = 0;      // right for us alone
  int only_recorded = 0;  // right as recorded alone
  int answers = 0;        // recorded answers compared with ours
  int same_answer = 0;
};

void add(Figures& figures, const GradedOutput& output) {
  ++figures.outputs;
  if (has_figures(output)) {
    for (const auto& [name, value] : output.score.metrics) figures.metrics[name].add(value);
  }
  if (output.verdict) figures.recorded.add(*output.verdict ? 1 : 0);
}

bool is_right(const Score& score, const std::string& metric = "robust") {
  const auto found = score.metrics.find(metric);
  return score.outcome == Outcome::scored && found != score.metrics.end() && found->second >= 1;
}

void print_figures(const GradedFile& file) {
  Figures all;
  std::map<std::string, Figures> parts;
  for (const GradedOutput& output : file.outputs) {
    add(all, output);
    if (!output.group.empty()) add(parts[output.group], output);
    if (output.score.month) add(parts[*output.score.month], output);
  }
  fmt::print("{:<24}{:>9}{:>9}", "", "outputs", "scored");
  const auto width = [](const std::string& name) {
    return std::max<std::size_t>(12, name.size() + 2);
  };
  for (const auto& [name, sum] : all.metrics) fmt::print("{:>{}}", name, width(name));
  fmt::print("{:>12}\n", "recorded");
  const auto line = [&](const std::string& what, const Figures& figures) {
    const auto robust = figures.metrics.find("robust");
    fmt::print("{:<24}{:>9}{:>9}", what, figures.outputs,
               robust == figures.metrics.end() ? 0 : robust->second.n);
    for (const auto& [name, sum] : all.metrics) {
      const auto found = figures.metrics.find(name);
      fmt::print("{:>{}}", found == figures.metrics.end() ? "-" : found->second.text(),
                 width(name));
    }
    fmt::print("{:>12}\n", figures.recorded.text());
  };
  line("all", all);
  for (const auto& [name, figures] : parts) line(name, figures);
}

// pass@k over the items that have enough scored samples.
void print_pass_at_k(const GradedFile& file) {
  std::map<std::string, Samples> by_item;
  for (const GradedOutput& output : file.outputs) {
    if (output.score.outcome != Outcome::scored || !has_figures(output)) continue;
    ++by_item[output.item].n;
    by_item[output.item].correct += is_right(output.score) ? 1 : 0;
  }
  std::int64_t most = 0;
  std::vector<Samples> items;
  for (const auto& [id, samples] : by_item) {
    most = std::max(most, samples.n);
    items.push_back(samples);
  }
  for (std::int64_t k = 1; k <= most && most > 1; k *= 2) {
    const MeanPassAtK found = mean_pass_at_k(items, k);
    fmt::print("pass@{}: {:.2f} ({} items)\n", k, 100 * found.mean, found.items);
  }
}

// HLE: how far stated confidence and correctness part.
void print_calibration(const GradedFile& file) {
  std::vector<double> confidence;
  std::vector<double> correct;
  for (const GradedOutput& output : file.outputs) {
    const auto& said = output.score.confidence;
    if (output.score.outcome != Outcome::scored || !said) continue;
    confidence.push_back(said->stated.value_or(1.0));
    correct.push_back(is_right(output.score) ? 1 : 0);
  }
  const auto error = calibration_error(confidence, correct);
  if (!error) return;
  fmt::print("calibration error: {:.2f} % over {} answers\n", 100 * error->all_bins,
             confidence.size());
  if (error->official) {
    fmt::print("calibration error as HLE's script prints it: {:.2f} %\n", 100 * *error->official);
  }
}

// SciCode, by the names of its leaderboard: problems of which all sub-steps pass, and sub-steps.
void print_substeps(const GradedFile& file) {
  Sum problems;
  Substeps steps;
  std::string lines;
  for (const GradedOutput& output : file.outputs) {
    const Score& score = output.score;
    if (!score.substeps) continue;
    problems.add(is_right(score) ? 1 : 0);
    steps.passed += score.substeps->passed;
    steps.total += score.substeps->total;
    lines +=
        fmt::format("  {:<8}{} of {}", output.item, score.substeps->passed, score.substeps->total);
    std::vector<std::string> steps_of_it;  // "10.9" goes before "10.10"
    for (const auto& entry : score.remarks.at("verdicts").items()) {
      steps_of_it.push_back(entry.key());
    }
    std::ranges::sort(steps_of_it, {},
                      [](const std::string& id) { return std::pair(id.size(), id); });
    for (const std::string& step : steps_of_it) {
      lines +=
          fmt::format(", {} {}", step, score.remarks.at("verdicts").at(step).get<std::string>());
    }
    lines += "\n";
  }
  if (problems.n == 0) return;
  fmt::print("main problem resolve rate: {} % ({:.0f} of {})\nsubproblem: {:.2f} % ({} of {})\n{}",
             problems.text(), problems.total, problems.n, 100 * steps.rate(), steps.passed,
             steps.total, lines);
}

void print_counts(const GradedFile& file) {
  std::map<std::string, int> counts;
  for (const GradedOutput& output : file.outputs) {
    const Score& score = output.score;
    if (score.outcome == Outcome::unscored) ++counts["unscored: " + score.reason];
    if (score.not_extractable) ++counts["no answer could be extracted"];
    if (score.truncated) ++counts["truncated"];
    if (score.empty) ++counts["empty"];
    if (score.looping) ++counts["looping"];
    if (score.thinking_not_closed) ++counts["thinking not closed"];
    if (!has_figures(output)) {
      ++counts["no score: the item's tests are not there"];
    } else if (!output.untestable.empty()) {
      ++counts["scored by public tests alone: " + output.untestable];
    }
    if (score.odd_likelihoods) ++counts["odd log-likelihoods"];
  }
  for (const auto& [what, count] : counts) fmt::print("{}: {}\n", visible_text(what), count);
}

void print_agreement(const GradedFile& file, int show) {
  Agreement sum;
  std::string differing;
  int shown = 0;
  for (const GradedOutput& output : file.outputs) {
    if (output.answer && output.score.outcome == Outcome::scored) {
      ++sum.answers;
      sum.same_answer += *output.answer == output.score.extracted ? 1 : 0;
    }
    if (!output.verdict || output.score.outcome != Outcome::scored) continue;
    ++sum.compared;
    const bool ours = is_right(output.score, output.metric);
    sum.both_right += ours && *output.verdict ? 1 : 0;
    sum.both_wrong += !ours && !*output.verdict ? 1 : 0;
    sum.only_ours += ours && !*output.verdict ? 1 : 0;
    sum.only_recorded += !ours && *output.verdict ? 1 : 0;
    if (ours == *output.verdict || ++shown > show) continue;
    differing += fmt::format(
        "  {} sample {}: target {}, ours {} ({}), recorded {}\n", visible_text(output.item),
        output.sample + 1, one_line(output.score.target, kShownBytes), ours ? "right" : "wrong",
        one_line(output.score.extracted, kShownBytes), *output.verdict ? "right" : "wrong");
  }
  if (sum.compared == 0) return;
  fmt::print(
      "agreement with the recorded verdicts ({}): {} of {} ({:.2f} %); both right {}, both wrong "
      "{}, "
      "right for us alone {}, right as recorded alone {}\n",
      file.outputs.front().metric, sum.both_right + sum.both_wrong, sum.compared,
      100.0 * (sum.both_right + sum.both_wrong) / sum.compared, sum.both_right, sum.both_wrong,
      sum.only_ours, sum.only_recorded);
  if (sum.answers > 0) {
    fmt::print("same answer extracted: {} of {}\n", sum.same_answer, sum.answers);
  }
  fmt::print("{}", differing);
  if (shown > show) fmt::print("  and {} more (--show)\n", shown - show);
}

Status write_scores(const GradedFile& file, const std::string& path) {
  std::string lines;
  for (const GradedOutput& output : file.outputs) {
    Json line = to_json(output.score);
    line["item"] = output.item;
    line["sample"] = output.sample;
    line["group"] = output.group;
    line["recorded"] = output.verdict ? Json(*output.verdict) : Json(nullptr);
    lines += dump_json(line) + "\n";
  }
  return write_file_atomic(path, lines);
}

Result<int> grade(const GradeCommand& options) {
  const GradedFile file = TRY(grade_file(options.grade));
  fmt::print("{}: {}, {} outputs\n", options.grade.task, file.layout, file.outputs.size());
  if (!file.graders.empty()) {
    fmt::print("mathematics: {}{}\n", visible_text(reference_text(file.graders)),
               file.graders == imitated_reference()
                   ? ""
                   : ", which decided everything: the fast path imitates " +
                         reference_text(imitated_reference()));
  }
  print_figures(file);
  print_pass_at_k(file);
  print_calibration(file);
  print_substeps(file);
  print_counts(file);
  print_agreement(file, options.show);
  if (!options.out.empty()) TRY(write_scores(file, options.out));
  return kExitDone;
}

}  // namespace

void add_grade(CLI::App& app, Session& session) {
  auto options = std::make_shared<GradeCommand>();
  CLI::App* command = app.add_subcommand(
      "grade", "Score recorded outputs without an engine, beside the verdicts recorded with them.");
  command->add_option("TASK", options->grade.task, "The benchmark, as math500")->required();
  command
      ->add_option("FILE", options->grade.file,
                   "assay's, lm-eval's or the benchmark's own file; scicode: its folder of code")
      ->required();
  command->add_option("--data", options->grade.data,
                      "Folder with the data set, where the file does not hold the questions");
  command->add_option("--options", options->grade.options, "The task's options, a JSON object");
  command->add_option("--out", options->out, "Write each output's score to this JSONL file");
  command->add_option("--show", options->show, "Differing verdicts to list")->capture_default_str();
  command->footer(
      "Example:\n  assay grade mmlu_pro model_outputs.zip\n  assay grade math500 "
      "samples_hendrycks_math500.jsonl --out scores.jsonl");
  command->callback([options, &session] {
    options->grade.until = Deadline().or_stop(session.listen());
    finish(session, grade(*options));
  });
}

}  // namespace assay
