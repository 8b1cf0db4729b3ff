#include "run/parity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <utility>

#include "base/json.h"
#include "plan/endpoint.h"
#include "run/runner.h"
#include "run/unit.h"
#include "task/prompt.h"

namespace assay {
namespace {

constexpr std::size_t kShownBytes = 300;

// One way's account of an item.
struct Side {
  std::vector<Rendered> prompts;  // one a request; a native log-likelihood's, one a continuation
  std::optional<Sampling> sampling;
  std::vector<std::string> outputs;
  std::vector<std::string> keys;
  std::optional<double> score;
};

std::string why_not(const TaskSpec& spec) {
  const Task* task = find_task(native_name(spec.benchmark));
  if (task == nullptr) return "assay has no such task of its own";
  if (!task->has_lm_eval_metric) return "lm-eval 0.4.13 has no such task";
  if (!task->generates_with.empty() &&
      spec.options.value(task->generates_with, Json(false)) == true) {
    return "lm-eval 0.4.13 has no such way of asking it";
  }
  return "";
}

TaskSpec native_twin(const TaskSpec& spec) {
  TaskSpec out = spec;
  out.harness = Harness::native;
  out.benchmark = native_name(spec.benchmark);
  out.repeats = 1;
  out.lm_eval = Json::object();
  if (spec.lm_eval.contains("fewshot_as_multiturn")) {
    out.options["fewshot_as_multiturn"] = spec.lm_eval["fewshot_as_multiturn"];
  }
  if (out.benchmark == "gpqa_diamond" && spec.lm_eval.contains("seed")) {
    out.options["order_seed"] = spec.lm_eval["seed"];
  }
  return out;
}

TaskSpec lm_eval_twin_of(const TaskSpec& native, const TaskSpec& written) {
  TaskSpec out = native;
  out.name = lm_eval_twin(native.name);
  out.harness = Harness::lm_eval;
  out.benchmark = lm_eval_name(native.benchmark);
  out.options = Json::object();
  out.lm_eval = written.lm_eval;
  if (native.options.contains("fewshot_as_multiturn")) {
    out.lm_eval["fewshot_as_multiturn"] = native.options["fewshot_as_multiturn"];
  }
  if (native.options.contains("order_seed")) out.lm_eval["seed"] = native.options["order_seed"];
  return out;
}

std::string shortened(const std::string& text) {
  return text.size() <= kShownBytes ? text : text.substr(0, kShownBytes) + "…";
}

std::string in_words(const Rendered& prompt) {
  return shortened(fmt::format(
      "{} tokens {}",
      prompt.scored.empty() ? prompt.prompt_tokens.size() : prompt.scored.front().tokens.size(),
      dump_json(to_json(prompt))));
}

// Token ids alone: the text may be cut into them in one way only.
bool same_tokens(const Rendered& a, const Rendered& b) {
  if (a.prompt_tokens != b.prompt_tokens || a.scored.size() != b.scored.size()) return false;
  for (std::size_t i = 0; i < a.scored.size(); ++i) {
    if (a.scored[i].tokens != b.scored[i].tokens ||
        a.scored[i].continuation_start != b.scored[i].continuation_start) {
      return false;
    }
  }
  return true;
}

std::optional<double> lm_eval_metric(const Score& score) {
  const auto it = score.metrics.find("lm_eval");
  if (score.outcome != Outcome::scored || it == score.metrics.end()) return std::nullopt;
  return it->second;
}

Result<std::optional<Side>> native_side(const ResolvedRun& run, const ResolvedVariant& variant,
                                        const EngineIdentity& identity, const Store& store,
                                        const ResolvedTask& task, const Item& item,
                                        const std::map<std::string, Score>& scores) {
  const auto steps = TRY(store.steps(variant.spec.name, task.spec.name, item.id, 0));
  if (steps.empty() || steps.front().response_key.empty()) return std::nullopt;
  const auto rendered = TRY(store.rendered(steps.front().rendered_key));
  const auto response = TRY(store.response(steps.front().response_key));
  auto request = TRY(task.task->next(item, {}, run.context(task)));
  if (!rendered || !response || !request) return std::nullopt;
  if (response->finish_reason == FinishReason::error) return std::nullopt;
  Side side;
  if (request->kind == RequestKind::loglikelihood) {
    for (std::size_t i = 0; i < rendered->scored.size(); ++i) {
      side.prompts.push_back(part_of(*rendered, i));
    }
    side.keys = part_keys(variant, identity, *rendered, 0);
    for (const LogLikelihood& l : response->loglikelihoods) {
      side.outputs.push_back(fmt::format("{:.9g}", l.sum));
    }
  } else {
    set_sampling_seed(*request, run.plan.seed, item.id, 0, 0);
    side.prompts = {*rendered};
    side.sampling = request->sampling;
    side.outputs = {response->text};
    side.keys = {steps.front().response_key};
  }
  if (const auto it = scores.find(item.id); it != scores.end())
    side.score = lm_eval_metric(it->second);
  return side;
}

// lm-eval's `resps`: a list for each request, of which the first answer counts. In its files a
// log-likelihood is a list of two texts, the sum and whether it is greedy.
std::vector<std::string> outputs_of(const Json& sample, bool likelihoods) {
  std::vector<std::string> out;
  for (const Json& answers : sample.value("resps", Json::array())) {
    Json answer = answers.is_array() && !answers.empty() ? answers.front() : answers;
    if (likelihoods && answer.is_array() && !answer.empty()) answer = answer.front();
    const std::string text = answer.is_string() ? answer.get<std::string>() : dump_json(answer);
    out.push_back(likelihoods ? fmt::format("{:.9g}", std::strtod(text.c_str(), nullptr)) : text);
  }
  return out;
}

Result<std::optional<Side>> lm_eval_side(const Store& store, const LmEvalItem& item) {
  if (item.requests.empty()) return std::nullopt;
  const bool likelihoods = item.requests.front().kind == RequestKind::loglikelihood;
  Side side;
  for (const LmEvalRequest& request : item.requests) {
    const auto rendered = TRY(store.rendered(request.rendered_key));
    if (!rendered) return std::nullopt;
    side.prompts.push_back(likelihoods && rendered->scored.size() == 1 ? part_of(*rendered, 0)
                                                                       : *rendered);
    side.keys.push_back(request.response_key);
  }
  if (!likelihoods) side.sampling = item.requests.front().sampling;
  side.outputs = outputs_of(item.sample, likelihoods);
  side.score = lm_eval_metric(item.score);
  return side;
}

std::string score_words(const std::optional<double>& score) {
  return score ? fmt::format("{}", *score) : "none";
}

class Comparison {
 public:
  Comparison(ParityTask& task, std::vector<ParityDifference>& differences)
      : task_(task), differences_(differences) {}

