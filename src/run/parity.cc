#include "run/parity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "run/identity.h"
#include "run/unit.h"
#include "task/prompt.h"

namespace assay {
namespace {

constexpr std::size_t kShownBytes = 300;

// An item as one of the two ways asked and scored it.
struct Side {
  std::vector<Rendered> prompts;  // one a request; a native log-likelihood's, one a continuation
  std::optional<Sampling> sampling;
  std::vector<std::string> outputs;
  std::vector<std::string> keys;
  std::map<std::string, double> scores;  // by lm-eval's names; empty: not scored
};

std::string shortened(const std::string& text) {
  return text.size() <= kShownBytes ? text : text.substr(0, kShownBytes) + "…";
}

std::string in_words(const Rendered& prompt) {
  return shortened(fmt::format(
      "{} tokens {}",
      prompt.scored.empty() ? prompt.prompt_tokens.size() : prompt.scored.front().tokens.size(),
      dump_json(to_json(prompt))));
}

// Compares token ids alone: they are all that the engine sees.
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

// `lm_eval`, and where the task has several metrics each under lm-eval's own name, which has a
// comma.
std::map<std::string, double> lm_eval_metrics(const Score& score) {
  std::map<std::string, double> out;
  if (score.outcome != Outcome::scored) return out;
  for (const auto& [name, value] : score.metrics) {
    if (name == "lm_eval" || name.find(',') != std::string::npos) out[name] = value;
  }
  return out;
}

Result<std::optional<Side>> native_side(const ResolvedRun& run, const ResolvedVariant& variant,
                                        const EngineIdentity& identity, const Store& store,
                                        const ResolvedTask& task, const Item& item,
                                        const Score* score) {
  const auto steps = TRY(store.steps({variant.spec.name, task.spec.name, item.id}));
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
    set_sampling_seed(*request, draw_seed_of(run.plan, variant.spec), item.id, 0, 0);
    side.prompts = {*rendered};
    side.sampling = request->sampling;
    side.outputs = {response->text};
    side.keys = {steps.front().response_key};
  }
  if (score != nullptr) side.scores = lm_eval_metrics(*score);
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
  side.scores = lm_eval_metrics(item.score);
  return side;
}

// By the native task's names: lm-eval's own run may give more metrics than ours reproduces.
std::vector<std::string> differing_metrics(const Side& native, const Side& theirs) {
  std::map<std::string, double> wanted = native.scores;
  wanted.try_emplace("lm_eval");
  std::vector<std::string> out;
  for (const auto& [name, unused] : wanted) {
    const auto ours = native.scores.find(name);
    const auto other = theirs.scores.find(name);
    const bool none = ours == native.scores.end() && other == theirs.scores.end();
    const bool both = ours != native.scores.end() && other != theirs.scores.end();
    if (!none && (!both || ours->second != other->second)) out.push_back(name);
  }
  return out;
}

// "1"; with several metrics "exact_match,strict-match 1, …".
std::string score_words(const Side& side, const std::vector<std::string>& names) {
  std::vector<std::string> words;
  for (const std::string& name : names) {
    const auto it = side.scores.find(name);
    const std::string value = it == side.scores.end() ? "none" : fmt::format("{}", it->second);
    words.push_back(name == "lm_eval" ? value : fmt::format("{} {}", name, value));
  }
  return join(words, "; ");
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
    if (const auto names = differing_metrics(native, theirs); !names.empty()) {
      ++task_.scores;
      note(item, ParityAspect::score, score_words(native, names), score_words(theirs, names));
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
    differences_.push_back(
        {task_.variant, task_.name, item.id, aspect, shortened(native), shortened(theirs)});
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

Result<ParityReport> compare_ways(const ResolvedRun& run, const Store& store,
                                  const std::vector<LmEvalItem>& seen) {
  ParityReport report;
  report.engine_loads = static_cast<int>(TRY(store.loads()).size());
  std::map<std::tuple<std::string, std::string, std::string>, Score> scores;
  for (StoredScore& s : TRY(store.scores(Purpose::answer))) {
    scores[{s.id.variant, s.id.task, s.id.item}] = std::move(s.score);
  }
  std::map<std::tuple<std::string, std::string, std::string>, const LmEvalItem*> theirs;
  for (const LmEvalItem& item : seen) theirs[{item.variant, item.task, item.item}] = &item;
  for (const ResolvedVariant& variant : run.variants) {
    const std::string& name = variant.spec.name;
    const EngineIdentity identity = TRY(stored_identity(store, name));
    for (const ResolvedTask& task : run.tasks) {
      if (task.spec.harness != Harness::native) continue;
      const std::string twin = lm_eval_twin(task.spec.name);
      const ResolvedTask* other = find_resolved(run, twin);
      if (other == nullptr) continue;
      ParityTask counts{
          .variant = name, .name = task.spec.name, .lm_eval_task = other->spec.benchmark};
      counts.items = static_cast<int>(task.items.size());
      if (!task.available) counts.left_out = task.reason;
      Comparison comparison(counts, report.differences);
      for (const Item& item : task.items) {
        const auto score = scores.find({name, task.spec.name, item.id});
        const auto native = TRY(native_side(run, variant, identity, store, task, item,
                                            score == scores.end() ? nullptr : &score->second));
        const auto found = theirs.find({name, twin, item.id});
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
  }
  return report;
}

nlohmann::json to_json(const ParityReport& report) {
  Json tasks = Json::array();
  for (const ParityTask& task : report.tasks) {
    tasks.push_back({{"variant", task.variant},
                     {"name", task.name},
                     {"lm_eval_task", task.lm_eval_task},
                     {"left_out", task.left_out.en},
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
    differences.push_back({{"variant", d.variant},
                           {"task", d.task},
                           {"item", d.item},
                           {"what", to_string(d.aspect)},
                           {"native", d.native},
                           {"lm_eval", d.lm_eval}});
  }
  return {{"format", 2},
          {"engine_loads", report.engine_loads},
          {"tasks", tasks},
          {"differences", differences}};
}

}  // namespace assay
