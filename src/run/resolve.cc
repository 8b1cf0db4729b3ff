#include "run/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/json.h"
#include "data/own_length.h"
#include "plan/endpoint.h"
#include "plan/twins.h"
#include "run/candidate_looks.h"
#include "stats/looks.h"
#include "task/load.h"
#include "task/prompt.h"

namespace assay {
namespace {

// The option that makes a multiple-choice task write its answers.
bool generates(const ResolvedTask& task) {
  const std::string& option = task.task->generates_with;
  return !option.empty() && task.spec.options.value(option, nlohmann::json(false)) == true;
}

const char* kind_name(const ResolvedTask& task) {
  if (task.task == nullptr || task.spec.harness == Harness::lm_eval) return "lm_eval";
  switch (task.task->kind) {
    case TaskKind::generate:
      return "generate";
    case TaskKind::loglikelihood:
      return generates(task) ? "generate" : "loglikelihood";
    case TaskKind::code:
      return "code";
  }
  return "generate";
}

// Keeps the rows of the chosen items for lm-eval.
Status keep_rows(LoadedItems& loaded, ResolvedTask& task) {
  const std::vector<std::string>& ids = loaded.all_ids;
  if (ids.size() != loaded.rows.size()) {
    return usage_error("task " + task.spec.name + " cannot be run by lm-eval on these rows",
                       fmt::format("{} rows make {} items", loaded.rows.size(), ids.size()),
                       "use `harness: native` for this task");
  }
  std::set<std::string> wanted;
  for (std::size_t i = 0; i < task.items.size(); ++i) wanted.insert(task.items.id(i));
  const bool all_rows = task.task->lm_eval.draws_by_row;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!wanted.contains(ids[i]) && !all_rows) continue;
    if (all_rows && wanted.contains(ids[i])) task.lm_eval_samples.push_back(static_cast<int>(i));
    task.lm_eval_rows.push_back(std::move(loaded.rows[i].fields));
    task.lm_eval_rows.back()["assay_id"] = ids[i];
  }
  return {};
}

void leave_out(ResolvedTask& task, std::string reason) {
  task.available = false;
  task.reason = std::move(reason);
}

Status take_items(LoadedItems loaded, ResolvedTask& task) {
  task.layout = std::move(loaded.layout);
  if (!loaded.note.empty()) {
    task.notes.push_back(bilingual("{}: {}", "{}：{}", task.spec.name, loaded.note));
  }
  task.fingerprint = std::move(loaded.fingerprint);
  task.exemplars = std::move(loaded.exemplars);
  task.items = std::move(loaded.items);
  if (task.spec.harness == Harness::lm_eval) return keep_rows(loaded, task);
  return {};
}

struct Untestable {
  std::size_t items = 0;
  std::string first;  // one item's id
};

constexpr std::size_t kMostThreads = 8;  // each may hold an item's unpacked tests, 100 MB and more

// What Task::untestable says of each item, in their order; nothing of those that are `known` to be
// testable. On several cores, because the tests of a data set can be gigabytes.
std::vector<Result<std::string>> untestable(const ResolvedTask& task, const TaskContext& context,
                                            const std::set<std::string>& known) {
  std::vector<Result<std::string>> out(task.items.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < out.size(); i = next++) {
      if (!known.contains(task.items.id(i))) out[i] = task.task->untestable(task.items[i], context);
    }
  };
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < std::min({kMostThreads, cores, out.size()}); ++i) {
    others.emplace_back(work);
  }
  work();
  others.clear();  // waits for them
  return out;
}

