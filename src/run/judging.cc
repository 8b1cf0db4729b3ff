#include "run/judging.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "run/unit.h"
#include "run/variant_run.h"

namespace assay {
namespace {

using std::chrono::milliseconds;

struct Question {
  GradeJob job;
  Request request;
  Rendered prompt;
  std::string rendered_key;
  std::string key;
};

StepId judge_step(const std::string& variant, const std::string& task, const std::string& item,
                  int repeat) {
  return {variant, kJudgeTask, task + "/" + item, repeat, 0};
}

class TaskJudging {
 public:
  TaskJudging(const ResolvedRun& run, const ResolvedTask& task, const JudgeSpec& spec,
              const RunOptions& options, RunServices& services, double deadline_s)
      : run_(run),
        task_(task),
        spec_(spec),
        options_(options),
        services_(services),
        deadline_s_(deadline_s) {}

  Status judge() {
    TRY(collect());
    if (!waiting_.empty()) {
      if (const Status asked = ask(); !asked) TRY(go_without(asked.error()));
    }
    const auto oracle = services_.make_oracle ? services_.make_oracle() : nullptr;
    for (GradeJob& job : judged_) {
      job.judgement = TRY(stored_judgement(services_.store, job.variant, task_.spec.name,
                                           job.item->id, job.repeat));
      TRY(services_.store.put_score({job.variant, task_.spec.name, job.item->id, job.repeat,
                                     grade_now(run_, job, services_.run_program, oracle.get())}));
    }
    return services_.store.flush();
  }

 private:
  // Items nobody judged: never asked about, or judged just before an earlier run ended.
  Status collect() {
    std::set<std::tuple<std::string, std::string, int>> unscored;
    for (const StoredScore& s : TRY(services_.store.scores())) {
      if (s.task == task_.spec.name && s.score.reason == reason::kNoJudge) {
        unscored.emplace(s.variant, s.item, s.repeat);
      }
    }
    std::vector<std::string> names;
    names.reserve(run_.variants.size() + 1);
    for (const ResolvedVariant& variant : run_.variants) names.push_back(variant.spec.name);
    if (run_.plan.compare.noise_floor) names.emplace_back(kSecondPass);
    for (const std::string& name : names) {
      for (const Item& item : task_.items) {
        for (int repeat = 0; repeat < task_.spec.repeats; ++repeat) {
          if (!unscored.contains({name, item.id, repeat})) continue;
          TRY(add({name, &task_, &item, repeat, 0, {}, {}}));
        }
      }
    }
    return {};
  }

  Status add(GradeJob job) {
    auto steps =
        TRY(answered_steps(run_, services_.store, job.variant, task_, *job.item, job.repeat));
    if (!steps) return {};
    job.steps = *std::move(steps);
    auto request = TRY(task_.task->judge_request(*job.item, job.steps, run_.context(task_)));
    if (!request) return {};
    const auto stored = TRY(
        stored_judgement(services_.store, job.variant, task_.spec.name, job.item->id, job.repeat));
    if (!stored) {
      waiting_.push_back({std::move(job), *std::move(request), {}, "", ""});
    } else {
      judged_.push_back(std::move(job));
    }
    return {};
  }

  // The answers are there: a judge that cannot be had leaves them unscored, and the report is made.
  Status go_without(const Error& error) {
    if (error.kind == ErrorKind::interrupted) return std::unexpected(error);
    services_.progress.say(
        fmt::format("{}: no judge: {} ({})", task_.spec.name, error.what, error.why));
    return services_.store.add_event(services_.clock.wall().count(), "no judge",
                                     {{"what", error.what}, {"why", error.why}});
  }

  Status ask() {
    services_.progress.say(
        fmt::format("{}: {} answers for the judge", task_.spec.name, waiting_.size()));
    JudgeEngine judge = TRY(start());
    TRY(render(judge));
    const Status done = loop(*judge.engine);
    services_.progress.clear();
    judge.engine->shutdown(std::chrono::seconds(5));
    TRY(services_.store.flush());
    return done;
  }

  Result<JudgeEngine> start() {
    JudgeEngine judge;
    nlohmann::json chat_args = nlohmann::json::object();
    if (spec_.baseline) {
      judge.variant = run_.variants.front();
      judge.engine = TRY(services_.start_engine(judge.variant));
      judge.load_args = merged_engine_args(run_.plan, judge.variant.spec);
      judge.identity = services_.identity;
      judge.identity.args = identity_args(run_.plan.engine.kind, judge.load_args);
      chat_args = template_args(run_.plan.chat);
    } else {
      judge = TRY(services_.start_judge(spec_));
    }
    const bool apply = !spec_.baseline || run_.plan.chat.apply_template;
    TRY(judge.engine->open(judge.variant.folder, apply, chat_args));
    const LoadFacts loaded = TRY(judge.engine->load(judge.load_args, options_.load_timeout));
    max_model_len_ = loaded.max_model_len;
    TRY(services_.store.add_event(services_.clock.wall().count(), "judge loaded", to_json(loaded)));
    return judge;
  }

