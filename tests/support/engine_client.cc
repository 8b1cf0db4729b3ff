// For tests: a program that starts an engine and is then killed. It is its own guardian, as assay
// is.
//   engine_client TOKEN LOG MODEL ARGS_JSON COMMAND…   prints "ready" once a request is in flight
#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "base/json.h"
#include "engine/guardian.h"
#include "engine/worker_engine.h"

namespace assay {
namespace {

Status run(const std::vector<std::string>& words) {
  WorkerOptions options;
  options.run_token = words[0];
  options.log_file = words[1];
  options.command.assign(words.begin() + 4, words.end());
  std::unique_ptr<Engine> engine = TRY(WorkerEngine::start(options));
  if (!words[2].empty()) {
    TRY(engine->open(words[2], true, Json::object()));
    TRY(engine->load(TRY(parse_json(words[3], "arguments")), std::chrono::seconds(600)));
    Request request;
    request.messages = {{"user", "Count from one to a thousand."}};
    const std::vector<Rendered> rendered = TRY(engine->render({request}));
    Sampling sampling;
    sampling.max_tokens = 400;
    for (int i = 0; i < 4; ++i)
      TRY(engine->submit(i, RequestKind::generate, rendered[0], sampling));
  }
  std::puts("ready");
  std::fflush(stdout);
  while (true) {
    const auto event = engine->wait(std::chrono::seconds(1));
    if (event && std::holds_alternative<Died>(*event)) {
      return std::unexpected(std::get<Died>(*event).error);
    }
  }
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  if (argc > 1 && argv[1] == assay::kGuardianArgument) return assay::guardian_main(argc, argv);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 5) return 2;
  const assay::Status done = assay::run(words);
  if (!done) std::fputs((done.error().to_string() + "\n").c_str(), stderr);
  return 3;
}
