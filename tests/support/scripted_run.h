// Whole runs of a small plan against scripted engines, each test in a folder of its own.
#pragma once

#include <atomic>
#include <cstdio>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "run/runner.h"
#include "support/scripted_engine.h"
#include "support/test_folder.h"

namespace assay {

class FunctionOracle final : public EquivalenceOracle {
 public:
  using Function = std::function<std::expected<bool, NoDecision>(const std::string&)>;
  explicit FunctionOracle(Function function) : function_(std::move(function)) {}
  std::expected<bool, NoDecision> equivalent(const std::string&,
                                             const std::string& output) override {
    return function_(output);
  }

 private:
  Function function_;
};

// The plan has no variants and no tasks before the test adds them.
class ScriptedRunTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    run_.plan.name = "test";
    run_.plan.engine.args = {{"max_model_len", 100}};
    run_.plan.fidelity.items = 0;
    run_.plan.canary = false;
  }

  // The first is the baseline.
  void add_variant(const std::string& name) {
    VariantSpec spec;
    spec.name = name;
    spec.model = "/models/" + name;
    spec.baseline = run_.variants.empty();
    run_.variants.push_back({spec, spec.model, "", "fp-" + name});
    run_.plan.variants.push_back(spec);
  }
  void keep_variants(std::size_t count) {
    run_.variants.resize(count);
    run_.plan.variants.resize(count);
  }

  // Items are named by their place: "a0", "a1". Answers have 10 tokens at most. `task` outlives the
  // test.
  ResolvedTask& add_task(const std::string& name, int items, const Task& task) {
    ResolvedTask added;
    added.spec.name = name;
    added.spec.benchmark = task.name;
    added.spec.max_gen_toks = 10;
    added.task = &task;
    run_.tasks.push_back(added);
    add_items(run_.tasks.back(), items);
    return run_.tasks.back();
  }
  // Until the task has so many.
  static void add_items(ResolvedTask& task, int items) {
    for (int i = static_cast<int>(task.items.size()); i < items; ++i) {
      task.items.push_back({task.spec.name + std::to_string(i), "", "", nlohmann::json::object()});
    }
  }

  // A variant that fails is an error.
  Result<RunEnd> go(const RunOptions& options = {}) {
    return end_without_failures(go_to_outcome(options));
  }
  Result<RunOutcome> go_to_outcome(const RunOptions& options = {}) {
    Store store = Store::open(folder_, Store::Mode::write).value();
    std::FILE* said = progress_file_.empty() ? stderr : std::fopen(progress_file_.c_str(), "w");
    Progress progress(said,
                      progress_file_.empty() ? Progress::Style::silent : Progress::Style::plain,
                      script_.clock);
    auto outcome = run_plan(run_, options, services(store, progress));
    if (said != stderr) std::fclose(said);
    return outcome;
  }
  RunServices services(Store& store, Progress& progress) {
    RunServices services{.store = store, .clock = script_.clock, .progress = progress};
    services.start_engine = [this](const ResolvedVariant& variant,
                                   const EngineWaits&) -> Result<std::unique_ptr<Engine>> {
      variant_ = variant.spec.name;
      started_.push_back(variant_);
      return std::make_unique<ScriptedEngine>(script_);
    };
    services.identity = {"fake", {{"fake", version_}}, {}};
    services.run_program = run_program_;
    if (oracle_) {
      services.make_oracle = [this] { return std::make_unique<FunctionOracle>(oracle_); };
    }
    services.grader_threads = 3;
    services.make_graders = make_graders_;
    services.gpus_are_there = gpus_are_there_;
    services.guess = guess_;
    services.stop = &stop_;
    services.results_folder = (folder_ / "results").string();
    return services;
  }

  // Of the last run, where progress_file_ names a file.
  [[nodiscard]] std::string said() const { return read_file(progress_file_).value_or(""); }
  [[nodiscard]] Store stored() const { return Store::open(folder_, Store::Mode::read).value(); }
  [[nodiscard]] std::vector<StoredScore> scores() const { return stored().scores().value(); }
  [[nodiscard]] std::set<std::string> scored_items(const std::string& variant,
                                                   Purpose purpose = Purpose::answer) const {
    std::set<std::string> out;
    for (const StoredScore& s : scores()) {
      if (s.id.variant == variant && s.id.purpose == purpose) out.insert(s.id.item);
    }
    return out;
  }

  std::filesystem::path progress_file_;  // empty: nothing is said
  ResolvedRun run_;
  EngineScript script_;
  FunctionOracle::Function oracle_;
  RunProgram run_program_ = [](const Program&, const Deadline&) -> Result<ProgramResult> {
    return ProgramResult{};
  };
  std::function<std::unique_ptr<Graders>(const ResolvedRun&)> make_graders_;  // empty: threads
  std::function<Status()> gpus_are_there_;
  std::string version_ = "1";  // of the engine
  SpeedGuess guess_;
  std::atomic<bool> stop_{false};
  std::string variant_;               // whose engine was started last
  std::vector<std::string> started_;  // engines, by their variant
};

}  // namespace assay