// Looks at the tests of every chosen item before anything is asked.
Status check_tests(ResolvedTask& out, const TaskContext& context, const TestedItems& tested) {
  const Task& task = *out.task;
  if (task.untestable == nullptr || out.spec.harness == Harness::lm_eval) return {};
  // Where a missing test is an error, the run that began had none.
  const auto known = tested.find({out.spec.name, out.fingerprint});
  static const std::set<std::string> none;
  const bool as_before = !task.untestable_fix.empty() && known != tested.end();
  std::map<std::string, Untestable> found;  // by reason
  const std::vector<Result<std::string>> reasons =
      untestable(out, context, as_before ? known->second : none);
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    const std::string why = TRY(reasons[i]);
    if (why.empty()) continue;
    Untestable& those = found[why];
    if (those.items++ == 0) those.first = out.items.id(i);
  }
  for (const auto& [why, those] : found) {
    const Text what = bilingual("{0} of {1} items cannot be tested", "{1} 题中有 {0} 题无法测试",
                                those.items, out.items.size());
    const Text which = bilingual("{}, as item {}", "{}，例如第 {} 题", why, those.first);
    if (!task.untestable_fix.empty()) {
      return usage_error(fmt::format("task {}: {}", out.spec.name, what.en), which.en,
                         task.untestable_fix);
    }
    out.notes.push_back(bilingual("{}: {} ({})", "{}：{}（{}）", out.spec.name, what, which));
  }
  return {};
}

FrozenTask frozen_task(const ResolvedTask& task, const ChatSpec& chat) {
  FrozenTask out;
  out.name = task.spec.name;
  out.title = task.task != nullptr ? task.task->title : task.spec.name;
  out.benchmark = task.spec.benchmark;
  out.kind = kind_name(task);
  out.harness = task.spec.harness;
  out.chance = task.task != nullptr ? task.task->chance : 0.0;
  out.weight = task.spec.weight;
  out.repeats = task.spec.repeats;
  out.passes = task.passes();
  out.max_gen_toks = task.spec.max_gen_toks.value_or(0);
  out.num_fewshot = task.spec.num_fewshot;
  if (!out.num_fewshot && task.spec.harness == Harness::native && task.task != nullptr) {
    out.num_fewshot = task.task->num_fewshot;
  }
  out.metrics = {"robust"};
  if (task.task != nullptr && task.task->lm_eval.has_metric && !generates(task)) {
    out.metrics.emplace_back("lm_eval");
  }
  if (task.task != nullptr && task.spec.harness == Harness::native) {
    out.cut_at = cut_afterwards(task.task->lm_eval.stop, chat);
  }
  out.available = task.available;
  out.reason = task.reason;
  out.data_folder = task.data_folder;
  out.hub_id = task.revision.empty() ? "" : task.task->source.hub_id;
  out.revision = task.revision;
  out.layout = task.layout;
  out.fingerprint = task.fingerprint;
  if (task.least() < task.items.size()) out.least_items = task.least();
  for (std::size_t i = 0; i < task.items.size(); ++i) {
    out.items.push_back({task.items.id(i), task.items.stratum(i), task.items.group(i)});
  }
  return out;
}

}  // namespace

Result<ResolvedTask> resolve_task(const TaskSpec& spec, const Plan& plan,
                                  const ResolveServices& services) {
  ResolvedTask out;
  out.spec = spec;
  out.task = find_task_of_either(spec.benchmark);
  if (out.task == nullptr) {  // lm-eval's own task: it brings its documents
    if (!spec.first && spec.ids.empty()) return out;
    return usage_error("task " + spec.name + " cannot choose its items",
                       "its documents are lm-eval's own, and only lm-eval reads them",
                       "use `limit`, or `lm_eval: {samples: {TASK: [document numbers]}}`");
  }
  if (plan.engine.kind == kEndpointKind && out.task->kind == TaskKind::loglikelihood &&
      !generates(out) && !endpoint_has_logprobs(plan.engine.args)) {
    leave_out(out, "the endpoint gives no log-probabilities of a prompt");
    return out;
  }
  const LocatedData located = TRY(services.locate_data(spec, *out.task));
  if (located.gated) {
    if (spec.if_gated != IfGated::skip) {
      return environment_error(
          fmt::format("the data set {} of task {} is gated", out.task->source.hub_id, spec.name),
          "the hub refused access with this token",
          "ask for access on the hub and set HF_TOKEN, or write `if_gated: skip`");
    }
    leave_out(out, "HF gated");
    return out;
  }
  out.data_folder = located.folder;
  out.revision = located.revision;
  Loaded loaded =
      TRY(load_items(spec, *out.task, located.folder,
                     {.chat = plan.chat, .seed = plan.seed, .python = services.python}));
  if (const auto* absent = std::get_if<AbsentRows>(&loaded)) {
    if (spec.if_gated != IfGated::skip) return std::unexpected(absent_error(*absent));
    // A folder with many data sets often lacks the gated ones.
    leave_out(out, "no rows in the data folder");
    return out;
  }
  TRY(take_items(std::get<LoadedItems>(std::move(loaded)), out));
  TRY(check_tests(out, {out.spec, plan.chat, plan.seed, out.exemplars, out.data_folder},
                  services.tested));
  return out;
}

