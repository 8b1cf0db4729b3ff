#include "play.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>

#include "run/runner.h"
#include "sim_engine.h"
#include "sim_graders.h"
#include "stats/looks.h"
#include "store/looks_kept.h"
#include "task/fields.h"

namespace assay::sim {
namespace {

constexpr int kRunsAtMost = 4;  // of one plan: after a signal or an error the same command goes on

Result<NextRequest> ask(const Item& item, const std::vector<StepResult>& so_far,
                        const TaskContext& context) {
  if (!so_far.empty()) return std::nullopt;
  Request request;
  request.messages = {
      {"user", prompt_of({item.row["task"], item.row["item"], item.row["prompt"]})}};
  request.sampling.max_tokens = context.spec.max_gen_toks.value_or(1);
  return request;
}

// Which variant asks is not told to a task. Each asks for an item's first request once, the
// baseline first, so the number of askings tells it.
thread_local std::map<std::pair<std::string, std::string>, std::size_t> asked_before;

Result<NextRequest> ask_knowing(const Item& item, const std::vector<StepResult>& so_far,
                                const TaskContext& context) {
  NextRequest next = TRY(ask(item, so_far, context));
  if (!next) return next;
  const auto& tokens = item.row["tokens"];
  const std::size_t variant = asked_before[{context.spec.name, item.id}]++;
  next->sampling.max_tokens = tokens[std::min(variant, tokens.size() - 1)];
  return next;
}

// A task's benchmark is named by how it is graded.
constexpr std::array<const char*, 4> kBenchmarks{"plain", "program", "judged", "judged_outside"};

Grading grading_of(const TaskContext& context) {
  const auto at = std::ranges::find(kBenchmarks, context.spec.benchmark);
  return static_cast<Grading>(at - kBenchmarks.begin());
}

bool is_judged(Grading grading) {
  return grading == Grading::by_baseline || grading == Grading::by_judge_from_outside;
}

// Whether an answer is right is known to the world (draw.h).
Score score(const ScoreInputs& in) {
  if (is_judged(grading_of(in.context)) && in.judgement == nullptr) {
    return unscored(reason::kNoJudge);
  }
  Score score;
  score.outcome = assay::Outcome::scored;
  const auto right = in.item.row.find("right");
  const bool is_right = right == in.item.row.end() ||
                        right->at(std::stoul(in.steps.back().response.text)).get<bool>();
  score.metrics["robust"] = is_right ? 1 : 0;
  return score;
}

Result<std::optional<JudgeSpec>> judge(const TaskContext& context) {
  JudgeSpec spec;
  spec.baseline = grading_of(context) == Grading::by_baseline;
  return spec;
}

Result<NextRequest> ask_judge(const Item& item, const std::vector<StepResult>& steps,
                              const TaskContext&) {
  Request request;
  Asked asked{kJudgesQuestion, item.row["item"], item.row["prompt"]};
  asked.about = steps.back().response.text;
  request.messages = {{"user", prompt_of(asked)}};
  request.sampling.max_tokens = 16;
  return request;
}

// SimGraders knows how long it takes.
Result<Programs> programs(const Item&, const std::vector<StepResult>&, const TaskContext&) {
  return Programs(1);
}

Task task_of(Grading grading, bool knowing) {
  Task task;
  task.name = kBenchmarks[static_cast<std::size_t>(grading)];
  task.title = task.name;
  task.next = knowing ? ask_knowing : ask;
  task.score = score;
  if (grading == Grading::by_program) task.programs = programs;
  if (is_judged(grading)) {
    task.judge = judge;
    task.judge_request = ask_judge;
  }
  return task;
}

// The plan as resolve() would give it.
class SimRun {
 public:
  SimRun(const World& world, bool knowing)
      : kinds_{task_of(Grading::at_once, knowing), task_of(Grading::by_program, knowing),
               task_of(Grading::by_baseline, knowing),
               task_of(Grading::by_judge_from_outside, knowing)} {
    run_.plan.name = "sim";
    run_.plan.budget_s = world.budget_s;
    run_.plan.fidelity.items = 0;
    run_.plan.canary = false;
    run_.plan.until = world.until;
    if (world.margin_pp > 0) run_.plan.compare.margin_pp = world.margin_pp;
    run_.plan.compare.weights = WeightRule::square_root;
    for (std::size_t v = 0; v < world.variants.size(); ++v) add_variant(v);
    for (std::size_t t = 0; t < world.tasks.size(); ++t) add_task(world, t, knowing);
  }
  SimRun(const SimRun&) = delete;
  SimRun& operator=(const SimRun&) = delete;
  [[nodiscard]] const ResolvedRun& run() const { return run_; }

