#include "run/load_record.h"

namespace assay {

Status LoadRecord::begin(const std::string& variant, const LoadFacts& loaded,
                         const EngineHello& hello) {
  ready_at_s_ = clock_.now().count();
  facts_ = loaded;
  facts_.versions = hello.versions;
  facts_.worker = hello.worker;
  meter_ = {};
  id_ = TRY(store_.add_load(variant, clock_.wall().count(), facts_));
  return {};
}

void LoadRecord::count(const Response& response) {
  facts_.generated_tokens += output_tokens(response);
  facts_.prompt_tokens += response.prompt_tokens;
}

void LoadRecord::read_energy(Engine& engine) {
  const auto stats = engine.stats();
  if (stats && stats->energy_j) facts_.energy_j = stats->energy_j;
}

Status LoadRecord::save() {
  facts_.work_s = since_ready_s();
  facts_.by_in_flight = meter_.rows(clock_.now().count());
  return store_.update_load(id_, facts_);
}

}  // namespace assay
