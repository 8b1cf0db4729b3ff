#include "cli/world.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <random>
#include <thread>

#include "base/files.h"
#include "base/hash.h"
#include "base/language.h"
#include "cli/data_notes.h"
#include "cli/endpoint.h"
#include "cli/hub_requests.h"
#include "engine/fingerprint.h"
#include "engine/model_folder.h"
#include "engine/process_tree.h"
#include "engine/worker_engine.h"
#include "plan/endpoint.h"
#include "run/keys.h"
#include "sandbox/memory_cgroup.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr int kMostGraders = 32;

// Packages whose version can change a model's output.
constexpr const char* kComputing[] = {
    "torch", "transformers", "tokenizers", "compressed-tensors", "triton", "flashinfer-python"};

std::string random_token() {
  std::random_device device;
  return sha256_hex(fmt::format("{}-{}-{}", device(), device(), ::getpid())).substr(0, 24);
}

// GPUs the engine leaves its cores to: it needs about one core a GPU then, else all it can get.
bool has_gpu() {
  std::error_code code;
  return fs::exists("/dev/nvidiactl", code) || fs::exists("/dev/kfd", code);
}

int cores_allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

// Programs graded at a time: ASSAY_GRADERS, else the cores the engine does not need.
Result<int> grader_count(const Plan& plan) {
  const int cores = cores_allowed();
  if (const char* given = std::getenv("ASSAY_GRADERS")) {
    const std::string_view text(given);
    int count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size() || count < 1 || count > 256) {
      return usage_error(bilingual("ASSAY_GRADERS is '{}'", "ASSAY_GRADERS 是 '{}'", text),
                         {"it says how many programs are graded at a time", "它是同时评分的程序数"},
                         {"use a whole number from 1 to 256", "用 1 到 256 的整数"});
    }
    return count;
  }
  if (!has_gpu()) return std::clamp(cores / 2, 1, kMostGraders);
  return std::clamp(cores - 1 - rank_count(plan.engine.args), 1, kMostGraders);
}

MathVerifyOptions math_verify_options(const std::string& python, const Deadline& until) {
  MathVerifyOptions options;
  options.python = python;
  options.until = until;
  return options;
}

}  // namespace

std::string math_task_of(const Plan& plan) {
  for (const TaskSpec& spec : plan.tasks) {
    const Task* task = find_task(spec.benchmark);
    if (task != nullptr && task->asks_oracle && spec.harness == Harness::native) return spec.name;
  }
  return "";
}

Result<std::unique_ptr<MathVerifyClient>> start_math_verify(const std::string& python,
                                                            const std::string& task,
                                                            const Deadline& until) {
  auto client = std::make_unique<MathVerifyClient>(math_verify_options(python, until));
  const Status started = client->start();
  if (started) return client;
  const Error& error = started.error();
  if (until.stopped()) return std::unexpected(interrupted_error());
  if (until.passed()) {
    return environment_error(
        {"the budget ended before anything was run", "还没有运行任何东西，预算就用完了"},
        {"finding models and data, and starting Math-Verify, took all of it",
         "寻找模型和数据、启动 Math-Verify 用去了全部"},
        {"give it more", "增大预算"});
  }
  const bool no_worker = error.why.find("assay_worker") != std::string::npos;
  return environment_error(
      bilingual("task {} cannot be graded: Math-Verify does not work in {}",
                "任务 {} 无法评分：Math-Verify 在 {} 中不能工作", task, python),
      error.why.empty() ? error.what : error.what + ": " + error.why,
      no_worker ? bilingual("run tools/setup, or `{} -m pip install` on assay's worker folder",
                            "运行 tools/setup，或用 `{} -m pip install` 安装 assay 的 worker 目录",
                            python)
                : bilingual("`{} -m pip install math-verify==0.9.0`, or name another Python in "
                            "ASSAY_PYTHON or engine.python",
                            "`{} -m pip install math-verify==0.9.0`，或在 ASSAY_PYTHON 或 "
                            "engine.python 里指明另一个 Python",
                            python));
}

