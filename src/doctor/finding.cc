#include "doctor/finding.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/terminal.h"

namespace assay {
namespace {

struct LevelWords {
  FindingLevel level;
  std::string_view label;
  std::string_view shown;  // in the text's first column
  std::string_view colour;
};

constexpr LevelWords kLevels[] = {
    {FindingLevel::ok, "ok", "ok", "\033[32m"},
    {FindingLevel::note, "note", "note", "\033[33m"},
    {FindingLevel::not_checked, "not checked", "not checked", "\033[33m"},
    {FindingLevel::missing, "missing", "MISSING", "\033[31m"},
};

const LevelWords& words_of(FindingLevel level) {
  return *std::ranges::find(kLevels, level, &LevelWords::level);
}

long count(const Findings& findings, FindingLevel level) {
  return std::ranges::count(findings, level, &Finding::level);
}

}  // namespace

std::string_view label(FindingLevel level) {
  return words_of(level).label;
}

bool anything_missing(const Findings& findings) {
  return count(findings, FindingLevel::missing) > 0;
}

std::string findings_text(const Findings& findings, bool colour, std::size_t columns) {
  constexpr std::size_t kIndent = 12;  // the first column
  std::string out;
  const auto add = [&](const std::string& line) { out += wrapped(line, columns, kIndent) + "\n"; };
  for (const Finding& f : findings) {
    const LevelWords& level = words_of(f.level);
    std::string shown = fmt::format("{:<12}", level.shown);
    if (colour) shown = fmt::format("{}{}\033[0m", level.colour, shown);
    add(fmt::format("{}{:<22} {}", shown, f.name, f.detail));
    if (!f.why.empty()) add(fmt::format("{:<12}why: {}", "", f.why));
    if (!f.fix.empty()) add(fmt::format("{:<12}do:  {}", "", f.fix));
  }
  return out;
}

std::string findings_json(std::string_view plan, const Findings& findings) {
  Json rows = Json::array();
  for (const Finding& f : findings) {
    std::string level(label(f.level));
    std::ranges::replace(level, ' ', '_');
    rows.push_back(
        {{"level", level}, {"name", f.name}, {"detail", f.detail}, {"why", f.why}, {"fix", f.fix}});
  }
  const Json whole = {{"schema_version", 1},
                      {"plan", plan},
                      {"ready", !anything_missing(findings)},
                      {"missing", count(findings, FindingLevel::missing)},
                      {"not_checked", count(findings, FindingLevel::not_checked)},
                      {"findings", std::move(rows)}};
  return dump_json(whole, 1) + "\n";
}

}  // namespace assay
