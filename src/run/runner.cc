#include "run/runner.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "run/judging.h"
#include "run/variant_run.h"

namespace assay {
namespace {

constexpr std::size_t kGraderQueue = 64;
// A later variant is taken to be at most this many times slower than those measured before it.
constexpr double kOtherVariant = 2;
// A judge gets half of the time that a variant gets.
constexpr double kJudgeTurn = 0.5;

// The folder's frozen plan: written once, and the same in every later run.
Status keep_frozen(const ResolvedRun& run, Store& store) {
  const FrozenPlan frozen = freeze(run);
  const std::string hash = frozen_hash(frozen);
  const auto stored = TRY(store.meta("frozen_hash"));
  if (stored && *stored != hash) {
    const auto text = TRY(store.meta("frozen"));
    if (text) TRY(frozen_from_text(*text));  // one of another format is told as such
    return usage_error("the output folder belongs to another plan",
                       "its frozen plan differs from this one (see plan.frozen.json there)",
                       "choose another folder with --out, or run the plan it was made with");
  }
  TRY(store.set_meta("frozen_hash", hash));
  TRY(store.set_meta("frozen", dump_json(to_json(frozen))));
  if (!stored) {
    for (const ResolvedTask& task : run.tasks) TRY(store.put_items(task.spec.name, task.items));
  }
  return store.flush();
}

nlohmann::json identity_json(const EngineIdentity& identity) {
  return {{"engine", identity.engine}, {"versions", identity.versions}, {"args", identity.args}};
}

// A half-done variant is only continued by the engine that began it.
Result<EngineIdentity> identity_for(const ResolvedRun& run, const ResolvedVariant& variant,
                                    const RunOptions& options, RunServices& services) {
  EngineIdentity current = services.identity;
  current.args = identity_args(run.plan.engine.kind, merged_engine_args(run.plan, variant.spec));
  const std::string name = "identity:" + variant.spec.name;
  const auto stored = TRY(services.store.meta(name));
  if (stored && !options.restart_variant) {
    return stored_identity(services.store, variant.spec.name);
  }
  if (stored && options.restart_variant && *stored != identity_json(current).dump()) {
    TRY(services.store.forget_variant(variant.spec.name));
    for (const ResolvedTask& task : run.tasks) {
      TRY(services.store.remove_meta(LmEvalSource::done_name(variant.spec.name, task.spec.name)));
    }
  }
  TRY(services.store.set_meta(name, identity_json(current).dump()));
  return current;
}

Status refuse_other_engine(const ResolvedRun& run, const ResolvedVariant& variant,
                           const EngineIdentity& stored, const RunServices& services) {
  EngineIdentity current = services.identity;
  current.args = identity_args(run.plan.engine.kind, merged_engine_args(run.plan, variant.spec));
  if (identity_json(current) == identity_json(stored)) return {};
  return environment_error(
      fmt::format("variant {} was begun by another engine", variant.spec.name),
      fmt::format("then {}, now {}", nlohmann::json(stored.versions).dump(),
                  nlohmann::json(current.versions).dump()),
      "go back to that version, or start the variant over with --restart-variant");
}

class Accounts {  // the wall clock spent on this folder, over all its runs
 public:
  Accounts(const RunOptions& options, RunServices& services, double spent_before_s)
      : options_(options),
        services_(services),
        spent_before_s_(spent_before_s),
        started_s_(services.clock.now().count() - options.spent_s) {}

  [[nodiscard]] bool limited() const { return options_.budget_s > 0; }
  [[nodiscard]] double spent_s() const {
    return spent_before_s_ + services_.clock.now().count() - started_s_;
  }
  [[nodiscard]] double left_s() const { return options_.budget_s - spent_s(); }
  // `turns_left`: variants that share what is left; half a one more where a judge comes after them.
  // `turns`: how many of them are this variant's.
  [[nodiscard]] double deadline_s(double turns_left, double turns = 1) const {
    if (!limited()) return std::numeric_limits<double>::infinity();
    return services_.clock.now().count() +
           turns * variant_share_s(left_s(), turns_left, report_reserve_s(options_.budget_s));
  }
  Status save() const {
    return services_.store.set_meta("spent_s", fmt::format("{:.3f}", spent_s()));
  }

