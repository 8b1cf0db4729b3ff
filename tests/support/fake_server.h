// A scripted OpenAI-compatible server for tests (tests/fakes/fake_openai_server.py).
#pragma once

#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

#include "base/subprocess.h"
#include "base/unique_fd.h"
#include "engine/openai_engine.h"
#include "support/engine.h"

namespace assay::testing {

class FakeServer {
 public:
  explicit FakeServer(const json& script) {
    Pipe in = must(make_pipe());
    Pipe out = must(make_pipe());
    SpawnOptions options;
    options.argv = {ASSAY_TEST_PYTHON, ASSAY_SOURCE_DIR "/tests/fakes/fake_openai_server.py",
                    script.dump()};
    options.stdin_fd = in.read_end.get();
    options.stdout_fd = out.write_end.get();
    options.die_with_parent = true;
    child_ = must(spawn(options));
    alive_ = std::move(in.write_end);
    out.write_end = UniqueFd();
    char c = 0;
    while (::read(out.read_end.get(), &c, 1) == 1 && c != '\n') port_ += c;
    if (port_.empty()) throw std::runtime_error("the scripted server does not start");
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + port_ + "/v1"; }
  void kill() { child_ = Child(); }

  // What it was asked so far.
  [[nodiscard]] json seen() const {
    HttpClient client({});
    (void)must(client.start({"http://127.0.0.1:" + port_ + "/_seen", std::nullopt, {}}));
    std::vector<HttpClient::Done> done;
    while (done.empty()) done = client.pump(milliseconds(1000));
    return json::parse(done.front().reply.body);
  }

 private:
  Child child_;
  UniqueFd alive_;
  std::string port_;
};

inline EndpointOptions endpoint_options(const std::string& url, EndpointMode mode,
                                        const TempFolder& folder) {
  EndpointOptions options;
  options.base_url = url;
  options.model = "fake-model";
  options.mode = mode;
  options.wants_logprobs = mode == EndpointMode::completions;
  options.connect_timeout = seconds(20);
  options.stall_timeout = kPatience;
  options.retry_for = kPatience;
  options.start_patience = kPatience;
  options.first_pause = milliseconds(10);
  options.longest_pause = milliseconds(40);
  options.log_file = folder / "endpoint.log";
  const WorkerOptions worker = fake_options(folder);
  options.start_renderer = [worker] { return WorkerEngine::start(worker); };
  return options;
}

}  // namespace assay::testing
