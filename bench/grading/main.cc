// Programs graded per second, and the same verdicts at every load. See CMakeLists.txt for its use.
#include <fmt/format.h>

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <thread>

#include "base/json.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "samples.h"
#include "sandbox/launch.h"
#include "sandbox/sandbox.h"

namespace assay {
namespace {

struct Graded {
  std::vector<ProgramResult> results;
  double seconds = 0;
  double cpu_seconds = 0;  // ours, the zygotes' and the programs'
};

// CPU time of this process and of all below it, with those they have waited for.
double cpu_seconds_so_far() {
  std::multimap<pid_t, std::pair<pid_t, double>> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "stat");
    std::string text;
    if (!std::getline(file, text)) continue;
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::vector<std::string> words(std::istream_iterator<std::string>(fields), {});
    double ticks = 0;
    for (std::size_t i = 11; i < 15; ++i) ticks += std::stod(words[i]);
    children.emplace(std::stoi(words[1]), std::pair(std::stoi(name), ticks));
  }
  double ticks = 0;
  std::vector<pid_t> todo = {::getpid()};
  for (std::size_t i = 0; i < todo.size(); ++i) {
    const auto [first, last] = children.equal_range(todo[i]);
    for (auto it = first; it != last; ++it) {
      todo.push_back(it->second.first);
      ticks += it->second.second;
    }
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK)) +
         static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

Result<Graded> grade(const std::vector<Program>& programs, const std::string& python, int jobs) {
  Sandbox sandbox = TRY(Sandbox::create({.python = python, .runners = jobs}));
  for (int i = 0; i < jobs; ++i) TRY(sandbox.run(programs.front()));  // warm up
  Graded out;
  out.results.resize(programs.size());
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  const double cpu_before = cpu_seconds_so_far();
  const auto begin = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < jobs; ++t) {
      threads.emplace_back([&] {
        for (std::size_t i = next++; i < programs.size() && !failed; i = next++) {
          auto ran = sandbox.run(programs[i]);
          if (ran) {
            out.results[i] = *std::move(ran);
          } else {
            fmt::print("{}\n", ran.error().to_string());
            failed = true;
          }
        }
      });
    }
  }
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  out.cpu_seconds = cpu_seconds_so_far() - cpu_before;
  return out;
}

void print_counts(const Graded& graded) {
  std::map<std::string, int> counts;
  for (const ProgramResult& result : graded.results) ++counts[to_string(result.verdict)];
  for (const auto& [verdict, count] : counts) fmt::print("  {:<16} {}\n", verdict, count);
}

// The usual way, in a sandbox of its own because the programs are no less hostile there.
Result<Json> process_each(const std::vector<Program>& programs, const std::string& python) {
  const Interpreter interpreter = TRY(probe_interpreter(python));
  Json input = Json::array();
  for (const Program& p : programs) input.push_back(p.source + "\n" + p.tests.front().input);
  SpawnOptions options;
  options.argv = {"bwrap",
                  "--unshare-all",
                  "--die-with-parent",
                  "--clearenv",
                  "--ro-bind",
                  "/usr",
                  "/usr",
                  "--symlink",
                  "usr/lib",
                  "/lib",
                  "--symlink",
                  "usr/lib64",
                  "/lib64",
                  "--proc",
                  "/proc",
                  "--dev",
                  "/dev",
                  "--tmpfs",
                  "/tmp",
                  "--ro-bind",
                  ASSAY_BASELINE,
                  "/bench.py",
                  interpreter.executable,
                  "/bench.py"};
  const auto ran = TRY(run_command(options, dump_json(input), std::chrono::hours(2)));
  if (ran.exit_code != 0) return environment_error("the comparison failed", ran.err, "");
  return parse_json(ran.out, "its answer");
}

int count_differences(const Graded& a, const Graded& b) {
  int out = 0;
  for (std::size_t i = 0; i < a.results.size(); ++i) {
    if (a.results[i].verdict == b.results[i].verdict) continue;
    ++out;
    fmt::print("  sample {}: {} ({}) and {} ({})\n", i, to_string(a.results[i].verdict),
               a.results[i].detail, to_string(b.results[i].verdict), b.results[i].detail);
  }
  return out;
}

struct Options {
  std::string data;
  std::string python;
  std::vector<int> jobs = {2};
  int per_problem = 100;
  bool baseline = false;
  bool gold = false;
  bool trivial = false;
};