Result<std::string> find_grade_python(const std::string& given) {
  if (!given.empty()) return given;
  if (const char* env = std::getenv("ASSAY_GRADE_PYTHON")) return std::string(env);
  std::error_code code;
  for (fs::path start : {fs::current_path(code), fs::read_symlink("/proc/self/exe", code)}) {
    for (; !start.empty() && start != start.root_path(); start = start.parent_path()) {
      const fs::path candidate = start / ".venv-grade/bin/python3";
      if (fs::exists(candidate, code)) return candidate.string();
    }
  }
  return environment_error(
      {"no Python for graded programs", "没有运行被评程序的 Python"},
      {"there is no .venv-grade here or above", "这里及以上各级都没有 .venv-grade"},
      {"run `tools/setup --grade`, or set ASSAY_GRADE_PYTHON",
       "运行 `tools/setup --grade`，或设置 ASSAY_GRADE_PYTHON"});
}

void apply_env(const Plan& plan) {
  for (const auto& [name, value] : plan.env) ::setenv(name.c_str(), value.c_str(), 1);
}

World::World(const Plan& plan, WorldOptions options, PythonEnv python)
    : plan_(plan),
      options_(std::move(options)),
      python_(std::move(python)),
      run_token_(random_token()) {}

Result<std::unique_ptr<World>> World::make(const Plan& plan, WorldOptions options) {
  apply_env(plan);
  const PythonSearch search = python_search_here(plan.engine.python);
  // What another worker needs is its own affair.
  const bool ours = plan.engine.kind == kVllmKind || plan.engine.kind == kScriptedKind;
  PythonEnv python = TRY(ours ? find_worker_python(search) : find_python(search));
  const bool code = std::any_of(plan.tasks.begin(), plan.tasks.end(), [](const TaskSpec& spec) {
    const Task* task = find_task(spec.benchmark);
    return task != nullptr && task->kind == TaskKind::code;
  });
  if (code) options.grade_python = TRY(find_grade_python(options.grade_python));
  const int graders = TRY(grader_count(plan));
  std::unique_ptr<World> world(new World(plan, std::move(options), std::move(python)));
  world->graders_ = graders;
  return world;
}

HubClient World::hub() const {
  HubClient client;
  client.python = python_.python.string();
  client.until = options_.until;
  client.on_fetch = options_.fetching;
  return client;
}

Status World::check_downloads() {
  in_cache_ = TRY(assay::check_downloads(
      plan_, {options_.data.string(), options_.output, options_.until}, options_.frozen, python_));
  return {};
}

Result<HubResult> World::fetch(const HubRequest& request) const {
  const auto known = std::ranges::find(in_cache_, request, &InCache::request);
  return known != in_cache_.end() ? known->result : hub_fetch(hub(), request);
}

fs::path World::hash_cache() const {
  if (const char* cache = std::getenv("XDG_CACHE_HOME")) {
    return fs::path(cache) / "assay" / "hashes.json";
  }
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : "/tmp") / ".cache" / "assay" / "hashes.json";
}

Result<LocatedData> World::locate_data(const TaskSpec& spec, const Task& task) {
  if (const auto folder = local_folder(spec, plan_, options_.data.string())) {
    return LocatedData{*folder, false, ""};
  }
  const HubRequest request = data_request(spec, task, options_.frozen);
  const HubResult found = TRY(fetch(request));
  if (found.status == HubStatus::gated) return LocatedData{"", true, ""};
  if (!found.usable()) return std::unexpected(hub_error(request, found));
  return LocatedData{found.folder.string(), false, found.commit};
}

Result<ResolvedVariant> World::locate_served(const VariantSpec& spec) {
  const nlohmann::json args = merged_engine_args(plan_, spec);
  std::string tokenizer;
  if (endpoint_mode(args) == "completions") tokenizer = args.value("tokenizer", std::string());
  if (!tokenizer.empty() && !is_local(tokenizer)) {
    const HubRequest request = tokenizer_request(tokenizer);
    const HubResult found = TRY(fetch(request));
    if (!found.usable()) return std::unexpected(hub_error(request, found));
    tokenizer = found.folder.string();
  }
  return served_variant(plan_, spec, tokenizer);
}

