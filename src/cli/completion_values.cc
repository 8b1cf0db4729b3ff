#include "cli/completion_values.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>

#include "base/text.h"
#include "cli/command.h"
#include "plan/plan.h"
#include "task/task.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

enum class ValueKind { nothing, plans, runs, folders, files, tasks, task_list, variants, shard };

// By the option's or positional's name; the same name means the same in all commands but data's.
ValueKind value_kind_of(const std::string& name, const std::string& command) {
  static const std::map<std::string, ValueKind> offers = {
      {"PLAN", ValueKind::plans},
      {"DIR", ValueKind::runs},
      {"FOLDER", ValueKind::runs},
      {"RUNS", ValueKind::runs},
      {"FILE", ValueKind::files},
      {"TASK", ValueKind::tasks},
      {"--task", ValueKind::tasks},
      {"--tasks", ValueKind::task_list},
      {"--variant", ValueKind::variants},
      {"--shard", ValueKind::shard},
      {"--restart-variant", ValueKind::variants},
      {"--data", ValueKind::folders},
      {"--model", ValueKind::folders},
      {"--against", ValueKind::folders},
      {"--to", ValueKind::folders},
      {"--out", ValueKind::folders},
      {"--from", ValueKind::runs},
      {"--like", ValueKind::runs},
      {"--baseline-from", ValueKind::runs},
      {"--policy", ValueKind::files},
      {"--html", ValueKind::files},
      {"--python", ValueKind::files},
  };
  if (name == "DIR" && command == "check") return ValueKind::folders;  // assay data check
  const auto found = offers.find(name);
  return found == offers.end() ? ValueKind::nothing : found->second;
}

bool begins(std::string_view text, std::string_view with) {
  return text.starts_with(with);
}

bool is_plan_file(const fs::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

// What lies on the disk and begins with `typed`.
std::vector<std::string> on_disk(const std::string& typed, ValueKind offer) {
  const std::size_t slash = typed.rfind('/');
  const std::string above = slash == std::string::npos ? "" : typed.substr(0, slash + 1);
  const std::string prefix = typed.substr(above.size());
  std::string folder = above.empty() ? "." : above;
  if (const char* home = std::getenv("HOME"); home != nullptr && folder.starts_with("~/")) {
    folder = home + folder.substr(1);
  }
  std::vector<std::string> out;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const std::string name = entry.path().filename().string();
    if (!begins(name, prefix) || (name.front() == '.' && prefix.empty())) continue;
    if (entry.is_directory(code)) {
      const bool run = offer == ValueKind::runs && fs::exists(entry.path() / "store.sqlite", code);
      out.push_back(above + name + (run ? "" : "/"));
    } else if (offer == ValueKind::files ||
               (offer == ValueKind::plans && is_plan_file(entry.path()))) {
      out.push_back(above + name);
    }
  }
  std::ranges::sort(out);
  return out;
}

// Of the first plan among the words; none: empty.
Plan plan_among(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (!is_plan_file(word)) continue;
    if (auto plan = load_plan(word, known_benchmarks())) return *std::move(plan);
  }
  return {};
}

template <typename Named>
std::vector<std::string> names_of(const std::vector<Named>& all) {
  std::vector<std::string> out;
  out.reserve(all.size());
  for (const Named& one : all) out.push_back(one.name);
  return out;
}

std::vector<std::string> beginning_with(const std::vector<std::string>& all,
                                        const std::string& typed) {
  std::vector<std::string> out;
  std::ranges::copy_if(all, std::back_inserter(out),
                       [&](const std::string& word) { return begins(word, typed); });
  return out;
}

// "a,b" goes on behind its last comma; what is named already is not offered again.
std::vector<std::string> list_beginning_with(const std::vector<std::string>& all,
                                             const std::string& typed) {
  const std::size_t comma = typed.rfind(',');
  const std::string before = comma == std::string::npos ? "" : typed.substr(0, comma + 1);
  const std::vector<std::string> taken = split(before, ',');
  std::vector<std::string> out;
  for (const std::string& word : beginning_with(all, typed.substr(before.size()))) {
    if (std::ranges::find(taken, word) == taken.end()) out.push_back(before + word);
  }
  return out;
}

// "fp8,int4:math500": variants, and behind the colon tasks.
std::vector<std::string> shard_beginning_with(const Plan& plan, const std::string& typed) {
  if (typed.find('#') != std::string::npos) return {};
  const std::size_t colon = typed.find(':');
  if (colon == std::string::npos) return list_beginning_with(names_of(plan.variants), typed);
  auto out = list_beginning_with(names_of(plan.tasks), typed.substr(colon + 1));
  for (std::string& tasks : out) tasks.insert(0, typed.substr(0, colon + 1));
  return out;
}

// "TEXT:{a,b}" -> a, b: what CLI::IsMember checks.
std::vector<std::string> members_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t from = type.find(":{");
  if (from == std::string::npos || !type.ends_with('}')) return {};
  return split(type.substr(from + 2, type.size() - from - 3), ',');
}

