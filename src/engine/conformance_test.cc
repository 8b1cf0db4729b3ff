// What every worker must do (docs/worker_protocol.md): the scripted one always, the real one with
// vLLM when ASSAY_REAL_WORKER_MODEL names a model folder and ASSAY_PYTHON its Python:
//   engine_test --gtest_filter='*Conformance*vllm*'
// And every OpenAI-compatible endpoint (docs/openai_endpoint.md): "completions" and "chat" against
// the scripted server. What an engine cannot do it does not list in its capabilities, and the test
// says what happens instead.
// One loaded engine serves all tests of a worker, since loading vLLM takes long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <cstdint>
#include <numeric>
#include <set>

#include "engine/worker_engine.h"
#include "support/engine.h"
#include "support/fake_server.h"

namespace assay::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kMaxModelLen = 1024;
constexpr seconds kLoadPatience{600};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

class ConformanceTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "vllm" && environment("ASSAY_REAL_WORKER_MODEL").empty()) {
      GTEST_SKIP() << "ASSAY_REAL_WORKER_MODEL is not set";
    }
  }
  static void TearDownTestSuite() {
    loaded_.clear();
    server_.reset();
  }

  static bool is_endpoint(const std::string& name) {
    return name == "chat" || name == "completions";
  }
  static bool can(const Engine& engine, const char* what) {
    return std::ranges::count(engine.hello().capabilities, what) > 0;
  }

  static Result<std::unique_ptr<Engine>> start(const std::string& name, const TempFolder& folder,
                                               const WorkerOptions& options) {
    if (!is_endpoint(name)) return WorkerEngine::start(options);
    if (!server_) {
      server_ = std::make_unique<FakeServer>(
          json{{"tokens_per_s", 200}, {"max_model_len", kMaxModelLen}});
    }
    const auto mode = name == "chat" ? EndpointMode::chat : EndpointMode::completions;
    return OpenAiEngine::start(endpoint_options(server_->url(), mode, folder));
  }

  static WorkerOptions options_for(const std::string& worker, const TempFolder& folder) {
    // Slow enough that requests overlap.
    WorkerOptions options = fake_options(folder, {{"tokens_per_s", 200}, {"max_num_seqs", 8}});
    if (is_endpoint(worker)) return options;  // the renderer's
    options.run_token = worker + "-" + folder.path().filename().string();
    if (worker == "vllm") {
      options.command = {environment("ASSAY_PYTHON"), "-m", "assay_worker"};
      options.env = {{"VLLM_ENABLE_V1_MULTIPROCESSING", "0"},
                     {"VLLM_CPU_KVCACHE_SPACE", "1"},
                     {"HF_HUB_OFFLINE", "1"}};
      options.call_timeout = seconds(300);
      options.kill_grace = milliseconds(500);
    }
    return options;
  }

  static std::string model_for(const std::string& worker, const TempFolder& folder) {
    return worker == "vllm" ? environment("ASSAY_REAL_WORKER_MODEL") : folder.path().string();
  }

  static json load_args() {
    return {{"max_model_len", kMaxModelLen}, {"enforce_eager", true}, {"max_num_seqs", 8}};
  }

  struct Loaded {
    TempFolder folder;
    WorkerOptions options;
    std::unique_ptr<Engine> engine;
    OpenedModel opened;
    LoadFacts model;
    std::int64_t next_id = 1;
  };

  // The engine that all tests of this worker share, with its weights in.
  Loaded& loaded() {
    std::unique_ptr<Loaded>& slot = loaded_[GetParam()];
    if (!slot || !slot->engine->stats()) slot = load(GetParam());
    return *slot;
  }
  Engine& engine() { return *loaded().engine; }

  static std::unique_ptr<Loaded> load(const std::string& worker) {
    auto out = std::make_unique<Loaded>();
    out->options = options_for(worker, out->folder);
    out->engine = must(start(worker, out->folder, out->options));
    out->opened = must(out->engine->open(model_for(worker, out->folder), true, json::object()));
    out->model = must(out->engine->load(load_args(), kLoadPatience));
    return out;
  }

  // One that is not loaded, for tests that end it.
  std::unique_ptr<Engine> start_fresh(const std::function<void(WorkerOptions&)>& change = {}) {
    fresh_options_ = options_for(GetParam(), folder_);
    if (change) change(fresh_options_);
    return must(start(GetParam(), folder_, fresh_options_));
  }

  Rendered render(Engine& engine, const Request& request) {
    return must(engine.render({request})).front();
  }

  std::int64_t generate(const std::string& text, int max_tokens,
                        const std::vector<std::string>& stop = {}) {
    const std::int64_t id = loaded().next_id++;
    Sampling sampling = greedy(max_tokens);
    sampling.stop = stop;
    must(engine().submit(id, RequestKind::generate, render(engine(), chat_request(text)), sampling,
                         20));
    return id;
  }

  Request choices(const std::string& context, const std::vector<std::string>& continuations) {
    Request request = chat_request(context);
    request.kind = RequestKind::loglikelihood;
    request.continuations = continuations;
    return request;
  }

  Response score(const Request& request) {
    const std::int64_t id = loaded().next_id++;
    must(engine().submit(id, RequestKind::loglikelihood, render(engine(), request), {}, 20));
    return collect(engine(), 1, kLoadPatience).at(id);
  }

  TempFolder folder_;
  WorkerOptions fresh_options_;

 private:
  static inline std::unique_ptr<FakeServer> server_;
  static inline std::map<std::string, std::unique_ptr<Loaded>> loaded_;
};

