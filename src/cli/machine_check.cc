#include "cli/machine_check.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <future>
#include <optional>
#include <set>

#include "base/language.h"
#include "cli/data_notes.h"
#include "cli/endpoint.h"
#include "cli/folders.h"
#include "cli/hub_requests.h"
#include "doctor/ask.h"
#include "doctor/needs.h"
#include "doctor/rules.h"
#include "engine/model_folder.h"
#include "plan/endpoint.h"
#include "task/task.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr Deadline::Seconds kEndpointS{5};

Text no_python() {
  return {"no Python to ask with", "没有可用来询问的 Python"};
}

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double program_written_s() {
  struct stat info{};
  return ::stat("/proc/self/exe", &info) == 0 ? static_cast<double>(info.st_mtim.tv_sec) : 0;
}

// --- what is asked ---

void add_question(std::vector<HubQuestion>& out, HubQuestion question) {
  const bool known =
      std::ranges::any_of(out, [&](const HubQuestion& q) { return q.request == question.request; });
  if (!known) out.push_back(std::move(question));
}

void add_model(const Plan& plan, const VariantSpec& v, const FrozenRevisions& frozen,
               std::vector<HubQuestion>& out) {
  if (plan.engine.kind != kEndpointKind) {
    if (!is_local(v.model)) {
      add_question(out,
                   {bilingual("model {}", "模型 {}", v.name), model_request(v, frozen), false});
    }
    return;
  }
  const nlohmann::json args = merged_engine_args(plan, v);
  const std::string tokenizer = args.value("tokenizer", std::string());
  if (endpoint_mode(args) != "completions" || tokenizer.empty() || is_local(tokenizer)) return;
  add_question(
      out, {bilingual("tokenizer {}", "分词器 {}", v.name), tokenizer_request(tokenizer), false});
}

// As a run on a folder with this frozen plan asks them.
std::vector<HubQuestion> hub_questions(const Plan& plan, const std::string& data,
                                       const FrozenRevisions& frozen = {}) {
  std::vector<HubQuestion> out;
  for (const VariantSpec& v : plan.variants) add_model(plan, v, frozen, out);
  for (const TaskSpec& spec : plan.tasks) {
    const Task* task = find_task_of_either(spec.benchmark);
    if (task == nullptr || local_folder(spec, plan, data)) continue;
    add_question(out, {bilingual("data {}", "数据 {}", spec.name),
                       data_request(spec, *task, frozen), spec.if_gated == IfGated::skip});
  }
  return out;
}

std::vector<PackageNeed> packages_needed(const Plan& plan,
                                         const std::vector<HubQuestion>& questions) {
  std::vector<PackageNeed> out;
  const bool lm_eval = std::ranges::any_of(
      plan.tasks, [](const TaskSpec& t) { return t.harness == Harness::lm_eval; });
  if (lm_eval)
    out.push_back({"lm-eval", {"tasks with harness: lm_eval", "使用 harness: lm_eval 的任务"}});
  if (!questions.empty())
    out.push_back({"huggingface-hub", {"what comes from the hub", "从 hub 取得的内容"}});
  const bool parquet = std::ranges::any_of(questions, [](const HubQuestion& q) {
    return std::ranges::any_of(q.request.allow, [](const std::string& pattern) {
      return pattern.find("parquet") != std::string::npos;
    });
  });
  if (parquet) out.push_back({"pyarrow", {"data sets in Parquet", "Parquet 格式的数据集"}});
  return out;
}

// --- engines ---

Finding endpoint_finding(const Plan& plan, const VariantSpec& spec, const Deadline& until) {
  const Text name = bilingual("endpoint {}", "端点 {}", spec.name);
  const std::string url = merged_engine_args(plan, spec).value("base_url", std::string());
  const ResolvedVariant variant{spec, "", "", ""};
  const auto engine = start_endpoint(plan, variant, "", until.at_most(kEndpointS), nullptr);
  return engine ? ok(name, bilingual("{} serves {}", "{} 提供 {}", url, spec.model))
                : missing(name, engine.error());
}

