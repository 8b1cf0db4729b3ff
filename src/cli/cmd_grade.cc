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
#include "base/terminal.h"
#include "base/text.h"
#include "base/visible.h"
#include "cli/command.h"
#include "cli/grade_file.h"
#include "report/words.h"
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

void print_figures(const GradedFile& file, const Session& session) {
  Figures all;
  std::map<std::string, Figures> parts;
  for (const GradedOutput& output : file.outputs) {
    add(all, output);
    if (!output.group.empty()) add(parts[output.group], output);
    if (output.score.month) add(parts[*output.score.month], output);
  }
  constexpr std::size_t kNameCells = 24;
  constexpr std::size_t kCountCells = 9;
  constexpr std::size_t kFigureCells = 12;
  const auto width = [&](const std::string& name) {
    return std::max<std::size_t>(kFigureCells, name.size() + 2);
  };
  const Language language = session.language;
  std::string head = filled_after("", kNameCells) +
                     filled_before(Text("outputs", "输出数").in(language), kCountCells) +
                     filled_before(Text("scored", "已评分").in(language), kCountCells);
  for (const auto& [name, sum] : all.metrics) head += filled_before(name, width(name));
  print_out(head + filled_before(Text("recorded", "已记录").in(language), kFigureCells) + "\n");
  const auto line = [&](const std::string& what, const Figures& figures) {
    const auto robust = figures.metrics.find("robust");
    const int scored = robust == figures.metrics.end() ? 0 : robust->second.n;
    std::string text = filled_after(what, kNameCells) +
                       filled_before(std::to_string(figures.outputs), kCountCells) +
                       filled_before(std::to_string(scored), kCountCells);
    for (const auto& [name, sum] : all.metrics) {
      const auto found = figures.metrics.find(name);
      text +=
          filled_before(found == figures.metrics.end() ? "-" : found->second.text(), width(name));
    }
    print_out(text + filled_before(figures.recorded.text(), kFigureCells) + "\n");
  };
  line(Text("all", "全部").in(language), all);
  for (const auto& [name, figures] : parts) line(name, figures);
}

// pass@k over the items that have enough scored samples.
void print_pass_at_k(const GradedFile& file, const Session& session) {
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
    print_out(session, bilingual("pass@{}: {:.2f} ({} items)\n", "pass@{}：{:.2f}（{} 题）\n", k,
                                 100 * found.mean, found.items));
  }
}

// HLE: how far stated confidence and correctness part.
void print_calibration(const GradedFile& file, const Session& session) {
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
  print_out(session, bilingual("calibration error: {:.2f} % over {} answers\n",
                               "校准误差：{:.2f} %，共 {} 个回答\n", 100 * error->all_bins,
                               confidence.size()));
  if (error->official) {
    print_out(session, bilingual("calibration error as HLE's script prints it: {:.2f} %\n",
                                 "HLE 的脚本输出的校准误差：{:.2f} %\n", 100 * *error->official));
  }
}