INSTANTIATE_TEST_SUITE_P(Worker, ConformanceTest,
                         ::testing::Values("fake", "vllm", "completions", "chat"),
                         [](const auto& tested) { return tested.param; });

// --- before the weights ---

TEST_P(ConformanceTest, GreetsWithVersionsAndCapabilities) {
  const auto engine = start_fresh();
  const EngineHello& hello = engine->hello();
  EXPECT_EQ(hello.worker, is_endpoint(GetParam()) ? "openai" : GetParam());
  EXPECT_FALSE(hello.versions.empty());
  std::vector<const char*> wanted = {"generate", "token_ids"};
  if (GetParam() != "chat") {
    wanted.insert(wanted.end(), {"render", "loglikelihood", "prompt_logprobs"});
  }
  if (!is_endpoint(GetParam())) wanted.insert(wanted.end(), {"engine_facts", "process"});
  for (const char* name : wanted) EXPECT_THAT(hello.capabilities, Contains(name));
  EXPECT_GE(hello.max_in_flight, 16);
}

TEST_P(ConformanceTest, AModelFolderThatIsNotThereIsAUsageErrorAndNotTheEnd) {
  const auto engine = start_fresh();
  const auto opened = engine->open(folder_ / "nowhere", true, json::object());
  if (!can(*engine, "render")) {  // the server has the tokenizer: no folder is looked at
    EXPECT_TRUE(opened);
    return;
  }
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::usage);
  EXPECT_THAT(opened.error().to_string(), HasSubstr("nowhere"));
  EXPECT_TRUE(engine->open(model_for(GetParam(), folder_), true, json::object()));
}

TEST_P(ConformanceTest, LoadAndRenderNeedAnOpenModel) {
  const auto engine = start_fresh();
  EXPECT_FALSE(engine->load(load_args(), kLoadPatience));
  EXPECT_FALSE(engine->render({chat_request("hello")}));
  EXPECT_TRUE(engine->open(model_for(GetParam(), folder_), true, json::object()));
}

