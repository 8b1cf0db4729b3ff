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

Text not_installed() {
  return {"bwrap is not installed", "没有安装 bwrap"};
}

SandboxFinding failed(Text name, Text detail, Text fix) {
  return {std::move(name), false, true, std::move(detail), std::move(fix)};
}

SandboxFinding check_bwrap() {
  const std::string path = find_program("bwrap");
  if (path.empty()) return failed("bubblewrap", not_installed(), kInstallBwrap);
  SpawnOptions options;
  options.argv = {path, "--version"};
  const auto ran = run_command(options, "", std::chrono::seconds(10));
  if (!ran || ran->exit_code != 0)
    return failed("bubblewrap", {"bwrap does not run", "bwrap 无法运行"}, kInstallBwrap);
  return {"bubblewrap", true, true, std::string(trim(ran->out)), {}};
}

SandboxFinding check_namespaces() {
  const std::string path = find_program("bwrap");
  const Text name = {"namespaces", "命名空间"};
  if (path.empty()) return failed(name, not_installed(), kInstallBwrap);
  SpawnOptions options;
  options.argv = {path, "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "/bin/true"};
  const auto ran = run_command(options, "", std::chrono::seconds(10));
  if (ran && ran->exit_code == 0) return {name, true, true, "user, mount, pid, net", {}};
  return failed(name, ran ? std::string(trim(ran->err).substr(0, 200)) : ran.error().why,
                {"allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
                 "kernel.apparmor_restrict_unprivileged_userns=0; in a container: a seccomp "
                 "profile that allows them)",
                 "允许用户命名空间（sysctl kernel.unprivileged_userns_clone=1，"
                 "kernel.apparmor_restrict_unprivileged_userns=0；在容器中：允许它们的 seccomp "
                 "配置）"});
}

SandboxFinding check_root() {
  const Text name = {"privileges", "权限"};
  if (::geteuid() != 0) return {name, true, true, {"ordinary user", "普通用户"}, {}};
  if (::access("/usr/bin/setpriv", X_OK) == 0) {
    return {name,
            true,
            true,
            {"root, given up inside with setpriv", "root，在里面用 setpriv 放弃"},
            {}};
  }
  return failed(name,
                {"root, and setpriv is not there to give it up", "root，而没有 setpriv 来放弃它"},
                "apt-get install util-linux");
}

void check_python(const std::string& python, std::vector<SandboxFinding>& out) {
  const Text name = {"interpreter", "解释器"};
  const Text packages = {"packages", "软件包"};
  const auto interpreter = probe_interpreter(python);
  if (!interpreter) {
    out.push_back(failed(name, interpreter.error().why, interpreter.error().fix));
    return;
  }
  out.push_back({name, true, true, "Python " + interpreter->version, {}});
  std::vector<std::string> missing;
  for (const char* package : {"numpy", "scipy", "sympy", "h5py"}) {
    const auto& have = interpreter->packages;
    if (std::find(have.begin(), have.end(), package) == have.end()) missing.emplace_back(package);
  }
  if (missing.empty()) {
    out.push_back({packages, true, true, "numpy, scipy, sympy, h5py", {}});
  } else {
    out.push_back(failed(
        packages, bilingual("missing: {}", "缺少：{}", join(missing, ", ")),
        {"run tools/setup, which makes .venv-grade", "运行 tools/setup，它会建立 .venv-grade"}));
  }
}

SandboxFinding check_filter() {
  const auto filter = make_seccomp_filter();
  if (!filter) return failed("seccomp", filter.error().why, filter.error().fix);
  return {"seccomp",
          true,
          true,
          bilingual("filter of {} instructions", "{} 条指令的过滤器", filter->size() / 8),
          {}};
}

SandboxFinding check_cgroup() {
  const std::string version = MemoryCgroup::available_version();
  const Text name = {"memory cgroup", "内存 cgroup"};
  if (!version.empty()) return {name, true, false, "cgroup " + version, {}};
  return {name,
          false,
          false,
          {"none can be written here: the memory of a program's processes is limited one by one "
           "and measured together every 25 ms instead",
           "这里没有可写的：改为逐个限制程序各进程的内存，并每 25 毫秒合计一次"},
          {MemoryCgroup::kFix,
           "委派内存控制器（systemd-run --user --scope -p Delegate=yes），或在计划中允许缺少它："
           "sandbox: {accept_missing: [memory_cgroup]}"},
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
  const Text name = {"trial", "试运行"};
  const Text see_above = {"see the findings above", "见上面各项"};
  auto sandbox = Sandbox::create({.python = python});
  if (!sandbox) return failed(name, sandbox.error().why, sandbox.error().fix);
  Program program;
  program.source = kTrial;
  program.tests = {{"", kTrialExpected}};
  const auto ran = sandbox->run(program, until);
  if (!ran) return failed(name, ran.error().why, see_above);
  if (ran->verdict != ProgramVerdict::passed) {
    return failed(name, bilingual("{}: {}", "{}：{}", to_string(ran->verdict), ran->detail),
                  see_above);
  }
  return {name,
          true,
          true,
          {"a program saw no file, process, network or variable of ours and met every limit",
           "程序看不到我们的文件、进程、网络与环境变量，各项限制都生效"},
          {}};
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