 private:
  void add_variant(std::size_t v) {
    VariantSpec spec;
    spec.name = std::to_string(v);
    spec.model = "/models/" + spec.name;
    spec.baseline = v == 0;
    run_.variants.push_back({spec, spec.model, "", "fingerprint " + spec.name});
    run_.plan.variants.push_back(spec);
  }
  void add_task(const World& world, std::size_t t, bool knowing) {
    const TaskWorld& of = world.tasks[t];
    ResolvedTask task;
    task.spec.name = of.name;
    task.task = &kinds_[static_cast<std::size_t>(of.grading)];
    task.spec.benchmark = task.task->name;
    task.spec.max_gen_toks = of.max_gen_toks;
    if (world.until != Until::limits) {
      task.spec.limit = world.least_items;
      task.spec.goes_on = true;
    }
    for (std::size_t i = 0; i < of.prompt_tokens.size(); ++i) {
      nlohmann::json row = {{"task", t}, {"item", i}, {"prompt", of.prompt_tokens[i]}};
      for (const VariantWorld& variant : world.variants) {
        if (knowing) row["tokens"].push_back(variant.answers[t][i].tokens);
      }
      for (const auto& variant : world.right) row["right"].push_back(bool{variant[t][i]});
      task.items.push_back({std::to_string(i), "", "", std::move(row)});
    }
    run_.plan.tasks.push_back(task.spec);
    run_.tasks.push_back(std::move(task));
  }

