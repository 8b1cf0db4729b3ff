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
  std::string_view shown_zh;
  std::string_view colour;
};

constexpr LevelWords kLevels[] = {
    {FindingLevel::ok, "ok", "ok", "正常", "\033[32m"},
    {FindingLevel::note, "note", "note", "注意", "\033[33m"},
    {FindingLevel::not_checked, "not checked", "not checked", "未检查", "\033[33m"},
    {FindingLevel::missing, "missing", "MISSING", "缺失", "\033[31m"},
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

std::string findings_text(const Findings& findings, bool colour, std::size_t columns,
                          Language language) {
  constexpr std::size_t kIndent = 12;  // the first column
  constexpr std::size_t kNameCells = 22;
  const std::string blanks(kIndent, ' ');
  std::string out;
  const auto add = [&](const std::string& line) { out += wrapped(line, columns, kIndent) + "\n"; };
  for (const Finding& f : findings) {
    const LevelWords& level = words_of(f.level);
    std::string shown =
        filled_after(language == Language::zh ? level.shown_zh : level.shown, kIndent);
    if (colour) shown = fmt::format("{}{}\033[0m", level.colour, shown);
    add(shown + filled_after(f.name.in(language), kNameCells) + " " + f.detail.in(language));
    if (!f.why.empty()) add(blanks + bilingual("why: {}", "原因：{}", f.why).in(language));
    if (!f.fix.empty()) add(blanks + bilingual("do:  {}", "处理：{}", f.fix).in(language));
  }
  return out;
}

std::string findings_json(std::string_view plan, const Findings& findings) {
  Json rows = Json::array();
  for (const Finding& f : findings) {
    std::string level(label(f.level));
    std::ranges::replace(level, ' ', '_');
    rows.push_back({{"level", level},
                    {"name", f.name.en},
                    {"detail", f.detail.en},
                    {"why", f.why.en},
                    {"fix", f.fix.en}});
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
