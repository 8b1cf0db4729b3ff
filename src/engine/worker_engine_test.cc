// WorkerEngine against a worker that goes wrong as the script says.
#include "engine/worker_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "support/engine.h"

namespace assay::testing {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class WorkerEngineTest : public ::testing::Test {
 protected:
  // Nothing may be left of any engine a test started.
  void TearDown() override {
    engine_.reset();
    EXPECT_THAT(find_processes_of_run(options_.run_token), ElementsAre());
  }

  Result<std::unique_ptr<Engine>> start(const json& script) {
    options_.env["ASSAY_FAKE_SCRIPT"] = script.is_null() ? "{}" : script.dump();
    return WorkerEngine::start(options_);
  }

  void start_loaded(const json& script) {
    engine_ = must(start(script));
    std::filesystem::create_directories(folder_ / "model");
    must(engine_->open(folder_ / "model", true, json::object()));
    must(engine_->load(json::object(), kPatience));
  }

  Status submit(std::int64_t id, const std::string& text, int max_tokens = 50) {
    const auto rendered = engine_->render({chat_request(text)});
    if (!rendered) return std::unexpected(rendered.error());
    return engine_->submit(id, RequestKind::generate, rendered->front(), greedy(max_tokens));
  }

  TempFolder folder_;
  WorkerOptions options_ = fake_options(folder_);
  std::unique_ptr<Engine> engine_;
};

TEST_F(WorkerEngineTest, AnotherProtocolEndsTheConnection) {
  const auto started = start({{"hello", {{"protocol", 1}}}});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ErrorKind::environment);
  EXPECT_EQ(started.error().why, "version 1, not 2");
}

// Protocol and everything else fit: what a worker of another release does with them is not known.
TEST_F(WorkerEngineTest, OursOfAnotherVersionIsRefused) {
  const auto started = start({{"hello", {{"versions", {{"assay_worker", "9.9"}}}}}});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ErrorKind::environment);
  EXPECT_EQ(started.error().what, "the worker is of another version of assay");
  EXPECT_EQ(started.error().why, "the worker is 9.9, this program " ASSAY_VERSION);
  EXPECT_TRUE(start({{"hello", {{"versions", {{"assay_worker", ASSAY_VERSION}}}}}}));
}

TEST_F(WorkerEngineTest, AWorkerThatNeverGreetsIsGivenUp) {
  options_.hello_timeout = milliseconds(300);
  const auto started = start({{"silent", true}});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().what, "the engine does not start");
}

TEST_F(WorkerEngineTest, ACommandThatIsNotThereIsNamed) {
  options_.command = {"/no/such/python"};
  const auto started = start({});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().why, HasSubstr("/no/such/python"));
}

TEST_F(WorkerEngineTest, AWorkerThatEndsAtOnceGivesItsExitCodeAndLastLines) {
  options_.command = {"/bin/sh", "-c",
                      "echo one; echo two >&2; echo; echo three; echo four; exit 7"};
  const auto started = start({});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().what, "the engine died");
  EXPECT_EQ(started.error().why, "exit code 7: two | three | four");
  EXPECT_EQ(started.error().fix, "read " + options_.log_file.string());
  EXPECT_EQ(read_text(options_.log_file), "one\ntwo\n\nthree\nfour\n");
}

TEST_F(WorkerEngineTest, TheLogIsAppendedToAndOnlyTheNewPartIsQuoted) {
  write_text(options_.log_file, "from the run before\n");
  options_.command = {"/bin/sh", "-c", "exit 7"};
  const auto started = start({});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().why, "exit code 7");
  EXPECT_EQ(read_text(options_.log_file), "from the run before\n");
}

