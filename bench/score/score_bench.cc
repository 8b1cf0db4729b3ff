// Answers graded per second: our scorers beside Math-Verify and Python's re, the same answers in
// one run on one core.
//
//   score_bench [SHARED PYTHON]
//
// SHARED holds data/verdicts and data/mmlu_pro ($ASSAY_SHARED, else ../shared); PYTHON has
// math-verify ($ASSAY_PYTHON, else .venv/bin/python). The share the fast path decides and every
// difference are printed, too.
#include <fmt/format.h>
#include <sched.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/subprocess.h"
#include "run/math_verify_client.h"
#include "score/choice.h"
#include "score/math/math.h"

namespace assay {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// This process and every helper it starts share one core.
void pin_to_one_core() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    CPU_ZERO(&allowed);
    CPU_SET(cpu, &allowed);
    sched_setaffinity(0, sizeof allowed, &allowed);
    return;
  }
}

struct Answer {
  std::string set;
  std::string gold;
  std::string output;
  bool recorded = false;  // the verdict that came with the answer
};

void read_answers(const std::string& path, const std::string& set, std::vector<Answer>& into) {
  const auto text = read_file(path);
  if (!text) {
    fmt::print(stderr, "{}\n", text.error().to_string());
    return;
  }
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const Json row = Json::parse(line);
    for (std::size_t i = 0; i < row["code"].size(); ++i) {
      into.push_back({set, row["gt"].get<std::string>(), row["code"][i].get<std::string>(),
                      row["score"][i].get<bool>()});
    }
  }
}

struct Tally {
  int answers = 0;
  double library_s = 0;
  double ours_s = 0;
  int asked = 0;           // answers our fast path left to the library
  int differing = 0;       // from the library's verdict
  int library_agrees = 0;  // with the recorded verdict
  int ours_agrees = 0;
};

void bench_math(const std::string& shared, const std::string& python) {
  std::vector<Answer> answers;
  read_answers(shared + "/data/verdicts/rho_math500_rho-math-1b-v0.1.jsonl", "rho", answers);
  read_answers(shared + "/data/verdicts/qwen25math_math_cot_100.jsonl", "qwen2.5-math", answers);
  MathVerifyOptions options;
  options.python = python;
  options.worker_path = ASSAY_SOURCE_DIR "/worker";
  MathVerifyClient library(options);
  // Started and warm before the clock runs.
  if (const auto first = library.equivalent("1", "$1$"); !first) {
    fmt::print(stderr, "Math-Verify does not answer: {}\n", first.error().why);
    return;
  }
  std::map<std::string, Tally> tallies;
  for (const Answer& answer : answers) {
    Tally& tally = tallies[answer.set];
    ++tally.answers;
    auto start = SteadyClock::now();
    const bool expected = library.equivalent(answer.gold, answer.output).value_or(false);
    tally.library_s += seconds_since(start);
    start = SteadyClock::now();
    const MathJudgement ours = judge_math(answer.gold, answer.output, &library);
    tally.ours_s += seconds_since(start);
    tally.asked += ours.used_oracle ? 1 : 0;
    tally.differing += ours.correct != expected ? 1 : 0;
    tally.library_agrees += expected == answer.recorded ? 1 : 0;
    tally.ours_agrees += ours.correct == answer.recorded ? 1 : 0;
    if (ours.correct != expected)
      fmt::print("differs: {} against {}\n", answer.gold, ours.extracted);
  }
  Tally all;
  for (const auto& [set, tally] : tallies) {
    all.answers += tally.answers;
    all.library_s += tally.library_s;
    all.ours_s += tally.ours_s;
    all.asked += tally.asked;
    all.differing += tally.differing;
    all.library_agrees += tally.library_agrees;
    all.ours_agrees += tally.ours_agrees;
  }
  tallies["together"] = all;
  fmt::print("{:14} {:>7} {:>14} {:>12} {:>7} {:>10} {:>9} {:>18}\n", "answers", "n",
             "Math-Verify/s", "ours/s", "times", "fast path", "differing", "agree with record");
  for (const auto& [set, t] : tallies) {
    const double n = t.answers;
    fmt::print("{:14} {:>7} {:>14.0f} {:>12.0f} {:>7.1f} {:>9.1f}% {:>9} {:>7} ours {:>5}\n", set,
               t.answers, n / t.library_s, n / t.ours_s, t.library_s / t.ours_s,
               100.0 * (n - t.asked) / n, t.differing, t.library_agrees, t.ours_agrees);
  }
}

std::string run(std::vector<std::string> argv) {
  SpawnOptions options;
  options.argv = std::move(argv);
  const auto result = run_command(options, "", std::chrono::minutes(5), 512UL << 20);
  if (!result || result->exit_code != 0) {
    fmt::print(stderr, "cannot run {}\n", options.argv[0]);
    return "";
  }
  return result->out;
}

void bench_mmlu_pro(const std::string& shared, const std::string& python) {
  std::vector<std::string> outputs;
  for (const auto& [name, field] :
       {std::pair<std::string, std::string>{"Qwen1.5-72B-Chat", "generated_text"},
        {"gemini-1.5-flash-002", "model_outputs"}}) {
    const std::string zip = shared + "/data/mmlu_pro/model_outputs_" + name + "_5shots.zip";
    const Json rows = Json::parse(run({"unzip", "-p", zip, "*.json", "-x", "__MACOSX/*"}), nullptr,
                                  /*allow_exceptions=*/false);
    for (const Json& row : rows) {
      outputs.push_back(row[field].is_string() ? row[field].get<std::string>() : std::string());
    }
  }
  std::string letters;
  const auto start = SteadyClock::now();
  for (const std::string& output : outputs) {
    const auto found = extract_choice(output);
    letters.push_back(found ? found->letter : '-');
  }
  const double ours_s = seconds_since(start);
  const Json theirs = Json::parse(
      run({python, ASSAY_SOURCE_DIR "/bench/score/mmlu_pro_re.py", shared}), nullptr, false);
  if (!theirs.is_object()) return;
  const auto expected = theirs["letters"].get<std::string>();
  std::size_t differing = letters.size() == expected.size() ? 0 : letters.size();
  for (std::size_t i = 0; differing == 0 && i < letters.size(); ++i) {
    differing += letters[i] != expected[i] ? 1 : 0;
  }
  const double n = static_cast<double>(outputs.size());
  const double re_s = theirs["seconds"].get<double>();
  fmt::print(
      "MMLU-Pro extraction: {} outputs, Python re {:.0f}/s, ours {:.0f}/s, {:.1f} times, "
      "differing {}\n",
      outputs.size(), n / re_s, n / ours_s, re_s / ours_s, differing);
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  const auto setting = [](const char* name, const char* fallback) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr ? value : fallback);
  };
  const std::string shared = argc > 1 ? argv[1] : setting("ASSAY_SHARED", "../shared");
  const std::string python = argc > 2 ? argv[2] : setting("ASSAY_PYTHON", ".venv/bin/python");
  if (!std::filesystem::exists(shared + "/data/verdicts")) {
    fmt::print("nothing to grade: no recorded answers in {}/data (ASSAY_SHARED names another)\n",
               shared);
    return 0;
  }
  assay::pin_to_one_core();
  assay::bench_math(shared, python);
  assay::bench_mmlu_pro(shared, python);
  return 0;
}