Result<ResolvedVariant> World::locate_model(const VariantSpec& spec) {
  if (plan_.engine.kind == kEndpointKind) return locate_served(spec);
  ResolvedVariant out{spec, spec.model, "", ""};
  if (!is_local(spec.model)) {
    const HubRequest request = model_request(spec, options_.frozen);
    const HubResult found = TRY(fetch(request));
    if (!found.usable()) return std::unexpected(hub_error(request, found));
    out.folder = found.folder.string();
    out.revision = found.commit;
  }
  const nlohmann::json args = merged_engine_args(plan_, spec);
  const bool dummy = args.value("load_format", nlohmann::json()) == "dummy";
  out.quantised = args.contains("quantization") || has_quantised_weights(out.folder);
  (void)make_dirs(hash_cache().parent_path());
  out.fingerprint = TRY(fingerprint_model(out.folder, hash_cache(),
                                          dummy ? Weights::any : Weights::needed, options_.until))
                        .sha256;
  return out;
}

ResolveServices World::resolve_services() {
  ResolveServices services;
  services.locate_data = [this](const TaskSpec& spec, const Task& task) {
    return locate_data(spec, task);
  };
  services.locate_model = [this](const VariantSpec& spec) { return locate_model(spec); };
  services.python = [this]() -> Result<RowsPython> {
    return RowsPython(python_.python.string(), options_.until);
  };
  services.tested = options_.frozen.tested();
  return services;
}

Result<WorkerOptions> World::worker_options(const ResolvedVariant& variant) const {
  const fs::path logs = options_.output / "logs";
  TRY(make_dirs(logs));
  WorkerOptions worker;
  worker.command = {python_.python.string(), "-m", worker_module(plan_.engine)};
  if (const int ranks = rank_count(merged_engine_args(plan_, variant.spec));
      plan_.engine.kind == kVllmKind && ranks > 1) {
    worker.command.insert(worker.command.end(), {"--ranks", std::to_string(ranks)});
  }
  if (plan_.engine.kind == kVllmKind && !variant.folder.empty()) {
    worker.command.insert(worker.command.end(), {"--read-ahead", variant.folder});
  }
  // An engine kind that is no package of ours: tests name the program that plays it.
  if (plan_.engine.kind == kScriptedKind) {
    const char* script = std::getenv("ASSAY_SCRIPTED_WORKER");
    if (script == nullptr) {
      return environment_error("engine kind 'scripted' needs a program",
                               "ASSAY_SCRIPTED_WORKER is not set",
                               "use another kind, or name a worker that speaks the protocol");
    }
    worker.command = {python_.python.string(), script};
  }
  worker.log_file = logs / (variant.spec.name + ".log");
  worker.run_token = run_token_;
  worker.will_load = plan_.engine.kind != kEndpointKind;  // there it only renders
  return worker;
}

Result<std::unique_ptr<Engine>> World::start_engine(const ResolvedVariant& variant,
                                                    const EngineWaits& waits) {
  WorkerOptions worker = TRY(worker_options(variant));
  worker.until = waits.until;
  // A store that cannot be written is told by the next write that has to be.
  worker.while_waiting = [tick = waits.tick] {
    if (tick) static_cast<void>(tick());
  };
  worker.on_progress = waits.on_line;
  if (prepared_ && prepared_->variant == variant.spec.name) {
    WorkerProcess process = std::move(prepared_->process);
    prepared_.reset();
    // One that has died meanwhile says so in its log; a fresh one tells more.
    if (!process.has_ended()) return WorkerEngine::adopt(worker, std::move(process));
  }
  prepared_.reset();  // it has the run's token, by which what an engine left behind is ended
  TRY(kill_leftovers(run_token_, std::chrono::milliseconds(3000)));
  if (plan_.engine.kind != kEndpointKind) return WorkerEngine::start(worker);
  const std::string key_name =
      merged_engine_args(plan_, variant.spec).value("api_key_env", std::string());
  if (!key_name.empty()) worker.env[key_name] = "";  // the renderer has no use for it
  return start_endpoint(plan_, variant, worker.log_file, waits.until,
                        [worker] { return WorkerEngine::start(worker); });
}

// On a CPU the import would take the cores from the engine that answers.
bool World::starts_ahead() const {
  if (plan_.engine.kind == kEndpointKind) return false;
  return plan_.engine.start_ahead.value_or(plan_.engine.kind == kVllmKind && has_gpu());
}