TEST_F(WorkerEngineTest, ExitWhileWorkingIsDeathAndNamesTheUnanswered) {
  start_loaded({{"tokens_per_s", 1}, {"faults", {{{"do", "exit"}, {"match", "the end"}}}}});
  ASSERT_TRUE(submit(5, "slow"));
  ASSERT_TRUE(submit(3, "the end"));
  const auto died = next_event<Died>(*engine_);
  ASSERT_TRUE(died);
  EXPECT_EQ(died->error.kind, ErrorKind::environment);
  EXPECT_EQ(died->error.why, "exit code 41");
  EXPECT_THAT(died->unanswered, ElementsAre(3, 5));
  EXPECT_FALSE(engine_->wait(milliseconds(0))) << "death is told once";
  EXPECT_FALSE(submit(6, "more"));
  EXPECT_FALSE(engine_->stats());
}

// CUDA's own words; whether another worker could do better is the worker's to say.
TEST_F(WorkerEngineTest, AFatalErrorSaysWhetherAnotherWorkerCouldDoBetter) {
  const auto dies_of = [&](const json& error) {
    start_loaded({{"faults", {{{"do", "fatal"}, {"after", 1}, {"error", error}}}}});
    EXPECT_TRUE(submit(1, "one"));
    EXPECT_TRUE(submit(2, "two"));
    EXPECT_TRUE(next_event<Answered>(*engine_));
    const auto died = next_event<Died>(*engine_);
    EXPECT_TRUE(died);
    return died.value_or(Died{});
  };
  const Died illegal = dies_of({{"why", "CUDA error: an illegal memory access was encountered"}});
  EXPECT_FALSE(illegal.final);
  EXPECT_EQ(illegal.error.why, "CUDA error: an illegal memory access was encountered");
  EXPECT_THAT(illegal.unanswered, ElementsAre(2));
  EXPECT_TRUE(engine_->less_memory().empty());

  const json less = {{"gpu_memory_utilization", 0.82}};
  EXPECT_FALSE(dies_of({{"why", "CUDA out of memory"}, {"less_memory", less}}).final);
  EXPECT_EQ(engine_->less_memory(), less);

  const Died gone = dies_of({{"why", "Xid 79, GPU has fallen off the bus"}, {"final", true}});
  EXPECT_TRUE(gone.final);
  EXPECT_THAT(gone.unanswered, ElementsAre(2));
}

TEST_F(WorkerEngineTest, AnswersBeforeTheDeathAreKeptInOrder) {
  start_loaded({{"faults", {{{"do", "kill"}, {"after", 3}}}}});
  for (int id = 1; id <= 5; ++id) {
    ASSERT_TRUE(engine_->submit(id, RequestKind::generate, {"", {4, 8}, {}}, greedy(5)));
  }
  for (int id = 1; id <= 3; ++id) {
    const auto answered = next_event<Answered>(*engine_);
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->id, id);
  }
  const auto died = next_event<Died>(*engine_);
  ASSERT_TRUE(died);
  EXPECT_EQ(died->error.why, "killed by signal 9 (Killed)");
  EXPECT_THAT(died->unanswered, ElementsAre(4, 5));
}

TEST_F(WorkerEngineTest, SilenceIsDeath) {
  options_.silence_limit = milliseconds(2500);
  start_loaded({{"heartbeat_s", 0.2}, {"faults", {{{"do", "hang"}, {"match", "hang"}}}}});
  ASSERT_TRUE(submit(1, "hang"));
  const auto died = next_event<Died>(*engine_);
  ASSERT_TRUE(died);
  EXPECT_EQ(died->error.what, "the engine fell silent for 2.5 s");
  EXPECT_THAT(died->unanswered, ElementsAre(1));
}

TEST_F(WorkerEngineTest, HeartbeatsAloneKeepAWorkerAlive) {
  options_.silence_limit = milliseconds(2500);
  start_loaded({{"heartbeat_s", 0.2}, {"faults", {{{"do", "stall"}, {"match", "stall"}}}}});
  ASSERT_TRUE(submit(1, "stall"));
  EXPECT_FALSE(engine_->wait(milliseconds(3500)));
}

