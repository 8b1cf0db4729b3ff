// A million samples (500,000 items, two models, four tasks) in lm-eval's layout, compared and
// reported; then the same with pandas and statsmodels. Each runs in a process of its own, of which
// wall time and peak memory are printed.
//   report_bench [ITEMS]
// Or large files, compared alone: sample files of GB gigabytes a side, with lines of about BYTES.
//   report_bench --large GB [BYTES]
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/files.h"
#include "compare/compare_folders.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr int kTasks = 4;

// SplitMix64: the same files everywhere.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

bool is_right(std::uint64_t item, bool candidate) {
  const bool right = mixed(item) % 100 < 80;
  return candidate && mixed(item ^ 0xabcdefULL) % 100 < 4 ? !right : right;
}

// `text_bytes`: of a prompt and an output; the rest of a line takes about 270.
void write_samples(const fs::path& folder, int items, std::size_t text_bytes) {
  const std::string text(text_bytes, 'x');
  for (const bool candidate : {false, true}) {
    const fs::path model = folder / (candidate ? "fp8" : "bf16") / "model";
    fs::create_directories(model);
    for (int task = 0; task < kTasks; ++task) {
      std::ofstream out(model / fmt::format("samples_task{}_2026-01-01T00-00-00.jsonl", task));
      for (int i = 0; i < items / kTasks; ++i) {
        const auto item = static_cast<std::uint64_t>(task) * 100000000 + static_cast<unsigned>(i);
        out << fmt::format(
            "{{\"doc_id\": {}, \"doc\": {{\"question\": \"{}\"}}, \"target\": \"A\", \"filter\": "
            "\"none\", \"metrics\": [\"acc\"], \"doc_hash\": \"{:016x}{:016x}\", \"prompt_hash\": "
            "\"{:016x}\", \"acc\": {}}}\n",
            i, text, mixed(item), mixed(item + 1), mixed(item + 2),
            is_right(item, candidate) ? "1.0" : "0.0");
      }
    }
  }
}

int compare(const fs::path& folder) {
  const auto report = compare_folders(
      {.base = (folder / "bf16").string(), .candidates = {(folder / "fp8").string()}});
  if (!report) {
    fmt::print(stderr, "{}\n", report.error().to_string());
    return 1;
  }
  const bool written = write_file_atomic(folder / "summary.md", comparison_markdown(*report)) &&
                       write_file_atomic(folder / "compare.json", comparison_json(*report)) &&
                       write_file_atomic(folder / "junit.xml", comparison_junit(*report));
  fmt::print("{}", comparison_text(*report));
  return written ? 0 : 1;
}

void measure(const char* name, const std::function<void()>& body) {
  const auto begin = std::chrono::steady_clock::now();
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  fmt::print("{:<24} {:7.2f} s wall {:7.2f} s CPU {:6.0f} MB{}\n\n", name, wall.count(),
             static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
             static_cast<double>(usage.ru_maxrss) / 1024, status == 0 ? "" : " FAILED");
}

}  // namespace
}  // namespace assay

namespace assay {
namespace {

int run_large(const fs::path& folder, double gigabytes, std::size_t line_bytes) {
  constexpr std::size_t kRest = 270;
  const std::size_t text = line_bytes > kRest ? line_bytes - kRest : 1;
  const auto items = static_cast<int>(gigabytes * 1e9 / static_cast<double>(text + kRest));
  write_samples(folder, items, text);
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  fmt::print("{} items, {:.2f} GB of samples in all\n", items, static_cast<double>(bytes) / 1e9);
  measure("assay",
          [&] { execl("/proc/self/exe", "report_bench", "--compare", folder.c_str(), nullptr); });
  fs::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--compare") return assay::compare(argv[2]);
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("assay_report_bench_{}", getpid());
  if (argc >= 3 && std::string(argv[1]) == "--large") {
    const std::size_t line_bytes = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 2000;
    return assay::run_large(folder, std::strtod(argv[2], nullptr), line_bytes);
  }
  const int items = argc > 1 ? std::atoi(argv[1]) : 500000;
  assay::write_samples(folder, items, 600);
  const std::string script = std::string(ASSAY_SOURCE_DIR) + "/bench/report/with_pandas.py";
  const std::string python = std::string(ASSAY_SOURCE_DIR) + "/.venv/bin/python";
  fmt::print("{} samples of two models, compared and reported\n", 2 * items);
  assay::measure("assay", [&] {
    execl("/proc/self/exe", "report_bench", "--compare", folder.c_str(), nullptr);
  });
  assay::measure("pandas and statsmodels", [&] {
    execl(python.c_str(), python.c_str(), script.c_str(), folder.c_str(), nullptr);
  });
  std::filesystem::remove_all(folder);
  return 0;
}