// Side by side: a dead server takes all of its time.
Findings endpoint_findings(const Plan& plan, const Deadline& until) {
  std::vector<std::future<Finding>> asked;
  asked.reserve(plan.variants.size());
  for (const VariantSpec& spec : plan.variants) {
    asked.push_back(
        std::async(std::launch::async, endpoint_finding, std::cref(plan), std::cref(spec), until));
  }
  Findings out;
  for (std::future<Finding>& one : asked) out.push_back(one.get());
  return out;
}

void add_judges(const Plan& plan, const Deadline& until, Findings& out) {
  for (const TaskSpec& spec : plan.tasks) {
    const Task* task = find_task(spec.benchmark);
    if (task == nullptr || task->judge == nullptr) continue;
    const Result<std::optional<JudgeSpec>> asked =
        task->judge({spec, plan.chat, plan.seed, {}, ""});
    const std::optional<JudgeSpec> judge = asked.value_or(std::nullopt);
    if (!judge || judge->baseline) continue;
    const auto met = start_endpoint_judge(*judge, "", until.at_most(kEndpointS));
    const Text name = bilingual("judge of {}", "{} 的裁判模型", spec.name);
    out.push_back(met ? ok(name, bilingual("{} serves {}", "{} 提供 {}", judge->url, judge->model))
                      : missing(name, met.error()));
  }
}

void add_model_folders(const Plan& plan, const PlanNeeds& needs, Findings& out) {
  for (const VariantNeeds& v : needs.variants) {
    if (!is_local(v.model) || plan.engine.kind == kEndpointKind) continue;
    const Status whole =
        check_model_folder(v.model, v.dummy_weights ? Weights::any : Weights::needed);
    const Text name = bilingual("model {}", "模型 {}", v.name);
    out.push_back(whole ? ok(name, v.model) : missing(name, whole.error()));
  }
}

// --- disk ---

// A plan's env, with the folders that a run with this output has: what whoever is asked sees.
WorkerPython asked_as_in_a_run(const Plan& plan, const MachineCheck& check,
                               const PythonEnv* python) {
  WorkerPython out;
  out.env = plan.env;
  const Environment folders = run_folders(check.output, plan.env);
  out.env.insert(folders.begin(), folders.end());
  std::erase_if(out.env, [](const auto& entry) { return entry.second.empty(); });
  out.until = check.until;
  if (python != nullptr) out.python = python->python.string();
  return out;
}

// `look`: nothing where nothing comes from the hub, or it was not asked.
std::vector<RunFolder> places_of_run(const Plan& plan, const fs::path& output,
                                     const Environment& env, const HubLook* look,
                                     bool comes_from_hub) {
  const char* home_set = std::getenv("HOME");
  const fs::path home = home_set != nullptr ? home_set : "/tmp";
  const auto set = [&](const char* name, const fs::path& otherwise) {
    const auto it = env.find(name);
    return it != env.end() ? fs::path(it->second) : otherwise;
  };
  const fs::path caches = set("XDG_CACHE_HOME", home / ".cache");
  std::vector<RunFolder> out{{{"results", "结果"}, "output", output, 0}};
  if (comes_from_hub) {
    const bool told = look != nullptr && !look->cache.empty();
    out.push_back({{"models and data", "模型与数据"},
                   "HF_HOME",
                   told ? fs::path(look->cache) : set("HF_HOME", caches / "huggingface"),
                   look != nullptr ? look->bytes_to_fetch : 0});
  }
  out.push_back({{"temporary files", "临时文件"}, "TMPDIR", set("TMPDIR", "/tmp"), 0});
  if (plan.engine.kind != kEndpointKind) {
    out.push_back({{"compile caches", "编译缓存"},
                   "XDG_CACHE_HOME",
                   set("VLLM_CACHE_ROOT", caches / "vllm"),
                   0});
  }
  return out;
}

// Where they lie; of those that this cannot be told of, `not_told` says so.
std::vector<PlaceOnDisk> on_disk(const std::vector<RunFolder>& places, Findings& not_told) {
  std::vector<PlaceOnDisk> out;
  for (const RunFolder& place : places) {
    if (const auto on = file_system_of(place.folder); on) {
      out.push_back({place, *on});
    } else {
      not_told.push_back(
          not_checked(bilingual("disk of {}", "磁盘（{}）", place.what), on.error().what));
    }
  }
  return out;
}

