#include "run/load_record.h"

namespace assay {

Status LoadRecord::begin(const std::string& variant, const LoadedModel& loaded,
                         const EngineHello& hello) {
  ready_at_s_ = clock_.now().count();
  facts_ = loaded.facts;
  facts_["load_s"] = loaded.load_s;
  facts_["versions"] = hello.versions;
  facts_["worker"] = hello.worker;
  generated_tokens_ = 0;
  prompt_tokens_ = 0;
  meter_ = {};
  id_ = TRY(store_.add_load(variant, clock_.wall().count(), facts_));
  return {};
}

void LoadRecord::count(const Response& response) {
  generated_tokens_ += output_tokens(response);
  prompt_tokens_ += response.prompt_tokens;
}

void LoadRecord::note_energy(Engine& engine) {
  const auto stats = engine.stats();
  if (!stats) return;
  if (const auto energy_j = stats->energy_j) facts_["energy_j"] = *energy_j;
}

Status LoadRecord::save() {
  facts_["generated_tokens"] = generated_tokens_;
  facts_["prompt_tokens"] = prompt_tokens_;
  facts_["work_s"] = since_ready_s();
  facts_["by_in_flight"] = meter_.to_json(clock_.now().count());
  return store_.update_load(id_, facts_);
}

}  // namespace assay