  void one_sided(const Item& item, bool native) {
    ++task_.unanswered;
    note(item, ParityAspect::answered, native ? "answered" : "no answer",
         native ? "no answer" : "answered");
  }

  void compare(const Item& item, const Side& native, const Side& theirs) {
    ++task_.compared;
    if (native.keys == theirs.keys) ++task_.shared;
    const bool same_prompts = std::ranges::equal(native.prompts, theirs.prompts, same_tokens);
    if (!same_prompts) {
      ++task_.prompts;
      const std::size_t at = first_difference(native, theirs);
      const auto shown = [&](const Side& side) {
        return at < side.prompts.size() ? in_words(side.prompts[at]) : std::string("no request");
      };
      note(item, ParityAspect::prompt, shown(native), shown(theirs));
    }
    if (native.sampling != theirs.sampling) {
      ++task_.samplings;
      const auto shown = [](const Side& side) {
        return side.sampling ? dump_json(to_json(*side.sampling)) : std::string("none");
      };
      note(item, ParityAspect::sampling, shown(native), shown(theirs));
    }
    if (native.outputs != theirs.outputs) {
      ++task_.outputs;
      note(item, ParityAspect::output, dump_json(Json(native.outputs)),
           dump_json(Json(theirs.outputs)));
    }
    if (native.score != theirs.score) {
      ++task_.scores;
      note(item, ParityAspect::score, score_words(native.score), score_words(theirs.score));
    }
  }

 private:
  static std::size_t first_difference(const Side& a, const Side& b) {
    std::size_t at = 0;
    while (at < a.prompts.size() && at < b.prompts.size() &&
           same_tokens(a.prompts[at], b.prompts[at])) {
      ++at;
    }
    return at;
  }

  void note(const Item& item, ParityAspect aspect, const std::string& native,
            const std::string& theirs) {
    differences_.push_back({task_.name, item.id, aspect, shortened(native), shortened(theirs)});
  }