// The first thing that is missing, as an error.
Status enough(const Findings& findings) {
  const auto first = std::ranges::find(findings, FindingLevel::missing, &Finding::level);
  if (first == findings.end()) return {};
  return environment_error(
      bilingual("{}: {}", "{}：{}", first->name, first->detail), first->why,
      bilingual("{}; `assay doctor` says more", "{}；详情见 `assay doctor`", first->fix));
}

// --- GPUs ---

struct GpusSeen {
  PlanNeeds needs;
  GpuFacts gpus;
};

// What the driver tells at once; nothing with the CPU build, with another engine than vLLM, and
// where it cannot be asked: that ends no run.
std::optional<GpusSeen> look_at_gpus(const Plan& plan, const PythonEnv& python,
                                     const Deadline& until) {
  const auto package = python.engine();
  if (plan.engine.kind != kVllmKind || !package || is_cpu_build(package->name, package->version)) {
    return std::nullopt;
  }
  GpusSeen out{needs_of(plan, package->name, package->version), {}};
  std::vector<VariantNeeds> local;
  std::ranges::copy_if(out.needs.variants, std::back_inserter(local),
                       [](const VariantNeeds& v) { return is_local(v.model); });
  const WorkerPython where{python.python.string(), plan.env, until};
  const Result<Hardware> hardware = ask_hardware(where, GpuQuestion::ask, local);
  const std::optional<GpuFacts> gpus = hardware ? hardware->gpus : std::nullopt;
  if (!gpus) return std::nullopt;
  out.gpus = *gpus;
  for (VariantNeeds& v : out.needs.variants) {
    const auto it = hardware->models.find(v.model);
    if (it != hardware->models.end()) v.checkpoint = it->second;
  }
  return out;
}

// --- one look at the machine ---

// What was asked beside each other, and what came back.
class Inspection {
 public:
  Inspection(const Plan& plan, const MachineCheck& check, const PythonEnv* python, PlanNeeds needs)
      : plan_(plan),
        check_(check),
        python_(python),
        needs_(std::move(needs)),
        where_(asked_as_in_a_run(plan, check, python)) {
    questions_ = hub_questions(plan, check.data);
    if (python != nullptr && !questions_.empty()) {
      hub_ = std::async(std::launch::async, [this, variants = needs_.variants] {
        return ask_hub(where_, questions_, variants);
      });
    }
  }

  Findings findings() {
    Findings out;
    take(package_findings(
             packages_needed(plan_, questions_),
             python_ != nullptr ? python_->packages : std::map<std::string, std::string>(),
             where_.python),
         out, python_ != nullptr);
    const auto hardware = python_ != nullptr && needs_.device != Device::unknown
                              ? std::optional(ask_hardware(where_, gpu_question(), local_models()))
                              : std::nullopt;
    if (hardware && *hardware) weigh((*hardware)->models);
    const auto hub = hub_answer();
    if (hub && *hub) weigh(**hub);
    device_findings(hardware, out);
    hub_and_clock(hub, out);
    disk(hub, out);
    return out;
  }

  [[nodiscard]] const PlanNeeds& needs() const { return needs_; }

 private:
  static void take(Findings found, Findings& out, bool wanted = true) {
    if (wanted) std::ranges::move(found, std::back_inserter(out));
  }

  [[nodiscard]] GpuQuestion gpu_question() const {
    return needs_.device == Device::cpu ? GpuQuestion::leave : GpuQuestion::ask;
  }

  [[nodiscard]] std::vector<VariantNeeds> local_models() const {
    std::vector<VariantNeeds> out;
    std::ranges::copy_if(needs_.variants, std::back_inserter(out),
                         [](const VariantNeeds& v) { return is_local(v.model); });
    return out;
  }

  std::optional<Result<HubLook>> hub_answer() {
    if (!hub_.valid()) return std::nullopt;
    return hub_.get();
  }

  void weigh(const std::map<std::string, ModelNeeds>& models) {
    for (VariantNeeds& v : needs_.variants) {
      if (const auto it = models.find(v.model); it != models.end()) v.checkpoint = it->second;
    }
  }
  void weigh(const HubLook& look) {
    for (std::size_t i = 0; i < questions_.size() && i < look.found.size(); ++i) {
      for (VariantNeeds& v : needs_.variants) {
        if (v.model == questions_[i].request.id) v.checkpoint = look.found[i].needs;
      }
    }
  }