TEST_P(ConformanceTest, RendersWithoutWeightsInTheOrderAsked) {
  const auto engine = start_fresh();
  const OpenedModel opened =
      must(engine->open(model_for(GetParam(), folder_), true, json::object()));
  const bool tokenizes = can(*engine, "render");
  EXPECT_THAT(opened.tokenizer_hash, SizeIs(tokenizes ? 64 : 0));
  EXPECT_THAT(opened.template_hash, SizeIs(tokenizes ? 64 : 0));
  EXPECT_GT(opened.max_model_len, 0);
  EXPECT_EQ(opened.vocab_size > 0, tokenizes);
  std::vector<Request> requests;
  requests.reserve(20);
  for (int i = 0; i < 20; ++i) {
    requests.push_back(chat_request("number " + std::to_string(i) + "."));
  }
  requests.back().assistant_prefix = "I think that";
  const std::vector<Rendered> rendered = must(engine->render(requests));
  ASSERT_THAT(rendered, SizeIs(20));
  for (int i = 0; i < 20; ++i) {
    const auto at = static_cast<std::size_t>(i);
    EXPECT_THAT(rendered[at].text, HasSubstr("number " + std::to_string(i) + "."));
    EXPECT_EQ(rendered[at].prompt_tokens.empty(), !tokenizes);
    EXPECT_TRUE(rendered[at].scored.empty());
  }
  EXPECT_THAT(rendered.back().text, HasSubstr("I think that"));
  EXPECT_EQ(rendered.back().text.ends_with("I think that"), tokenizes);
  EXPECT_TRUE(must(engine->render({})).empty());
  // The same question, the same ids: stored prompts are keyed by them.
  EXPECT_EQ(render(*engine, requests[3]).prompt_tokens, rendered[3].prompt_tokens);
  EXPECT_EQ(render(*engine, requests[3]).text, rendered[3].text);
}

TEST_P(ConformanceTest, WithoutTemplateThePlainTextIsSent) {
  const auto engine = start_fresh();
  const auto opened = engine->open(model_for(GetParam(), folder_), false, json::object());
  if (!can(*engine, "render")) {  // the server's template cannot be turned off
    EXPECT_FALSE(opened);
    return;
  }
  must(opened);
  Request request = chat_request("not this");
  request.plain = "Q: 1 + 1?\nA:";
  EXPECT_EQ(render(*engine, request).text, "Q: 1 + 1?\nA:");
}

TEST_P(ConformanceTest, ContinuationsStartWhereTheContextEnds) {
  const auto engine = start_fresh();
  if (!can(*engine, "loglikelihood")) return;  // LogLikelihoodsOnePerContinuation says what it does
  must(engine->open(model_for(GetParam(), folder_), false, json::object()));
  Request request = choices("The capital of France is ", {"Paris", "a city called Lyon"});
  const Rendered rendered = render(*engine, request);
  ASSERT_THAT(rendered.scored, SizeIs(2));
  for (const Rendered::Scored& scored : rendered.scored) {
    EXPECT_EQ(scored.continuation_start, static_cast<int>(rendered.prompt_tokens.size()));
    ASSERT_GT(scored.tokens.size(), rendered.prompt_tokens.size());
    EXPECT_TRUE(std::equal(rendered.prompt_tokens.begin(), rendered.prompt_tokens.end(),
                           scored.tokens.begin()));
  }
  EXPECT_NE(rendered.scored[0].tokens, rendered.scored[1].tokens);
  // The blank at the context's end went to the continuation: without it the context is the same.
  Request moved = choices("The capital of France is", {" Paris"});
  EXPECT_EQ(render(*engine, moved).scored[0].tokens, rendered.scored[0].tokens);
}

// --- with the weights ---

