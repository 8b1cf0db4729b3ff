#include "sandbox/check.h"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/subprocess.h"
#include "base/text.h"
#include "sandbox/launch.h"
#include "sandbox/memory_cgroup.h"
#include "sandbox/sandbox.h"
#include "sandbox/seccomp_filter.h"

namespace assay {
namespace {

constexpr const char* kInstallBwrap = "apt-get install bubblewrap";

SandboxFinding failed(std::string name, std::string detail, std::string fix) {
  return {std::move(name), false, true, std::move(detail), std::move(fix)};
}

SandboxFinding check_bwrap() {
  const std::string path = find_program("bwrap");
  if (path.empty()) return failed("bubblewrap", "bwrap is not installed", kInstallBwrap);
  SpawnOptions options;
  options.argv = {path, "--version"};
  const auto ran = run_command(options, "", std::chrono::seconds(10));
  if (!ran || ran->exit_code != 0) return failed("bubblewrap", "bwrap does not run", kInstallBwrap);
  return {"bubblewrap", true, true, std::string(trim(ran->out)), ""};
}

SandboxFinding check_namespaces() {
  const std::string path = find_program("bwrap");
  if (path.empty()) return failed("namespaces", "bwrap is not installed", kInstallBwrap);
  SpawnOptions options;
  options.argv = {path, "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "/bin/true"};
  const auto ran = run_command(options, "", std::chrono::seconds(10));
  if (ran && ran->exit_code == 0) return {"namespaces", true, true, "user, mount, pid, net", ""};
  return failed("namespaces", ran ? std::string(trim(ran->err).substr(0, 200)) : ran.error().why,
                "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
                "kernel.apparmor_restrict_unprivileged_userns=0; in a container: a seccomp profile "
                "that allows them)");
}

SandboxFinding check_root() {
  if (::geteuid() != 0) return {"privileges", true, true, "ordinary user", ""};
  if (::access("/usr/bin/setpriv", X_OK) == 0) {
    return {"privileges", true, true, "root, given up inside with setpriv", ""};
  }
  return failed("privileges", "root, and setpriv is not there to give it up",
                "apt-get install util-linux");
}

void check_python(const std::string& python, std::vector<SandboxFinding>& out) {
  const auto interpreter = probe_interpreter(python);
  if (!interpreter) {
    out.push_back(failed("interpreter", interpreter.error().why, interpreter.error().fix));
    return;
  }
  out.push_back({"interpreter", true, true, "Python " + interpreter->version, ""});
  std::vector<std::string> missing;
  for (const char* name : {"numpy", "scipy", "sympy", "h5py"}) {
    const auto& have = interpreter->packages;
    if (std::find(have.begin(), have.end(), name) == have.end()) missing.emplace_back(name);
  }
  if (missing.empty()) {
    out.push_back({"packages", true, true, "numpy, scipy, sympy, h5py", ""});
  } else {
    out.push_back(failed("packages", "missing: " + join(missing, ", "),
                         "run tools/setup, which makes .venv-grade"));
  }
}

SandboxFinding check_filter() {
  const auto filter = make_seccomp_filter();
  if (!filter) return failed("seccomp", filter.error().why, filter.error().fix);
  return {"seccomp", true, true, fmt::format("filter of {} instructions", filter->size() / 8), ""};
}

SandboxFinding check_cgroup() {
  const std::string version = MemoryCgroup::available_version();
  if (!version.empty()) return {"memory cgroup", true, false, "cgroup " + version, ""};
  return {"memory cgroup",
          false,
          false,
          "none can be written here: the memory of a program's processes is limited one by one and "
          "measured together every 25 ms instead",
          MemoryCgroup::kFix,
          "memory_cgroup"};
}

// A program that reports the files, processes and privileges it sees, as any graded program would.
constexpr const char* kTrial = R"(
import ctypes, os, resource, socket

def refused(call, *args):
    try:
        call(*args)
    except OSError:
        return "none"
    return "THERE"

print("user", os.getuid(), "process", os.getpid(), "others", os.listdir("/proc"))
print("network", refused(socket.socket))
print("files", refused(open, "/box/new", "w"), refused(os.listdir, "/home"))
own = ("PATH HOME LANG PWD PYTHONPATH PYTHONHASHSEED PYTHONDONTWRITEBYTECODE OPENBLAS_NUM_THREADS "
       "OMP_NUM_THREADS MKL_NUM_THREADS HDF5_USE_FILE_LOCKING").split()
print("variables", [name for name in os.environ if name not in own])
print("new privileges", 1 - ctypes.CDLL(None).prctl(39, 0, 0, 0, 0))
for name in ("AS", "CPU", "NPROC", "FSIZE", "NOFILE", "CORE", "STACK", "MEMLOCK"):
    hard = resource.getrlimit(getattr(resource, "RLIMIT_" + name))[1]
    print(name, "UNLIMITED" if hard == resource.RLIM_INFINITY else "limited")
)";
constexpr const char* kTrialExpected =
    "user 65534 process 2 others ['self']\nnetwork none\nfiles none none\nvariables []\n"
    "new privileges 0\nAS limited\nCPU limited\nNPROC limited\nFSIZE limited\n"
    "NOFILE limited\nCORE limited\nSTACK limited\nMEMLOCK limited\n";

SandboxFinding check_trial(const std::string& python, const Deadline& until) {
  auto sandbox = Sandbox::create({.python = python});
  if (!sandbox) return failed("trial", sandbox.error().why, sandbox.error().fix);
  Program program;
  program.source = kTrial;
  program.tests = {{"", kTrialExpected}};
  const auto ran = sandbox->run(program, until);
  if (!ran) return failed("trial", ran.error().why, "see the findings above");
  if (ran->verdict != ProgramVerdict::passed) {
    return failed("trial", fmt::format("{}: {}", to_string(ran->verdict), ran->detail),
                  "see the findings above");
  }
  return {"trial", true, true,
          "a program saw no file, process, network or variable of ours and met every limit", ""};
}

}  // namespace

std::vector<SandboxFinding> check_sandbox(const std::string& python, const Deadline& until) {
  std::vector<SandboxFinding> out;
  out.push_back(check_bwrap());
  out.push_back(check_namespaces());
  out.push_back(check_root());
  check_python(python, out);
  out.push_back(check_filter());
  out.push_back(check_cgroup());
  out.push_back(check_trial(python, until));
  return out;
}

}  // namespace assay