  ParityTask& task_;
  std::vector<ParityDifference>& differences_;
};

const ResolvedTask* find_resolved(const ResolvedRun& run, const std::string& name) {
  for (const ResolvedTask& task : run.tasks) {
    if (task.spec.name == name) return &task;
  }
  return nullptr;
}

}  // namespace

std::string lm_eval_twin(const std::string& task) {
  return task + ".lm_eval";
}

const char* to_string(ParityAspect aspect) {
  switch (aspect) {
    case ParityAspect::answered:
      return "answered";
    case ParityAspect::prompt:
      return "prompt";
    case ParityAspect::sampling:
      return "sampling";
    case ParityAspect::output:
      return "output";
    case ParityAspect::score:
      return "score";
  }
  return "score";
}

Result<ParityPlan> parity_plan(const Plan& plan, const std::string& variant, int limit) {
  if (plan.engine.kind == kEndpointKind) {
    return usage_error("parity cannot be verified over an endpoint",
                       "lm-eval's own code needs the engine that assay starts itself",
                       "verify it with an engine of kind vllm");
  }
  ParityPlan out{plan, {}};
  out.plan.tasks.clear();
  out.plan.budget_s = 0;
  out.plan.fidelity.items = 0;
  const std::string wanted = variant.empty() ? plan.baseline().name : variant;
  std::erase_if(out.plan.variants, [&](const VariantSpec& v) { return v.name != wanted; });
  if (out.plan.variants.empty()) {
    return usage_error("the plan has no variant " + wanted, "none is called so",
                       "see `assay check` for the variants' names");
  }
  out.plan.variants.front().baseline = true;
  for (const TaskSpec& spec : plan.tasks) {
    if (const std::string why = why_not(spec); !why.empty()) {
      out.left_out.push_back({.name = spec.name, .left_out = why});
      continue;
    }
    TaskSpec native = native_twin(spec);
    if (limit > 0 && native.ids.empty()) {
      auto& count = native.first ? native.first : native.limit;
      count = std::min(count.value_or(limit), limit);
    }
    out.plan.tasks.push_back(native);
    out.plan.tasks.push_back(lm_eval_twin_of(native, spec));
  }
  if (out.plan.tasks.empty()) {
    return usage_error("there is nothing to compare", "lm-eval has none of the plan's tasks",
                       "add aime24, math500, mmlu_pro or gpqa_diamond to the plan");
  }
  return out;
}

Result<ParityReport> compare_ways(const ResolvedRun& run, const Store& store,
                                  const std::vector<LmEvalItem>& seen) {
  ParityReport report;
  const ResolvedVariant& variant = run.variants.front();
  report.variant = variant.spec.name;
  report.engine_loads = static_cast<int>(TRY(store.loads()).size());
  const EngineIdentity identity = TRY(stored_identity(store, variant.spec.name));
  std::map<std::string, std::map<std::string, Score>> scores;
  for (StoredScore& s : TRY(store.scores())) scores[s.task][s.item] = std::move(s.score);
  std::map<std::pair<std::string, std::string>, const LmEvalItem*> theirs;
  for (const LmEvalItem& item : seen) theirs[{item.task, item.item}] = &item;
  for (const ResolvedTask& task : run.tasks) {
    if (task.spec.harness != Harness::native) continue;
    const std::string twin = lm_eval_twin(task.spec.name);
    const ResolvedTask* other = find_resolved(run, twin);
    if (other == nullptr) continue;
    ParityTask counts{.name = task.spec.name, .lm_eval_task = other->spec.benchmark};
    counts.items = static_cast<int>(task.items.size());
    if (!task.available) counts.left_out = task.reason;
    Comparison comparison(counts, report.differences);
    for (const Item& item : task.items) {
      const auto native =
          TRY(native_side(run, variant, identity, store, task, item, scores[task.spec.name]));
      const auto found = theirs.find({twin, item.id});
      const auto lm_eval =
          found == theirs.end() ? std::nullopt : TRY(lm_eval_side(store, *found->second));
      if (native && lm_eval) {
        comparison.compare(item, *native, *lm_eval);
      } else if (native || lm_eval) {
        comparison.one_sided(item, native.has_value());
      }
    }
    report.tasks.push_back(counts);
  }
  return report;
}

nlohmann::json to_json(const ParityReport& report) {
  Json tasks = Json::array();
  for (const ParityTask& task : report.tasks) {
    tasks.push_back({{"name", task.name},
                     {"lm_eval_task", task.lm_eval_task},
                     {"left_out", task.left_out},
                     {"items", task.items},
                     {"compared", task.compared},
                     {"shared", task.shared},
                     {"differing",
                      {{"answered", task.unanswered},
                       {"prompt", task.prompts},
                       {"sampling", task.samplings},
                       {"output", task.outputs},
                       {"score", task.scores}}}});
  }
  Json differences = Json::array();
  for (const ParityDifference& d : report.differences) {
    differences.push_back({{"task", d.task},
                           {"item", d.item},
                           {"what", to_string(d.aspect)},
                           {"native", d.native},
                           {"lm_eval", d.lm_eval}});
  }
  return {{"format", 1},
          {"variant", report.variant},
          {"engine_loads", report.engine_loads},
          {"tasks", tasks},
          {"differences", differences}};
}

}  // namespace assay
