#include "compare/arm_grouping.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <set>

#include "base/text.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

// One model's runs in one folder, of one name where --output_path gave one.
struct Part {
  fs::path folder;
  std::string model;
  std::string args;    // those that make another arm
  std::string repeat;  // "run2" of its path; empty: none
  std::string stem;    // its files' own name; empty: lm-eval's "results"
  std::vector<RunFiles> runs;
};

// Arguments that say how the work is done, not what answers: runs that differ in them alone are of
// one arm.
bool is_incidental(std::string_view name) {
  static const std::set<std::string_view> names = {"gpu_memory_utilization",
                                                   "max_model_len",
                                                   "max_length",
                                                   "max_num_seqs",
                                                   "max_num_batched_tokens",
                                                   "tensor_parallel_size",
                                                   "data_parallel_size",
                                                   "pipeline_parallel_size",
                                                   "batch_size",
                                                   "max_batch_size",
                                                   "trust_remote_code",
                                                   "swap_space",
                                                   "disable_log_stats",
                                                   "seed",
                                                   "max_gen_toks",
                                                   "num_concurrent",
                                                   "timeout",
                                                   "max_retries",
                                                   "tokenized_requests",
                                                   "device",
                                                   "download_dir",
                                                   "parallelize",
                                                   "enable_thinking",
                                                   "think_end_token",
                                                   "chat_template_args",
                                                   "add_bos_token",
                                                   "tokenizer",
                                                   "tokenizer_backend",
                                                   "distributed_executor_backend",
                                                   "enforce_eager",
                                                   "enable_prefix_caching",
                                                   "enable_chunked_prefill",
                                                   "max_images",
                                                   "limit_mm_per_prompt"};
  return names.contains(name);
}

std::string telling_args(const std::string& args) {
  std::vector<std::string> parts;
  for (const std::string& part : split(args, ',')) {
    const std::string_view name = trim(std::string_view(part).substr(0, part.find('=')));
    if (!name.empty() && !is_incidental(name)) parts.emplace_back(trim(part));
  }
  std::sort(parts.begin(), parts.end());
  return join(parts, ",");
}

// The parts of a path that count runs: "run1", "seed_0", "repeat-2".
std::string repeat_of(const fs::path& relative) {
  static const std::regex shape(
      "(run|rep|repeat|repetition|seed|trial|try|pass|attempt|round)"
      "[-_]?[0-9]+",
      std::regex::icase);
  std::string out;
  for (const fs::path& part : relative) {
    if (std::regex_match(part.string(), shape)) out += (out.empty() ? "" : "/") + part.string();
  }
  return out;
}

std::string own_stem(const RunFiles& run) {
  return run.result.stem.starts_with("results") ? "" : run.result.stem;
}

std::vector<Part> parts_of(const fs::path& folder, std::vector<RunFiles> runs) {
  std::vector<Part> parts;
  for (RunFiles& run : runs) {
    const std::string args = telling_args(run.result.model_args);
    auto part = std::find_if(parts.begin(), parts.end(), [&](const Part& p) {
      return p.folder == run.folder && p.model == run.result.model && p.args == args &&
             p.stem == own_stem(run);
    });
    if (part == parts.end()) {
      parts.push_back({run.folder,
                       run.result.model,
                       args,
                       repeat_of(run.folder.lexically_relative(folder)),
                       own_stem(run),
                       {}});
      part = parts.end() - 1;
    }
    part->runs.push_back(std::move(run));
  }
  return parts;
}

std::set<std::string> tasks_of(const Part& part) {
  std::set<std::string> out;
  for (const RunFiles& run : part.runs) {
    for (const auto& [task, summary] : run.result.tasks) out.insert(task);
    for (const auto& [task, file] : run.samples) out.insert(task);
  }
  return out;
}

// Whether folders of one model are one arm: no task twice among those of the same repeat.
bool is_one_arm(const std::vector<Part*>& parts) {
  std::map<std::string, std::set<std::string>> seen;  // repeat -> tasks
  for (const Part* part : parts) {
    for (const std::string& task : tasks_of(*part)) {
      if (!seen[part->repeat].insert(task).second) return false;
    }
  }
  return true;
}

