#include "report/settings.h"

#include <algorithm>

#include "report/heads.h"
#include "report/sections.h"

namespace assay {
namespace {

bool is_its_name(const VariantValues& variant, const std::string& text) {
  return text == variant.name || text == name_of(variant).en;
}

// Empty: no variant is called so, or nothing differs.
std::string settings_of(const RunReport& report, const std::string& name) {
  const auto found = std::ranges::find_if(
      report.variants, [&](const VariantValues& v) { return is_its_name(v, name); });
  return found == report.variants.end() ? "" : settings_text(found->settings);
}

}  // namespace

std::string settings_in_brackets(const RunReport& report, const std::string& name) {
  const std::string settings = settings_of(report, name);
  return settings.empty() ? "" : " (" + settings + ")";
}

void name_settings(Table& table, const RunReport& report) {
  const auto served_alike = [](const VariantValues& v) { return v.settings.empty(); };
  if (std::ranges::all_of(report.variants, served_alike)) return;
  const std::string variant = heads::variant().en;
  for (std::size_t i = 0; i < table.head.size(); ++i) {
    Text& head = table.head[i];
    if (head.en == variant) {
      table.head.insert(table.head.begin() + static_cast<std::ptrdiff_t>(i) + 1, heads::settings());
      for (auto& row : table.rows) {
        TableCell cell = settings_of(report, row[i].text(Language::en));
        row.insert(row.begin() + static_cast<std::ptrdiff_t>(i) + 1, std::move(cell));
      }
      return;
    }
    const std::string settings = settings_in_brackets(report, head.en);
    head.en += settings;
    head.zh += settings;
  }
}

}  // namespace assay