TEST_P(ConformanceTest, LoadedSaysWhatRuns) {
  const LoadFacts& model = loaded().model;
  EXPECT_EQ(model.max_model_len, kMaxModelLen);
  EXPECT_GE(model.load_s, 0);
  EXPECT_FALSE(model.engine.empty());
  if (!can(engine(), "engine_facts")) {  // the server says who it is, not what it computes with
    EXPECT_EQ(model.engine.at("model"), "fake-model");
    EXPECT_EQ(model.engine.at("version"), "0.0.fake");
    EXPECT_EQ(model.dtype, "");
    EXPECT_EQ(model.max_num_seqs, 16);
    return;
  }
  EXPECT_FALSE(model.dtype.empty());
  EXPECT_FALSE(model.attention_backend.empty());
  EXPECT_FALSE(model.kernels.empty());
  // The model of this test is not quantised, and the worker reads that in its configuration.
  EXPECT_EQ(model.checkpoint, (CheckpointFact{16, 16}));
  EXPECT_GT(model.kv_cache_tokens, 0);
}

TEST_P(ConformanceTest, ASecondLoadIsAnErrorAndNotTheEnd) {
  EXPECT_FALSE(engine().load(load_args(), kLoadPatience));
  const std::int64_t id = generate("Still there?", 4);
  EXPECT_EQ(collect(engine(), 1, kLoadPatience).begin()->first, id);
}

TEST_P(ConformanceTest, ManyRequestsJoinWhileOthersRun) {
  std::map<std::int64_t, int> max_tokens_of;
  for (int i = 0; i < 8; ++i) {
    const int max_tokens = 4 + 4 * i;
    max_tokens_of[generate("Tell me about the number " + std::to_string(i), max_tokens)] =
        max_tokens;
  }
  // Some answers are in before the second half is asked.
  std::map<std::int64_t, Response> answers = collect(engine(), 2, kLoadPatience);
  for (int i = 8; i < 16; ++i) {
    max_tokens_of[generate("Tell me about the number " + std::to_string(i), 8)] = 8;
  }
  answers.merge(collect(engine(), 14, kLoadPatience));
  ASSERT_THAT(answers, SizeIs(16));
  for (const auto& [id, response] : answers) {
    EXPECT_EQ(response.error, "");
    EXPECT_GT(response.prompt_tokens, 0);
    EXPECT_LE(response.token_ids.size(), static_cast<std::size_t>(max_tokens_of.at(id)));
    EXPECT_FALSE(response.token_ids.empty());
    if (response.finish_reason == FinishReason::length) {
      EXPECT_EQ(response.token_ids.size(), static_cast<std::size_t>(max_tokens_of.at(id)));
    } else {
      EXPECT_EQ(response.finish_reason, FinishReason::stop);
    }
    EXPECT_GE(response.queued_s, 0);
    EXPECT_GE(response.decode_s, 0);
  }
}

TEST_P(ConformanceTest, AStopStringEndsTheTextAndIsNotPartOfIt) {
  const std::int64_t first = generate("Say something long about the sea.", 40);
  const Response whole = collect(engine(), 1, kLoadPatience).at(first);
  ASSERT_GT(whole.text.size(), 8);
  const std::string stop = whole.text.substr(whole.text.size() / 2, 4);
  const std::int64_t second = generate("Say something long about the sea.", 40, {stop});
  const Response cut = collect(engine(), 1, kLoadPatience).at(second);
  EXPECT_EQ(cut.text, whole.text.substr(0, whole.text.find(stop)));
  EXPECT_EQ(cut.finish_reason, FinishReason::stop);
  EXPECT_EQ(cut.stop_reason, stop);
}

TEST_P(ConformanceTest, RendersAndCountsWhileGenerating) {
  const std::int64_t id = generate("Count to a hundred.", 60);
  EXPECT_FALSE(render(engine(), chat_request("meanwhile")).text.empty());
  const EngineStats stats = must(engine().stats());
  EXPECT_LE(stats.running + stats.waiting, 1);
  EXPECT_THAT(collect(engine(), 1, kLoadPatience), Contains(::testing::Key(id)));
  const EngineStats after = must(engine().stats());
  EXPECT_EQ(after.running + after.waiting, 0);
  EXPECT_GT(after.generated_tokens, 0);
  EXPECT_GT(after.prompt_tokens, 0);
}

