#include "report/outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/side_by_side.h"
#include "report/questions.h"
#include "report/traffic.h"

namespace assay {
namespace {

// What a score says of an output; what the answer says comes with its steps.
OutputValues output_of(const ItemScore& item, const std::string& metric) {
  OutputValues out;
  out.words = item.last.words;
  out.outcome = item.repeats > 0 ? "scored" : *item.reason;
  static_cast<Soundness&>(out) = item.last;
  out.score = mean_of(item, metric);
  out.samples = item.repeats;
  out.passed = static_cast<int>(std::lround(out.score * item.repeats));
  if (item.repeats > 1 || item.first_scored > 0) {
    out.each = std::make_shared<const std::vector<RepeatScore>>(repeats_of(item, metric));
  }
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
    item.target = found->second.last.words->target;
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
    by_variant.reserve(report.variants.size());
    for (const VariantValues& v : report.variants) {
      by_variant.push_back(&scores_of(scores, v.name, task.name));
    }
    auto items = items_of(frozen.tasks[t], scores);
    const std::size_t first = report.items.size();
    report.items.resize(first + items.size());
    for_each_side_by_side(items.size(), [&](std::size_t i) {
      auto& [id, group] = items[i];
      report.items[first + i] = item_values(task, by_variant, std::move(id), std::move(group));
    });
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
  for (const TaskValues& task : report.tasks) {
    places[task.name].of_lm_eval = task.kind == "lm_eval";
    places[task.name].items.reserve(
        static_cast<std::size_t>(std::max(task.planned, std::int64_t{0})));
  }
  for (std::size_t i = 0; i < report.items.size(); ++i) {
    places[report.items[i].task].items.emplace(report.items[i].id, i);
  }
  return places;
}

// One step of an answer, as it waits for what the store holds under a key. A key stands for its
// hash in 64 bits: of a million keys two are alike once in thirty million reports.
struct Use {
  std::uint64_t key = 0;
  std::uint32_t variant = 0;
  std::uint32_t item = 0;  // place in RunReport::items, if `shown`
  std::int32_t step = 0;
  bool shown = false;  // by the report; else its times alone count
  bool only = true;    // the only one of its item and variant
};

std::uint64_t key_hash(std::string_view key) {
  return std::hash<std::string_view>{}(key);
}

// What a variant's answers are made of.
struct Uses {
  std::vector<Use> responses;
  std::vector<Use> prompts;
};

// Takes them: what is joined is gone where it was, for there are millions of them.
std::vector<Use> joined(std::vector<Uses>& by_variant, std::vector<Use> Uses::* part) {
  std::size_t size = 0;
  for (const Uses& of_one : by_variant) size += (of_one.*part).size();
  std::vector<Use> all;
  all.reserve(size);
  for (Uses& of_one : by_variant) {
    const std::vector<Use> taken = std::exchange(of_one.*part, {});
    all.insert(all.end(), taken.begin(), taken.end());
  }
  return all;
}

// Sorted by key, those of one key by variant. Hashes are spread evenly, so their first bits tell
// where to look: a search through all of a million would miss the cache twenty times.
class UsesByKey {
 public:
  explicit UsesByKey(std::vector<Use> uses) : uses_(std::move(uses)) {
    std::ranges::sort(uses_, {}, [](const Use& use) { return std::pair(use.key, use.variant); });
    while ((std::size_t{4} << bits_) < uses_.size()) ++bits_;
    begins_.resize((std::size_t{1} << bits_) + 1, uses_.size());
    for (std::size_t i = uses_.size(); i-- > 0;) begins_[bucket_of(uses_[i].key)] = i;
    for (std::size_t b = begins_.size() - 1; b-- > 0;) {
      begins_[b] = std::min(begins_[b], begins_[b + 1]);
    }
  }
  [[nodiscard]] std::span<const Use> of(std::string_view key) const {
    const std::uint64_t hash = key_hash(key);
    const std::size_t bucket = bucket_of(hash);
    const std::span<const Use> near =
        std::span(uses_).subspan(begins_[bucket], begins_[bucket + 1] - begins_[bucket]);
    const auto found = std::ranges::equal_range(near, hash, {}, &Use::key);
    return {found.begin(), found.end()};
  }

 private:
  [[nodiscard]] std::size_t bucket_of(std::uint64_t hash) const { return hash >> (64 - bits_); }

  std::vector<Use> uses_;
  unsigned bits_ = 1;
  std::vector<std::size_t> begins_;  // of each bucket, and the end
};

class StepReader {
 public:
  StepReader(const Places& places, std::uint32_t variant, const RunReport& report)
      : places_(places), variant_(variant), report_(report) {}