void World::prepare_next(const ResolvedVariant& variant) {
  if (!starts_ahead() || prepared_) return;
  // What goes wrong here goes wrong again, and is told, when its turn comes.
  auto worker = worker_options(variant);
  if (!worker) return;
  if (plan_.engine.kind == kVllmKind) worker->command.push_back("--preload");
  if (auto process = WorkerProcess::start(*worker); process) {
    prepared_.emplace(variant.spec.name, *std::move(process));
  }
}

Result<ProgramResult> World::run_program(const Program& program, const Deadline& until) {
  Sandbox* sandbox = nullptr;
  {
    // Held only until the sandbox is there; it runs as many programs at a time as it has runners.
    const std::lock_guard lock(sandbox_mutex_);
    if (!sandbox_) {
      SandboxOptions options;
      options.python = options_.grade_python;
      options.runners = graders_;
      options.need_cgroup = !plan_.sandbox.accepts(kMemoryCgroup);
      sandbox_ = TRY(Sandbox::create(options));
    }
    sandbox = &*sandbox_;
  }
  return sandbox->run(program, until.or_stop(options_.until.flag()));
}

Status World::try_sandbox() {
  if (options_.grade_python.empty()) return {};
  Program program;
  program.source = "print(int(input()) + 1)";
  program.tests = {{"41\n", "42\n"}};
  const ProgramResult ran = TRY(run_program(program, options_.until.flag_alone()));
  if (ran.verdict == ProgramVerdict::passed) return {};
  return environment_error({"programs cannot be graded here", "这里无法为程序评分"},
                           bilingual("a trial program gave '{}': {}", "试运行的程序给出 '{}'：{}",
                                     to_string(ran.verdict), ran.detail),
                           {"run `assay sandbox check`, which names what this machine lacks",
                            "运行 `assay sandbox check`，它会指出这台机器缺什么"});
}

Status World::try_math_verify() {
  const std::string task = math_task_of(plan_);
  if (task.empty()) return {};
  const auto client = TRY(start_math_verify(python_.python.string(), task, options_.until));
  math_versions_ = client->versions();
  return {};
}

std::vector<std::string> World::missing_sandbox_parts() const {
  if (options_.grade_python.empty() || !MemoryCgroup::available_version().empty()) return {};
  return {kMemoryCgroup};
}

void World::equip(RunServices& services) {
  services.start_engine = [this](const ResolvedVariant& variant, const EngineWaits& waits) {
    return start_engine(variant, waits);
  };
  services.gpus_are_there = [this] { return check_gpus_are_there(plan_, python_, options_.until); };
  services.identity.engine = engine_name(plan_.engine);
  services.start_judge = [this](const JudgeSpec& judge,
                                const EngineWaits& waits) -> Result<JudgeEngine> {
    const fs::path logs = options_.output / "logs";
    TRY(make_dirs(logs));
    return start_endpoint_judge(judge, logs / "judge.log", waits.until);
  };
  services.grader_threads = graders_;
  if (has_gpu()) {
    services.guess = kGpuGuess;
    services.load_limit_s = kGpuLoadLimitS;
  }
  services.run_program = [this](const Program& program, const Deadline& until) {
    return run_program(program, until);
  };
  services.make_oracle = [this]() -> std::unique_ptr<EquivalenceOracle> {
    MathVerifyOptions math = math_verify_options(python_.python.string(), options_.grading);
    math.imitated = math_versions_ == imitated_reference();
    return std::make_unique<MathVerifyClient>(math);
  };
  services.stop = options_.until.flag();
  services.results_folder = (options_.output / "results").string();
  if (plan_.engine.kind == kEndpointKind) return;  // what computes is elsewhere
  if (plan_.engine.kind != kWorkerKind) {
    if (const auto engine = python_.engine()) {
      services.identity.versions[engine->name] = engine->version;
    }
  } else if (const auto* version = python_.version_of(plan_.engine.module)) {
    services.identity.versions[plan_.engine.module] = *version;
  }
  for (const char* name : kComputing) {
    const auto it = python_.packages.find(name);
    if (it != python_.packages.end()) services.identity.versions[name] = it->second;
  }
  services.prepare_next = [this](const ResolvedVariant& variant) { prepare_next(variant); };
}

}  // namespace assay