  Status render(JudgeEngine& judge) {
    std::vector<Request> requests;
    requests.reserve(waiting_.size());
    for (const Question& question : waiting_) requests.push_back(question.request);
    const auto prompts = TRY(judge.engine->render(requests));
    std::deque<Question> fitting;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      Question& question = waiting_[i];
      const int total = tokens_to_read(prompts[i]) + question.request.sampling.max_tokens;
      if (max_model_len_ > 0 && total > max_model_len_) continue;
      question.prompt = prompts[i];
      question.rendered_key = render_key(judge.variant, run_.plan.chat, question.request);
      question.key = response_key(judge.variant, judge.identity, RequestKind::generate, prompts[i],
                                  question.request.sampling, 0);
      TRY(services_.store.put_rendered(question.rendered_key, prompts[i]));
      fitting.push_back(std::move(question));
    }
    waiting_ = std::move(fitting);
    return {};
  }

  [[nodiscard]] bool stopped() const {
    return (services_.stop != nullptr && *services_.stop) ||
           services_.clock.now().count() >= deadline_s_;
  }

  Status loop(Engine& engine) {
    const std::size_t room = static_cast<std::size_t>(std::max(1, engine.hello().max_in_flight));
    std::int64_t next_id = 1;
    while (!stopped() && (!waiting_.empty() || !asked_.empty())) {
      while (!waiting_.empty() && asked_.size() < room) {
        const Question& question = waiting_.front();
        // A dead engine says so below.
        if (!engine.submit(next_id, RequestKind::generate, question.prompt,
                           question.request.sampling)) {
          break;
        }
        asked_.emplace(next_id++, std::move(waiting_.front()));
        waiting_.pop_front();
      }
      const auto event = engine.wait(milliseconds(50));
      if (event && std::holds_alternative<Died>(*event)) {
        const std::string& why = std::get<Died>(*event).error.why;
        services_.progress.say("the judge's engine died: " + why);
        return services_.store.add_event(services_.clock.wall().count(), "judge died",
                                         {{"why", why}});
      }
      if (event && std::holds_alternative<Answered>(*event)) {
        TRY(keep(std::get<Answered>(*event)));
      }
      if (services_.tick) TRY(services_.tick());
      TRY(services_.store.flush_if_due());
    }
    return {};
  }

  Status keep(const Answered& answered) {
    const auto it = asked_.find(answered.id);
    if (it == asked_.end()) return {};
    Question question = std::move(it->second);
    asked_.erase(it);
    if (answered.response.finish_reason == FinishReason::error) return {};  // asked again next time
    const GradeJob& job = question.job;
    TRY(services_.store.put_response(question.key, answered.response, 0));
    TRY(services_.store.put_step(
        {judge_step(job.variant, task_.spec.name, job.item->id, job.repeat), question.key,
         question.rendered_key}));
    judged_.push_back(std::move(question.job));
    return {};
  }

  const ResolvedRun& run_;
  const ResolvedTask& task_;
  const JudgeSpec& spec_;
  const RunOptions& options_;
  RunServices& services_;
  const double deadline_s_;
  int max_model_len_ = 0;
  std::deque<Question> waiting_;
  std::map<std::int64_t, Question> asked_;
  std::vector<GradeJob> judged_;  // to be scored with their judgement
};

Result<std::optional<JudgeSpec>> judge_of(const ResolvedRun& run, const ResolvedTask& task) {
  const bool can = task.available && task.spec.harness == Harness::native && task.task != nullptr &&
                   task.task->judge != nullptr;
  if (!can) return std::nullopt;
  return task.task->judge(run.context(task));
}

}  // namespace

Result<bool> wants_judge(const ResolvedRun& run) {
  for (const ResolvedTask& task : run.tasks) {
    if (TRY(judge_of(run, task))) return true;
  }
  return false;
}

Status judge_answers(const ResolvedRun& run, const RunOptions& options, RunServices& services,
                     double deadline_s) {
  for (const ResolvedTask& task : run.tasks) {
    const auto spec = TRY(judge_of(run, task));
    if (!spec) continue;
    TaskJudging judging(run, task, *spec, options, services, deadline_s);
    TRY(judging.judge());
  }
  return {};
}

Result<std::optional<Response>> stored_judgement(const Store& store, const std::string& variant,
                                                 const std::string& task, const std::string& item,
                                                 int repeat) {
  const StepId id = judge_step(variant, task, item, repeat);
  const auto steps = TRY(store.steps(id.variant, id.task, id.item, id.repeat));
  if (steps.empty()) return std::nullopt;
  return store.response(steps.front().response_key);
}

}  // namespace assay