  void take(const StoredStep& step) {
    if (step.id.repeat != 0) {
      if (!step.response_key.empty())
        uses_.responses.push_back({key_hash(step.response_key), variant_});
      return;
    }
    if (step.id.task != task_ || step.id.item != item_) begin(step.id);
    Use use{key_hash(step.response_key), variant_, place_, step.step, shown_};
    if (!step.response_key.empty()) add(use, uses_.responses, first_response_);
    // Of a task of ours only the first step's prompt counts: those of later steps may contain the
    // model's own answers.
    if (!shown_ || (step.step > 0 && !of_lm_eval_)) return;
    use.key = key_hash(step.rendered_key);
    add(use, uses_.prompts, first_prompt_);
  }
  [[nodiscard]] Uses uses() && { return std::move(uses_); }

 private:
  void begin(const AnswerId& id) {
    task_ = id.task;
    item_ = id.item;
    first_response_ = uses_.responses.size();
    first_prompt_ = uses_.prompts.size();
    shown_ = false;
    const auto task = places_.find(id.task);
    if (task == places_.end()) return;
    of_lm_eval_ = task->second.of_lm_eval;
    const auto place = task->second.items.find(id.item);
    if (place == task->second.items.end()) return;
    place_ = static_cast<std::uint32_t>(place->second);
    shown_ = report_.items[place_].outputs[variant_].has_value();
  }

  // `first`: where the item's own begin.
  static void add(Use use, std::vector<Use>& to, std::size_t first) {
    use.only = to.size() == first;
    if (!use.only) to[first].only = false;
    to.push_back(use);
  }

  const Places& places_;
  const std::uint32_t variant_;
  const RunReport& report_;
  Uses uses_;
  // The item whose steps come.
  std::string task_;
  std::string item_;
  bool of_lm_eval_ = false;
  bool shown_ = false;
  std::uint32_t place_ = 0;
  std::size_t first_response_ = 0;
  std::size_t first_prompt_ = 0;
};

using Place = std::pair<std::uint32_t, std::uint32_t>;  // of an item, of a variant

// Pieces of items that have several, until all are there.
class Pieces {
 public:
  [[nodiscard]] Status add(const Use& use, std::string_view text,
                           FinishReason finish_reason = FinishReason::stop) {
    const TextPlace place = texts_.put(text);
    all_[{use.item, use.variant}][use.step] = {place, finish_reason};
    return {};
  }
  // Item by item, in the order of its steps: the text with `between` between its pieces, where the
  // text before is not empty, and the last piece's finish reason.
  template <typename Take>
  [[nodiscard]] Status each(RunReport& report, std::string_view between, const Take& take) const {
    for (const auto& [of, pieces] : all_) {
      if (!report.items[of.first].outputs[of.second]) continue;
      std::string text;
      for (const auto& [step, piece] : pieces) {
        if (!text.empty()) text += between;
        text += TRY(texts_.get(piece.text));
      }
      TRY(take(of, text, pieces.rbegin()->second.finish_reason));
    }
    return {};
  }

  explicit Pieces(KeptTexts texts) : texts_(std::move(texts)) {}