std::size_t ResolvedTask::least() const {
  if (!spec.goes_on || !spec.limit) return items.size();
  return std::min(items.size(), static_cast<std::size_t>(*spec.limit));
}

double ResolvedTask::mean_steps() const {
  if (items.empty() || task->steps_of == nullptr) return 1;
  double steps = 0;
  for (std::size_t i = 0; i < items.size(); ++i) steps += task->steps_of(items[i]);
  return steps / static_cast<double>(items.size());
}

namespace {

std::string text_of(const Request& request) {
  std::string text;
  for (const Message& message : request.messages) text += message.content;
  return text.empty() ? request.plain : text;
}

}  // namespace

ItemRequests requests_of(const ResolvedTask& task, const TaskContext& context) {
  ItemRequests out{.steps = task.mean_steps()};
  if (task.task == nullptr || task.task->next == nullptr || task.items.empty()) return out;
  std::vector<std::string> prompts;
  for (std::size_t i = 0; i < std::min(task.items.size(), kPromptsOfItems); ++i) {
    // Of an error whoever asks the item says what is the matter.
    const NextRequest first = task.task->next(task.items[i], {}, context).value_or(std::nullopt);
    if (first) prompts.push_back(text_of(*first));
  }
  if (prompts.empty()) return out;
  const auto asked = static_cast<double>(prompts.size());
  const auto bytes = static_cast<double>(length_of_their_own(std::move(prompts)));
  out.prompt_tokens = bytes / kBytesAToken / asked;
  return out;
}

TaskContext ResolvedRun::context(const ResolvedTask& task) const {
  return TaskContext{task.spec, plan.chat, plan.seed, task.exemplars, task.data_folder};
}

namespace {

// A model that several variants serve is found, fetched and fingerprinted once. Its load format and
// quantisation have a say in what of it is looked at. At an endpoint the variant's name is part of
// what it is: what is served there cannot be looked at.
Status locate_models(const Plan& plan, const ResolveServices& services, ResolvedRun& run) {
  std::map<std::string, ResolvedVariant> found;
  for (const VariantSpec& spec : plan.variants) {
    const nlohmann::json args = merged_engine_args(plan, spec);
    const bool served = plan.engine.kind == kEndpointKind;
    const std::string key =
        dump_json({served ? spec.name : std::string(), spec.model, spec.revision,
                   args.value("load_format", nlohmann::json()), args.contains("quantization")});
    auto known = found.find(key);
    if (known == found.end()) {
      known = found.emplace(key, TRY(services.locate_model(spec))).first;
    }
    run.variants.push_back(known->second);
    run.variants.back().spec = spec;
  }
  return {};
}

}  // namespace

Result<ResolvedRun> resolve(const Plan& plan, const ResolveServices& services) {
  ResolvedRun run;
  run.plan = plan;
  for (const TaskSpec& spec : plan.tasks) {
    run.tasks.push_back(TRY(resolve_task(spec, plan, services)));
  }
  TRY(locate_models(plan, services, run));
  const auto baseline =
      std::ranges::find_if(run.variants, [](const auto& v) { return v.spec.baseline; });
  if (baseline != run.variants.end()) std::rotate(run.variants.begin(), baseline, baseline + 1);
  TRY(refuse_twins(freeze(run)));
  return run;
}

bool ResolvedRun::asks_repeat(int repeat) const {
  return repeats.empty() || std::ranges::find(repeats, repeat) != repeats.end();
}

int ResolvedRun::repeats_here(const TaskSpec& task) const {
  int here = 0;
  for (int repeat = 0; repeat < task.repeats; ++repeat) here += asks_repeat(repeat) ? 1 : 0;
  return here;
}

