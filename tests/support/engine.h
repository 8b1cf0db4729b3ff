// What the engine's tests share: a folder of their own, the scripted worker, waiting.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "engine/process_tree.h"
#include "engine/worker_engine.h"

namespace assay::testing {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Long enough for the sanitizers on a busy machine; never waited for when all is well.
inline constexpr seconds kPatience{60};

class TempFolder {
 public:
  TempFolder() {
    std::string text = (std::filesystem::temp_directory_path() / "assay_engine_XXXXXX").string();
    path_ = ::mkdtemp(text.data());
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Asks again and again until it holds; false when patience ends.
inline bool eventually(const std::function<bool()>& holds, milliseconds patience = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return true;
}

inline std::vector<std::string> fake_command() {
  return {ASSAY_TEST_PYTHON, "-u", ASSAY_SOURCE_DIR "/tests/fakes/fake_worker.py"};
}

// The scripted worker (tests/fakes/fake_worker.py) in a folder of its own.
inline WorkerOptions fake_options(const TempFolder& folder, const json& script = json::object()) {
  WorkerOptions options;
  options.command = fake_command();
  options.env["ASSAY_FAKE_SCRIPT"] = script.dump();
  options.log_file = folder / "engine.log";
  options.run_token = "test-" + folder.path().filename().string();
  options.guardian = {ASSAY_TEST_GUARDIAN, "__guardian"};
  options.kill_grace = milliseconds(100);
  options.hello_timeout = kPatience;
  options.call_timeout = options.stats_timeout = kPatience;
  return options;
}

inline std::string why(const Error& error) {
  return error.to_string();
}

// What a test cannot go on without; the exception ends the test as a failure.
template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(why(result.error()));
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// The next event of this type; others on the way are a failure, lines of progress aside.
template <typename Event>
std::optional<Event> next_event(Engine& engine, milliseconds patience = kPatience) {
  auto event = engine.wait(patience);
  if constexpr (!std::is_same_v<Event, Progressed>) {
    while (event && std::holds_alternative<Progressed>(*event)) event = engine.wait(patience);
  }
  if (!event) {
    ADD_FAILURE() << "no event came";
    return std::nullopt;
  }
  if (const auto* wanted = std::get_if<Event>(&*event)) return *wanted;
  if (const auto* died = std::get_if<Died>(&*event)) {
    ADD_FAILURE() << "the engine died: " << why(died->error);
  } else {
    ADD_FAILURE() << "an event of another type came: " << event->index();
  }
  return std::nullopt;
}

// All answers to `count` requests, by id.
inline std::map<std::int64_t, Response> collect(Engine& engine, std::size_t count,
                                                milliseconds patience = kPatience) {
  std::map<std::int64_t, Response> out;
  while (out.size() < count) {
    const auto answered = next_event<Answered>(engine, patience);
    if (!answered) break;
    out[answered->id] = answered->response;
  }
  return out;
}

inline Request chat_request(const std::string& text) {
  Request request;
  request.messages = {{"user", text}};
  request.plain = text;
  return request;
}

inline Sampling greedy(int max_tokens) {
  Sampling sampling;
  sampling.max_tokens = max_tokens;
  return sampling;
}

// The worker itself, below the guardian of that run.
inline std::optional<ProcessInfo> worker_of_run(const std::string& token) {
  for (const ProcessInfo& process : with_run_token(token, list_processes())) {
    const bool is_guardian = command_line_of(process.pid).find("__guardian") != std::string::npos;
    const bool below_guardian =
        command_line_of(process.parent).find("__guardian") != std::string::npos;
    if (!is_guardian && below_guardian) return process;
  }
  return std::nullopt;
}

}  // namespace assay::testing
