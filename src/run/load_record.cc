#include "run/load_record.h"

#include <algorithm>
#include <vector>

namespace assay {
namespace {

constexpr std::int64_t kTellingTokens = 200;  // fewer tell no pace

// Seconds a token, whatever was in flight; 0: not known.
double token_s(const std::vector<StoredLoad>& loads, const std::string& variant) {
  double work_s = 0;
  std::int64_t tokens = 0;
  for (const StoredLoad& load : loads) {
    if (load.variant != variant) continue;
    work_s += load.facts.work_s;
    tokens += load.facts.generated_tokens;
  }
  return tokens < kTellingTokens ? 0 : work_s / static_cast<double>(tokens);
}

}  // namespace

Result<double> work_so_far_s(const std::string& variant, const Store& store) {
  double work_s = 0;
  for (const StoredLoad& load : TRY(store.loads())) {
    if (load.variant == variant) work_s += load.facts.work_s;
  }
  return work_s;
}

Result<double> turns_needed(const std::string& variant, const std::string& one, double forecast,
                            const Store& store) {
  const std::vector<StoredLoad> loads = TRY(store.loads());
  const double its_s = token_s(loads, variant);
  const double one_s = token_s(loads, one);
  return its_s > 0 && one_s > 0 ? std::clamp(its_s / one_s, 0.125, 8.0) : forecast;
}

Result<double> expected_load_s(const Store& store, double guess_s) {
  const std::vector<StoredLoad> loads = TRY(store.loads());
  double sum_s = guess_s;
  for (const StoredLoad& load : loads) sum_s += load.facts.load_s;
  return sum_s / static_cast<double>(loads.size() + 1);
}

Status LoadRecord::begin(const std::string& variant, const LoadFacts& loaded,
                         const EngineHello& hello) {
  ready_at_s_ = clock_.now().count();
  facts_ = loaded;
  facts_.versions = hello.versions;
  facts_.worker = hello.worker;
  meter_ = {};
  answers_ = 0;
  id_ = TRY(store_.add_load(variant, clock_.wall().count(), facts_));
  return {};
}

void LoadRecord::count(const Response& response) {
  ++answers_;
  facts_.generated_tokens += output_tokens(response);
  facts_.prompt_tokens += response.prompt_tokens;
}

void LoadRecord::read_gpus(Engine& engine) {
  const auto stats = engine.stats();
  if (!stats) return;
  facts_.energy_j = stats->energy_j;
  facts_.gpu_use = stats->gpu_use;
}

Status LoadRecord::save() {
  facts_.work_s = since_ready_s();
  facts_.by_in_flight = meter_.rows(clock_.now().count());
  return store_.update_load(id_, facts_);
}

}  // namespace assay