  void device_findings(const std::optional<Result<Hardware>>& hardware, Findings& out) {
    if (plan_.engine.kind == kEndpointKind) return;  // what computes is elsewhere
    if (!hardware) {
      out.push_back(not_checked("GPUs", needs_.device == Device::unknown
                                            ? Text("what this engine needs is its own affair",
                                                   "这个引擎需要什么由它自己决定")
                                            : no_python()));
      return;
    }
    if (!*hardware) {
      out.push_back(not_checked("GPUs", hardware->error().what + ": " + hardware->error().why,
                                hardware->error().fix));
      return;
    }
    if (needs_.device != Device::gpu) return take(cpu_findings(needs_, **hardware), out);
    gpus(**hardware, out);
  }

  void gpus(const Hardware& hardware, Findings& out) {
    const GpuFacts gpus = hardware.gpus.value_or(GpuFacts{});
    const Findings there = gpu_findings(needs_, gpus);
    take(there, out);
    const bool usable = !gpus.gpus.empty() && !needs_.other_hosts();
    AllReduceRuns sums;
    auto summed = std::async(std::launch::async, [&] { sums = all_reduces(there, usable); });
    const Result<Software> software =
        usable ? ask_software(where_, formats())
               : environment_error("not asked", "there is no GPU to choose for", "");
    summed.get();
    const Software told = software.value_or(Software{.why = software ? "" : software.error().what});
    if (usable) take(torch_findings(gpus, told), out);
    take(gpu_memory_findings(needs_, gpus), out);
    take(kernel_findings(needs_, gpus, told), out);
    take(all_reduce_findings(needs_, gpus, hardware.pci, sums), out);
    if (usable) out.push_back(power_finding(gpus));
    if (python_->packages.contains("nvidia-ml-py")) return;
    out.push_back(
        note({"package nvidia-ml-py", "软件包 nvidia-ml-py"},
             {"not installed; vLLM brings a copy of its own", "没有安装；vLLM 自带一份"}));
  }

  [[nodiscard]] std::vector<std::string> formats() const {
    std::set<std::string> out;
    for (const VariantNeeds& v : needs_.variants) {
      if (v.checkpoint && !v.checkpoint->format.empty()) out.insert(v.checkpoint->format);
    }
    return {out.begin(), out.end()};
  }

  // One after the other: both want all GPUs.
  AllReduceRuns all_reduces(const Findings& there, bool usable) {
    AllReduceRuns out;
    const int ranks = needs_.most_ranks();
    if (ranks == 1) return out;
    if (!usable || anything_missing(there)) {
      out.why_not = {"the ranks have no GPUs to sum over", "各 rank 没有 GPU 可用来求和"};
      return out;
    }
    auto run = ask_all_reduce(where_, ranks, PeerAccess::with);
    if (!run) {
      out.why_not = run.error().what + ": " + run.error().why;
      return out;
    }
    out.with_peers = *std::move(run);
    auto other = ask_all_reduce(where_, ranks, PeerAccess::without);
    if (other) out.without_peers = *std::move(other);
    return out;
  }

  void hub_and_clock(const std::optional<Result<HubLook>>& hub, Findings& out) {
    ClockFacts clock{seconds_since_1970(), program_written_s(), std::nullopt, !questions_.empty()};
    if (questions_.empty()) {
      out.push_back(
          ok("hub", {"not needed: models and data are folders", "不需要：模型与数据都在本地目录"}));
    } else if (!hub) {
      out.push_back(not_checked("hub", no_python()));
    } else if (!*hub) {
      out.push_back(
          not_checked("hub", hub->error().what + ": " + hub->error().why, hub->error().fix));
    } else {
      take(hub_findings(questions_, **hub), out);
      clock.hub_date_s = (*hub)->date_s;
    }
    out.push_back(clock_finding(clock));
  }

  void disk(const std::optional<Result<HubLook>>& hub, Findings& out) {
    const HubLook* look = hub && *hub ? &**hub : nullptr;
    bool known = questions_.empty() || look != nullptr;
    if (look != nullptr) {
      for (const HubSight& sight : look->found) {
        known = known && (sight.online || sight.result.usable());
      }
    }
    const auto places =
        on_disk(places_of_run(plan_, check_.output, where_.env, look, !questions_.empty()), out);
    take(disk_findings(places, other_disks(), known), out);
  }