TEST_F(WorkerEngineTest, RequestsThatWaitWithoutAnyStepAreDeath) {
  options_.hang_limit = milliseconds(1500);
  start_loaded({{"heartbeat_s", 0.1}, {"rules", {{{"match", "slow"}, {"delay_s", 300}}}}});
  EXPECT_FALSE(engine_->wait(milliseconds(2500))) << "idle is not hanging";
  must(submit(1, "slow"));
  const auto died = next_event<Died>(*engine_);
  ASSERT_TRUE(died);
  EXPECT_EQ(died->error.what, "the engine hangs: no step for 1.5 s");
  EXPECT_THAT(died->unanswered, ElementsAre(1));
}

TEST_F(WorkerEngineTest, StepsOnTheWayAreNoHang) {
  options_.hang_limit = milliseconds(1500);
  start_loaded({{"heartbeat_s", 0.1}, {"max_num_seqs", 1}, {"default", {{"delay_s", 0.7}}}});
  for (int id = 1; id <= 4; ++id) must(submit(id, "steady"));
  EXPECT_THAT(collect(*engine_, 4), SizeIs(4));
}

TEST_F(WorkerEngineTest, ABusyCallerDoesNotMakeTheEngineLookDead) {
  options_.silence_limit = milliseconds(2500);
  start_loaded({{"heartbeat_s", 0.2}});
  std::this_thread::sleep_for(milliseconds(3500));
  ASSERT_TRUE(submit(1, "hello"));
  EXPECT_TRUE(next_event<Answered>(*engine_));
}

TEST_F(WorkerEngineTest, UnreadableFramesAreDeath) {
  const std::map<std::string, std::string> why_of = {
      {"malformed", "7 bytes that are no JSON: \"{oh no}\""},
      {"oversize", "a length of 67108865 bytes, over the limit of 67108864"},
      {"truncated", "exit code 0"}};
  for (const auto& [fault, expected] : why_of) {
    start_loaded({{"faults", {{{"do", fault}, {"match", "now"}}}}});
    ASSERT_TRUE(submit(1, "now"));
    const auto died = next_event<Died>(*engine_);
    ASSERT_TRUE(died) << fault;
    EXPECT_EQ(died->error.why, expected);
    EXPECT_THAT(died->unanswered, ElementsAre(1));
    EXPECT_THAT(find_processes_of_run(options_.run_token), ElementsAre()) << fault;
  }
}

TEST_F(WorkerEngineTest, AFrameOfAnotherLayoutIsDeath) {
  const auto started = start({{"hello", {{"capabilities", 3}}}});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().what, "the engine sent a 'hello' frame that cannot be read");
}

TEST_F(WorkerEngineTest, AFatalErrorIsDeathWithItsWords) {
  start_loaded({{"faults", {{{"do", "fatal"}, {"match", "now"}}}}});
  ASSERT_TRUE(submit(1, "now"));
  const auto died = next_event<Died>(*engine_);
  ASSERT_TRUE(died);
  EXPECT_EQ(died->error.what, "the engine is lost");
  EXPECT_EQ(died->error.why, "scripted");
}

TEST_F(WorkerEngineTest, AnErrorForOneRequestIsItsAnswer) {
  start_loaded({{"faults", {{{"do", "error"}, {"match", "now"}}}}});
  ASSERT_TRUE(submit(1, "now"));
  const auto answered = next_event<Answered>(*engine_);
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->id, 1);
  EXPECT_EQ(answered->response.finish_reason, FinishReason::error);
  EXPECT_EQ(answered->response.error, "generate failed: scripted");
  ASSERT_TRUE(submit(2, "something else"));
  EXPECT_TRUE(next_event<Answered>(*engine_));
}

TEST_F(WorkerEngineTest, UnknownFramesAreIgnored) {
  start_loaded({{"faults", {{{"do", "unknown"}, {"match", "now"}}}}});
  ASSERT_TRUE(submit(1, "now"));
  EXPECT_TRUE(next_event<Answered>(*engine_));
}

TEST_F(WorkerEngineTest, ACallThatIsNotAnsweredEndsInTime) {
  start_loaded({{"faults", {{{"do", "ignore"}, {"on", "stats"}}}}});
  // options are copied at the start: the time-out is set there.
  engine_.reset();
  options_.stats_timeout = milliseconds(500);
  start_loaded({{"faults", {{{"do", "ignore"}, {"on", "stats"}}}}});
  const auto stats = engine_->stats();
  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().what, "the engine does not answer 'stats'");
  EXPECT_TRUE(engine_->render({chat_request("still there")}));
}

