// Frames from the worker over arbitrary bytes, whole and in two pieces: the same frames, or an
// error; and each reader of a frame's meaning, which may only throw what its header says.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "engine/frames.h"
#include "engine/worker_frames.h"

namespace {

using assay::Json;

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
  if (found != frames) std::abort();

  for (const Json& frame : frames) {
    try_reading(frame, hello_from);
    try_reading(frame, opened_from);
    try_reading(frame, loaded_from);
    try_reading(frame, stats_from);
    try_reading(frame, rendered_list_from);
    try_reading(frame, result_from);
    try_reading(frame, need_from);
    try_reading(frame, [](const Json& f) { return error_from(f, ErrorKind::environment); });
  }
  return 0;
}