 private:
  struct Piece {
    TextPlace text;
    FinishReason finish_reason = FinishReason::stop;
  };
  KeptTexts texts_;
  std::map<Place, std::map<std::int32_t, Piece>> all_;
};

std::string text_of(const Response& response) {
  std::string text = response.text;
  for (std::size_t i = 0; i < response.loglikelihoods.size(); ++i) {
    text += fmt::format("option {}: {:.4f}\n", i + 1, response.loglikelihoods[i].sum);
  }
  return text;
}

// Every answer once, in the file's order.
Status read_responses(const Store& store, const UsesByKey& uses, RunReport& report) {
  std::vector<AnswerTimes> times(report.variants.size());
  Pieces pieces(KeptTexts::in_folder(store.folder()));
  const auto keep = [&report](const Place& of, const std::string& text,
                              FinishReason finish_reason) -> Status {
    OutputValues& output = *report.items[of.first].outputs[of.second];
    output.text = report.texts->put(text);
    output.finish_reason = finish_reason;
    return {};
  };
  TRY(store.each_response(
      [&uses](std::string_view key) { return !uses.of(key).empty(); },
      [&](const std::string& key, const Response& response) -> Status {
        std::optional<std::uint32_t> timed;  // the same answer to another item counts once
        const std::string text = text_of(response);
        for (const Use& use : uses.of(key)) {
          if (timed != use.variant) times[use.variant].add(response);
          timed = use.variant;
          if (!use.shown) continue;
          if (use.only) {
            TRY(keep({use.item, use.variant}, text, response.finish_reason));
          } else {
            TRY(pieces.add(use, text, response.finish_reason));
          }
        }
        return {};
      }));
  TRY(pieces.each(report, "\n\n", keep));
  const std::vector<StoredLoad> loads = TRY(store.loads());
  for (std::size_t v = 0; v < times.size(); ++v) {
    report.variants[v].traffic = times[v].values(loads, report.variants[v].name);
  }
  return {};
}

// The baseline's prompt counts, another's where it has none: the baseline's comes after all others
// or before them.
void keep_prompt(const Place& of, std::size_t base, const std::string& text, TextPlace hash,
                 const std::map<std::string, bool>& may_show, RunReport& report) {
  ItemValues& item = report.items[of.first];
  if (auto& output = item.outputs[of.second]) output->prompt_hash = hash;
  if (item.prompt.size > 0 && of.second != base) return;
  const auto task = may_show.find(item.task);
  if (task != may_show.end() && task->second) item.prompt = report.asked->put(text);
}

Status read_prompts(const Store& store, const UsesByKey& uses, RunReport& report) {
  Pieces pieces(KeptTexts::in_folder(store.folder()));
  const std::size_t base = baseline_index(report.variants);
  std::map<std::string, bool> may_show;
  for (const TaskValues& task : report.tasks) may_show[task.name] = task.may_show;
  const auto hash_of = [&report](const std::string& text) {
    return report.prompt_hashes->put(sha256_hex(text));
  };
  TRY(store.each_rendered([&uses](std::string_view key) { return !uses.of(key).empty(); },
                          [&](const std::string& key, const Rendered& prompt) -> Status {
                            TextPlace hash;  // one for all variants that were asked alike
                            for (const Use& use : uses.of(key)) {
                              if (!use.only) {
                                TRY(pieces.add(use, prompt.text));
                              } else if (!prompt.text.empty()) {
                                if (hash.size == 0) hash = hash_of(prompt.text);
                                keep_prompt({use.item, use.variant}, base, prompt.text, hash,
                                            may_show, report);
                              }
                            }
                            return {};
                          }));
  return pieces.each(
      report, "",
      [&](const Place& of, const std::string& text, FinishReason /*finish_reason*/) -> Status {
        if (text.empty()) return {};
        keep_prompt(of, base, text, hash_of(text), may_show, report);
        return {};
      });
}

// Of tasks that may show them; lm-eval's own tasks have no rows here.
Status read_questions(const Store& store, const Places& places, RunReport& report) {
  for (const TaskValues& task : report.tasks) {
    if (!task.may_show) continue;
    const auto& of_task = places.at(task.name).items;
    for (const Item& item : TRY(store.items(task.name))) {
      const auto place = of_task.find(item.id);
      const std::string question = question_of(item);
      if (place == of_task.end() || question.empty()) continue;
      report.items[place->second].question = report.asked->put(question);
    }
  }
  return {};
}

}  // namespace

Status read_outputs(const Store& store, const FrozenPlan& frozen, const AllScores& scores,
                    RunReport& report) {
  make_items(frozen, scores, report);
  report.texts = std::make_shared<KeptTexts>(KeptTexts::in_folder(store.folder()));
  report.prompt_hashes = std::make_shared<KeptTexts>(KeptTexts::in_folder(store.folder()));
  report.asked = std::make_shared<KeptTexts>(KeptTexts::in_folder(store.folder()));
  std::vector<Uses> uses(report.variants.size());
  {
    const Places places = places_of(report);
    TRY(store.read_side_by_side(1 + uses.size(),
                                [&](const Store& from, std::size_t part) -> Status {
                                  if (part == 0) return read_questions(from, places, report);
                                  const std::size_t v = part - 1;
                                  StepReader reader(places, static_cast<std::uint32_t>(v), report);
                                  TRY(from.each_step(report.variants[v].name, Purpose::answer,
                                                     [&reader](const StoredStep& step) -> Status {
                                                       reader.take(step);
                                                       return {};
                                                     }));
                                  uses[v] = std::move(reader).uses();
                                  return {};
                                }));
  }
  // They fill different fields.
  return store.read_side_by_side(2, [&](const Store& from, std::size_t part) {
    if (part == 0) return read_responses(from, UsesByKey(joined(uses, &Uses::responses)), report);
    return read_prompts(from, UsesByKey(joined(uses, &Uses::prompts)), report);
  });
}

}  // namespace assay