TEST_F(WorkerEngineTest, LoadErrorsAndProgress) {
  auto started =
      start({{"load_error", {{"what", "no memory"}, {"why", "too big"}, {"fix", "less"}}}});
  ASSERT_TRUE(started);
  ASSERT_TRUE((*started)->open(folder_.path(), true, json::object()));
  const auto loaded = (*started)->load(json::object(), kPatience);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(why(loaded.error()), "error: no memory\n  why: too big\n  do:  less");
  started->reset();

  std::vector<std::string> lines;
  options_.on_progress = [&](std::string_view line) { lines.emplace_back(line); };
  start_loaded({{"load_s", 0.4}});
  EXPECT_THAT(lines, ElementsAre("loading weights, part 1", "loading weights, part 2"));

  engine_.reset();
  options_.on_progress = nullptr;
  start_loaded({{"load_s", 0.2}});
  const auto progressed = next_event<Progressed>(*engine_);
  ASSERT_TRUE(progressed);
  EXPECT_EQ(progressed->text, "loading weights, part 1");
}

// Whatever its own limit; and nobody asks such a worker politely to end.
TEST_F(WorkerEngineTest, EveryCallEndsByTheDeadline) {
  int told = 0;
  options_.while_waiting = [&] { ++told; };
  const auto since = std::chrono::steady_clock::now();
  for (const char* call : {"open", "render", "load"}) {
    engine_ = must(start({{"faults", {{{"do", "stall"}, {"on", call}}}}}));
    const std::string stalls = call;
    engine_->end_by(Deadline::in(seconds(stalls == "open" ? 1 : 300)));
    const auto opened = engine_->open(folder_.path(), true, json::object());
    engine_->end_by(Deadline::in(seconds(1)));
    Status last = opened ? Status() : Status(std::unexpected(opened.error()));
    if (stalls == "render") {
      const auto rendered = engine_->render({chat_request("a")});
      last = rendered ? Status() : Status(std::unexpected(rendered.error()));
    } else if (stalls == "load") {
      const auto loaded = engine_->load(json::object(), seconds(300));
      last = loaded ? Status() : Status(std::unexpected(loaded.error()));
    }
    ASSERT_FALSE(last) << call;
    EXPECT_EQ(last.error().what, "the engine does not answer '" + stalls + "'");
    // What is left of the second when the call begins.
    EXPECT_THAT(last.error().why,
                AnyOf(HasSubstr("nothing within 1 s"), HasSubstr("nothing within 0.")));
    engine_->shutdown(seconds(300));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - since, seconds(60));
  EXPECT_GE(told, 3);
}

TEST_F(WorkerEngineTest, ASignalEndsALoadAndNothingIsWaitedFor) {
  std::atomic<bool> stop{false};
  options_.until = Deadline().or_stop(&stop);
  engine_ = must(start({{"load_s", 300}}));
  must(engine_->open(folder_.path(), true, json::object()));
  std::jthread signal([&] {
    std::this_thread::sleep_for(milliseconds(200));
    stop = true;
  });
  const auto loaded = engine_->load(json::object(), seconds(300));
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind, ErrorKind::interrupted);
  engine_->shutdown(seconds(300));
  EXPECT_THAT(find_processes_of_run(options_.run_token), ElementsAre());
  EXPECT_EQ(start({}).error().kind, ErrorKind::interrupted);
}

