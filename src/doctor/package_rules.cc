#include <fmt/format.h>

#include "base/text.h"
#include "doctor/rules.h"

namespace assay {

Findings package_findings(const std::vector<PackageNeed>& needed,
                          const std::map<std::string, std::string>& installed,
                          const std::string& python) {
  Findings out;
  std::vector<std::string> there;
  for (const PackageNeed& need : needed) {
    const auto found = installed.find(need.name);
    if (found != installed.end()) {
      there.push_back(need.name + " " + found->second);
      continue;
    }
    out.push_back(missing(
        "package " + need.name,
        fmt::format("{} is not installed: it is needed for {}", need.name, need.what_for),
        "looked for in " + python, fmt::format("`{} -m pip install {}`", python, need.name)));
  }
  if (!there.empty()) out.insert(out.begin(), ok("packages", join(there, ", ")));
  return out;
}

}  // namespace assay
