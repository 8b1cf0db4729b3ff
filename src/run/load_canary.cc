#include "run/load_canary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "plan/endpoint.h"
#include "score/soundness.h"

namespace assay {
namespace {

// Everyday questions whose answers run on for a while: a sound model, however small, neither stops
// at once nor repeats itself within 64 tokens on most of them.
constexpr std::array<const char*, kCanaryPrompts> kPrompts = {
    "Explain in a few sentences why the sea is salty.",
    "Write a short story about a lighthouse keeper who finds a letter.",
    "What is 17 plus 25? Explain each step.",
    "Write a Python function that returns the largest number of a list, and explain it.",
    "Describe how bread is made, from flour to loaf.",
    "Name three differences between a frog and a toad.",
    "A train leaves at 9:40 and arrives at 12:05. How long is the journey, and why?",
    "Give some advice to somebody who moves to a new city.",
};

constexpr int kFewestTokens = 16;  // where less fits into the engine nothing is asked

std::string percent_of(int part, int whole) {
  return fmt::format("{:.1f} %", 100.0 * part / std::max(1, whole));
}

std::string count_or_none(int count) {
  return count == 0 ? "none" : std::to_string(count);
}

// The likeliest token of a position is the one that stands there; where two are alike, either is.
int agreed_positions(const Response& reading) {
  return static_cast<int>(
      std::ranges::count_if(reading.positions, [](const TokenLogprobs& position) {
        return !position.top_logprobs.empty() && position.logprob >= position.top_logprobs.front();
      }));
}

std::string quoted_start(const std::string& text) {
  constexpr std::size_t kMost = 80;
  return '"' + one_line(text, kMost) + '"';
}

}  // namespace

std::string canary_fault(const CanaryFigures& figures) {
  if (figures.not_numbers > 0) {
    return fmt::format("{} of its answers and readings hold a log-probability that is no number",
                       figures.not_numbers);
  }
  if (figures.empty >= kCanaryPrompts) {
    return fmt::format("{} of {} answers are empty", figures.empty, figures.answers);
  }
  if (figures.looping >= kCanaryLooping) {
    return fmt::format("{} of {} answers repeat themselves", figures.looping, figures.answers);
  }
  if (figures.positions >= kCanaryFewestPositions &&
      figures.agreed < kCanaryAgreement * figures.positions) {
    return fmt::format("it picks the baseline's token at {} of {} positions, fewer than {:.0f} %",
                       figures.agreed, figures.positions, 100 * kCanaryAgreement);
  }
  return "";
}

Text canary_sentence(const CanaryFigures& figures) {
  Text tokens;
  if (figures.positions > 0) {
    tokens = bilingual("; {} of the baseline's tokens", "；与基线的 token 一致 {}",
                       percent_of(figures.agreed, figures.positions));
  }
  return {fmt::format("{} answers, {} empty, {} looping{}", figures.answers,
                      count_or_none(figures.empty), count_or_none(figures.looping), tokens.en),
          fmt::format("{} 个回答，空回答 {} 个，循环重复 {} 个{}", figures.answers, figures.empty,
                      figures.looping, tokens.zh)};
}

LoadCanary::LoadCanary(const ResolvedRun& run, const ResolvedVariant& variant,
                       EngineIdentity identity, Store& store)
    : run_(run), variant_(variant), identity_(std::move(identity)), store_(store) {}

Status LoadCanary::opened(const std::string& tokenizer_hash) {
  same_tokenizer_ = false;
  const auto baseline = TRY(store_.meta("opened:" + run_.baseline().spec.name));
  if (!baseline) return {};
  const nlohmann::json facts = TRY(parse_json(*baseline, "the store"));
  same_tokenizer_ = facts.value("tokenizer_hash", std::string()) == tokenizer_hash;
  return {};
}

Status LoadCanary::begin(const LoadFacts& loaded) {
  waiting_.clear();
  asked_.clear();
  answered_.clear();
  due_ = cut_ = false;
  load_.clear();
  loaded_ = loaded;
  if (!run_.plan.canary || run_.plan.engine.kind == kEndpointKind) return {};
  if (identity_.args.value("load_format", nlohmann::json()) == "dummy") return {};
  const nlohmann::json facts = to_json(loaded);
  load_ = sha256_hex(dump_json({{"fingerprint", variant_.fingerprint},
                                {"revision", variant_.revision},
                                {"engine", identity_.engine},
                                {"versions", identity_.versions},
                                {"args", identity_.args},
                                {"devices", facts.at("devices")},
                                {"kernels", facts.at("kernels")},
                                {"attention_backend", facts.at("attention_backend")}}));
  if (const auto passed = TRY(store_.meta(canary_name(variant_.spec.name)))) {
    if (TRY(parse_json(*passed, "the store")).value("load", std::string()) == load_) return {};
  }
  const int max_model_len =
      loaded.max_model_len > 0 ? loaded.max_model_len : max_model_len_of(identity_.args);
  want_answers(max_model_len);
  if (!variant_.spec.baseline && same_tokenizer_) TRY(want_readings(max_model_len));
  due_ = !waiting_.empty();
  return {};
}

void LoadCanary::want_answers(int max_model_len) {
  for (std::size_t i = 0; i < prompts_.size(); ++i) {
    Ask ask{
        .number = static_cast<int>(i), .rendered = prompts_[i], .sampling = {}, .prompt_key = {}};
    const int room =
        max_model_len > 0 ? max_model_len - tokens_to_read(ask.rendered) : kCanaryTokens;
    if (room < kFewestTokens) continue;
    ask.sampling.max_tokens = std::min(kCanaryTokens, room);
    ask.sampling.logprobs = 1;
    waiting_.push_back(std::move(ask));
  }
}

Status LoadCanary::want_readings(int max_model_len) {
  const std::string& baseline = run_.baseline().spec.name;
  for (int number = 0; number < kCanaryPrompts; ++number) {
    const auto steps = TRY(store_.steps(id_of(baseline, number)));
    if (steps.empty()) continue;
    const auto answer = TRY(store_.response(steps.front().response_key));
    const auto prompt = TRY(store_.rendered(steps.front().rendered_key));
    if (!answer || !prompt || answer->token_ids.empty() || prompt->prompt_tokens.empty()) continue;
    Ask ask{.does = Does::reads,
            .number = number,
            .rendered = {},
            .sampling = {},
            .prompt_key = steps.front().rendered_key};
    std::vector<int> tokens = prompt->prompt_tokens;
    const int start = static_cast<int>(tokens.size());
    tokens.insert(tokens.end(), answer->token_ids.begin(), answer->token_ids.end());
    // Reading generates one token.
    if (max_model_len > 0 && static_cast<int>(tokens.size()) >= max_model_len) continue;
    ask.rendered.scored.push_back({std::move(tokens), start});
    waiting_.push_back(std::move(ask));
  }
  return {};
}

Result<std::vector<Request>> LoadCanary::to_render() {
  std::vector<Request> requests;
  if (!prompts_.empty() || !run_.plan.canary) return requests;
  for (const char* prompt : kPrompts) {
    Request request;
    if (!run_.plan.chat.system.empty()) {
      request.messages.push_back({"system", run_.plan.chat.system});
    }
    request.messages.push_back({"user", prompt});
    request.plain = fmt::format("Question: {}\nAnswer:", prompt);
    request.sampling.max_tokens = kCanaryTokens;
    requests.push_back(std::move(request));
  }
  return requests;
}

Status LoadCanary::set_prompts(const std::vector<Rendered>& prompts) {
  prompts_ = prompts;
  return {};
}

// What an engine cannot tell is not asked.
Status LoadCanary::refresh(Engine& engine) {
  const auto& can = engine.hello().capabilities;
  if (std::ranges::find(can, "prompt_logprobs") != can.end()) return {};
  std::erase_if(waiting_, [](const Ask& ask) { return ask.does == Does::reads; });
  return {};
}

std::vector<Offer> LoadCanary::offers() {
  if (waiting_.empty()) return {};
  const Ask& ask = waiting_.front();
  Offer offer;
  offer.cost.prompt_tokens = tokens_to_read(ask.rendered);
  offer.cost.max_tokens = ask.sampling.max_tokens;
  offer.standing = Offer::Standing::extra;
  return {offer};
}

Status LoadCanary::ask(Engine& engine, std::size_t /*ticket*/, std::int64_t id) {
  const Ask& ask = waiting_.front();
  const RequestKind kind =
      ask.does == Does::reads ? RequestKind::prompt_logprobs : RequestKind::generate;
  TRY(engine.submit(id, kind, ask.rendered, ask.sampling, /*top_k=*/1));
  asked_.emplace(id, std::move(waiting_.front()));
  waiting_.pop_front();
  return {};
}

int LoadCanary::prompt_tokens_in_flight() const {
  int tokens = 0;
  for (const auto& [id, ask] : asked_) tokens += tokens_to_read(ask.rendered);
  return tokens;
}

Result<bool> LoadCanary::on_answer(Engine& /*engine*/, const Answered& answered,
                                   std::int64_t /*load_id*/) {
  const auto it = asked_.find(answered.id);
  if (it == asked_.end()) return false;
  answered_.emplace_back(std::move(it->second), answered.response);
  asked_.erase(it);
  return true;
}

Status LoadCanary::drop_waiting(Engine* /*engine*/) {
  cut_ = cut_ || !waiting_.empty();
  waiting_.clear();
  return {};
}

Status LoadCanary::on_death(const std::string& /*why*/, bool /*alone*/, std::int64_t /*load_id*/) {
  due_ = false;
  waiting_.clear();
  asked_.clear();
  answered_.clear();
  return {};
}

AnswerId LoadCanary::id_of(const std::string& variant, int number) const {
  return {variant, "canary", std::to_string(number + 1), 0, Purpose::canary};
}

std::string LoadCanary::key_of(const Ask& ask) const {
  const RequestKind kind =
      ask.does == Does::reads ? RequestKind::prompt_logprobs : RequestKind::generate;
  const std::string key =
      response_key(variant_, identity_, kind, ask.rendered, ask.sampling, /*repeat=*/0);
  return sha256_hex(fmt::format("{} canary {}", key, load_));
}

CanaryFigures LoadCanary::figures() const {
  CanaryFigures out;
  for (const auto& [ask, response] : answered_) {
    const bool failed = response.finish_reason == FinishReason::error;
    if (failed && response.error.find(kLogprobNotANumber) != std::string::npos) ++out.not_numbers;
    if (failed) continue;
    if (ask.does == Does::reads) {
      out.positions += static_cast<int>(response.positions.size());
      out.agreed += agreed_positions(response);
      continue;
    }
    ++out.answers;
    out.empty += is_blank(response.text) ? 1 : 0;
    out.looping += is_looping(response.text) || is_looping(response.token_ids) ? 1 : 0;
  }
  return out;
}

Error LoadCanary::failed(const std::string& fault) const {
  const auto is_answer = [](const auto& entry) {
    return entry.first.does == Does::answers && !is_blank(entry.second.text);
  };
  const auto sample = std::ranges::find_if(answered_, is_answer);
  std::string why = "what was loaded does not compute this model; most likely";
  const std::string kernels = join(loaded_.kernel_names(), ", ");
  why += kernels.empty() ? " a kernel" : fmt::format(" a kernel ({})", kernels);
  why += ", the chat template, the checkpoint (its files, or their scales)";
  if (rank_count(identity_.args) > 1) why += ", or the sum over the ranks (all-reduce)";
  if (sample != answered_.end()) why += "; an answer begins " + quoted_start(sample->second.text);
  return {
      ErrorKind::environment,
      fmt::format("the canary of variant {} failed: {}", variant_.spec.name, fault), why,
      "`assay doctor` tries kernels and all-reduce; compare the model's folder with its source; "
      "`canary: off` in the plan goes on all the same (docs/canary.md)"};
}

Status LoadCanary::keep(const CanaryFigures& figures, std::int64_t load_id) {
  for (const auto& [ask, response] : answered_) {
    const std::string key = key_of(ask);
    TRY(store_.put_response(key, response, load_id));
    std::string prompt_key = ask.prompt_key;
    if (ask.does == Does::answers) {
      prompt_key = sha256_hex(key + " prompt");
      TRY(store_.put_rendered(prompt_key, ask.rendered));
    }
    const int step = ask.does == Does::answers ? 0 : 1;
    TRY(store_.put_step({id_of(variant_.spec.name, ask.number), step, key, prompt_key}));
  }
  nlohmann::json passed = to_json(figures);
  passed["load"] = load_;
  return store_.set_meta(canary_name(variant_.spec.name), dump_json(passed));
}

Result<std::optional<CanaryFigures>> LoadCanary::end(std::int64_t load_id, double wall_s) {
  due_ = false;
  const CanaryFigures seen = figures();
  if (const std::string fault = canary_fault(seen); !fault.empty()) {
    Error error = failed(fault);
    nlohmann::json body = to_json(seen);
    body["variant"] = variant_.spec.name;
    body["why"] = fault;
    TRY(store_.add_event(wall_s, "canary failed", body));
    return std::unexpected(std::move(error));
  }
  if (seen.answers == 0) return std::nullopt;
  const bool whole = !cut_ && std::ranges::none_of(answered_, [](const auto& entry) {
    return entry.second.finish_reason == FinishReason::error;
  });
  if (whole) TRY(keep(seen, load_id));
  return seen;
}

Result<std::vector<Response>> LoadCanary::stored_answers() const {
  std::vector<Response> out;
  if (load_.empty() || due_) return out;
  for (int number = 0; number < kCanaryPrompts; ++number) {
    const auto steps = TRY(store_.steps(id_of(variant_.spec.name, number)));
    if (steps.empty()) continue;
    auto answer = TRY(store_.response(steps.front().response_key));
    if (answer) out.push_back(*std::move(answer));
  }
  return out;
}

}  // namespace assay
