// How the sandbox is put together: which files of the machine are inside, and bubblewrap's
// arguments.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace assay {

// What the probe of the graders' interpreter found.
struct Interpreter {
  std::string executable;     // real path, the same inside
  std::string version;        // "3.11.2"
  std::string base_prefix;    // "/usr"
  std::string stdlib;         // standard library, the same path inside
  std::string site_packages;  // of the virtual environment, /opt/grade inside; empty without one
  std::string multiarch;      // "x86_64-linux-gnu" on Debian, else empty
  std::vector<std::string> packages;  // those of numpy, scipy, sympy, h5py that are there
};

// Runs the (trusted) interpreter once. A missing or broken one is an environment error.
[[nodiscard]] Result<Interpreter> probe_interpreter(const std::string& python);

// What is imported already when a program starts: the usual modules; those and numpy; those and
// numpy, scipy, sympy and h5py. Importing more makes every program slower, because there is more
// memory to copy.
enum class Warmth { plain, numpy, scientific };

// What a zygote is warmed up with; zygotes of one kind serve every program of that kind.
struct ZygoteKind {
  Warmth warmth = Warmth::plain;
  std::string read_only_file;  // seen as /data/test_data.h5; empty for none
  auto operator<=>(const ZygoteKind&) const = default;
};

// Files written into the sandbox at start: path inside, and the descriptor number bubblewrap reads
// the content from.
struct InnerFile {
  std::string path;
  int fd = -1;
};

// The whole command line. As root the mounts are made as root and setpriv gives root up inside;
// otherwise bubblewrap makes a user namespace. Either way nothing inside is user 0 or has
// capabilities.
[[nodiscard]] std::vector<std::string> bwrap_command(const std::string& bwrap,
                                                     const Interpreter& interpreter,
                                                     const ZygoteKind& kind,
                                                     const std::vector<InnerFile>& files,
                                                     bool as_root);

// The first of PATH's folders that holds an executable `program`; empty when none does.
[[nodiscard]] std::string find_program(const std::string& program);

}  // namespace assay
