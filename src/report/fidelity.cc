#include "report/fidelity.h"

#include <algorithm>
#include <map>
#include <string>

#include "stats/bootstrap.h"
#include "stats/fidelity.h"

namespace assay {
namespace {

// "<task>/<item>" -> its output. The order of these names is the order in which the bootstrap
// draws.
using Positions = std::map<std::string, std::vector<TokenLogprobs>>;

Result<Positions> read_back(const Store& store, const std::string& variant,
                            Purpose purpose = Purpose::read_back) {
  Positions out;
  for (const StoredStep& step : TRY(store.steps(variant, purpose))) {
    auto response = TRY(store.response(step.response_key));
    if (response) out[step.id.task + "/" + step.id.item] = std::move(response->positions);
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
  FidelityValues out;
  for (const auto& [item, theirs] : candidate) {
    const auto ours = baseline.find(item);
    if (ours == baseline.end()) continue;
    const OutputFidelity one = compare_output(ours->second, theirs);
    if (one.tokens == 0) continue;
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
