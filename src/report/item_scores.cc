#include "report/item_scores.h"

#include <algorithm>
#include <set>

#include "stats/item_pair.h"

namespace assay {
namespace {

// Gives words that were given before once more, instead of others that say the same.
class KnownWords {
 public:
  std::shared_ptr<const ScoreWords> of(ScoreWords words) {
    const auto found = known_.find(words);
    if (found != known_.end()) return *found;
    if (known_.size() == kMost) known_.clear();
    return *known_.insert(std::make_shared<const ScoreWords>(std::move(words))).first;
  }

 private:
  static constexpr std::size_t kMost = 4096;  // of free answers no two may be alike

  struct ByValue {
    using is_transparent = void;
    static const ScoreWords& value(const ScoreWords& words) { return words; }
    static const ScoreWords& value(const std::shared_ptr<const ScoreWords>& words) {
      return *words;
    }
    bool operator()(const auto& a, const auto& b) const { return value(a) < value(b); }
  };
  std::set<std::shared_ptr<const ScoreWords>, ByValue> known_;
};

LastScore last_of(Score score, KnownWords& known) {
  LastScore last;
  const auto robust = score.metrics.find("robust");
  const auto lm_eval = score.metrics.find("lm_eval");
  last.metrics_differ = robust != score.metrics.end() && lm_eval != score.metrics.end() &&
                        robust->second != lm_eval->second;
  last.words = known.of({std::move(score.extracted), std::move(score.extraction),
                         std::move(score.detail), std::move(score.target)});
  if (score.remarks.contains(kFilteredRemark)) {
    last.filtered = std::make_unique<const std::map<std::string, std::string>>(
        score.remarks.value(kFilteredRemark, std::map<std::string, std::string>()));
  }
  static_cast<Soundness&>(last) = score;
  return last;
}

void add_scores(const StoredScore& stored, ItemScore& item) {
  const int repeat = stored.id.repeat;
  if (item.repeats == 0) item.first_scored = repeat;
  if (item.repeats == 1) {
    item.each = std::make_unique<std::vector<RepeatSums>>();
    item.each->push_back({item.first_scored, item.sums});
  }
  if (item.each) item.each->push_back({repeat, {}});
  for (const auto& [metric, value] : stored.score.metrics) {
    item.sums.add(metric, value);
    if (item.each) item.each->back().scores.add(metric, value);
  }
  ++item.repeats;
}

// They come by item, so that a new one mostly belongs at the end.
ItemScore& item_of(std::string id, ItemScores& items) {
  return items.try_emplace(items.end(), std::move(id))->second;
}

void take(StoredScore stored, KnownWords& known, AllScores& all) {
  ItemScores& items = all[{stored.id.variant, stored.id.task}];
  ItemScore& item = item_of(std::move(stored.id.item), items);
  // A repeat that time left out says nothing of an item that has others.
  if (stored.score.reason == reason::kNotRun && item.repeats > 0) return;
  if (stored.score.outcome == Outcome::scored) {
    add_scores(stored, item);
    item.options = stored.score.options.value_or(0);
    if (stored.score.metrics.contains("robust")) {
      const Score& score = stored.score;
      if (score.month || score.substeps || score.confidence) {
        if (!item.own) item.own = std::make_unique<OwnParts>();
        add_own_parts(score, score.metrics.at("robust"), *item.own);
      }
    }
  } else {
    item.reason = std::make_unique<const std::string>(stored.score.reason);
  }
  item.last = last_of(std::move(stored.score), known);
}

}  // namespace

void MetricSums::add(const std::string& metric, double value) {
  for (auto& [name, sum] : sums_) {
    if (name != metric) continue;
    sum += value;
    return;
  }
  if (sums_.empty()) sums_.reserve(2);  // as most tasks have: "lm_eval" and "robust"
  sums_.emplace_back(metric, value);
}

const double* MetricSums::find(const std::string& metric) const {
  const auto it = std::ranges::find(sums_, metric, &std::pair<std::string, double>::first);
  return it == sums_.end() ? nullptr : &it->second;
}

Result<AllScores> read_scores(const Store& store, const std::vector<VariantValues>& variants,
                              Purpose purpose) {
  std::vector<AllScores> parts(variants.size());
  TRY(store.read_side_by_side(variants.size(), [&](const Store& from, std::size_t v) {
    KnownWords known;
    return from.each_score(variants[v].name, purpose, [&](StoredScore stored) -> Status {
      take(std::move(stored), known, parts[v]);
      return {};
    });
  }));
  AllScores all;
  for (AllScores& part : parts) all.merge(part);
  return all;
}

const ItemScores& scores_of(const AllScores& scores, const std::string& variant,
                            const std::string& task) {
  static const ItemScores none;
  const auto it = scores.find({variant, task});
  return it == scores.end() ? none : it->second;
}

double mean_of(const ItemScore& item, const std::string& metric) {
  const double* sum = item.sums.find(metric);
  return sum == nullptr || item.repeats == 0 ? 0 : *sum / item.repeats;
}

std::vector<RepeatScore> repeats_of(const ItemScore& item, const std::string& metric) {
  const auto score_in = [&](const MetricSums& scores) {
    const double* found = scores.find(metric);
    return found == nullptr ? 0 : *found;
  };
  std::vector<RepeatScore> out;
  if (item.repeats == 1) out.push_back({item.first_scored, score_in(item.sums)});
  if (!item.each) return out;
  for (const RepeatSums& one : *item.each) out.push_back({one.repeat, score_in(one.scores)});
  std::ranges::sort(out, {}, &RepeatScore::repeat);
  return out;
}

std::vector<PairedScore> pairs_of(const ItemScores& base, const ItemScores& candidate,
                                  const std::string& metric) {
  std::vector<PairedScore> pairs;
  InOrder theirs(candidate);
  for (const auto& [id, b] : base) {
    const ItemScore* c = theirs.find(id);
    if (c == nullptr) continue;
    const auto pair = pair_of(repeats_of(b, metric), repeats_of(*c, metric));
    if (pair) pairs.push_back(*pair);
  }
  return pairs;
}

}  // namespace assay