std::vector<std::string> values_of(const CLI::Option& option, const CLI::App& command,
                                   const std::vector<std::string>& words) {
  const std::string& typed = words.back();
  const std::string name = option.get_positional() ? option.get_name(true) : option.get_name();
  if (name == "SHELL") return beginning_with({"bash", "zsh", "fish"}, typed);
  if (name == "--until") {
    std::vector<std::string> names;
    names.reserve(std::size(kUntils));
    for (const UntilName& entry : kUntils) names.emplace_back(entry.name);
    return beginning_with(names, typed);
  }
  if (const auto members = members_of(option); !members.empty()) {
    return beginning_with(members, typed);
  }
  switch (const ValueKind offer = value_kind_of(name, command.get_name()); offer) {
    case ValueKind::nothing:
      return {};
    case ValueKind::tasks:
      return beginning_with(task_names(), typed);
    case ValueKind::task_list:
      return list_beginning_with(task_names(), typed);
    case ValueKind::variants:
      return list_beginning_with(names_of(plan_among(words).variants), typed);
    case ValueKind::shard:
      return shard_beginning_with(plan_among(words), typed);
    default:
      return on_disk(typed, offer);
  }
}

std::vector<std::string> option_names(const CLI::App& command, const std::string& typed) {
  std::vector<std::string> out;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
  }
  return beginning_with(out, typed);
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0 && option.get_expected_min() > 0;
}

const CLI::Option* option_named(const CLI::App& command, const std::string& name) {
  return command.get_option_no_throw(name);
}

const CLI::App* command_named(const CLI::App& app, const std::string& name) {
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (sub->get_name() == name) return sub;
  }
  return nullptr;
}

// Where the cursor is: in which command, at which of its positionals, or behind which option.
struct CursorPlace {
  const CLI::App* command;
  std::size_t positional = 0;
  const CLI::Option* option = nullptr;
};

CursorPlace cursor_in(const CLI::App& app, const std::vector<std::string>& before) {
  CursorPlace at{.command = &app};
  const CLI::Option* last = nullptr;  // the option that the word before names
  for (const std::string& word : before) {
    const CLI::Option* named = nullptr;
    if (word == "=") {  // bash takes it for a word of its own
      at.option = last;
    } else if (at.option != nullptr) {
      at.option = nullptr;
    } else if (word.starts_with('-')) {
      named = word.find('=') == std::string::npos ? option_named(*at.command, word) : nullptr;
      if (named != nullptr && takes_value(*named)) at.option = named;
    } else if (const CLI::App* sub = command_named(*at.command, word);
               sub != nullptr && at.positional == 0) {
      at.command = sub;
    } else {
      ++at.positional;
    }
    last = named;
  }
  return at;
}

std::vector<std::string> positional_values(const CursorPlace& at,
                                           const std::vector<std::string>& words) {
  std::vector<const CLI::Option*> positionals;
  for (const CLI::Option* option : at.command->get_options()) {
    if (option->get_positional()) positionals.push_back(option);
  }
  if (positionals.empty()) return {};
  const bool beyond = at.positional >= positionals.size();
  if (beyond && positionals.back()->get_items_expected_max() <= 1) return {};
  return values_of(*positionals[std::min(at.positional, positionals.size() - 1)], *at.command,
                   words);
}

// The words up to the cursor, the last of them as far as it is typed.
std::vector<std::string> completed(const CLI::App& app, std::vector<std::string> words) {
  const CursorPlace at = cursor_in(app, {words.begin(), words.end() - 1});
  if (at.option != nullptr) return values_of(*at.option, *at.command, words);
  const std::string current = words.back();
  if (current.starts_with('-')) {
    const std::size_t equals = current.find('=');
    if (equals == std::string::npos) return option_names(*at.command, current);
    const CLI::Option* option = option_named(*at.command, current.substr(0, equals));
    if (option == nullptr) return {};
    words.back() = current.substr(equals + 1);
    std::vector<std::string> out = values_of(*option, *at.command, words);
    for (std::string& value : out) value.insert(0, current.substr(0, equals + 1));
    return out;
  }
  std::vector<std::string> commands;
  for (const CLI::App* sub : at.command->get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(sub->get_name());
  }
  if (!commands.empty()) return beginning_with(commands, current);
  return positional_values(at, words);
}

}  // namespace

std::vector<std::string> completions(const CLI::App& app, const std::vector<std::string>& typed) {
  std::vector<std::string> words;
  // bash takes ":" and "=" for words of their own, and puts what is offered behind them.
  bool behind_colon = false;
  for (const std::string& word : typed) {
    const bool goes_on = !words.empty() && (behind_colon || word == ":");
    if (!goes_on) words.emplace_back();
    words.back() += word;
    behind_colon = word == ":";
  }
  const bool cut = typed.size() > words.size() && words.back().find(':') != std::string::npos;
  if (words.empty() || words.back() == "=") words.emplace_back();
  const std::size_t before = cut ? words.back().rfind(':') + 1 : 0;
  std::vector<std::string> out = completed(app, std::move(words));
  for (std::string& word : out) word.erase(0, before);
  return out;
}

int print_completions(const CLI::App& app, const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : completions(app, words)) {
    if (word.find('\n') == std::string::npos) out += word + "\n";
  }
  print_out(out);
  return kExitDone;
}

}  // namespace assay