  const Plan& plan_;
  const MachineCheck& check_;
  const PythonEnv* python_;  // nullptr: there is none
  PlanNeeds needs_;
  WorkerPython where_;
  std::vector<HubQuestion> questions_;
  std::future<Result<HubLook>> hub_;
};

}  // namespace

Findings check_machine(const Plan& plan, const MachineCheck& check) {
  Findings out;
  const PythonSearch search = python_search_here(plan.engine.python);
  const Result<PythonEnv> python = find_python(search);
  const bool endpoint = plan.engine.kind == kEndpointKind;
  const bool ours = plan.engine.kind == kVllmKind || plan.engine.kind == kScriptedKind;
  const Text name = {"engine", "引擎"};
  PythonEnv::Package package;
  if (endpoint) {
    out = endpoint_findings(plan, check.until);
  } else if (!ours) {
    out.push_back(python ? ok(name, bilingual("{0} in {1}", "{0}，位于 {1}", plan.engine.module,
                                              python->python.string()))
                         : missing(name, python.error()));
  } else if (const auto worker = find_worker_python(search); worker) {
    package = worker->engine().value_or(PythonEnv::Package{});
    out.push_back(engine_finding(package.name, package.version, worker->python.string()));
  } else {
    out.push_back(missing(name, worker.error()));
  }
  add_judges(plan, check.until, out);
  PlanNeeds needs = needs_of(plan, package.name, package.version);
  if (!python) {
    // An endpoint in mode chat needs none; what else does says so itself.
    if (endpoint && !hub_questions(plan, check.data).empty()) {
      out.push_back(missing("Python", python.error()));
    }
  }
  Inspection inspection(plan, check, python ? &*python : nullptr, std::move(needs));
  add_model_folders(plan, inspection.needs(), out);
  std::ranges::move(inspection.findings(), std::back_inserter(out));
  return out;
}

Status check_gpus(const Plan& plan, const PythonEnv& python, const Deadline& until) {
  const std::optional<GpusSeen> seen = look_at_gpus(plan, python, until);
  if (until.stopped()) return std::unexpected(interrupted_error());
  if (!seen) return {};
  Findings found = gpu_findings(seen->needs, seen->gpus);
  if (!anything_missing(found)) {
    std::ranges::move(gpu_memory_findings(seen->needs, seen->gpus), std::back_inserter(found));
  }
  return enough(found);
}

Status check_gpus_are_there(const Plan& plan, const PythonEnv& python, const Deadline& until) {
  const std::optional<GpusSeen> seen = look_at_gpus(plan, python, until);
  if (!seen) return {};
  return enough(gpu_findings(seen->needs, seen->gpus));
}

Result<std::vector<InCache>> check_downloads(const Plan& plan, const MachineCheck& check,
                                             const FrozenRevisions& frozen,
                                             const PythonEnv& python) {
  std::vector<InCache> out;
  const std::vector<HubQuestion> questions = hub_questions(plan, check.data, frozen);
  if (questions.empty()) return out;
  const WorkerPython where = asked_as_in_a_run(plan, check, &python);
  const Result<HubLook> look = ask_hub_for_sizes(where, questions);
  if (check.until.stopped()) return std::unexpected(interrupted_error());
  if (!look) return out;
  if (look->bytes_to_fetch > 0) {
    Findings not_told;
    auto places = on_disk(
        places_of_run(plan, check.output, where.env, &*look, /*comes_from_hub=*/true), not_told);
    // Elsewhere nothing comes: prepare_folders() has looked there.
    const auto filled =
        std::ranges::find_if(places, [](const PlaceOnDisk& p) { return p.place.bytes > 0; });
    const fs::path mount = filled != places.end() ? filled->on.mount : fs::path();
    std::erase_if(places, [&](const PlaceOnDisk& p) { return p.on.mount != mount; });
    TRY(enough(space_findings(places)));
  }
  for (std::size_t i = 0; i < questions.size() && i < look->found.size(); ++i) {
    if (look->found[i].whole) out.push_back({questions[i].request, look->found[i].result});
  }
  return out;
}

}  // namespace assay