 private:
  const RunOptions& options_;
  RunServices& services_;
  double spent_before_s_;
  double started_s_;
};

Result<double> spent_before_s(const Store& store) {
  const auto text = TRY(store.meta("spent_s"));
  return text ? std::strtod(text->c_str(), nullptr) : 0.0;
}

// The longest load seen in this folder, or a guess.
Result<double> expected_load_s(const Store& store, const SpeedGuess& guess) {
  double longest = 0;
  for (const StoredLoad& load : TRY(store.loads())) {
    longest = std::max(longest, load.facts.load_s);
  }
  return longest > 0 ? longest : guess.load_s;
}

bool stopped(const RunServices& services) {
  return services.stop != nullptr && *services.stop;
}

struct Turn {
  RunEnd end = RunEnd::complete;
  ItemSet finished;
  bool worked = false;  // an engine was started
  Pace pace;            // as measured in it
};

Result<Turn> run_variant(const ResolvedRun& run, std::size_t index, const RunOptions& options,
                         RunServices& services, GraderPool& graders, const Accounts& accounts,
                         const ItemSet* allowed, const Pace& seen) {
  const ResolvedVariant& variant = run.variants[index];
  const int variants_left = static_cast<int>(run.variants.size() - index);
  const EngineIdentity identity = TRY(identity_for(run, variant, options, services));
  VariantRun turn(run, variant, options, services, identity, graders);
  TRY(turn.prepare(allowed));
  Turn out;
  if (turn.needs_engine()) {
    TRY(refuse_other_engine(run, variant, identity, services));
    const double load_s = TRY(expected_load_s(services.store, services.guess));
    const double least_s =
        least_budget_s(variants_left, load_s, turn.first_items_s(seen, kOtherVariant));
    if (accounts.limited() && accounts.left_s() < least_s) {
      if (index == 0 && services.store.response_count() == 0) {
        return environment_error(
            fmt::format("a budget of {} is too short", human_duration(std::ceil(options.budget_s))),
            fmt::format("{} variants must each load and answer at least one item of three tasks",
                        variants_left),
            fmt::format("give it at least {}",
                        human_duration(std::ceil(least_s + accounts.spent_s()))));
      }
      TRY(turn.give_up());
      out.end = RunEnd::out_of_time;
    } else {
      out.worked = true;
      const double judge_turn = TRY(wants_judge(run)) ? kJudgeTurn : 0;
      const int turns = variant.spec.baseline && run.plan.compare.noise_floor ? 2 : 1;
      out.end = TRY(turn.run(accounts.deadline_s(variants_left - 1 + turns + judge_turn, turns)));
    }
  }
  TRY(turn.finish_grading());
  if (stopped(services)) {
    out.end = RunEnd::interrupted;
    return out;
  }
  out.finished = turn.finished_items();
  out.pace = turn.pace();
  const auto documents = static_cast<std::size_t>(turn.lm_eval_documents());
  services.progress.say(fmt::format("{}: {} items answered{}", variant.spec.name,
                                    out.finished.size() + documents,
                                    out.end == RunEnd::out_of_time ? ", out of time" : ""));
  return out;
}

}  // namespace

Result<EngineIdentity> stored_identity(const Store& store, const std::string& variant) {
  const auto stored = TRY(store.meta("identity:" + variant));
  if (!stored) return environment_error("variant " + variant + " was never begun", "", "run it");
  const nlohmann::json value = TRY(parse_json(*stored, "the store"));
  return EngineIdentity{value.at("engine"),
                        value.at("versions").get<std::map<std::string, std::string>>(),
                        value.at("args")};
}

Result<RunEnd> run_plan(const ResolvedRun& run, const RunOptions& options,
                        const RunServices& given) {
  RunServices services = given;  // its tick points into this frame
  TRY(keep_frozen(run, services.store));
  const Accounts accounts(options, services, TRY(spent_before_s(services.store)));
  services.tick = [&accounts] { return accounts.save(); };
  GraderPool graders(run, services.grader_threads, kGraderQueue, services.run_program,
                     services.make_oracle);
  RunEnd end = RunEnd::complete;
  bool worked = false;
  ItemSet baseline_items;
  Pace seen(services.guess);
  for (std::size_t i = 0; i < run.variants.size(); ++i) {
    if (services.prefetch && i + 1 < run.variants.size()) services.prefetch(run.variants[i + 1]);
    const Turn turn = TRY(run_variant(run, i, options, services, graders, accounts,
                                      i == 0 ? nullptr : &baseline_items, seen));
    if (turn.pace.tells_as_much_as(seen)) seen = turn.pace;
    if (i == 0) baseline_items = turn.finished;
    if (turn.end == RunEnd::interrupted) return RunEnd::interrupted;
    if (turn.end == RunEnd::out_of_time) end = RunEnd::out_of_time;
    worked = worked || turn.worked;
  }
  if (TRY(wants_judge(run))) {
    TRY(judge_answers(run, options, services, accounts.deadline_s(1)));
    if (stopped(services)) return RunEnd::interrupted;
  }
  if (worked) TRY(accounts.save());
  TRY(services.store.flush());
  return end;
}

Status rescore(const ResolvedRun& run, RunServices& services) {
  const auto oracle = services.make_oracle ? services.make_oracle() : nullptr;
  for (const auto& [variant, purpose] : passes_of(run)) {
    for (Unit& unit : make_units(run)) {
      unit.purpose = purpose;
      const AnswerId id = unit.id(variant);
      auto steps = TRY(answered_steps(run, services.store, id, *unit.task, unit.item()));
      if (!steps) continue;
      const GradeJob job{id, unit.task,         &unit.item(),
                         0,  *std::move(steps), TRY(stored_judgement(services.store, id))};
      Score score = grade_now(run, job, services.run_program, oracle.get());
      if (stopped(services) || score.reason == reason::kInterrupted) {
        TRY(services.store.flush());
        return std::unexpected(Error{ErrorKind::interrupted, "interrupted", "a signal came",
                                     "run the same command again: earlier scores are kept"});
      }
      TRY(services.store.put_score({id, std::move(score)}));
    }
  }
  return services.store.flush();
}

}  // namespace assay
