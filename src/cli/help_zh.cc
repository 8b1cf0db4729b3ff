#include "cli/help_zh.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "base/text.h"

namespace assay {
namespace {

// A description, or one line of a footer.
struct Line {
  std::string_view english;
  std::string_view chinese;
};

constexpr Line kLines[] = {
    {"assay tells what a lower precision costs a model, and how sure that is.",
     "assay 说明降低精度让模型损失多少，以及这个结论有多可靠。"},
    {"Print this help message and exit", "显示帮助并退出"},
    {"Display program version information and exit", "显示版本并退出"},
    {"Language of what is shown: en or zh (default: LANG's, on a terminal)",
     "显示的语言：en 或 zh（默认：在终端上由 LANG 决定）"},
    {"Exit codes: 0 done, 1 --gate and WORSE, 2 bad usage or input, 3 environment or engine,",
     "退出码：0 完成，1 --gate 且 WORSE，2 用法或输入有误，3 环境或引擎出错，"},
    {"4 --gate and INCONCLUSIVE or INVALID, 130 interrupted.",
     "4 --gate 且 INCONCLUSIVE 或 INVALID，130 被中断。"},
    {"Examples:", "示例："},
    {"Example:", "示例："},
    {"Validate a plan and show what it would run.", "检查计划，并显示它会运行什么。"},
    {"A folder of results: answers get as long, and items flip as often, as there",
     "一个结果目录：回答长度与翻转比例按那里的估计"},
    {"For machines", "供程序读取"},
    {"Output tokens a second of the machine you think of: how far it would get",
     "设想的机器每秒输出多少 token：据此估计能做到哪里"},
    {"Seconds it takes to load a variant", "加载一个变体需要的秒数"},
    {"Compare results with a baseline's, paired where their items allow.",
     "把结果与基线比较，题目允许时逐题配对。"},
    {"Baseline, then candidates: runs of assay, folders of lm-eval results, or DIR:VARIANT. One "
     "run alone: its variants with its baseline",
     "先基线，后候选：assay 的运行、lm-eval 的结果目录，或 "
     "DIR:VARIANT。只给一个运行时：它的各变体与它的基线比较"},
    {"DIR holds many arms, and this is the baseline's name", "DIR 含有多个对比组，这是基线的名称"},
    {"What in a path below DIR names the arm: '{arm}__{task}.json', '{arm}/{task}' (default: a "
     "folder an arm)",
     "DIR 之下的路径中哪一部分是组名：'{arm}__{task}.json'、'{arm}/{task}'（默认：每组一个目录）"},
    {"Margin in percentage points (default: the run's own, else 3)",
     "非劣效界值，百分点（默认：运行自己的，否则为 3）"},
    {"One-sided error rate (default: the run's own, else 0.05)",
     "单侧错误率（默认：运行自己的，否则为 0.05）"},
    {"YAML: margins, weights, flags, fidelity", "YAML：界值、权重、标记、保真度"},
    {"Metric to compare (default: the first that is a share)",
     "要比较的指标（默认：第一个比例型指标）"},
    {"lm-eval's filter (default: the first)", "lm-eval 的 filter（默认：第一个）"},
    {"BASE=CANDIDATE, for a renamed task", "BASE=CANDIDATE，用于改过名的任务"},
    {"Compare although prompts, templates or settings differ", "即使提示词、模板或设置不同也比较"},
    {"Exit 1 when WORSE, 4 when it is not shown to hold", "WORSE 时退出码为 1，未能证明成立时为 4"},
    {"Write a JUnit file", "写出 JUnit 文件"},
    {"Append a Markdown summary, for CI's step summary", "追加 Markdown 摘要，用于 CI 的步骤摘要"},
    {"Print a completion script for the shell.", "输出 shell 的补全脚本。"},
    {"bash or zsh", "bash 或 zsh"},
    {"bash, zsh or fish", "bash、zsh 或 fish"},
    {"The benchmarks' data sets.", "各基准的数据集。"},
    {"Ids, splits, gates and licences.", "数据集的 id、划分、访问限制与许可证。"},
    {"Bring data sets into the hub's cache.", "把数据集取到 hub 的缓存中。"},
    {"Which; all when none is named", "哪些；不写则为全部"},
    {"Read a data folder and check every row; asks no hub.",
     "读取数据目录并检查每一行；不访问 hub。"},
    {"The folder --data would name", "--data 所指的目录"},
    {"Is this machine ready for a plan?", "这台机器是否满足计划的要求？"},
    {"The same findings as JSON", "同样的检查结果，JSON 格式"},
    {"Looks at engine, GPUs, memory, kernels, a sum over all ranks, hub, disk, sandbox and tests. "
     "Nothing is",
     "检查引擎、GPU、内存、内核、所有 rank 的求和、hub、磁盘、沙箱与测试。"},
    {"fetched or loaded. What cannot be looked at says \"not checked\". Ends with 3 when something "
     "is missing.",
     "不下载也不加载任何东西。无法检查的标为 \"not checked\"。缺少任何一项时退出码为 3。"},
    {"One item: its prompt, every variant's output, and how each was scored.",
     "一道题：提示词、各变体的输出，以及如何评分。"},
    {"The run's folder", "运行的目录"},
    {"The item's id", "题目的 id"},
    {"Where two tasks have an item of that id", "两个任务有同一 id 的题时指明任务"},
    {"Score recorded outputs without an engine, beside the verdicts recorded with them.",
     "不用引擎为已记录的输出评分，并与随之记录的判定对照。"},
    {"The benchmark, as math500", "基准名，例如 math500"},
    {"assay's, lm-eval's or the benchmark's own file; scicode: its folder of code",
     "assay、lm-eval 或基准自己的文件；scicode：其代码目录"},
    {"Folder with the data set, where the file does not hold the questions",
     "数据集目录，文件中没有题目时需要"},
    {"The task's options, a JSON object", "任务的选项，一个 JSON 对象"},
    {"Write each output's score to this JSONL file", "把每个输出的得分写到这个 JSONL 文件"},
    {"Differing verdicts to list", "列出多少条不一致的判定"},
    {"Copy program and plan to another machine and start the run there, detached.",
     "把程序与计划复制到另一台机器，并在那里脱离终端启动运行。"},
    {"The run's folder there", "那里的运行目录"},
    {"Python of the vLLM environment there", "那里 vLLM 环境的 Python"},
    {"Python of graded programs there", "那里运行被评程序的 Python"},
    {"An assay installed there; none is copied", "那里已安装的 assay；不再复制"},
    {"Variable of this machine to pass on, as HF_TOKEN (repeatable)",
     "要传过去的本机变量，例如 HF_TOKEN（可重复）"},
    {"The ssh command", "ssh 命令"},
    {"Put shards of a plan (assay run --shard) into one folder, and write its report.",
     "把一个计划的各分片（assay run --shard）合并到一个目录，并写出报告。"},
    {"The shards' folders, or a folder in which they lie side by side",
     "各分片的目录，或它们所在的上级目录"},
    {"The merged run's folder", "合并后的运行目录"},
    {"Go on without what no shard has; the report names it",
     "没有分片含有的部分就略过；报告会列出它们"},
    {"pass@1 and pass@k of code tasks for one model.", "单个模型在代码任务上的 pass@1 与 pass@k。"},
    {"Hub id or folder", "hub id 或目录"},
    {"GPUs to split it over", "切分到多少个 GPU"},
    {"livecodebench, scicode, humaneval, mbpp", "livecodebench、scicode、humaneval、mbpp"},
    {"Items a task", "每个任务的题数"},
    {"Output tokens an answer", "每个回答的输出 token 数"},
    {"Context length", "上下文长度"},
    {"Answers an item", "每题的回答数"},
    {"Of sampling; default: 0 (greedy), with several samples 0.8",
     "采样温度；默认 0（贪心），多次采样时为 0.8"},
    {"Of sampling; default: 1", "采样的 top_p；默认 1"},
    {"pass@k to print, as 1,10; default: 1, 2, 4, ...",
     "要输出的 pass@k，例如 1,10；默认 1, 2, 4, ..."},
    {"CPU seconds a test; default: the benchmark's", "每个测试的 CPU 秒数；默认取基准的规定"},
    {"Engine argument KEY=VALUE (repeatable)", "引擎参数 KEY=VALUE（可重复）"},
    {"Part of the sandbox that may be missing: memory_cgroup", "可以缺少的沙箱部分：memory_cgroup"},
    {"Folder with the data sets' files; else the hub", "数据集文件所在目录；否则用 hub"},
    {"How many items a margin needs, before anything is rented.",
     "租用机器之前：一个界值需要多少题。"},
    {"Items of the task", "任务的题数"},
    {"Margin in percentage points", "非劣效界值，百分点"},
    {"One-sided error rate", "单侧错误率"},
    {"Per cent of items that flip either way", "任一方向翻转的题目百分比"},
    {"Verdicts that share alpha: tasks times candidates. 1: the primary question",
     "共用 alpha 的结论数：任务数乘候选数。1：主要问题"},
    {"Bring a run's results, logs, reports and store to artifacts/<run>/.",
     "把运行的结果、日志、报告与存储取回到 artifacts/<run>/。"},
    {"The run's folder on another machine", "另一台机器上的运行目录"},
    {"Folder to put it below", "放在哪个目录之下"},
    {"Leave the store there", "存储留在那里"},
    {"Write a run's reports again from its store.", "从存储重新写出运行的报告。"},
    {"Its language: en or zh (the page holds both)", "报告的语言：en 或 zh（网页含两种）"},
    {"Score a run's stored responses again, then report; no engine.",
     "为存储的回答重新评分并写报告；不用引擎。"},
    {"Ask Math-Verify of this many answers that the fast path decides, too",
     "对这么多条由快速路径判定的回答，再问一次 Math-Verify"},
    {"Exit codes: 1 where an audit finds a difference.", "退出码：复核发现差异时为 1。"},
    {"Evaluate every variant of a plan and write the report. On the same folder it goes on where "
     "it stopped.",
     "评测计划的每个变体并写出报告。对同一目录会从停下的地方继续。"},
    {"Start variants over, their answers forgotten: --restart-variant=NAME,NAME those; without "
     "names those that another engine began, at an endpoint all",
     "重新开始变体，丢弃其回答：--restart-variant=NAME,NAME "
     "指明哪些；不写名称则为由另一引擎开始的那些，端点上为全部"},
    {"Run a plan of more than 50 variants", "允许运行超过 50 个变体的计划"},
    {"Run this part of the plan alone, VARIANTS[:TASKS][#REPEATS] with commas between, to be "
     "merged",
     "只运行计划的这一部分（VARIANTS[:TASKS][#REPEATS]，各用逗号分隔），以后合并"},
    {"With --shard: a folder in which the baseline was run (repeatable)",
     "与 --shard 同用：基线所在的运行目录（可重复）"},
    {"Another folder of results: answers that would be the same are taken over",
     "另一个结果目录：会相同的回答直接沿用"},
    {"No progress lines", "不显示进度"},
    {"The sandbox that graded programs run in.", "运行被评程序的沙箱。"},
    {"Run the attack suite on this machine.", "在这台机器上运行攻击测试集。"},
    {"Tables from folders of assay or lm-eval results.",
     "由 assay 或 lm-eval 的结果目录生成表格。"},
    {"Folders", "目录"},
    {"terminal, markdown, csv, latex or json", "terminal、markdown、csv、latex 或 json"},
    {"Say what became of the jobs of assay run --on slurm.",
     "显示 assay run --on slurm 的各作业状态。"},
    {"The sweep's folder", "批量运行的目录"},
    {"End the jobs of assay run --on slurm.", "结束 assay run --on slurm 的各作业。"},
    {"Asks a plan's items by our tasks and by lm-eval's own code, on one engine a variant.",
     "用我们的任务与 lm-eval 自己的代码提问同样的题，每个变体一个引擎。"},
    {"Keep the run here; default: a temporary folder, removed at the end",
     "把运行保留在这里；默认用临时目录，结束后删除"},
    {"Only this variant; default: all", "只运行这个变体；默认全部"},
    {"Items a task, at most; default: as the plan says", "每个任务最多多少题；默认按计划"},
    {"Counts and all differences as JSON", "各项计数与全部差异，JSON 格式"},
    {"No progress", "不显示进度"},
    {"Exit codes: 0 nothing differs, 1 something does.", "退出码：0 没有差异，1 有差异。"},
    {"Progress of a launched run, until it ends; ends as it did.",
     "显示已启动运行的进度直到结束；退出码与它相同。"},
    {"Seconds before connecting again", "重新连接前等待的秒数"},
    {"The plan", "计划文件"},
    {"Folder with the data sets' files; the hub is not asked", "数据集文件所在目录；不访问 hub"},
    {"Change a value of the plan: PATH=VALUE (repeatable)", "修改计划中的值：PATH=VALUE（可重复）"},
    {"How far to go: limits, decided, or budget", "做到哪里为止：limits、decided 或 budget"},
    {"Wall clock for all variants, as 3h, 45m or 1h30m", "所有变体的总时长，例如 3h、45m 或 1h30m"},
    {"The run's folder; default: the plan's output", "运行的目录；默认取计划的 output"},
    {"Run as jobs of a cluster: slurm", "作为集群作业运行：slurm"},
    {"With --on: print the jobs' scripts alone", "与 --on 同用：只输出作业脚本"},
    {"With --on: wall clock of a job, as 3h; default: the budget's",
     "与 --on 同用：作业时限，例如 3h；默认由预算决定"},
    {"With --on: Slurm's partition", "与 --on 同用：Slurm 的分区"},
    {"With --on: Slurm's account", "与 --on 同用：Slurm 的账户"},
    {"With --on: Slurm's quality of service", "与 --on 同用：Slurm 的服务质量（QOS）"},
    {"With --on: GPUs of a job", "与 --on 同用：每个作业的 GPU 数"},
    {"With --on: cores of a job", "与 --on 同用：每个作业的核数"},
    {"With --on: memory of a job, as 64G", "与 --on 同用：每个作业的内存，例如 64G"},
    {"On a folder of merged shards: ask the judge alone, and write the report",
     "用于合并后的目录：只询问裁判模型，并写出报告"},
    {"With --on: shards that run at a time; default: all",
     "与 --on 同用：同时运行的分片数；默认全部"},
    {"With --on: jobs into which each variant's tasks are divided; default: 1",
     "与 --on 同用：每个变体的任务分成几个作业；默认 1"},
    {"With --on: jobs into which each task's repeats are divided; default: 1",
     "与 --on 同用：每个任务的重复分成几个作业；默认 1"},
    {"With --on: a folder on the nodes in which stores are written ('$TMPDIR')",
     "与 --on 同用：节点上写存储的目录（'$TMPDIR'）"},
    {"With --on: a further option of sbatch (repeatable)",
     "与 --on 同用：sbatch 的其他选项（可重复）"},
    {"Completes commands, options, plans, run folders, tasks and a plan's variants.",
     "补全命令、选项、计划、运行目录、任务以及计划的变体。"},
    {"How each variant's verdict and fidelity moved from run to run.",
     "各变体的结论与保真度在历次运行间的变化。"},
    {"Runs' folders of one plan, or folders that hold them",
     "同一计划的运行目录，或包含它们的目录"},
    {"Write a page with charts to this file, too", "同时把带图表的网页写到这个文件"},
    {"Overwrite that file if it is there", "该文件已存在时覆盖"},
    {"Write a commented plan: from options, or asked for on a terminal.",
     "写一份带注释的计划：由选项给出，或在终端上逐项询问。"},
    {"The plan to write", "要写的计划文件"},
    {"Folder with the data sets' files; without it the hub is asked",
     "数据集文件所在目录；不给则访问 hub"},
    {"Overwrite the file if it is there", "文件已存在时覆盖"},
    {"Without a plan --model and --against make the one that `assay init` would write; it is kept "
     "in the run's",
     "没有计划时，由 --model 与 --against 生成 `assay init` 会写的那份计划；"},
    {"folder as plan.yaml.", "它作为 plan.yaml 保存在运行目录中。"},
    {"Print the JSON schema of plan files, for editors.",
     "输出计划文件的 JSON schema，供编辑器使用。"},
    {"An editor with a YAML language server completes keys and marks mistakes where a plan's first "
     "line is",
     "带 YAML 语言服务的编辑器会补全键并标出错误，只要计划的第一行是"},
    {"`assay init` writes both.", "`assay init` 会把两者都写好。"},
    {"End a launched run as Ctrl-C would, and wait for its end; what it answered is kept.",
     "像 Ctrl-C 那样结束已启动的运行，并等它结束；已有的回答都会保留。"},
    {"Seconds to wait for its end", "等它结束的秒数"},
    {"Model to be compared: hub id or folder (several: repeat it, or with commas)",
     "要比较的模型：hub id 或目录（多个：重复此选项，或用逗号分隔）"},
    {"The baseline: the model that the others are compared with", "基线：其他模型与之比较的模型"},
    {"Items a task, the least that is run", "每个任务的题数，至少运行这么多"},
    {"The loss that is still fine, in percentage points", "仍可接受的损失，百分点"},
    {"GPUs a model is split over", "一个模型切分到多少个 GPU"},
    {"Wall clock for all variants, as 3h, 45m or 1h30m; default: 1h",
     "所有变体的总时长，例如 3h、45m 或 1h30m；默认 1h"},
    {"Benchmarks, with commas; default: math500,mmlu_pro,gpqa_diamond. `assay data list` names "
     "all; lm_eval/NAME is one of lm-eval's",
     "基准，用逗号分隔；默认 math500,mmlu_pro,gpqa_diamond。`assay data list` "
     "列出全部；lm_eval/NAME 是 lm-eval 的任务"},
    {"The same as JSON", "同样的内容，JSON 格式"},
    {"With --on: how many nodes are looked at; default: 1", "与 --on 同用：检查多少个节点；默认 1"},
    {"On a cluster: slurm", "在集群上：slurm"},
};

// Of CLI11's words for the parts of a help text, ours.
constexpr Line kLabels[] = {{"Usage", "用法"},       {"OPTIONS", "选项"},  {"SUBCOMMAND", "命令"},
                            {"Positionals", "参数"}, {"REQUIRED", "必需"}, {"Needs", "须与之同用"}};

// CLI11 sets a half-width colon after each of them.
class ChineseFormatter : public CLI::Formatter {
 public:
  explicit ChineseFormatter(const CLI::Formatter& other) : CLI::Formatter(other) {}

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
    for (const Line& label : kLabels) {
      const std::string half = std::string(label.chinese) + ":";
      const std::string full = std::string(label.chinese) + "：";
      for (std::size_t at = text.find(half); at != std::string::npos; at = text.find(half, at)) {
        text.replace(at, half.size(), full);
      }
    }
    return text;
  }
};

// Line by line; those that are typed, which are indented, stay.
std::string translated(const std::string& english) {
  std::vector<std::string> lines = split(english, '\n');
  for (std::string& line : lines) {
    std::string chinese = help_in_chinese(line);
    if (!chinese.empty()) line = std::move(chinese);
  }
  return join(lines, "\n");
}

}  // namespace

std::string help_in_chinese(std::string_view english) {
  const std::size_t page = english.rfind(" (docs/");
  const bool names_page = page != std::string_view::npos && english.ends_with(")");
  const std::string_view words = names_page ? english.substr(0, page) : english;
  const auto* const found = std::ranges::find(kLines, words, &Line::english);
  if (found == std::end(kLines)) return "";
  std::string out(found->chinese);
  if (names_page) {
    out += "（" + std::string(english.substr(page + 2, english.size() - page - 3)) + "）";
  }
  return out;
}

void translate_help(CLI::App& command) {
  const auto ours = std::dynamic_pointer_cast<CLI::Formatter>(command.get_formatter());
  const auto formatter = std::make_shared<ChineseFormatter>(ours ? *ours : CLI::Formatter());
  for (const Line& label : kLabels) {
    formatter->label(std::string(label.english), std::string(label.chinese));
  }
  command.formatter(formatter);
  command.description(translated(command.get_description()));
  command.footer(translated(command.get_footer()));
  for (CLI::Option* option : command.get_options()) {
    option->description(translated(option->get_description()));
    if (option->get_group() == "Options") option->group("选项");
  }
  for (CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    below->group("命令");
    translate_help(*below);
  }
}

}  // namespace assay
