#include "report/fidelity.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>

#include "stats/bootstrap.h"
#include "stats/fidelity.h"

namespace assay {
namespace {

// Positions of a part: those of a task, or of a band of the outputs' tokens.
struct PartSums {
  std::int64_t tokens = 0;
  std::int64_t agreed = 0;
  double kl = 0;

  void add(const PositionFidelity& position) {
    ++tokens;
    agreed += position.top1_agrees ? 1 : 0;
    kl += position.kl;
  }
  void write(FidelityPart& part) const {
    part.tokens = tokens;
    part.top1_agreement = static_cast<double>(agreed) / static_cast<double>(tokens);
    part.kl = kl / static_cast<double>(tokens);
  }
};

// Bands of the tokens of an output, each four times as long as the one before: 1, 2-4, 5-16, …
std::int64_t end_of_band(std::size_t band) {
  return std::int64_t{1} << (2 * band);
}

std::size_t band_of(std::int64_t token) {
  std::size_t band = 0;
  while (token > end_of_band(band)) ++band;
  return band;
}

// What is told of the positions beside their means.
class Parts {
 public:
  void add(const std::string& task, const std::vector<PositionFidelity>& positions) {
    for (std::size_t i = 0; i < positions.size(); ++i) {
      tasks_[task].add(positions[i]);
      bands_[band_of(static_cast<std::int64_t>(i) + 1)].add(positions[i]);
      kl_.push_back(positions[i].kl);
    }
  }
  void write(FidelityValues& out) {
    for (const auto& [task, sums] : tasks_)
      sums.write(out.by_task.emplace_back(FidelityPart{task}));
    for (const auto& [band, sums] : bands_) {
      const std::int64_t from = band == 0 ? 1 : end_of_band(band - 1) + 1;
      sums.write(out.by_position.emplace_back(FidelityPart{"", from, end_of_band(band)}));
    }
    std::ranges::sort(kl_);
    for (const double share : {0.5, 0.75, 0.9, 0.95, 0.99, 1.0}) {
      const auto rank =
          static_cast<std::size_t>(std::ceil(share * static_cast<double>(kl_.size())));
      out.kl_quantiles[share] = kl_[std::max<std::size_t>(rank, 1) - 1];
    }
  }

 private:
  std::map<std::string, PartSums> tasks_;
  std::map<std::size_t, PartSums> bands_;
  std::vector<double> kl_;
};

struct ReadOutput {
  std::string task;
  std::vector<TokenLogprobs> positions;
};
// "<task>/<item>" -> its output. The order of these names is the order in which the bootstrap
// draws.
using Positions = std::map<std::string, ReadOutput>;

Result<Positions> read_back(const Store& store, const std::string& variant,
                            Purpose purpose = Purpose::read_back) {
  Positions out;
  for (const StoredStep& step : TRY(store.steps(variant, purpose))) {
    auto response = TRY(store.response(step.response_key));
    if (!response) continue;
    out[step.id.task + "/" + step.id.item] = {step.id.task, std::move(response->positions)};
  }
  return out;
}

Estimate estimate(const std::vector<Cluster>& clusters) {
  double sum = 0;
  double size = 0;
  for (const Cluster& cluster : clusters) {
    sum += cluster.sum;
    size += cluster.size;
  }
  const double mean = sum / size;
  const auto distribution = bootstrap_mean(clusters, {});
  if (!distribution) return {mean, mean, mean};  // one output, or all the same
  const Interval interval = bca_interval(*distribution, 0.95);
  return {mean, interval.low, interval.high};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::optional<FidelityValues> compare(const Positions& baseline, const Positions& candidate) {
  std::vector<Cluster> kl;
  std::vector<Cluster> top1;
  std::vector<Cluster> loglik;
  std::vector<double> agreed;
  Parts parts;
  FidelityValues out;
  for (const auto& [item, theirs] : candidate) {
    const auto ours = baseline.find(item);
    if (ours == baseline.end()) continue;
    const std::vector<PositionFidelity> positions =
        compare_positions(ours->second.positions, theirs.positions);
    const OutputFidelity one = sum_of(positions);
    if (one.tokens == 0) continue;
    parts.add(theirs.task, positions);
    const double size = one.tokens;
    kl.push_back({one.kl_sum, size});
    top1.push_back({static_cast<double>(one.top1_agreements), size});
    loglik.push_back({one.loglik_difference_sum, size});
    agreed.push_back(one.agreed_tokens);
    ++out.items;
    out.tokens += one.tokens;
  }
  if (out.items == 0) return std::nullopt;
  out.kl = estimate(kl);
  out.top1_agreement = estimate(top1);
  out.loglik_difference = estimate(loglik);
  out.first_divergence = median(std::move(agreed));
  parts.write(out);
  return out;
}

}  // namespace

Result<std::vector<std::optional<FidelityValues>>> measure_fidelity(
    const Store& store, const std::vector<VariantValues>& variants) {
  std::vector<std::optional<FidelityValues>> out(variants.size());
  if (variants.empty()) return out;
  const Positions baseline = TRY(read_back(store, variants[baseline_index(variants)].name));
  if (baseline.empty()) return out;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    if (!variants[i].baseline) {
      out[i] = compare(baseline, TRY(read_back(store, variants[i].name)));
    }
  }
  return out;
}

Result<std::optional<FidelityValues>> measure_fidelity_floor(const Store& store,
                                                             const std::string& baseline) {
  return compare(TRY(read_back(store, baseline)),
                 TRY(read_back(store, baseline, Purpose::second_read_back)));
}

}  // namespace assay