// SciCode, by the names of its leaderboard: problems of which all sub-steps pass, and sub-steps.
void print_substeps(const GradedFile& file, const Session& session) {
  Sum problems;
  Substeps steps;
  std::string lines;
  for (const GradedOutput& output : file.outputs) {
    const Score& score = output.score;
    if (!score.substeps) continue;
    problems.add(is_right(score) ? 1 : 0);
    steps.passed += score.substeps->passed;
    steps.total += score.substeps->total;
    lines += bilingual("  {0:<8}{1} of {2}", "  {0:<8}{1}/{2}", output.item, score.substeps->passed,
                       score.substeps->total)
                 .in(session.language);
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
  print_out(session, bilingual("main problem resolve rate: {} % ({:.0f} of {})\n"
                               "subproblem: {:.2f} % ({} of {})\n",
                               "主问题解决率：{} %（{:.0f}/{}）\n子问题：{:.2f} %（{}/{}）\n",
                               problems.text(), problems.total, problems.n, 100 * steps.rate(),
                               steps.passed, steps.total));
  print_out(lines);
}

// What is the matter with an output, as it is counted.
std::vector<Text> remarks_of(const GradedOutput& output) {
  const Score& score = output.score;
  std::vector<Text> out;
  if (score.outcome == Outcome::unscored) {
    out.push_back(bilingual("unscored: {}", "未评分：{}", reason_words(score.reason)));
  }
  if (score.not_extractable) out.emplace_back("no answer could be extracted", "找不到答案");
  if (score.truncated) out.push_back(flag_words("truncated"));
  if (score.empty) out.push_back(flag_words("empty"));
  if (score.looping) out.push_back(flag_words("looping"));
  if (score.thinking_not_closed) out.push_back(flag_words("thinking not closed"));
  if (!has_figures(output)) {
    out.emplace_back("no score: the item's tests are not there", "没有得分：没有这道题的测试");
  } else if (!output.untestable.empty()) {
    out.push_back(bilingual("scored by public tests alone: {}", "只按公开测试评分：{}",
                            reason_words(output.untestable)));
  }
  if (score.odd_likelihoods) out.push_back(flag_words("odd log-likelihoods"));
  return out;
}

void print_counts(const GradedFile& file, const Session& session) {
  std::map<std::string, std::pair<Text, int>> counts;  // in the order of the English words
  for (const GradedOutput& output : file.outputs) {
    for (Text& remark : remarks_of(output)) {
      auto& [words, count] = counts[remark.en];
      words = std::move(remark);
      ++count;
    }
  }
  for (const auto& [english, entry] : counts) {
    const Text line = bilingual("{}: {}", "{}：{}", entry.first, entry.second);
    print_out(visible_text(line.in(session.language)) + "\n");
  }
}

Text right_or_wrong(bool right) {
  return right ? Text("right", "对") : Text("wrong", "错");
}

void print_agreement(const GradedFile& file, int show, const Session& session) {
  Agreement sum;
  std::vector<Text> differing;
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
    differing.push_back(bilingual(
        "  {} sample {}: target {}, ours {} ({}), recorded {}\n",
        "  {} 第 {} 次采样：标准答案 {}，我们判{}（{}），记录判{}\n", visible_text(output.item),
        output.sample + 1, one_line(output.score.target, kShownBytes), right_or_wrong(ours),
        one_line(output.score.extracted, kShownBytes), right_or_wrong(*output.verdict)));
  }
  if (sum.compared == 0) return;
  print_out(session,
            bilingual("agreement with the recorded verdicts ({0}): {1} of {2} ({3:.2f} %); both "
                      "right {4}, both wrong {5}, right for us alone {6}, right as recorded alone "
                      "{7}\n",
                      "与已记录判定（{0}）的一致率：{1}/{2}（{3:.2f} %）；都对 {4}，都错 {5}，"
                      "仅我们判对 {6}，仅记录判对 {7}\n",
                      file.outputs.front().metric, sum.both_right + sum.both_wrong, sum.compared,
                      100.0 * (sum.both_right + sum.both_wrong) / sum.compared, sum.both_right,
                      sum.both_wrong, sum.only_ours, sum.only_recorded));
  if (sum.answers > 0) {
    print_out(session, bilingual("same answer extracted: {} of {}\n", "提取的答案相同：{}/{}\n",
                                 sum.same_answer, sum.answers));
  }
  for (const Text& line : differing) print_out(session, line);
  if (shown > show) {
    print_out(session,
              bilingual("  and {} more (--show)\n", "  另有 {} 处（--show）\n", shown - show));
  }
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

Text mathematics_line(const PackageVersions& graders) {
  const std::string versions = visible_text(reference_text(graders));
  if (graders == imitated_reference()) {
    return bilingual("mathematics: {}\n", "数学判等：{}\n", versions);
  }
  return bilingual("mathematics: {}, which decided everything: the fast path imitates {}\n",
                   "数学判等：{}，全部由它判定：快速路径模仿的是 {}\n", versions,
                   reference_text(imitated_reference()));
}

Result<int> grade(const GradeCommand& options, const Session& session) {
  const GradedFile file = TRY(grade_file(options.grade));
  print_out(session, bilingual("{}: {}, {} outputs\n", "{}：{}，{} 个输出\n", options.grade.task,
                               file.layout, file.outputs.size()));
  if (!file.graders.empty()) print_out(session, mathematics_line(file.graders));
  print_figures(file, session);
  print_pass_at_k(file, session);
  print_calibration(file, session);
  print_substeps(file, session);
  print_counts(file, session);
  print_agreement(file, options.show, session);
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
    finish(session, grade(*options, session));
  });
}

}  // namespace assay
