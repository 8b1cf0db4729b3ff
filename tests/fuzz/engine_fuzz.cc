// What engines say, over arbitrary bytes. The worker's frames, whole and in two pieces: the same
// frames, or an error; each reader of a frame's meaning, which may only throw what its header says.
// Replies of an OpenAI-compatible server, whole and in two pieces. A model folder's files.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "engine/frames.h"
#include "engine/model_folder.h"
#include "engine/openai_wire.h"
#include "engine/worker_frames.h"
#include "scratch.h"

namespace {

using assay::Json;
using assay::fuzz::check;
using assay::fuzz::require;

// The frames up to the end or the first error.
std::vector<Json> frames_of(assay::FrameReader& reader) {
  std::vector<Json> frames;
  while (true) {
    const auto frame = reader.next();
    if (!frame || !*frame) return frames;
    frames.push_back(**frame);
  }
}

template <typename Read>
void try_reading(const Json& frame, Read read) {
  try {
    (void)read(frame);
  } catch (const Json::exception&) {
  }
}

assay::ReplyReader reply_of(std::string_view first, std::string_view second) {
  assay::ReplyReader reader(assay::AnsweringModel{"model", "", false});
  reader.feed(first);
  reader.feed(second);
  reader.end();
  return reader;
}

void check_wire(std::string_view text) {
  using namespace assay;
  const ReplyReader whole = reply_of(text, "");
  const ReplyReader pieces =
      reply_of(text.substr(0, text.size() / 2), text.substr(text.size() / 2));
  require(whole.text == pieces.text && whole.token_ids == pieces.token_ids);
  require(whole.problem == pieces.problem && whole.finish_reason == pieces.finish_reason);
  require(is_valid_utf8(whole.problem));
  (void)generate_response(whole);
  const std::string words = words_of_error(text, "text/html");
  require(words.find('\n') == std::string::npos);
  (void)words_of_error(text, "application/json");
  const Json reply = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  Rendered rendered;
  rendered.prompt_tokens = {1, 2};
  rendered.scored = {{{1, 2, 3}, 2}, {{1, 2, 4, 5}, 2}};
  for (const RequestKind kind : {RequestKind::loglikelihood, RequestKind::prompt_logprobs}) {
    check(scored_response(WireFormat(), kind, rendered, 2, reply));
  }
}

// Each of a folder's files that is read, arbitrary in turn.
void check_folder(std::string_view text) {
  using namespace assay;
  static const fuzz::ScratchFolder folder;
  (void)folder.write("tokenizer.json", "{}");
  for (const bool index : {false, true}) {
    (void)folder.write("config.json", index ? "{}" : text);
    (void)folder.write("model.safetensors", text);
    const auto list = folder.path() / "model.safetensors.index.json";
    if (index) (void)folder.write("model.safetensors.index.json", text);
    check(check_model_folder(folder.path()));
    std::filesystem::remove(list);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  FrameReader whole;
  whole.append(text);
  const std::vector<Json> frames = frames_of(whole);

  FrameReader pieces;
  pieces.append(text.substr(0, size / 2));
  std::vector<Json> found = frames_of(pieces);
  pieces.append(text.substr(size / 2));
  for (Json& frame : frames_of(pieces)) found.push_back(std::move(frame));
  require(found == frames);

  for (const Json& frame : frames) {
    try_reading(frame, hello_from);
    try_reading(frame, opened_from);
    try_reading(frame, loaded_from);
    try_reading(frame, stats_from);
    try_reading(frame, rendered_list_from);
    try_reading(frame, [](const Json& f) { return result_from(f, {"key"}); });
    try_reading(frame, need_from);
    try_reading(frame, [](const Json& f) { return error_from(f, ErrorKind::environment); });
  }
  check_wire(text);
  check_folder(text);
  return 0;
}
