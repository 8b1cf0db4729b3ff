// What a graded program can send, over arbitrary bytes: its output and the frames of its result
// socket through the real exchange and the judge; and the comparison with the expected text, JSON
// and decimal numbers as Python reads them. Whatever the bytes are, they never pass by accident and
// never become our fault.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/text.h"
#include "base/unicode.h"
#include "base/unique_fd.h"
#include "sandbox/compare.h"
#include "sandbox/exchange.h"
#include "sandbox/judge.h"
#include "sandbox/python_json.h"
#include "sandbox/python_text.h"
#include "scratch.h"

namespace {

using namespace assay;
using assay::fuzz::require;

constexpr std::size_t kMostBytes = 32UL << 10;  // a pipe's room: nobody reads while we write

void check_comparison(std::string_view text, std::string_view expected) {
  // Equal texts are equal, and so they stay when both change places.
  require(compare_lines(text, text).equal);
  const Difference lines = compare_lines(text, expected);
  require(lines.equal == compare_lines(expected, text).equal);
  const Difference json = compare_json(text, expected);
  require(json.equal == compare_json(expected, text).equal);
  require(!json.equal || (is_python_json(text) && is_python_json(expected)));
  for (const Difference& found : {lines, json}) {
    require(found.equal == found.detail.empty());
    require(found.detail.size() <= 300 && is_valid_utf8(found.detail));
  }
  require(is_valid_utf8(printable_detail(text, 100)) && printable_detail(text, 100).size() <= 100);
  require(is_python_json(text) == parse_python_json(text).has_value());
  for (const std::string_view token : python_split(text)) {
    require(!token.empty() && python_strip(token).size() == token.size());
    const auto number = parse_decimal(token);
    require(!number || number->kind == DecimalValue::Kind::nan || number->equals(*number));
  }
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

// The program wrote `output` and `frames` and ended as `status` says.
Outcome exchanged(const Program& program, std::string_view output, std::string_view frames,
                  int status) {
  TestJob job;
  job.input = program.tests.front().input;
  job.kind = program.kind;
  job.limits = program.limits;
  auto exchange = Exchange::make(job);
  require(exchange.has_value());
  const auto fds = exchange->their_fds();
  write_all(fds[1], output);
  write_all(fds[3], frames);
  std::array<int, 2> control{};
  require(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control.data()) == 0);
  const UniqueFd ours(control[0]);
  const UniqueFd theirs(control[1]);
  box::EndedMessage ended;
  ended.stage = box::Stage::running;
  ended.wait_status = status;
  require(::send(theirs.get(), &ended, sizeof ended, 0) == sizeof ended);
  return exchange->run(ours.get(), nullptr);
}

void check_verdict(TestKind kind, Compare compare, std::string_view bytes, int status) {
  Program program;
  program.kind = kind;
  program.compare = compare;
  program.function_name = "f";
  program.tests.push_back({.input = "1", .expected = "no program prints this \x01"});
  const Outcome outcome = exchanged(program, bytes.substr(0, bytes.size() / 2), bytes, status);
  const TestResult result = judge(program, program.tests.front(), outcome);
  // The expected text is none that JSON or the bytes could hold, and the nonce is not known.
  require(result.verdict != ProgramVerdict::passed);
  require(result.verdict != ProgramVerdict::sandbox_fault);
  require(result.detail.size() <= 300 && is_valid_utf8(result.detail));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), std::min(size, kMostBytes));
  const std::string_view first = text.substr(0, text.find('\x1e'));
  check_comparison(first, first.size() < text.size() ? text.substr(first.size() + 1) : text);
  if (text.find("no program prints this") != std::string_view::npos) return 0;
  const int status = text.empty() ? 0 : static_cast<unsigned char>(text.front()) << 8;
  check_verdict(TestKind::stdin_stdout, Compare::lines, text, status);
  check_verdict(TestKind::function, Compare::json_value, text, status);
  check_verdict(TestKind::script, Compare::none, text, status);
  return 0;
}