// Both pipes hold 64 KiB; here megabytes wait on each side.
TEST_F(WorkerEngineTest, FullPipesOnBothSidesDoNotStopBoth) {
  options_.stats_timeout = kPatience;
  start_loaded({{"default", {{"text", std::string(30'000, 'x')}}}});
  const Rendered large{"", std::vector<int>(20'000, 4), {}};
  constexpr int kRequests = 60;
  for (int id = 1; id <= kRequests; ++id) {
    ASSERT_TRUE(engine_->submit(id, RequestKind::generate, large, greedy(10'000)));
  }
  const auto stats = engine_->stats();  // its answer comes behind others
  ASSERT_TRUE(stats) << why(stats.error());
  const auto answers = collect(*engine_, kRequests);
  ASSERT_EQ(answers.size(), kRequests);
  EXPECT_EQ(answers.at(kRequests).text.size(), 30'000);
}

TEST_F(WorkerEngineTest, NoMoreInFlightThanTheWorkerTakes) {
  start_loaded({{"hello", {{"max_in_flight", 2}}}, {"tokens_per_s", 1}});
  ASSERT_TRUE(submit(1, "a"));
  ASSERT_TRUE(submit(2, "b"));
  EXPECT_FALSE(submit(3, "c"));
  ASSERT_TRUE(engine_->cancel(1));
  EXPECT_TRUE(next_event<Answered>(*engine_));
  EXPECT_TRUE(submit(3, "c"));
  EXPECT_FALSE(submit(3, "an id that is in flight")) << "and ids are not used twice";
}

TEST_F(WorkerEngineTest, LmEvalAsksAndEnds) {
  const json needs = {{{"prompt", "a b"}, {"max_tokens", 9}, {"stop", {"\n"}}}, {{"prompt", "c"}}};
  start_loaded({{"lm_eval", {{"needs", needs}}}});
  must(engine_->start_lm_eval(77, {{"tasks", {"aime24"}}, {"output", folder_ / "results"}}));
  const auto first = next_event<Needed>(*engine_);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->run, 77);
  EXPECT_EQ(first->kind, RequestKind::generate);
  EXPECT_EQ(first->rendered.text, "a b");
  EXPECT_FALSE(first->rendered.prompt_tokens.empty());
  EXPECT_EQ(first->sampling.max_tokens, 9);
  EXPECT_THAT(first->sampling.stop, ElementsAre("\n"));
  EXPECT_EQ(first->task, "aime24");
  EXPECT_EQ(first->doc, 0);
  const auto second = next_event<Needed>(*engine_);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->doc, 1);
  Response response;
  response.text = "stored";
  must(engine_->answer_need(first->need, &response));
  must(engine_->answer_need(second->need, nullptr));
  const auto done = next_event<LmEvalDone>(*engine_);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->id, 77);
  EXPECT_FALSE(done->error);
  EXPECT_EQ(done->frame["not_run"], json({{"aime24", {1}}}));
  const json written = json::parse(read_text(done->frame["files"][0].get<std::string>()));
  EXPECT_EQ(written["answers"], json({{"aime24/0", "stored"}}));
}

TEST_F(WorkerEngineTest, AnLmEvalThatRaisesEndsWithItsError) {
  start_loaded({});
  must(engine_->start_lm_eval(77, {{"tasks", {"aime24"}}, {"limit", 1}}));
  const auto need = next_event<Needed>(*engine_);
  ASSERT_TRUE(need);
  must(engine_->answer_need(need->need, nullptr));
  const auto done = next_event<LmEvalDone>(*engine_);
  ASSERT_TRUE(done && done->error);
  EXPECT_EQ(done->id, 77);
  EXPECT_EQ(done->error->what, "lm-eval has nothing to score");
}

TEST_F(WorkerEngineTest, ShutdownIsPoliteAndThenNot) {
  start_loaded({});
  engine_->shutdown(seconds(30));
  EXPECT_THAT(find_processes_of_run(options_.run_token), ElementsAre());
  EXPECT_FALSE(engine_->wait(milliseconds(0))) << "a death one asked for is no event";
  EXPECT_FALSE(engine_->stats());

  start_loaded({{"faults", {{{"do", "ignore"}, {"on", "shutdown"}}}}});
  engine_->shutdown(seconds(1));
  EXPECT_THAT(find_processes_of_run(options_.run_token), ElementsAre());
}

}  // namespace
}  // namespace assay::testing
