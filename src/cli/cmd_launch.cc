// assay launch: copies this program, its worker and a plan to another machine and starts the run
// there, detached.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "base/tell.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/plan_options.h"
#include "cli/remote.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

struct LaunchOptions {
  std::string destination;
  PlanOptions plan;
  std::string python;        // there
  std::string grade_python;  // there
  std::string program;       // there; empty: this one is copied
  std::vector<std::string> env;
  std::string ssh = "ssh";
};

constexpr int kRunning = 69;
constexpr int kEnded = 70;
constexpr int kProgramFails = 71;

constexpr const char* kMakeFolder = R"sh(
mkdir -p -- "$1/.launch/bin" "$1/.launch/worker" "$1/logs" || exit 1
enter "$1"
alive && exit 69
pwd -P
)sh";

// $1 the folder, $2 the program, then the run's arguments. Variables come as lines on standard
// input, so that no list of processes shows them. The supervisor leads its own session: it notes
// how the run ended, and no lost connection ends it.
constexpr const char* kStart = R"sh(
enter "$1"
program=$2
shift 2
alive && exit 69
while IFS= read -r line; do export "${line?}"; done
export PYTHONPATH="$PWD/.launch/worker${PYTHONPATH:+:$PYTHONPATH}"
"$program" --version >/dev/null 2>.launch/error || { cat .launch/error >&2; exit 71; }
[ -s logs/launch.log ] && mv -f logs/launch.log logs/launch.previous.log
: > logs/launch.log
rm -f .launch/exit
setsid nohup sh -c '"$@" >>logs/launch.log 2>&1
echo $? >.launch/exit.new
mv .launch/exit.new .launch/exit' sh "$program" "$@" </dev/null >/dev/null 2>&1 &
pid=$!
echo "$pid $(cut -d' ' -f22 "/proc/$pid/stat" 2>/dev/null)" > .launch/pid
for second in 1 2 3;
do
  sleep 1
  [ -e .launch/exit ] || continue
  cat logs/launch.log >&2
  [ "$(cat .launch/exit)" = 0 ] || exit 70
done
exit 0
)sh";

// The folder with the worker's Python package: of a source tree, or of the environment this
// program is installed in.
Result<fs::path> find_worker_folder() {
  std::error_code code;
  const fs::path executable = fs::read_symlink("/proc/self/exe", code);
  for (fs::path at = executable.parent_path(); at.has_relative_path(); at = at.parent_path()) {
    if (fs::is_directory(at / "worker/assay_worker", code)) return at / "worker";
  }
  const fs::path lib = executable.parent_path().parent_path() / "lib";
  for (const auto& entry : fs::directory_iterator(lib, code)) {
    fs::path site = entry.path() / "site-packages";
    if (fs::is_directory(site / "assay_worker", code)) return site;
  }
  return environment_error({"the worker's files are not found", "找不到 worker 的文件"},
                           bilingual("there is no worker/assay_worker above {}",
                                     "{} 之上没有 worker/assay_worker", executable.string()),
                           {"install assay with pip, or run it from its source tree",
                            "用 pip 安装 assay，或从源码树运行"});
}

// Relative paths of a plan lie beside it, here: they name nothing over there.
bool is_relative_in(const std::string& path, const std::string& text,
                    const std::vector<std::string>& settings) {
  if (!path.starts_with('/')) return false;
  return text.find(path) == std::string::npos &&
         join(settings, "\n").find(path) == std::string::npos;
}

Status check_models(const Plan& plan, const std::string& text,
                    const std::vector<std::string>& settings) {
  for (const VariantSpec& variant : plan.variants) {
    if (!is_relative_in(variant.model, text, settings)) continue;
    return usage_error(
        bilingual("variant {} names a folder of this machine: {}", "变体 {} 指向本机的目录：{}",
                  variant.name, variant.model),
        {"models are not copied", "模型不会被复制"},
        bilingual("name a hub id, or the folder there: --set variants.{}.model=/path",
                  "写 hub id，或那里的目录：--set variants.{}.model=/path", variant.name));
  }
  return {};
}

Result<std::string> variables(const LaunchOptions& options) {
  std::string lines;
  if (!options.python.empty()) lines += "ASSAY_PYTHON=" + options.python + "\n";
  if (!options.grade_python.empty()) lines += "ASSAY_GRADE_PYTHON=" + options.grade_python + "\n";
  for (const std::string& name : options.env) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || std::string_view(value).find('\n') != std::string_view::npos) {
      return usage_error(bilingual("--env {} cannot be passed on", "--env {} 无法传过去", name),
                         value == nullptr ? Text("it is not set here", "这里没有设置它")
                                          : Text("it has more than one line", "它不止一行"),
                         {"set it, or leave --env out", "设置它，或去掉 --env"});
    }
    lines += name + "=" + value + "\n";
  }
  return lines;
}

std::unexpected<Error> running_there(const Remote& remote) {
  const std::string place = remote.place.text();
  return environment_error(
      bilingual("a run is in progress in {}", "{} 中有运行正在进行", place),
      {"it was launched before and has not ended", "它先前已启动，还没有结束"},
      bilingual("follow it with assay watch {}", "查看进度：assay watch {}", place));
}

