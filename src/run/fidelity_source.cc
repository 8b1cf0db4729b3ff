#include "run/fidelity_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/hash.h"
#include "plan/endpoint.h"
#include "run/unit.h"

namespace assay {
FidelitySource::FidelitySource(const ResolvedRun& run, const ResolvedVariant& variant,
                               EngineIdentity identity, Store& store)
    : run_(run), variant_(variant), identity_(std::move(identity)), store_(store) {}

Status FidelitySource::prepare() {
  waiting_.clear();
  again_.clear();
  chosen_ = 0;
  const nlohmann::json args = merged_engine_args(run_.plan, variant_.spec);
  if (run_.plan.engine.kind == kEndpointKind && !endpoint_has_logprobs(args)) return {};
  const int room = args.value("max_model_len", 0);
  const int longest = room > 0 ? std::min(kFidelityMaxTotalTokens, room - 1)  // one is generated
                               : kFidelityMaxTotalTokens;
  const std::string& baseline = run_.baseline().spec.name;
  for (const Unit& unit : make_units(run_.whole != nullptr ? *run_.whole : run_)) {
    if (chosen_ >= run_.plan.fidelity.items) break;
    if (unit.repeat != 0) continue;
    const auto steps = TRY(store_.steps(unit.id(baseline)));
    if (!steps.empty()) TRY(add(*unit.task, unit.item(), steps.front(), longest));
  }
  // Once a run has come to its end, no engine is loaded for the second reading alone; one that was
  // killed or interrupted in it goes on.
  const auto end = TRY(store_.meta("end"));
  const bool has_ended = end == "complete" || end == "out_of_time";
  if (waiting_.empty() && has_ended) again_.clear();
  waiting_.insert(waiting_.end(), std::make_move_iterator(again_.begin()),
                  std::make_move_iterator(again_.end()));
  again_.clear();
  return {};
}

Status FidelitySource::add(const ResolvedTask& task, const Item& item, const StoredStep& first,
                           int longest) {
  if (first.response_key.empty()) return {};
  const auto response = TRY(store_.response(first.response_key));
  const auto rendered = TRY(store_.rendered(first.rendered_key));
  if (!response || !rendered || response->token_ids.empty()) return {};
  std::vector<int> tokens = rendered->prompt_tokens;
  const int start = static_cast<int>(tokens.size());
  const auto taken = std::min<std::ptrdiff_t>(
      run_.plan.fidelity.max_tokens, static_cast<std::ptrdiff_t>(response->token_ids.size()));
  tokens.insert(tokens.end(), response->token_ids.begin(), response->token_ids.begin() + taken);
  if (start == 0 || static_cast<int>(tokens.size()) > longest) return {};
  ++chosen_;
  Output output;
  output.id = {variant_.spec.name, task.spec.name, item.id, 0, Purpose::read_back};
  output.rendered_key = first.rendered_key;
  output.rendered.scored.push_back({std::move(tokens), start});
  const std::string key = response_key(variant_, identity_, RequestKind::prompt_logprobs,
                                       output.rendered, Sampling{}, 0);
  output.key = sha256_hex(fmt::format("{} top_k {}", key, kFidelityTopK));
  if (run_.plan.compare.noise_floor && variant_.spec.baseline) {
    Output again = output;
    again.id.purpose = Purpose::second_read_back;
    again.key = sha256_hex(output.key + " again");
    TRY(add_output(std::move(again), again_));
  }
  return add_output(std::move(output), waiting_);
}

Status FidelitySource::add_output(Output output, std::deque<Output>& waiting) {
  if (TRY(store_.response(output.key))) return put_step(output);
  if (output.id.purpose == Purpose::second_read_back) {
    waiting.push_front(std::move(output));
  } else {
    waiting.push_back(std::move(output));
  }
  return {};
}

Status FidelitySource::put_step(const Output& output) {
  return store_.put_step({output.id, 0, output.key, output.rendered_key});
}

std::vector<Offer> FidelitySource::offers() {
  if (waiting_.empty()) return {};
  Offer offer;
  offer.cost.prompt_tokens = tokens_to_read(waiting_.front().rendered);
  offer.cost.factor = reading_cost();
  offer.standing = Offer::Standing::extra;
  return {offer};
}

Status FidelitySource::ask(Engine& engine, std::size_t /*ticket*/, std::int64_t id) {
  TRY(engine.submit(id, RequestKind::prompt_logprobs, waiting_.front().rendered, Sampling{},
                    kFidelityTopK));
  asked_.emplace(id, std::move(waiting_.front()));
  waiting_.pop_front();
  return {};
}

int FidelitySource::prompt_tokens_in_flight() const {
  int tokens = 0;
  for (const auto& [id, output] : asked_) tokens += tokens_to_read(output.rendered);
  return tokens;
}

Result<bool> FidelitySource::on_answer(Engine& /*engine*/, const Answered& answered,
                                       std::int64_t load_id) {
  const auto it = asked_.find(answered.id);
  if (it == asked_.end()) return false;
  const Output output = std::move(it->second);
  asked_.erase(it);
  if (answered.response.finish_reason == FinishReason::error) return true;
  TRY(store_.put_response(output.key, answered.response, load_id));
  TRY(put_step(output));
  return true;
}

Status FidelitySource::drop_waiting(Engine* /*engine*/) {
  waiting_.clear();
  return {};
}

Status FidelitySource::on_death(const std::string& /*why*/, bool /*alone*/,
                                std::int64_t /*load_id*/) {
  waiting_.clear();
  asked_.clear();
  return {};
}

}  // namespace assay
