#include "values/shard_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/text.h"

namespace assay {
namespace {

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::unexpected<Error> unusable(std::string_view text, const std::string& why) {
  return usage_error(fmt::format("'{}' names no shard", text), why,
                     "write VARIANTS, VARIANTS:TASKS, VARIANTS#REPEATS or VARIANTS:TASKS#REPEATS, "
                     "each with commas between: fp8:math500,aime24#0");
}

// Where names are listed, each stands there once.
Result<std::vector<std::string>> names_in(std::string_view list, std::string_view text) {
  std::vector<std::string> names = split(list, ',');
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (name.empty()) return unusable(text, "a name is missing");
    if (name.find_first_of(":#/") != std::string::npos) {
      return unusable(text, "a shard has the same tasks and repeats of each of its variants");
    }
    if (!seen.insert(name).second) return unusable(text, name + " stands there twice");
  }
  return names;
}

Result<std::vector<int>> repeats_in(std::string_view list, std::string_view text) {
  std::vector<int> repeats;
  for (const std::string& word : TRY(names_in(list, text))) {
    int repeat = 0;
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), repeat);
    if (code != std::errc() || end != word.data() + word.size() || repeat < 0) {
      return unusable(text, fmt::format("'{}' is no repeat: they are counted from 0", word));
    }
    repeats.push_back(repeat);
  }
  return repeats;
}

// What stands behind the first such sign, which is taken off with it.
std::optional<std::string_view> cut_behind(char sign, std::string_view& text) {
  const std::size_t at = text.find(sign);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view behind = text.substr(at + 1);
  text = text.substr(0, at);
  return behind;
}

}  // namespace

bool ShardPart::has_variant(std::string_view name) const {
  return has(variants, name);
}

bool ShardPart::has_task(std::string_view name) const {
  return tasks.empty() || has(tasks, name);
}

bool ShardPart::has_repeat(int repeat) const {
  return repeats.empty() || std::ranges::find(repeats, repeat) != repeats.end();
}

std::string name_of(const ShardPart& part) {
  std::string out = join(part.variants, ",");
  if (!part.tasks.empty()) out += ":" + join(part.tasks, ",");
  if (!part.repeats.empty()) out += fmt::format("#{}", fmt::join(part.repeats, ","));
  return out;
}

Result<ShardPart> shard_part_from(std::string_view text) {
  std::string_view variants = text;
  const auto repeats = cut_behind('#', variants);
  const auto tasks = cut_behind(':', variants);
  ShardPart part{.variants = TRY(names_in(variants, text)), .tasks = {}, .repeats = {}};
  if (tasks) part.tasks = TRY(names_in(*tasks, text));
  if (repeats) part.repeats = TRY(repeats_in(*repeats, text));
  return part;
}

}  // namespace assay