fs::path common_folder(const fs::path& a, const fs::path& b) {
  fs::path out;
  for (auto x = a.begin(), y = b.begin(); x != a.end() && y != b.end() && *x == *y; ++x, ++y) {
    out /= *x;
  }
  return out;
}

// What is said of an arm in a folder of several: its file's own name, or its model.
std::string name_in_folder(const Part& part) {
  if (!part.stem.empty()) return part.stem;
  const std::string model = fs::path(part.model).filename().string();
  return model.empty() ? "other" : model;
}

bool shares_its_folder(const std::vector<Part*>& arm, const std::vector<Part>& all) {
  return std::any_of(all.begin(), all.end(), [&arm](const Part& other) {
    return std::none_of(arm.begin(), arm.end(), [&](const Part* p) { return p == &other; }) &&
           std::any_of(arm.begin(), arm.end(),
                       [&](const Part* p) { return p->folder == other.folder; });
  });
}

// `own_name`: that of an arm that shares its folder with others; empty: it has it for itself.
ResultArm arm_of_parts(const fs::path& given, const std::vector<Part*>& parts,
                       const std::string& own_name) {
  fs::path folder = parts.front()->folder;
  std::vector<RunFiles> runs;
  std::set<std::string> repeats;
  for (Part* part : parts) {
    folder = common_folder(folder, part->folder);
    repeats.insert(part->repeat);
    std::move(part->runs.begin(), part->runs.end(), std::back_inserter(runs));
  }
  ResultArm arm = arm_of_runs(std::move(runs), repeats.size() > 1);
  arm.folder = folder;
  arm.in_one_folder = std::all_of(parts.begin(), parts.end(),
                                  [&folder](const Part* part) { return part->folder == folder; });
  arm.key = join({folder.string(), own_name, parts.front()->model, parts.front()->args}, "\n");
  arm.name = folder == given ? folder.filename().string()
                             : folder.lexically_relative(given).generic_string();
  if (!own_name.empty()) arm.name = folder == given ? own_name : arm.name + "/" + own_name;
  if (repeats.size() > 1) {
    arm.notes.push_back(bilingual("{}: {} runs, averaged by item", "{}：{} 次运行，逐题取平均",
                                  arm.name, repeats.size()));
  }
  return arm;
}

// Arms of one folder and model whose arguments differ carry these in their names.
void tell_apart(std::vector<ResultArm>& arms) {
  for (std::size_t i = 0; i < arms.size(); ++i) {
    for (std::size_t k = i + 1; k < arms.size(); ++k) {
      if (arms[i].name != arms[k].name) continue;
      for (ResultArm* arm : {&arms[i], &arms[k]}) {
        const std::string args = arm->key.substr(arm->key.rfind('\n') + 1);
        if (!args.empty() && !arm->name.ends_with(")")) arm->name += " (" + args + ")";
      }
    }
  }
}

}  // namespace

std::vector<ResultArm> group_runs(const fs::path& folder, std::vector<RunFiles> runs) {
  std::vector<Part> parts = parts_of(folder, std::move(runs));
  std::vector<std::vector<Part*>> groups;
  for (Part& part : parts) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
      return !part.model.empty() && group.front()->model == part.model &&
             group.front()->args == part.args;
    });
    if (same == groups.end()) {
      groups.push_back({&part});
    } else {
      same->push_back(&part);
    }
  }
  std::vector<std::vector<Part*>> separate;
  for (const auto& group : groups) {
    if (is_one_arm(group)) {
      separate.push_back(group);
      continue;
    }
    for (Part* part : group) separate.push_back({part});
  }
  std::vector<ResultArm> arms;
  for (const auto& group : separate) {
    const bool shared = shares_its_folder(group, parts);
    arms.push_back(arm_of_parts(folder, group, shared ? name_in_folder(*group.front()) : ""));
  }
  tell_apart(arms);
  std::sort(arms.begin(), arms.end(), [](const ResultArm& a, const ResultArm& b) {
    return std::pair(a.folder, a.name) < std::pair(b.folder, b.name);
  });
  return arms;
}

}  // namespace assay
