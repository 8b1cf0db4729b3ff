// The messages between assay and the zygote: fixed size, over two SOCK_SEQPACKET sockets.
// Both ends are built together, so there is no versioning. docs/sandbox.md draws the exchange.
#pragma once

#include <cstdint>

namespace assay::box {

// Descriptors the zygote is started with.
constexpr int kControlFd = 3;  // assay <-> zygote; its end of file ends the zygote
constexpr int kJobFd = 4;      // assay -> the next one-shot child
constexpr int kFilterFd = 5;   // the seccomp program, as an array of sock_filter

// Descriptors of a graded program. 0, 1 and 2 are the standard streams.
constexpr int kResultFd = 3;  // socket to assay: framed results, and the test text of scripts
constexpr int kSourceFd = 4;  // the job as JSON; closed before the program's first line runs

enum class MessageKind : std::uint32_t { ready = 1, go = 2, start = 3, kill = 4, ended = 5 };

// Zygote to assay: interpreter warmed up. Sent with credentials, so that assay learns the zygote's
// process id as seen from outside.
struct ReadyMessage {
  MessageKind kind = MessageKind::ready;
};

// Assay to zygote: you are in your cgroup; children made from now on are too.
struct GoMessage {
  MessageKind kind = MessageKind::go;
};

// Assay to zygote: the waiting child has been given a job; watch these limits from now on.
struct StartMessage {
  MessageKind kind = MessageKind::start;
  std::uint64_t cpu_ns = 0;  // of the whole process tree
  std::uint64_t wall_ns = 0;
  std::uint64_t memory_bytes = 0;  // of the whole process tree
};

struct KillMessage {
  MessageKind kind = MessageKind::kill;
};

enum class KilledFor : std::uint32_t { nothing = 0, cpu = 1, wall = 2, memory = 3, asked = 4 };

// The step that a child has reached. If it ends before `running`, the sandbox is at fault, not the
// program.
enum class Stage : std::int32_t {
  cloned = 0,
  identity = 1,
  mounts = 2,
  capabilities = 3,
  job = 4,
  descriptors = 5,
  limits = 6,
  filter = 7,
  running = 8,
};

// Zygote to assay: the program and everything it started are gone.
struct EndedMessage {
  MessageKind kind = MessageKind::ended;
  Stage stage = Stage::cloned;
  std::int32_t setup_errno = 0;
  std::int32_t wait_status = 0;  // the program's; process 1's where that was killed
  KilledFor killed_for = KilledFor::nothing;
  std::uint32_t own_kill = 0;  // 1: a SIGKILL may be the program's own doing
  std::uint64_t cpu_ns = 0;    // user and system
  std::uint64_t wall_ns = 0;
  std::uint64_t run_delay_ns = 0;  // time it was ready to run and had no core
  std::uint64_t peak_memory_bytes = 0;
};

// Assay to the waiting child, with the descriptors 0, 1, 2, kResultFd, kSourceFd as SCM_RIGHTS.
struct JobMessage {
  std::uint64_t cpu_limit_s = 0;   // per process: the kernel's own backstop, SIGXCPU
  std::uint64_t memory_bytes = 0;  // per process, on top of the interpreter's own
  std::uint64_t file_bytes = 0;
  std::uint64_t processes = 0;
};
constexpr int kJobFdCount = 5;

// Frames on the result socket, child to assay: one byte of FrameKind, four bytes of payload length
// (host order), the payload.
enum class FrameKind : char {
  loaded = 'L',     // script: the program's own text has run; send the test
  end = 'E',        // ran to its end; payload: the nonce that came with the test (script only)
  value = 'V',      // function: payload is the JSON of the return value
  unlike = 'U',     // function: the return value is nothing JSON can say; payload names its type
  exception = 'X',  // payload: JSON {type, message, line, in_test, errno}
};
constexpr int kFrameHeaderBytes = 5;
constexpr int kNonceBytes = 32;  // the test text of a script comes after so many bytes of nonce

}  // namespace assay::box
