#include "cli/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/language.h"
#include "base/text.h"
#include "cli/help_zh.h"
#include "plan/other_names.h"
#include "plan/suggest.h"

namespace assay {
namespace {

using Words = std::vector<std::string>;

// What others call an option or a command, and how it is written here.
struct OtherName {
  std::string_view theirs;
  std::string_view ours;
};
constexpr std::array kOtherCommands{
    OtherName{"eval", "run"},        OtherName{"evaluate", "run"},  OtherName{"bench", "run"},
    OtherName{"benchmark", "run"},   OtherName{"start", "run"},     OtherName{"resume", "run"},
    OtherName{"validate", "check"},  OtherName{"lint", "check"},    OtherName{"plan", "check"},
    OtherName{"diff", "compare"},    OtherName{"rescore", "score"}, OtherName{"show", "explain"},
    OtherName{"table", "summarize"}, OtherName{"kill", "cancel"},
};
constexpr std::array kOtherOptions{
    OtherName{"-o", "--out"},
    OtherName{"--output", "--out"},
    OtherName{"--output-dir", "--out"},
    OtherName{"--output_dir", "--out"},
    OtherName{"--output-path", "--out"},
    OtherName{"--output_path", "--out"},
    OtherName{"--time", "--budget"},
    OtherName{"--timeout", "--budget"},
    OtherName{"-q", "--quiet"},
    OtherName{"-v", "--version"},
    OtherName{"-V", "--version"},
    OtherName{"--force", "--yes"},
    OtherName{"-y", "--yes"},
    OtherName{"--threshold", "--margin"},
};
// By one of these names or a mistyped one; empty: it is none.
template <typename Names>
std::string ours_for(const Names& names, const std::string& theirs) {
  Words words;
  for (const OtherName& one : names) words.emplace_back(one.theirs);
  const std::string near = nearest(theirs, words, 1);
  const auto* const found = std::ranges::find(names, near, &OtherName::theirs);
  return found == names.end() ? "" : std::string(found->ours);
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// The command that the words name, as deep as they go.
struct Place {
  const CLI::App* command = nullptr;
  std::string path;     // "assay data"
  std::string unknown;  // the word that names none of its commands; empty: there is none
};

Place place_of(const CLI::App& app, const Words& words) {
  Place place{&app, app.get_name(), ""};
  for (const std::string& word : words) {
    if (word.starts_with('-')) continue;
    const auto commands = commands_of(*place.command);
    if (commands.empty()) break;
    const auto found = std::ranges::find(commands, word, &CLI::App::get_name);
    if (found == commands.end()) {
      place.unknown = word;
      break;
    }
    place.command = *found;
    place.path += " " + word;
  }
  return place;
}

Words names_of(const std::vector<const CLI::App*>& commands) {
  Words names;
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  return names;
}

Words options_of(const CLI::App& command) {
  Words names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// The first example of its help; empty: it has none. A command without a footer has its parent's.
std::string example_of(const Place& place) {
  for (const std::string& line : split(place.command->get_footer(), '\n')) {
    if (line.starts_with("  " + place.path + " ")) return std::string(trim(line));
  }
  return "";
}

Text with_example(const Place& place, const Text& text) {
  std::string example = example_of(place);
  const auto commands = commands_of(*place.command);
  if (example.empty() && !commands.empty()) {
    example = place.path + " " + commands.front()->get_name();
  }
  const Text before = text.empty() ? Text() : bilingual("{}, ", "{}，", text);
  if (!example.empty()) return bilingual("{}for instance: {}", "{}例如：{}", before, example);
  return bilingual("{}see {} --help", "{}见 {} --help", before, place.path);
}

Error usage(Text what, Text why, Text fix) {
  return make_error(ErrorKind::usage, std::move(what), std::move(why), std::move(fix));
}

Text meant(const std::string& ours) {
  return bilingual("did you mean {}?", "是不是想写 {}？", ours);
}

Text told_by_help(const std::string& path) {
  return bilingual("{} --help tells what each does", "{} --help 说明各自的用途", path);
}

std::string in_quotes(std::string_view word) {
  return fmt::format("'{}'", one_line(word, 100));
}

Error no_command(const Place& place) {
  const Words names = names_of(commands_of(*place.command));
  const Text why = bilingual("commands: {}", "命令：{}", join(names, ", "));
  if (place.unknown.empty()) {
    return usage(bilingual("{} needs a command", "{} 需要一个命令", place.path), why,
                 with_example(place, {}));
  }
  std::string near = nearest(place.unknown, names);
  if (near.empty() && place.path == "assay") near = ours_for(kOtherCommands, place.unknown);
  return usage(
      bilingual("{} has no command {}", "{} 没有命令 {}", place.path, in_quotes(place.unknown)),
      why,
      near.empty() ? told_by_help(place.path) : meant(fmt::format("'{} {}'", place.path, near)));
}

Error unknown_option(const Place& where, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  const Words options = options_of(*where.command);
  const auto has = [&](std::string_view one) { return std::ranges::count(options, one) > 0; };
  const Text what = bilingual("{} has no option {}", "{} 没有选项 {}", where.path, in_quotes(name));
  const Text why = bilingual("its options: {}", "它的选项：{}", join(options, ", "));
  if (const auto ours = ours_for(kOtherOptions, name); !ours.empty() && has(ours)) {
    return usage(what, why, meant(ours));
  }
  const std::string place = name.starts_with("--") ? place_in_plan(name.substr(2)) : "";
  if (!place.empty() && has("--set")) {
    return usage(what, {"it is a value of the plan", "这是计划里的值"},
                 bilingual("write --set {}=VALUE", "写 --set {}=VALUE", place));
  }
  if (name == "--plan" || name == "--config" || name == "-c") {
    return usage(what, {"the plan stands alone", "计划文件单独写，不用选项"},
                 with_example(where, {"write its file's name", "直接写它的文件名"}));
  }
  const std::string near = nearest(name, options);
  return usage(what, why, near.empty() ? told_by_help(where.path) : meant(near));
}

Error too_many_words(const Place& place, const std::string& word) {
  Words positional;
  for (const CLI::Option* option : place.command->get_options()) {
    if (option->get_positional()) positional.push_back(option->get_name());
  }
  return usage(bilingual("{} has no use for {}", "{} 用不上 {}", place.path, in_quotes(word)),
               positional.empty()
                   ? Text("it takes options alone", "它只接受选项")
                   : bilingual("beside options it takes {}", "选项之外它接受 {}",
                               Text(join(positional, " and "), join(positional, " 和 "))),
               bilingual("put quotes around what belongs together, or see {} --help",
                         "属于一体的请加引号，或见 {} --help", place.path));
}

// The first word that nothing took; options first, since what follows an unknown one is mostly its
// value.
std::optional<Error> unexpected_word(const CLI::App& app, const Place& place) {
  const Words extras = app.remaining(/*recurse=*/true);
  if (extras.empty()) return std::nullopt;
  const auto option = std::ranges::find_if(
      extras, [](const std::string& word) { return word.size() > 1 && word.starts_with('-'); });
  if (option != extras.end()) return unknown_option(place, *option);
  return too_many_words(place, extras.front());
}

// The option that CLI11's words begin with or name last.
const CLI::Option* option_named(const CLI::App& command, std::string_view words) {
  const CLI::Option* found = nullptr;
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    const bool longer = found == nullptr || name.size() > found->get_name().size();
    if (words.find(name) != std::string_view::npos && longer) found = option;
  }
  return found;
}

std::string last_value(const CLI::Option& option) {
  return option.results().empty() ? "" : option.results().back();
}

Text description_of(const CLI::Option& option) {
  const std::string& words = option.get_description();
  if (words.empty()) return {};
  const std::string chinese = help_in_chinese(words);  // "": they are Chinese already
  return bilingual("it means: {}", "含义：{}", Text(words, chinese.empty() ? words : chinese));
}

Error lacks(const Place& place) {
  for (const CLI::Option* option : place.command->get_options()) {
    if (!option->get_required() || option->count() > 0) continue;
    return usage(bilingual("{} lacks {}", "{} 缺少 {}", place.path, option->get_name()),
                 description_of(*option), with_example(place, {}));
  }
  return no_command(place);
}

Error no_value(const Place& place, const CLI::Option& option) {
  const std::string name = option.get_name();
  if (option.get_items_expected_max() <= 1 && option.count() > 1) {
    return usage(bilingual("{} is given {} times", "{} 给了 {} 次", name, option.count()),
                 {"it has one value", "它只有一个值"}, {"keep one of them", "只保留一个"});
  }
  return usage(bilingual("{} has no value", "{} 没有给值", name), description_of(option),
               with_example(place, bilingual("write {} VALUE", "写 {} VALUE", name)));
}

// "3%", "50k": a number with something after it.
bool has_unit(std::string_view text) {
  const std::size_t end = text.find_first_not_of("+-.0123456789");
  return end != 0 && end != std::string_view::npos;
}

Error no_number(const Place& place, const CLI::Option& option) {
  const std::string value = last_value(option);
  const bool whole = option.get_type_name().find("INT") != std::string::npos;
  return usage(
      bilingual("{} {}: that is no {}", "{} {}：这不是{}", option.get_name(), one_line(value, 60),
                whole ? Text("whole number", "整数") : Text("number", "数")),
      description_of(option),
      with_example(place, has_unit(value)
                              ? Text("write the number without a unit", "只写数，不带单位")
                              : Text("write a number", "写一个数")));
}

// CLI11 writes the choices of a list as "x not in {a,b}".
Error no_choice(const Place& place, const CLI::Option& option, std::string_view words) {
  const Text what = bilingual("{} cannot be {}", "{} 不能是 {}", option.get_name(),
                              in_quotes(last_value(option)));
  const std::size_t open = words.find('{');
  const std::size_t close = words.find('}');
  if (open != std::string_view::npos && close != std::string_view::npos && open < close) {
    Words choices = split(words.substr(open + 1, close - open - 1), ',');
    for (std::string& choice : choices) choice = choice.substr(0, choice.find("->"));
    const std::string near = nearest(last_value(option), choices);
    return usage(
        what, bilingual("it is one of: {}", "只能是：{}", join(choices, ", ")),
        near.empty() ? Text("choose one of them", "从中选一个") : meant(fmt::format("'{}'", near)));
  }
  if (words.find("does not exist") != std::string_view::npos) {
    return usage(what, {"there is no such file", "没有这个文件"}, {"check the path", "检查路径"});
  }
  return usage(what, description_of(option),
               with_example(place, {"give another value", "换一个值"}));
}

// "--baseline-from requires --shard"
Error apart_or_together(const Place& place, const CLI::ParseError& error) {
  const Words words = split(error.what(), ' ');
  if (words.size() < 3) return usage(error.what(), {}, with_example(place, {}));
  const std::string& one = words.front();
  const std::string& other = words[2];
  if (words[1] == "requires") {
    const std::string value = place_in_plan(one.substr(std::min(one.size(), std::size_t{2})));
    const Text fix =
        other == "--model" && !value.empty()
            ? bilingual("in a plan it is --set {}=VALUE", "在计划中它是 --set {}=VALUE", value)
            : bilingual("leave {} out", "去掉 {}", one);
    return usage(bilingual("{} is given without {}", "给了 {}，却没有 {}", one, other),
                 {"it means nothing alone", "它单独没有意义"},
                 bilingual("add {}, or {}", "加上 {}，或者{}", other, fix));
  }
  return usage(bilingual("{} and {} are given together", "同时给了 {} 和 {}", one, other),
               {"one of them rules the other out", "两者互相排斥"},
               {"keep one of them", "只保留一个"});
}

}  // namespace

Error command_line_error(const CLI::App& app, const CLI::ParseError& error, const Words& words) {
  const Place place = place_of(app, words);
  if (!place.unknown.empty()) return no_command(place);
  if (auto extra = unexpected_word(app, place)) return *std::move(extra);
  const std::string name = error.get_name();
  if (name == "RequiredError") return lacks(place);
  if (name == "RequiresError" || name == "ExcludesError") return apart_or_together(place, error);
  const CLI::Option* option = option_named(*place.command, error.what());
  if (option != nullptr && name == "ArgumentMismatch") return no_value(place, *option);
  if (option != nullptr && name == "ConversionError") return no_number(place, *option);
  if (option != nullptr && name == "ValidationError") {
    return no_choice(place, *option, error.what());
  }
  return usage(bilingual("{} cannot be read", "无法理解 {}", place.path),
               one_line(error.what(), 300), with_example(place, {}));
}

}  // namespace assay
