// assay pass1: pass@1, and with several samples an item pass@k, of code tasks for one model,
// without a plan.
#include <fmt/format.h>

#include <optional>
#include <vector>

#include "base/text.h"
#include "cli/command.h"
#include "cli/engine_setting.h"
#include "cli/plan_options.h"
#include "cli/run_flow.h"
#include "report/terminal.h"
#include "stats/proportion.h"
#include "task/task.h"

namespace assay {
namespace {

struct Pass1Options {
  std::string model;
  std::vector<std::string> tasks = {"livecodebench", "scicode"};
  std::string data;
  std::string out = "pass1-run";
  int tensor_parallel_size = 1;
  int limit = 20;
  int max_tokens = 1024;
  int max_model_len = 4096;
  int samples = 1;
  std::optional<double> temperature;  // none: greedy, and 0.8 with several samples
  std::optional<double> top_p;
  std::vector<int> ks;  // none: 1 and what the report shows
  double timeout_s = 0;
  std::vector<std::string> engine;
  std::vector<std::string> accept_missing;
};

// Chen et al. 2021 (arXiv:2107.03374, 3.2) sample at 0.8 where many samples are drawn.
constexpr double kSamplingTemperature = 0.8;

Result<nlohmann::json> engine_args(const Pass1Options& options) {
  nlohmann::json args = {{"max_model_len", options.max_model_len}};
  if (options.tensor_parallel_size > 1) args["tensor_parallel_size"] = options.tensor_parallel_size;
  for (const std::string& setting : options.engine) {
    auto [key, value] = TRY(engine_setting(setting));
    args[key] = std::move(value);
  }
  return args;
}

nlohmann::json sampling_of(const Pass1Options& options) {
  nlohmann::json sampling = nlohmann::json::object();
  if (options.temperature) {
    sampling["temperature"] = *options.temperature;
  } else if (options.samples > 1) {
    sampling["temperature"] = kSamplingTemperature;
  }
  if (options.top_p) sampling["top_p"] = *options.top_p;
  return sampling;
}

Result<Plan> plan_of(const Pass1Options& options) {
  Plan plan;
  plan.file = TRY(absolute_path("pass1.yaml"));
  plan.name = "pass1";
  plan.engine.args = TRY(engine_args(options));
  plan.sandbox.accept_missing = options.accept_missing;
  std::string model = options.model;
  std::error_code code;
  if (std::filesystem::is_directory(model, code)) {
    model = TRY(absolute_path(model)).lexically_normal();
  }
  VariantSpec variant;
  variant.name = "model";
  variant.model = model;
  variant.baseline = true;
  plan.variants.push_back(variant);
  for (const std::string& name : options.tasks) {
    const Task* task = find_task(name);
    if (task == nullptr || task->kind != TaskKind::code) {
      return usage_error(bilingual("no code task is called {}", "没有名为 {} 的代码任务", name),
                         {"pass@1 needs programs to run", "pass@1 需要能运行的程序"},
                         {"use livecodebench, scicode, humaneval or mbpp",
                          "请用 livecodebench、scicode、humaneval 或 mbpp"});
    }
    TaskSpec spec;
    spec.name = name;
    spec.benchmark = name;
    spec.limit = options.limit;
    spec.max_gen_toks = options.max_tokens;
    spec.repeats = options.samples;
    spec.sampling = sampling_of(options);
    if (options.timeout_s > 0) spec.options["time_limit_s"] = options.timeout_s;
    plan.tasks.push_back(spec);
  }
  return plan;
}

Status check_options(const Pass1Options& options) {
  if (options.limit < 1 || options.max_tokens < 1 || options.tensor_parallel_size < 1 ||
      options.samples < 1) {
    return usage_error(
        {"a number is too small", "有一个数太小"},
        {"limit, tokens, GPUs and samples start at 1", "题数、token 数、GPU 数和采样数都从 1 开始"},
        {"see assay pass1 --help", "见 assay pass1 --help"});
  }
  if (options.samples > 1 && options.temperature && *options.temperature <= 0) {
    return usage_error(
        bilingual("{0} samples at temperature 0 are {0} times the same answer",
                  "温度为 0 时采样 {0} 次，得到 {0} 次同样的回答", options.samples),
        {"pass@k asks how often different answers pass", "pass@k 问的是不同的回答有多少通过"},
        {"give a --temperature above 0", "给一个大于 0 的 --temperature"});
  }
  for (const int k : options.ks) {
    if (k >= 1 && k <= options.samples) continue;
    return usage_error(bilingual("pass@{} cannot be told from {} samples",
                                 "pass@{} 无法由 {} 次采样得出", k, options.samples),
                       {"k is from 1 to the number of samples an item", "k 从 1 到每题的采样数"},
                       {"give more --samples, or another --k", "增大 --samples，或换一个 --k"});
  }
  return {};
}

// One line a task: the unbiased estimate over all items, of which each needs k scored samples.
void print_pass_at(const RunReport& report, std::vector<int> ks, int samples,
                   const Session& session) {
  if (ks.empty()) {
    for (int k = 1; k <= samples; k *= 2) ks.push_back(k);
  }
  for (const TaskValues& task : report.tasks) {
    std::vector<Samples> items;
    for (const ItemValues& item : report.items) {
      const auto& output = item.outputs.front();
      if (item.task == task.name && output) items.push_back({output->samples, output->passed});
    }
    for (const int k : ks) {
      const MeanPassAtK found = mean_pass_at_k(items, k);
      const std::string mean = found.items == 0 ? "-" : fmt::format("{:.2f} %", 100 * found.mean);
      print_out(session, bilingual("{} pass@{}: {} ({} items)\n", "{} pass@{}：{}（{} 题）\n",
                                   task.name, k, mean, found.items));
    }
  }
}

Result<int> pass1(const Pass1Options& options, const Session& session) {
  TRY(check_options(options));
  RunFlow flow{options.data, TRY(absolute_path(options.out))};
  const RunReport report = TRY(run_to_report(TRY(plan_of(options)), flow, session));
  print_out(terminal_table(report, session.style()));
  print_pass_at(report, options.ks, options.samples, session);
  print_out(session, bilingual("all of it: {}\n", "全部数据：{}\n",
                               (flow.out / "results" / "model" / "pass1.json").string()));
  return kExitDone;
}

}  // namespace

void add_pass1(CLI::App& app, Session& session) {
  auto options = std::make_shared<Pass1Options>();
  CLI::App* command = app.add_subcommand("pass1", "pass@1 and pass@k of code tasks for one model.");
  command->add_option("--model", options->model, "Hub id or folder")->required();
  command->add_option("--tensor-parallel-size", options->tensor_parallel_size,
                      "GPUs to split it over");
  command->add_option("--tasks", options->tasks, "livecodebench, scicode, humaneval, mbpp")
      ->delimiter(',');
  command->add_option("--limit", options->limit, "Items a task")->capture_default_str();
  command->add_option("--max-tokens", options->max_tokens, "Output tokens an answer")
      ->capture_default_str();
  command->add_option("--max-model-len", options->max_model_len, "Context length")
      ->capture_default_str();
  command->add_option("--samples", options->samples, "Answers an item")->capture_default_str();
  command->add_option("--temperature", options->temperature,
                      "Of sampling; default: 0 (greedy), with several samples 0.8");
  command->add_option("--top-p", options->top_p, "Of sampling; default: 1");
  command->add_option("--k", options->ks, "pass@k to print, as 1,10; default: 1, 2, 4, ...")
      ->delimiter(',');
  command->add_option("--timeout-s", options->timeout_s,
                      "CPU seconds a test; default: the benchmark's");
  command->add_option("--engine", options->engine, "Engine argument KEY=VALUE (repeatable)");
  command
      ->add_option("--accept-missing", options->accept_missing,
                   "Part of the sandbox that may be missing: memory_cgroup")
      ->check(CLI::IsMember({kMemoryCgroup}));
  command->add_option("--data", options->data, "Folder with the data sets' files; else the hub");
  command->add_option("--out", options->out, "The run's folder")->capture_default_str();
  command->footer(
      "Example:\n  assay pass1 --model Qwen/Qwen3-32B --tensor-parallel-size 2 --limit 20 --out "
      "code-run");
  command->callback([options, &session] { finish(session, pass1(*options, session)); });
}

}  // namespace assay
