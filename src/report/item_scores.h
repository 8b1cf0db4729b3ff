// A store's scores by item, and pairs of them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "report/own_figures.h"
#include "report/values.h"
#include "store/store.h"
#include "values/looks.h"

namespace assay {

// What a report says of an item's last score beside its metrics; there are millions of them.
struct LastScore : Soundness {
  bool metrics_differ = false;              // "robust" and "lm_eval"
  std::shared_ptr<const ScoreWords> words;  // shared where the same is said; nullptr: no score
  // kFilteredRemark; nullptr: there is none
  std::unique_ptr<const std::map<std::string, std::string>> filtered;
};

// A handful of sums by name, in less room than a map takes.
class MetricSums {
 public:
  void add(const std::string& metric, double value);
  [[nodiscard]] const double* find(const std::string& metric) const;  // nullptr: nothing was added
  [[nodiscard]] auto begin() const { return sums_.begin(); }
  [[nodiscard]] auto end() const { return sums_.end(); }

 private:
  std::vector<std::pair<std::string, double>> sums_;
};

// The scores of one answer.
struct RepeatSums {
  int repeat = 0;
  MetricSums scores;
};

struct ItemScore {       // one item of one variant, repeats taken together
  int repeats = 0;       // scored ones
  int first_scored = 0;  // which of them the first is
  int options = 0;       // multiple choice: of how many; 0: a score does not say
  MetricSums sums;
  std::unique_ptr<std::vector<RepeatSums>> each;  // of several that are scored; else nullptr
  std::unique_ptr<const std::string> reason;      // of the last unscored one; nullptr: none was
  LastScore last;
  std::unique_ptr<OwnParts> own;  // nullptr: its scores carry none
};

using ItemScores = std::map<std::string, ItemScore>;                          // item -> score
using AllScores = std::map<std::pair<std::string, std::string>, ItemScores>;  // (variant, task)

// Of these variants. `purpose`: answer or second_pass.
[[nodiscard]] Result<AllScores> read_scores(const Store& store,
                                            const std::vector<VariantValues>& variants,
                                            Purpose purpose);
// Looks up what is asked for in ascending order: it goes along with the questions, where find()
// would begin at the top of a million each time.
template <typename Map>
class InOrder {
 public:
  explicit InOrder(const Map& map) : at_(map.begin()), end_(map.end()) {}
  // nullptr: there is none. Never for a key below the one before.
  [[nodiscard]] const typename Map::mapped_type* find(const typename Map::key_type& key) {
    while (at_ != end_ && at_->first < key) ++at_;
    return at_ != end_ && at_->first == key ? &at_->second : nullptr;
  }

 private:
  typename Map::const_iterator at_;
  typename Map::const_iterator end_;
};

// Empty where there are none.
[[nodiscard]] const ItemScores& scores_of(const AllScores& scores, const std::string& variant,
                                          const std::string& task);
// Over the repeats that were scored; 0 without any.
[[nodiscard]] double mean_of(const ItemScore& item, const std::string& metric);
// Of each scored answer, ascending by repeat.
[[nodiscard]] std::vector<RepeatScore> repeats_of(const ItemScore& item, const std::string& metric);
// The items that have a repeat scored on both sides (stats/item_pair.h).
[[nodiscard]] std::vector<PairedScore> pairs_of(const ItemScores& base, const ItemScores& candidate,
                                                const std::string& metric);

}  // namespace assay