Result<std::string> make_folder(const Remote& remote) {
  const CommandResult made =
      TRY(run_there(remote, std::string(kEnterFunction) + std::string(kAliveFunction) + kMakeFolder,
                    {remote.place.folder}, std::chrono::seconds(60)));
  if (made.exit_code == kRunning) return running_there(remote);
  std::string folder(trim(made.out));
  if (made.exit_code != 0 || !folder.starts_with('/')) {
    return environment_error(
        bilingual("cannot make the folder {}", "无法建立目录 {}", remote.place.text()),
        split(trim(made.err), '\n').front(),
        {"name a folder that the account there may write", "换一个那里的账户可以写的目录"});
  }
  return folder;
}

// Copies what the run needs below <folder>/.launch; returns the run's arguments there.
Result<std::vector<std::string>> copy(const Remote& remote, const std::string& folder,
                                      const LaunchOptions& options, const Plan& plan,
                                      const std::string& text) {
  const Text doing = bilingual("cannot copy to {}", "无法复制到 {}", remote.place.text());
  const std::string base = far_path(remote, folder + "/.launch/");
  std::error_code code;
  if (options.program.empty()) {
    const fs::path self = fs::read_symlink("/proc/self/exe", code);
    TRY(rsync(remote, {"--chmod=F755"}, self.string(), base + "bin/assay", doing));
  }
  const fs::path worker = TRY(find_worker_folder());
  TRY(rsync(remote,
            {"--exclude=__pycache__", "--include=/assay_worker/***", "--include=/assay_demo/***",
             "--exclude=*"},
            worker.string() + "/", base + "worker/", doing));
  TRY(rsync(remote, {}, options.plan.plan, base + "plan.yaml", doing));
  std::vector<std::string> arguments = {"run", ".launch/plan.yaml", "--out", "."};
  std::string data = options.plan.data;
  if (data.empty() && is_relative_in(plan.data, text, options.plan.set)) data = plan.data;
  if (!data.empty()) {
    TRY(rsync(remote, {}, data + "/", base + "data/", doing));
    arguments.insert(arguments.end(), {"--data", ".launch/data"});
  }
  if (!options.plan.budget.empty()) {
    arguments.insert(arguments.end(), {"--budget", options.plan.budget});
  }
  if (!options.plan.until.empty()) {
    arguments.insert(arguments.end(), {"--until", options.plan.until});
  }
  for (const std::string& setting : options.plan.set) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  return arguments;
}

Result<int> launch(const LaunchOptions& options, const Session& session) {
  Remote remote = make_remote(TRY(parse_place(options.destination)), options.ssh);
  remote.until = Deadline().or_stop(session.listen());
  const Plan plan = TRY(load_with_options(options.plan));
  const std::string text = TRY(read_file(options.plan.plan));
  TRY(check_models(plan, text, options.plan.set));
  const std::string lines = TRY(variables(options));
  const std::string folder = TRY(make_folder(remote));
  std::vector<std::string> arguments = TRY(copy(remote, folder, options, plan, text));
  arguments.insert(arguments.begin(),
                   {folder, options.program.empty() ? "./.launch/bin/assay" : options.program});
  const CommandResult started =
      TRY(run_there(remote, std::string(kEnterFunction) + std::string(kAliveFunction) + kStart,
                    arguments, std::chrono::seconds(120), lines));
  const std::string words(trim(started.err));
  switch (started.exit_code) {
    case 0:
      break;
    case kRunning:
      return running_there(remote);
    case kEnded:
      tell(stderr, words + "\n");
      return environment_error(
          bilingual("the run on {} ended at once", "{} 上的运行立即结束了", remote.place.host),
          {"its own words are above", "它自己的输出在上面"},
          {"mend that, then launch again", "解决之后再次启动"});
    case kProgramFails:
      return environment_error(
          bilingual("assay does not start on {}", "assay 在 {} 上无法启动", remote.place.host),
          split(words, '\n').front(),
          {"install the libraries it names, or install assay there and name it with --program",
           "安装它所说的库，或在那里安装 assay 并用 --program 指明"});
    default:
      return environment_error(
          bilingual("the run on {} could not be started", "{} 上的运行无法启动", remote.place.host),
          split(words, '\n').front(), {"see the reason above", "见上面的原因"});
  }
  print_out(session, bilingual("started in {0}; a lost connection does not end it\n"
                               "follow it: assay watch {0}\nbring it:  assay pull {0}\n",
                               "已在 {0} 启动；断线不会使它结束\n"
                               "查看进度：assay watch {0}\n取回结果：assay pull {0}\n",
                               remote.place.text()));
  return kExitDone;
}

}  // namespace

void add_launch(CLI::App& app, Session& session) {
  auto options = std::make_shared<LaunchOptions>();
  CLI::App* command = app.add_subcommand(
      "launch", "Copy program and plan to another machine and start the run there, detached.");
  command->add_option("RUN", options->destination, "The run's folder there")
      ->type_name("HOST:DIR")
      ->required();
  add_plan_options(*command, options->plan, false);
  command->add_option("--python", options->python, "Python of the vLLM environment there");
  command->add_option("--grade-python", options->grade_python, "Python of graded programs there");
  command->add_option("--program", options->program, "An assay installed there; none is copied");
  command->add_option("--env", options->env,
                      "Variable of this machine to pass on, as HF_TOKEN (repeatable)");
  command->add_option("--ssh", options->ssh, "The ssh command")->capture_default_str();
  command->footer(
      "Example:\n  assay launch gpubox:/data/bench/run plans/qwen3_32b_3h.yaml "
      "--python /opt/vllm/bin/python --env HF_TOKEN");
  command->callback([options, &session] { finish(session, launch(*options, session)); });
}

}  // namespace assay
