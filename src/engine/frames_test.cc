#include "engine/frames.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

#include "base/subprocess.h"

namespace assay {
namespace {

using nlohmann::json;
using namespace std::string_literals;

// docs/worker_protocol.md: 4 bytes, little-endian, then the JSON.
const std::string kBye = "\x0e\x00\x00\x00{\"type\":\"bye\"}"s;

TEST(FrameReader, ReadsTheLiteralBytes) {
  FrameReader reader;
  reader.append(kBye + kBye);
  for (int i = 0; i < 2; ++i) {
    const auto frame = reader.next();
    ASSERT_TRUE(frame && *frame);
    EXPECT_EQ(**frame, json({{"type", "bye"}}));
  }
  EXPECT_FALSE(reader.next()->has_value());
  EXPECT_EQ(reader.pending_bytes(), 0);
}

TEST(FrameReader, WaitsForEveryLastByte) {
  FrameReader reader;
  for (std::size_t i = 0; i + 1 < kBye.size(); ++i) {
    reader.append(kBye.substr(i, 1));
    const auto frame = reader.next();
    ASSERT_TRUE(frame) << i;
    ASSERT_FALSE(frame->has_value()) << i;
  }
  reader.append("}");
  EXPECT_TRUE(reader.next()->has_value());
}

TEST(FrameReader, LengthIsLittleEndianOverAllFourBytes) {
  FrameReader reader;
  // 0x00010203 = 66051 bytes.
  const std::string body = R"({"type":"x","t":")"s + std::string(66051 - 19, 'a') + "\"}";
  ASSERT_EQ(body.size(), 66051);
  reader.append("\x03\x02\x01\x00"s + body);
  const auto frame = reader.next();
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((**frame)["t"].get<std::string>().size(), 66051 - 19);
}

TEST(FrameReader, RefusesALengthOverTheLimitAtOnce) {
  FrameReader reader;
  reader.append("\x01\x00\x00\x04"s);  // 67,108,865
  const auto frame = reader.next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().kind, ErrorKind::environment);
  EXPECT_NE(frame.error().why.find("67108865"), std::string::npos) << frame.error().why;
  reader.append(kBye);
  EXPECT_FALSE(reader.next()) << "a lost stream stays lost";
}

TEST(FrameReader, TheLimitItselfIsAllowed) {
  FrameReader reader;
  reader.append("\x00\x00\x00\x04"s);  // 67,108,864
  const auto frame = reader.next();
  ASSERT_TRUE(frame);
  EXPECT_FALSE(frame->has_value());
}

TEST(FrameReader, RefusesWhatIsNoFrame) {
  const std::array<std::string, 5> bodies = {"{\"type\":", "[1]", "{\"kind\":1}", "{\"type\":3}",
                                             ""};
  for (const std::string& body : bodies) {
    FrameReader reader;
    reader.append(std::string(1, static_cast<char>(body.size())) + "\0\0\0"s + body);
    EXPECT_FALSE(reader.next()) << body;
  }
}

TEST(FrameWriter, WritesTheLiteralBytes) {
  Pipe pipe = *make_pipe();
  FrameWriter writer;
  ASSERT_TRUE(writer.push({{"type", "bye"}}));
  EXPECT_EQ(writer.queued_bytes(), 18);
  ASSERT_EQ(*writer.write_some(pipe.write_end.get()), IoState::open);
  EXPECT_TRUE(writer.empty());
  std::array<char, 64> buffer{};
  const ssize_t n = ::read(pipe.read_end.get(), buffer.data(), buffer.size());
  EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(n)), kBye);
}

TEST(FrameWriter, NeverBlocksOnAFullPipeAndLosesNothing) {
  Pipe pipe = *make_pipe();
  ASSERT_TRUE(set_nonblocking(pipe.write_end.get()));
  ASSERT_TRUE(set_nonblocking(pipe.read_end.get()));
  FrameWriter writer;
  FrameReader reader;
  const std::string text(300'000, 'a');  // more than a pipe holds (65,536 bytes)
  int read_frames = 0;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(writer.push({{"type", "x"}, {"i", i}, {"t", text}}));
  while (read_frames < 5) {
    ASSERT_EQ(*writer.write_some(pipe.write_end.get()), IoState::open);
    std::size_t got = 0;
    ASSERT_EQ(*reader.read_some(pipe.read_end.get(), 1 << 20, &got), IoState::open);
    for (auto frame = reader.next(); frame && *frame; frame = reader.next()) {
      EXPECT_EQ((**frame)["i"], read_frames++);
      EXPECT_EQ((**frame)["t"], text);
    }
  }
  EXPECT_TRUE(writer.empty());
}

TEST(FrameWriter, ReportsAReaderThatIsGoneWithoutSignal) {
  Pipe pipe = *make_pipe();
  pipe.read_end.reset();
  FrameWriter writer;
  ASSERT_TRUE(writer.push({{"type", "x"}}));
  EXPECT_EQ(*writer.write_some(pipe.write_end.get()), IoState::closed);
}

TEST(FrameWriter, RefusesAFrameOverTheLimit) {
  FrameWriter writer(/*max_frame_bytes=*/14);
  ASSERT_TRUE(writer.push({{"type", "bye"}}));
  const Status pushed = FrameWriter(13).push({{"type", "bye"}});
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().kind, ErrorKind::usage);
}

TEST(FrameReader, SeesTheEndOfTheStream) {
  Pipe pipe = *make_pipe();
  ASSERT_EQ(::write(pipe.write_end.get(), kBye.data(), 7), 7);
  pipe.write_end.reset();
  FrameReader reader;
  std::size_t got = 0;
  EXPECT_EQ(*reader.read_some(pipe.read_end.get(), 1000, &got), IoState::closed);
  EXPECT_EQ(got, 7);
  EXPECT_EQ(reader.pending_bytes(), 7);
}

}  // namespace
}  // namespace assay
