#include "report/outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "report/traffic.h"

namespace assay {
namespace {

// What a score says of an output; what the answer says comes with its steps.
OutputValues output_of(const ItemScore& item, const std::string& metric) {
  OutputValues out;
  out.extracted = item.last.extracted;
  out.outcome = item.repeats > 0 ? "scored" : item.reason;
  static_cast<Soundness&>(out) = item.last;
  out.score = mean_of(item, metric);
  out.samples = item.repeats;
  out.passed = static_cast<int>(std::lround(out.score * item.repeats));
  if (item.sums.find("lm_eval") != nullptr) out.lm_eval = mean_of(item, "lm_eval");
  LmEvalValues lm_eval;
  for (const auto& [name, sum] : item.sums) {
    if (name.find(',') != std::string::npos) lm_eval.named[name] = mean_of(item, name);
  }
  if (item.last.filtered) lm_eval.filtered = *item.last.filtered;
  if (!lm_eval.named.empty() || !lm_eval.filtered.empty()) {
    out.several = std::make_shared<const LmEvalValues>(std::move(lm_eval));
  }
  return out;
}

// Ids and groups of a task's items, as frozen. The frozen plan has none of a task whose documents
// only lm-eval knows: there they are the items that have a score.
std::vector<std::pair<std::string, std::string>> items_of(const FrozenTask& task,
                                                          const AllScores& scores) {
  std::vector<std::pair<std::string, std::string>> out;
  out.reserve(task.items.size());
  for (const FrozenItem& item : task.items) out.emplace_back(item.id, item.group);
  if (!out.empty()) return out;
  std::set<std::string> ids;
  for (const auto& [of, items] : scores) {
    if (of.second != task.name) continue;
    for (const auto& [id, score] : items) ids.insert(id);
  }
  for (const std::string& id : ids) out.emplace_back(id, "");
  return out;
}

ItemValues item_values(const TaskValues& task, const std::vector<const ItemScores*>& by_variant,
                       std::string id, std::string group) {
  ItemValues item{task.name, std::move(id), std::move(group)};
  double lowest = 1;
  double highest = 0;
  item.outputs.reserve(by_variant.size());
  for (const ItemScores* scores : by_variant) {
    auto& slot = item.outputs.emplace_back();
    const auto found = scores->find(item.id);
    if (found == scores->end()) continue;
    item.target = found->second.last.target;
    slot = output_of(found->second, task.metrics.front());
    if (found->second.repeats == 0) continue;
    lowest = std::min(lowest, slot->score);
    highest = std::max(highest, slot->score);
  }
  item.flips = highest - lowest > 0.5;
  return item;
}

void make_items(const FrozenPlan& frozen, const AllScores& scores, RunReport& report) {
  for (std::size_t t = 0; t < report.tasks.size(); ++t) {
    const TaskValues& task = report.tasks[t];
    std::vector<const ItemScores*> by_variant;
    for (const VariantValues& v : report.variants) {
      by_variant.push_back(&scores_of(scores, v.name, task.name));
    }
    auto items = items_of(frozen.tasks[t], scores);
    report.items.reserve(report.items.size() + items.size());
    for (auto& [id, group] : items) {
      report.items.push_back(item_values(task, by_variant, std::move(id), std::move(group)));
    }
  }
}

// Where an item stands among RunReport::items.
struct TaskPlaces {
  bool of_lm_eval = false;
  std::unordered_map<std::string_view, std::size_t> items;  // id -> place
};
using Places = std::unordered_map<std::string_view, TaskPlaces>;  // by task

Places places_of(const RunReport& report) {
  Places places;
  for (const TaskValues& task : report.tasks) places[task.name].of_lm_eval = task.kind == "lm_eval";
  for (std::size_t i = 0; i < report.items.size(); ++i) {
    places[report.items[i].task].items.emplace(report.items[i].id, i);
  }
  return places;
}

// Takes one variant's steps in their order (Store::each_step). Threads may take those of different
// variants at the same time: each writes to its own output of an item.
class VariantOutputs {
 public:
  VariantOutputs(const Store& store, const Places& places, std::size_t variant, RunReport& report)
      : store_(store),
        places_(places),
        variant_(variant),
        report_(report),
        texts_(*report.texts[variant]) {}

  Status read() {
    VariantValues& variant = report_.variants[variant_];
    TRY(store_.each_step(variant.name, Purpose::answer,
                         [this](const StoredStep& step) { return take(step); }));
    TRY(keep());
    variant.traffic = times_.values(TRY(store_.loads()), variant.name);
    return {};
  }

 private:
  Status take(const StoredStep& step) {
    const auto response =
        step.response_key.empty() ? std::nullopt : TRY(store_.response(step.response_key));
    if (response) times_.add(step.response_key, *response);
    if (step.id.repeat != 0) return {};
    if (step.id.task != task_ || step.id.item != item_) {
      TRY(keep());
      begin(step.id);
    }
    if (output_ == nullptr) return {};
    if (response) add(*response);
    // Of a task of ours only the first step's prompt counts: those of later steps may contain the
    // model's own answers.
    if (step.step > 0 && !of_lm_eval_) return {};
    if (const auto prompt = TRY(store_.rendered(step.rendered_key))) prompts_ += prompt->text;
    return {};
  }

  void begin(const AnswerId& id) {
    task_ = id.task;
    item_ = id.item;
    const auto task = places_.find(id.task);
    if (task == places_.end()) return;
    of_lm_eval_ = task->second.of_lm_eval;
    const auto place = task->second.items.find(id.item);
    if (place == task->second.items.end()) return;
    auto& output = report_.items[place->second].outputs[variant_];
    if (output) output_ = &*output;
  }

  // Outputs of every step, one under the other.
  void add(const Response& response) {
    if (!text_.empty()) text_ += "\n\n";
    text_ += response.text;
    for (std::size_t i = 0; i < response.loglikelihoods.size(); ++i) {
      text_ += fmt::format("option {}: {:.4f}\n", i + 1, response.loglikelihoods[i].sum);
    }
    output_->finish_reason = to_string(response.finish_reason);
  }

  // The item's steps have all been taken.
  Status keep() {
    if (output_ != nullptr) {
      output_->text = TRY(texts_.put(text_));
      if (!prompts_.empty()) output_->prompt_hash = TRY(texts_.put(sha256_hex(prompts_)));
    }
    output_ = nullptr;
    text_.clear();
    prompts_.clear();
    return {};
  }

  const Store& store_;
  const Places& places_;
  const std::size_t variant_;
  RunReport& report_;
  KeptTexts& texts_;
  AnswerTimes times_;
  // The item whose steps come, and what they have given.
  std::string task_;
  std::string item_;
  bool of_lm_eval_ = false;
  OutputValues* output_ = nullptr;  // nullptr: the report has none of it
  std::string text_;
  std::string prompts_;
};

}  // namespace

Status read_outputs(const Store& store, const FrozenPlan& frozen, const AllScores& scores,
                    RunReport& report) {
  make_items(frozen, scores, report);
  const Places places = places_of(report);
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    report.texts.push_back(std::make_shared<KeptTexts>(TRY(KeptTexts::in_folder(store.folder()))));
  }
  return store.read_side_by_side(report.variants.size(), [&](const Store& from, std::size_t v) {
    return VariantOutputs(from, places, v, report).read();
  });
}

}  // namespace assay
