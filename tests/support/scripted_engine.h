// An engine inside the test process: answers from a function, on a clock that only it moves.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"

namespace assay {

// What the test sees and decides, shared by all engines it starts.
struct EngineScript {
  FakeClock clock;
  int max_in_flight = 8;
  int max_num_seqs = 0;             // as a load tells; 0: it does not
  std::vector<KernelFact> kernels;  // of each load
  std::size_t most_running = 0;     // requests at once, of all engines
  double load_s = 10;
  bool load_hangs = false;        // it takes all the time it is given, and more
  double load_fails_after_s = 0;  // the next load fails after so long, once; 0: it does not
  nlohmann::json less_memory = nlohmann::json::object();  // loads without these arguments lack it
  bool never_enough_memory = false;                       // with them neither
  std::function<bool()> never_loads;                      // asked at each load; empty: it does
  std::vector<nlohmann::json> load_args;                  // of each load
  std::optional<std::int64_t> tokens_so_far;              // told by every engine
  double token_s = 0.1;   // per output token, whatever is in flight; of an answer without, once
  int output_tokens = 5;  // of each answer; sampling.max_tokens when larger
  std::function<std::string(const std::string& prompt)> answer = [](const std::string&) {
    return std::string("yes");
  };
  // Not empty: the answer to this prompt is set aside, with these words.
  std::function<std::string(const std::string& prompt)> refusal = [](const std::string&) {
    return std::string();
  };
  // True: the answer to this prompt ends at the limit.
  std::function<bool(const std::string& prompt)> cut = [](const std::string&) { return false; };
  // True: the engine dies when it comes to this prompt.
  std::function<bool(const std::string& prompt)> deadly = [](const std::string&) { return false; };
  bool dies_for_want_of_memory = false;
  bool dies_for_good = false;  // and says that another one would do no better
  // True, once: the engine is found dead when it is to render this prompt.
  std::function<bool(const std::string& prompt)> dies_rendering = [](const std::string&) {
    return false;
  };
  // What lm-eval asks in a run, given its arguments, and the frame it ends with; one that holds
  // `error` says that lm-eval raised it.
  std::function<std::vector<Needed>(const nlohmann::json&)> lm_eval_needs =
      [](const nlohmann::json&) { return std::vector<Needed>{}; };
  std::function<nlohmann::json(const nlohmann::json&, const std::map<std::int64_t, Response>&)>
      lm_eval_done = [](const nlohmann::json&, const std::map<std::int64_t, Response>&) {
        return nlohmann::json::object();
      };
  int starts = 0;
  int loads = 0;
  std::vector<std::string> prompts;                 // as submitted, in order
  std::vector<std::string> salts;                   // of these
  std::vector<std::optional<std::uint64_t>> seeds;  // of these
  std::vector<std::vector<int>> read_back;          // tokens of prompt_logprobs requests, in order
  bool deadly_read_back = false;                    // the engine dies of the first of them
  // What it finds at the positions of such a request.
  std::function<std::vector<TokenLogprobs>(const Rendered::Scored&)> read =
      [](const Rendered::Scored&) { return std::vector<TokenLogprobs>{{7, -0.5, 1, {7}, {-0.5}}}; };
};

class ScriptedEngine final : public Engine {
 public:
  explicit ScriptedEngine(EngineScript& script) : script_(script) {
    ++script_.starts;
    hello_ = {"fake", {{"fake", "1"}}, {"generate", "prompt_logprobs"}, script.max_in_flight};
  }