TEST_P(ConformanceTest, CancelledRequestsAreAnswered) {
  std::vector<std::int64_t> ids;
  ids.reserve(12);
  for (int i = 0; i < 12; ++i) ids.push_back(generate("Recite a long poem.", 400));
  for (const std::int64_t id : ids) must(engine().cancel(id));
  must(engine().cancel(999'999));  // unknown: nothing happens
  for (const auto& [id, response] : collect(engine(), 12, kLoadPatience)) {
    if (response.finish_reason != FinishReason::error) continue;  // it was done before
    EXPECT_EQ(response.error, "cancelled");
  }
  EXPECT_FALSE(engine().wait(milliseconds(300))) << "each is answered once";
  const EngineStats stats = must(engine().stats());
  EXPECT_EQ(stats.running + stats.waiting, 0);
}

TEST_P(ConformanceTest, LogLikelihoodsOnePerContinuation) {
  if (!can(engine(), "loglikelihood")) {
    const auto asked = engine().submit(loaded().next_id++, RequestKind::loglikelihood,
                                       render(engine(), choices("a", {"b"})), {}, 20);
    ASSERT_FALSE(asked);
    EXPECT_THAT(asked.error().to_string(), HasSubstr("cannot do loglikelihood"));
    return;
  }
  const Response response =
      score(choices("The capital of France is", {" Paris", " a b c d e", "."}));
  EXPECT_EQ(response.error, "");
  ASSERT_THAT(response.loglikelihoods, SizeIs(3));
  for (const LogLikelihood& one : response.loglikelihoods) {
    EXPECT_LE(one.sum, 0);
    EXPECT_TRUE(std::isfinite(one.sum));
    EXPECT_GT(one.tokens, 0);
  }
  EXPECT_GT(response.loglikelihoods[1].tokens, response.loglikelihoods[2].tokens);
}

TEST_P(ConformanceTest, PromptLogprobsFromTheStartAskedFor) {
  if (!can(engine(), "prompt_logprobs")) {
    EXPECT_FALSE(engine().submit(loaded().next_id++, RequestKind::prompt_logprobs, {}, {}, 5));
    return;
  }
  const Rendered rendered = render(engine(), chat_request("The quick brown fox jumps over it."));
  Rendered asked;
  asked.scored = {{rendered.prompt_tokens, 3}};
  const std::int64_t id = loaded().next_id++;
  must(engine().submit(id, RequestKind::prompt_logprobs, asked, {}, 5));
  const Response response = collect(engine(), 1, kLoadPatience).at(id);
  EXPECT_EQ(response.error, "");
  ASSERT_THAT(response.positions, SizeIs(rendered.prompt_tokens.size() - 3));
  for (std::size_t i = 0; i < response.positions.size(); ++i) {
    const TokenLogprobs& position = response.positions[i];
    EXPECT_EQ(position.token, rendered.prompt_tokens[i + 3]);
    EXPECT_LE(position.logprob, 0);
    EXPECT_GE(position.rank, 1);
    ASSERT_THAT(position.top_tokens, SizeIs(5));
    ASSERT_THAT(position.top_logprobs, SizeIs(5));
    EXPECT_TRUE(std::is_sorted(position.top_logprobs.rbegin(), position.top_logprobs.rend()));
    EXPECT_THAT(std::set<int>(position.top_tokens.begin(), position.top_tokens.end()), SizeIs(5));
    if (position.rank == 1) {
      EXPECT_EQ(position.token, position.top_tokens[0]);
      EXPECT_DOUBLE_EQ(position.logprob, position.top_logprobs[0]);
    } else {
      EXPECT_LE(position.logprob, position.top_logprobs[0]);
    }
    double mass = 0;
    for (const double logprob : position.top_logprobs) mass += std::exp(logprob);
    EXPECT_LE(mass, 1 + 1e-6);
  }
}

TEST_P(ConformanceTest, APromptThatDoesNotFitIsAnsweredAtOnce) {
  const Rendered rendered = render(engine(), chat_request("short"));
  const std::int64_t generate_id = loaded().next_id++;
  must(engine().submit(generate_id, RequestKind::generate, rendered, greedy(kMaxModelLen), 20));
  if (!can(engine(), "loglikelihood")) {
    EXPECT_EQ(collect(engine(), 1, kLoadPatience).at(generate_id).error, "prompt does not fit");
    return;
  }
  Rendered scored;
  scored.scored = {{std::vector<int>(kMaxModelLen + 1, rendered.prompt_tokens[0]), 5}};
  const std::int64_t score_id = loaded().next_id++;
  must(engine().submit(score_id, RequestKind::loglikelihood, scored, {}, 20));
  for (const auto& [id, response] : collect(engine(), 2, kLoadPatience)) {
    EXPECT_EQ(response.finish_reason, FinishReason::error);
    EXPECT_EQ(response.error, "prompt does not fit");
  }
}

TEST_P(ConformanceTest, GreedyAnswersRepeat) {
  const std::int64_t first = generate("What is two and two?", 12);
  const Response one = collect(engine(), 1, kLoadPatience).at(first);
  const std::int64_t second = generate("What is two and two?", 12);
  const Response two = collect(engine(), 1, kLoadPatience).at(second);
  EXPECT_EQ(one.text, two.text);
  EXPECT_EQ(one.token_ids, two.token_ids);
}

// --- the end ---

TEST_P(ConformanceTest, ShutdownLeavesNothing) {
  const auto engine = start_fresh();
  must(engine->open(model_for(GetParam(), folder_), true, json::object()));
  engine->shutdown(seconds(30));
  EXPECT_THAT(find_processes_of_run(fresh_options_.run_token), IsEmpty());
}

TEST_P(ConformanceTest, SigkillOfTheWorkerIsDeath) {
  if (is_endpoint(GetParam())) {  // no process of ours: openai_engine_test kills the server
    EXPECT_FALSE(can(*start_fresh(), "process"));
    return;
  }
  const auto engine = start_fresh();
  const auto worker = worker_of_run(fresh_options_.run_token);
  ASSERT_TRUE(worker);
  signal_process(*worker, SIGKILL);
  const auto died = next_event<Died>(*engine);
  ASSERT_TRUE(died);
  EXPECT_THAT(died->error.why, HasSubstr("killed by signal 9 (Killed)"));
  EXPECT_THAT(find_processes_of_run(fresh_options_.run_token), IsEmpty());
}

TEST_P(ConformanceTest, SilenceIsDeath) {
  if (is_endpoint(GetParam())) {  // openai_engine_test: a server that says nothing
    EXPECT_FALSE(can(*start_fresh(), "process"));
    return;
  }
  const auto engine = start_fresh([](WorkerOptions& o) { o.silence_limit = milliseconds(4000); });
  EXPECT_FALSE(engine->wait(milliseconds(5000))) << "heartbeats alone keep it alive";
  const auto worker = worker_of_run(fresh_options_.run_token);
  ASSERT_TRUE(worker);
  signal_process(*worker, SIGSTOP);
  const auto died = next_event<Died>(*engine);
  ASSERT_TRUE(died);
  EXPECT_THAT(died->error.what, HasSubstr("fell silent for 4 s"));
  EXPECT_THAT(find_processes_of_run(fresh_options_.run_token), IsEmpty());
}

TEST_P(ConformanceTest, TheEndOfThePipeIsTheEndOfTheWorker) {
  if (is_endpoint(GetParam())) {  // no process of ours: openai_engine_test kills the server
    EXPECT_FALSE(can(*start_fresh(), "process"));
    return;
  }
  auto engine = start_fresh();
  const auto worker = worker_of_run(fresh_options_.run_token);
  ASSERT_TRUE(worker);
  engine.reset();
  EXPECT_THAT(find_processes_of_run(fresh_options_.run_token), IsEmpty());
}

}  // namespace
}  // namespace assay::testing
