#include "sandbox/launch.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/json.h"
#include "base/subprocess.h"
#include "base/text.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProbe = R"(
import importlib.util, json, os, sys, sysconfig
paths = sysconfig.get_paths()
print(json.dumps({
  "executable": os.path.realpath(sys.executable),
  "version": "%d.%d.%d" % sys.version_info[:3],
  "base_prefix": sys.base_prefix,
  "stdlib": os.path.realpath(paths["stdlib"]),
  "site_packages": paths["purelib"] if sys.prefix != sys.base_prefix else "",
  "multiarch": sysconfig.get_config_var("MULTIARCH") or "",
  "packages": [p for p in ("numpy", "scipy", "sympy", "h5py") if importlib.util.find_spec(p)],
}))
)";

Error bad_interpreter(const std::string& python, std::string why) {
  return Error{ErrorKind::environment, "cannot use " + python + " to run graded programs",
               std::move(why), "run tools/setup, which makes .venv-grade"};
}

// Collects bind mounts and creates their parent folders, which bubblewrap would make unreadable.
class Arguments {
 public:
  void add(std::initializer_list<std::string> words) { out_.insert(out_.end(), words); }

  void folder(const fs::path& path) {
    if (path.empty() || path == "/" || !folders_.insert(path.string()).second) return;
    folder(path.parent_path());
    add({"--perms", "0755", "--dir", path.string()});
  }

  void bind(const fs::path& outside, const fs::path& inside) {
    if (outside.empty() || !fs::exists(outside)) return;
    folder(inside.parent_path());
    add({"--ro-bind", outside.string(), inside.string()});
  }

  // /lib and /lib64 are links into /usr on most systems, folders of their own on others.
  void library_folder(const fs::path& path) {
    std::error_code error;
    if (fs::is_symlink(path, error)) {
      add({"--symlink", fs::read_symlink(path, error).string(), path.string()});
    } else if (fs::is_directory(path, error)) {
      bind(path, path);
    }
  }

  std::vector<std::string> take() { return std::move(out_); }

 private:
  std::vector<std::string> out_;
  std::set<std::string> folders_;
};

void add_libraries(Arguments& args, const Interpreter& interpreter) {
  args.bind(interpreter.executable, interpreter.executable);
  if (interpreter.base_prefix == "/usr") {
    args.bind(interpreter.stdlib, interpreter.stdlib);
  } else {
    args.bind(interpreter.base_prefix, interpreter.base_prefix);
  }
  if (!interpreter.multiarch.empty()) {
    args.bind("/usr/lib/" + interpreter.multiarch, "/usr/lib/" + interpreter.multiarch);
  }
  args.bind("/usr/lib64", "/usr/lib64");
  args.library_folder("/lib");
  args.library_folder("/lib64");
  args.bind("/etc/ld.so.cache", "/etc/ld.so.cache");
  args.bind("/usr/share/zoneinfo", "/usr/share/zoneinfo");
  if (!interpreter.site_packages.empty()) args.bind(interpreter.site_packages, "/opt/grade");
}

void add_environment(Arguments& args) {
  args.add({"--clearenv"});
  const std::map<std::string, std::string> environment = {
      {"PATH", "/usr/bin:/bin"},
      {"HOME", "/tmp"},
      {"LANG", "C.UTF-8"},
      {"PYTHONPATH", "/opt/grade"},
      {"PYTHONHASHSEED", "0"},
      {"OPENBLAS_NUM_THREADS", "1"},
      {"OMP_NUM_THREADS", "1"},
      {"MKL_NUM_THREADS", "1"},
      {"HDF5_USE_FILE_LOCKING", "FALSE"},
      {"PYTHONDONTWRITEBYTECODE", "1"},
  };
  for (const auto& [name, value] : environment) args.add({"--setenv", name, value});
}

const char* word_of(Warmth warmth) {
  switch (warmth) {
    case Warmth::plain:
      return "plain";
    case Warmth::numpy:
      return "numpy";
    case Warmth::scientific:
      return "scientific";
  }
  return "plain";
}

}  // namespace

Result<Interpreter> probe_interpreter(const std::string& python) {
  SpawnOptions options;
  options.argv = {python, "-I", "-c", kProbe};
  options.clear_env = true;
  options.new_session = true;  // a Ctrl-C is ours: it must not look like a bad interpreter
  auto ran = run_command(options, "", std::chrono::seconds(60));
  if (!ran) return std::unexpected(bad_interpreter(python, ran.error().why));
  if (ran->exit_code != 0) {
    return std::unexpected(bad_interpreter(python, std::string(trim(ran->err).substr(0, 300))));
  }
  const Json found = Json::parse(ran->out, nullptr, false);
  if (!found.is_object()) return std::unexpected(bad_interpreter(python, "it is no Python 3"));
  Interpreter out;
  const std::string where = "the interpreter's answer";
  out.executable = TRY(string_field(found, "executable", where));
  out.version = TRY(string_field(found, "version", where));
  out.base_prefix = TRY(string_field(found, "base_prefix", where));
  out.stdlib = TRY(string_field(found, "stdlib", where));
  out.site_packages = TRY(string_field(found, "site_packages", where));
  out.multiarch = TRY(string_field(found, "multiarch", where));
  out.packages = TRY(strings_field(found, "packages", where));
  return out;
}

std::vector<std::string> bwrap_command(const std::string& bwrap, const Interpreter& interpreter,
                                       const ZygoteKind& kind, const std::vector<InnerFile>& files,
                                       bool as_root) {
  Arguments args;
  args.add({bwrap});
  if (as_root) {
    args.add({"--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
              "--unshare-cgroup-try"});
  } else {
    args.add({"--unshare-all", "--uid", "65534", "--gid", "65534"});
  }
  args.add({"--die-with-parent", "--new-session", "--hostname", "box"});
  add_environment(args);
  args.add({"--perms", "1777", "--size", "1048576", "--tmpfs", "/tmp"});
  add_libraries(args, interpreter);
  if (as_root) args.bind("/usr/bin/setpriv", "/usr/bin/setpriv");
  args.bind(kind.read_only_file, "/data/test_data.h5");
  args.folder("/box");
  for (const InnerFile& file : files) {
    args.add({"--perms", "0444", "--ro-bind-data", std::to_string(file.fd), file.path});
  }
  args.add({"--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev", "--remount-ro", "/",
            "--chdir", "/tmp", "--"});
  if (as_root) {
    args.add({"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
              "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"});
  }
  args.add(
      {interpreter.executable, "-s", "-B", "-X", "utf8", "/box/zygote.py", word_of(kind.warmth)});
  return args.take();
}

std::string find_program(const std::string& program) {
  const char* path = std::getenv("PATH");
  for (const std::string& folder : split(path != nullptr ? path : "/usr/bin:/bin", ':')) {
    const std::string candidate = fmt::format("{}/{}", folder, program);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

}  // namespace assay