  const EngineHello& hello() const override { return hello_; }
  Result<OpenedModel> open(const std::string&, bool, const nlohmann::json&) override {
    return OpenedModel{"t", "c", 4096, 256};
  }
  Result<std::vector<Rendered>> render(const std::vector<Request>& requests) override {
    std::vector<Rendered> out;
    for (const Request& r : requests) {  // one token a byte
      Rendered rendered;
      rendered.text = r.messages.empty() ? r.plain : r.messages.back().content;
      if (script_.dies_rendering(rendered.text)) {
        script_.dies_rendering = [](const std::string&) { return false; };
        dead_ = true;
        return environment_error("engine died", "as scripted", "");
      }
      for (unsigned char c : rendered.text) rendered.prompt_tokens.push_back(c);
      for (const std::string& continuation : r.continuations) {
        Rendered::Scored scored{rendered.prompt_tokens,
                                static_cast<int>(rendered.prompt_tokens.size())};
        for (unsigned char c : continuation) scored.tokens.push_back(c);
        rendered.scored.push_back(scored);
      }
      out.push_back(std::move(rendered));
    }
    return out;
  }
  nlohmann::json less_memory() const override { return lacks_memory_; }
  std::optional<std::int64_t> tokens_so_far() const override { return script_.tokens_so_far; }
  Result<LoadFacts> load(const nlohmann::json& args, std::chrono::seconds timeout) override {
    ++script_.loads;
    script_.load_args.push_back(args);
    if (script_.never_loads && script_.never_loads()) {
      return environment_error("vLLM cannot load m", "no such kernel", "take another GPU");
    }
    for (const auto& [name, value] : script_.less_memory.items()) {
      const bool given = args.contains(name) && args.at(name) == value;
      if (given && !script_.never_enough_memory) continue;
      lacks_memory_ = script_.less_memory;
      return environment_error("vLLM cannot load m", "CUDA out of memory", "ask for less");
    }
    if (script_.load_hangs) {
      script_.clock.advance(timeout);
      return environment_error("the engine does not answer 'load'", "its last line",
                               "read the log");
    }
    if (const double after_s = std::exchange(script_.load_fails_after_s, 0); after_s > 0) {
      script_.clock.advance(Seconds(after_s));
      return environment_error("the engine died while it loaded", "as scripted", "");
    }
    script_.clock.advance(Seconds(script_.load_s));
    LoadFacts loaded;
    loaded.load_s = script_.load_s;
    loaded.max_num_seqs = script_.max_num_seqs;
    loaded.kernels = script_.kernels;
    return loaded;
  }
  Status submit(std::int64_t id, RequestKind kind, const Rendered& rendered,
                const Sampling& sampling, int) override {
    if (kind == RequestKind::prompt_logprobs) {
      script_.read_back.push_back(rendered.scored.at(0).tokens);
      dead_ = script_.deadly_read_back;
    } else {
      script_.prompts.push_back(rendered.text);
      script_.salts.push_back(sampling.cache_salt);
      script_.seeds.push_back(sampling.seed);
    }
    running_.push_back({id, rendered.text, kind, rendered.scored});
    script_.most_running = std::max(script_.most_running, running_.size());
    return {};
  }
  Status cancel(std::int64_t) override { return {}; }
  std::optional<EngineEvent> wait(std::chrono::milliseconds timeout) override {
    if (dead_) return died();
    if (auto event = lm_eval_event()) return event;
    if (running_.empty()) {
      script_.clock.advance(Seconds(static_cast<double>(timeout.count()) / 1000));
      return std::nullopt;
    }
    if (timeout.count() == 0) return std::nullopt;
    for (const Running& running : running_) {
      if (script_.deadly(running.prompt)) return died();
    }
    const Running done = running_.front();
    running_.pop_front();
    Answered answered{done.id, {}};
    if (done.kind == RequestKind::prompt_logprobs) {
      answered.response.positions = script_.read(done.scored.at(0));
      return read_only(std::move(answered), done);
    }
    if (done.kind == RequestKind::loglikelihood) {  // the sum is minus the last token
      for (const Rendered::Scored& s : done.scored) {
        answered.response.loglikelihoods.push_back({-1.0 * s.tokens.back(), false, 1});
      }
      return read_only(std::move(answered), done);
    }
    if (const std::string why = script_.refusal(done.prompt); !why.empty()) {
      answered.response.finish_reason = FinishReason::error;
      answered.response.error = why;
      return answered;
    }
    answered.response.text = script_.answer(done.prompt);
    if (script_.cut(done.prompt)) answered.response.finish_reason = FinishReason::length;
    answered.response.token_ids.assign(static_cast<std::size_t>(script_.output_tokens), 7);
    answered.response.prompt_tokens = static_cast<int>(done.prompt.size());
    answered.response.decode_s = script_.token_s * std::max(0, script_.output_tokens - 1);
    answered.response.first_token_s = script_.token_s;
    script_.clock.advance(Seconds(script_.token_s * std::max(1, script_.output_tokens)));
    return answered;
  }
  Result<EngineStats> stats() override {
    EngineStats out;
    out.energy_j = 250;
    return out;
  }
  Status start_lm_eval(std::int64_t id, const nlohmann::json& arguments) override {
    run_ = id;
    arguments_ = arguments;
    const std::vector<Needed> needs = script_.lm_eval_needs(arguments);
    needs_.assign(needs.begin(), needs.end());
    open_needs_ = needs_.size();
    had_.clear();
    return {};
  }
  Status answer_need(std::int64_t need, const Response* response) override {
    if (response != nullptr) had_[need] = *response;
    --open_needs_;
    return {};
  }
  void shutdown(std::chrono::seconds) override {}

 private:
  struct Running {
    std::int64_t id;
    std::string prompt;
    RequestKind kind = RequestKind::generate;
    std::vector<Rendered::Scored> scored;
  };

  Answered read_only(Answered answered, const Running& done) {
    for (const Rendered::Scored& s : done.scored) {
      answered.response.prompt_tokens += static_cast<int>(s.tokens.size());
    }
    answered.response.first_token_s = script_.token_s;
    script_.clock.advance(Seconds(script_.token_s));
    return answered;
  }

  std::optional<EngineEvent> lm_eval_event() {
    if (!run_) return std::nullopt;
    const std::int64_t id = *run_;
    if (!needs_.empty()) {
      Needed next = needs_.front();
      needs_.pop_front();
      return next;
    }
    if (open_needs_ > 0) return std::nullopt;
    run_.reset();
    LmEvalDone done{id, script_.lm_eval_done(arguments_, had_), std::nullopt};
    if (done.frame.contains("error")) {
      done.error = Error{ErrorKind::environment, done.frame["error"].get<std::string>(), "", ""};
    }
    return done;
  }

  Died died() {
    if (script_.dies_for_want_of_memory) lacks_memory_ = {{"max_num_seqs", 2}};
    Died event{{ErrorKind::environment, "engine died", "as scripted", ""}, {}};
    event.final = script_.dies_for_good;
    for (const auto& entry : running_) event.unanswered.push_back(entry.id);
    running_.clear();
    return event;
  }

  EngineScript& script_;
  EngineHello hello_;
  std::deque<Running> running_;
  std::optional<std::int64_t> run_;  // of lm-eval
  nlohmann::json arguments_;
  std::deque<Needed> needs_;
  std::size_t open_needs_ = 0;
  std::map<std::int64_t, Response> had_;
  bool dead_ = false;
  nlohmann::json lacks_memory_ = nlohmann::json::object();
};

}  // namespace assay