  const std::array<Task, 4> kinds_;  // by Grading
  ResolvedRun run_;
};

Result<RunEnd> run_once(const World& world, const SimRun& sim, Happened& happened,
                        const std::filesystem::path& folder) {
  Store store = TRY(Store::open(folder, Store::Mode::write));
  Progress progress(stderr, Progress::Style::silent, happened.clock);
  RunServices services{.store = store, .clock = happened.clock, .progress = progress};
  services.start_engine = [&](const ResolvedVariant& variant,
                              const EngineWaits&) -> Result<std::unique_ptr<Engine>> {
    return std::make_unique<SimEngine>(world, std::stoul(variant.spec.name), happened);
  };
  services.identity = {"sim", {{"sim", "1"}}, {}};
  services.start_judge = [&](const JudgeSpec&, const EngineWaits&) -> Result<JudgeEngine> {
    JudgeEngine judge;
    judge.engine = std::make_unique<SimEngine>(world, world.variants.size(), happened);
    judge.variant.spec.name = "the judge";
    judge.variant.fingerprint = "fingerprint of the judge";
    judge.identity = {"sim", {{"sim", "1"}}, {}};
    judge.load_args = nlohmann::json::object();
    return judge;
  };
  services.make_graders = [&](const ResolvedRun& run) {
    return std::make_unique<SimGraders>(run, world, happened);
  };
  services.results_folder = (folder / "results").string();
  services.stop = &happened.stop;
  services.guess = {.load_s = world.load_guess_s,
                    .token_s = world.token_guess_s,
                    .prompt_token_s = 2 * world.prompt_token_s};
  RunOptions options;
  options.budget_s = world.budget_s;
  asked_before.clear();
  return end_without_failures(run_plan(sim.run(), options, services));
}

enum class Seen { not_run, not_scored, done };
using Done = std::vector<std::vector<std::vector<Seen>>>;  // by variant, task, item

Result<Done> answered(const World& world, const std::filesystem::path& folder) {
  Done done;
  for (const VariantWorld& variant : world.variants) {
    auto& tasks = done.emplace_back();
    for (const auto& answers : variant.answers) {
      tasks.emplace_back(answers.size(), Seen::not_run);
    }
  }
  const Store store = TRY(Store::open(folder, Store::Mode::read));
  for (const StoredScore& stored : TRY(store.scores(Purpose::answer))) {
    const std::size_t task = std::stoul(stored.id.task.substr(1));
    if (stored.score.reason == reason::kNotRun) continue;
    Seen& seen = done[std::stoul(stored.id.variant)][task][std::stoul(stored.id.item)];
    seen = stored.score.reason == reason::kNotScoredBudget ? Seen::not_scored : Seen::done;
  }
  return done;
}

// Whether nothing less than `seen` stands before what is that or more.
bool is_prefix(const std::vector<Seen>& items, Seen seen) {
  const auto enough = [seen](Seen one) { return one >= seen; };
  return std::ranges::is_partitioned(items, enough);
}

VariantOutcome look_at_variant(const World& world, const Done& done, std::size_t v) {
  VariantOutcome out;
  for (std::size_t t = 0; t < world.tasks.size(); ++t) {
    for (std::size_t i = 0; i < done[v][t].size(); ++i) {
      if (done[v][t][i] == Seen::not_run) continue;
      ++out.items;
      if (done[v][t][i] != Seen::done) continue;
      const bool right = world.variants[v].answers[t][i].short_;
      ++out.scored;
      out.right += right ? 1 : 0;
      if (done[0][t][i] != Seen::done) continue;
      ++out.paired;
      out.ahead += (right ? 1 : 0) - (world.variants[0].answers[t][i].short_ ? 1 : 0);
    }
  }
  return out;
}

void look_at_task(const World& world, const Done& done, std::size_t t, Outcome& out) {
  for (std::size_t v = 0; v < done.size(); ++v) {
    out.broken_prefixes += is_prefix(done[v][t], Seen::not_scored) ? 0 : 1;
    out.open_lanes += is_prefix(done[v][t], Seen::done) ? 0 : 1;
    bool beyond = false;
    for (std::size_t i = 0; i < done[v][t].size(); ++i) {
      beyond |= done[v][t][i] != Seen::not_run && done[0][t][i] == Seen::not_run;
    }
    out.beyond_baseline += beyond ? 1 : 0;
  }
  for (std::size_t i = 0; i < done[0][t].size(); ++i) {
    const bool in_all =
        std::ranges::all_of(done, [&](const auto& variant) { return variant[t][i] == Seen::done; });
    if (!in_all) continue;
    ++out.in_all;
    out.in_all_tokens += world.variants[0].answers[t][i].tokens;
  }
}

void look_at(const World& world, const Done& done, Outcome& out) {
  double most = 0;
  double least = 1;
  int items = 0;
  for (std::size_t t = 0; t < world.tasks.size(); ++t) {
    look_at_task(world, done, t, out);
    const auto size = static_cast<int>(done[0][t].size());
    const auto not_run = static_cast<double>(std::ranges::count(done[0][t], Seen::not_run));
    const double share = 1 - not_run / size;
    most = std::max(most, share);
    least = std::min(least, share);
    items += size;
  }
  out.apart = most - least;
  for (std::size_t v = 0; v < done.size(); ++v) {
    out.variants.push_back(look_at_variant(world, done, v));
    out.wanted_more = out.wanted_more || out.variants.back().items < items;
  }
}

// The looks that the store allows, as a report would take them.
Result<std::vector<LooksOutcome>> looks_of(const SimRun& sim, const std::filesystem::path& folder) {
  std::vector<LooksOutcome> out;
  const FrozenPlan frozen = freeze(sim.run());
  if (!frozen.looks) return out;
  const Store store = TRY(Store::open(folder, Store::Mode::read));
  const auto tasks = look_tasks_of(frozen, frozen.looks->order);
  auto outcomes = TRY(read_outcomes(store, tasks, /*judge_to_come=*/false));
  for (std::size_t v = 1; v < frozen.variants.size(); ++v) {
    const std::string& name = frozen.variants[v].name;
    const auto kept = TRY(kept_looks(store, name));
    const LookInput input =
        look_input(tasks, frozen.looks->order, outcomes[frozen.variants[0].name], outcomes[name]);
    const LooksResult result = take_looks(kept ? kept->schedule : frozen.looks->schedule,
                                          input.tasks, input.order, input.expected, {});
    LooksOutcome& of = out.emplace_back();
    for (const LookOutcome& look : result.looks) {
      of.worse = of.worse || look.worse;
      of.non_inferior = of.non_inferior || look.non_inferior;
      of.decided = of.decided || look.decided;
    }
    if (const LookOutcome* last = result.last()) of.pairs = static_cast<double>(last->look.pairs);
  }
  return out;
}

}  // namespace

Outcome play(const World& world, bool knowing, const std::filesystem::path& folder) {
  std::filesystem::remove_all(folder);
  const SimRun sim(world, knowing);
  Happened happened;
  happened.loads.resize(world.variants.size() + 1);
  Outcome out;
  for (int run = 0; run < kRunsAtMost; ++run) {
    happened.stop = false;
    const auto end = run_once(world, sim, happened, folder);
    out.failed = end ? "" : end.error().what + ": " + end.error().why;
    if (!end && end.error().what.ends_with("too short")) {
      out.refused = end.error().what;
      break;
    }
    if (end && *end != RunEnd::interrupted) break;
    // A candidate failed and the others have ended: with no time for a load nobody tries it again.
    const double again_s = happened.clock.now().count() + world.load_guess_s;
    if (!end && end.error().others_can_go_on && again_s >= world.budget_s) {
      out.failed = "";
      break;
    }
  }
  out.end_s = happened.clock.now().count();
  out.idle_s = happened.idle_s;
  out.asked_in_vain = happened.cut;
  if (const auto done = answered(world, folder)) look_at(world, *done, out);
  if (auto looks = looks_of(sim, folder)) out.looks = *std::move(looks);
  std::filesystem::remove_all(folder);
  return out;
}

}  // namespace assay::sim