std::vector<ItemRef> order_of_items(const ResolvedRun& run) {
  std::vector<std::size_t> counts;
  counts.reserve(run.tasks.size());
  for (const ResolvedTask& task : run.tasks) {
    counts.push_back(task.items_are_ours() ? task.items.size() : 0);
  }
  if (run.plan.until == Until::limits) return interleave(counts);
  std::vector<GrowingTask> growing;
  growing.reserve(run.tasks.size());
  for (std::size_t t = 0; t < run.tasks.size(); ++t) {
    const ResolvedTask& task = run.tasks[t];
    growing.push_back(counts[t] == 0 ? GrowingTask()
                                     : growing_task(task.spec, counts[t], task.least(),
                                                    requests_of(task, run.context(task))));
  }
  return growing_order(growing,
                       run.grown_from ? run.grown_from->order : std::vector<std::size_t>());
}

namespace {

void keep_expectations(const Plan& stored, ResolvedRun& run) {
  if (!run.plan.decide.expected_discordance) {
    run.plan.decide.expected_discordance = stored.decide.expected_discordance;
  }
  const auto keep = [&stored](TaskSpec& spec) {
    const auto there = std::ranges::find(stored.tasks, spec.name, &TaskSpec::name);
    if (there == stored.tasks.end()) return;
    for (const ExpectedKey& key : kExpectedKeys) {
      if (!(spec.*key.member)) spec.*key.member = (*there).*key.member;
    }
  };
  for (TaskSpec& spec : run.plan.tasks) keep(spec);
  for (ResolvedTask& task : run.tasks) keep(task.spec);
}

}  // namespace

void go_on_from(const FrozenPlan& stored, ResolvedRun& run) {
  keep_expectations(stored.plan, run);
  if (!stored.looks || run.plan.until != Until::decided) return;
  GrownFrom from;
  std::vector<std::size_t> place_of;  // of a task there, here
  for (const FrozenTask& task : stored.tasks) {
    const auto found =
        std::ranges::find(run.tasks, task.name, [](const ResolvedTask& t) { return t.spec.name; });
    if (found == run.tasks.end() || found->items.size() < task.items.size()) return;  // refused
    place_of.push_back(static_cast<std::size_t>(found - run.tasks.begin()));
  }
  for (const std::size_t task : stored.looks->order) from.order.push_back(place_of[task]);
  for (const ResolvedTask& task : run.tasks) from.weighed_items.push_back(task.items.size());
  for (std::size_t t = 0; t < place_of.size(); ++t) {
    const FrozenTask& task = stored.tasks[t];
    from.weighed_items[place_of[t]] = task.weighed_items.value_or(task.items.size());
  }
  from.declared_items = stored.looks->declared_items.value_or(from.order.size());
  from.schedule = stored.looks->schedule;
  run.grown_from = std::move(from);
}

namespace {

FrozenLooks frozen_looks(const ResolvedRun& run, const FrozenPlan& frozen) {
  FrozenLooks looks;
  for (const ItemRef& ref : order_of_items(run)) looks.order.push_back(ref.task);
  if (run.grown_from) {
    const GrownFrom& from = *run.grown_from;
    looks.schedule = from.schedule;
    if (from.declared_items < looks.order.size()) looks.declared_items = from.declared_items;
    return looks;
  }
  const LookSettings settings = look_settings_of(run.plan);
  const std::int64_t target = target_in_order(settings, target_assumptions_of(run.plan),
                                              looks.order, look_tasks_of(frozen, looks.order));
  looks.schedule = look_schedule(settings, std::max<std::int64_t>(1, target));
  return looks;
}

}  // namespace

FrozenPlan freeze(const ResolvedRun& run) {
  FrozenPlan out{.assay = ASSAY_VERSION, .plan = run.plan, .tasks = {}, .variants = {}};
  for (std::size_t t = 0; t < run.tasks.size(); ++t) {
    FrozenTask& task = out.tasks.emplace_back(frozen_task(run.tasks[t], run.plan.chat));
    if (!run.grown_from) continue;
    const std::size_t weighed = run.grown_from->weighed_items[t];
    if (weighed != task.items.size()) task.weighed_items = weighed;
  }
  for (const ResolvedVariant& v : run.variants) {
    out.variants.push_back({v.spec.name, v.spec.model, v.revision, v.fingerprint, v.spec.baseline});
  }
  out.graders = run.graders;
  if (run.plan.until == Until::decided) out.looks = frozen_looks(run, out);
  return out;
}

}  // namespace assay