Status run_gold(const Options& options) {
  for (const char* file : {"HumanEvalPlus.jsonl.gz", "MbppPlus.jsonl.gz"}) {
    const auto programs = TRY(load_canonical(std::filesystem::path(options.data) / file));
    const Graded graded = TRY(grade(programs, options.python, options.jobs.front()));
    fmt::print("{}: {} canonical solutions\n", file, programs.size());
    print_counts(graded);
    for (std::size_t i = 0; i < programs.size(); ++i) {
      if (graded.results[i].verdict == ProgramVerdict::passed) continue;
      fmt::print("  row {}: {}\n", i, graded.results[i].detail);
    }
  }
  return {};
}

// CPU time from request to verdict of a program that does next to nothing.
Status run_trivial(const Options& options) {
  constexpr int kPrograms = 500;
  for (const bool scientific : {false, true}) {
    Program program;
    program.source = "print(int(input()) + 1)";
    program.tests = {{"41\n", "42\n"}};
    program.needs_scientific = scientific;
    const Graded graded = TRY(grade(std::vector(kPrograms, program), options.python, 1));
    fmt::print("{}: {:.2f} ms of CPU, {:.2f} ms in all\n", scientific ? "scientific" : "plain",
               graded.cpu_seconds * 1e3 / kPrograms, graded.seconds * 1e3 / kPrograms);
  }
  return {};
}

Status run_samples(const Options& options) {
  std::vector<Program> programs = TRY(load_samples(options.data, options.per_problem));
  std::vector<Graded> runs;
  for (const int jobs : options.jobs) {
    runs.push_back(TRY(grade(programs, options.python, jobs)));
    fmt::print("{} programs, {} at a time: {:.1f} s\n", programs.size(), jobs, runs.back().seconds);
    print_counts(runs.back());
    fmt::print("  {} verdicts differ from the first run\n",
               count_differences(runs.front(), runs.back()));
  }
  // Speed is compared where no time limit decides it.
  std::vector<Program> quick;
  std::vector<bool> passed;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const ProgramVerdict verdict = runs.front().results[i].verdict;
    if (verdict == ProgramVerdict::time_limit) continue;
    quick.push_back(programs[i]);
    passed.push_back(verdict == ProgramVerdict::passed);
  }
  const Graded timed = TRY(grade(quick, options.python, options.jobs.front()));
  const double rate = static_cast<double>(quick.size()) / timed.seconds;
  const auto per_program_ms = [&](double cpu_s) {
    return cpu_s * 1e3 / static_cast<double>(quick.size());
  };
  fmt::print("{} that do not time out: {:.1f} s, {:.0f} a second, {:.2f} ms of CPU each\n",
             quick.size(), timed.seconds, rate, per_program_ms(timed.cpu_seconds));
  if (!options.baseline) return {};
  const Json usual = TRY(process_each(quick, options.python));
  const double usual_rate = static_cast<double>(quick.size()) / usual["seconds"].get<double>();
  int differences = 0;
  for (std::size_t i = 0; i < quick.size(); ++i) {
    differences += (usual["outcomes"][i].get<std::string>() == "passed") != passed[i] ? 1 : 0;
  }
  const double usual_cpu = usual["cpu_seconds"].get<double>();
  fmt::print("a process each: {:.0f} a second, {:.2f} ms of CPU each; {} outcomes differ\n",
             usual_rate, per_program_ms(usual_cpu), differences);
  fmt::print("{:.1f} times the programs a second, {:.1f} times by CPU time\n", rate / usual_rate,
             usual_cpu / timed.cpu_seconds);
  return {};
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  assay::Options options;
  CLI::App app{"programs graded per second"};
  app.add_option("--data", options.data);
  app.add_option("--python", options.python)->required();
  app.add_option("--jobs", options.jobs)->delimiter(',');
  app.add_option("--per-problem", options.per_problem);
  app.add_flag("--baseline", options.baseline, "also a fresh process a sample");
  app.add_flag("--gold", options.gold, "canonical solutions instead of recorded samples");
  app.add_flag("--trivial", options.trivial, "CPU time of a trivial program");
  CLI11_PARSE(app, argc, argv);
  const assay::Status done = options.trivial ? run_trivial(options)
                             : options.gold  ? run_gold(options)
                                             : run_samples(options);
  if (done) return 0;
  fmt::print("{}\n", done.error().to_string());
  return 3;
}
